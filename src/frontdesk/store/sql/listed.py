"""Bookings as a list shows them: with what followed, who has the same name, and what else is to come.

A list is read with every key. So all of it is one statement, each question goes into the index that was
made for it, and none looks at more than a bounded number of bookings. `identity` says who is the same
patient; here its keys are compared.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from frontdesk.deliveries import OPEN_STATES, State
from frontdesk.identity import MORE_LIMIT
from frontdesk.store import records
from frontdesk.store.sql.coming import coming
from frontdesk.store.sql.selects import BOOKED, BOOKING, DELIVERY
from frontdesk.store.sql.several import among

NAMES_LOOKED_AT = 50
"""Bookings to come of one name that are looked at for somebody else: of a name with more the soonest are."""


# A constant of the program stands in the statement itself: it needs no parameter at every execution.
def _constant(value: int | str) -> ColumnElement[Any]:
    return literal_column(f"'{value}'" if isinstance(value, str) else str(value))


def _is(state: str) -> ColumnElement[bool]:
    return DELIVERY.c.state == _constant(state)


_MOST_URGENT = func.max(
    case(
        (_is(State.ATTENTION), _constant(records.NEEDS_PERSON)),
        (or_(*map(_is, sorted(OPEN_STATES))), _constant(records.UNDER_WAY)),
    )
)
# By the booking alone: the index of states would have every open delivery read for each row.
_FOLLOWUP = select(_MOST_URGENT).where(DELIVERY.c.booking_id == BOOKING.c.id).scalar_subquery()

_OTHER = BOOKING.alias("other")
_AS_OF = bindparam("as_of", type_=BOOKING.c.starts_at.type)
_NOTHING = _constant("")


def _to_come(key: str, is_restricted: bool) -> Select[Any]:
    """Return the others of the same `key` as the row that are to come, as far as the index itself has them."""
    others = coming(
        select(_OTHER.c.patient_key, _OTHER.c.patient_ref_key),
        _OTHER.c,
        key,
        BOOKING.c[key],
        _AS_OF,
    ).where(_OTHER.c.id != BOOKING.c.id, BOOKING.c[key] != _NOTHING)
    return others.where(among(_OTHER.c.practice_id, "mine")) if is_restricted else others


def _is_same(key: str, others: Any) -> ColumnElement[bool]:
    return and_(others.c[key] == BOOKING.c[key], BOOKING.c[key] != _NOTHING)


def _of_the_name(is_restricted: bool) -> ColumnElement[int]:
    """Whether somebody else of the row's name is to come, and how often the patient is, in one number."""
    to_come = _to_come("name_key", is_restricted)
    looked_at = _bounded(to_come, NAMES_LOOKED_AT)
    is_somebody_else = not_(or_(_is_same("patient_key", looked_at), _is_same("patient_ref_key", looked_at)))
    found = select(_constant(1)).select_from(looked_at).where(is_somebody_else)
    somebody = case((_inside(found).exists(), _constant(records.SOMEBODY_ELSE)), else_=_constant(0))
    # Whoever is the same person has the same name: without anybody of the name there is nothing to count.
    return _where_any(to_come, somebody + _counted(_to_come("patient_key", is_restricted)))


def _of_the_reference(is_restricted: bool) -> ColumnElement[int]:
    """How often the patient is to come with a name, birth date or mobile that is not the row's."""
    to_come = _to_come("patient_ref_key", is_restricted).where(
        _OTHER.c.patient_ref_key != _NOTHING, not_(_is_same("patient_key", _OTHER))
    )
    return _where_any(to_come, _counted(to_come))


def _where_any(others: Select[Any], number: ColumnElement[int]) -> ColumnElement[int]:
    """Return `number` where there are others: most rows have none, and to find that out costs least."""
    # Not EXISTS: there PostgreSQL forgets the order, and with it the index.
    first = _inside(others.with_only_columns(_constant(1)).limit(_constant(1)).offset(_constant(0)))
    is_any = first.scalar_subquery().is_not(None)
    return case((and_(not_(BOOKING.c.cancelled), is_any), number), else_=_constant(0))


def _counted(others: Select[Any]) -> ColumnElement[int]:
    # Only what stands in the index itself: else each booking that is counted would be fetched.
    counted = select(func.count()).select_from(_bounded(others.with_only_columns(_OTHER.c.id), MORE_LIMIT))
    return _inside(counted).scalar_subquery()


def _inside(others: Select[Any]) -> Select[Any]:
    """Return a statement about others inside that of the rows, to which all else in it belongs."""
    return others.correlate(BOOKING)


def _bounded(others: Select[Any], limit: int) -> Subquery:
    bounded = others.limit(_constant(limit)).offset(_constant(0))
    return _inside(bounded).subquery("others")


def _listed(*, is_restricted: bool) -> Select[Any]:
    columns: list[Label[Any]] = [
        case((BOOKING.c.has_deliveries, _FOLLOWUP)).label("followup"),
        _of_the_name(is_restricted).label("of_the_name"),
        _of_the_reference(is_restricted).label("of_the_reference"),
    ]
    rows = BOOKED.add_columns(*columns).where(among(BOOKING.c.id, "ids"))
    return rows.where(among(BOOKING.c.practice_id, "mine")) if is_restricted else rows


ALL, RESTRICTED = _listed(is_restricted=False), _listed(is_restricted=True)
"""Rows as `records.listed` reads them, made once: what a desk may see of all practices, or of some."""


def listed(
    ids: Collection[int], as_of: Any, practices: Collection[str] | None
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the statement for these bookings and its parameters, for a desk of some `practices`, None for all.

    What is to come is to come as of `as_of`. Of practices that are not the desk's nothing is learned.
    """
    asked = {"ids": list(ids), "as_of": as_of}
    return (ALL, asked) if practices is None else (RESTRICTED, {**asked, "mine": list(practices)})
