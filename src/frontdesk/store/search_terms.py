"""What a search compares: the words kept for a booking, and what typed text asks of them.

Pure functions over strings. Both databases index exactly the words made here, so what
Python folded is what is found, in every script. Three kinds of word carry a mark that
`text.fold` can never produce, so nothing typed can match them by accident: `<` the
digits of a mobile backwards, `@` a birth date, `=` a filter.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import blake2s

from frontdesk.text import fold

LONGEST_WORD = 40
"""Characters of a word that are kept and compared."""

MOST_WORDS = 120
"""Words kept for one booking; what is beyond is not found."""

MOST_TYPED_WORDS = 16
"""Words of a search; text with more of them is no name, and finds nothing."""

SHORTEST_TAIL = 3
"""Digits from which on a typed number may be the end of a mobile."""

BACKWARDS = "<"
BORN = "@"
FILTER = "="

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_YEAR_FIRST = re.compile(r"(?<!\w)([0-9]{4})-([0-9]{0,2})(?:-([0-9]{0,2}))?(?!\w)")
_DAY_FIRST = re.compile(r"(?<!\w)([0-9]{1,2})[/.-]([0-9]{1,2})(?:[/.-]([0-9]{0,4}))?(?!\w)")
_MONTH_NAMED = re.compile(r"(?<!\w)([0-9]{1,2})[\s-]*([a-z]+)(?:[\s-]*([0-9]{1,4}))?(?!\w)", re.IGNORECASE)
_INTERNATIONAL_PREFIX = re.compile("^00(?:11)?")
"""Dialled before a country's number, in general and from Australia."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that must be there: whole, or as the beginning of one."""

    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must match. Without parts it matches everything."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must match. Without parts it matches nothing."""

    parts: tuple["Expression", ...]


Expression = Word | AllOf | AnyOf

NOTHING = AnyOf(())


def name_key(patient_name: str) -> str:
    """Return the patient's name as compared for sameness: folded words, one space between."""
    return " ".join(fold(patient_name))


def search_text(
    *,
    patient_name: str,
    ref: str,
    practitioner_name: str,
    appointment_type: str,
    mobile: str,
    birth_date: date | None,
) -> str:
    """Return the words by which a booking is found, each once, one space between."""
    words: dict[str, None] = {}
    for field in (patient_name, ref, practitioner_name, appointment_type):
        words.update(dict.fromkeys(word[:LONGEST_WORD] for word in fold(field)))
    ref_words = fold(ref)
    if len(ref_words) > 1:
        words["".join(ref_words)[:LONGEST_WORD]] = None
    for number in re.split("[/,;]", mobile):
        for digits in _spellings(number):
            words[digits] = None
            words[BACKWARDS + digits[::-1]] = None
    if birth_date is not None:
        words[f"{BORN}{birth_date:%m%d}{birth_date.year:04}"] = None
        words[f"{BORN}{birth_date.year:04}-{birth_date:%m-%d}"] = None
    return " ".join(list(words)[:MOST_WORDS])


def search_tags(*, practice_id: str, practitioner_id: int, cancelled: bool, local_date: date) -> str:
    """Return the words by which filters find a booking beside its search words."""
    return " ".join((practice_tag(practice_id), practitioner_tag(practitioner_id), cancelled_tag(cancelled)))


def practice_tag(practice_id: str) -> str:
    """A practice's id may hold anything: a digest of it is safe in every query language."""
    return f"{FILTER}c{blake2s(practice_id.encode(), digest_size=6).hexdigest()}"


def practitioner_tag(practitioner_id: int) -> str:
    return f"{FILTER}p{practitioner_id}"


def cancelled_tag(cancelled: bool) -> str:
    return f"{FILTER}x" if cancelled else f"{FILTER}o"


def any_of(tags: Iterable[str]) -> Expression:
    """Match a booking that has one of these tags."""
    return AnyOf(tuple(Word(tag, whole=True) for tag in tags))


