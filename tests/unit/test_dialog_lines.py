"""What Cancel Booking says is a function of its state and the window's size, in lines whose parts have roles."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from frontdesk.bookings import OTHER_STORE, Reason
from frontdesk.errors import FrontdeskError, Refused, Unavailable
from frontdesk.preflight import Finding, Preflight
from frontdesk.words.cancelling import Cancelling, cancel_lines
from frontdesk.words.dialog import message_lines, not_saved
from frontdesk.words.fitting import wrapped
from frontdesk.words.summary import PATIENT_READS
from frontdesk.words.told import LABEL_START, Role, Told, labelled
from tests.making import BY_HAND, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
PRACTICE = make_practice(email="")
STATE = Cancelling(make_booking(practice=PRACTICE), (), Preflight(Finding.SAME), NOW, PRACTICE)


def roles(line: Told) -> list[tuple[str, Role]]:
    return [(part.text.strip(), part.role) for part in line.parts if part.text.strip()]


def right(line: Told) -> str:
    return "".join(part.text for part in line.right)


def texts(state: Cancelling, width: int = 80, height: int = 24) -> dict[str, list[str]]:
    return {
        place: [str(line) for line in lines] for place, lines in cancel_lines(state, width, height).items()
    }


def test_each_part_says_what_it_is_for() -> None:
    shown = cancel_lines(replace(STATE, namesakes=(make_patient(mobile=""),), used=4), 80, 24)
    assert roles(shown["title"][0]) == [("Cancel Booking", Role.TITLE)]
    _, same_name, time, *_ = shown["summary"]
    assert {role for _, role in roles(same_name)} == {Role.WARNING}
    assert [role for _, role in roles(time)] == [Role.LABEL, Role.VALUE]
    assert roles(shown["label"][0])[1] == ("THE PATIENT READS THIS", Role.BAR)
    assert right(shown["label"][0]) == "4/255 "
    assert roles(shown["undone"][0]) == [("This action cannot be undone.", Role.STRONG)]
    assert [roles(line) for line in shown["buttons"]] == [
        [("Keep Booking  Esc", Role.KEY)],
        [("Cancel Booking  F8", Role.KEY)],
    ]
    assert roles(shown["hint"][0]) == [("Tab moves, Enter presses", Role.QUIET)]


def test_what_contradicts_and_what_is_done_by_hand_warns() -> None:
    for state in (
        replace(STATE, preflight=Preflight(Finding.GONE)),
        replace(STATE, booking=make_booking(practice=make_practice(pms=BY_HAND))),
    ):
        told = cancel_lines(state, 80, 24)["follows"][0]
        assert [role for _, role in roles(told)] == [Role.LABEL, Role.CHIP]
        assert roles(told)[1][0].startswith("!")
    assert roles(cancel_lines(STATE, 80, 24)["follows"][0])[1][1] is Role.VALUE


def test_a_low_window_leaves_out_the_note_and_billing_and_never_what_warns() -> None:
    low, whole = texts(STATE, 60, 16), texts(STATE)
    assert whole.keys() - low.keys() == {"billing", "above-message", "note-label"}
    by_phone = replace(STATE, has_tick=True)
    assert texts(STATE).keys() - texts(by_phone).keys() == {"billing"}
    assert texts(by_phone).keys() - texts(by_phone, 60, 16).keys() == {
        "follows-title",
        "above-message",
        "note-label",
    }
    with_copy = replace(STATE, booking=make_booking())
    assert len(texts(with_copy, 60, 16)["follows"]) == 3
    assert len(texts(replace(with_copy, has_tick=True), 60, 16)["follows"]) == 2
    assert "follows-title" not in texts(with_copy, 60, 16)
    assert "follows-title" in texts(with_copy)


def test_the_note_goes_before_billing_as_lines_get_fewer() -> None:
    shown = {
        height: texts(STATE, 80, height).keys() & {"note-label", "billing"} for height in (24, 18, 17, 16)
    }
    assert shown == {24: {"note-label", "billing"}, 18: {"note-label", "billing"}, 17: {"billing"}, 16: set()}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_word_for_the_file_stands_beside_the_count_and_never_hides_who_reads(width: int) -> None:
    (label,) = cancel_lines(replace(STATE, used=3, filed="Dentist away"), width, 24)["label"]
    assert PATIENT_READS in str(label)
    assert right(label).endswith("3/255 ")
    assert cell_len(str(label)) + cell_len(right(label)) <= width
    assert (right(label) == "Filed as Dentist away  3/255 ") == (width >= 80)
    (long,) = cancel_lines(replace(STATE, filed="W" * 40), width, 24)["label"]
    assert cell_len(str(long)) + cell_len(right(long)) <= width


def test_an_answer_takes_the_last_of_its_lines() -> None:
    assert texts(replace(STATE, message="Saving..."))["message"] == ["  Saving..."]
    long = replace(STATE, message="word " * 20)
    assert texts(long)["above-message"][0].startswith("  word")
    assert texts(long)["message"][0].startswith("  word")


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("height", [16, 24, 40])
@pytest.mark.parametrize(
    ("why", "way_on"),
    [
        (
            Unavailable(f"/srv/{'long/' * 30}desk.db is missing: nothing was changed; mount it."),
            "Try again or Esc.",
        ),
        (Refused(Reason(OTHER_STORE, "the bookings were replaced " * 6)), "Esc closes."),
    ],
)
def test_what_to_do_is_never_cut(why: FrontdeskError, way_on: str, width: int, height: int) -> None:
    said = not_saved(why, width, height)
    assert said.startswith("Not saved, nothing has happened")
    assert said.endswith(way_on)
    lines = wrapped(said, width - LABEL_START)
    assert len(lines) <= message_lines(height)
    assert all(cell_len(line) <= width - LABEL_START for line in lines)


def test_a_line_without_text_has_no_blanks_at_its_end() -> None:
    assert str(labelled("", "")) == ""
    assert str(labelled("Time", "now")) == "  Time          now"
