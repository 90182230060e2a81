"""The store as a whole: bulk loads, practices, desk tokens, copies, and the audit's proof."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, bindparam, case, insert, select, update

from frontdesk.arrivals import IncomingBooking, Loaded
from frontdesk.audit import Action, Flaws, Head
from frontdesk.billing.periods import Period, credited_in
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import Operator, Practice, Reason, Scope
from frontdesk.commands import Subject
from frontdesk.deliveries import MANUAL_UPDATE, Kind, State, can_be_told
from frontdesk.errors import Refused
from frontdesk.identity import reference_prefix
from frontdesk.store import records
from frontdesk.store.port import DeskToken
from frontdesk.store.sql import accounts, loading, selects, tokens, verifying
from frontdesk.store.sql.admitting import Admissions
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.derived import derived_days
from frontdesk.store.sql.sealing import Deed, head, seal
from frontdesk.store.sql.selects import ACCOUNT, AUDIT, BOOKING, DELIVERY, PRACTICE, TOKEN
from frontdesk.text import clean, clean_fields

_ROWS_AT_ONCE = 1000


class _Undone(Exception):
    """Carries a dry run's answer out of a transaction that is not to be kept."""

    def __init__(self, outcomes: tuple[Loaded, ...]) -> None:
        super().__init__()
        self.outcomes = outcomes


