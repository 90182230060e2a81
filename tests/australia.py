"""The clocks of Australia by law, not by the zone database: what times are checked against.

Since 2010, when Western Australia had given up its trial, summer time begins at 02:00
standard time on the first Sunday in October and ends at 02:00 standard time on the first
Sunday in April. Lord Howe Island moves by half an hour only, and ends at 02:00 summer time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

_HALF_HOUR, _HOUR = timedelta(minutes=30), timedelta(hours=1)

_EAST, _CENTRE, _WEST = timedelta(hours=10), timedelta(hours=9, minutes=30), timedelta(hours=8)
_BORDER, _LORD_HOWE = timedelta(hours=8, minutes=45), timedelta(hours=10, minutes=30)
_NONE = timedelta(0)

_RULES = {
    "ACT Canberra Currie Hobart Melbourne NSW Sydney Tasmania Victoria": (_EAST, _HOUR),
    "Brisbane Lindeman Queensland": (_EAST, _NONE),
    "Adelaide Broken_Hill South Yancowinna": (_CENTRE, _HOUR),
    "Darwin North": (_CENTRE, _NONE),
    "Eucla": (_BORDER, _NONE),
    "LHI Lord_Howe": (_LORD_HOWE, _HALF_HOUR),
    "Perth West": (_WEST, _NONE),
}
CLOCKS = {f"Australia/{place}": rule for places, rule in _RULES.items() for place in places.split()}
"""Each zone's standard offset from UTC, and what summer time adds."""

YEARS = range(2020, 2038)

A_FEW_ZONES = ("Australia/Adelaide", "Australia/Lord_Howe", "Australia/Eucla")
A_FEW_YEARS = range(2026, 2028)

DEPTHS = [
    *(pytest.param(zone, A_FEW_YEARS, id=zone) for zone in A_FEW_ZONES),
    *(pytest.param(zone, YEARS, id=f"{zone} whole", marks=pytest.mark.full) for zone in sorted(CLOCKS)),
]
"""Parameters `zone_name, years`: a few for the quick suite, everything for the full one."""

QUARTER = timedelta(minutes=15)


def _first_sunday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=6 - first.weekday())


def changes(zone_name: str, year: int) -> tuple[datetime, datetime]:
    """Return the instants when summer time ends and begins in a year; of Adelaide where there is none."""
    standard, saving = CLOCKS[zone_name]
    if not saving:
        return changes("Australia/Adelaide", year)
    until = datetime.combine(_first_sunday(year, 4), datetime.min.time(), UTC) + timedelta(hours=2) - standard
    if saving == _HALF_HOUR:
        until -= saving
    since = (
        datetime.combine(_first_sunday(year, 10), datetime.min.time(), UTC) + timedelta(hours=2) - standard
    )
    return until, since


def offset(zone_name: str, instant: datetime) -> timedelta:
    """Return how far the clocks of a zone are ahead of UTC at an instant."""
    standard, saving = CLOCKS[zone_name]
    until, since = changes(zone_name, (instant + standard).year)
    return standard if until <= instant < since else standard + saving


def wall(zone_name: str, instant: datetime) -> datetime:
    """Return what the clocks on the wall show at an instant, without a zone."""
    return (instant + offset(zone_name, instant)).replace(tzinfo=None)


def around_changes(zone_name: str, years: range) -> Iterator[list[datetime]]:
    """Yield, for every clock change, the instants from 2 h before it to 2 h after it by quarter hours."""
    for year in years:
        for change in changes(zone_name, year):
            yield [change + step * QUARTER for step in range(-8, 9)]


def instants_of(zone_name: str, shown: datetime) -> list[datetime]:
    """Return the instants at which the clocks on the wall show this time: none, one or two."""
    standard, saving = CLOCKS[zone_name]
    possible = sorted({shown.replace(tzinfo=UTC) - standard - extra for extra in (saving, _NONE)})
    return [instant for instant in possible if wall(zone_name, instant) == shown]
