"""The sentences around the list: what is shown, what is found, who sits here, what is empty."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Booking, Cancellation
from frontdesk.desk import OpenDesk
from frontdesk.listing import Listing
from frontdesk.widgets.line import fitted

LAST_WRITE_SHOWN = timedelta(hours=12)
"""How far back an operator's last saved write is still worth showing at the start."""

SHORTEST_NAME = 6
"""Cells below which a cut name tells nobody apart."""

KEYS_IN_FIND = "Enter menu  Up Down PgDn move  Tab to the list  Esc clear  F1 help  Ctrl+P all"
KEYS_IN_LIST = "LIST c cancel r resched f FTA d details  1 2 3 0 status  t n w a day  Esc find"


def key_line(*, in_list: bool) -> str:
    """The keys that matter most where the focus is."""
    return KEYS_IN_LIST if in_list else KEYS_IN_FIND


def show_line(listing: Listing) -> tuple[str, str, bool]:
    """Line 2: what is shown, in words, and whether it must be seen (a filter is in force)."""
    filters = listing.filter_words
    if filters:
        total = _total(listing)
        right = f"{total} found   Tab 0 clears" if total else "Tab 0 clears"
        return f"FILTER {' | '.join(filters)}", right, True
    resting = listing.resting_words
    if resting:
        return f"filter rests while you search: {' | '.join(resting)}", "", False
    return "Show: everything", "", False


def found(listing: Listing) -> str:
    """How many bookings the search at Find has, and how far it looked."""
    total = _total(listing)
    if not listing.text or not total:
        return ""
    reach = "" if listing.filter_words else ", every day"
    return f"{total} found{reach}"


def _total(listing: Listing) -> str:
    """The count in words; one that was given up is at least what is on screen."""
    if listing.count is None:
        return ""
    shown = len(listing.view.rows)
    return str(replace(listing.count, number=max(shown, listing.count.number)))


def status(desk: OpenDesk, elsewhere: int) -> tuple[str, str]:
    """The last line: who, how many, what is open, what other desks did."""
    state = desk.state
    parts = [str(desk.desk.operator)]
    if len(desk.practices) > 1 and not elsewhere:
        parts.append(f"{len(desk.practices)} practices")
    parts.append(f"{state.bookings:,} bookings" if state.bookings != 1 else "1 booking")
    if state.standing.why_not_writable:
        parts.append("READ ONLY: " + state.standing.why_not_writable)
    right: list[str] = []
    if elsewhere:
        changes = "1 change" if elsewhere == 1 else f"{elsewhere:,} changes"
        right.append(f"{changes} by other desks: F5 shows them")
    if state.under_way and not elsewhere:
        right.append(f"~{state.under_way:,} waiting")
    if state.need_person:
        right.append(f"!{state.need_person:,} need a person")
    if desk.desk.notices and not right:
        right.append(desk.desk.notices[0])
    return " | ".join(parts), "  ".join(right)


@dataclass(frozen=True, slots=True)
class LastWrite:
    """The operator's last write and how far everything that follows from it has got."""

    at: str
    patient: str
    when: str
    facts: str

    @classmethod
    def of(cls, booking: Booking, done: Cancellation, facts: str, now: datetime) -> "LastWrite":
        """Put a cancellation in words."""
        zone = booking.practice.zone
        when = times.when_in_words(booking.starts_at, zone, now)
        return cls(f"{done.at.astimezone(zone):%H:%M}", booking.patient.name, when, facts)

    def in_width(self, width: int) -> str:
        """Return the line in `width` cells: the facts stay whole, the day gives way, then the time, the name."""
        days = (f" {self.when}", f" {self.when.split(' ', 1)[-1]}", "")
        for when in days:
            line = f"Last {self.at} {self.patient}{when}: {self.facts}"
            if cell_len(line) <= width:
                return line
        room = width - cell_len(f"Last {self.at} : {self.facts}")
        if room < SHORTEST_NAME:
            return f"{self.at} {self.facts}"
        return f"Last {self.at} {fitted(self.patient, room).rstrip()}: {self.facts}"


def where_works(desk: OpenDesk, practitioner_ids: Iterable[int]) -> str:
    """The short names of the practices where these practitioners work."""
    short = {practice.id: practice.short for practice in desk.practices}
    wanted = set(practitioner_ids)
    found_at = {
        short.get(practitioner.practice_id, practitioner.practice_id)
        for practitioner in desk.practitioners
        if practitioner.id in wanted
    }
    return " ".join(sorted(found_at))


def empty_notice(desk: OpenDesk, listing: Listing) -> tuple[str, ...]:
    """What stands in the place of rows when there are none, with the way on."""
    if listing.query is None:
        return ("      Reading the bookings...",)
    if listing.view.searched_on or listing.view.searched_back:
        return (
            f'      Nobody found yet for "{listing.text}": this search takes long.',
            "      PgDn looks further on, PgUp further back.",
        )
    if listing.text:
        reach = f" among {', '.join(listing.filter_words)}" if listing.filter_words else ""
        return (
            f'      Nobody found for "{listing.text}"{reach}.',
            "      Try fewer letters, the mobile or a birth date.",
        )
    if listing.filter_words:
        return (f"      None: {', '.join(listing.filter_words)}. Tab 0 shows everything.",)
    if desk.state.bookings:
        return ("      No bookings here. F5 reads the list again.",)
    return _first_morning(desk.desk.settings.first_steps)


def _first_morning(first_steps: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    lines = ["      No bookings yet. The program works; it has nothing to show.", ""]
    for index, (command_line, purpose) in enumerate(first_steps):
        lead = "      Bookings come in by   " if index == 0 else " " * 28
        lines.append(f"{lead}{command_line:<26}{purpose}")
    lines.append("      Only looking around?  frontdesk demo            made-up practices")
    return (*lines, "", "      This is usually done once by the practice manager.")
