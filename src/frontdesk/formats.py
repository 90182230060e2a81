"""Dates and times as files and PMSs write them: strptime's formats, with every part checked.

`strptime` alone is lenient: it passes over a time zone, a weekday and the `PM` of a 24-hour
clock, and takes `1030` for 10:03:00 where the format has seconds. Here a format fits a text
only when writing the result back gives that text; leading zeros and case may differ.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cached_property, lru_cache

_FIXED = {"Y": 4, "G": 4, "y": 2}
_PADDED = {"d": 2, "m": 2, "H": 2, "I": 2, "M": 2, "S": 2, "j": 3, "U": 2, "W": 2, "V": 2, "w": 1, "u": 1}
_FRACTION = 6
_WORDS = "aAbBp"
_OFFSET = "[+-][0-9]{2}:?[0-9]{2}"
_ZONES = {"z": f"{_OFFSET}|Z", "Z": rf"[^\W\d_]+(?:[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?)?|{_OFFSET}"}
_SPELLED_OUT = {"%c": "%a %b %d %H:%M:%S %Y", "%x": "%m/%d/%y", "%X": "%H:%M:%S"}
"""What strptime takes these for where no locale is set, and none is."""

_DIRECTIVE = re.compile("%(.?)", re.DOTALL)
_UTC_NAMES = ("", "UTC", "GMT", "Z")
_ZONE_TEXT = re.compile("([^\\W\\d_]*)(?:([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?")
_SAYS_UTC = re.compile(r"(?<![^\W\d_])(?:UTC|GMT|Z)(?![^\W\d_])", re.IGNORECASE)
_SAYS_OFFSET = re.compile(f"{_OFFSET}(?![0-9])")
_SAYS_ABBREVIATION = re.compile("(?<![A-Za-z])(?:[A-Z]{1,3}[SD]T|[CEW]ET|MES?Z|MSK|HKT|SGT)(?![A-Za-z])")
"""How time zones are shortened: AEST, ACDT, CET, PST."""

_DATES = ("[Yy] [mbB] d", "[Yy] j", "G V [uwaA]", "[Yy] [UW] [uwaA]")
_CLOCKS = ("H", "I p")
_PARTS_OF_DATES, _PARTS_OF_CLOCKS = "YymbBdjGVUWuwaA", "MSfp"
_FIRST_YEAR = 1000
_LAST_OF_2000S = 68
"""POSIX reads 69 to 99 as 1969 to 1999, and 00 to 68 as 2000 to 2068."""

_FURTHEST = timedelta(hours=15)
"""No clock is further from UTC."""


class UnknownZone(ValueError):
    """A text that fits, with a time zone whose name means different times in different places."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a text says. `moment` is naive where neither the text nor its format names a time zone.

    `is_guessed`: its year has two digits and could be of either century.
    """

    moment: datetime
    has_time: bool
    is_guessed: bool = False


@lru_cache
def compiled(pattern: str) -> "Format":
    """Return what a pattern of strptime asks for. Raises ValueError, a sentence, as Format does."""
    return Format(pattern)


class Format:
    """One format.

    `has_date` and `has_time` say what its texts hold. `zone` is the time zone that the text
    between its directives names, such as the Z of `%H:%M:%SZ`; `abbreviation` is one there
    that names no time zone for certain, such as CST. Raises ValueError, a sentence, for
    what is not a pattern, or a pattern that leaves open what is meant.
    """

    def __init__(self, pattern: str) -> None:
        self._parts, self._tail = _parts(pattern)
        self._letters = [letter for _, letter in self._parts]
        for letter in self._letters:
            if self._letters.count(letter) > 1:
                raise ValueError(f"{pattern} has %{letter} twice")
        if "I" in self._letters and "p" not in self._letters:
            raise ValueError(f"{pattern} has %I without %p: 2:30 may be in the morning or in the afternoon")
        self.has_date, self.has_time = self._has(_DATES), self._has(_CLOCKS)
        if not self.has_date and set(_PARTS_OF_DATES) & set(self._letters):
            raise ValueError(f"{pattern} has parts of a date, but not day, month and year")
        if not self.has_time and set(_PARTS_OF_CLOCKS) & set(self._letters):
            raise ValueError(f"{pattern} has parts of a time of day, but no hour")
        self.has_short_year = "y" in self._letters and "Y" not in self._letters
        literals = [*(literal for literal, _ in self._parts), self._tail]
        hour = next((place for place, letter in enumerate(self._letters) if letter in "HI"), 0)
        # Before the hour it would be a word, or a day: 01-%m-2026.
        behind_hour = "\0".join(literals[hour + 1 :]) if self.has_time else ""
        abbreviation = _SAYS_ABBREVIATION.search(behind_hour)
        self.abbreviation = abbreviation[0] if abbreviation else ""
        self.zone = self._written_zone("\0".join(literals), behind_hour)

    @property
    def names_zone(self) -> bool:
        """Whether each of its texts names a time zone."""
        return self.zone is not None or bool({"z", "Z"} & set(self._letters))

    def read(self, text: str, latest: date | None = None) -> Found | None:
        """Return what `text` says, or None when it does not have this format.

        With `latest`, a year of two digits is the last one whose day is not after it.
        Raises UnknownZone.
        """
        found = self._expression.fullmatch(text)
        if found is None:
            return None
        texts = dict(zip(self._letters, found.groups(), strict=True))
        readings = [_moment(said) for said in self._readings(texts, latest)]
        moments = [one for one in readings if one and (latest is None or one.date() <= latest)]
        if not moments:
            # What is wrong with the only day that may be meant is for others to say.
            moments = [one for one in readings if one][-1:]
        if not moments:
            return None
        return Found(moments[0].replace(tzinfo=self._zone_of(texts)), self.has_time, len(moments) > 1)

    def _has(self, wanted: tuple[str, ...]) -> bool:
        letters = "".join(self._letters)
        return any(all(re.search(part, letters) for part in one.split()) for one in wanted)

    def _written_zone(self, literal: str, behind_hour: str) -> tzinfo | None:
        if not self.has_time or {"z", "Z"} & set(self._letters):
            return None
        if offset := _SAYS_OFFSET.search(behind_hour):
            return _zone(offset[0])
        return UTC if _SAYS_UTC.search(literal) else None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        parts = []
        literals = [*(literal for literal, _ in self._parts[1:]), self._tail]
        for place, (literal, letter) in enumerate(self._parts):
            follows = literals[place]
            runs_on = follows[:1].isdigit()
            joined = literal[-1:].isdigit() or (
                not literal and place and _is_number(self._letters[place - 1])
            )
            parts += [_literal(literal), f"({_expression(letter, is_fixed=bool(joined or runs_on))})"]
        return re.compile("".join([*parts, _literal(self._tail)]), re.IGNORECASE)

    def _readings(self, texts: dict[str, str], latest: date | None) -> list[dict[str, str]]:
        """Return what may be said by letter, the likeliest first: one for each century that may be meant."""
        said = {letter: text for letter, text in texts.items() if letter not in _ZONES}
        if not self.has_short_year:
            return [said]
        year = said.pop("y")
        centuries = ("20", "19") if latest or int(year) <= _LAST_OF_2000S else ("19",)
        return [{**said, "Y": century + year} for century in (centuries if latest else centuries[:1])]

    def _zone_of(self, texts: dict[str, str]) -> tzinfo | None:
        text = texts.get("z") or texts.get("Z", "")
        return _zone(text) if text else self.zone


def _parts(pattern: str) -> tuple[list[tuple[str, str]], str]:
    """Return each directive's letter with the text before it, and the text behind the last one."""
    for short, long in _SPELLED_OUT.items():
        pattern = pattern.replace(short, long)
    parts: list[tuple[str, str]] = []
    literal, at = "", 0
    for found in _DIRECTIVE.finditer(pattern):
        literal += pattern[at : found.start()]
        at = found.end()
        letter = found[1]
        if letter == "%":
            literal += letter
        elif letter and (_is_number(letter) or letter in _WORDS or letter in _ZONES):
            parts.append((literal, letter))
            literal = ""
        else:
            raise ValueError(f"{pattern} is not a date format: one looks like %d/%m/%Y %H:%M")
    return parts, literal + pattern[at:]


