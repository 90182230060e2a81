"""What a search compares: the words kept for a booking, and what typed text asks of them.

Pure functions over strings. Both databases index exactly the words made here, so what
Python folded is what is found, in every script. Some kinds of word carry a mark that
`text.fold` can never produce, so nothing typed can match them by accident: `>` a word of
a practitioner's or an appointment type's name, which many bookings share, `<` the digits
of a mobile backwards, `@` a birth date, `=` a filter.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2s
from itertools import takewhile

from frontdesk.store.search import birth_dates
from frontdesk.telephones import ABROAD, numbers
from frontdesk.text import fold

LONGEST_WORD = 40
"""Characters of a word that are kept and compared."""

MOST_WORDS = 120
"""Words kept for one booking; a search does not find the words beyond these."""

MOST_TYPED_WORDS = 16
"""Words of a search; text with more of them is no name, and finds nothing."""

MOST_SHARED_WORDS = 24
"""Shared words with one beginning that are looked up one by one rather than by the beginning."""

SHORTEST_TAIL = 3
"""Digits from which on a typed number may be the end of a mobile."""

SHARED = ">"
BACKWARDS = "<"
BORN = "@"
FILTER = "="

TITLES = frozenset({"dr", "prof", "professor", "mr", "mrs", "ms", "miss", "mx"})
"""What stands before a practitioner's name, and is nobody's name."""

SHORTEST_ABROAD = 8
"""Digits from which on a number typed as 61... may be an Australian one without its plus."""

_AUSTRALIAN = re.compile("0[2-478]")
"""How an Australian number begins."""
_LETTERS_THEN_DIGITS = re.compile("([^0-9]+)([0-9]+)")


@dataclass(frozen=True, slots=True)
class Word:
    """A word that must be there: whole, or as the beginning of one.

    Without a mark it may begin a shared word as well, unless it is the patient's `own`.
    """

    text: str
    whole: bool = False
    own: bool = False


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
    own = [*fold(patient_name)]
    for word in fold(ref):
        parted = _LETTERS_THEN_DIGITS.fullmatch(word)
        own += parted.groups() if parted else (word,)
    words = [word[:LONGEST_WORD] for word in own]
    words += _shared_words(practitioner_name)
    words += _shared_words(appointment_type)
    for digits in _dialled(mobile):
        words += [digits, BACKWARDS + digits[::-1]]
    if birth_date is not None:
        words.append(f"{BORN}{birth_date:%m%d}{birth_date.year:04}")
    return " ".join(list(dict.fromkeys(words))[:MOST_WORDS])


@lru_cache(2000)
def folded(name: str) -> tuple[str, ...]:
    """Return the folded words of a practitioner's or a type's name: a few names, again and again."""
    return fold(name)


@lru_cache
def _shared_words(name: str) -> tuple[str, ...]:
    return tuple(SHARED + word[:LONGEST_WORD] for word in fold(name))


def search_tags(*, practice_id: str, practitioner_id: int, cancelled: bool) -> str:
    """Return the words by which filters find a booking beside its search words."""
    return " ".join((practice_tag(practice_id), practitioner_tag(practitioner_id), cancelled_tag(cancelled)))


@lru_cache
def practice_tag(practice_id: str) -> str:
    """A practice's id may hold anything: a digest of it is safe in every query language."""
    return f"{FILTER}c{blake2s(practice_id.encode(), digest_size=6).hexdigest()}"


def practitioner_tag(practitioner_id: int) -> str:
    """The tag of every booking with this practitioner."""
    return f"{FILTER}p{practitioner_id}"


def cancelled_tag(cancelled: bool) -> str:
    """The tag of every booking that is cancelled, or of every one that is not."""
    return f"{FILTER}x" if cancelled else f"{FILTER}o"


def any_of(tags: Iterable[str]) -> Expression:
    """Match a booking that has one of these tags."""
    return AnyOf(tuple(Word(tag, whole=True) for tag in tags))


def on_mobile(mobile: str) -> Expression:
    """Match a booking on this mobile, whole, or on one of several; without digits nothing."""
    return AnyOf(tuple(Word(BACKWARDS + digits[::-1], whole=True) for digits in _dialled(mobile)))


def _dialled(mobile: str) -> Iterator[str]:
    """The numbers of a field, each as far as it is kept."""
    return (digits[:LONGEST_WORD] for digits in numbers(mobile))


def interpret(typed: str, names: Collection[str] = ()) -> Expression | None:
    """Return what `typed` asks for, or None when it is blank and asks nothing.

    `names` are those of practitioners: behind a title the next word is one of theirs.

    Every word must match the beginning of a word. Digits may also be the end of a mobile,
    and groups of digits typed side by side one number. A date with its day, month and year,
    day before month as Australia writes it, is a birth date and nothing else. The beginning
    of one is a birth date, or the words it is made of.
    """
    if not typed.strip():
        return None
    if not 0 < len(fold(typed)) <= MOST_TYPED_WORDS:
        return NOTHING
    parts: list[Expression] = []
    if born := birth_dates.find(typed):
        dates = tuple(Word(BORN + digits, whole) for digits, whole in born.dates)
        others = () if born.is_whole else (AllOf(tuple(_words(fold(typed[born.start : born.end])))),)
        parts.append(AnyOf(dates + others))
        typed = f"{typed[: born.start]} {typed[born.end :]}"
    titled, words = _after_titles(fold(ABROAD.sub(" 0", typed)), names)
    parts += titled
    parts += _words(words)
    return AllOf(tuple(dict.fromkeys(parts)))


