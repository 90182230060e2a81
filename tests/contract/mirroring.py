"""A practice whose diary is read: what it says now, what is gone, and what a run makes of it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Effect, Place
from frontdesk.bookings import Booking, Operator, Practice
from frontdesk.store.sql import mirror
from frontdesk.store.sql.mirror import Judged, Noted
from frontdesk.store.sql.selects import BOOKING_REF, MIRROR
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
from tests.making import KIM, make_patient, make_practice

READER = Operator("frontdesk sync")
PLACE = Place("smile")


class Diary:
    """The diary of the practice `adelaide` at the connection `smile`, as a run would bring it."""

    def __init__(self, store: SqlStore, url: str, place: Place = PLACE) -> None:
        self.store, self.url, self.place = store, url, place
        self._database = store._database
        self._run = 0

    async def open(self, **practice: Any) -> Practice:
        """Put the practice into the store."""
        made = make_practice(location=self.place.location, **practice)
        await self.store.registry.apply_practices([made], KIM)
        return made

    async def now(self) -> datetime:
        return (await self.store.state()).now.replace(microsecond=0)

    async def note(self, *entries: DiaryEntry, at: datetime | None = None) -> Noted:
        """Read these entries, and change nothing yet."""
        self._run += 1
        now = at or (await self.store.state()).now

        def work(tx: Any) -> Noted:
            return mirror.note(tx, self.place, self._run, entries, now)

        return await self._database.write(work)

    async def note_gone(self, ref: str, successor: str = "") -> None:
        now = (await self.store.state()).now
        await self._database.write(
            lambda tx: mirror.note_gone(tx, self.place, self._run, ref, successor, now)
        )

    async def judge(self) -> Judged:
        now = (await self.store.state()).now
        return await self._database.read(lambda tx: mirror.judge(tx, self.place, now))

    async def reconcile(
        self, *held: Effect, is_baseline: bool = False, limit: int = 100, by: Operator = READER
    ) -> dict[Effect, int]:
        """Make all of it true here; return how many rows had which effect."""
        done: dict[Effect, int] = {}
        while True:
            found = await self._database.write(
                lambda tx: mirror.reconcile(
                    tx, self._database, self.place, held, limit, is_baseline=is_baseline, operator=by
                )
            )
            for effect, number in found.done.items():
                done[effect] = done.get(effect, 0) + number
            if not found.more:
                return done

    async def reads(self, *entries: DiaryEntry, **how: Any) -> dict[Effect, int]:
        """Read these entries, and make them true here."""
        await self.note(*entries)
        return await self.reconcile(**how)

    async def missing(self, seen: Collection[str], start: datetime, end: datetime) -> Sequence[str]:
        return await self._database.read(lambda tx: mirror.missing(tx, self.place, seen, start, end))

    async def booking(self, pms_ref: str) -> Booking:
        """Return the booking that an id means now."""
        (row,) = execute(
            self.url,
            BOOKING_REF.select().where(
                BOOKING_REF.c.ref == pms_ref, BOOKING_REF.c.until.is_(None), BOOKING_REF.c.how != "proposed"
            ),
        )
        return await self.store.get(row.booking_id)

    def row(self, ref: str) -> Row[Any]:
        """Return what the mirror has of an id."""
        (row,) = execute(self.url, MIRROR.select().where(MIRROR.c.ref == ref))
        return row

    def chain(self, ref: str) -> list[Row[Any]]:
        """Return which bookings an id has meant, in order."""
        return execute(
            self.url, BOOKING_REF.select().where(BOOKING_REF.c.ref == ref).order_by(BOOKING_REF.c.id)
        )

    async def history(self, booking: Booking) -> list[tuple[str, str]]:
        """Return what was done to a booking, in order: the word of it, and its note."""
        events = reversed(await self.store.history(booking.id))
        return [(event.action, event.detail.get("note", "")) for event in events]


def entry(ref: str, starts_at: datetime, **changes: Any) -> DiaryEntry:
    """Return Amelia Wilson's check-up with Dr Priya Rao, as a diary that has patients' ids tells it."""
    made = DiaryEntry(
        ref,
        AppointmentStatus.BOOKED,
        starts_at,
        make_patient(pms_ref="K1"),
        practitioner_ref="D1",
        practitioner_name="Dr Priya Rao",
        ends_at=starts_at + timedelta(minutes=30),
        appointment_type="Check-up and clean",
        raw_status="Booked",
    )
    return replace(made, **changes)
