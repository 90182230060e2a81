"""What is kept of a booking for the search, and what typed text asks of it."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.store.search.readings import shared_names
from frontdesk.store.search.terms import (
    MOST_TYPED_WORDS,
    NOTHING,
    AllOf,
    AnyOf,
    Word,
    interpret,
    matcher,
    on_mobile,
    practice_tag,
    search_tags,
    search_text,
    with_shared_words,
)
from frontdesk.text import fold

MIRELA = search_text(
    patient_name="Mirela Kovač-O'Brien",
    ref="SD-10482",
    practitioner_name="Dr Lee",
    appointment_type="Check-up and clean",
    mobile="0491 570 006",
    birth_date=date(1981, 3, 14),
)


def finds(typed: str, search: str = MIRELA) -> bool:
    expression = interpret(typed)
    return expression is None or matcher(expression)(search)


@pytest.mark.parametrize(
    "typed",
    [
        "mirela", "kov", "kovac", "KOVAČ", "mir kov", "kov mir", "obrien", "o'br", "O’Brien", "kovač-o'brien",
        "sd-10482", "SD10482", "sd-104", "10482", "lee", "dr lee", "check clean", "check-up",
        "0491 570 006", "0491570006", "0491", "0491 5", "(0491) 570-006", "+61491570006", "+61 491 570 006",
        "61491570", "+61", "+61 4", "0061 491", "+61 (0)491 570 006", "491570006", "006", "570006", "570 006", "70006", "kov 006", "006 mir", "mir 0491 570",
        "14/3/81", "14/03/1981", "14.3.1981", "14-3-81", "14/3", "14/3/8", "14/3/19", "14/3/198",
        "14 mar 81", "14 mar 1981", "14 March 1981", "14mar81", "14 mar", "14 m", "14-Mar-1981",
        "1981-03-14", "1981-3-14", "1981/03/14", "kov 1981-03-14", "kov 14/3/81", "14/3/81 kov", "14 mar 81 kovac",
        "lee kov 14/3/81 006", "",  "   ",
        "14031981", "kov 14031981", "dob 14/3/81", "DOB: 14.3.81", "d.o.b. 14-3-1981", "born 14 mar 81",
        "born on 14/3/81", "birth date 14/3/1981", "date of birth: 14 March 1981", "dob 14 3 81", "dob 14 03 1981", "dob 140381",
        "dob 14031981", "kov dob 14/3/81", "dob 14/3/81 kov", "dob 14/3", "dob 14 mar", "dob: 1981-03-14", "dr lee kov", "Dr. L",
    ],
)  # fmt: skip
def test_is_found(typed: str) -> None:
    assert finds(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "irela", "kova tan", "mirela kovacs", "zzz", "482", "06", "600", "6000", "570", "157", "0491 570 007",
        "3/14/81", "15/3/81", "14/4/81", "14/3/82", "14/3/2081", "14/3/1881", "14 apr 81", "14 mar 82", "41 mar 81",
        "1981-03-15", "1981-03", "61491", "+61 491 571", "+44 491", "1981", "81", "0314", "03141981", "19810314", "14 mir 82",
        "x", "p", "p12", "=x", "=p12", "=", "<600", "<600075", "@0314", "@", "!!", "'", "-", "#", "*",
        " ".join(["mirela"] * (MOST_TYPED_WORDS + 1)),
        "15031981", "14031881", "14132081", "140381", "14 3 81", "dob 15/3/81", "dob 15 3 81", "dob 150381", "dob", "dob kov",
        "born", "dobby 14/3/81", "dr rao",
    ],
)  # fmt: skip
def test_is_not_found(typed: str) -> None:
    assert not finds(typed)


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("11/3/55", "HB-11355"),
        ("10/7/81", "HB-10781"),
        ("10.7.81", "SD-10 7 81"),
        ("10-7-1981", "HB-1071981"),
        ("1981-10-07", "HB-19811007"),
        ("1981/10/7", "HB-1981107"),
        ("10 mar 81", "10MAR81"),
        ("10 mar 1981", "HB-10 MAR 1981"),
        ("45/1 11/3/55", "HB-11355"),
    ],
)
def test_a_whole_date_never_finds_a_reference(typed: str, reference: str) -> None:
    booking = search_text(
        patient_name="Ann Lee",
        ref=reference,
        practitioner_name="Dr Rao",
        appointment_type="",
        mobile="0411 107 81",
        birth_date=date(1990, 1, 2),
    )
    assert not finds(typed, booking)


@pytest.mark.parametrize("typed", ["11/3", "11/3/5", "31/2/55", "11/13/55", "11/3/553", "11 m 55"])
def test_what_is_no_whole_date_may_be_a_reference(typed: str) -> None:
    reference = "".join(char for char in typed if char.isalnum())
    assert finds(typed, search_text(
        patient_name="Ann Lee", ref=" ".join(fold(typed)) + f" {reference}", practitioner_name="Dr Rao",
        appointment_type="", mobile="", birth_date=None,
    ))  # fmt: skip


def test_a_filters_mark_is_nothing_that_can_be_typed() -> None:
    tags = search_tags(practice_id="adelaide", practitioner_id=12, cancelled=True)
    for typed in ("x", "=x", "p12", "=p12", "c", practice_tag("adelaide"), "adelaide"):
        assert not finds(typed, tags)


@pytest.mark.parametrize("practice", ["a b", "a=b", "'", '"', "#", "Zürich", "王", ""])
def test_a_practice_tag_is_plain_and_tells_practices_apart(practice: str) -> None:
    assert practice_tag(practice).removeprefix("=").isalnum()
    assert practice_tag(practice).isascii()
    assert practice_tag(practice) != practice_tag(practice + "x")


def test_a_blank_asks_nothing_and_bare_signs_find_nothing() -> None:
    assert interpret(" \t ") is None
    assert interpret("!?") == NOTHING
    assert not matcher(NOTHING)(MIRELA)


def test_digits_may_be_a_beginning_or_the_end_of_a_mobile() -> None:
    assert interpret("006") == AllOf((AnyOf((Word("006"), Word("<600"))),))
    assert interpret("06") == AllOf((Word("06"),))


def test_groups_of_digits_are_one_number_or_several() -> None:
    apart = AllOf((AnyOf((Word("104"), Word("<401"))), AnyOf((Word("006"), Word("<600")))))
    assert interpret("104 006") == AllOf((AnyOf((AnyOf((Word("104006"), Word("<600401"))), apart)),))
    assert interpret("0491 570") == AllOf((AnyOf((Word("0491570"), Word("<0751940"))),)), "a telephone number"


@pytest.mark.parametrize(
    ("ref", "typed"), [("SD10482", "sd-10482"), ("SD-10482", "sd10482"), ("7K3M9Q", "7k3m")]
)
def test_a_reference_is_found_with_and_without_its_dash(ref: str, typed: str) -> None:
    assert finds(
        typed,
        search_text(
            patient_name="", ref=ref, practitioner_name="", appointment_type="", mobile="", birth_date=None
        ),
    )


def test_shared_words_are_spelled_out() -> None:
    words = shared_names("Dr Lee\x1eDrew Lim\x1eRoot canal").words
    assert words == ["canal", "dr", "drew", "lee", "lim", "root"]
    asked = with_shared_words(AllOf((Word("dr"), Word("<dr"), Word("@dr"))), words)
    assert asked == AllOf(
        (AnyOf((Word("dr"), Word(">dr", whole=True), Word(">drew", whole=True))), Word("<dr"), Word("@dr"))
    )
    many = [f"dr{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert with_shared_words(Word("dr"), many) == AnyOf((Word("dr"), Word(">dr")))
    assert with_shared_words(NOTHING, words) == NOTHING
    assert with_shared_words(Word("dr", own=True), words) == Word("dr", own=True)


def test_behind_a_title_the_next_word_is_a_practitioners() -> None:
    names = ["Dr Lee", "Dr Lindqvist", "Ms Nguyen", "Root canal"]
    assert interpret("dr li", names) == AllOf((AnyOf((Word(">lindqvist", whole=True),)),))
    assert interpret("dr lee", [*names, "Mr Lee"]) == AllOf(
        (AnyOf((Word(">lee", whole=True),)), Word(">dr", whole=True))
    ), "another one has the name"
    assert interpret("dr nguyen", names) == AllOf((Word("dr"), Word("nguyen")))
    assert interpret("lee dr", names) == AllOf((Word("lee"), Word("dr")))
    assert interpret("dr d", ["Dr Dunn"]) == AllOf((AnyOf((Word(">dunn", whole=True),)),)), (
        "no title is a name"
    )
    many = [f"Dr D{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert interpret("dr d", many) == AllOf((Word(">d"), Word(">dr", whole=True)))


def dates_meant(typed: str) -> set[Word]:
    asked = interpret(typed)
    assert isinstance(asked, AllOf)
    (part,) = asked.parts
    assert isinstance(part, AnyOf)
    return {date for date in part.parts if isinstance(date, Word)}


def test_a_year_of_two_digits_is_of_either_century() -> None:
    assert dates_meant("2/1/07") == {Word("@01021907", whole=True), Word("@01022007", whole=True)}
    assert dates_meant("2/1/8") == {Word("@0102198"), Word("@0102208")}


def test_a_year_that_is_being_typed_is_not_taken_for_a_short_one() -> None:
    assert dates_meant("2/1/19") == {
        Word("@01021919", whole=True),
        Word("@01022019", whole=True),
        Word("@010219"),
    }


@pytest.mark.parametrize(
    ("mobile", "typed"),
    [
        ("+61 491 570 006", "0491 570 006"),
        ("0061 491 570 006", "0491570006"),
        ("0011 61 491 570 006", "+61491570006"),
        ("(02) 5550 1234", "0255501234"),
        ("+44 7700 900123", "447700900123"),
        ("+44 7700 900123", "0123"),
        ("0491 570 006 / 0491 570 110", "570110"),
        ("0491 570 006 / 0491 570 110", "0491570006"),
    ],
)
def test_a_mobile_is_found_however_it_was_written(mobile: str, typed: str) -> None:
    search = search_text(
        patient_name="", ref="", practitioner_name="", appointment_type="", mobile=mobile, birth_date=None
    )
    assert finds(typed, search)


@pytest.mark.parametrize(
    ("mobile", "found"),
    [
        ("0491 570 006", True),
        ("+61 491 570 006", True),
        ("61491570006", True),
        ("08 5550 0100 / 0491 570 006", True),
        ("0491 570 00", False),
        ("570 006", False),
        ("0491 570 0060", False),
        ("", False),
        ("none", False),
    ],
)
def test_a_household_is_found_by_its_whole_mobile(mobile: str, found: bool) -> None:
    assert matcher(on_mobile(mobile))(MIRELA) is found
    assert (on_mobile(mobile) == NOTHING) is (not any(map(str.isdigit, mobile)))


def test_a_reference_of_the_same_digits_is_no_mobile() -> None:
    ref = search_text(
        patient_name="",
        ref="0491570006",
        practitioner_name="",
        appointment_type="",
        mobile="",
        birth_date=None,
    )
    assert not matcher(on_mobile("0491570006"))(ref)


@given(st.text(max_size=60), st.text(max_size=30))
@settings(max_examples=50)
def test_words_are_what_every_index_can_hold(name: str, ref: str) -> None:
    search = search_text(
        patient_name=name, ref=ref, practitioner_name="", appointment_type="", mobile=ref, birth_date=None
    )
    words = search.split(" ") if search else []
    assert len(set(words)) == len(words)
    for word in words:
        assert 0 < len(word.encode()) <= 200
        assert word.lstrip("<@>").isalnum()


@given(st.text(min_size=1, max_size=40), st.integers(1, 10))
@settings(max_examples=50)
def test_whoever_is_typed_in_full_or_in_part_is_found(name: str, letters: int) -> None:
    search = search_text(
        patient_name=name, ref="", practitioner_name="", appointment_type="", mobile="", birth_date=None
    )
    words = fold(name)
    # Digits side by side may be a telephone number, or a birth date: these have tests of their own.
    if 0 < len(words) <= MOST_TYPED_WORDS and not any(word.isdigit() for word in words):
        assert finds(name, search)
        assert finds(" ".join(word[:letters] for word in reversed(words)), search)