def _after_titles(words: Sequence[str], names: Collection[str]) -> tuple[list[Expression], list[str]]:
    """Return what titles with a practitioner's name behind them ask for, and the other words."""
    asked: list[Expression] = []
    others: list[str] = []
    rest = list(words)
    while rest:
        title = rest.pop(0)
        meant = _titled(title, rest[0], names) if rest and title in TITLES else ()
        if meant:
            begun = rest.pop(0)[:LONGEST_WORD]
            are_many = len(meant) > MOST_SHARED_WORDS
            asked.append(
                Word(SHARED + begun) if are_many else any_of(SHARED + word for word in sorted(meant))
            )
            # Half of all bookings have the title: it is asked for only where it tells two names apart.
            if are_many or any(
                title not in words and not meant.isdisjoint(words) for words in map(folded, names)
            ):
                asked.append(Word(SHARED + title, whole=True))
        else:
            others.append(title)
    return asked, others


def _titled(title: str, begun: str, names: Iterable[str]) -> frozenset[str]:
    """Return the words that `begun` begins in the names that have this title."""
    titled = (words for words in map(folded, names) if title in words)
    found = (word for words in titled for word in words if word.startswith(begun))
    return frozenset(word[:LONGEST_WORD] for word in found) - TITLES


def _words(typed: Iterable[str]) -> list[Expression]:
    parts: list[Expression] = []
    group: list[str] = []
    for word in (*typed, ""):
        if word.isascii() and word.isdigit():
            group.append(word)
            continue
        parts.extend(_numbers(group))
        group = []
        if word:
            parts.append(_word(word))
    return parts


def _word(word: str) -> Expression:
    whole = Word(word[:LONGEST_WORD])
    if reference := _LETTERS_THEN_DIGITS.fullmatch(word):
        letters, digits = reference.groups()
        return AnyOf((whole, AllOf((Word(letters[:LONGEST_WORD]), Word(digits[:LONGEST_WORD])))))
    return whole


def _numbers(group: list[str]) -> list[Expression]:
    """One number in groups, or several numbers unless it begins as a telephone number does."""
    apart = [_number(digits) for digits in group]
    if len(apart) < 2:
        return apart
    together = "".join(group)
    if _AUSTRALIAN.match(together):
        return [_number(together)]
    return [AnyOf((_number(together), AllOf(tuple(apart))))]


def _number(digits: str) -> Expression:
    digits = digits[:LONGEST_WORD]
    readings = [Word(digits)]
    if len(digits) >= SHORTEST_TAIL:
        readings.append(Word(BACKWARDS + digits[::-1]))
    if len(digits) >= SHORTEST_ABROAD and digits.startswith("61"):
        readings.append(Word("0" + digits[2:]))
    return readings[0] if len(readings) == 1 else AnyOf(tuple(readings))


def with_shared_words(expression: Expression, vocabulary: Sequence[str]) -> Expression:
    """Spell out which shared words each word may begin; `vocabulary` has all there are, in order.

    A beginning that thousands of bookings have, such as `dr`, is then the whole word that
    they have, which an index answers many times faster.
    """
    if not isinstance(expression, Word):
        return type(expression)(tuple(with_shared_words(part, vocabulary) for part in expression.parts))
    if expression.own or expression.whole or not expression.text[0].isalnum():
        return expression
    first = bisect_left(vocabulary, expression.text)
    shared = list(takewhile(lambda word: word.startswith(expression.text), vocabulary[first:]))
    if len(shared) > MOST_SHARED_WORDS:
        return AnyOf((expression, Word(SHARED + expression.text)))
    return AnyOf((expression, *(Word(SHARED + word, whole=True) for word in shared)))


def matcher(expression: Expression) -> Callable[[str], bool]:
    """Return what says whether a booking's words, as `search_text` made them, are what is asked for."""
    found = _matcher(expression)
    return lambda words: found(f" {words} ")


def _matcher(expression: Expression) -> Callable[[str], bool]:
    if isinstance(expression, Word):
        own, shared = (f" {mark}{expression.text}{' ' * expression.whole}" for mark in ("", SHARED))
        if expression.own:
            return lambda haystack: own in haystack
        return lambda haystack: own in haystack or shared in haystack
    parts = tuple(map(_matcher, expression.parts))
    if len(parts) == 1:
        return parts[0]
    if isinstance(expression, AllOf):
        return lambda haystack: all(part(haystack) for part in parts)
    return lambda haystack: any(part(haystack) for part in parts)
