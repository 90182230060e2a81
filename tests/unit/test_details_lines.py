"""Details as lines with roles: what it says does not depend on what draws it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from frontdesk.bookings import Cancellation
from frontdesk.deliveries import Delivery, Kind, State
from frontdesk.words.details import BookingDetails, details_lines
from frontdesk.words.told import Role, Told
from tests.making import KIM, make_booking

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
BOOKING = make_booking(cancellation=Cancellation(NOW - timedelta(hours=1), KIM, "Work"))


def shown(width: int = 80, **state: Any) -> dict[str, tuple[Told, ...]]:
    zone = BOOKING.practice.zone
    return dict(details_lines(BookingDetails(BOOKING, NOW, zone, BOOKING.practice, **state), width))


def told_pms(state: State, **changes: Any) -> Delivery:
    return Delivery(1, BOOKING.id, Kind.PMS_CANCEL, state, "Praktika", NOW, NOW, **changes)


def role(line: Told) -> Role:
    return line.parts[-1].role


def test_what_needs_a_person_warns_and_what_is_done_does_not() -> None:
    open_one = told_pms(State.ATTENTION, error="patient not found there")
    done = told_pms(State.DONE)
    text = shown(deliveries=(open_one, done))["text"]

    warned = [line for line in text if role_is(line, Role.WARNING)]
    assert [("patient not found there" in str(line)) for line in warned] == [True]
    assert [str(line).strip() for line in text if role_is(line, Role.HEADING)] == [
        "What followed",
        "History" + " " * 58 + "newest first",
    ]


def test_a_detail_that_does_not_fit_stands_below_with_the_same_role() -> None:
    long = told_pms(State.ATTENTION, error="the practitioner of this appointment is another one")
    narrow = [line for line in shown(60, deliveries=(long,))["text"] if role_is(line, Role.WARNING)]

    assert len(narrow) > 1
    assert all(len(str(line)) <= 60 for line in narrow)


def test_the_keys_are_those_that_do_something_until_there_is_an_answer() -> None:
    (idle,) = shown(deliveries=(told_pms(State.DONE),))["keys"]
    (busy,) = shown(deliveries=(told_pms(State.ATTENTION, connection="praktika"),))["keys"]
    (answered,) = shown(message="Nothing here needs a person.")["keys"]

    assert str(idle) == "Up Down scroll  Esc back  F1 help"
    assert "s settle" in str(busy)
    assert (str(answered), role(answered)) == ("Nothing here needs a person.", Role.WARNING)
    assert keys_of(idle) == ["Up Down", "Esc", "F1"]
    assert keys_of(busy) == ["Up Down", "a", "s", "Esc", "F1"]


def keys_of(line: Told) -> list[str]:
    return [part.text for part in line.parts if part.role is Role.KEY]


def role_is(line: Told, wanted: Role) -> bool:
    return any(part.role is wanted for part in line.parts)
