"""What stands beside a booking, in words: the same name, the same patient's other bookings, the same mobile.

Where there is little room names give way and never a day or a time. The practice is named where it is
not the booking's own.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Booking, Row
from frontdesk.identity import MORE_LIMIT, MOST_ON_MOBILE, Related, namesakes_among
from frontdesk.words.fitting import fitted, held
from frontdesk.words.summary import SAME_NAME, another_words, apart_words
from frontdesk.words.told import TEXT_START, Part, Role, Told, labelled

ALSO_BOOKED, SAME_MOBILE = "Also booked", "Same mobile"

_GAP = " " * 5
_SHORTER = (20, 12, 8)
"""Cells that a name is cut to, one after the other, where there is no room for it."""
_WITHOUT_MONTH = timedelta(days=27)
"""So far ahead a day of the month is said but once."""


def row_word(row: Row) -> str:
    """Return `same name` or `1 more` for a row of the list; empty where neither applies."""
    if row.same_name:
        return "same name"
    return f"{row.more}{'+' if row.more >= MORE_LIMIT else ''} more" if row.more else ""


def below_list(
    booking: Booking, related: Related, now: datetime, width: int, search: Sequence[Row] = ()
) -> Told:
    """Return the line below the cursor's booking, in `width` cells; empty where nothing stands beside it.

    `search` are the rows of a search in which the booking stands: without anybody of the same name to come, who has it
    there is told of. What has no room is left out from the end.
    """
    namesakes = related.namesakes or namesakes_among(booking, search)
    said = _beside(booking, related, namesakes, now, width - 1)
    parts = [Part(f"{_GAP if place else ' '}{one}", Role.QUIET) for place, one in enumerate(said)]
    if namesakes:
        parts[0] = replace(parts[0], role=Role.WARNING)  # who could be taken for the patient
    return Told(tuple(parts))


def _beside(
    booking: Booking, related: Related, namesakes: Sequence[Booking], now: datetime, width: int
) -> list[str]:
    """Return what there is room for in `width` cells, in the order of what matters most."""
    parts = [
        variants
        for variants in (
            tuple(_same_name(booking, namesakes)),
            tuple(f"{ALSO_BOOKED} {said}" for said in _also(booking, related, now)),
            tuple(f"{SAME_MOBILE}: {said}" for said in _mobile(booking, related, now, with_day=True)),
        )
        if variants
    ]
    while parts:
        least = [cell_len(variants[-1]) + len(_GAP) for variants in parts]
        if sum(least) - len(_GAP) <= width or len(parts) == 1:
            break
        del parts[-1]
    said: list[str] = []
    left = width
    for place, variants in enumerate(parts):
        said.append(_fitting(variants, left - sum(least[place + 1 :])))
        left -= cell_len(said[-1]) + len(_GAP)
    return said


def related_lines(
    booking: Booking, related: Related, now: datetime, width: int = sys.maxsize
) -> tuple[Told, ...]:
    """Return a line each, as far as there is anything: the same name, what else is booked, the same mobile."""
    room = width - TEXT_START
    same_name = namesake_words(booking, related, now)
    said = (
        (ALSO_BOOKED, also_words(booking, related, now, room)),
        (SAME_MOBILE, mobile_words(booking, related, now, room)),
    )
    lines = [labelled(SAME_NAME, same_name, Role.WARNING)] if same_name else []
    return (*lines, *(labelled(label, words) for label, words in said if words))


def namesake_words(booking: Booking, related: Related, now: datetime, room: int = sys.maxsize) -> str:
    """`another Mirela Kovac, born 30 Aug 2007, Thu 26 Nov 10:30 SYD`; empty where nobody has the same name.

    How the other one differs is never left out.
    """
    others = related.namesakes
    said = another_words(booking.patient, [one.patient for one in others])
    if len(others) != 1:
        return said
    (other,) = others
    short = f"another, {apart_words(booking.patient, other.patient)}"
    when = _when(other, booking, now)
    return _fitting((f"{said}, {when}", f"{short}, {when}", said, short), room)


def line_beside(booking: Booking, related: Related, now: datetime, room: int, *, stays: bool) -> Told:
    """Return what else the patient has booked and who shares the mobile, in one line of a window.

    `stays` is as in `also_words`.
    """
    also = also_words(booking, related, now, room, stays=stays)
    if not also:
        mobile = mobile_words(booking, related, now, room)
        return labelled(SAME_MOBILE, mobile) if mobile else Told()
    for room_for_mobile in (room // 2, 0):
        if mobile := mobile_words(booking, related, now, room_for_mobile):
            beside_it = f"{_GAP}{SAME_MOBILE}: {mobile}"
            shorter = also_words(booking, related, now, room - cell_len(beside_it), stays=stays)
            if cell_len(shorter + beside_it) <= room:
                return labelled(ALSO_BOOKED, shorter + beside_it)
    return labelled(ALSO_BOOKED, also)


def also_words(
    booking: Booking, related: Related, now: datetime, room: int = sys.maxsize, *, stays: bool = False
) -> str:
    """`Mon 14 Dec 09:00 Ms Brandt and 2 more`; empty where the patient has nothing else booked.

    With `stays` it is said that they stay booked, for a window that cancels one.
    """
    number = _number_booked(related)
    end = (", stays booked" if number == 1 else ", all stay booked") if stays else ""
    variants = tuple(f"{said}{end}" for said in _also(booking, related, now))
    return _fitting(variants, room) if variants else ""


def mobile_words(booking: Booking, related: Related, now: datetime, room: int = sys.maxsize) -> str:
    """`Ella 11:30, Tom Tue 1 10:00`, the time alone on the booking's own day; empty where nobody is."""
    variants = tuple(_mobile(booking, related, now, with_day=False))
    return _fitting(variants, room) if variants else ""


