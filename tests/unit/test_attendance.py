"""Whether the patient came: who may say so, from when on, and what refuses it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk import times
from frontdesk.attendance import (
    WORDS,
    needs_notice,
    no_show_from,
    told,
    why_not_mark_came,
    why_not_mark_no_show,
    why_not_take_back,
)
from frontdesk.billing.adjustments import Adjustment, Ground, Review
from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Origin,
    Presence,
    Reason,
    Scope,
    Standing,
    Status,
    why_not_cancel,
)
from tests.making import KIM, LEE, make_booking, make_patient, make_practice

START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
"""Sun 22 Nov 2026 10:30 in Adelaide."""

MINUTE, INSTANT = timedelta(minutes=1), timedelta(microseconds=1)
DESK = Standing()
READER = Standing(scopes=frozenset({Scope.READ, Scope.BILL}))
BOOKING = make_booking(starts_at=START)
CANCELLED = replace(BOOKING, cancellation=Cancellation(START - MINUTE, KIM))
CAME = (Presence.ARRIVED, Presence.ATTENDED)


def marked(presence: Presence) -> Booking:
    return replace(BOOKING, attendance=Attendance(presence, by=KIM, at=START + 16 * MINUTE))


def request(ground: Ground, review: Review) -> Adjustment:
    return Adjustment(1, 1, BOOKING.id, ground, (), "", "Kim Nguyen", KIM, START, review)


def code(why: Reason | None) -> str:
    return why.code if why else ""


class TestNoShow:
    @pytest.mark.parametrize("is_new", [True, False, None])
    def test_new_or_not_a_patient_who_is_not_there_did_not_come(self, is_new: bool | None) -> None:
        booking = replace(BOOKING, patient=make_patient(is_new=is_new))
        assert why_not_mark_no_show(booking, START + 15 * MINUTE, DESK) is None

    @pytest.mark.parametrize("notice", [False, True])
    def test_nobody_is_late_for_what_has_not_begun(self, notice: bool) -> None:
        at = times.when_in_words(START, BOOKING.practice.zone, START)
        why = why_not_mark_no_show(BOOKING, START - INSTANT, DESK, notice=notice)
        assert why == Reason("not-started", f"not before it starts, {at}")
        assert code(why_not_mark_no_show(BOOKING, START, DESK, notice=True)) == ""

    def test_in_the_first_minutes_only_the_patients_own_word_counts(self) -> None:
        until = START + 15 * MINUTE
        why = why_not_mark_no_show(BOOKING, until - INSTANT, DESK)
        assert why == Reason(
            "may-still-come",
            "the patient may still come until 10:45, unless they told you that they are not coming",
        )
        assert why_not_mark_no_show(BOOKING, until - INSTANT, DESK, notice=True) is None
        assert why_not_mark_no_show(BOOKING, until, DESK) is None

    def test_a_desk_by_another_clock_reads_whose_time_it_is(self) -> None:
        why = why_not_mark_no_show(BOOKING, START, DESK, ZoneInfo("Australia/Perth"))
        assert "until 10:45 Adelaide time, unless" in str(why)

    @given(st.integers(0, 240), st.integers(-300, 300), st.booleans())
    @settings(max_examples=50, deadline=None)
    def test_each_practice_has_minutes_of_its_own(self, minutes: int, after: int, notice: bool) -> None:
        booking = replace(BOOKING, practice=make_practice(no_show_after_minutes=minutes))
        now = START + after * MINUTE
        may = why_not_mark_no_show(booking, now, DESK, notice=notice) is None
        assert may is (after >= minutes or (notice and after >= 0))
        assert needs_notice(booking, now) is (now < no_show_from(booking))
        assert no_show_from(booking) == START + minutes * MINUTE

    def test_a_cancelled_one_is_refused_in_the_words_of_the_cancel(self) -> None:
        now, perth = START + 20 * MINUTE, ZoneInfo("Australia/Perth")
        why = why_not_mark_no_show(CANCELLED, now, DESK, perth)
        assert why == why_not_cancel(CANCELLED, now, DESK, perth)
        assert code(why) == "already-cancelled"

    def test_a_second_time_is_told_who_was_first(self) -> None:
        why = why_not_mark_no_show(marked(Presence.NO_SHOW), START + 20 * MINUTE, DESK)
        assert why == Reason("already-no-show", "marked did not come 10:46 by Kim Nguyen")

    @pytest.mark.parametrize("came", CAME)
    def test_who_came_did_not_fail_to_come(self, came: Presence) -> None:
        why = why_not_mark_no_show(marked(came), START + 20 * MINUTE, DESK, notice=True)
        assert why == Reason("came", f"marked {came} 10:46 by Kim Nguyen: take that back first")

    @pytest.mark.parametrize("other", [Presence.UNABLE, Presence.UNKNOWN])
    def test_what_a_source_said_otherwise_does_not_stop_it(self, other: Presence) -> None:
        assert why_not_mark_no_show(marked(other), START + 20 * MINUTE, DESK) is None

    def test_what_is_true_of_the_booking_comes_before_the_desk(self) -> None:
        now = START + 20 * MINUTE
        assert code(why_not_mark_no_show(BOOKING, now, READER)) == "no-permission"
        assert code(why_not_mark_no_show(marked(Presence.NO_SHOW), now, READER)) == "already-no-show"
        elsewhere = Standing(practices=frozenset({"perth"}))
        assert code(why_not_mark_no_show(BOOKING, now, elsewhere)) == "other-practice"


class TestCame:
    def test_a_patient_arrives_on_the_day_and_has_attended_from_the_start_on(self) -> None:
        midnight = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
        for presence, first in ((Presence.ARRIVED, midnight), (Presence.ATTENDED, START)):
            assert code(why_not_mark_came(BOOKING, presence, first - INSTANT, DESK)) == "not-started"
            assert why_not_mark_came(BOOKING, presence, first, DESK) is None

    @pytest.mark.parametrize("presence", CAME)
    def test_what_refuses_it(self, presence: Presence) -> None:
        now = START + 20 * MINUTE
        codes = {
            "already-cancelled": CANCELLED,
            "already-no-show": marked(Presence.NO_SHOW),
            "already-came": marked(presence),
            "no-permission": BOOKING,
        }
        for expected, booking in codes.items():
            assert code(why_not_mark_came(booking, presence, now, READER)) == expected

    def test_who_arrived_may_have_attended_and_not_the_other_way_round(self) -> None:
        now = START + 20 * MINUTE
        assert why_not_mark_came(marked(Presence.ARRIVED), Presence.ATTENDED, now, DESK) is None
        why = why_not_mark_came(marked(Presence.ATTENDED), Presence.ARRIVED, now, DESK)
        assert why == Reason("already-came", "marked attended 10:46 by Kim Nguyen")


class TestTakingBack:
    def test_nothing_to_take_back(self) -> None:
        assert code(why_not_take_back(BOOKING, None, START, DESK)) == "not-marked"

    @pytest.mark.parametrize("presence", [one for one in Presence if one is not Presence.NONE])
    @pytest.mark.parametrize("review", [None, *Review])
    @pytest.mark.parametrize("ground", Ground)
    def test_only_what_was_approved_because_they_did_not_come_stays(
        self, presence: Presence, review: Review | None, ground: Ground
    ) -> None:
        asked = request(ground, review) if review else None
        why = why_not_take_back(marked(presence), asked, START + 20 * MINUTE, DESK)
        stays = (presence, review, ground) == (Presence.NO_SHOW, Review.APPROVED, Ground.DID_NOT_ATTEND)
        assert code(why) == ("approved" if stays else "")

    def test_a_desk_that_may_only_read(self) -> None:
        why = why_not_take_back(marked(Presence.NO_SHOW), None, START, READER)
        assert code(why) == "no-permission"


class TestWords:
    def test_every_presence_has_words(self) -> None:
        assert set(WORDS) == set(Presence)

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({}, "marked did not come 10:46 by Kim Nguyen"),
            ({"by": LEE}, "marked did not come 10:46 by Lee Tran (Desk Two)"),
            ({"by": None, "origin": Origin.PMS}, "marked did not come 10:46, as the PMS says"),
            ({"by": LEE, "origin": Origin.FILE}, "marked did not come 10:46, as an imported file says"),
            ({"by": None, "at": None}, "marked did not come"),
        ],
    )
    def test_who_said_so_and_when(self, said: dict[str, object], words: str) -> None:
        booking = marked(Presence.NO_SHOW)
        booking = replace(booking, attendance=replace(booking.attendance, **said))  # type: ignore[arg-type]
        assert told(booking, START + 20 * MINUTE) == words

    def test_a_desk_by_another_clock(self) -> None:
        now = START + timedelta(days=1)
        said = told(marked(Presence.NO_SHOW), now, ZoneInfo("Australia/Perth"))
        assert said == "marked did not come yesterday 08:16 Perth time by Kim Nguyen"


@pytest.mark.parametrize("presence", Presence)
def test_attendance_is_beside_the_status(presence: Presence) -> None:
    booking = marked(presence)
    assert booking.status(START - INSTANT) is Status.UPCOMING
    assert booking.status(START) is Status.COMPLETED
    assert make_booking().attendance == Attendance()
