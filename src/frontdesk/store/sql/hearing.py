"""Which news a desk hears: nothing of what it may not read."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from frontdesk.bookings import Scope, Standing
from frontdesk.store.port import BILLED, Change, as_heard
from frontdesk.store.sql import selects
from frontdesk.store.sql.accounts import visible_accounts
from frontdesk.store.sql.selects import BOOKING, CHANGE, INVOICE


def heard(tx: Connection, standing: Standing, news: Select[Any]) -> tuple[Change, ...]:
    """Return the news that this query finds, as a desk of this standing hears it."""
    return tuple(as_heard(selects.change(row), standing) for row in tx.execute(_narrowed(tx, standing, news)))


def _narrowed(tx: Connection, standing: Standing, news: Select[Any]) -> Select[Any]:
    kind, booking_id = CHANGE.c.subject_kind, CHANGE.c.booking_id
    if Scope.BILL not in standing.scopes:
        news = news.where(kind.not_in(BILLED))
    if standing.practices is None:
        return news
    mine = selects.at_practices(select(BOOKING.c.id), standing.practices)
    may_hear = [booking_id.in_(mine), and_(booking_id.is_(None), kind == "booking")]
    if Scope.BILL in standing.scopes:
        may_hear.append(_of_accounts([one.id for one in visible_accounts(tx, standing)]))
    return news.where(or_(*may_hear))


def _of_accounts(ids: list[int]) -> ColumnElement[bool]:
    kind, subject_id = CHANGE.c.subject_kind, CHANGE.c.subject_id
    invoices = select(INVOICE.c.number).where(INVOICE.c.account_id.in_(ids))
    return or_(
        and_(kind == "account", subject_id.in_(ids)), and_(kind == "invoice", subject_id.in_(invoices))
    )
