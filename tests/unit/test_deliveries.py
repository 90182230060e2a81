"""What follows a cancellation, and the fixed words for how far it has got."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.bookings import Channel, Pms
from frontdesk.deliveries import (
    MAIL_CONNECTION,
    MANUAL_UPDATE,
    OPEN_STATES,
    SMS_CONNECTION,
    TOLD_BY_PHONE,
    Attention,
    Delivery,
    Kind,
    Planned,
    State,
    is_by_hand,
    next_channel,
    plan,
)
from frontdesk.pms import writes
from frontdesk.words.deliveries import fact, facts, to_do
from tests.making import BY_HAND, PRAKTIKA, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
MAIL, MOBILE, DESK = "amelia@example.com", "0491570006", "desk@adelaide.example"
EMAIL, SMS = Channel.EMAIL, Channel.SMS
NO_ADDRESS = "no e-mail, no mobile"

PATIENT_KINDS = {Kind.PATIENT_EMAIL, Kind.PATIENT_SMS, Kind.PATIENT_PHONE}
TELLS_ITSELF = Pms("core", "core-practice", "Core Practice", can_cancel=True, tells_patient=True)
BY_MAIL = Planned(Kind.PATIENT_EMAIL, State.PENDING, MAIL, connection=MAIL_CONNECTION)
BY_SMS = Planned(Kind.PATIENT_SMS, State.PENDING, MOBILE, connection=SMS_CONNECTION)


def planned(
    pms: Pms | None, channels: tuple[Channel, ...], email: str, mobile: str, desk: str, *, told: bool = False
) -> tuple[Planned, ...]:
    practice = make_practice(pms=pms, patient_channels=channels, email=desk)
    patient = make_patient(email=email, mobile=mobile)
    booking = make_booking(practice=practice, patient=patient, pms_ref="88213")
    return plan(booking, practice, told_by_phone=told)


@pytest.mark.parametrize(
    ("pms", "expected"),
    [
        (None, []),
        (PRAKTIKA, [Planned(Kind.PMS_CANCEL, State.PENDING, "Praktika", connection="smile")]),
        (BY_HAND, [Planned(Kind.PMS_CANCEL, State.ATTENTION, "Paper diary", MANUAL_UPDATE)]),
        (TELLS_ITSELF, [Planned(Kind.PMS_CANCEL, State.PENDING, "Core Practice", connection="core")]),
    ],
)
def test_the_pms_is_told_if_there_is_one_and_by_hand_if_it_cannot_cancel(
    pms: Pms | None, expected: list[Planned]
) -> None:
    assert list(planned(pms, (), MAIL, MOBILE, "")) == expected


def test_what_the_pms_has_no_reference_for_is_cancelled_there_by_hand() -> None:
    practice = make_practice(patient_channels=(), email="")
    unknown = make_booking(practice=practice, pms_ref="")
    assert is_by_hand(unknown, practice)
    assert plan(unknown, practice) == (Planned(Kind.PMS_CANCEL, State.ATTENTION, "Praktika", MANUAL_UPDATE),)
    assert not is_by_hand(make_booking(practice=practice), practice)
    assert is_by_hand(make_booking(), make_practice(pms=BY_HAND))
    assert not is_by_hand(unknown, make_practice(pms=None))


@pytest.mark.parametrize(
    ("channels", "email", "mobile", "tried", "expected"),
    [
        ((EMAIL, SMS), MAIL, MOBILE, set(), BY_MAIL),
        ((EMAIL, SMS), MAIL, MOBILE, {Kind.PATIENT_EMAIL}, BY_SMS),
        ((SMS, EMAIL), MAIL, MOBILE, {Kind.PATIENT_SMS}, BY_MAIL),
        ((EMAIL, SMS), MAIL, "", {Kind.PATIENT_EMAIL}, None),
        ((EMAIL,), MAIL, MOBILE, {Kind.PATIENT_EMAIL}, None),
        ((EMAIL, SMS), MAIL, MOBILE, {Kind.PATIENT_EMAIL, Kind.PATIENT_SMS}, None),
        ((), MAIL, MOBILE, set(), None),
    ],
)
def test_a_channel_that_failed_is_followed_by_the_next(
    channels: tuple[Channel, ...], email: str, mobile: str, tried: set[Kind], expected: Planned | None
) -> None:
    practice = make_practice(patient_channels=channels)
    booking = make_booking(practice=practice, patient=make_patient(email=email, mobile=mobile))
    assert next_channel(booking, practice, tried) == expected


@pytest.mark.parametrize(
    ("channels", "email", "mobile", "expected"),
    [
        ((EMAIL, SMS), MAIL, MOBILE, BY_MAIL),
        ((SMS, EMAIL), MAIL, MOBILE, BY_SMS),
        ((EMAIL, SMS), "", MOBILE, BY_SMS),
        ((SMS, EMAIL), MAIL, "", BY_MAIL),
        ((EMAIL, SMS), "", "", Planned(Kind.PATIENT_PHONE, State.ATTENTION, "", NO_ADDRESS)),
        ((EMAIL,), "", MOBILE, Planned(Kind.PATIENT_PHONE, State.ATTENTION, MOBILE, "no e-mail")),
        ((SMS,), MAIL, "", Planned(Kind.PATIENT_PHONE, State.ATTENTION, "", "no mobile")),
        ((SMS,), "", "", Planned(Kind.PATIENT_PHONE, State.ATTENTION, "", NO_ADDRESS)),
    ],
)
def test_the_patient_is_told_by_the_first_channel_with_an_address(
    channels: tuple[Channel, ...], email: str, mobile: str, expected: Planned
) -> None:
    assert planned(None, channels, email, mobile, "") == (expected,)


def test_a_patient_told_by_phone_just_now_needs_nobody_any_more() -> None:
    assert planned(None, (EMAIL, SMS), "", "", "", told=True) == (
        Planned(Kind.PATIENT_PHONE, State.SETTLED, "", TOLD_BY_PHONE),
    )
    assert planned(None, (EMAIL,), "", MOBILE, "", told=True)[0].target == MOBILE
    assert planned(None, (EMAIL,), MAIL, "", "", told=True)[0].kind is Kind.PATIENT_EMAIL


@pytest.mark.parametrize(("pms", "channels"), [(TELLS_ITSELF, (EMAIL, SMS)), (PRAKTIKA, ())])
def test_nobody_is_told_twice_or_where_nothing_is_set_up(pms: Pms, channels: tuple[Channel, ...]) -> None:
    for email, mobile, told in product(("", MAIL), ("", MOBILE), (False, True)):
        kinds = {one.kind for one in planned(pms, channels, email, mobile, DESK, told=told)}
        assert kinds == {Kind.PMS_CANCEL, Kind.DESK_EMAIL}


def test_the_practice_reads_of_it_where_it_has_an_address() -> None:
    assert planned(None, (), MAIL, MOBILE, DESK) == (
        Planned(Kind.DESK_EMAIL, State.PENDING, DESK, connection=MAIL_CONNECTION),
    )
    assert planned(None, (), MAIL, MOBILE, "") == ()


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([None, PRAKTIKA, BY_HAND, TELLS_ITSELF]),
    st.lists(st.sampled_from(Channel), unique=True).map(tuple),
    st.sampled_from(["", MAIL]),
    st.sampled_from(["", MOBILE]),
    st.sampled_from(["", DESK]),
    st.booleans(),
)
def test_every_practice_and_patient(
    pms: Pms | None, channels: tuple[Channel, ...], email: str, mobile: str, desk: str, told: bool
) -> None:
    follows = planned(pms, channels, email, mobile, desk, told=told)
    kinds = [one.kind for one in follows]
    assert len(set(kinds)) == len(kinds)
    assert (Kind.PMS_CANCEL in kinds) == (pms is not None)
    assert (Kind.DESK_EMAIL in kinds) == bool(desk)
    to_patient = PATIENT_KINDS.intersection(kinds)
    assert len(to_patient) == int(bool(channels) and not (pms and pms.tells_patient))
    for one in follows:
        assert one.state in {State.PENDING, State.ATTENTION, State.SETTLED}
        assert bool(one.note) == (one.state is not State.PENDING)
        assert bool(one.connection) == (one.state is State.PENDING)
        assert one.target or one.kind is Kind.PATIENT_PHONE
        assert one.state is not State.SETTLED or (told and one.kind is Kind.PATIENT_PHONE)


def delivery(kind: Kind, state: State, error: str = "", **changes: Any) -> Delivery:
    targets = {Kind.PMS_CANCEL: "Praktika", Kind.PATIENT_SMS: MOBILE, Kind.PATIENT_PHONE: MOBILE}
    made = Delivery(1, 1, kind, state, targets.get(kind, MAIL), NOW, NOW, error=error)
    return replace(made, **changes)


PMS_WORDS = {
    State.PENDING: "waiting",
    State.CLAIMED: "waiting",
    State.UNKNOWN: "unknown, checking",
    State.DONE: "told",
    State.ATTENTION: "by hand",
    State.SETTLED: "done by hand",
}
MESSAGE_WORDS = {
    State.PENDING: "waiting",
    State.CLAIMED: "waiting",
    State.UNKNOWN: "waiting",
    State.ATTENTION: "phone the patient",
    State.SETTLED: "settled",
}


@pytest.mark.parametrize("state", State)
def test_the_words_of_each_state(state: State) -> None:
    by = {"settled_by": "Kim Nguyen"}
    assert fact(delivery(Kind.PMS_CANCEL, state, **by)) == PMS_WORDS[state]
    assert fact(delivery(Kind.PATIENT_EMAIL, state, **by)) == MESSAGE_WORDS.get(state, "e-mail sent")
    assert fact(delivery(Kind.PATIENT_SMS, state, **by)) == MESSAGE_WORDS.get(state, "SMS sent")
    claims = fact(delivery(Kind.DESK_EMAIL, state, **by))
    assert (claims == "e-mail sent") == (state is State.DONE)
    assert (claims == "waiting") == (state in OPEN_STATES)


def test_only_who_said_so_has_told_the_patient_by_phone() -> None:
    assert fact(delivery(Kind.PATIENT_PHONE, State.ATTENTION)) == "phone the patient"
    assert fact(delivery(Kind.PATIENT_PHONE, State.SETTLED, note=TOLD_BY_PHONE)) == "told by phone"
    assert fact(delivery(Kind.PATIENT_PHONE, State.SETTLED, note="number is wrong")) == "settled"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"error": MANUAL_UPDATE}, "by hand"),
        ({"error": MANUAL_UPDATE, "is_refused": True}, "by hand"),
        ({"error": "the visit is billed", "is_refused": True}, "refused"),
        ({"error": "cannot be reached"}, "by hand"),
        ({"error": "cannot be reached", "next_at": NOW}, "waiting"),
        ({"error": "no answer", "unproven": 2}, "unknown, look there"),
        ({"error": "no answer", "unproven": 2, "next_at": NOW}, "unknown, checking"),
        ({"error": "no answer", "unproven": 1, "is_refused": True}, "unknown, look there"),
    ],
)
def test_a_pms_has_refused_only_when_it_said_so(changes: dict[str, Any], words: str) -> None:
    assert fact(delivery(Kind.PMS_CANCEL, State.ATTENTION, **changes)) == words


@pytest.mark.parametrize(
    ("deliveries", "sentence"),
    [
        ((), "cancelled"),
        (
            (delivery(Kind.PMS_CANCEL, State.DONE), delivery(Kind.PATIENT_EMAIL, State.DONE)),
            "cancelled, Praktika told, e-mail sent",
        ),
        (
            (delivery(Kind.PMS_CANCEL, State.PENDING), delivery(Kind.PATIENT_EMAIL, State.PENDING)),
            "cancelled, Praktika waiting, e-mail waiting",
        ),
        (
            (delivery(Kind.PMS_CANCEL, State.CLAIMED), delivery(Kind.PATIENT_EMAIL, State.DONE)),
            "cancelled, Praktika waiting, e-mail sent",
        ),
        ((delivery(Kind.PATIENT_SMS, State.UNKNOWN),), "cancelled, SMS waiting"),
        (
            (delivery(Kind.PMS_CANCEL, State.UNKNOWN), delivery(Kind.PATIENT_SMS, State.DONE)),
            "cancelled, Praktika unknown, checking, SMS sent",
        ),
        (
            (
                delivery(Kind.PMS_CANCEL, State.ATTENTION, MANUAL_UPDATE),
                delivery(Kind.PATIENT_PHONE, State.ATTENTION, NO_ADDRESS),
            ),
            "cancelled, Praktika by hand, phone the patient",
        ),
        (
            (
                delivery(Kind.PMS_CANCEL, State.ATTENTION, is_refused=True),
                delivery(Kind.PATIENT_PHONE, State.SETTLED, note=TOLD_BY_PHONE),
            ),
            "cancelled, Praktika refused, told by phone",
        ),
        (
            (delivery(Kind.PATIENT_EMAIL, State.SETTLED, settled_by="Kim Nguyen"),),
            "cancelled, patient settled",
        ),
        # The next channel took the place of one that failed.
        (
            (
                delivery(Kind.PATIENT_EMAIL, State.SETTLED),
                delivery(Kind.DESK_EMAIL, State.PENDING),
                delivery(Kind.PATIENT_SMS, State.PENDING),
            ),
            "cancelled, SMS waiting",
        ),
        # The desk's own copy is no fact that an operator waits for.
        ((delivery(Kind.DESK_EMAIL, State.PENDING),), "cancelled"),
        ((delivery(Kind.DESK_EMAIL, State.DONE),), "cancelled"),
    ],
)
def test_the_last_line(deliveries: tuple[Delivery, ...], sentence: str) -> None:
    assert facts("cancelled", deliveries) == sentence


def test_a_message_that_the_next_one_replaced_failed() -> None:
    assert fact(delivery(Kind.PATIENT_EMAIL, State.SETTLED)) == "failed"
    assert not delivery(Kind.PATIENT_PHONE, State.SETTLED, note=TOLD_BY_PHONE).is_superseded


@pytest.mark.parametrize(
    ("needs", "headline", "why"),
    [
        (
            delivery(Kind.PMS_CANCEL, State.ATTENTION, MANUAL_UPDATE, target="Dentix"),
            "CANCEL IT IN DENTIX BY HAND",
            "Manual update required",
        ),
        (
            delivery(
                Kind.PMS_CANCEL, State.ATTENTION, "no answer", target="Core Practice", attempts=8, unproven=3
            ),
            "CHECK CORE PRACTICE",
            "it did not say whether it took the cancel, 8 tries",
        ),
        (
            delivery(Kind.PMS_CANCEL, State.ATTENTION, "the visit is billed", attempts=1, is_refused=True),
            "CANCEL IT IN PRAKTIKA BY HAND",
            "the visit is billed",
        ),
        (
            delivery(Kind.PMS_CANCEL, State.ATTENTION, "cannot be reached", attempts=1, next_at=NOW),
            "STILL TRYING TO TELL PRAKTIKA",
            "cancel it there yourself if you can; cannot be reached, 1 try",
        ),
        (
            delivery(Kind.PMS_CANCEL, State.ATTENTION, "no answer", attempts=2, unproven=1, next_at=NOW),
            "STILL CHECKING PRAKTIKA",
            "look there yourself if you can; it did not say whether it took the cancel, 2 tries",
        ),
        (
            # It waits behind a lock-out: nobody has tried anything.
            delivery(Kind.PMS_CANCEL, State.ATTENTION, "it does not accept our key", next_at=NOW),
            "CANCEL IT IN PRAKTIKA BY HAND",
            "it does not accept our key",
        ),
        (
            delivery(
                Kind.PMS_CANCEL,
                State.ATTENTION,
                "not cancelled there: the patient has arrived",
                attempts=1,
                is_refused=True,
            ),
            "CHECK PRAKTIKA",
            "not cancelled there: the patient has arrived",
        ),
        (
            delivery(Kind.PATIENT_SMS, State.ATTENTION, "no answer", attempts=2, next_at=NOW),
            "PHONE THE PATIENT",
            "cancelled, SMS not sent (no answer), 2 tries, still trying",
        ),
        (
            delivery(
                Kind.PATIENT_EMAIL, State.ATTENTION, "e-mail refused (no such address)", is_refused=True
            ),
            "PHONE THE PATIENT",
            "cancelled, e-mail refused (no such address)",
        ),
        (
            delivery(Kind.PATIENT_SMS, State.ATTENTION, "no answer", attempts=2, unproven=1),
            "PHONE THE PATIENT",
            "cancelled, nobody knows whether the SMS went out",
        ),
        (
            delivery(Kind.PATIENT_EMAIL, State.ATTENTION, "the server is away", attempts=8),
            "PHONE THE PATIENT",
            "cancelled, e-mail not sent (the server is away), 8 tries",
        ),
        (
            delivery(Kind.PATIENT_PHONE, State.ATTENTION, NO_ADDRESS),
            "PHONE THE PATIENT",
            "cancelled, no e-mail, no mobile",
        ),
        (
            delivery(Kind.DESK_EMAIL, State.ATTENTION, "e-mail refused (no such address)", is_refused=True),
            "TELL THE PRACTICE",
            "e-mail refused (no such address)",
        ),
    ],
)
def test_what_a_person_has_to_do(needs: Delivery, headline: str, why: str) -> None:
    assert to_do(Attention(needs, make_booking())) == (headline, why)


@pytest.mark.parametrize(
    ("kind", "by_hand"),
    [
        ("pms.cancel", "CANCEL IT IN PRAKTIKA BY HAND"),
        ("pms.move", "MOVE IT IN PRAKTIKA BY HAND"),
        ("pms.no_show", "MARK THE NO-SHOW IN PRAKTIKA BY HAND"),
        ("pms.take_back_no_show", "TAKE THE NO-SHOW BACK IN PRAKTIKA BY HAND"),
        ("pms.made_up", "CHANGE IT IN PRAKTIKA BY HAND"),
    ],
)
def test_what_a_person_has_to_do_goes_by_what_the_pms_is_told(kind: str, by_hand: str) -> None:
    needs = replace(delivery(Kind.PMS_CANCEL, State.ATTENTION, MANUAL_UPDATE), kind=kind)
    assert to_do(Attention(needs, make_booking())) == (by_hand, MANUAL_UPDATE)
    assert fact(needs) == "by hand"
    assert facts("did not come", (needs,)) == "did not come, Praktika by hand"
    doubtful = replace(needs, error="no answer", unproven=1)
    assert to_do(Attention(doubtful, make_booking()))[0] == "CHECK PRAKTIKA"


@pytest.mark.parametrize("write", [writes.Cancel, writes.Move, writes.NoShow, writes.TakeBackNoShow])
def test_what_a_pms_shows_otherwise_is_looked_at_before_it_is_done_by_hand(
    write: type[writes.PmsWrite],
) -> None:
    kinds = {
        writes.Cancel: "pms.cancel",
        writes.Move: "pms.move",
        writes.NoShow: "pms.no_show",
        writes.TakeBackNoShow: "pms.take_back_no_show",
    }
    refused = delivery(Kind.PMS_CANCEL, State.ATTENTION, f"{write.said.refused}it has begun", is_refused=True)
    assert to_do(Attention(replace(refused, kind=kinds[write]), make_booking()))[0] == "CHECK PRAKTIKA"
