"""What follows a cancellation, and the fixed words for how far it has got."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.bookings import Channel, Pms
from frontdesk.deliveries import (
    MANUAL_UPDATE,
    NO_ADDRESS,
    OPEN_STATES,
    TOLD_BY_PHONE,
    Delivery,
    Kind,
    Planned,
    State,
    fact,
    facts,
    plan,
)
from tests.making import BY_HAND, PRAKTIKA, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
MAIL, MOBILE, DESK = "amelia@example.com", "0491570006", "desk@adelaide.example"
EMAIL, SMS = Channel.EMAIL, Channel.SMS

PATIENT_KINDS = {Kind.PATIENT_EMAIL, Kind.PATIENT_SMS, Kind.PATIENT_PHONE}
TELLS_ITSELF = Pms("core", "core-practice", "Core Practice", can_cancel=True, tells_patient=True)


def planned(
    pms: Pms | None, channels: tuple[Channel, ...], email: str, mobile: str, desk: str, *, told: bool = False
) -> tuple[Planned, ...]:
    practice = make_practice(pms=pms, patient_channels=channels, email=desk)
    booking = make_booking(practice=practice, patient=make_patient(email=email, mobile=mobile))
    return plan(booking, practice, told_by_phone=told)


@pytest.mark.parametrize(
    ("pms", "expected"),
    [
        (None, []),
        (PRAKTIKA, [Planned(Kind.PMS_CANCEL, State.PENDING, "Praktika")]),
        (BY_HAND, [Planned(Kind.PMS_CANCEL, State.ATTENTION, "Paper diary", MANUAL_UPDATE)]),
        (TELLS_ITSELF, [Planned(Kind.PMS_CANCEL, State.PENDING, "Core Practice")]),
    ],
)
def test_the_pms_is_told_if_there_is_one_and_by_hand_if_it_cannot_cancel(
    pms: Pms | None, expected: list[Planned]
) -> None:
    assert list(planned(pms, (), MAIL, MOBILE, "")) == expected


@pytest.mark.parametrize(
    ("channels", "email", "mobile", "expected"),
    [
        ((EMAIL, SMS), MAIL, MOBILE, Planned(Kind.PATIENT_EMAIL, State.PENDING, MAIL)),
        ((SMS, EMAIL), MAIL, MOBILE, Planned(Kind.PATIENT_SMS, State.PENDING, MOBILE)),
        ((EMAIL, SMS), "", MOBILE, Planned(Kind.PATIENT_SMS, State.PENDING, MOBILE)),
        ((SMS, EMAIL), MAIL, "", Planned(Kind.PATIENT_EMAIL, State.PENDING, MAIL)),
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
    assert planned(None, (), MAIL, MOBILE, DESK) == (Planned(Kind.DESK_EMAIL, State.PENDING, DESK),)
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
        assert one.target or one.kind is Kind.PATIENT_PHONE
        assert one.state is not State.SETTLED or (told and one.kind is Kind.PATIENT_PHONE)


def delivery(kind: Kind, state: State, error: str = "") -> Delivery:
    targets = {Kind.PMS_CANCEL: "Praktika", Kind.PATIENT_SMS: MOBILE, Kind.PATIENT_PHONE: MOBILE}
    return Delivery(1, 1, kind, state, targets.get(kind, MAIL), NOW, NOW, error=error)


PMS_WORDS = {
    State.PENDING: "waiting",
    State.CLAIMED: "waiting",
    State.UNKNOWN: "unknown, checking",
    State.DONE: "ok",
    State.ATTENTION: "refused",
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
    assert fact(delivery(Kind.PMS_CANCEL, state)) == PMS_WORDS[state]
    assert fact(delivery(Kind.PATIENT_EMAIL, state)) == MESSAGE_WORDS.get(state, "e-mail ok")
    assert fact(delivery(Kind.PATIENT_SMS, state)) == MESSAGE_WORDS.get(state, "SMS ok")
    told = "told by phone" if state is State.SETTLED else "phone the patient"
    assert fact(delivery(Kind.PATIENT_PHONE, state)) == told
    claims = fact(delivery(Kind.DESK_EMAIL, state))
    assert (claims == "e-mail ok") == (state is State.DONE)
    assert (claims == "waiting") == (state in OPEN_STATES)


def test_a_manual_update_is_by_hand() -> None:
    assert fact(delivery(Kind.PMS_CANCEL, State.ATTENTION, MANUAL_UPDATE)) == "by hand"
    assert fact(delivery(Kind.PMS_CANCEL, State.SETTLED, MANUAL_UPDATE)) == "done by hand"


@pytest.mark.parametrize(
    ("deliveries", "sentence"),
    [
        ((), "Cancelled here ok"),
        (
            (delivery(Kind.PMS_CANCEL, State.DONE), delivery(Kind.PATIENT_EMAIL, State.DONE)),
            "Cancelled here ok, Praktika ok, e-mail ok",
        ),
        (
            (delivery(Kind.PMS_CANCEL, State.PENDING), delivery(Kind.PATIENT_SMS, State.PENDING)),
            "Cancelled here ok, Praktika, patient waiting",
        ),
        (
            (delivery(Kind.PMS_CANCEL, State.CLAIMED), delivery(Kind.PATIENT_EMAIL, State.DONE)),
            "Cancelled here ok, e-mail ok, Praktika waiting",
        ),
        ((delivery(Kind.PATIENT_SMS, State.UNKNOWN),), "Cancelled here ok, patient waiting"),
        (
            (delivery(Kind.PMS_CANCEL, State.UNKNOWN), delivery(Kind.PATIENT_SMS, State.DONE)),
            "Cancelled here ok, Praktika unknown, checking, SMS ok",
        ),
        (
            (
                delivery(Kind.PMS_CANCEL, State.ATTENTION, MANUAL_UPDATE),
                delivery(Kind.PATIENT_PHONE, State.ATTENTION, NO_ADDRESS),
            ),
            "Cancelled here ok, Praktika by hand, phone the patient",
        ),
        (
            (delivery(Kind.PMS_CANCEL, State.ATTENTION), delivery(Kind.PATIENT_PHONE, State.SETTLED)),
            "Cancelled here ok, Praktika refused, told by phone",
        ),
        ((delivery(Kind.PATIENT_EMAIL, State.SETTLED),), "Cancelled here ok, patient settled"),
        # The desk's own copy is no fact that an operator waits for.
        ((delivery(Kind.DESK_EMAIL, State.PENDING),), "Cancelled here ok"),
        ((delivery(Kind.DESK_EMAIL, State.DONE),), "Cancelled here ok"),
    ],
)
def test_the_last_line(deliveries: tuple[Delivery, ...], sentence: str) -> None:
    assert facts(deliveries) == sentence
