"""What Cancel Booking says is a function of its state and the window's size, in lines whose parts have roles."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import OTHER_STORE, Reason
from frontdesk.errors import FrontdeskError, Refused, Unavailable
from frontdesk.identity import NOTHING_RELATED, Related
from frontdesk.preflight import Finding, Preflight
from frontdesk.words.cancelling import Cancelling, cancel_lines
from frontdesk.words.dialog import (
    FREED,
    LABEL_AT,
    MOVING,
    PICKED,
    inset,
    message_lines,
    not_saved,
    text_at,
    text_width,
)
from frontdesk.words.fitting import wrapped
from frontdesk.words.summary import PATIENT_READS
from frontdesk.words.told import Role, Told, labelled
from tests.making import BY_HAND, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
PRACTICE = make_practice(email="")
STATE = Cancelling(make_booking(practice=PRACTICE), NOTHING_RELATED, Preflight(Finding.SAME), NOW, PRACTICE)


NAMESAKE = replace(STATE.booking, id=8, patient=make_patient(mobile=""))
"""Of the same name and birth date, but with another mobile."""


def roles(line: Told) -> list[tuple[str, Role]]:
    return [(part.text.strip(), part.role) for part in line.parts if part.text.strip()]


def right(line: Told) -> str:
    return "".join(part.text for part in line.right)


def texts(state: Cancelling, width: int = 80, height: int = 24) -> dict[str, list[str]]:
    return {
        place: [str(line) for line in lines] for place, lines in cancel_lines(state, width, height).items()
    }


def test_each_part_says_what_it_is_for() -> None:
    shown = cancel_lines(replace(STATE, related=Related(namesakes=(NAMESAKE,)), used=4), 80, 24)
    assert roles(shown["title"][0]) == [("Cancel Booking", Role.TITLE)]
    patient, time, same_name = shown["summary"]
    for line, role in ((patient, Role.STRONG), (time, Role.STRONG), (same_name, Role.WARNING)):
        assert [one for _, one in roles(line)] == [Role.LABEL, role]
    assert [role for _, role in roles(shown["with"][0])] == [Role.LABEL, Role.VALUE]
    assert roles(shown["label"][0])[1] == ("THE PATIENT READS THIS", Role.BAR)
    assert right(shown["label"][0]).strip() == "4/255"
    assert roles(shown["undone"][0]) == [("This action cannot be undone.", Role.VALUE)]
    assert roles(shown["keys"][0]) == [
        ("Esc", Role.KEY),
        ("Keep Booking", Role.VALUE),
        ("F8  Cancel Booking", Role.DANGER),
        ("Tab moves, Enter presses", Role.VALUE),
    ]
    assert (shown["title"][0].on, shown["keys"][0].on) == (Role.TITLE, Role.BAR)


def test_the_colour_of_danger_is_on_the_confirm_alone() -> None:
    shown = cancel_lines(replace(STATE, message="Saving..."), 80, 24)
    dangerous = [
        part.text
        for lines in shown.values()
        for line in lines
        for part in line.parts
        if part.role is Role.DANGER
    ]
    assert [text.strip() for text in dangerous] == ["F8  Cancel Booking"]


def test_where_nothing_is_left_to_confirm_there_is_no_confirm() -> None:
    (keys,) = cancel_lines(replace(STATE, is_over=True), 80, 24)["keys"]
    assert roles(keys) == [("Esc", Role.KEY), ("Close", Role.VALUE)]


def test_what_contradicts_and_what_is_done_by_hand_warns() -> None:
    for state in (
        replace(STATE, preflight=Preflight(Finding.GONE)),
        replace(STATE, booking=make_booking(practice=make_practice(pms=BY_HAND))),
    ):
        (told,) = cancel_lines(state, 80, 24)["pms"]
        assert [role for _, role in roles(told)] == [Role.LABEL, Role.CHIP]
        assert roles(told)[1][0].startswith("!")
    assert roles(cancel_lines(STATE, 80, 24)["pms"][0])[1][1] is Role.VALUE


BY_PHONE = replace(STATE, has_tick=True)
WITH_COPY = replace(STATE, booking=make_booking())
STATES = (STATE, BY_PHONE, WITH_COPY, replace(WITH_COPY, has_tick=True))
NEVER_GOES = {
    "title",
    "summary",
    "with",
    "pms",
    "patient-told",
    "label",
    "reason",
    "message",
    "undone",
    "keys",
}


@pytest.mark.parametrize("state", STATES)
def test_it_has_as_many_lines_as_the_window_and_the_same_ones_from_the_design_size_on(
    state: Cancelling,
) -> None:
    whole = texts(state)
    for height in range(16, 50):
        shown = texts(state, 80, height)
        assert sum(map(len, shown.values())) == min(height, 24)
        assert shown.keys() >= NEVER_GOES
        assert len(shown["reason"]) == 3
        if height >= 24:
            assert shown == whole
            assert texts(state, 200, height).keys() == whole.keys()


@pytest.mark.parametrize("state", STATES)
def test_the_fields_stand_on_the_same_lines_whatever_follows(state: Cancelling) -> None:
    shown = texts(state)
    before = list(shown)[: list(shown).index("reason")]
    assert sum(len(shown[place]) for place in before) == 15


def test_as_lines_get_fewer_the_gaps_go_first_then_the_note_then_billing() -> None:
    gone: list[set[str]] = []
    for height in range(24, 15, -1):
        missing = texts(WITH_COPY).keys() - texts(WITH_COPY, 80, height).keys()
        gone.append(missing - set().union(*gone))
    order = [gap for gaps in gone for gap in sorted(gaps)]
    assert order == [
        "above-message",
        "freed",
        "move",
        "picked",
        "note",
        "note-label",
        "billing",
        "follows-title",
    ]
    assert "told" in texts(replace(WITH_COPY, has_tick=True), 60, 16)


def test_what_else_the_patient_has_booked_is_said_to_stay_beside_who_shares_the_mobile() -> None:
    other = replace(STATE.booking, id=9, starts_at=STATE.booking.starts_at + timedelta(days=3))
    ella = replace(
        other,
        id=10,
        patient=make_patient(name="Ella Smith"),
        starts_at=STATE.booking.starts_at + timedelta(hours=1),
    )
    when, seen_by = times.when_in_words(other.starts_at, other.practice.zone, NOW), other.practitioner.name
    also = replace(STATE, related=Related(also_booked=(other,)))
    assert texts(also)["also"] == [f"   Also booked    {when} {seen_by}, stays booked"]
    (line,) = texts(replace(also, related=replace(also.related, same_mobile=(ella,))))["also"]
    assert line.startswith(f"   Also booked    {when}")
    assert "stays booked     Same mobile: Ella " in line
    (line,) = texts(replace(STATE, related=Related(same_mobile=(ella,))))["also"]
    assert line.startswith("   Same mobile    Ella ")


def test_what_later_lines_say_has_its_place() -> None:
    assert texts(STATE)["also"] == [""]
    assert [texts(STATE)[place] for place in (PICKED, MOVING, FREED)] == [[""]] * 3


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_word_for_the_file_stands_beside_the_count_and_never_hides_who_reads(width: int) -> None:
    (label,) = cancel_lines(replace(STATE, used=3, filed="Dentist away"), width, 24)["label"]
    assert PATIENT_READS in str(label)
    assert right(label).endswith("3/255  ")
    assert cell_len(str(label)) + cell_len(right(label)) <= text_width(width)
    assert (right(label) == "Filed as Dentist away  3/255  ") == (width >= 80)
    (long,) = cancel_lines(replace(STATE, filed="W" * 40), width, 24)["label"]
    assert cell_len(str(long)) + cell_len(right(long)) <= text_width(width)


def test_an_answer_takes_the_last_of_its_lines() -> None:
    assert texts(replace(STATE, message="Saving..."))["message"] == ["   Saving..."]
    long = replace(STATE, message="word " * 20)
    assert texts(long)["above-message"][0].startswith("   word")
    assert texts(long)["message"][0].startswith("   word")


@pytest.mark.parametrize("width", [60, 79, 80, 200])
def test_a_label_of_any_length_leaves_a_blank_before_what_it_names(width: int) -> None:
    (line,) = inset([labelled("A very long name of a PMS", "is told")], width)
    assert str(line)[text_at(width) - 1 :] == " is told"


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
    room = text_width(width) - LABEL_AT
    lines = wrapped(said, room)
    assert len(lines) <= message_lines(height)
    assert all(cell_len(line) <= room for line in lines)


def test_a_line_without_text_has_no_blanks_at_its_end() -> None:
    assert str(labelled("", "")) == ""
    assert str(labelled("Time", "now")) == "  Time          now"
