"""Birth dates as they are typed at Find: day before month, as Australia writes it.

Pure functions over strings. `dob` or `born` in front of a date says only what is understood
anyway, except of digits that could be anything else: then they are a date.
"""

import re
from dataclasses import dataclass
from datetime import date

from frontdesk import times

_MONTHS = tuple(times.month_name(number).casefold() for number in range(1, 13))
_SAID = r"(?<!\w)(?:d\.?o\.?b\b\.?|born\b(?:\s+on\b)?|birth\s?date\b|date\s+of\s+birth\b):?\s*"
_NAMED = re.compile(_SAID, re.IGNORECASE)
_AFTER_DOB = re.compile(
    _SAID + r"([0-9]{1,2})[\s/.-]+([0-9]{1,2})[\s/.-]+([0-9]{4}|[0-9]{2})(?!\w)", re.IGNORECASE
)
_SIX_DIGITS_AFTER_DOB = re.compile(_SAID + r"([0-9]{2})([0-9]{2})([0-9]{2})(?!\w)", re.IGNORECASE)
_EIGHT_DIGITS = re.compile(r"(?<!\w)([0-9]{2})([0-9]{2})((?:19|20)[0-9]{2})(?!\w)")
"""A date without anything between its parts, in the years in which patients are born."""
_YEAR_FIRST = re.compile(r"(?<!\w)([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})(?!\w)")
_DAY_FIRST = re.compile(r"(?<!\w)([0-9]{1,2})[/.-]([0-9]{1,2})(?:[/.-]([0-9]{0,4}))?(?!\w)")
_MONTH_NAMED = re.compile(r"(?<!\w)([0-9]{1,2})[\s-]*([a-z]+)(?:[\s-]*([0-9]{1,4}))?(?!\w)", re.IGNORECASE)
_SHORTEST_MONTH = 3
"""Letters of a month from which on nothing else is meant by them: `14 mar 81`, not `14 m 81`."""

Beginnings = tuple[tuple[str, bool], ...]
"""Birth dates as month, day and year in eight digits, or as many of them as are typed, and whether that is all."""


@dataclass(frozen=True, slots=True)
class TypedDate:
    """A birth date in a text: from where to where, and which may be meant.

    One that `is_whole`, with its day, month and year, is nothing else.
    """

    start: int
    end: int
    dates: Beginnings
    is_whole: bool


def find(typed: str) -> TypedDate | None:
    """Return the birth date in what was typed, the first whole one, else the first begun one."""
    begun = None
    for pattern, read in _PATTERNS:
        for found in pattern.finditer(typed):
            dates, is_whole = read(*found.groups(default=""))
            if not dates or not (is_whole or begun is None):
                continue
            one = TypedDate(_start(typed, found.start()), found.end(), dates, is_whole)
            if is_whole:
                return one
            begun = one
    return begun


def _start(typed: str, start: int) -> int:
    """Where a date begins, the word in front that says what it is included."""
    said = [found.start() for found in _NAMED.finditer(typed, 0, start) if found.end() == start]
    return said[0] if said else start


def _read(day: str, month: str, year: str) -> tuple[Beginnings, bool]:
    """Return the birth dates that may be meant, as far as they are typed, and whether that is all of one."""
    if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        return (), False
    stem = f"{int(month):02}{int(day):02}"
    if len(year) in (0, 3):
        return ((stem + year, False),), False
    centuries = [""] if len(year) == 4 else ["19", "20"]
    whole = [c + year for c in centuries if len(year) == 1 or _is_a_day(c + year, month, day)]
    dates = [(stem + one, len(one) == 4) for one in whole]
    if len(year) < 4 and any(century.startswith(year) for century in centuries):
        # Perhaps it is going to be a year of four digits.
        dates.append((stem + year, False))
    return tuple(dates), len(year) > 1


def _is_a_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _read_named(day: str, month: str, year: str) -> tuple[Beginnings, bool]:
    """The same with the month's name, or as much of it as is typed."""
    begun = month.lower()
    months = [
        _read(day, str(number), year) for number, name in enumerate(_MONTHS, 1) if name.startswith(begun)
    ]
    dates = tuple(one for some, _ in months for one in some)
    return dates, len(begun) >= _SHORTEST_MONTH and any(is_whole for _, is_whole in months)


def _read_year_first(year: str, month: str, day: str) -> tuple[Beginnings, bool]:
    return _read(day, month, year)


_PATTERNS = (
    (_AFTER_DOB, _read),
    (_SIX_DIGITS_AFTER_DOB, _read),
    (_EIGHT_DIGITS, _read),
    (_YEAR_FIRST, _read_year_first),
    (_DAY_FIRST, _read),
    (_MONTH_NAMED, _read_named),
)
