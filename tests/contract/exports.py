"""A PMS that only exports its diary, after every change: as a CSV file, or as a calendar."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from frontdesk.demo.simulator import Diary as SimulatedDiary
from frontdesk.demo.simulator import Entry, EntryStatus
from frontdesk.demo.simulator.records import TimeOff, Window
from frontdesk.pms.diary import Diary
from frontdesk.pms.files.calendars import open_ics
from frontdesk.pms.files.csv_files import open_csv
from frontdesk.pms.files.settings import Export
from frontdesk.pms.port import Account
from tests.contract.pms_accounts import NOW
from tests.unit.calendars import calendar, event, read_here
from tests.unit.exporting import ZONE, Clock, write

MAP = """
[columns]
practice = { default = "adelaide" }
[[cancelled]]
column = "Status"
values = ["cancelled"]
"""
HEADING = "pms_ref,patient_name,pms_patient_ref,practitioner,pms_practitioner_ref,appointment_type,starts_at,ends_at,Status"


@dataclass
class Exporting:
    """Writes an export of what is `kept`, a second after the last one."""

    kept: SimulatedDiary
    folder: Path
    form: Callable[[Sequence[Entry], Sequence[TimeOff]], bytes]
    times_off: list[TimeOff] = field(default_factory=list)
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    written: datetime = NOW - timedelta(hours=1)

    def export(self) -> None:
        """Write it."""
        self.written += timedelta(seconds=1)
        entries, _ = self.kept.entries("smile", Window(), 10_000, 0)
        write(self.folder / "diary", self.form(entries, self.times_off), self.written)


def csv_of(entries: Sequence[Entry], _: Sequence[TimeOff]) -> bytes:
    """A file as it comes out of a PMS."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(HEADING.split(","))
    for one in entries:
        patient, practitioner = (
            (one.patient_name, one.patient_ref),
            (one.practitioner_name, one.practitioner_ref),
        )
        times = one.starts_at.isoformat(), one.ends_at.isoformat()
        rows.writerow((one.ref, *patient, *practitioner, one.appointment_type, *times, one.status))
    return text.getvalue().encode()


def ics_of(entries: Sequence[Entry], times_off: Sequence[TimeOff]) -> bytes:
    """A calendar as it comes out of a PMS: what is cancelled is not in it."""
    booked = [one for one in entries if one.status is not EntryStatus.CANCELLED]
    return calendar(
        *(
            _event(
                one, f"{one.patient_name} [{one.patient_ref}] - {one.appointment_type}", one.practitioner_name
            )
            for one in booked
        ),
        *(_event(one, one.label, "") for one in times_off),
    )


def _event(one: Entry | TimeOff, summary: str, practitioner: str) -> str:
    start, end = (f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for at in (one.starts_at, one.ends_at))
    organizer = f'ORGANIZER;CN="{practitioner}":{one.practitioner_ref}'
    return event(f"DTEND:{end}", organizer, uid=one.ref, start=start, summary=summary)


def opened(kind: str, exporting: Exporting) -> Diary:
    """Return the diary as frontdesk reads it, beside a clock that is moved by who waits."""
    clock, path = exporting.clock, exporting.folder / "diary"
    if kind == "csv":
        export = Export(path, write(exporting.folder / "map.toml", MAP))
        return open_csv(Account("smile", kind, export=export), str, ZONE, clock.now, sleep=clock.sleep)
    export = Export(path, summary=("{patient} [{patient_ref}] - {type}",), practitioner="organizer")
    account = Account("smile", kind, export=export)
    return open_ics(account, str, ZONE, clock.now, sleep=clock.sleep, run=read_here)
