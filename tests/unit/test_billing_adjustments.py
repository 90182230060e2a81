"""Requests not to be charged: what is asked, what refuses one, and who may decide."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from frontdesk.billing.adjustments import (
    LABELS,
    NAME_LIMIT,
    QUESTIONS,
    TEXT_LIMIT,
    TOLD_US,
    Adjustment,
    Answer,
    Ground,
    Review,
    falls_with_no_show,
    is_own,
    why_incomplete,
    why_not_decide,
    why_not_request,
)
from frontdesk.billing.periods import InvoiceState
from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Operator,
    Presence,
    Reason,
    Scope,
    Standing,
)
from tests.making import KIM, KIM_AT_TWO, LEE, make_booking, make_patient, make_practice

START = datetime(2026, 11, 22, tzinfo=UTC)
NOW = START + timedelta(hours=1)
DESK = Standing()
BOOKING = make_booking(
    starts_at=START, patient=make_patient(is_new=True), practice=make_practice(account="smile")
)
JO = Operator("Jo Park")
REQUEST = Adjustment(1, 1, BOOKING.id, Ground.DID_NOT_ATTEND, (), "", "Kim Nguyen", KIM, NOW)


def answered(ground: Ground) -> list[Answer]:
    return [Answer(question.id, yes=False) for question in QUESTIONS[ground]]


def code(why: Reason | None) -> str:
    return why.code if why else ""


def asking(
    booking: Booking = BOOKING,
    latest: Adjustment | None = None,
    invoice: InvoiceState = InvoiceState.DRAFT,
    ground: Ground = Ground.DID_NOT_ATTEND,
    now: datetime = NOW,
    desk: Standing = DESK,
) -> str:
    return code(why_not_request(booking, latest, invoice, ground, now, desk))


class TestQuestions:
    def test_every_ground_has_a_label_and_its_questions(self) -> None:
        assert set(LABELS) == set(QUESTIONS) == set(Ground)
        assert [len(QUESTIONS[ground]) for ground in Ground] == [3, 2, 0]
        assert QUESTIONS[Ground.DID_NOT_ATTEND][0].id == TOLD_US

    @pytest.mark.parametrize("ground", Ground)
    def test_every_one_must_be_answered_with_yes_or_no(self, ground: Ground) -> None:
        for given in product([False, True], repeat=len(QUESTIONS[ground])):
            answers = [Answer(one.id, yes) for one, yes in zip(QUESTIONS[ground], given, strict=True)]
            assert why_incomplete(ground, answers, "a text", "Kim") is None
            for missing in answers:
                rest = [answer for answer in answers if answer is not missing]
                assert code(why_incomplete(ground, rest, "a text", "Kim")) == "unanswered"

    def test_the_first_open_question_is_named(self) -> None:
        why = why_incomplete(Ground.NOT_NEW, [Answer("within-3-years", yes=True)], "", "Kim")
        assert str(why) == "answer with yes or no: Did the patient fill in a new-patient form then?"

    @pytest.mark.parametrize("extra", [Answer("form-then", yes=True), Answer("within-3-years", yes=False)])
    def test_what_was_not_asked_is_not_answered(self, extra: Answer) -> None:
        answers = [*answered(Ground.NOT_NEW), extra]
        assert code(why_incomplete(Ground.NOT_NEW, answers, "", "Kim")) == "unasked"
        assert code(why_incomplete(Ground.OTHER, [extra], "a text", "Kim")) == "unasked"

    def test_another_reason_needs_words(self) -> None:
        assert code(why_incomplete(Ground.OTHER, [], " \n", "Kim")) == "no-text"
        assert why_incomplete(Ground.OTHER, [], "Booked twice", "Kim") is None

    def test_a_name_is_needed_and_both_have_limits(self) -> None:
        for text, name, expected in (
            ("x" * TEXT_LIMIT, "k" * NAME_LIMIT, ""),
            ("x" * (TEXT_LIMIT + 1), "Kim", "text-too-long"),
            ("x", "k" * (NAME_LIMIT + 1), "name-too-long"),
            ("x", " ", "no-name"),
        ):
            assert code(why_incomplete(Ground.OTHER, [], text, name)) == expected


class TestAsking:
    @pytest.mark.parametrize("ground", Ground)
    def test_a_new_patient_of_an_account(self, ground: Ground) -> None:
        assert asking(ground=ground) == ""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"cancellation": Cancellation(NOW, KIM)}, "cancelled"),
            ({"practice": make_practice()}, "no-account"),
            ({"patient": make_patient(is_new=False)}, "not-new"),
            ({"patient": make_patient(is_new=None)}, "not-known-new"),
        ],
    )
    def test_who_is_not_charged_needs_no_request(self, changes: dict[str, object], expected: str) -> None:
        assert asking(replace(BOOKING, **changes)) == expected  # type: ignore[arg-type]

    @pytest.mark.parametrize("review", Review)
    def test_one_request_a_booking_unless_it_was_withdrawn(self, review: Review) -> None:
        expected = {
            Review.AWAITING: "awaiting",
            Review.APPROVED: "approved",
            Review.REJECTED: "rejected",
            Review.WITHDRAWN: "",
        }[review]
        assert asking(latest=replace(REQUEST, review=review)) == expected

    def test_a_rejected_one_says_why(self) -> None:
        latest = REQUEST.ended(Review.REJECTED, JO, NOW, "They did come")
        why = why_not_request(BOOKING, latest, InvoiceState.DRAFT, Ground.OTHER, NOW, DESK)
        assert str(why) == "a request was rejected: They did come"

    @pytest.mark.parametrize("invoice", InvoiceState)
    def test_a_final_invoice_is_too_late(self, invoice: InvoiceState) -> None:
        assert asking(invoice=invoice) == ("invoice-final" if invoice.is_final else "")

    def test_nobody_was_absent_before_the_start(self) -> None:
        before = START - timedelta(microseconds=1)
        assert asking(now=before) == "not-started"
        assert asking(now=START) == ""
        assert asking(now=before, ground=Ground.NOT_NEW) == ""

    @pytest.mark.parametrize("presence", Presence)
    def test_nobody_was_absent_who_came(self, presence: Presence) -> None:
        booking = replace(BOOKING, attendance=Attendance(presence, by=KIM, at=NOW))
        came = presence in (Presence.ARRIVED, Presence.ATTENDED)
        assert asking(booking) == ("came" if came else "")
        assert asking(booking, ground=Ground.NOT_NEW) == ""

    def test_the_desk_must_be_allowed_to(self) -> None:
        assert asking(desk=Standing(scopes=frozenset({Scope.READ}))) == "no-permission"


class TestDeciding:
    def test_somebody_else_decides(self) -> None:
        assert why_not_decide(REQUEST, Review.APPROVED, JO) is None
        assert why_not_decide(REQUEST, Review.REJECTED, JO, "They did come") is None

    @pytest.mark.parametrize(
        ("asked_by", "name", "decides", "own"),
        [
            (KIM, "Kim Nguyen", KIM, True),
            (KIM, "Kim Nguyen", Operator(" kim  NGUYEN"), True),
            (KIM, "Kim Nguyen", JO, False),
            (JO, "Kim Nguyen", KIM, True),
            (LEE, "Lee Tran", KIM_AT_TWO, True),
            (LEE, "Lee Tran", Operator("Lee Tran", "Desk One"), True),
            (LEE, "Lee Tran", Operator("Kim Nguyen", "Desk One"), False),
            (LEE, "Lee Tran", KIM, False),
        ],
    )
    def test_nobody_decides_a_request_of_their_own(
        self, asked_by: Operator, name: str, decides: Operator, own: bool
    ) -> None:
        asked = replace(REQUEST, by=asked_by, name=name)
        assert is_own(asked, decides) is own
        assert code(why_not_decide(asked, Review.APPROVED, decides)) == ("own-request" if own else "")

    @pytest.mark.parametrize("name", ["", " "])
    def test_nobody_decides_without_a_name(self, name: str) -> None:
        """Such a one could decide a request of their own, and nobody would know who it was."""
        why = why_not_decide(REQUEST, Review.APPROVED, Operator(name))
        assert why == Reason("no-name", "nobody decides without a name: set operator in the config to yours")
        ended = REQUEST.ended(Review.REJECTED, JO, NOW)
        assert code(why_not_decide(ended, Review.APPROVED, Operator(name))) == "decided"

    @pytest.mark.parametrize("review", [one for one in Review if one is not Review.AWAITING])
    def test_what_was_decided_stays_so(self, review: Review) -> None:
        ended = REQUEST.ended(review, JO, NOW)
        assert not ended.is_open
        assert ended.version == REQUEST.version + 1
        why = why_not_decide(ended, Review.APPROVED, LEE)
        assert why == Reason("decided", f"{review.lower()} already by Jo Park")

    def test_a_rejection_says_why(self) -> None:
        assert code(why_not_decide(REQUEST, Review.REJECTED, JO, " ")) == "no-note"
        long = "x" * (TEXT_LIMIT + 1)
        assert code(why_not_decide(REQUEST, Review.APPROVED, JO, long)) == "note-too-long"

    def test_an_approval_counts_as_earlier_up_to_its_instant(self) -> None:
        approved = REQUEST.ended(Review.APPROVED, JO, NOW)
        assert not approved.approved_before(NOW)
        assert approved.approved_before(NOW + timedelta(microseconds=1))
        assert not REQUEST.ended(Review.REJECTED, JO, NOW).approved_before(NOW + timedelta(days=1))
        assert not REQUEST.approved_before(NOW + timedelta(days=1))


def test_only_an_open_request_about_the_absence_falls_with_it() -> None:
    assert not falls_with_no_show(None)
    for ground, review in product(Ground, Review):
        asked = replace(REQUEST, ground=ground, review=review)
        falls = (ground, review) == (Ground.DID_NOT_ATTEND, Review.AWAITING)
        assert falls_with_no_show(asked) is falls
