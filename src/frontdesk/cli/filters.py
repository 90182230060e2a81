"""The options that say which bookings: the same for `list` and `export`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar

import click

from frontdesk import days, telephones, times
from frontdesk.bookings import BookingQuery, Direction, Practice, Practitioner, Status
from frontdesk.complaints import nearest
from frontdesk.store.port import BookingStore
from frontdesk.text import fold

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class TypedDay:
    """A day as it was typed at an option: which one it is depends on what day it is."""

    text: str
    option: click.Parameter | None
    context: click.Context | None

    def on(self, today: date) -> date:
        """Return the day that is meant today. Raises a usage error."""
        reading = days.read(self.text, today)
        if reading.day is None:
            raise click.BadParameter(days.complaint(self.text, reading), self.context, self.option)
        return reading.day


class _Day(click.ParamType[TypedDay]):
    """A day as it is typed at *Go to a day*. What is none on any day is refused before a store is opened."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> TypedDay:
        if isinstance(value, TypedDay):
            return value
        if (reading := days.read(value, date(2000, 1, 1))) == days.Reading():
            self.fail(days.complaint(value, reading), param, ctx)
        return TypedDay(value, param, ctx)


DAY = _Day()


@dataclass(frozen=True)
class ChosenFilters:
    """What the options said."""

    status: tuple[str, ...]
    day: TypedDay | None
    first: TypedDay | None
    last: TypedDay | None
    practitioner: tuple[str, ...]
    practice: tuple[str, ...]
    mobile: str
    search: str

    async def query(self, store: BookingStore, home: Practice | None, as_of: datetime) -> BookingQuery:
        """Return the question for the store; today is that of `home`.

        Raises a usage error for a mobile without digits, one that names the nearest practice or practitioner for one that
        does not exist, and for days that contradict each other.
        """
        practices = await store.practices()
        wanted = frozenset(practice_id_of(name, practices) for name in self.practice)
        practitioners: frozenset[int] = frozenset()
        if self.practitioner:
            known = [one for one in await store.practitioners() if not wanted or one.practice_id in wanted]
            practitioners = frozenset().union(*(_practitioner_ids(name, known) for name in self.practitioner))
        first, last = self._days(times.local_date(as_of, home.zone) if home else as_of.date())
        return BookingQuery(
            as_of=as_of,
            text=self.search,
            statuses=frozenset(Status(word.capitalize()) for word in self.status),
            first_day=first,
            last_day=last,
            practitioners=practitioners,
            practices=wanted,
            mobile=self._mobile(),
        )

    def _mobile(self) -> str:
        if self.mobile and not telephones.numbers(self.mobile):
            raise click.UsageError(f"--mobile {self.mobile} is no number: write it like 0491 570 006")
        return self.mobile

    def _days(self, today: date) -> tuple[date | None, date | None]:
        if self.day is not None and (self.first is not None or self.last is not None):
            raise click.UsageError("--day is one day; with --from and --to leave it out")
        ends = (self.first, self.last) if self.day is None else (self.day, self.day)
        first, last = (typed.on(today) if typed else None for typed in ends)
        if first and last and first > last:
            raise click.UsageError(f"--from {first} is after --to {last}")
        return first, last


async def left_out(store: BookingStore, query: BookingQuery) -> str:
    """Return the sentence on what a search leaves out because patients have the name; empty for nothing."""
    if not query.text.strip():
        return ""
    names = (await store.page(query, 1, None, Direction.FORWARD)).beside
    practitioners = {one.name for one in await store.practitioners()} if names else set()
    options = "".join(f' --practitioner "{name}"' for name in names if name in practitioners)
    way_on = f". For these:{options}" if options else ""
    return f"Only patients called {query.text}, not bookings of {', '.join(names)}{way_on}" if names else ""


def filter_options(command: Command) -> Command:
    """Give a click command the filter options; it gets them as `filters`, a ChosenFilters."""

    @wraps(command)
    def collected(*arguments: Any, **options: Any) -> Any:
        names = ("status", "day", "first", "last", "practitioner", "practice", "mobile", "search")
        chosen = {name: options.pop(name) for name in names}
        return command(*arguments, filters=ChosenFilters(**chosen), **options)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected  # type: ignore[return-value]  # click's options go onto the function itself


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--status",
        multiple=True,
        type=click.Choice([one.value.lower() for one in Status], case_sensitive=False),
        help="Only bookings with this status; can be given again.",
    ),
    click.option("--day", type=DAY, help=f"Only this day: {days.EXAMPLES}, 2026-11-26."),
    click.option("--from", "first", type=DAY, help="Not before this day."),
    click.option("--to", "last", type=DAY, help="Not after this day."),
    click.option(
        "--practitioner",
        multiple=True,
        metavar="NAME",
        help="Only with this practitioner; can be given again.",
    ),
    click.option(
        "--practice",
        multiple=True,
        metavar="ID",
        help="Only at this practice: its id, short or full name; can be given again.",
    ),
    click.option(
        "--mobile",
        default="",
        metavar="NUMBER",
        help="Only on this mobile, whoever of a household it is: the whole number, however it is written.",
    ),
    click.option("--search", default="", metavar="TEXT", help="Only what Find would find for TEXT."),
)


def practice_id_of(name: str, practices: Sequence[Practice]) -> str:
    """Return the id of the practice with this id, short or full name; a usage error for none."""
    for practice in practices:
        if name.casefold() in {one.casefold() for one in (practice.id, practice.short, practice.name)}:
            return practice.id
    known = nearest(name, [practice.id for practice in practices])
    raise click.UsageError(f"there is no practice {name}, {known}")


def _practitioner_ids(name: str, practitioners: Sequence[Practitioner]) -> frozenset[int]:
    """One name can be several people, or one person at several practices: all of them.

    A part of a name will do while it means one name only.
    """
    words = fold(name)
    same = frozenset(one.id for one in practitioners if fold(one.name) == words)
    if same:
        return same
    close = [one for one in practitioners if words and set(words) <= set(fold(one.name))]
    names = sorted({one.name for one in close})
    if len(names) > 1:
        raise click.UsageError(f"--practitioner {name} could mean {' or '.join(names)}")
    if not names:
        hint = nearest(name, {one.name for one in practitioners})
        raise click.UsageError(f"there is no practitioner {name}, {hint}")
    return frozenset(one.id for one in close)
