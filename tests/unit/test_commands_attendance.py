"""What marking a patient and asking not to be charged bring about, without a store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from frontdesk.api.asks import ask_of, fields_of
from frontdesk.attempts import Claim
from frontdesk.billing.adjustments import TOLD_US, Adjustment, Answer, Ground, Review
from frontdesk.bookings import Attendance, Booking, Pms, Presence, Scope, Standing
from frontdesk.commands import (
    KINDS,
    Approve,
    Ask,
    Command,
    Held,
    MarkArrived,
    MarkNoShow,
    Reject,
    RequestAdjustment,
    Subject,
    TakeBackNoShow,
)
from frontdesk.deliveries import (
    BILLER_CONNECTION,
    NOT_DONE,
    NOT_NEEDED,
    Attention,
    Delivery,
    Kind,
    Planned,
    State,
)
from frontdesk.notify.biller import biller_letter
from frontdesk.words.deliveries import done_words, facts, to_do
from tests.making import KIM, LEE, PRAKTIKA, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
PRACTICE = make_practice(account="smile", biller="billing@portal.example")
BOOKING = make_booking(practice=PRACTICE, patient=make_patient(is_new=True))
REQUEST = Adjustment(1, 1, 1, Ground.DID_NOT_ATTEND, (), "", "Kim", KIM, NOW)
ABSENT = MarkNoShow(
    (Answer("other-time", yes=False), Answer("fee-charged", yes=True)),
    "Rang twice",
    "Kim Nguyen",
    notice=True,
    ground=Ground.DID_NOT_ATTEND,
)


def absent(*requests: Adjustment) -> Held[Booking]:
    marked = replace(BOOKING, attendance=Attendance(Presence.NO_SHOW, by=KIM, at=NOW))
    return Held(marked, {"adjustment": requests})


def delivery(kind: Kind, **changes: object) -> Delivery:
    made = Delivery(1, 1, kind, State.ATTENTION, "Praktika", NOW, NOW, "smile")
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [ABSENT, RequestAdjustment(name="Kim", ground=Ground.OTHER), MarkArrived()])
def test_an_ask_is_the_same_after_it_was_kept(ask: Ask) -> None:
    assert ask_of(ask.kind, fields_of(ask)) == ask


@pytest.mark.parametrize("ask", [Approve(), Reject("No")])
def test_a_decision_is_greyed_once_it_is_made(ask: Ask) -> None:
    assert ask.why_not(Held(REQUEST), NOW, Standing()) is None
    for review in (Review.APPROVED, Review.REJECTED, Review.WITHDRAWN):
        why_not = ask.why_not(Held(REQUEST.ended(review, LEE, NOW)), NOW, Standing())
        assert why_not is not None
        assert str(why_not) == f"{review.lower()} already by Lee Tran (Desk Two)"


def test_whose_scope_each_ask_needs() -> None:
    of = {kind: ask.scope for kind, ask in KINDS.items() if kind.startswith(("adjustment.", "booking."))}
    assert {kind for kind, scope in of.items() if scope is Scope.DECIDE} == {
        "adjustment.approve",
        "adjustment.reject",
    }
    assert {scope for kind, scope in of.items() if kind.startswith("booking.")} == {Scope.CANCEL}


def test_the_latest_request_counts() -> None:
    withdrawn = REQUEST.ended(Review.WITHDRAWN, KIM, NOW)
    approved = replace(REQUEST.ended(Review.APPROVED, LEE, NOW), id=2)
    assert TakeBackNoShow().why_not(absent(withdrawn), NOW, Standing()) is None
    for requests in ((withdrawn, approved), (approved, withdrawn)):
        why_not = TakeBackNoShow().why_not(absent(*requests), NOW, Standing())
        assert why_not is not None
        assert why_not.code == "approved"


def test_taking_it_back_withdraws_what_is_open_alone() -> None:
    (request,) = TakeBackNoShow().done(absent(REQUEST), LEE, NOW).beside
    assert (request.review, request.decided_by) == (Review.WITHDRAWN, LEE)
    rejected = REQUEST.ended(Review.REJECTED, LEE, NOW, "No")
    assert TakeBackNoShow().done(absent(rejected), LEE, NOW).beside == ()


def test_who_is_told() -> None:
    asked, plain = ABSENT.follows(Held(BOOKING), BOOKING), MarkNoShow().follows(Held(BOOKING), BOOKING)
    assert [one.kind for one in asked] == [Kind.PMS_NO_SHOW, Kind.BILLER_EMAIL]
    assert [one.kind for one in plain] == [Kind.PMS_NO_SHOW]
    without_biller = replace(BOOKING, practice=replace(PRACTICE, biller=""))
    assert [one.kind for one in ABSENT.follows(Held(without_biller), without_biller)] == [Kind.PMS_NO_SHOW]
    back = TakeBackNoShow().follows(absent(REQUEST), BOOKING)
    assert [one.kind for one in back] == [Kind.PMS_TAKE_BACK_NO_SHOW, Kind.BILLER_EMAIL]
    over_http = replace(BOOKING, practice=replace(PRACTICE, biller="biller.toml"))
    for told in (
        ABSENT.follows(Held(BOOKING), over_http),
        TakeBackNoShow().follows(absent(REQUEST), over_http),
    ):
        assert told[1:] == (
            Planned(Kind.BILLER_POST, State.PENDING, "biller.toml", connection=BILLER_CONNECTION),
        )
    came = Held(replace(BOOKING, attendance=Attendance(Presence.ARRIVED, by=KIM, at=NOW)))
    assert TakeBackNoShow().follows(came, BOOKING) == ()


@pytest.mark.parametrize(
    ("pms", "pms_ref", "state"),
    [
        (PRAKTIKA, "P1", State.PENDING),
        (PRAKTIKA, "", State.ATTENTION),
        (replace(PRAKTIKA, can_mark_no_show=False), "P1", State.ATTENTION),
        (replace(PRAKTIKA, can_cancel=False), "P1", State.PENDING),
    ],
)
def test_each_kind_goes_by_what_the_pms_can(pms: Pms, pms_ref: str, state: State) -> None:
    booking = replace(BOOKING, pms_ref=pms_ref, practice=replace(PRACTICE, pms=pms))
    (told,) = MarkNoShow().follows(Held(booking), booking)
    assert told.state is state


@pytest.mark.parametrize(
    ("kind", "changes", "what", "why"),
    [
        (Kind.PMS_NO_SHOW, {"error": "x"}, "MARK THE NO-SHOW IN PRAKTIKA BY HAND", "x"),
        (Kind.PMS_TAKE_BACK_NO_SHOW, {"error": "x"}, "TAKE THE NO-SHOW BACK IN PRAKTIKA BY HAND", "x"),
        (
            Kind.PMS_NO_SHOW,
            {"unproven": 1, "attempts": 1},
            "CHECK PRAKTIKA",
            "it did not say whether it took the no-show, 1 try",
        ),
        (
            Kind.PMS_NO_SHOW,
            {"is_refused": True, "error": "not marked there as did not come: arrived 10:12"},
            "CHECK PRAKTIKA",
            "not marked there as did not come: arrived 10:12",
        ),
        (Kind.BILLER_EMAIL, {"error": "busy"}, "TELL THE BILLER", "e-mail not sent (busy)"),
        (Kind.BILLER_POST, {"error": "busy"}, "TELL THE BILLER", "message not sent (busy)"),
        (
            Kind.BILLER_POST,
            {"unproven": 1},
            "TELL THE BILLER",
            "nobody knows whether the message went out",
        ),
    ],
)
def test_what_a_person_has_to_do(kind: Kind, changes: dict[str, object], what: str, why: str) -> None:
    assert to_do(Attention(delivery(kind, **changes), BOOKING)) == (what, why)


def test_of_what_the_pms_is_told_the_latest_counts() -> None:
    told = [
        delivery(Kind.PMS_NO_SHOW, state=State.DONE),
        delivery(Kind.PMS_TAKE_BACK_NO_SHOW, state=State.PENDING),
    ]
    assert facts("taken back", told) == "taken back, Praktika waiting"


def test_a_pms_that_was_not_told_is_not_said_to_have_been_seen_to() -> None:
    told = delivery(Kind.PMS_NO_SHOW, state=State.SETTLED, note=f"{NOT_DONE}it was taken back before")
    assert facts("taken back", [told]) == "taken back, Praktika not told"
    not_needed = replace(told, note=f"{NOT_NEEDED}it was taken back")
    assert facts("taken back", [not_needed]) == "taken back, Praktika not told"
    assert facts("taken back", [replace(told, note="Done there")]) == "taken back, Praktika done by hand"


def test_what_was_done_last_has_its_word() -> None:
    assert done_words(BOOKING) == "requested"
    assert done_words(absent().thing) == "did not come"
    assert done_words(replace(BOOKING, attendance=Attendance(by=KIM, at=NOW))) == "taken back"


def test_the_biller_reads_who_what_and_why() -> None:
    letter = biller_letter(claimed(ABSENT))
    assert letter.subject == "Request not to be charged: SD-10482, Smile Dental Adelaide"
    assert letter.text == (
        "The practice asks not to be charged for this new patient.\n"
        "\n"
        "Account:      smile\n"
        "Practice:     Smile Dental Adelaide\n"
        "Reference:    SD-10482\n"
        "Appointment:  Thu 26 Nov 2026 10:30 (Adelaide time)\n"
        "Patient:      Amelia Wilson\n"
        "Ground:       The patient did not attend\n"
        "Did the patient tell you that they were not coming? Yes\n"
        "Did you give the patient another time? No\n"
        "Has the practice charged the patient a fee? Yes\n"
        "Text:         Rang twice\n"
        "Asked by:     Kim Nguyen\n"
    )
    assert Answer(TOLD_US, yes=True) in ABSENT.given


def test_the_biller_reads_of_a_withdrawal() -> None:
    letter = biller_letter(claimed(TakeBackNoShow()))
    assert letter.subject == "Request withdrawn: SD-10482, Smile Dental Adelaide"
    assert letter.text.startswith("The practice has withdrawn its request not to be charged")


def claimed(ask: Ask) -> Claim:
    command = Command(uuid4(), Subject("booking", 1), 1, KIM, ask)
    return Claim(delivery(Kind.BILLER_EMAIL), BOOKING, command, 1, 0, NOW + timedelta(minutes=1))
