"""What `frontdesk doctor` says of an export: what would be read, and what of it cannot be believed.

What is said never has a patient in it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.pms.diary import Diary
from frontdesk.pms.files.diary import ExportDiary
from frontdesk.pms.files.reading import Reading
from frontdesk.pms.port import PmsError
from frontdesk.pms.probe import Assumption, Held, about_hours, about_statuses
from frontdesk.times import day_with_year, distance, local_date, when_in_full

OLD = timedelta(hours=26)
"""An export that is older than a day and a little is one that should have come and did not."""

_SHOWN = 8


async def look(diary: Diary, time_zone: str, now: datetime) -> tuple[Assumption, ...]:
    """Return what was found out about an export, for a practice in `time_zone`. Never raises."""
    by_hand = Assumption(Held.NOT_TRIED, "cancelling there is done by hand: an export is only read")
    if not isinstance(diary, ExportDiary):
        return (by_hand,)
    try:
        reading = await diary.reading()
    except PmsError as error:
        return Assumption(Held.FAILED, str(error)), by_hand
    return *_about(reading, ZoneInfo(time_zone), now), by_hand


def _about(reading: Reading, zone: ZoneInfo, now: datetime) -> Iterator[Assumption]:
    listed = reading.appointments
    written = f"{when_in_full(reading.as_of, zone)} ({distance(reading.as_of, now, zone)})"
    where = (
        f"{reading.name}, written {written}"
        if reading.name
        else f"the calendar at its address, asked {written}"
    )
    yield Assumption(Held.OK, f"{where}: appointments: {len(listed):,}")
    if now - reading.as_of > OLD:
        yield Assumption(Held.FAILED, f"{reading.name} is older than a day: does the PMS still export it?")
    if reading.incomplete:
        said = f"it is incomplete, so nothing counts as missing: {reading.incomplete}"
        yield Assumption(Held.FAILED, said)
    elif reading.spans:
        first, last = min(one.starts_at for one in reading.spans), max(one.ends_at for one in reading.spans)
        days = [day_with_year(local_date(at, zone)) for at in (first, last - timedelta(seconds=1))]
        yield Assumption(
            Held.OK, f"it has everything from {days[0]} to {days[1]}: what is not in it is asked about"
        )
    if reading.blocks:
        said = f"times off: {len(reading.blocks):,}, which are not written as an appointment is"
        yield Assumption(Held.NOT_TRIED, said)
    if listed:
        yield about_hours(listed, zone)
        yield about_statuses(listed)
        yield _names("practitioners", [one.name or one.ref for one in reading.practitioners()])
    if reading.locations:
        yield _names("sites", [one.name for one in reading.locations])


def _names(what: str, names: list[str]) -> Assumption:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return Assumption(Held.NOT_TRIED, f"{what}: {', '.join(names[:_SHOWN])}{more}")
