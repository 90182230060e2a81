"""A PMS without an API, for tests: it exports files, and the clock beside it is moved by hand."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from frontdesk.pms.diary import Diary
from frontdesk.pms.files.csv_files import open_csv
from frontdesk.pms.files.settings import Export
from frontdesk.pms.port import Account, Appointment, AppointmentPage

ZONE = "Australia/Adelaide"
EIGHT = datetime(2026, 11, 25, 21, 30, tzinfo=UTC)
"""Eight in the morning of 26 November in Adelaide, where the clocks are 10:30 ahead of UTC."""

HEADING = "pms_ref,patient_name,practitioner,starts_at"
LONG_AGO, LATE = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)


async def nothing() -> None:
    """What happens beside a reader who waits: nothing."""


@dataclass
class Clock:
    """Stands still, but for who sleeps; `meanwhile` happens while somebody does."""

    at: datetime = EIGHT
    slept: list[float] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] = nothing

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.meanwhile()
        self.at += timedelta(seconds=seconds)


def write(file: Path, content: str | bytes, at: datetime = EIGHT) -> Path:
    """Put a file there, written at an instant."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(file, ns=(int(at.timestamp() * 1e9),) * 2)
    return file


def rows(*lines: str, heading: str = HEADING) -> str:
    return "".join(f"{line}\n" for line in (heading, *lines))


def day(number: int, *, first: int = 0, day: int = 26) -> list[str]:
    """So many rows of one day, a quarter of an hour each."""
    return [
        f"P{first + one},Ann Lee {first + one},Dr Rao,2026-11-{day} {8 + one // 4:02}:{one % 4 * 15:02}"
        for one in range(number)
    ]


def csv_diary(
    path: Path,
    clock: Clock | None = None,
    *,
    time_zone: str = ZONE,
    **export: object,
) -> Diary:
    clock = clock or Clock()
    account = Account("dentix", "csv", export=Export(path, **export))  # type: ignore[arg-type]
    return open_csv(account, str, time_zone, clock.now, sleep=clock.sleep)


async def whole(
    diary: Diary, start: datetime = LONG_AGO, end: datetime = LATE, location: str = ""
) -> AppointmentPage:
    """All pages as one: everything, or what is between two instants."""
    page = await diary.appointments(start, end, None, location)
    found: list[Appointment] = [*page.appointments]
    while page.cursor:
        page = await diary.appointments(start, end, page.cursor, location)
        found += page.appointments
    return AppointmentPage(
        tuple(found), total=page.total, spans=page.spans, incomplete=page.incomplete, as_of=page.as_of
    )
