"""What bookings lack, so that a person has to do what could be done automatically."""

from datetime import timedelta

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Booking, Cancellation, Channel
from frontdesk.gaps import Gaps
from tests.making import BY_HAND, KIM, make_booking, make_incoming, make_patient, make_practice

STARTS = make_booking().starts_at
BEFORE = STARTS - timedelta(days=1)
UNREACHABLE = make_patient(email="", mobile="")
PMS = (
    "Without it Praktika cannot be told of a cancellation: somebody has to cancel the booking there by hand."
)
RING = "Without an address the patient is not told automatically: somebody has to ring."


def said(*bookings: Booking, which: str = "bookings to come") -> list[str]:
    gaps = Gaps(which)
    for one in bookings:
        gaps.add(one, one.practice, BEFORE)
    return list(gaps.sentences())


def test_a_booking_with_all_that_is_needed_lacks_nothing() -> None:
    assert said(make_booking()) == []


def test_each_thing_that_is_missing_is_counted_among_all() -> None:
    bookings = [
        make_booking(),
        make_booking(pms_ref=""),
        make_booking(pms_ref="", patient=UNREACHABLE),
        make_booking(pms_ref=""),
    ]

    assert said(*bookings, which="bookings to come in this file") == [
        f"3 of 4 bookings to come in this file have no pms_ref. {PMS}",
        f"1 of 4 bookings to come in this file has no patient_email and no patient_mobile. {RING}",
    ]


def test_only_what_the_practice_would_use_is_missed() -> None:
    by_mail = make_practice(patient_channels=(Channel.EMAIL,))
    no_system = make_practice(pms=None, patient_channels=())

    assert said(make_booking(practice=by_mail, patient=make_patient(email=""))) == [
        f"1 of 1 bookings to come has no patient_email. {RING}"
    ]
    assert said(make_booking(practice=no_system, patient=UNREACHABLE, pms_ref="")) == []


def test_a_system_that_is_always_updated_by_hand_needs_no_reference() -> None:
    assert said(make_booking(practice=make_practice(pms=BY_HAND), pms_ref="")) == []


@pytest.mark.parametrize(
    "over",
    [
        make_booking(pms_ref="", cancellation=Cancellation(BEFORE, KIM, "")),
        make_booking(pms_ref="", starts_at=BEFORE),
        make_incoming(pms_ref="", starts_at=STARTS, cancelled_at=BEFORE),
    ],
    ids=["cancelled", "started", "cancelled in its file"],
)
def test_what_cannot_be_cancelled_any_more_is_not_counted(over: Booking | IncomingBooking) -> None:
    gaps = Gaps()

    gaps.add(over, make_practice(), BEFORE)

    assert list(gaps.sentences()) == []


def test_a_way_of_telling_patients_that_only_a_newer_program_knows_is_named_as_it_is() -> None:
    practice = make_practice(pms=None, patient_channels=(Channel("pigeon"),))
    (sentence,) = said(make_booking(practice=practice))
    assert sentence == f"1 of 1 bookings to come has no pigeon. {RING}"
