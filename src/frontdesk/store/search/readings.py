"""Whom a text at Find may mean: somebody's word and a practitioner's or type's name are told apart here.

A text that is the name of a patient and of a practitioner, or of an appointment type, means the
patients: thousands of bookings have the practitioner. `readings` knows names and no bookings;
`pages` finds out whether there is such a patient.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import takewhile

from frontdesk.store.search import terms
from frontdesk.store.search.terms import AllOf, Expression, Word
from frontdesk.text import fold

BETWEEN = "\x1e"
"""What stands between two shared names, where the store joins them."""


@dataclass(frozen=True)
class SharedNames:
    """The names of practitioners and of appointment types, each once."""

    all: tuple[str, ...] = ()

    @cached_property
    def _by_word(self) -> list[tuple[str, int]]:
        """Every word in order, with the place of its name."""
        return sorted((word, at) for at, name in enumerate(self.all) for word in fold(name))

    @cached_property
    def words(self) -> list[str]:
        """Every word of every name in order, as it is kept for a booking."""
        return sorted({word[: terms.LONGEST_WORD] for word, _ in self._by_word})

    def of(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the names that have words begun by all of `words`."""
        found = set(range(len(self.all)))
        for begun in words:
            first = bisect_left(self._by_word, (begun,))
            having = takewhile(lambda one: one[0].startswith(begun), self._by_word[first:])  # noqa: B023
            found &= {at for _, at in having}
            if not found:
                break
        return tuple(sorted(self.all[at] for at in found))


@lru_cache(8)
def shared_names(joined: str) -> SharedNames:
    """Return the names that a store has joined to one text: they stay the same from key to key."""
    return SharedNames(tuple(joined.split(BETWEEN)) if joined else ())


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks for. `patients` is what it asks of patients alone where `beside` share the name.

    `words` are then the text's words.
    """

    everybody: Expression | None
    patients: Expression | None = None
    words: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def read(typed: str, names: SharedNames) -> Reading:
    """Return what a text may mean where there are these names."""
    everybody = terms.interpret(typed, names.all)
    words = fold(typed)
    if (
        everybody in (None, terms.NOTHING)
        or not all(word.isalpha() for word in words)
        or not terms.TITLES.isdisjoint(words)
    ):
        return Reading(everybody)
    beside = names.of(words)
    if not beside:
        return Reading(everybody)
    patients = AllOf(tuple(Word(word[: terms.LONGEST_WORD], own=True) for word in dict.fromkeys(words)))
    return Reading(everybody, patients, words, beside)
