"""What narrows the list, and how line 3 says so in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from frontdesk import times
from frontdesk.bookings import BookingQuery, Status


@dataclass(frozen=True, slots=True)
class Filters:
    """The operator's filters, without the text at Find.

    A practitioner is filtered by name, because one person may work at several practices:
    `practitioner_ids` are all ids of that name. `mobile` is the number of a household, as it is
    written in one of its bookings.
    """

    status: Status | None = None
    first_day: date | None = None
    last_day: date | None = None
    practitioner: str = ""
    practitioner_ids: frozenset[int] = frozenset()
    practice: str = ""
    mobile: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is filtered."""
        return self == NO_FILTERS

    def on_days(self, first: date | None, last: date | None) -> "Filters":
        """Return these filters for the days from `first` to `last`, both included."""
        return replace(self, first_day=first, last_day=last)

    def moved_by(self, days: int, today: date) -> "Filters":
        """Return these filters one or more days back or on from the day shown, else from today."""
        start = (self.first_day or today) + timedelta(days=days)
        return self.on_days(start, start)

    def with_status(self, status: Status) -> "Filters":
        """Return these filters for one status only."""
        return replace(self, status=status)

    def for_practitioner(self, name: str, ids: frozenset[int]) -> "Filters":
        """Return these filters for one practitioner, by all ids of that name."""
        return replace(self, practitioner=name, practitioner_ids=ids)

    def for_practice(self, practice_id: str) -> "Filters":
        """Return these filters for one practice."""
        return replace(self, practice=practice_id)

    def on_mobile(self, mobile: str) -> "Filters":
        """Return these filters for the bookings of a household, who share a mobile."""
        return replace(self, mobile=mobile)

    def query(self, text: str, as_of: datetime) -> BookingQuery:
        """Return the question to put to the store."""
        return BookingQuery(
            as_of=as_of,
            text=text,
            statuses=frozenset({self.status} if self.status else ()),
            first_day=self.first_day,
            last_day=self.last_day,
            practitioners=self.practitioner_ids,
            practices=frozenset({self.practice} if self.practice else ()),
            mobile=self.mobile,
        )

    def words(self, today: date, short_names: Mapping[str, str]) -> tuple[str, ...]:
        """Return the filters in words, such as `("Upcoming", "Thu 26 Nov", "Dr Lee", "ADL")`."""
        said: list[str] = []
        if self.status:
            said.append(self.status.value)
        if self.first_day and self.last_day:
            said.append(_days(self.first_day, self.last_day, today))
        if self.practitioner:
            said.append(self.practitioner)
        if self.practice:
            said.append(short_names.get(self.practice, self.practice))
        if self.mobile:
            said.append(f"household {self.mobile}")
        return tuple(said)


def _days(first: date, last: date, today: date) -> str:
    shown = times.day_in_words(first, today)
    return shown if first == last else f"{shown} to {times.day_in_words(last, today)}"


NO_FILTERS = Filters()
