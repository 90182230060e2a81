"""The diary of Smile Dental Adelaide in Praktika, and who reads it into the store of a screen test."""

from datetime import timedelta
from typing import cast

from frontdesk.arrivals import AppointmentStatus, Place
from frontdesk.diary_runs import Kind
from frontdesk.diary_schedule import Pace
from frontdesk.pms.port import One, PmsPatient
from frontdesk.store.port import BookingStore
from frontdesk.store.sql.store import SqlStore
from frontdesk.sync.reader import Read, Reader, Wanted
from frontdesk.sync.sources import Source
from tests.made_diary import MadeDiary
from tests.screens.desk_data import ADELAIDE, NOW, PRACTICES, everything

HERE = Place("smile")


def pms_ref(ref: str) -> str:
    """Return the id in the PMS of a booking of the screen tests."""
    return f"8{ref[-4:]}"


class ReadDiary:
    """Has what the list has of the practice, until a test changes it; every read is one of a new reader."""

    def __init__(self, store: BookingStore) -> None:
        self.store = cast("SqlStore", store)
        self.diary = MadeDiary(now=NOW)
        for one in everything():
            if one.practice_id != PRACTICES[0].id:
                continue
            self.diary.put(
                one.pms_ref,
                one.starts_at,
                practitioners=One(one.practitioner_name),
                practitioner_name=one.practitioner_name,
                patient_name=one.patient.name,
                appointment_type=one.appointment_type,
                patient_ref=one.pms_ref,
            )
            patient = one.patient
            self.diary.patients[one.pms_ref] = PmsPatient(
                one.pms_ref, patient.name, patient.birth_date, patient.mobile, patient.email, patient.is_new
            )

    def reader(self) -> Reader:
        """Return who reads the diary."""
        source = Source(HERE, "Praktika", ADELAIDE, lambda: self.diary, "pms.example")

        def fail(error: BaseException) -> None:
            raise error

        return Reader(self.store.diaries, (source,), Pace(), fail, chance=lambda: 0.5)

    async def read(self, kind: Kind = Kind.FULL) -> Read:
        """Read the diary once, now."""
        (read,) = await self.reader().run_once(Wanted(kind))
        return read

    def move(self, ref: str, by: timedelta) -> None:
        """Move a booking in the diary."""
        self.diary.now += timedelta(seconds=1)
        appointment = self.diary.rows[pms_ref(ref)]
        self.diary.put(pms_ref(ref), appointment.starts_at + by)

    def cancel(self, ref: str) -> None:
        """Cancel a booking in the diary."""
        self.diary.now += timedelta(seconds=1)
        self.diary.cancel(pms_ref(ref))

    def book(self, ref: str, days: int, hour: int = 10, **changes: object) -> None:
        """Book something in the diary, so many days from today."""
        self.diary.now += timedelta(seconds=1)
        start = NOW.astimezone(ADELAIDE).replace(hour=hour, minute=0) + timedelta(days=days)
        self.diary.put(ref, start, status=AppointmentStatus.BOOKED, **changes)
