"""Did not come (FTA / DNA), the other marks, and asking not to be charged: by keys in and text out."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from frontdesk.arrivals import AppointmentStatus
from frontdesk.billing.adjustments import Answer, Ground, Review
from frontdesk.bookings import Booking, Presence
from frontdesk.commands import Approve, Command, MarkNoShow, Subject
from frontdesk.errors import CommitLost, Unavailable
from frontdesk.preflight import Finding, Preflight
from frontdesk.screens.dialogs.command import Progress
from frontdesk.screens.dialogs.requesting import DidNotComeScreen
from frontdesk.store.sql.store import SqlStore
from tests.making import do
from tests.screens import test_promises_kept
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import KIM, NOW, PRACTICES, TOM, everything
from tests.screens.front import Front, key_event
from tests.screens.golden import same_as_golden
from tests.screens.test_menu import menu_lines, said_in_the_menu
from tests.screens.test_preflight import AsksPms
from tests.screens.test_promises_kept import Raises, wrapped

raising = test_promises_kept.raising
"""The store in front of the real one, which raises at will."""

SEEN = 2.0
PASSED = "SD-10484"
"""A new patient at a practice with a PMS: begun six days ago."""
NOT_NEW = "SD-20000"
"""Begun ten days ago; nobody knows whether the patient is new."""
BILLER = "biller@smile.example"
DID_NOT_ATTEND = (
    Answer("told-us", yes=True),
    Answer("other-time", yes=False),
    Answer("fee-charged", yes=False),
)


@pytest.fixture
async def billed(second_store: SqlStore) -> SqlStore:
    """The store where the practices have a billing account and a biller, and Praktika takes no-shows."""
    await second_store.registry.apply_practices(
        [
            replace(
                one,
                account="smile",
                biller=BILLER,
                pms=one.pms and replace(one.pms, can_mark_no_show=one.pms.can_cancel),
            )
            for one in PRACTICES
        ],
        KIM,
    )
    return second_store


@pytest.fixture
async def able(second_store: SqlStore) -> SqlStore:
    """The store where every PMS takes no-shows, and takes them back."""
    await second_store.registry.apply_practices(
        [
            replace(one, pms=one.pms and replace(one.pms, can_mark_no_show=True, can_take_back_no_show=True))
            for one in PRACTICES
        ],
        KIM,
    )
    return second_store


async def booking_of(front: Front, ref: str) -> Booking:
    (found,) = await front.store.find(ref)
    return found


async def open_menu(front: Front, ref: str) -> None:
    await front.type(ref.lower())
    await front.press("enter")


async def f_of(front: Front, ref: str) -> None:
    await open_menu(front, ref)
    await front.press("f")
    front.clock.advance(SEEN)


async def heard(front: Front) -> None:
    """Wait until the status line counts what the `billed` store was given: goldens show it."""
    await front.until(lambda: "1 change by other desks" in shown(front))


def shown(front: Front) -> str:
    """What is on the screen, with single blanks."""
    return " ".join(" ".join(front.lines()).split())


async def starting(store: SqlStore, ref: str, minutes_ago: int) -> None:
    """Have a booking begin some minutes ago."""
    (one,) = [one for one in everything() if one.ref == ref]
    await store.registry.load(
        [replace(one, starts_at=NOW - timedelta(minutes=minutes_ago), ends_at=None)], KIM, "file"
    )


async def test_the_greyed_cancel_leads_there_in_one_key(front: Front) -> None:
    await front.type(PASSED.lower())
    await front.press("tab", "c")
    cancel_line = next(line for line in menu_lines(front) if "c  Cancel" in line)
    assert "it started 6 days ago. Did not come: f" in cancel_line
    (marked,) = [line for line in menu_lines(front) if line.startswith("  | >")]
    assert "f  FTA / DNA" in marked
    await front.press("f")
    assert front.lines()[0] == " Did not come"


async def test_it_is_greyed_before_the_start_and_names_the_way_on(front: Front) -> None:
    await open_menu(front, "SD-10482")
    assert "f FTA / DNA not before it starts, Thu 26 Nov 10:30. To cancel: c" in shown(front)
    await front.press("f")
    assert front.app.screen is front.screen


async def test_enter_f_f8_marks_and_tells(front: Front, billed: SqlStore) -> None:
    await heard(front)
    await f_of(front, NOT_NEW)
    same_as_golden("did-not-come-80x24", front.lines())
    await front.press("f8")
    marked = (await booking_of(front, NOT_NEW)).attendance
    assert (marked.presence, marked.by, marked.notice) == (Presence.NO_SHOW, KIM, False)
    assert "did not come, Praktika waiting" in front.facts
    assert "FTA" in front.lines()[4]
    assert await front.store.adjustments((await booking_of(front, NOT_NEW)).id) == ()


async def test_a_confirm_before_it_was_seen_marks_nothing(front: Front) -> None:
    await open_menu(front, NOT_NEW)
    await front.press("f", "f8")
    assert "Too early: this window was not yet on your screen." in shown(front)
    assert (await booking_of(front, NOT_NEW)).attendance.presence is Presence.NONE
    await front.press("escape")
    assert "Left as it was. Nothing was marked." in front.line("keys")


async def test_a_pms_that_takes_no_no_shows_is_for_a_person(front: Front) -> None:
    await f_of(front, PASSED)
    assert "Praktika ! Manual update required: mark it there too" in shown(front)


async def answered(front: Front, pms: AsksPms, status: AppointmentStatus) -> None:
    """Have the PMS answer that the patient was there ten minutes ago."""
    at = NOW - timedelta(minutes=10)
    pms.answer = Preflight(Finding.ATTENDED, at, "Dr Lee", status, at, besides_status=Finding.SAME)
    pms.may_answer.set()
    await front.until(lambda: "Asking" not in shown(front))


async def test_who_has_arrived_there_is_not_marked_here(open_front: FrontOpener, billed: SqlStore) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        await f_of(front, NOT_NEW)
        assert "Praktika is told automatically. Asking now" in shown(front)
        await answered(front, pms, AppointmentStatus.ARRIVED)
        assert "Praktika ! shows arrived 09:04. Take that back there first" in shown(front)
        front.clock.advance(SEEN)
        await front.press("f8")
        assert "Praktika shows arrived 09:04: nothing was marked." in shown(front)
        assert (await booking_of(front, NOT_NEW)).attendance.presence is Presence.NONE
        assert await front.store.deliveries((await booking_of(front, NOT_NEW)).id) == ()


async def test_who_was_there_is_read_of_before_the_mark_counts(
    open_front: FrontOpener, billed: SqlStore
) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        await f_of(front, NOT_NEW)
        await answered(front, pms, AppointmentStatus.COMPLETED)
        assert "Praktika ! shows completed 09:04. Ask at the desk before you mark it" in shown(front)
        await front.press("f8")
        assert "Too early: this window was not yet on your screen." in shown(front)
        assert (await booking_of(front, NOT_NEW)).attendance.presence is Presence.NONE
        front.clock.advance(SEEN)
        await front.press("f8")
        assert (await booking_of(front, NOT_NEW)).attendance.presence is Presence.NO_SHOW


async def test_what_the_pms_shows_already_stops_neither_the_mark_nor_taking_it_back(
    open_front: FrontOpener, able: SqlStore
) -> None:
    (start,) = [one.starts_at for one in everything() if one.ref == NOT_NEW]
    for status, words, presence in (
        (AppointmentStatus.NO_SHOW, "did not come. F8 marks it here as well", Presence.NO_SHOW),
        (AppointmentStatus.ARRIVED, "arrived. F8 takes it back here as well", Presence.NONE),
    ):
        pms = AsksPms()
        pms.answer = Preflight(Finding.ATTENDED, start, "Dr Lee", status, besides_status=Finding.SAME)
        async with open_front(preflight=pms) as front:
            await f_of(front, NOT_NEW)
            pms.may_answer.set()
            await front.until(lambda: "Asking" not in shown(front))
            assert f"Praktika already shows {words}" in shown(front)
            await front.press("f8")
            assert (await booking_of(front, NOT_NEW)).attendance.presence is presence


async def test_the_pms_is_not_asked_when_an_arrival_is_taken_back(
    open_front: FrontOpener, able: SqlStore
) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        for presence in (Presence.ARRIVED, Presence.NONE):
            await open_menu(front, NOT_NEW)
            await front.press("v")
            front.clock.advance(SEEN)
            await front.press("f8")
            assert (await booking_of(front, NOT_NEW)).attendance.presence is presence
        assert not pms.asked


async def test_in_the_first_minutes_only_the_patients_own_word_counts(front: Front, billed: SqlStore) -> None:
    await starting(billed, PASSED, 5)
    await f_of(front, PASSED)
    assert "[ ] The patient told us they are not coming" in shown(front)
    assert "Did the patient tell you" not in shown(front), "the tick is the answer"
    await front.press("f8")
    assert "The patient may still come until 09:24" in shown(front)
    assert (await booking_of(front, PASSED)).attendance.presence is Presence.NONE
    await front.press("space", "tab", "n", "n", "f8")
    booking = await booking_of(front, PASSED)
    assert (booking.attendance.presence, booking.attendance.notice) == (Presence.NO_SHOW, True)
    (request,) = await front.store.adjustments(booking.id)
    assert request.answers == DID_NOT_ATTEND


async def test_y_and_n_answer_the_tick_too_and_go_on(front: Front, billed: SqlStore) -> None:
    await starting(billed, PASSED, 5)
    await f_of(front, PASSED)
    await front.press("n")
    assert "[ ] The patient told us they are not coming" in shown(front)
    await front.press("shift+tab", "y", "n", "n", "f8")
    booking = await booking_of(front, PASSED)
    assert (booking.attendance.presence, booking.attendance.notice) == (Presence.NO_SHOW, True)
    (request,) = await front.store.adjustments(booking.id)
    assert request.answers == DID_NOT_ATTEND


async def test_y_and_n_answer_the_next_question_from_where_the_ground_was_chosen(
    front: Front, billed: SqlStore
) -> None:
    await open_menu(front, PASSED)
    await front.press("b")
    front.clock.advance(SEEN)
    await front.press("y", "right")
    assert "[y/n] Was the patient here" in shown(front), "what was typed before it was asked answers nothing"
    await front.press("y", "n", "f8")
    (request,) = await front.store.adjustments((await booking_of(front, PASSED)).id)
    assert (request.ground, [one.yes for one in request.answers]) == (Ground.NOT_NEW, [True, False])


@pytest.mark.parametrize("key", ["f", "b"])
async def test_a_letter_too_many_is_not_typed_over_the_name(front: Front, billed: SqlStore, key: str) -> None:
    await open_menu(front, PASSED)
    await front.press(key)
    front.clock.advance(SEEN)
    if key == "b":
        await front.press("right", "right")
    await front.press("y", "n", "n", "n", "y", "f8")
    (request,) = await front.store.adjustments((await booking_of(front, PASSED)).id)
    assert (request.name, [one.yes for one in request.answers]) == (KIM.name, [True, False, False])


async def test_what_was_lacking_is_said_no_longer_once_it_is_there(front: Front, billed: SqlStore) -> None:
    await starting(billed, PASSED, 5)
    await f_of(front, PASSED)
    await front.press("f8")
    assert "The patient may still come" in shown(front)
    await front.press("space")
    assert "The patient may still come" not in shown(front)
    await front.press("tab", "y", "f8")
    assert "Answer with yes or no" in shown(front)
    await front.press("n")
    assert "Answer with yes or no" not in shown(front)
    await front.press("escape")
    await open_menu(front, PASSED)
    await front.press("b")
    front.clock.advance(SEEN)
    await front.press("f8")
    assert "First choose why nothing is to be charged." in shown(front)
    await front.press("left")
    assert "First choose why" not in shown(front)
    await front.press("tab", "f8")
    assert "Say why nothing is to be charged." in shown(front)
    await front.type("B")
    assert "Say why nothing" not in shown(front)


async def test_what_another_desk_did_is_not_unsaid_by_an_answer(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    await starting(billed, PASSED, 60)
    said = "The time changed since the list was read."
    await front.until(lambda: said in shown(front))
    await front.press("y")
    assert said in shown(front)


async def test_from_the_last_of_those_minutes_on_no_tick_is_needed(front: Front, billed: SqlStore) -> None:
    await starting(billed, PASSED, 15)
    await f_of(front, PASSED)
    assert "told us" not in shown(front)


async def test_a_new_patient_is_asked_for_in_the_same_command(front: Front, billed: SqlStore) -> None:
    await heard(front)
    await f_of(front, PASSED)
    await front.press("y", "n")
    same_as_golden("did-not-come-asked-80x24", front.lines())
    await front.press("f8")
    assert "Answer with yes or no: Has the practice charged the patient a fee?" in shown(front)
    assert (await booking_of(front, PASSED)).attendance.presence is Presence.NONE
    await front.press("n", "f8")
    booking = await booking_of(front, PASSED)
    (request,) = await front.store.adjustments(booking.id)
    assert booking.attendance.presence is Presence.NO_SHOW
    assert (request.ground, request.answers, request.name) == (
        Ground.DID_NOT_ATTEND,
        DID_NOT_ATTEND,
        KIM.name,
    )
    assert request.at == booking.attendance.at, "one command"
    assert front.facts.endswith("did not come, Praktika waiting, Awaiting Review")


async def test_the_request_can_be_left_out(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    assert "Request none, unless you answer the questions below" in shown(front)
    await front.press("f8")
    booking = await booking_of(front, PASSED)
    assert booking.attendance.presence is Presence.NO_SHOW
    assert await front.store.adjustments(booking.id) == ()


async def test_another_ground_is_chosen_in_the_dialog(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    await front.press("shift+tab", "shift+tab", "shift+tab", "right")
    assert "<The patient attended this practice before>" in shown(front)
    await front.press("f8")
    assert "Answer with yes or no: Was the patient here within the last 3 years?" in shown(front)
    await front.press("tab", "tab", "tab", "y", "n", "f8")
    (request,) = await front.store.adjustments((await booking_of(front, PASSED)).id)
    assert (request.ground, [one.yes for one in request.answers]) == (Ground.NOT_NEW, [True, False])


async def test_no_request_is_one_of_the_grounds(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    await front.press("y", "shift+tab", "shift+tab", "shift+tab", "shift+tab", "left")
    assert "<No request: it is charged>" in shown(front)
    assert "Your name" not in shown(front)
    await front.press("f8")
    assert await front.store.adjustments((await booking_of(front, PASSED)).id) == ()


@pytest.mark.parametrize("ref", [PASSED, "SD-10482"])
async def test_a_request_alone_is_a_line_of_the_menu(front: Front, billed: SqlStore, ref: str) -> None:
    await open_menu(front, ref)
    await front.press("b")
    front.clock.advance(SEEN)
    assert front.lines()[0] == " Request Billing Adjustment"
    await front.press("f8")
    assert "First choose why nothing is to be charged." in shown(front)
    await front.press("left", "tab")
    assert "<Other>" in shown(front)
    await front.press("f8")
    assert "Say why nothing is to be charged." in shown(front)
    await front.type("Booked twice")
    await front.press("f8")
    booking = await booking_of(front, ref)
    (request,) = await front.store.adjustments(booking.id)
    assert (request.ground, request.text, request.review) == (Ground.OTHER, "Booked twice", Review.AWAITING)
    assert front.facts.endswith("requested, Awaiting Review")
    await open_menu(front, ref)
    await front.press("b")
    front.clock.advance(SEEN)
    assert "a request of Kim Nguyen awaits review" in shown(front)
    await front.press("f8")
    assert len(await front.store.adjustments(booking.id)) == 1


async def test_who_is_not_new_is_not_asked_for(front: Front, billed: SqlStore) -> None:
    await open_menu(front, NOT_NEW)
    assert "Not charged" not in shown(front)


async def test_f_again_takes_it_back_and_the_request_falls(front: Front, billed: SqlStore) -> None:
    await heard(front)
    await f_of(front, PASSED)
    await front.press("y", "n", "n", "f8")
    await f_of(front, PASSED)
    assert front.lines()[0].startswith(" Marked did not come 09:14 by Kim Nguyen. Came after all?")
    await front.until(lambda: "Same name another Mirela" in shown(front))
    same_as_golden("came-after-all-80x24", front.lines())
    await front.press("f8")
    booking = await booking_of(front, PASSED)
    assert booking.attendance.presence is Presence.NONE
    (request,) = await front.store.adjustments(booking.id)
    assert request.review is Review.WITHDRAWN
    assert "taken back" in front.facts


async def test_once_it_is_approved_it_cannot_be_taken_back(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    await front.press("y", "n", "n", "f8")
    booking = await booking_of(front, PASSED)
    (request,) = await front.store.adjustments(booking.id)
    subject = Subject("adjustment", request.id)
    await billed.do(Command(uuid4(), subject, request.version, TOM, Approve()))
    await f_of(front, PASSED)
    assert "! the request not to be charged for this patient is approved" in shown(front)
    await front.press("f8")
    assert "The request not to be charged for this patient is approved." in shown(front)
    assert (await booking_of(front, PASSED)).attendance.presence is Presence.NO_SHOW


@pytest.mark.parametrize(("key", "presence"), [("v", Presence.ARRIVED), ("t", Presence.ATTENDED)])
async def test_arrived_and_attended_are_lines_of_the_menu(
    front: Front, billed: SqlStore, key: str, presence: Presence
) -> None:
    await front.type(PASSED.lower())
    await front.press("tab", key, "escape", "escape")
    assert (await booking_of(front, PASSED)).attendance.presence is Presence.NONE
    await open_menu(front, PASSED)
    await front.press(key)
    front.clock.advance(SEEN)
    assert "Praktika is not told. Mark it there as you always do" in shown(front)
    await front.press("f8")
    assert (await booking_of(front, PASSED)).attendance.presence is presence
    assert front.facts == presence
    assert f" {presence}" in front.lines()[4]
    await open_menu(front, PASSED)
    assert f"marked {presence} 09:14 by Kim Nguyen: take that back first" in said_in_the_menu(front)
    await front.press(key)
    front.clock.advance(SEEN)
    await front.press("f8")
    assert (await booking_of(front, PASSED)).attendance.presence is Presence.NONE


async def test_nobody_arrives_before_the_day(front: Front) -> None:
    await open_menu(front, "SD-10482")
    assert "Arrived" not in shown(front)


async def test_details_say_who_marked_it_and_what_was_asked(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    await front.press("y", "n", "n", "f8")
    await open_menu(front, PASSED)
    await front.press("d")
    assert "Attendance marked did not come 09:14 by Kim Nguyen" in shown(front)
    assert "Billing Awaiting Review, asked by Kim Nguyen 09:14 The patient did not attend" in shown(front)
    assert "What followed" in shown(front)


@pytest.mark.parametrize("is_early", [False, True])
async def test_the_smallest_window_has_all_of_it(
    open_front: FrontOpener, billed: SqlStore, is_early: bool
) -> None:
    if is_early:
        await starting(billed, PASSED, 5)
    async with open_front(size=(60, 16)) as front:
        await f_of(front, PASSED)
        lines = front.lines()
        wanted = [
            "Did not come",
            "Patient Mirela Kova",
            "Time Mon 16 Nov 2026" if not is_early else "Time Sun 22 Nov 2026",
            "Praktika ",
        ]
        wanted += ["Did you give the patient another time?", "Has the practice charged the patient a fee?"]
        wanted += ["Your name", "Esc Leave it", "F8 Did not come"]
        wanted += ["told us they are not coming" if is_early else "Did the patient tell you that they were"]
        for words in wanted:
            assert words in " ".join(" ".join(lines).split()), words
        await front.press("f8")
        said = "may still come" if is_early else "did not come"
        assert said in shown(front)


async def test_who_was_first_is_named_and_nothing_is_done_again(front: Front, billed: SqlStore) -> None:
    await f_of(front, PASSED)
    booking = await booking_of(front, PASSED)
    await do(billed, booking, MarkNoShow(), TOM)
    await front.until(lambda: "Nothing was done again" in shown(front))
    assert "Marked did not come 09:14 by Tom Reid. Nothing was done again. Esc closes." in shown(front)


@pytest.mark.parametrize("is_saved", [True, False])
async def test_a_lost_answer_is_asked_for(
    open_front: FrontOpener, raising: list[Raises], is_saved: bool
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        await f_of(front, NOT_NEW)
        dialog = front.app.screen
        assert isinstance(dialog, DidNotComeScreen)
        (lost,) = raising
        lost.errors["outcome"] = Unavailable("The line is cut.")
        (lost.errors_after if is_saved else lost.errors)["do"] = CommitLost(Unavailable("The line is cut."))
        front.app.post_message(key_event("f8"))
        while dialog._progress is not Progress.UNKNOWN:
            await front.pilot.pause(0.01)
        assert dialog.said == "Not known yet whether it was saved. Asking. Do not tell the patient yet."
        lost.errors.clear()
        await front.idle()
        marked = (await booking_of(front, NOT_NEW)).attendance.presence
        assert marked is (Presence.NO_SHOW if is_saved else Presence.NONE)
        if is_saved:
            assert "did not come" in front.facts
        else:
            assert dialog.said == "Not saved, nothing has happened: The line is cut. Try again or Esc."


async def test_a_store_that_is_away_has_nothing_marked(
    open_front: FrontOpener, raising: list[Raises]
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        await f_of(front, NOT_NEW)
        (lost,) = raising
        lost.errors["do"] = Unavailable("The store is away.")
        await front.press("f8")
        assert "Not saved, nothing has happened: The store is away. Try again or Esc." in shown(front)
        lost.errors.clear()
        await front.press("f8")
        assert (await booking_of(front, NOT_NEW)).attendance.presence is Presence.NO_SHOW
