"""What the windows of FTA / DNA say, as a function of their state and the window's size."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from frontdesk.arrivals import AppointmentStatus
from frontdesk.attendance import why_not_take_back
from frontdesk.billing.adjustments import QUESTIONS, TOLD_US, Adjustment, Ground, Review
from frontdesk.bookings import Attendance, Booking, Pms, Presence, Reason, Standing
from frontdesk.identity import NOTHING_RELATED, Related
from frontdesk.preflight import Finding, Preflight
from frontdesk.words.attendance import (
    CAME_WORDS,
    Marking,
    back_lines,
    came_lines,
    no_show_lines,
    request_lines,
    state_lines,
)
from frontdesk.words.dialog import ROOM
from frontdesk.words.preflight import (
    CANCELLING,
    MARKING_NO_SHOW,
    TAKING_BACK_NO_SHOW,
    Reading,
    pms_says,
    why_refused,
)
from frontdesk.words.told import Shown
from tests.making import KIM, LEE, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PRAKTIKA = Pms(
    "smile", "praktika", "Praktika", can_cancel=True, can_mark_no_show=True, can_take_back_no_show=True
)
PRACTICE = make_practice(pms=PRAKTIKA, account="smile", biller="biller@example.com")
BOOKING = make_booking(
    starts_at=NOW - timedelta(hours=1), practice=PRACTICE, patient=make_patient(is_new=True), pms_ref="8"
)
ABSENT = replace(BOOKING, attendance=Attendance(Presence.NO_SHOW, by=KIM, at=NOW))
REQUEST = Adjustment(1, 1, BOOKING.id, Ground.DID_NOT_ATTEND, (), "", "Kim Nguyen", KIM, NOW)
SIZES = [(60, 16), (80, 24), (120, 40)]


def marking(booking: Booking = BOOKING, preflight: Preflight | None = None, **changes: object) -> Marking:
    return replace(Marking(booking, NOTHING_RELATED, preflight, NOW, None), **changes)  # type: ignore[arg-type]


def said(shown: Shown, place: str) -> str:
    return " ".join(" ".join(map(str, shown.get(place, ()))).split())


def follows_of(shown: Shown) -> str:
    return " ".join(filter(None, (said(shown, place) for place in ("pms", "patient-told", "request"))))


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Finding.CANCELLED, "Praktika ! it is cancelled there. Look there first"),
        (Finding.SEVERAL, "Praktika ! shows several patients for it. Mark it there by hand"),
        (Finding.SERIES, "Praktika ! shows a series of appointments. Mark this one there by hand"),
        (Finding.ATTENDED, "Praktika ! says the patient came, or did not come. Look there first"),
        (Finding.NOT_ASKED, "Praktika is told automatically. Not checked here"),
    ],
)
def test_what_the_pms_shows_is_said_of_a_mark_and_never_of_a_cancel(finding: Finding, words: str) -> None:
    shown = no_show_lines(marking(preflight=Preflight(finding)), 80, 24)
    assert follows_of(shown).startswith(words)


ARRIVED, COMPLETED, ABSENT_THERE = (
    AppointmentStatus.ARRIVED,
    AppointmentStatus.COMPLETED,
    AppointmentStatus.NO_SHOW,
)
TODAY, YESTERDAY = NOW - timedelta(minutes=42), NOW - timedelta(days=1)
LAST_YEAR = NOW - timedelta(days=300)


def attended(
    status: AppointmentStatus, since: datetime | None = None, besides: Finding = Finding.SAME
) -> Preflight:
    return Preflight(Finding.ATTENDED, BOOKING.starts_at, BOOKING.practitioner.name, status, since, besides)


@pytest.mark.parametrize(
    ("preflight", "words"),
    [
        (attended(ARRIVED, TODAY), "! shows arrived 10:48. Take that back there first"),
        (attended(ARRIVED, YESTERDAY), "! shows arrived yesterday 11:30. Take that back there first"),
        (attended(ARRIVED), "! shows arrived. Take that back there first"),
        (attended(ARRIVED, TODAY, Finding.DIFFERENT), "! shows arrived 10:48. Ask at the desk before you"),
        (attended(COMPLETED), "! shows completed. Ask at the desk before you mark it"),
        (attended(ABSENT_THERE), "already shows did not come. F8 marks it here as well"),
        (attended(ABSENT_THERE, TODAY), "already shows did not come 10:48. F8 marks it here as well"),
        (attended(ABSENT_THERE, LAST_YEAR), "already shows did not come. F8 marks it here as well"),
        (
            replace(attended(ABSENT_THERE, TODAY, Finding.DIFFERENT), starts_at=TODAY),
            "! now shows Sun 22 Nov 10:48, ",
        ),
        (attended(ABSENT_THERE, TODAY, Finding.UNCLEAR), "! shows it in a way that we cannot compare."),
    ],
)
def test_a_mark_reads_the_status_there_and_warns_of_who_was_there(preflight: Preflight, words: str) -> None:
    shown = no_show_lines(marking(preflight=preflight), 80, 24)
    assert follows_of(shown).startswith(f"Praktika {words}")
    assert MARKING_NO_SHOW.contradicts(preflight) is words.startswith("!")


@pytest.mark.parametrize(
    ("preflight", "words"),
    [
        (attended(ABSENT_THERE, TODAY), "shows did not come 10:48. It is told, if it was told before"),
        (attended(ABSENT_THERE), "shows did not come. It is told, if it was told before"),
        (attended(ARRIVED, TODAY), "already shows arrived 10:48. F8 takes it back here as well"),
        (attended(ARRIVED, YESTERDAY), "already shows arrived. F8 takes it back here as well"),
        (attended(COMPLETED), "already shows completed. F8 takes it back here as well"),
        (
            replace(attended(AppointmentStatus.BOOKED), finding=Finding.SAME),
            "already shows booked. F8 takes it back here as well",
        ),
        (
            replace(attended(ARRIVED, TODAY, Finding.DIFFERENT), starts_at=TODAY),
            "! now shows Sun 22 Nov 10:48",
        ),
        (Preflight(Finding.CANCELLED), "! it is cancelled there. Look there first"),
        (Preflight(Finding.SEVERAL), "! shows several patients for it. Take it back there by hand"),
        (Preflight(Finding.SERIES), "! shows a series of appointments. Take it back there by hand"),
        (Preflight(Finding.NOT_ASKED), "is told automatically, if it was told before"),
    ],
)
def test_taking_back_reads_the_status_there(preflight: Preflight, words: str) -> None:
    shown = back_lines(marking(ABSENT, preflight), 80, 24)
    assert follows_of(shown).startswith(f"Praktika {words}")
    assert TAKING_BACK_NO_SHOW.contradicts(preflight) is words.startswith("!")


@pytest.mark.parametrize("reading", [MARKING_NO_SHOW, TAKING_BACK_NO_SHOW], ids=["mark", "back"])
@pytest.mark.parametrize("since", [None, TODAY, YESTERDAY, NOW - timedelta(days=9), LAST_YEAR])
def test_every_sentence_of_a_status_fits(reading: Reading, since: datetime | None) -> None:
    for status in (*reading.agrees, *reading.stops, *reading.warns):
        sentence = pms_says(attended(status, since), BOOKING, NOW, reading)
        assert cell_len(sentence) <= ROOM


def test_only_who_has_arrived_for_this_very_appointment_stops_a_mark() -> None:
    assert why_refused(attended(ARRIVED, TODAY), BOOKING, NOW, MARKING_NO_SHOW) == (
        "Praktika shows arrived 10:48: nothing was marked. Take that back there, then open this window again."
    )
    others = (
        None,
        attended(COMPLETED, TODAY),
        attended(ABSENT_THERE, TODAY),
        *(attended(ARRIVED, TODAY, besides) for besides in (Finding.DIFFERENT, Finding.UNCLEAR)),
        Preflight(Finding.AWAY),
    )
    assert {why_refused(one, BOOKING, NOW, MARKING_NO_SHOW) for one in others} == {""}
    for reading in (TAKING_BACK_NO_SHOW, CANCELLING):
        assert why_refused(attended(ARRIVED, TODAY), BOOKING, NOW, reading) == ""


def test_a_cancel_reads_no_status() -> None:
    for status in (ARRIVED, COMPLETED, ABSENT_THERE):
        assert pms_says(attended(status, TODAY), BOOKING, NOW) == (
            "! says the patient came, or did not come. Look there first"
        )


def test_what_follows_says_who_is_told() -> None:
    by_hand = replace(BOOKING, practice=replace(PRACTICE, pms=replace(PRAKTIKA, can_mark_no_show=False)))
    assert "Manual update required: mark it there too" in follows_of(no_show_lines(marking(by_hand), 80, 24))
    alone = replace(BOOKING, practice=replace(PRACTICE, pms=None))
    assert follows_of(no_show_lines(marking(alone), 80, 24)) == (
        "Practice has no connected system. Nothing to do there The patient is sent nothing"
    )


def test_a_request_is_announced_once_it_is_made() -> None:
    ground = Ground.DID_NOT_ATTEND
    for is_requested, words in (
        (False, "Request none, unless you answer the questions below"),
        (True, "Request Awaiting Review by biller@example.com"),
    ):
        state = marking(ground=ground, is_requested=is_requested)
        assert words in follows_of(no_show_lines(state, 80, 24))
    assert "Request" not in follows_of(no_show_lines(marking(), 80, 24))
    assert follows_of(request_lines(marking(), 80, 24)) == "Request none, until you say why"
    chosen = request_lines(marking(ground=ground, is_requested=True), 80, 24)
    assert follows_of(chosen) == "Request Awaiting Review by biller@example.com"
    not_offered = request_lines(marking(why_no_request=Reason("final", "too late")), 80, 24)
    assert follows_of(not_offered) == ""
    over_http = replace(BOOKING, practice=replace(PRACTICE, biller="biller.toml"))
    state = marking(over_http, ground=ground, is_requested=True)
    assert "Request Awaiting Review by the biller" in follows_of(no_show_lines(state, 80, 24))


@pytest.mark.parametrize("review", list(Review))
def test_taking_back_says_what_becomes_of_the_request(review: Review) -> None:
    request = REQUEST if review is Review.AWAITING else REQUEST.ended(review, LEE, NOW)
    why_not = why_not_take_back(ABSENT, request, NOW, Standing())
    shown = back_lines(marking(ABSENT, latest=request, why_no_request=why_not), 80, 24)
    assert said(shown, "title") == "Marked did not come 11:30 by Kim Nguyen. Came after all?"
    follows = follows_of(shown)
    assert ("the request of Kim Nguyen is withdrawn" in follows) is (review is Review.AWAITING)
    assert ("! the request not to be charged for this patient is approved" in follows) is (
        review is Review.APPROVED
    )


def test_who_came_is_told_to_nobody() -> None:
    shown = came_lines(marking(), Presence.ARRIVED, 80, 24)
    assert said(shown, "title") == CAME_WORDS[Presence.ARRIVED].title == "Arrived"
    assert follows_of(shown).startswith("Praktika is not told. Mark it there as you always do")


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("ground", list(Ground))
def test_no_question_and_no_instruction_is_cut_at_any_size(ground: Ground, width: int, height: int) -> None:
    namesake = make_booking(patient=make_patient(birth_date=None))
    questions = [one for one in QUESTIONS[ground] if one.id != TOLD_US]  # which the tick answers
    state = marking(ground=ground, questions=questions, has_tick=True, related=Related(namesakes=(namesake,)))
    for shown in (no_show_lines(state, width, height), request_lines(state, width, height)):
        answer_box = len("[y/n] ")
        assert all(cell_len(one.text) + 2 + answer_box <= width for one in QUESTIONS[ground])
        # What stands in brackets around the ground.
        assert all(cell_len(str(one)) + 2 <= width for one in shown["ground"])
        summary = said(shown, "summary")
        for words in ("Patient ", "Same name ", "Time "):
            assert words in summary
        assert sum(map(len, shown.values())) == min(height, 24)
        fields = {"ground", *(f"question-{number}" for number in range(len(questions))), "name"}
        assert shown.keys() >= fields | ({"text"} if ground is Ground.OTHER else set())


def test_details_say_what_is_marked_and_what_became_of_the_request() -> None:
    told = replace(ABSENT, attendance=replace(ABSENT.attendance, notice=True))
    decided = REQUEST.ended(Review.REJECTED, LEE, NOW, "They came on Friday")
    zone = PRACTICE.zone
    lines = [" ".join(str(line).split()) for line in state_lines(told, decided, NOW, zone)]
    assert lines == [
        "Attendance marked did not come 11:30 by Kim Nguyen",
        "The patient told the practice",
        f"Billing Rejected by {LEE} 11:30",
        "The patient did not attend",
        "They came on Friday",
    ]
    assert state_lines(BOOKING, None, NOW, zone) == []
