"""How a query of Billing narrows bookings: as far as a database can, and then by the rules themselves."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select

from frontdesk.billing.adjustments import Review
from frontdesk.billing.invoices import LineKind
from frontdesk.billing.outcomes import NOTHING, Outcome
from frontdesk.billing.overview import BillingQuery, BillingRow
from frontdesk.bookings import Position
from frontdesk.store.sql.months import Calendar
from frontdesk.store.sql.selects import ADJUSTMENT, BOOKING, INVOICE_LINE


def beyond(query: Select[Any], position: Position | None, *, forward: bool) -> Select[Any]:
    """Restrict a query to what lies beyond a position, on one side of it."""
    if position is None:
        return query
    at, last = BOOKING.c.starts_at, BOOKING.c.id
    here, since = position.id, position.starts_at
    if forward:
        return query.where(at >= since, or_(at > since, last > here))
    return query.where(at <= since, or_(at < since, last < here))


def at_practices(ids: Sequence[str] | Select[Any]) -> ColumnElement[bool]:
    """Return that a booking is at one of these practices.

    Said so that no database looks them up in the index of all practices' bookings: in that of new
    patients, which is in time order, a page is the next few entries.
    """
    return func.coalesce(BOOKING.c.practice_id, "").in_(ids)


def is_wanted(row: BillingRow, query: BillingQuery) -> bool:
    """Whether a query finds a row: the rules themselves, where the database only left out what cannot be."""
    if query.outcomes and row.outcome not in query.outcomes:
        return False
    if query.number is not None and row.number != query.number:
        return False
    return not query.adjustments or row.adjustment_badge in query.adjustments


def is_narrowed_by_database(query: BillingQuery) -> bool:
    """Whether nothing of a query is left to the rules: the database finds what it finds."""
    return not query.outcomes and not query.adjustments and query.number is None


def may_be_adjusted(query: BillingQuery) -> ColumnElement[bool]:
    """Return what every booking has that these badges can have; others may have it too."""
    if not query.adjustments or NOTHING in query.adjustments:
        return BOOKING.c.id > 0
    return _has_request(sorted(query.adjustments))


def _has_request(reviews: Iterable[str]) -> ColumnElement[bool]:
    return BOOKING.c.id.in_(select(ADJUSTMENT.c.booking_id).where(ADJUSTMENT.c.review.in_(list(reviews))))


def may_become(wanted: Outcome, calendar: Calendar) -> ColumnElement[bool]:
    """Return what every booking of this outcome has; others may have it too."""
    account = calendar.account
    closed_until = account.next.starts_at(account.settings.zone)
    # As in `at_practices`: no database is to look them up in the index of all bookings by this.
    is_cancelled = func.coalesce(BOOKING.c.cancelled, False)
    match wanted:
        case Outcome.CANCELLED:
            return is_cancelled.is_(True)
        case Outcome.UPCOMING:
            return BOOKING.c.starts_at >= closed_until
        case Outcome.CHARGED:
            return _is_charged()
        case Outcome.NO_CHARGE:
            void = [
                and_(BOOKING.c.starts_at >= begins, BOOKING.c.starts_at < ends)
                for period, row in calendar.kept.items()
                if row.void_at is not None
                for begins, ends in (calendar.bounds(period),)
            ]
            left_out = and_(BOOKING.c.starts_at < closed_until, is_cancelled.is_(False), not_(_is_charged()))
            return or_(_has_request([Review.APPROVED.value]), left_out, *void)


def _is_charged() -> ColumnElement[bool]:
    charge = INVOICE_LINE.c.kind == LineKind.CHARGE.value
    return exists().where(INVOICE_LINE.c.booking_id == BOOKING.c.id, charge)
