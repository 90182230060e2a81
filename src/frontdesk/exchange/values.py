"""What the text of a cell means: dates, times, money, yes and no.

Every function raises ValueError with the rest of a sentence about the cell. Only dates
and times are repeated in it: anything else could be about the patient.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.bookings import Origin, Presence
from frontdesk.formats import Found, UnknownZone, compiled

Meaning = TypeVar("Meaning")

_YES = frozenset({"yes", "y", "true", "t", "1"})
_NO = frozenset({"no", "n", "false", "f", "0"})
_YEARS = range(1900, 2200)
_SHOWN = 40
_ISO = re.compile("(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}(?:-?[0-9])?)([Tt ].+)?")
_WHOLE = re.compile(r"(-?\d+)[.,]0*")
_SHORTENED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+?\d+")
_RUINED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
_WITH_DECIMALS = re.compile(r"\d+[.,]0+")
_HAS_LOST_DIGITS = "is a number that a spreadsheet has shortened (E+): export the column as text"
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
        raise ValueError(_HAS_LOST_DIGITS)
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


def origin(value: str) -> Origin:
    """Read where a booking was cancelled: here, in the PMS, or as a file says."""
    word = Origin(value.casefold())
    if not word.is_known:
        raise ValueError("must be here, pms or file")
    return word


def presence(value: str) -> Presence:
    """Read whether the patient came; of other words it is only known that they say something of it."""
    word = Presence(value.casefold())
    return word if word.is_known else Presence.UNKNOWN


def minutes(value: str) -> int:
    """Read a duration in whole minutes."""
    if not value.isascii() or not value.isdecimal() or not 0 < int(value) <= 24 * 60:
        raise ValueError("must be a number of minutes, such as 30")
    return int(value)


def telephone(value: str) -> str:
    """Return a telephone number as it is written, unless it cannot be one."""
    if _WITH_DECIMALS.fullmatch(value):
        raise ValueError(
            "has the decimals of a spreadsheet: name its column in [file] whole_numbers of a map"
        )
    if not any(char.isdecimal() for char in value):
        raise ValueError("is not a telephone number")
    return reference(value)


def reference(value: str) -> str:
    """Return a reference or a number as it is written, unless a spreadsheet has taken digits from it."""
    if _RUINED.fullmatch(value):
        raise ValueError(_HAS_LOST_DIGITS)
    return value


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A patient's birth date, None where it is not known.

    `is_century_guessed`: its year has two digits that could be of either century, and the later one was taken.
    """

    day: date | None
    is_century_guessed: bool = False


def birth_date(value: str, formats: Sequence[str], latest: date) -> BirthDate:
    """Read a birth date, not after `latest`, in the first of `formats` that fits, or as ISO 8601."""
    if formats:
        found = _first(value, formats, "date", latest)
        born, is_guessed = found.moment.date(), found.is_guessed
    else:
        try:
            born, is_guessed = date.fromisoformat(value), False
        except ValueError:
            raise ValueError(f"{_shown(value)} is not a date such as 1981-03-14") from None
    if born.year not in _YEARS:
        raise ValueError(f"{born} is not in the years {_YEARS.start} to {_YEARS.stop - 1}")
    if born > latest:
        raise ValueError(f"{born} is in the future")
    return BirthDate(born, is_guessed)


def day_and_time(value: str, formats: Sequence[str]) -> tuple[datetime, bool]:
    """Read a date and time; whether it held a time. Naive where it held no time zone."""
    if formats:
        found = _first(value, formats, "time")
        return found.moment, found.has_time
    try:
        # Between the two fromisoformat takes any sign at all, the one of an offset too.
        iso = _ISO.fullmatch(value)
        if iso is None:
            raise ValueError
        return datetime.fromisoformat(value), iso[1] is not None
    except ValueError:
        raise ValueError(f"{_shown(value)} is not a time such as 2026-11-26 10:30") from None


def time_of_day(value: str, formats: Sequence[str]) -> time:
    """Read a time of day, with its time zone where it holds one."""
    if formats:
        return _first(value, formats, "time of day").moment.timetz()
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{_shown(value)} is not a time of day such as 10:30") from None


def instant(found: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC; a time without an offset is one of `zone`."""
    try:
        return times.from_local(found, zone) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise ValueError("is after the last time that can be stored") from None


def _first(value: str, formats: Sequence[str], kind: str, latest: date | None = None) -> Found:
    unknown = ""
    for pattern in formats:
        try:
            found = compiled(pattern).read(value, latest)
        except UnknownZone as zone:
            unknown = str(zone)
            continue
        if found is not None:
            return found
    if unknown:
        raise ValueError(
            f"{_shown(value)} names the time zone {_shown(unknown)}, which is not known here: "
            "UTC, GMT, Z and offsets such as +10:30 are"
        )
    raise ValueError(f"{_shown(value)} is not a {kind} of the form {' or '.join(formats)}")


def _shown(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}.."