def _is_number(letter: str) -> bool:
    return letter in _FIXED or letter in _PADDED or letter == "f"


def _literal(text: str) -> str:
    return r"\s+".join(re.escape(piece) for piece in re.split(r"\s+", text))


def _expression(letter: str, *, is_fixed: bool) -> str:
    """Return what a directive's text looks like; in a row of digits only the first may lack its zeros."""
    if letter in _ZONES:
        return _ZONES[letter]
    if letter in _WORDS:
        return r"[^\W\d_]+"
    if letter in _FIXED:
        return f"[0-9]{{{_FIXED[letter]}}}"
    width = _PADDED.get(letter, _FRACTION)
    return f"[0-9]{{{width}}}" if is_fixed else f"[0-9]{{1,{width}}}"


def _moment(said: dict[str, str]) -> datetime | None:
    """Have strptime read the parts, and each of them written back."""
    try:
        moment = datetime.strptime(" ".join(said.values()), " ".join(f"%{letter}" for letter in said))  # noqa: DTZ007
    except ValueError:
        return None
    # A year such as 0101 is a day and a month that were read by another format's places.
    if moment.year < _FIRST_YEAR:
        return None
    return moment if all(_is_written(moment, letter, text) for letter, text in said.items()) else None


def _is_written(moment: datetime, letter: str, text: str) -> bool:
    if not text.isdecimal():
        return moment.strftime(f"%{letter}").casefold() == text.casefold()
    written = int(moment.strftime(f"%{letter}"))
    return written == int(text.ljust(_FRACTION, "0") if letter == "f" else text)


def _zone(text: str) -> tzinfo:
    """Return the time zone of a text such as `UTC`, `Z`, `+10:30` or `GMT+1030`. Raises UnknownZone."""
    found = _ZONE_TEXT.fullmatch(text)
    if found is None or found[1].upper() not in _UTC_NAMES:
        raise UnknownZone(text)
    if not found[2]:
        return UTC
    hours, minutes = int(found[3]), int(found[4] or 0)
    ahead = timedelta(hours=hours, minutes=minutes)
    if ahead > _FURTHEST or minutes >= 60:
        raise UnknownZone(text)
    return timezone(-ahead if found[2] == "-" else ahead)
