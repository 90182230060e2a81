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

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATES = (
    re.compile(r"(?<!\w)(?P<y>\d{4})-(?P<m>\d{0,2})(?:-(?P<d>\d{0,2}))?(?!\w)"),
    re.compile(r"(?<!\w)(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})(?:[/.-](?P<y>\d{0,4}))?(?!\w)"),
    re.compile(rf"(?<!\w)(?P<d>\d{{1,2}})[\s-]*{_MONTH}(?:[\s-]+(?P<y>\d{{1,4}}))?(?!\w)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that must be there: whole, or as the beginning of one."""

    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part must match. Without parts it matches everything."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part must match. Without parts it matches nothing."""

    parts: tuple["Expression", ...]


Expression = Word | All | Any

NOTHING = Any(())


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
    return Any(tuple(Word(tag, whole=True) for tag in tags))


def _spellings(number: str) -> tuple[str, ...]:
    """The digits of a telephone number, in the national and the international way."""
    digits = "".join(char for char in number if char in "0123456789")[:LONGEST_WORD]
    if not digits:
        return ()
    abroad = re.sub("^00(11)?", "", digits)
    if abroad.startswith("61") and len(abroad) == 11:
        return "0" + abroad[2:], abroad
    if digits.startswith("0") and len(digits) == 10:
        return digits, "61" + digits[1:]
    return (digits,)


def interpret(typed: str) -> Expression | None:
    """Return what `typed` asks for, or None when it is blank and asks nothing.

    Every word must match the beginning of a word. Digits may also be the end of a mobile,
    and groups of digits typed side by side one number. What looks like a date is one, day
    before month, or the words it is made of.
    """
    if not typed.strip():
        return None
    parts: list[Expression] = []
    rest = typed
    for pattern in _DATES:
        found = pattern.search(rest)
        if found and (born := _born(found)):
            parts.append(Any((*born, *_conjunction(_words(found.group())))))
            rest = f"{rest[: found.start()]} {rest[found.end() :]}"
            break
    parts.extend(_words(rest))
    if not parts or len(fold(typed)) > MOST_TYPED_WORDS:
        return NOTHING
    return All(tuple(dict.fromkeys(parts)))


def _conjunction(parts: list[Expression]) -> tuple[Expression, ...]:
    return (All(tuple(parts)),) if parts else ()


def _words(typed: str) -> list[Expression]:
    parts: list[Expression] = []
    group: list[str] = []
    for word in (*fold(typed), ""):
        if word.isascii() and word.isdigit():
            group.append(word)
            continue
        parts.extend(_digits(group))
        group = []
        if word:
            parts.append(Word(word[:LONGEST_WORD]))
    return parts


def _digits(group: list[str]) -> list[Expression]:
    """One number in groups, or several numbers."""
    apart: list[Expression] = [_number(digits) for digits in group]
    if len(group) < 2:
        return apart
    return [Any((_number("".join(group)), All(tuple(apart))))]


def _number(digits: str) -> Expression:
    digits = digits[:LONGEST_WORD]
    if len(digits) < SHORTEST_TAIL:
        return Word(digits)
    return Any((Word(digits), Word(BACKWARDS + digits[::-1])))


def _born(found: re.Match[str]) -> tuple[Word, ...]:
    """The birth dates that a typed date may mean, as far as it is typed."""
    parts = found.groupdict()
    year = parts["y"] or ""
    if found.re is _DATES[0]:
        return (Word(f"{BORN}{found.group()}"),)
    month = _MONTHS.index(parts["name"].lower()) + 1 if "name" in parts else int(parts["m"])
    day = int(parts["d"])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return ()
    stem = f"{BORN}{month:02}{day:02}"
    if len(year) in (1, 2):
        return Word(f"{stem}{year}"), Word(f"{stem}19{year}"), Word(f"{stem}20{year}")
    return (Word(stem + year, whole=len(year) == 4),)


def matches(expression: Expression, search: str) -> bool:
    """Whether the words of a booking, as `search_text` made them, are what is asked for."""
    return _matches(expression, f" {search} ")


def _matches(expression: Expression, haystack: str) -> bool:
    if isinstance(expression, Word):
        return f" {expression.text}{' ' if expression.whole else ''}" in haystack
    if isinstance(expression, All):
        return all(_matches(part, haystack) for part in expression.parts)
    return any(_matches(part, haystack) for part in expression.parts)