def _spellings(number: str) -> tuple[str, ...]:
    """The digits of a telephone number, in the national and the international way."""
    digits = "".join(char for char in number if char in "0123456789")[:LONGEST_WORD]
    abroad = _INTERNATIONAL_PREFIX.sub("", digits)
    if abroad.startswith("61") and len(abroad) == 11:
        return "0" + abroad[2:], abroad
    if digits.startswith("0") and len(digits) == 10:
        return digits, "61" + digits[1:]
    return (digits,) if digits else ()


def interpret(typed: str) -> Expression | None:
    """Return what `typed` asks for, or None when it is blank and asks nothing.

    Every word must match the beginning of a word. Digits may also be the end of a mobile,
    and groups of digits typed side by side one number. What looks like a date is a birth
    date, day before month as Australia writes it, or else the words it is made of.
    """
    if not typed.strip():
        return None
    if not 0 < len(fold(typed)) <= MOST_TYPED_WORDS:
        return NOTHING
    parts: list[Expression] = []
    for pattern, born in ((_YEAR_FIRST, _born_year_first), (_DAY_FIRST, _born), (_MONTH_NAMED, _born_named)):
        found = pattern.search(typed)
        dates = born(*found.groups(default="")) if found else ()
        if found and dates:
            parts.append(AnyOf((*dates, AllOf(tuple(_words(found.group()))))))
            typed = f"{typed[: found.start()]} {typed[found.end() :]}"
            break
    parts.extend(_words(typed))
    return AllOf(tuple(dict.fromkeys(parts)))


def _words(typed: str) -> list[Expression]:
    parts: list[Expression] = []
    group: list[str] = []
    for word in (*fold(typed), ""):
        if word.isascii() and word.isdigit():
            group.append(word)
            continue
        parts.extend(_numbers(group))
        group = []
        if word:
            parts.append(Word(word[:LONGEST_WORD]))
    return parts


def _numbers(group: list[str]) -> list[Expression]:
    """One number in groups, or several numbers."""
    apart = [_number(digits) for digits in group]
    if len(apart) < 2:
        return apart
    return [AnyOf((_number("".join(group)), AllOf(tuple(apart))))]


def _number(digits: str) -> Expression:
    digits = digits[:LONGEST_WORD]
    if len(digits) < SHORTEST_TAIL:
        return Word(digits)
    return AnyOf((Word(digits), Word(BACKWARDS + digits[::-1])))


def _born(day: str, month: str, year: str) -> tuple[Word, ...]:
    """The birth dates that may be meant, as far as they are typed."""
    if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        return ()
    stem = f"{BORN}{int(month):02}{int(day):02}"
    if len(year) in (1, 2):
        return Word(f"{stem}{year}"), Word(f"{stem}19{year}"), Word(f"{stem}20{year}")
    return (Word(stem + year, whole=len(year) == 4),)


def _born_named(day: str, month: str, year: str) -> tuple[Word, ...]:
    """The same with the month's name, or as much of it as is typed."""
    begun = month.lower()
    numbers = [number for number, name in enumerate(_MONTHS, 1) if name.startswith(begun)]
    return tuple(word for number in numbers for word in _born(day, str(number), year))


def _born_year_first(year: str, month: str, day: str) -> tuple[Word, ...]:
    if len(month) == 2 and len(day) == 2:
        return _born(day, month, year)
    return (Word("-".join((BORN + year, month, day)).rstrip("-")),)


def matches(expression: Expression, search: str) -> bool:
    """Whether the words of a booking, as `search_text` made them, are what is asked for."""
    return _matches(expression, f" {search} ")


def _matches(expression: Expression, haystack: str) -> bool:
    if isinstance(expression, Word):
        return f" {expression.text}{' ' if expression.whole else ''}" in haystack
    if isinstance(expression, AllOf):
        return all(_matches(part, haystack) for part in expression.parts)
    return any(_matches(part, haystack) for part in expression.parts)
