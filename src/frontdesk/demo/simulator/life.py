"""What happens in simulated diaries by itself: somebody books, moves, cancels, arrives."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle, islice

from frontdesk.demo.seed.patients import patient
from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.records import Entry, EntryStatus, Person, Window
from frontdesk.demo.simulator.wire import SimulatedAccount

_NEXT = 8
"""Of so many appointments to come one is chosen: what happens is to be seen at the top of a list."""
_STEP = timedelta(minutes=15)
_LATEST = timedelta(days=2)
_SOON = timedelta(minutes=30)
_CLOSES = 18
_YOUNGEST = 18
_KINDS = 4


class Life:
    """Things happen one after the other, in turns, in the diaries of those accounts that have one.

    `chance` chooses whom; made-up patients are numbered from there too.
    """

    def __init__(self, diary: Diary, accounts: Sequence[SimulatedAccount], chance: random.Random) -> None:
        self._diary = diary
        self._accounts = accounts
        self._chance = chance
        turns: tuple[Callable[[SimulatedAccount, Entry, datetime], bool], ...] = (
            self._book,
            self._move,
            self._cancel,
            self._arrive,
        )
        self._turns: Iterator[Callable[[SimulatedAccount, Entry, datetime], bool]] = cycle(turns)

    def go_on(self, now: datetime) -> bool:
        """Have the next thing happen; False where nobody's diary has room for it."""
        candidates = [(one, entry) for one in self._accounts for entry in self._to_come(one, now)]
        self._chance.shuffle(candidates)
        with self._diary.transaction():
            return any(
                happens(account, entry, now)
                for happens in islice(self._turns, _KINDS)
                for account, entry in candidates
            )

    def _to_come(self, account: SimulatedAccount, now: datetime) -> list[Entry]:
        wanted = Window(now, now + _LATEST, with_cancelled=False)
        found, _ = self._diary.entries(account.name, wanted, _NEXT, 0)
        return [one for one in found if one.status is EntryStatus.BOOKED]

    def _book(self, account: SimulatedAccount, beside: Entry, now: datetime) -> bool:
        """Book somebody new behind another appointment of the same practitioner."""
        at = self._free(account, beside)
        if at is None:
            return False
        number = self._chance.randrange(1_000_000)
        made = patient(number, number, now.date(), _YOUNGEST, is_new=True, pms_ref=f"9{number:06}")
        first, _, last = made.name.rpartition(" ")
        self._diary.register.put_person(
            account.name, Person(made.pms_ref, first, last, made.birth_date, made.mobile, made.email, True)
        )
        self._diary.book(
            account.name,
            replace(
                beside,
                starts_at=at,
                ends_at=at + (beside.ends_at - beside.starts_at),
                patient_ref=made.pms_ref,
                patient_name=made.name,
                reason="",
                note="",
                series="",
            ),
            now,
        )
        return True

    def _move(self, account: SimulatedAccount, entry: Entry, now: datetime) -> bool:
        at = self._free(account, entry)
        if at is None:
            return False
        times = {"starts_at": at, "ends_at": at + (entry.ends_at - entry.starts_at)}
        if account.gives_new_id:
            self._diary.rebook(account.name, entry, now, **times)
        else:
            self._diary.change(account.name, entry, now, **times)
        return True

    def _cancel(self, account: SimulatedAccount, entry: Entry, now: datetime) -> bool:
        self._diary.change(account.name, entry, now, status=EntryStatus.CANCELLED, reason="Rang: not well")
        return True

    def _arrive(self, account: SimulatedAccount, entry: Entry, now: datetime) -> bool:
        """Have somebody arrive who is early, or on time."""
        if entry.starts_at - now > _SOON:
            return False
        self._diary.change(account.name, entry, now, status=EntryStatus.ARRIVED)
        return True

    def _free(self, account: SimulatedAccount, entry: Entry) -> datetime | None:
        """Return when the practitioner has as much time again on the same day, after an appointment."""
        length = entry.ends_at - entry.starts_at
        end = entry.starts_at.astimezone(account.zone).replace(hour=_CLOSES, minute=0)
        wanted = Window(
            entry.starts_at - length, end, practitioner_ref=entry.practitioner_ref, with_cancelled=False
        )
        busy, _ = self._diary.entries(account.name, wanted, 100, 0)
        at = entry.ends_at
        while at + length <= end:
            if all(one.ends_at <= at or one.starts_at >= at + length for one in busy):
                return at
            at += _STEP
        return None
