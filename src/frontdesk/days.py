"""Days as people type them: `thu`, `3/12`, `3 feb`, `+2w`, `yesterday`, `last thu`, `2026-12-03`.

The day stands before the month, as Australia writes it. What leaves its month or year open is the
nearest day of that name; what can mean two days is read as one of them, and the other is offered.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from frontdesk import times
from frontdesk.text import clean

EXAMPLES = "thu, 3/12, 3 feb, +2w, yesterday"
"""What a sentence names of what can be typed."""

LONGEST = 40
"""Characters of a text that can be a day."""

YEARS = range(1900, 2200)
"""Years that bookings can be in, as `store/bounds.py` takes them."""

_WEEKDAYS = tuple(times.weekday_name(number).casefold() for number in range(7))
_MONTHS = tuple(times.month_name(number).casefold() for number in range(1, 13))
_SHORTEST_WEEKDAY, _SHORTEST_WORD = 2, 3
"""Letters from which on a weekday, and a month or another word, can be cut off."""

_HALF_A_YEAR = timedelta(184)

_NAMED = {"today": 0, "tomorrow": 1, "yesterday": -1}
_NAMED_WHOLE = {"now": 0, "tmr": 1, "tmrw": 1, "day after tomorrow": 2, "day before yesterday": -2}
_NUMBERS = ("a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DAYS, _WEEKS, _MONTHS_ON, _YEARS_ON = (1, 0), (7, 0), (0, 1), (0, 12)
_UNITS = {
    **dict.fromkeys(("", "d", "day"), _DAYS),
    **dict.fromkeys(("w", "wk", "week"), _WEEKS),
    "fortnight": (14, 0),
    **dict.fromkeys(("m", "mth", "month"), _MONTHS_ON),
    **dict.fromkeys(("y", "yr", "year"), _YEARS_ON),
}
"""What is counted, as its days and months; without a unit it is days."""

_SAME_SIGNS = str.maketrans({"\u2013": "-", "\u2212": "-", ",": " ", **dict.fromkeys("'\u2018\u2019`", "")})
_ORDINAL = "#"
"""What stands for the ending of `3rd`, `14th` and `3.`: a number with it is a day of the month."""
_TIDY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=[0-9])(?:st|nd|rd|th)\b|(?<=[0-9])\.(?![0-9])"), _ORDINAL),
    (re.compile(r"\b(?:on|the|of)\b"), " "),
    (re.compile(r"(?<=[a-z])\."), " "),
    (re.compile(r"(?<=[0-9]) *([/-]) *(?=[0-9])"), r"\1"),
    (re.compile(r"(?<=[a-z0-9#])[/-](?=[a-z])|(?<=[a-z])[/-](?=[0-9])"), " "),
    (re.compile(r"(?<=[0-9#])(?=[a-z])|(?<=[a-z])(?=[0-9])"), " "),
    (re.compile(r"^([+-]) +"), r"\1"),
)
_COUNTED = re.compile(
    rf"(?P<ahead>in |\+)?(?P<minus>-)?(?P<number>[0-9]{{1,6}}|{'|'.join(_NUMBERS)})"
    r"(?: (?P<unit>[a-z]+))?(?P<ago> ago| back)?(?: from now)?"
)
_YEAR, _NAME = "(?P<y>[0-9]{4}|[0-9]{2})", "(?P<name>[a-z]+)"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        "(?P<d>[0-9]{1,2})#",
        "(?P<y>[0-9]{4})[/.-](?P<m>[0-9]{1,2})[/.-](?P<d>[0-9]{1,2})",
        f"(?P<d>[0-9]{{1,2}})(?P<by>[/.-])(?P<m>[0-9]{{1,2}})(?:(?P=by){_YEAR})?#?",
        "(?P<d>[0-9]{2})(?P<m>[0-9]{2})(?P<y>(?:19|2[01])[0-9]{2}|[0-9]{2})",
        "(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
        f"(?P<d>[0-9]{{1,2}})#? {_NAME}(?: {_YEAR})?",
        f"{_NAME} (?P<d>[0-9]{{1,2}})#?(?: {_YEAR})?",
        f"(?P<y>[0-9]{{4}}) {_NAME} (?P<d>[0-9]{{1,2}})#?",
    )
)
_FIRST_DAYS = tuple(
    re.compile(pattern)
    for pattern in (
        "(?P<d>[0-9]{1,2})",
        f"{_NAME}(?: (?P<y>[0-9]{{4}}))?",
        "(?P<m>[0-9]{1,2})[/.-](?P<y>[0-9]{4})",
    )
)
"""What is a date without a weekday only: behind one, a number is an hour. Without its day it is the month's first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says, as a day; `other` is what it could mean as well.

    Without a day `why` says in a sentence what is wrong with it, such as `There is no 31 Nov.`; it is
    empty where the text is no day at all, or only begins as one.
    """

    day: date | None = None
    other: date | None = None
    why: str = ""


class _NoDay(ValueError):
    """What was typed is written like a day and is none, for a reason that is a sentence."""


def read(text: str, today: date, ahead: bool = False) -> Reading:
    """Return the day that `text` means on `today`, whatever is typed; it raises nothing.

    With `ahead` a day before `today` is refused, and a day of the month is the next one.
    """
    typed = _tidied(text)
    try:
        found = _found(typed, today, ahead) if typed else None
    except OverflowError:
        found = Reading(date.max)
    except _NoDay as no_day:
        return Reading(why=str(no_day))
    if found is None or found.day is None:
        return Reading()
    if found.day.year not in YEARS:
        return Reading(why=f"Days from {YEARS[0]} to {YEARS[-1]} can be shown.")
    if ahead and found.day < today:
        return Reading(why=f"{times.day_with_weekday(found.day, today)} is past.")
    return found


def complaint(text: str, reading: Reading) -> str:
    """Return in a sentence why `text` is not a day, from how it was read."""
    shown = clean(text)[:LONGEST]
    return reading.why or f'"{shown}" is not a day: write it like {EXAMPLES}.'


def _tidied(text: str) -> str:
    """Return a text in small letters, with one space between words and numbers; empty for what is too long."""
    if len(text) > LONGEST:
        return ""
    typed = unicodedata.normalize("NFKC", text).casefold().translate(_SAME_SIGNS).strip()
    for pattern, replacement in _TIDY:
        typed = pattern.sub(replacement, typed)
    return " ".join(typed.split())


def _found(typed: str, today: date, ahead: bool) -> Reading | None:
    words = typed.split()
    weekdays = [(place, one) for place, word in enumerate(words) if (one := _weekday(word)) is not None]
    if not weekdays:
        day = _named(typed, today) or _counted(typed, today) or _dated(typed, today, ahead)
        return Reading(day) if day else None
    (place, weekday), *more = weekdays
    rest = " ".join(words[:place] + words[place + 1 :])
    return None if more else _on_weekday(weekday, rest, today, ahead)


def _weekday(word: str) -> int | None:
    return 2 if word == "weds" else _begun(word, _WEEKDAYS, _SHORTEST_WEEKDAY)


def _begun(word: str, names: Iterable[str], shortest: int) -> int | None:
    """Return the place of the name that `word` is, or the beginning of."""
    meant = (place for place, name in enumerate(names) if len(word) >= shortest and name.startswith(word))
    return next(meant, None)


def _on_weekday(weekday: int, rest: str, today: date, ahead: bool) -> Reading | None:
    """Read what is said beside a weekday. A week begins on Monday."""
    coming = today + timedelta((weekday - today.weekday()) % 7)
    this_week = today + timedelta(weekday - today.weekday())
    week = timedelta(7)
    if rest == "next":
        # That of the next week, as most say it; some mean the next one there is.
        after = this_week + week
        return Reading(after, coming if today < coming < after else after + week)
    if rest in ("last", "previous"):
        before = coming - week
        return Reading(before, this_week - week if this_week - week != before else None)
    said = {
        "": coming,
        "this": coming,
        "coming": coming,
        "week": coming + week,
        "fortnight": coming + 2 * week,
        "next week": this_week + week,
        "this week": this_week,
        "last week": this_week - week,
    }
    day = said.get(rest) or _dated(rest, today, ahead, weekday)
    return Reading(day) if day else None


def _named(typed: str, today: date) -> date | None:
    if typed in _NAMED_WHOLE:
        return today + timedelta(_NAMED_WHOLE[typed])
    if (place := _begun(typed, _NAMED, _SHORTEST_WORD)) is not None:
        return today + timedelta(tuple(_NAMED.values())[place])
    which, _, unit = typed.partition(" ")
    step = {"last": -1, "previous": -1, "this": 0, "next": 1}.get(which)
    if step is None:
        return None
    begins: dict[str, Callable[[], date]] = {
        "week": lambda: today + timedelta(7 * step - today.weekday()),
        "month": lambda: _months_on(today.replace(day=1), step),
        "year": lambda: _months_on(date(today.year, 1, 1), 12 * step),
    }
    return begins[unit]() if unit in begins else None


def _counted(typed: str, today: date) -> date | None:
    """Read `+10`, `-3d`, `2w`, `in 6 months`, `a fortnight ago`."""
    found = _COUNTED.fullmatch(typed)
    if found is None or (found["minus"] and (found["ahead"] or found["ago"])):
        return None
    unit = found["unit"] or ""
    size = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if size is None or not (unit or found["ahead"] == "+" or found["minus"]):
        return None
    said = found["number"]
    number = int(said) if said.isdecimal() else max(1, _NUMBERS.index(said) - 1)
    days, months = (number * part * (-1 if found["minus"] or found["ago"] else 1) for part in size)
    return _months_on(today, months) + timedelta(days)


def _months_on(day: date, months: int) -> date:
    """Return the same day of another month, or the last one where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _dated(typed: str, today: date, ahead: bool, weekday: int | None = None) -> date | None:
    """Read a date, on `weekday` where one is said. Raises _NoDay."""
    for pattern in _DATES if weekday is not None else (*_DATES, *_FIRST_DAYS):
        if found := pattern.fullmatch(typed):
            parts = {name: part or "" for name, part in found.groupdict().items()}
            day, month, year = parts.get("d") or "1", parts.get("m", ""), parts.get("y", "")
            if name := parts.get("name"):
                place = _begun(name, _MONTHS, _SHORTEST_WORD)
                if place is None:
                    return None
                month = str(place + 1)
            return _date(int(day), int(month) if month else None, year, today, ahead, weekday)
    return None


