"""Months whose drafts have ended get their number: at the first question about billing after it.

Nobody has to run at midnight, and two desks that ask at the same moment close a month once: the
account is locked first. Then come its bookings and requests, so that a cancellation or an approval
that was made before the end, and is being committed, still counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from frontdesk.audit import Action
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Review
from frontdesk.billing.invoices import Entry, Invoice, Line, LineKind, close, credit, draft
from frontdesk.billing.periods import Period, schedule
from frontdesk.commands import Subject
from frontdesk.store import records
from frontdesk.store.port import DISPATCHER
from frontdesk.store.sql import accounts as kept
from frontdesk.store.sql import effects, selects
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.narrowing import at_practices
from frontdesk.store.sql.proving import proof_of_things
from frontdesk.store.sql.sealing import Deed, head, seal
from frontdesk.store.sql.selects import ADJUSTMENT, BOOKED, BOOKING, INVOICE, INVOICE_LINE

IS_NEW = text("booking.patient_is_new")
"""As the index of new patients says it: a database uses it for no other words."""


def is_due(tx: Connection, database: Database) -> bool:
    """Whether a month has ended that has no number yet."""
    now = database.now(tx)
    return any(True for account in kept.accounts(tx) for _ in account.to_close(now))


def close_ended(tx: Connection, database: Database) -> None:
    """Close every month that has ended, each under the next number."""
    accounts = kept.accounts(tx, lock=True)
    now = database.now(tx)
    ended = [(account, period) for account in accounts for period in account.to_close(now)]
    if not ended:
        return
    _lock_entries(tx, ended)
    head(tx, lock=True)
    number = tx.execute(select(func.coalesce(func.max(INVOICE.c.number), 0))).scalar_one()
    deeds = []
    for account, period in ended:
        number += 1
        invoice = close(draft_of(tx, account, period), number)
        kept.keep(tx, account, invoice, now)
        deeds.append(_deed(account, invoice, now))
    seal(tx, database, *deeds)


def _lock_entries(tx: Connection, ended: Iterable[tuple[Account, Period]]) -> None:
    found: set[int] = set()
    for account, period in ended:
        found.update(tx.execute(_in_period(select(BOOKING.c.id), account, period)).scalars())
    ids = sorted(found)
    chunks = [ids[start : start + 500] for start in range(0, len(ids), 500)]
    for some in chunks:
        tx.execute(
            select(BOOKING.c.id).where(BOOKING.c.id.in_(some)).order_by(BOOKING.c.id).with_for_update()
        )
    for some in chunks:
        effects.lock_requests(tx, some)


def _deed(account: Account, invoice: Invoice, now: datetime) -> Deed:
    return Deed(
        Action.INVOICE_CLOSED,
        DISPATCHER,
        now,
        subject=Subject("invoice", invoice.id),
        detail={
            "account": account.settings.account,
            "period": str(invoice.period),
            "lines": str(len(invoice.lines)),
            "total_cents": str(invoice.amount.total),
        },
        proof=proof_of_things(invoice),
    )


def draft_of(tx: Connection, account: Account, period: Period) -> Invoice:
    """Return the invoice of a month that has no number, as it would end."""
    return draft(period, account.settings, entries(tx, account, period), returned(tx, account, period))


def entries(tx: Connection, account: Account, period: Period) -> list[Entry]:
    """Return the new patients' bookings of a month, but for those that another month has charged."""
    rows = tx.execute(_in_period(BOOKED, account, period).order_by(BOOKING.c.starts_at, BOOKING.c.id)).all()
    found = records.bookings(rows)
    ids = [one.id for one in found]
    requests, charged = kept.latest_requests(tx, ids), kept.charges(tx, ids)
    return [Entry(one, requests.get(one.id)) for one in found if one.id not in charged]


def _in_period(query: Select[Any], account: Account, period: Period) -> Select[Any]:
    zone = account.settings.zone
    return query.where(
        IS_NEW,
        BOOKING.c.starts_at >= period.starts_at(zone),
        BOOKING.c.starts_at < period.next.starts_at(zone),
        at_practices(kept.of_account(account.settings.account)),
    )


def returned(tx: Connection, account: Account, period: Period) -> list[Line]:
    """Return the credits that go on the invoice of a month that has no number.

    What was approved before the first of these ends goes on that one, also when it should have been
    on an earlier invoice: a credit is never lost.
    """
    since = None if period == account.next else schedule(period.previous, account.settings).final_at
    until = schedule(period, account.settings).final_at
    given = kept.standing_credits(select(INVOICE_LINE.c.booking_id))
    approved = (
        select(ADJUSTMENT, INVOICE.c.number.label("invoice_number"))
        .join(INVOICE_LINE, INVOICE_LINE.c.booking_id == ADJUSTMENT.c.booking_id)
        .join(INVOICE, INVOICE.c.number == INVOICE_LINE.c.number)
        .where(
            ADJUSTMENT.c.review == Review.APPROVED.value,
            INVOICE_LINE.c.kind == LineKind.CHARGE.value,
            INVOICE.c.account_id == account.id,
            INVOICE.c.void_at.is_(None),
            ADJUSTMENT.c.decided_at >= INVOICE.c.final_at,
            ADJUSTMENT.c.decided_at < until,
            ADJUSTMENT.c.booking_id.not_in(given),
        )
        .order_by(ADJUSTMENT.c.id)
    )
    if since is not None:
        approved = approved.where(ADJUSTMENT.c.decided_at >= since)
    invoices: dict[int, Invoice] = {}
    lines = []
    for row in tx.execute(approved).all():
        if row.invoice_number not in invoices:
            number = kept.KEPT.where(INVOICE.c.number == row.invoice_number)
            invoices[row.invoice_number] = kept.invoice_of(tx, tx.execute(number).one())
        line = credit(selects.adjustment(row), invoices[row.invoice_number])
        if line is not None:
            lines.append(line)
    return lines
