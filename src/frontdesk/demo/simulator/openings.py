"""Times at which somebody could still be booked, for the contracts that tell them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.records import EntryStatus, Shift, Window
from frontdesk.demo.simulator.wire import SimulatedAccount

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
    """Return the free half hours of somebody's working hours in a window, 200 at most."""
    taken, _ = diary.entries(
        account.name,
        Window(window[0] - timedelta(days=1), window[1], practitioner_ref, with_cancelled=False),
        limit=10_000,
        offset=0,
    )
    busy = [(one.starts_at, one.ends_at) for one in taken if one.status is not EntryStatus.NO_SHOW]
    off = diary.register.times_off(account.name, *window, practitioner_ref)
    busy += [(one.starts_at, one.ends_at) for one in off]
    found = []
    for start in _steps(account, diary.register.shifts(account.name, practitioner_ref), *window):
        if not any(begins < start + _STEP and start < ends for begins, ends in busy):
            found.append(Opening(start, start + _STEP, practitioner_ref))
        if len(found) == _MOST:
            break
    return found


def _steps(
    account: SimulatedAccount, shifts: Sequence[Shift], start: datetime, end: datetime
) -> Iterator[datetime]:
    at = start
    while at < end:
        local = at.astimezone(account.zone)
        if any(one.weekday == local.isoweekday() and one.starts <= local.time() < one.ends for one in shifts):
            yield at
        at += _STEP