def _fitting(variants: Sequence[str], room: int) -> str:
    """Return the first that fits, else the last, which is the shortest."""
    return next((one for one in variants if cell_len(one) <= room), variants[-1])


def _same_name(booking: Booking, others: Sequence[Booking]) -> Iterator[str]:
    patient, patients = booking.patient, [one.patient for one in others]
    if patients:
        yield f"{SAME_NAME}: {another_words(patient, patients)}"
        one_or_many = (
            f"another, {apart_words(patient, patients[0])}"
            if len(patients) == 1
            else f"{len(patients)} others"
        )
        yield f"{SAME_NAME}: {one_or_many}"


def _number_booked(related: Related) -> int:
    return len(related.also_booked) + related.more.number


def _also(booking: Booking, related: Related, now: datetime) -> Iterator[str]:
    if not related.also_booked:
        return
    soonest = related.also_booked[0]
    others = _number_booked(related) - 1
    more = f" and {others}{'' if related.more.exact else '+'} more" if others else ""
    when, seen_by = _when(soonest, booking, now), soonest.practitioner.name
    for name in _cut(seen_by):
        yield f"{when} {name}{more}"
    yield f"{when}{more}"


def _mobile(booking: Booking, related: Related, now: datetime, *, with_day: bool) -> Iterator[str]:
    bookings = related.same_mobile
    if len(bookings) >= MOST_ON_MOBILE:
        return  # a number that so many give is no family's
    for shown in range(len(bookings), 0, -1):
        rest = len(bookings) - shown
        more = f" and {rest} more" if rest else ""
        said = [(_first_name(one), _in_short(one, booking, now, with_day)) for one in bookings[:shown]]
        yield ", ".join(f"{held(name)} {when}" for name, when in said) + more
        if shown == 1:
            ((name, when),) = said
            yield from (f"{one} {when}{more}" for one in _cut(name))


def _cut(name: str) -> Iterator[str]:
    """Yield a name whole, and then shorter and shorter."""
    if name:
        yield held(name)
    yield from (fitted(name, cells).rstrip() for cells in _SHORTER if cells < cell_len(name))


def _first_name(booking: Booking) -> str:
    return booking.patient.name.partition(" ")[0]


def _when(one: Booking, booking: Booking, now: datetime) -> str:
    return times.when_in_words(one.starts_at, one.practice.zone, now) + _where(one, booking)


def _in_short(one: Booking, booking: Booking, now: datetime, with_day: bool) -> str:
    """`Mon 30 11:30`, or with the month where the day alone could be another; without a day on the booking's own."""
    local, today = one.starts_at.astimezone(one.practice.zone), now.astimezone(one.practice.zone).date()
    is_same_day = local.date() == times.local_date(booking.starts_at, booking.practice.zone)
    if local.date() - today > _WITHOUT_MONTH:
        return _when(one, booking, now)
    day = f"{times.DAYS[local.weekday()]} {local.day} " if with_day or not is_same_day else ""
    return f"{day}{local:%H:%M}{_where(one, booking)}"


def _where(one: Booking, booking: Booking) -> str:
    return "" if one.practice.id == booking.practice.id else f" {one.practice.short}"
