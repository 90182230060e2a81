"""The sentences around the list: what is shown, what is found, what is empty."""

from collections.abc import Iterable
from dataclasses import replace

from frontdesk.desk import OpenDesk
from frontdesk.listing import Listing

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
