"""How a query of Billing narrows bookings: as far as a database can, and then by the rules themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, exists, not_, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from frontdesk.billing.adjustments import Review
from frontdesk.billing.invoices import LineKind
from frontdesk.billing.outcomes import NOTHING, Outcome
from frontdesk.billing.overview import BillingQuery, BillingRow
from frontdesk.billing.periods import Period
from frontdesk.bookings import Position
from frontdesk.store.sql.months import Calendar
from frontdesk.store.sql.selects import ADJUSTMENT, BOOKING, INVOICE_LINE


class _Aside(FunctionElement[Any]):
    """A column of a booking that a database is to look at, and not to look up.

    In the index of new patients, which is in time order, a page is the next few entries. SQLite would rather
    use the index of all bookings by their practice, or begin at another bound of the start than `within` says.
    PostgreSQL knows better, as long as it can tell how many bookings a column leaves.
    """

    inherit_cache = True

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Aside)
def _as_it_is(column: _Aside, compiler: SQLCompiler, **asked: Any) -> str:
    return compiler.process(column.clauses, **asked)


@compiles(_Aside, "sqlite")
def _in_no_index(column: _Aside, compiler: SQLCompiler, **asked: Any) -> str:
    return f"+{compiler.process(column.clauses, **asked)}"


@dataclass(frozen=True, slots=True)
class Span:
    """From which start on bookings are asked for, and before which one; None is without an end."""

    since: datetime
    until: datetime | None


def span_of(query: BillingQuery, calendar: Calendar, period: Period | None) -> Span:
    """Return when the bookings start that a query can find in an account, in one month or in all."""
    account = calendar.account
    if period is not None:
        return Span(*calendar.bounds(period))
    first = account.next if query.outcomes == {Outcome.UPCOMING} else account.first
    return Span(first.starts_at(account.settings.zone), None)


def starts_in(span: Span) -> ColumnElement[bool]:
    """Return that a booking starts within a span, as one of several things that are asked of it."""
    at = _Aside(BOOKING.c.starts_at)
    return at >= span.since if span.until is None else and_(at >= span.since, at < span.until)


def all_of(spans: Sequence[Span]) -> Span:
    """Return the span from the first start to the last end."""
    ends = [one.until for one in spans if one.until is not None]
    return Span(min(one.since for one in spans), max(ends) if len(ends) == len(spans) else None)


def within(span: Span, position: Position | None, *, forward: bool) -> ColumnElement[bool]:
    """Return that a booking starts within a span, and lies beyond a position, on one side of it.

    There is one bound on each side: of two a database begins to read at the first, however far it is
    from the other.
    """
    at, since, until = BOOKING.c.starts_at, span.since, span.until
    if position is None:
        return and_(at >= since, *([at < until] if until else []))
    here, last = position.starts_at, BOOKING.c.id
    if forward:
        ends = [at < until] if until else []
        return and_(at >= max(since, here), *ends, or_(at > here, last > position.id))
    end = at < until if until and until <= here else at <= here
    return and_(at >= since, end, or_(at < here, last < position.id))


def at_practices(ids: Sequence[str] | Select[Any]) -> ColumnElement[bool]:
    """Return that a booking is at one of these practices."""
    return _Aside(BOOKING.c.practice_id).in_(ids)


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
    is_cancelled = _Aside(BOOKING.c.cancelled)
    match wanted:
        case Outcome.CANCELLED:
            return is_cancelled.is_(True)
        case Outcome.UPCOMING:
            return starts_in(Span(closed_until, None))
        case Outcome.CHARGED:
            return _is_charged()
        case Outcome.NO_CHARGE:
            void = [
                starts_in(Span(*calendar.bounds(period)))
                for period, row in calendar.kept.items()
                if row.void_at is not None
            ]
            is_closed = not_(starts_in(Span(closed_until, None)))
            left_out = and_(is_closed, is_cancelled.is_(False), not_(_is_charged()))
            return or_(_has_request([Review.APPROVED.value]), left_out, *void)


def _is_charged() -> ColumnElement[bool]:
    charge = INVOICE_LINE.c.kind == LineKind.CHARGE.value
    return exists().where(INVOICE_LINE.c.booking_id == BOOKING.c.id, charge)