class SqlRegistry:
    """What is done to a SQL store as a whole; see Registry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._admissions = Admissions(database)

    async def load(
        self, batch: Sequence[IncomingBooking], operator: Operator, source: str, *, dry_run: bool = False
    ) -> tuple[Loaded, ...]:
        operator, source = clean_fields(operator), clean(source)

        def work(tx: Connection) -> tuple[Loaded, ...]:
            outcomes = loading.load(tx, self._database, batch, operator, source)
            if dry_run:
                raise _Undone(outcomes)
            return outcomes

        try:
            return await self._database.write(work)
        except _Undone as undone:
            return undone.outcomes

    async def loaded(self) -> None:
        await self._database.write(self._database.look_at_rows)

    async def apply_practices(self, practices: Iterable[Practice], operator: Operator) -> tuple[str, ...]:
        wanted = [clean_fields(practice) for practice in practices]
        for practice in wanted:
            _refuse_unknown_zone(practice.name, practice.time_zone)
        operator = clean_fields(operator)
        return await self._database.write(lambda tx: _apply(tx, self._database, wanted, operator))

    async def billing(self) -> tuple[BillingSettings, ...]:
        known = await self._database.read(accounts.accounts)
        return tuple(one.settings for one in known)

    async def apply_billing(
        self, settings: BillingSettings, operator: Operator, first: Period | None = None
    ) -> tuple[str, ...]:
        settings, operator = clean_fields(settings), clean_fields(operator)
        _refuse_unknown_zone(settings.account, settings.time_zone)
        return await self._database.write(
            lambda tx: _apply_billing(tx, self._database, settings, operator, first)
        )

    async def create_token(
        self,
        name: str,
        scopes: frozenset[Scope],
        practices: frozenset[str] | None,
        operator: Operator,
        expires_at: datetime | None = None,
    ) -> tuple[DeskToken, str]:
        operator, name = clean_fields(operator), clean(name)
        return await self._database.write(
            lambda tx: tokens.create(tx, self._database, name, scopes, practices, operator, expires_at)
        )

    async def admit(self, presented: str) -> DeskToken:
        return await self._admissions.admit(presented)

    async def tokens(self) -> tuple[DeskToken, ...]:
        query = select(TOKEN).order_by(TOKEN.c.created_at, TOKEN.c.id)
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        return tuple(map(tokens.of_row, rows))

    async def revoke_token(self, token_id: str, operator: Operator) -> DeskToken:
        operator = clean_fields(operator)
        return await self._database.write(lambda tx: tokens.revoke(tx, self._database, token_id, operator))

    async def backup(self, target: Path) -> None:
        await self._database.backup(target)

    async def verify(self, on_progress: Callable[[float], None] = lambda _: None) -> Flaws | None:
        return await verifying.verify(self._database, on_progress)

    async def head(self) -> Head:
        def work(tx: Connection) -> Head:
            last = head(tx)
            return Head(self._database.where, last.audit, last.audit_digest, self._database.now(tx))

        return await self._database.read(work)

    async def digests(self, numbers: Collection[int]) -> Mapping[int, str]:
        wanted = sorted(set(numbers))
        found: dict[int, str] = {}
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            some = wanted[start : start + _ROWS_AT_ONCE]
            found |= await self._database.read(partial(_digests, numbers=some))
        return found


def _digests(tx: Connection, numbers: Collection[int]) -> dict[int, str]:
    query = select(AUDIT.c.number, AUDIT.c.digest).where(AUDIT.c.number.in_(numbers))
    return {number: digest for number, digest in tx.execute(query).all()}  # noqa: C416 - rows


def _apply(
    tx: Connection, database: Database, wanted: Iterable[Practice], operator: Operator
) -> tuple[str, ...]:
    # A load makes days by the zones that it has read.
    database.lock_loading(tx)
    there = {row.id: records.practice(row) for row in tx.execute(select(PRACTICE)).all()}
    at = database.now(tx)
    done: list[str] = []
    moved: list[tuple[Practice, Practice]] = []
    for practice in wanted:
        before = there.get(practice.id)
        values = selects.practice_values(practice)
        if before is None:
            tx.execute(insert(PRACTICE).values(**values))
            done.append(f"{practice.name}: new")
        elif before != practice:
            tx.execute(update(PRACTICE).where(PRACTICE.c.id == practice.id).values(**values))
            old = selects.practice_values(before)
            names = ", ".join(name for name, value in values.items() if old[name] != value)
            done.append(f"{practice.name}: {names} changed")
            moved.append((before, practice))
    # In the one order of locks: all bookings by their ids, then all deliveries.
    _move_days(tx, {after.id: after for before, after in moved if before.time_zone != after.time_zone})
    _move_references(
        tx, [after for before, after in moved if reference_prefix(before) != reference_prefix(after)]
    )
    _lock_deliveries(tx, [after.id for before, after in moved if before.pms is not None])
    for before, after in moved:
        _move_deliveries(tx, before, after, at)
    if done:
        detail = {str(number): sentence for number, sentence in enumerate(done, 1)}
        seal(tx, database, Deed(Action.PRACTICE_APPLIED, operator, at, detail=detail))
    return tuple(done)


def _apply_billing(
    tx: Connection,
    database: Database,
    wanted: BillingSettings,
    operator: Operator,
    first: Period | None,
) -> tuple[str, ...]:
    there = {one.settings.account: one for one in accounts.accounts(tx, lock=True)}
    before, at = there.get(wanted.account), database.now(tx)
    values = accounts.settings_values(wanted)
    if before is None:
        first = first or credited_in(at, wanted)
        made = insert(ACCOUNT).values(version=1, first_period=str(first), **values)
        account_id = tx.execute(made.returning(ACCOUNT.c.id)).scalar_one()
        done = f"Billing of {wanted.account}: new, from {first} on"
    else:
        old = accounts.settings_values(before.settings)
        names = ", ".join(name for name, value in values.items() if old[name] != value)
        if not names:
            return ()
        account_id = before.id
        changed = update(ACCOUNT).where(ACCOUNT.c.id == account_id)
        tx.execute(changed.values(version=before.version + 1, **values))
        done = f"Billing of {wanted.account}: {names} changed"
    subject = Subject("account", account_id)
    seal(tx, database, Deed(Action.BILLING_APPLIED, operator, at, subject=subject, detail={"1": done}))
    return (done,)


def _lock_deliveries(tx: Connection, practice_ids: Collection[str]) -> None:
    """Lock what the PMSs of these practices are still to be told."""
    if not practice_ids:
        return
    theirs = select(BOOKING.c.id).where(BOOKING.c.practice_id.in_(practice_ids))
    open_ones = select(DELIVERY.c.id).where(
        DELIVERY.c.state.in_(records.COUNTED_STATES), DELIVERY.c.booking_id.in_(theirs)
    )
    tx.execute(open_ones.order_by(DELIVERY.c.id).with_for_update())


def _move_deliveries(tx: Connection, before: Practice, practice: Practice, at: datetime) -> None:
    """Let what a practice's PMS is still to be told go by its new connection, or by a person."""
    if before.pms is None:
        return
    moving = update(DELIVERY).where(
        DELIVERY.c.state.in_(records.COUNTED_STATES),
        DELIVERY.c.connection == before.pms.connection,
        DELIVERY.c.booking_id.in_(select(BOOKING.c.id).where(BOOKING.c.practice_id == practice.id)),
    )
    if (pms := practice.pms) is not None:
        by_hand = [kind.value for kind in Kind if not can_be_told(pms, kind)]
        tx.execute(moving.where(DELIVERY.c.kind.not_in(by_hand)).values(connection=pms.connection))
        moving = moving.where(DELIVERY.c.kind.in_(by_hand))
    # Nobody carries out anything for a PMS that the practice has left, or that is updated by hand.
    tx.execute(
        moving.values(
            state=State.ATTENTION.value,
            next_at=None,
            error=MANUAL_UPDATE,
            changed_at=at,
            # An attempt that is being made at this moment will not be able to say what it did.
            unproven=DELIVERY.c.unproven + case((DELIVERY.c.lease_until.is_(None), 0), else_=1),
            lease_until=None,
            fence=DELIVERY.c.fence + 1,
        )
    )


