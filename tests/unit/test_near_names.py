"""Names one letter away: which words are looked up, and how what is found is written."""

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.store.search.near import (
    MOST_WORDS,
    asking,
    candidates,
    one_edit_away,
    spelled,
    words_of,
)
from frontdesk.store.search.terms import matcher, search_text

WHOLE = 7
"""Letters of a word up to which every word one edit away is looked up."""

words = st.text(ascii_lowercase, min_size=1, max_size=12)


def edited(word: str, kind: str, at: int, letter: str) -> str:
    at %= len(word) + (kind == "insert")
    if kind == "insert":
        return word[:at] + letter + word[at:]
    if kind == "delete":
        return word[:at] + word[at + 1 :]
    if kind == "change":
        return word[:at] + letter + word[at + 1 :]
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :] if at else word


@given(
    words,
    st.sampled_from(["insert", "delete", "change", "swap"]),
    st.integers(0, 20),
    st.sampled_from(ascii_lowercase),
)
def test_every_word_one_letter_away_is_looked_up(word: str, kind: str, at: int, letter: str) -> None:
    """What she typed is `wrong`, and `word` is the name: at the first letter and the last too."""
    wrong = edited(word, kind, at, letter)
    if wrong in ("", word):
        return
    looked_up = candidates([wrong], [0])
    assert len(looked_up) == len(set(looked_up)) <= MOST_WORDS
    if len(wrong) <= WHOLE or kind in ("swap", "insert"):
        assert (0, word) in looked_up


def test_the_word_itself_and_nothing_are_not_looked_up() -> None:
    assert (0, "aab") not in candidates(["aab"], [0])
    assert (0, "") not in candidates(["a"], [0])


def test_of_a_long_name_rare_letters_are_left_out_first() -> None:
    long = "papadopoulos"
    assert len(set(one_edit_away(long))) > MOST_WORDS
    looked_up = {word for _, word in candidates([long], [0])}
    assert "papadopoulas" in looked_up
    assert "papadopoulqs" not in looked_up


def test_words_that_may_be_wrong_are_looked_up_in_turn() -> None:
    looked_up = candidates(["joan", "smith"], [0, 1])
    assert looked_up[:4] == [(0, "ojan"), (1, "msith"), (0, "jaon"), (1, "simth")]
    assert {place for place, _ in candidates(["joan", "smith"], [1])} == {1}
    assert len(looked_up) == MOST_WORDS


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Jhon  Smith", ("jhon", "smith")),
        ("Kovač-Tan", ("kovac", "tan")),
        ("jhon 14/3/81", ()),
        ("dr jhon", ()),
        ("a b c d", ("a", "b", "c", "d")),
        ("a b c d e", ()),
        ("x" * 41, ()),
        (" ", ()),
        ("sd-10482", ()),
    ],
)
def test_what_may_be_a_name(typed: str, found: tuple[str, ...]) -> None:
    assert words_of(typed) == found


@pytest.mark.parametrize(
    ("typed", "candidate", "patient", "written"),
    [
        (["jhon", "smi"], (0, "john"), "John Paul Smith", "John Smith"),
        (["smi", "jhon"], (1, "john"), "John Smith", "Smith John"),
        (["kovca"], (0, "kovac"), "Mirela Kovač-O'Brien", "Kovač-O'Brien"),
        (["kovca", "obr"], (0, "kovac"), "Mirela Kovač-O'Brien", "Kovač-O'Brien"),
        (["kovca", "sd"], (0, "kovac"), "Mirela Kovač", "Kovač sd"),
    ],
)
def test_what_is_found_is_written_as_the_patient_writes_it(
    typed: list[str], candidate: tuple[int, str], patient: str, written: str
) -> None:
    assert spelled(typed, candidate, patient) == written


def test_what_is_asked_is_the_whole_word_of_a_patient_and_the_other_words_as_typed() -> None:
    def booking(patient: str, practitioner: str = "Dr Rao") -> str:
        return search_text(
            patient_name=patient,
            ref="R1",
            practitioner_name=practitioner,
            appointment_type="",
            mobile="",
            birth_date=None,
        )

    is_hit = matcher(asking(["jhon", "smi"], (0, "john")))
    assert is_hit(booking("John Smith"))
    assert not is_hit(booking("Johnny Smith"))
    assert not is_hit(booking("John Rossi", "Dr Smith"))
    assert not is_hit(booking("Ann Smith", "Dr John"))
