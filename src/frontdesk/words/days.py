"""The sentences around a day that is typed: how it was read, and where the list stands then."""

from datetime import date, timedelta

from rich.cells import cell_len

from frontdesk import days, times
from frontdesk.days import Reading
from frontdesk.words.fitting import held

SHORTLY = "That is not a day: write thu, 3/12, 3 feb or +2w."
"""What a narrow window says of what is not a day."""

MEANT_WITHIN = timedelta(days=800)
"""How near a day typed at Find must be: one further away is rather a birth date."""


def echo(text: str, today: date, room: int) -> str:
    """Return how `text` is read while it is typed, in `room` cells: `Thu 3 Dec, in 4 days`."""
    if not text.strip():
        return days.EXAMPLES
    reading = days.read(text, today)
    if reading.day is None:
        return reading.why or "not a day yet"
    said = _in_full(reading.day, today)
    if reading.other is not None:
        other = f"{said}. For {times.day_with_weekday(reading.other, today)}: {_typed(reading.other, today)}"
        return other if cell_len(other) <= room else said
    return said


def no_day(text: str, reading: Reading, room: int) -> str:
    """Return why Enter leads nowhere, in `room` cells."""
    said = days.complaint(text, reading)
    return said if cell_len(said) <= room else SHORTLY


def stands_on(day: date, found: date | None, today: date, *, is_filtered: bool) -> str:
    """Return where the list stands that was to go to `day`; `found` is the day of the booking under the cursor."""
    if found == day:
        return f"{_in_full(day, today)}. Enter again: only that day."
    asked = times.day_with_weekday(day, today)
    nothing = f"Nothing {f'on {asked}' if found and found > day else f'from {asked} on'}."
    if is_filtered:
        nothing = f"Filtered: n{nothing[1:]}"
    return f"{nothing} This is {times.day_with_weekday(found, day)}." if found else nothing


def nobody_called(text: str, day: date, today: date, key: str, room: int) -> tuple[str, ...]:
    """Return what an empty list says of a search for what is a day, in lines of `room` cells.

    `key` is the key that goes there.
    """
    is_word = any(char.isalpha() for char in text)
    nobody = f'{"Nobody is called" if is_word else "Nobody found for"} "{held(text)}".'
    goes = f"{key} goes to {times.day_with_weekday(day, today)}."
    whole = f"{nobody} {goes}"
    return (whole,) if cell_len(whole) <= room else (nobody, goes)


def day_at_find(text: str, today: date) -> date | None:
    """Return the day that somebody means who types `text` at Find, where it is nobody's name."""
    day = days.read(text, today).day
    return day if day is not None and abs(day - today) <= MEANT_WITHIN else None


def _in_full(day: date, today: date) -> str:
    return f"{times.day_with_weekday(day, today)}, {times.days_away(day, today)}"


def _typed(day: date, today: date) -> str:
    """Return the shortest text that is read as `day`."""
    short = f"{day.day}/{day.month}"
    return short if days.read(short, today).day == day else f"{short}/{day.year}"