def _date(day: int, month: int | None, year: str, today: date, ahead: bool, weekday: int | None) -> date:
    """Return the date that is named, the nearest one where that leaves something open. Raises _NoDay."""
    if month is not None and not 1 <= month <= 12:
        raise _NoDay(f"There is no month {month}.")
    if not 1 <= day <= 31:
        raise _NoDay(f"There is no day {day}.")
    if month is None:
        months = (_months_on(today.replace(day=1), step) for step in range(-2, 3))
        named = [one for first in months if (one := _day_of(first.year, first.month, day))]
        named = [one for one in named if one >= today or not ahead]
    elif year:
        named = [one] if (one := _day_of(_whole_year(year, today), month, day)) else []
    else:
        # Every 29 Feb is within eight years of any day.
        named = [one for step in range(-8, 9) if (one := _day_of(today.year + step, month, day))]
    if not named:
        said = f"{day} {times.MONTHS[(month or 1) - 1]}"
        raise _NoDay(
            f"There is no {said}{f' {_whole_year(year, today)}' if _day_of(2000, month or 1, day) else ''}."
        )
    nearest = min(named, key=lambda one: (abs(one - today), one < today))
    if ahead and nearest < today and not year:
        following = min(one for one in named if one >= today)
        raise _NoDay(
            f"{times.day_with_weekday(nearest, today)} is past. For {times.day_with_year(following)} add the year."
        )
    return nearest if weekday is None else _on(weekday, named, nearest, today)


def _on(weekday: int, named: Iterable[date], nearest: date, today: date) -> date:
    """Return which of the dates named is meant by who says its weekday too. Raises _NoDay."""
    # A weekday alone never leads years away: that it is wrong is likelier.
    close = (one for one in named if abs(one - today) <= _HALF_A_YEAR or one.year == today.year)
    for one in (nearest, *close):
        if one.weekday() == weekday:
            return one
    is_a, not_a = times.weekday_name(nearest.weekday()), times.weekday_name(weekday)
    raise _NoDay(f"{times.day_in_full(nearest)} is a {is_a}, not a {not_a}.")


def _day_of(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _whole_year(year: str, today: date) -> int:
    """Return a year of two digits as the one nearest to today."""
    if len(year) == 4:
        return int(year)
    return min(
        (century + int(year) for century in range(1800, 2400, 100)), key=lambda one: abs(one - today.year)
    )
