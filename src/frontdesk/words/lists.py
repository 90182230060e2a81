"""The sentences around the list: what is shown, what is found, what is empty."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from frontdesk import times
from frontdesk.bookings import Booking, Count, Presence, Row
from frontdesk.desk import FirstSteps, OpenDesk
from frontdesk.filters import Filters
from frontdesk.listing import Listing
from frontdesk.store.port import Change
from frontdesk.words.bar import no_connection, what_is_wrong
from frontdesk.words.diaries import shown_as
from frontdesk.words.told import Part, Role, Told

NOTICE_WIDTH = 52
"""Cells of a sentence in place of rows, so that it fits the smallest window."""

MARGIN = " " * 6
"""What stands before a sentence in place of rows."""

PRESENCE_WORDS = {
    Presence.ARRIVED: "arrived",
    Presence.ATTENDED: "attended",
    Presence.NO_SHOW: "FTA",
    Presence.UNABLE: "UTA",
}
"""What stands in the place of the status of a booking that is not cancelled."""

EVERYTHING = "All days, all practices, cancelled too"
"""What the list shows without a filter."""


def show_line(
    listing: Listing[Filters, Row],
    desk: OpenDesk,
    clear_keys: str,
    called: str = "",
    *,
    in_list: bool,
    keys_work: bool = True,
    width: int | None = None,
) -> Told:
    """Line 3: the first of what applies of no connection, a filter, what is wrong, and what is shown.

    `clear_keys` are the keys that clear the filters where the focus is, empty where none does. `called`
    says that a search shows patients alone of those who have the name, empty where it shows all. Where the
    list has the keys the line begins with LIST, so that nobody types a name there. What is wrong is said in
    `width` cells.
    """
    if away := no_connection(desk):
        return away
    chip = (Part(" "), Part(" LIST ", Role.KEY)) if in_list else ()
    if filters := listing.filter_words:
        clears = f"   {clear_keys} clears" if clear_keys else ""
        shown = (*chip, Part(f" FILTER {' | '.join(filters)}", Role.TITLE))
        return Told(shown, (Part(f"{_number(listing, desk)}{clears} ", Role.BAR),), Role.BAR)
    indent = "  " if in_list else " " * 6
    if called:
        rests = (Part("Your filter comes back. ", Role.QUIET),) if listing.resting_words else ()
        return Told((*chip, Part(f"{indent}{called}")), rests)
    if resting := listing.resting_words:
        comes_back = f"Your filter ({' | '.join(resting)}) comes back when Find is empty."
        return Told((*chip, Part(f"{indent if in_list else ' '}Searching every day. {comes_back}")))
    room = None if width is None else width - Told(chip).width
    if wrong := what_is_wrong(desk, names_keys=keys_work, width=room):
        return Told((*chip, *wrong.parts), wrong.right)
    right = (Part("letters are commands ", Role.QUIET),) if in_list else ()
    return Told((*chip, Part(f"{indent}{EVERYTHING}", Role.QUIET)), right)


def _number(listing: Listing[Filters, Row], desk: OpenDesk) -> str:
    """How many the filter lets through, of how many there are; of a search, how many it found."""
    total = _total(listing)
    if not total:
        return ""
    return f"{total} found" if listing.text else f"{total} of {desk.state.bookings:,}"


def found(listing: Listing[Filters, Row], desk: OpenDesk, to_come: Count | None) -> str:
    """How many bookings the search at Find has; without a search, how many there are.

    `to_come` counts those among them that are still to come, where that is known.
    """
    total = _total(listing)
    if not listing.text:
        return _bookings(desk.state.bookings)
    if not total or listing.count is None:
        return ""
    if to_come is None or not (to_come.exact and listing.count.exact):
        return f"{total} found"
    over = max(0, int(listing.count.number) - to_come.number)
    parts = (f"{to_come.number:,} to come" * (to_come.number > 0), f"{over:,} past or cancelled" * (over > 0))
    return ", ".join(part for part in parts if part)


def _bookings(number: int) -> str:
    return "1 booking" if number == 1 else f"{number:,} bookings"


def _total(listing: Listing[Filters, Row]) -> str:
    """The count in words; one that was given up is at least what is on screen."""
    if listing.count is None:
        return ""
    shown = len(listing.view.rows)
    return str(replace(listing.count, number=max(shown, listing.count.number)))


def who_changed(change: Change, before: Booking, now_is: Booking, desk: OpenDesk) -> str:
    """What another desk did to a booking in view: `Lee Tran (Desk Two) cancelled Fri 27 Nov 09:30 SYD A. Wilson.`

    What a diary brought its PMS did: `Praktika moved A. Wilson to Fri 27 Nov 09:30.`
    """
    who, done = change.source or change.by, "changed"
    if now_is.cancellation and not before.cancellation:
        done = "cancelled"
    when = times.when_in_words(now_is.starts_at, now_is.practice.zone, desk.now())
    if len(desk.practices) > 1:
        when += f" {now_is.practice.short}"
    if now_is.starts_at != before.starts_at:
        return f"{who} moved {_initial(now_is.patient.name)} to {when}."
    return f"{who} {done} {when} {_initial(now_is.patient.name)}."


def moved_word(booking: Booking, was_at: datetime) -> str:
    """Return `now Fri 27` of a booking that was at another time, `now 11:00` where the day is the same; else nothing."""
    if booking.starts_at == was_at:
        return ""
    zone = booking.practice.zone
    local = booking.starts_at.astimezone(zone)
    if local.date() == times.local_date(was_at, zone):
        return f"now {local:%H:%M}"
    return f"now {times.DAYS[local.weekday()]} {local.day}"


def _initial(name: str) -> str:
    """`A. Wilson`; the row itself has the whole name."""
    first, _, rest = name.partition(" ")
    return f"{first[:1]}. {rest.split(' ')[-1]}" if rest else name


def practitioners(desk: OpenDesk) -> dict[str, frozenset[int]]:
    """Every practitioner's name, with all ids of that name: one person may work at several practices."""
    named: dict[str, frozenset[int]] = {}
    for one in desk.practitioners:
        named[one.name] = named.get(one.name, frozenset()) | {one.id}
    return named


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


