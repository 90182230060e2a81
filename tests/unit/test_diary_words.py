"""How a diary stands, in words: the worst that is true, in the room that there is, and nothing where all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from frontdesk.bookings import Operator, Practice
from frontdesk.commands import Subject
from frontdesk.diary_health import COMPARED_WITHIN, FAILING_FOR, SAID, Health, health
from frontdesk.store.port import Change
from frontdesk.store_state import DiaryState
from frontdesk.words.diaries import shown_as, waiting_words, what_is_wrong, worst
from frontdesk.words.lists import moved_word
from tests.making import make_booking, make_practice

NOW = datetime(2026, 11, 26, 9, 14, tzinfo=UTC)
READ = NOW - timedelta(minutes=23)
WELL = DiaryState("adelaide", NOW, NOW, pause=timedelta(minutes=5))
TELL = "Tell Jo Park."
KIM = Operator("Kim Nguyen")


def ill(**changes: Any) -> DiaryState:
    return replace(WELL, read_at=READ, **changes)


HELD = ill(held=7, held_fewer=42, held_changes=3)
REFUSED = ill(is_refused=True, trouble="it does not accept our key")
FAILING = ill(failures=3, failing_since=READ, trouble="it does not answer")
SENTENCES = [
    (WELL, Health.WELL, ""),
    (
        HELD,
        Health.HELD,
        "Praktika suddenly shows 42 bookings fewer. Nothing was changed here; the list is from 08:51. "
        "Tell Jo Park.",
    ),
    (
        ill(held=7, held_changes=1_203),
        Health.HELD,
        "Praktika suddenly shows 1,203 bookings otherwise. Nothing was changed here; the list is from 08:51. "
        "Tell Jo Park.",
    ),
    (
        REFUSED,
        Health.REFUSED,
        "Praktika is not read: it does not accept our key. The list is from 08:51.",
    ),
    (FAILING, Health.FAILING, "Praktika cannot be read since 08:51: it does not answer."),
    (
        ill(is_unattended=True),
        Health.UNATTENDED,
        "Nobody reads Praktika since 08:51: newer bookings are not here.",
    ),
    (
        replace(WELL, read_at=None, is_unattended=True),
        Health.UNATTENDED,
        "Nobody reads Praktika: newer bookings are not here.",
    ),
    (
        ill(is_complete=False, trouble="it does not answer"),
        Health.INCOMPLETE,
        "Praktika was not read completely yet: it does not answer.",
    ),
    (ill(), Health.LATE, "Praktika last read 08:51 (23 min ago): newer bookings are not here."),
    (
        replace(WELL, read_at=NOW - timedelta(hours=25)),
        Health.LATE,
        "Praktika last read yesterday 08:14 (25 h ago): newer bookings are not here.",
    ),
    (
        replace(WELL, compared_at=NOW - timedelta(hours=27)),
        Health.NOT_COMPARED,
        "Praktika was last compared in full yesterday 06:14.",
    ),
]


@pytest.mark.parametrize(("diary", "stands", "said"), SENTENCES)
def test_a_diary_is_said_in_a_sentence(diary: DiaryState, stands: Health, said: str) -> None:
    assert health(diary, NOW) is stands
    assert what_is_wrong(diary, "Praktika", NOW, UTC, TELL) == said


@pytest.mark.parametrize(("diary", "stands", "said"), SENTENCES)
def test_whom_to_tell_and_what_is_wrong_fit_a_line(diary: DiaryState, stands: Health, said: str) -> None:
    short = what_is_wrong(diary, "Praktika", NOW, UTC, TELL, 79)
    assert cell_len(short) <= 79
    assert short.endswith(TELL) is (stands is Health.HELD)


def test_in_a_narrow_window_the_instruction_stays() -> None:
    assert what_is_wrong(HELD, "Praktika", NOW, UTC, TELL, 50) == (
        "Praktika shows 42 bookings fewer. Tell Jo Park."
    )


@pytest.mark.parametrize(
    "diary",
    [
        replace(WELL, read_at=NOW - timedelta(minutes=12)),
        replace(WELL, read_at=NOW - timedelta(minutes=55), pause=timedelta(minutes=30)),  # at night
        replace(WELL, compared_at=NOW - COMPARED_WITHIN),
        replace(WELL, failures=2, failing_since=READ),
        replace(WELL, failures=9, failing_since=NOW - FAILING_FOR + timedelta(seconds=1)),
    ],
)
def test_a_bad_moment_is_not_said(diary: DiaryState) -> None:
    assert health(diary, NOW) is Health.WELL


def test_the_worst_comes_first_and_at_home() -> None:
    home, north, east = (make_practice(one) for one in ("home", "north", "east"))
    late, held = ill(practice_id="north"), replace(HELD, practice_id="east")
    found = worst([late, ill(practice_id="home"), held, WELL], [home, north, east], home, NOW)
    assert [practice.id for practice, _ in found] == ["east", "home", "north"]
    old = replace(WELL, practice_id="home", compared_at=None)
    assert (health(old, NOW) in SAID, worst([old], [home], home, NOW)) == (False, ())
    assert worst([HELD], [north], None, NOW) == ()  # a practice that the desk has not read yet


def test_a_diary_is_called_by_its_practice_where_several_are_read() -> None:
    here, north = make_practice(), make_practice("north")
    one, other = DiaryState("adelaide"), DiaryState("north")
    assert shown_as(here, [here, north], [one]) == "Praktika"
    assert shown_as(here, [here, north], [one, other]) == "Praktika ADE"


def change(number: int, effect: str, source: str = "Praktika") -> Change:
    return Change(number, Subject("booking", number), number, KIM, NOW, source, effect)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([change(1, "moved"), change(2, "new"), change(3, "new")], "2 new, 1 moved in Praktika"),
        ([change(1, "gone"), change(2, "", "")], "1 deleted in Praktika, 1 change by other desks"),
        ([change(1, "new"), change(2, "moved", "Cliniko")], "1 moved in Cliniko, 1 new in Praktika"),
        ([change(1, "a newer program's word")], "1 otherwise changed in Praktika"),
        ([change(1, "", ""), change(2, "", "")], "2 changes by other desks"),
    ],
)
def test_what_waits_is_counted_by_what_became_of_it(changes: list[Change], said: str) -> None:
    assert waiting_words(changes) == said


@pytest.mark.parametrize(
    ("by", "said"),
    [(timedelta(0), ""), (timedelta(days=1), "now Fri 27"), (timedelta(minutes=30), "now 11:00")],
)
def test_a_booking_that_has_moved_says_where_to(by: timedelta, said: str) -> None:
    practice: Practice = make_practice()
    booking = make_booking(practice=practice)  # Thu 26 Nov 10:30
    assert moved_word(replace(booking, starts_at=booking.starts_at + by), booking.starts_at) == said
