"""A window of a diary, cut into slices that fit one page each; and when a slice was read completely."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from frontdesk.diary_runs import Slice, Window
from frontdesk.pms.port import Appointment, AppointmentPage

SHORTEST = timedelta(hours=1)
"""A slice is not halved below this: what overflows then is read page by page."""

_FULL = 0.8
"""The part of a page that a slice is expected to fill."""

_EMPTY_DAYS, _UNKNOWN_DAYS = 20, 7
"""So many days without an appointment fill a page: somebody may have booked there; and so many of which nothing is known."""


def cut(
    window: Window, known: Sequence[datetime], page_size: int, zone: ZoneInfo, now: datetime
) -> list[Slice]:
    """Return the slices of a window: today and what is to come first, then the past, the latest first.

    `known` are the starts of the appointments that the mirror has there, in order. Without any, weeks
    are tried.
    """
    most = max(int(page_size * _FULL), 1)
    least = max(most // (_EMPTY_DAYS if known else _UNKNOWN_DAYS), 1)
    made: list[Slice] = []
    start, end, weight = window.starts_at, window.starts_at, 0
    today = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    for following in _days(window, zone):
        of_day = max(_between(known, end, following), least)
        if end > start and (weight + of_day > most or end == today):
            made += _halved(Slice(start, end), known, most)
            start, weight = end, 0
        end, weight = following, weight + of_day
    if end > start:
        made += _halved(Slice(start, end), known, most)
    ahead = [one for one in made if one.ends_at > now]
    return ahead + [one for one in reversed(made) if one.ends_at <= now]


def days(window: Window, known: Sequence[datetime], zone: ZoneInfo) -> list[Slice]:
    """Return a slice for each day of a window."""
    made, start = [], window.starts_at
    for following in _days(window, zone):
        made.append(Slice(start, following, _between(known, start, following)))
        start = following
    return made


def halves(slice_: Slice, known: Sequence[datetime]) -> tuple[Slice, Slice]:
    """Return the two halves of a slice that did not fit a page."""
    middle = slice_.starts_at + (slice_.ends_at - slice_.starts_at) / 2
    middle = middle.replace(second=0, microsecond=0)
    return (
        Slice(slice_.starts_at, middle, _between(known, slice_.starts_at, middle)),
        Slice(middle, slice_.ends_at, _between(known, middle, slice_.ends_at)),
    )


def can_be_halved(slice_: Slice) -> bool:
    """Whether halves of a slice are not too short."""
    return slice_.ends_at - slice_.starts_at >= 2 * SHORTEST


def _halved(slice_: Slice, known: Sequence[datetime], most: int) -> list[Slice]:
    expected = _between(known, slice_.starts_at, slice_.ends_at)
    if expected <= most or not can_be_halved(slice_):
        return [Slice(slice_.starts_at, slice_.ends_at, expected)]
    return [part for half in halves(slice_, known) for part in _halved(half, known, most)]


def _days(window: Window, zone: ZoneInfo) -> list[datetime]:
    """The midnights in a window, and its end."""
    found: list[datetime] = []
    day = window.starts_at.astimezone(zone).date()
    while True:
        day += timedelta(days=1)
        midnight = datetime.combine(day, time(), zone).astimezone(UTC)
        if midnight >= window.ends_at:
            return [*found, window.ends_at]
        found.append(midnight)


def _between(known: Sequence[datetime], start: datetime, end: datetime) -> int:
    return bisect_left(known, end) - bisect_left(known, start)


def why_not_whole(pages: Sequence[AppointmentPage]) -> str:
    """Return why the pages of a slice, read to their end, cannot be the whole of it; nothing where they are.

    Offsets shift when somebody books between two pages: an appointment comes twice then, another not at all.
    """
    found: list[Appointment] = [one for page in pages for one in page.appointments]
    if len({one.ref for one in found}) < len(found):
        return "an appointment came twice"
    totals = {page.total for page in pages} - {None}
    if len(totals) > 1:
        return "its list changed while it was read"
    for total in totals:
        got = len(found) + sum(page.without_time for page in pages)
        if got != total:
            return f"it says that there are {total} appointments and shows {got}"
    return ""
