"""Times at which somebody could still be booked, for the contracts that tell them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.records import EntryStatus, Window
from frontdesk.demo.simulator.wire import SimulatedAccount

_OPENS, _CLOSES = time(9), time(17)
_STEP = timedelta(minutes=30)
_MOST = 200


@dataclass(frozen=True, slots=True)
class Opening:
    """A free time of somebody."""

    start: datetime
    end: datetime
    practitioner_ref: str


def openings(
    diary: Diary, account: SimulatedAccount, practitioner_ref: str, window: tuple[datetime, datetime]
) -> list[Opening]:
    """Return the free half hours of opening hours in a window, 200 at most."""
    taken, _ = diary.entries(
        account.name,
        Window(window[0] - timedelta(days=1), window[1], practitioner_ref, with_cancelled=False),
        limit=10_000,
        offset=0,
    )
    busy = [(one.starts_at, one.ends_at) for one in taken if one.status is not EntryStatus.NO_SHOW]
    found = []
    for start in _steps(account, *window):
        if not any(begins < start + _STEP and start < ends for begins, ends in busy):
            found.append(Opening(start, start + _STEP, practitioner_ref))
        if len(found) == _MOST:
            break
    return found


def _steps(account: SimulatedAccount, start: datetime, end: datetime) -> Iterator[datetime]:
    at = start
    while at < end:
        local = at.astimezone(account.zone)
        if local.weekday() < 5 and _OPENS <= local.time() < _CLOSES:
            yield at
        at += _STEP
