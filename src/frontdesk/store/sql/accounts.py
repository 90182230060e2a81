"""Billing accounts and final invoices, as the tables keep them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from frontdesk import times
from frontdesk.billing import periods
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Adjustment
from frontdesk.billing.invoices import Invoice, Line, LineKind
from frontdesk.billing.periods import Period, Schedule
from frontdesk.billing.prices import Amount
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import Operator, Practice, Standing
from frontdesk.errors import Conflict, NotFound
from frontdesk.store import records
from frontdesk.store.sql import selects
from frontdesk.store.sql.selects import ACCOUNT, ADJUSTMENT, BOOKING, INVOICE, INVOICE_LINE, PRACTICE
from frontdesk.store.sql.subject_kind import SubjectKind

_AT_ONCE = 500

KEPT = select(INVOICE, ACCOUNT.c.name.label("account")).join(ACCOUNT, ACCOUNT.c.id == INVOICE.c.account_id)
"""Final invoices with the name of their account."""


def settings_values(settings: BillingSettings) -> dict[str, Any]:
    """Return the columns of an account that the config says."""
    return {
        "name": settings.account,
        "time_zone": settings.time_zone,
        "prices": [
            [one.practice_id, one.from_day.isoformat() if one.from_day else None, one.cents]
            for one in settings.prices
        ],
        "tax_percent": str(settings.tax_percent),
        "day_of_month": settings.day_of_month,
        "due_days": settings.due_days,
        "biller": settings.biller,
    }


def settings_of(row: Row[Any]) -> BillingSettings:
    """Return what an account is charged, from its row."""
    return BillingSettings(
        account=row.name,
        time_zone=row.time_zone,
        prices=tuple(
            Price(cents, practice, date.fromisoformat(day) if day else None)
            for practice, day, cents in row.prices
        ),
        tax_percent=Decimal(row.tax_percent),
        day_of_month=row.day_of_month,
        due_days=row.due_days,
        biller=row.biller,
    )


def accounts(tx: Connection, *, lock: bool = False) -> tuple[Account, ...]:
    """Return all accounts, oldest first; with `lock` they are locked until the transaction ends."""
    query = select(ACCOUNT).order_by(ACCOUNT.c.id)
    rows = tx.execute(query.with_for_update() if lock else query).all()
    latest = select(INVOICE.c.account_id, func.max(INVOICE.c.period).label("period"))
    closed = {
        row.account_id: periods.parse(row.period) for row in tx.execute(latest.group_by(INVOICE.c.account_id))
    }
    return tuple(_account(row, closed.get(row.id)) for row in rows)


def visible_accounts(tx: Connection, standing: Standing) -> tuple[Account, ...]:
    """Return the accounts of which this desk may see everything."""
    known = accounts(tx)
    if standing.practices is None:
        return known
    paying = tx.execute(select(PRACTICE.c.account, PRACTICE.c.id).where(PRACTICE.c.account != "")).all()
    partly = {name for name, practice_id in paying if practice_id not in standing.practices}
    mine = {name for name, practice_id in paying if practice_id in standing.practices}
    return tuple(one for one in known if one.settings.account in mine - partly)


def _account(row: Row[Any], closed: Period | None) -> Account:
    return Account(row.id, row.version, settings_of(row), periods.parse(row.first_period), closed)


def days_of(row: Row[Any]) -> Schedule:
    """Return the days of a final invoice, as they were when it was closed."""
    return Schedule(row.issued_at, row.final_at, row.due_on, row.overdue_at)


def line_of(row: Row[Any]) -> Line:
    """Return a line of a final invoice from its row."""
    return Line(
        row.booking_id, LineKind(row.kind), Amount(row.net, row.tax), periods.parse(row.period), False
    )


def invoice_of(tx: Connection, row: Row[Any]) -> Invoice:
    """Return a final invoice, whole, from its row of KEPT."""
    lines = select(INVOICE_LINE).where(INVOICE_LINE.c.number == row.number).order_by(INVOICE_LINE.c.position)
    return Invoice(
        row.account,
        periods.parse(row.period),
        days_of(row),
        tuple(map(line_of, tx.execute(lines))),
        row.number,
        row.paid_at,
        row.void_at,
        row.version,
        _credited(tx, row),
    )


def _credited(tx: Connection, row: Row[Any]) -> int:
    credits_given = standing_credits(select(func.count())).where(
        INVOICE.c.account_id == row.account_id,
        INVOICE_LINE.c.period == row.period,
        INVOICE.c.number != row.number,
    )
    return int(tx.execute(credits_given).scalar_one())


def standing_credits(query: Select[Any]) -> Select[Any]:
    """Restrict a query to credits on invoices that are not void: what a void one returned is owed again."""
    joined = INVOICE_LINE.join(INVOICE, INVOICE.c.number == INVOICE_LINE.c.number)
    wanted = query.select_from(joined)
    return wanted.where(INVOICE_LINE.c.kind == LineKind.CREDIT.value, INVOICE.c.void_at.is_(None))


def latest_requests(tx: Connection, booking_ids: Collection[int]) -> dict[int, Adjustment]:
    """Return the latest request of each of these bookings that has one."""
    found: dict[int, Adjustment] = {}
    for some in _chunks(booking_ids):
        query = select(ADJUSTMENT).where(ADJUSTMENT.c.booking_id.in_(some)).order_by(ADJUSTMENT.c.id)
        found |= {row.booking_id: selects.adjustment(row) for row in tx.execute(query)}
    return found


def charges(tx: Connection, booking_ids: Collection[int]) -> dict[int, Row[Any]]:
    """Return the line that has charged each of these bookings, where one has, void or not."""
    found: dict[int, Row[Any]] = {}
    for some in _chunks(booking_ids):
        query = select(INVOICE_LINE).where(
            INVOICE_LINE.c.booking_id.in_(some), INVOICE_LINE.c.kind == LineKind.CHARGE.value
        )
        found |= {row.booking_id: row for row in tx.execute(query)}
    return found


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    every = list(ids)
    return (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))


class Accounts(SubjectKind):
    """Billing accounts, by their id. Commands close their months; settings come from the config."""

    type = Account
    key = ACCOUNT.c.id

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Account:
        for account in visible_accounts(tx, standing):
            if account.id == thing_id:
                return account
        raise NotFound("There is no such billing account here: look at the list again.")

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Account]:
        return [one for one in accounts(tx) if one.id in ids]

    def kept(self, thing: Account) -> Mapping[str, Any]:
        return {}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        raise TypeError(f"a billing account has no {kind} of its own")

    def practice(self, tx: Connection, thing: Account) -> Practice | None:
        return _one_practice(tx, thing.settings.account)

    def booking_id(self, thing: Account) -> int | None:
        return None

    def save(
        self, tx: Connection, before: Account | None, after: Account, by: Operator, now: datetime
    ) -> Account:
        raise TypeError("accounts come from the config")

    def conflict(self, tx: Connection, thing: Account, now: datetime) -> Conflict:
        return Conflict(
            "The settings of billing were changed meanwhile: look at them again.", thing, None, None
        )


class Payers(Accounts):
    """Accounts beside their bookings, for rules that need to know which months are final.

    A desk may ask for its own booking though the account pays for other practices too. That follows
    from the time, so nothing is locked.
    """

    def lock(self, tx: Connection, ids: Sequence[int]) -> None:
        return

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Account:
        return next(one for one in accounts(tx) if one.id == thing_id)


class Invoices(SubjectKind):
    """Final invoices, by their number."""

    type = Invoice
    key = INVOICE.c.number
    is_made_by_commands = True

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Invoice:
        row = tx.execute(KEPT.where(INVOICE.c.number == thing_id)).one_or_none()
        if row is None or row.account_id not in {one.id for one in visible_accounts(tx, standing)}:
            raise NotFound("There is no such invoice here: look at the list again.")
        return invoice_of(tx, row)

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Invoice]:
        return [invoice_of(tx, row) for row in tx.execute(KEPT.where(INVOICE.c.number.in_(ids))).all()]

    def kept(self, thing: Invoice) -> Mapping[str, Any]:
        days = thing.days
        dates = [*map(times.in_utc, (days.issued_at, days.final_at, days.overdue_at)), str(days.due_on)]
        lines = [
            [line.booking_id, line.kind.value, line.amount.net, line.amount.tax, str(line.period)]
            for line in thing.lines
        ]
        ended = [times.in_utc(thing.paid_at), times.in_utc(thing.void_at)]
        return {"closed": [str(thing.period), dates, lines], "ended": ended}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        return tx.execute(select(INVOICE.c.account_id).where(INVOICE.c.number == thing_id)).scalars().all()

    def practice(self, tx: Connection, thing: Invoice) -> Practice | None:
        return _one_practice(tx, thing.account)

    def booking_id(self, thing: Invoice) -> int | None:
        return None

    def save(
        self, tx: Connection, before: Invoice | None, after: Invoice, by: Operator, now: datetime
    ) -> Invoice:
        values: Mapping[str, Any] = {
            "paid_at": after.paid_at,
            "void_at": after.void_at,
            "version": after.version + 1,
        }
        tx.execute(update(INVOICE).where(INVOICE.c.number == after.number).values(**values))
        return replace(after, version=after.version + 1)

    def conflict(self, tx: Connection, thing: Invoice, now: datetime) -> Conflict:
        return Conflict("The invoice was changed meanwhile: look at it as it is now.", thing, None, None)


def _one_practice(tx: Connection, account: str) -> Practice | None:
    """Return a practice that the account pays for: whoever may see the account works for all of them."""
    row = tx.execute(
        select(PRACTICE).where(PRACTICE.c.account == account).order_by(PRACTICE.c.id).limit(1)
    ).first()
    return None if row is None else records.practice(row)


def keep(tx: Connection, account: Account, ended: Invoice, now: datetime) -> None:
    """Write an invoice that was closed, with its lines."""
    days = ended.days
    tx.execute(
        insert(INVOICE).values(
            number=ended.number,
            version=1,
            account_id=account.id,
            period=str(ended.period),
            issued_at=days.issued_at,
            final_at=days.final_at,
            due_on=days.due_on,
            overdue_at=days.overdue_at,
            net=ended.amount.net,
            tax=ended.amount.tax,
            closed_at=now,
        )
    )
    rows = [
        {
            "number": ended.number,
            "position": position,
            "booking_id": line.booking_id,
            "kind": line.kind.value,
            "period": str(line.period),
            "net": line.amount.net,
            "tax": line.amount.tax,
        }
        for position, line in enumerate(ended.lines, start=1)
    ]
    if rows:
        tx.execute(insert(INVOICE_LINE), rows)


def of_account(account: str) -> Select[Any]:
    """Return the ids of the practices that an account pays for."""
    return select(PRACTICE.c.id).where(PRACTICE.c.account == account)


def account_of_booking(tx: Connection, booking_id: int) -> Sequence[int]:
    """Return the id of the account that pays for a booking, if one does."""
    paying = select(ACCOUNT.c.id).join(PRACTICE, PRACTICE.c.account == ACCOUNT.c.name)
    paying = paying.join(BOOKING, BOOKING.c.practice_id == PRACTICE.c.id).where(BOOKING.c.id == booking_id)
    return tx.execute(paying).scalars().all()
