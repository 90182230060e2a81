"""Names one letter away from one that nobody has.

A name is misheard, or two letters change places. What may have been meant is looked up exactly:
at most `MOST_WORDS` words, each one edit away from one that was typed, in one statement over the
words that names have. Only those that are there are searched for.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from frontdesk.store.search.terms import LONGEST_WORD, TITLES, AllOf, Word
from frontdesk.text import fold

MOST_WORDS = 400
"""Words that are looked up at most; of more, those with rare letters are left out."""

MOST_TYPED = 4
"""Words of a name; text with more of them is none."""

SHORTEST = 3
"""Letters from which on a word may be meant to be another one."""

_LETTERS = "eaniroslthdmcukgybvpjwfzxq"
"""From the one that names have most often to the rarest."""


def words_of(typed: str) -> tuple[str, ...]:
    """Return the words of what is typed, none where it cannot be somebody's name."""
    words = fold(typed)
    fits = 0 < len(words) <= MOST_TYPED and all(one.isalpha() and len(one) <= LONGEST_WORD for one in words)
    return words if fits and TITLES.isdisjoint(words) else ()


def one_edit_away(word: str) -> Iterator[str]:
    """Yield every word one edit away, the likeliest first; some more than once.

    An edit swaps two letters side by side, leaves one out, writes another one, or puts one in; at
    the beginning and the end too.
    """
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
    for letter in _LETTERS:
        for at in range(len(word)):
            yield word[:at] + letter + word[at + 1 :]
        for at in range(len(word) + 1):
            yield word[:at] + letter + word[at:]


Candidate = tuple[int, str]
"""The place of the word that may be wrong, and what may be meant by it."""


def candidates(words: Sequence[str], wrong: Sequence[int]) -> list[Candidate]:
    """Return what may be meant by each word at the places `wrong`, the likeliest first."""
    edits = ([(place, word) for word in one_edit_away(words[place])] for place in wrong)
    in_turn = (one for one in chain.from_iterable(zip_longest(*edits)) if one is not None)
    return list(dict.fromkeys(one for one in in_turn if one[1] not in ("", words[one[0]])))[:MOST_WORDS]


def asking(words: Sequence[str], candidate: Candidate) -> AllOf:
    """Return what asks for patients whose name has the candidate whole, and the other words as typed."""
    place, meant = candidate
    others = (Word(word, own=True) for at, word in enumerate(words) if at != place)
    return AllOf((Word(meant, whole=True, own=True), *others))


def spelled(words: Sequence[str], candidate: Candidate, patient_name: str) -> str:
    """Return the words as a patient found by them writes them, in the order in which they were typed."""
    place, meant = candidate
    parts = [(part, fold(part)) for part in patient_name.split()]

    def written(at: int, word: str) -> str:
        if at == place:
            return next((part for part, its in parts if meant in its), meant)
        return next((part for part, its in parts if any(one.startswith(word) for one in its)), word)

    return " ".join(dict.fromkeys(written(at, word) for at, word in enumerate(words)))