def _move_days(tx: Connection, practices: Mapping[str, Practice]) -> None:
    """Set the calendar days of the bookings of practices anew: in another zone they are others."""
    if not practices:
        return
    last = 0
    columns = (
        BOOKING.c.id,
        BOOKING.c.practice_id,
        BOOKING.c.starts_at,
        BOOKING.c.local_date,
        BOOKING.c.practitioner_id,
        BOOKING.c.cancelled,
    )
    query = select(*columns).where(BOOKING.c.practice_id.in_(practices)).order_by(BOOKING.c.id)
    moving = update(BOOKING).where(BOOKING.c.id == bindparam("row_id"))
    moving = moving.values(local_date=bindparam("day"), tags=bindparam("new_tags"))
    while rows := tx.execute(query.where(BOOKING.c.id > last).limit(_ROWS_AT_ONCE).with_for_update()).all():
        last = rows[-1].id
        moved = [
            {
                "row_id": row.id,
                "day": anew["local_date"],
                "new_tags": anew["tags"],
            }
            for row in rows
            if (anew := derived_days(row._asdict(), practices[row.practice_id]))["local_date"]
            != row.local_date
        ]
        if moved:
            tx.execute(moving, moved)


def _move_references(tx: Connection, practices: Sequence[Practice]) -> None:
    """Make the references of practices' patients those of their connection: of another they are others' own."""
    if not practices:
        return
    referring = BOOKING.c.practice_id.in_([one.id for one in practices]), BOOKING.c.patient_pms_ref != ""
    tx.execute(select(BOOKING.c.id).where(*referring).order_by(BOOKING.c.id).with_for_update()).all()
    for practice in practices:
        of_it = update(BOOKING).where(BOOKING.c.practice_id == practice.id, BOOKING.c.patient_pms_ref != "")
        prefix = reference_prefix(practice)
        tx.execute(of_it.values(patient_ref_key=prefix + BOOKING.c.patient_pms_ref if prefix else ""))


def _refuse_unknown_zone(whose: str, time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused(Reason("unknown-zone", f"{whose}: there is no time zone {time_zone!r}")) from None