def empty_notice(desk: OpenDesk, listing: Listing[Filters, Row], clear_keys: str) -> tuple[str, ...]:
    """What stands in the place of rows when there are none, with the way on; see `show_line`."""
    if listing.query is None:
        return _nothing_read(desk, listing)
    if listing.view.is_given_up:
        return (
            f'      Nobody found yet for "{listing.text}". This search takes long.',
            "      PgDn searches later days, PgUp earlier ones.",
        )
    if listing.text:
        reach = f" among {', '.join(listing.filter_words)}" if listing.filter_words else ""
        return (
            f'      Nobody found for "{listing.text}"{reach}.',
            "      Try fewer letters, the mobile or a birth date.",
            *_not_here_yet(desk),
        )
    if listing.filter_words:
        way_on = f" {clear_keys} shows everything." if clear_keys else ""
        return (f"      None: {', '.join(listing.filter_words)}.{way_on}",)
    if desk.state.bookings:
        return ("      No bookings here. F5 reads the list again.",)
    return (*_first_morning(desk.program.settings.first_steps, has_practices=bool(desk.practices)),)


def _not_here_yet(desk: OpenDesk) -> tuple[str, ...]:
    """Return since when what was booked may be in no list here: the diary that was read longest ago says it."""
    by_id = {one.id: one for one in desk.practices}
    read = [
        (one.read_at, by_id[one.practice_id])
        for one in desk.state.diaries
        if one.read_at and one.practice_id in by_id
    ]
    if not read:
        return ()
    since, practice = min(read, key=lambda one: one[0])
    shown = shown_as(practice, desk.practices, desk.state.diaries)
    booked = times.since_in_words(since, desk.here, desk.now())
    return (f"      Booked since {booked}? Not here yet. F5 reads {shown} now.",)


def _nothing_read(desk: OpenDesk, listing: Listing[Filters, Row]) -> tuple[str, ...]:
    """What was asked for is being read, or why it cannot be read."""
    what = f'Bookings for "{listing.text}"' if listing.text else "The bookings"
    if not listing.unread:
        return (
            f'      Searching for "{listing.text}"...' if listing.text else "      Reading the bookings...",
        )
    lines = textwrap.wrap(listing.unread, NOTICE_WIDTH)
    asks = desk.away_since or desk.shut_out
    return (
        f"      {what} could not be read.",
        *(f"      {line}" for line in lines),
        "",
        "      This desk asks again automatically; F5 asks at once." if asks else "      F5 asks again.",
    )


def _first_morning(steps: FirstSteps, *, has_practices: bool) -> Iterator[str]:
    yield "      No bookings yet. The program works; it has nothing to show."
    yield ""
    if not has_practices:
        yield "      First write your practice into"
        # A path is long, and whoever types it needs all of it.
        yield from (
            f"      {line}" for line in textwrap.wrap(steps.config, NOTICE_WIDTH, break_on_hyphens=False)
        )
        yield ""
    for index, (command_line, purpose) in enumerate(steps.commands):
        lead = "      Bookings come in by   " if index == 0 else " " * 28
        yield f"{lead}{command_line:<26}{purpose}"
    if steps.has_demonstration:
        yield "      Only looking around?  frontdesk demo            made-up practices"
    if has_practices:
        yield ""
    yield "      This is usually done once by the practice manager."
    if not has_practices:
        # Below the rest: where the window is low, this is what can go.
        yield "      The lines of one practice look like this:"
        yield from (f"        {line}" for line in steps.example)
