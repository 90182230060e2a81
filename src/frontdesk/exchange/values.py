"""What the text of a cell means: dates, times, money, yes and no.

Every function raises ValueError with the rest of a sentence about the cell. Only dates
and times are repeated in it: anything else could be about the patient.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from frontdesk import times

Meaning = TypeVar("Meaning")

_YES = frozenset({"yes", "y", "true", "t", "1"})
_NO = frozenset({"no", "n", "false", "f", "0"})
_YEARS = range(1900, 2200)
_SHOWN = 40
_ISO_DATE_LENGTH = 10
_TIME_DIRECTIVES = ("%H", "%I", "%c", "%X")
_WHOLE = re.compile(r"(-?\d+)[.,]0*")
_SHORTENED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+?\d+")
_MONEY = {
    "point": re.compile(r"(?:[A-Z]{0,3} ?[$€£]? ?)?(\d{1,3}(?:[, ']\d{3})+|\d+)(?:\.(\d{1,2})0*)?"),
    "comma": re.compile(r"(?:[A-Z]{0,3} ?[$€£]? ?)?(\d{1,3}(?:[. ']\d{3})+|\d+)(?:,(\d{1,2})0*)?"),
}
_MOST_CENTS = 100_000_000


def whole_number(value: str) -> str:
    """Return `12` for `12.0`, as a spreadsheet writes a number that was a reference."""
    if whole := _WHOLE.fullmatch(value):
        return whole[1]
    if _SHORTENED.fullmatch(value):
        raise ValueError("is a number that a spreadsheet has shortened (E+): export the column as text")
    return value


def cents(value: str, decimal: str) -> int:
    """Read an amount such as `1,234.50`, or `1.234,50` where the decimal sign is the comma."""
    amount = _MONEY[decimal].fullmatch(value)
    if amount is None:
        raise ValueError("is not an amount of money, such as 145.00")
    number = int(re.sub(r"\D", "", amount[1])) * 100 + int((amount[2] or "0").ljust(2, "0"))
    if number > _MOST_CENTS:
        raise ValueError("is more than a million")
    return number


def yes_or_no(value: str) -> bool:
    """Read `yes` or `no`, `true` or `false`, `1` or `0`."""
    word = value.casefold()
    if word not in _YES and word not in _NO:
        raise ValueError("must be yes or no")
    return word in _YES


def minutes(value: str) -> int:
    """Read a duration in whole minutes."""
    if not value.isascii() or not value.isdecimal() or not 0 < int(value) <= 24 * 60:
        raise ValueError("must be a number of minutes, such as 30")
    return int(value)


def day(value: str, formats: Sequence[str]) -> date:
    """Read a date in the first of `formats` that fits, or as ISO 8601 without any."""
    if not formats:
        try:
            iso = date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{_shown(value)} is not a date such as 1981-03-14") from None
        return _sensible(iso)
    for pattern in formats:
        try:
            found = datetime.strptime(value, pattern)  # noqa: DTZ007  only its date is used
        except ValueError:
            continue
        return _sensible(found.date())
    raise ValueError(f"{_shown(value)} is not a date of the form {' or '.join(formats)}")


def day_and_time(value: str, formats: Sequence[str]) -> tuple[datetime, bool]:
    """Read a date and time; whether it held a time. Naive where it held no offset."""
    if not formats:
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{_shown(value)} is not a time such as 2026-11-26 10:30") from None
        return found, len(value) > _ISO_DATE_LENGTH
    for pattern in formats:
        try:
            found = datetime.strptime(value, pattern)  # noqa: DTZ007  local to the practice
        except ValueError:
            continue
        return found, any(directive in pattern for directive in _TIME_DIRECTIVES)
    raise ValueError(f"{_shown(value)} is not a time of the form {' or '.join(formats)}")


def time_of_day(value: str, formats: Sequence[str]) -> time:
    """Read a time of day."""
    if not formats:
        try:
            return time.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            raise ValueError(f"{_shown(value)} is not a time of day such as 10:30") from None
    for pattern in formats:
        try:
            return datetime.strptime(value, pattern).time()  # noqa: DTZ007  a wall clock
        except ValueError:
            continue
    raise ValueError(f"{_shown(value)} is not a time of day of the form {' or '.join(formats)}")


def instant(found: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC; a time without an offset is the practice's own."""
    try:
        return times.from_local(found, zone) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies at the end of time") from None


def _sensible(value: date) -> date:
    if value.year not in _YEARS:
        raise ValueError(f"{value} lies outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    return value


def _shown(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}.."
