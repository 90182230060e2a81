"""Open Dental: what its rows mean, and that a cancel is two requests of which each is proven."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdesk.attempts import Ended, Result
from frontdesk.bookings import Cancellation
from frontdesk.deliveries import Kind as DeliveryKind
from frontdesk.demo.simulator import Effect, Fault, Kind, Operation
from frontdesk.http_client import Lost
from frontdesk.pms import open_dental_documents as documents
from frontdesk.pms.port import (
    AppointmentStatus,
    CancelRequest,
    ContractDrift,
    MoveRequest,
    NoShowRequest,
    One,
    PmsError,
    PmsNotFound,
    PmsUnavailable,
    Rejected,
    Unclear,
    UnknownOutcome,
    Unsupported,
    WriteState,
)
from frontdesk.pms.telling import PmsCarrier
from tests.contract.pms_accounts import PROMISES, REF, START, connected
from tests.making import KIM, make_booking, make_patient
from tests.notifying import make_claim
from tests.unit.scripted_open_dental import DAY, ID, NOW, ROW, ZONE, Server, answer, dental, history

(PROMISE,) = (one for one in PROMISES if one.kind == "open-dental")


async def test_both_keys_go_with_every_request_and_times_are_asked_for_with_their_offset() -> None:
    server = Server(ROW)
    await dental(server).appointment("18")
    assert server.headers["Authorization"] == "ODFHIR developer/customer"
    assert server.headers["Content-Type"] == "application/json"
    assert server.asked == [
        ("GET", "/appointments/18", {"DateTimeFormatString": "yyyy-MM-dd HH:mm:ss zzz"}, None)
    ]


async def test_an_appointment_is_read() -> None:
    found = await dental(Server(ROW)).appointment("18")
    assert (found.ref, found.status, found.raw_status) == ("18", AppointmentStatus.BOOKED, "Scheduled")
    assert found.starts_at == datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
    assert found.ends_at == found.starts_at + timedelta(minutes=30)
    assert (found.practitioners, found.patients, found.location) == (One("1"), One("17"), "2")
    assert (found.practitioner_name, found.appointment_type) == ("DOC1", "Seal, Seal")
    assert found.updated_at == datetime(2026, 11, 19, 22, 0, 12, tzinfo=UTC)
    assert found.time_text == "2026-11-26 10:30:00"


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-04-05 02:30:00", datetime(2026, 4, 4, 16, 0, tzinfo=UTC)),
        ("2026-04-05 02:30:00 +10:30", datetime(2026, 4, 4, 16, 0, tzinfo=UTC)),
        ("2026-04-05 02:30:00 +09:30", datetime(2026, 4, 4, 17, 0, tzinfo=UTC)),
        ("2026-11-26 10:30:00 +10:30", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        # The offset of a server elsewhere says nothing of the practice's clock.
        ("2026-11-26 10:30:00 -07:00", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("0001-01-01 00:00:00", None),
        ("0001-01-01 00:00:00 +09:14", None),
    ],
)
def test_times_are_those_of_the_practice(written: str, instant: datetime | None) -> None:
    assert documents.moment(written, ZONE) == instant


@pytest.mark.parametrize("odd", [None, 5, "", "2026-11-26", "2026-11-26T10:30:00", "2026-13-01 00:00:00"])
def test_a_time_of_another_shape_is_refused(odd: object) -> None:
    with pytest.raises(ContractDrift):
        documents.moment(odd, ZONE)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, AppointmentStatus.BOOKED),
        ({"Priority": "ASAP"}, AppointmentStatus.BOOKED),
        ({"AptStatus": "ASAP"}, AppointmentStatus.BOOKED),
        ({"AptStatus": "Complete"}, AppointmentStatus.COMPLETED),
        ({"AptStatus": "UnschedList"}, AppointmentStatus.CANCELLED),
        ({"AptStatus": "cancelled"}, AppointmentStatus.OTHER),
        ({"DateTimeArrived": "2026-11-26 10:21:00"}, AppointmentStatus.ARRIVED),
        # What stands there before somebody arrives is the day alone.
        ({"DateTimeArrived": "2026-11-26 00:00:00"}, AppointmentStatus.BOOKED),
        ({"DateTimeArrived": "soon"}, AppointmentStatus.BOOKED),
    ],
)
async def test_what_a_status_means(changes: dict[str, Any], status: AppointmentStatus) -> None:
    assert (await dental(Server(ROW | changes)).appointment("18")).status is status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], AppointmentStatus.CANCELLED),
        ([history(1, "Missed")], AppointmentStatus.NO_SHOW),
        ([history(1, "Cancelled")], AppointmentStatus.CANCELLED),
        ([history(2, "Changed"), history(1, "Missed")], AppointmentStatus.NO_SHOW),
        ([history(1, "Missed"), history(3, "Cancelled")], AppointmentStatus.CANCELLED),
        # It was scheduled again after it was missed, and broken without a word.
        (
            [history(1, "Missed"), history(2, "Changed", "Scheduled"), history(3, "Changed")],
            AppointmentStatus.CANCELLED,
        ),
        ([history(1, "Missed", appointment=19)], AppointmentStatus.CANCELLED),
    ],
)
async def test_a_broken_one_is_a_no_show_by_its_history(
    lines: list[dict[str, Any]], status: AppointmentStatus
) -> None:
    """Rule 21: one word there means two things, so it is kept beside what it is taken for."""
    server = Server(ROW | {"AptStatus": "Broken"}, lines)
    found = await dental(server).appointment("18")
    assert (found.status, found.raw_status) == (status, "Broken")
    assert server.asked[1][1:3] == (
        "/histappointments",
        {"AptNum": "18", "DateTimeFormatString": "yyyy-MM-dd HH:mm:ss zzz", "Limit": "100"},
    )


async def test_without_a_history_a_broken_one_is_cancelled() -> None:
    server = Server(ROW | {"AptStatus": "Broken"}, answer("The version is not high enough.", 400))
    assert (await dental(server).appointment("18")).status is AppointmentStatus.CANCELLED
    with pytest.raises(PmsUnavailable):
        await dental(Server(ROW | {"AptStatus": "Broken"}, answer(status=503))).appointment("18")


@pytest.mark.parametrize("word", sorted(documents.NO_BOOKINGS))
async def test_what_is_no_booking_is_left_out_and_not_found(word: str) -> None:
    plan = ROW | {"AptStatus": word, "AptNum": 19}
    found = await dental(Server([ROW, plan])).appointments(*DAY)
    assert [one.ref for one in found.appointments] == ["18"]
    with pytest.raises(PmsNotFound):
        await dental(Server(plan)).appointment("19")


async def test_a_hygienists_appointment_is_theirs() -> None:
    """Rule 22: who treats is a number, and which of the two numbers depends on the appointment."""
    theirs = ROW | {"IsHygiene": "true", "ProvHyg": 4}
    assert (await dental(Server(theirs)).appointment("18")).practitioners == One("4")
    assert (await dental(Server(ROW | {"ProvHyg": 4})).appointment("18")).practitioners == One("1")
    assert (await dental(Server(ROW | {"PatNum": 0})).appointment("18")).patients == Unclear()


# A cancel


async def test_a_cancel_is_a_break_and_then_a_note_and_each_is_read() -> None:
    broken = ROW | {"AptStatus": "UnschedList"}
    server = Server(ROW, answer(), broken, answer(), broken | {"Note": "Rang back  Sick"})
    done = await dental(server).cancel("18", CancelRequest(ID, "Sick"))
    assert (done.state, done.ref, done.lacks_reason) == (WriteState.APPLIED, "18", False)
    assert [(method, path, body) for method, path, _, body in server.asked if method == "PUT"] == [
        ("PUT", "/appointments/18/Break", {"sendToUnscheduledList": "true"}),
        ("PUT", "/appointments/18/Note", {"Note": "Sick"}),
    ]
    assert [method for method, *_ in server.asked] == ["GET", "PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize(
    "replies",
    [
        (Lost("lost"),),
        (answer("Note is invalid.", 400),),
        (answer(), ROW | {"AptStatus": "UnschedList"}),
        (answer(), answer(status=503)),
    ],
)
async def test_a_note_that_fails_is_said_and_the_cancel_stands(replies: tuple[object, ...]) -> None:
    server = Server(ROW, answer(), ROW | {"AptStatus": "UnschedList"}, *replies)
    done = await dental(server).cancel("18", CancelRequest(ID, "Sick"))
    assert (done.state, done.lacks_reason) == (WriteState.APPLIED, True)


@pytest.mark.parametrize("after", [ROW, answer(status=503), answer("Appointment not found.", 404)])
async def test_a_break_that_is_not_seen_is_no_success_and_gets_no_note(after: object) -> None:
    server = Server(ROW, answer(), after)
    with pytest.raises(UnknownOutcome):
        await dental(server).cancel("18", CancelRequest(ID, "Sick"))
    assert not any(path.endswith("/Note") for _, path, *_ in server.asked)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer("Only appointments with an AptStatus of Scheduled can be broken.", 400), Rejected),
        (answer("eConnector is not running.", 400), UnknownOutcome),
        (answer("The request timed out.", 400), UnknownOutcome),
        (answer(status=504), UnknownOutcome),
        (Lost("lost"), UnknownOutcome),
        (answer("", 410), Unsupported),
    ],
)
async def test_what_a_refused_break_means(reply: object, error: type[PmsError]) -> None:
    with pytest.raises(error):
        await dental(Server(ROW, reply, ROW)).cancel("18", CancelRequest(ID, "Sick"))


async def test_an_office_that_cannot_be_reached_is_away() -> None:
    with pytest.raises(PmsUnavailable, match="does not reach the practice"):
        await dental(Server(answer("eConnector is not running.", 400))).appointment("18")


async def carried(fault: Fault | None = None, reason: str = "Sick") -> tuple[Result, list[str]]:
    """Carry a cancel to the simulated Open Dental; return what is said and what took effect there."""
    booking = make_booking(
        pms_ref=REF,
        starts_at=START,
        patient=make_patient(pms_ref="55"),
        cancellation=Cancellation(NOW, KIM, reason),
    )
    async with connected(PROMISE) as at:
        if fault:
            at.simulator.faults.set(fault)
        claim = make_claim(DeliveryKind.PMS_CANCEL, "Open Dental", booking=booking)
        result = await PmsCarrier(lambda _: at.pms).carry(claim)
        return result, [line.operation for line in at.simulator.effective]


async def test_the_operator_reads_that_the_reason_may_be_missing() -> None:
    said, done = await carried()
    assert (said, done) == (Result(Ended.DONE, "cancelled there"), ["cancel", "note"])
    lacking = Result(Ended.DONE, "cancelled there; the reason may be missing there")
    assert await carried(Fault(Kind.INVALID, Operation.NOTE)) == (lacking, ["cancel"])
    lost = Fault(Kind.DROP, Operation.CANCEL, times=1, effect=Effect.APPLIED)
    assert await carried(lost) == (lacking, ["cancel"])
    assert await carried(lost, reason="") == (Result(Ended.DONE, "cancelled there"), ["cancel"])


# Moves and no-shows


async def test_a_move_says_no_more_than_what_changes() -> None:
    start = datetime(2026, 11, 27, 0, 0, tzinfo=UTC)
    moved = ROW | {"AptDateTime": "2026-11-27 10:30:00"}
    server = Server(ROW, answer(), moved)
    await dental(server).reschedule("18", MoveRequest(ID, start, start + timedelta(minutes=30), "1"))
    assert server.asked[1][3] == {"AptDateTime": "2026-11-27 10:30:00"}
    server = Server(ROW, answer(), moved)
    await dental(server).reschedule("18", MoveRequest(ID, start, start + timedelta(minutes=45), "5"))
    assert server.asked[1][3] == {
        "AptDateTime": "2026-11-27 10:30:00",
        "ProvNum": 5,
        "Pattern": "//XXXXXXX",
    }


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        (datetime(2027, 4, 3, 17, 0, tzinfo=UTC), 30),
        (datetime(2026, 11, 27, 0, 0, tzinfo=UTC), 33),
        (datetime(2026, 11, 27, 0, 0, tzinfo=UTC), 0),
    ],
    ids=["the second hour of one name", "no whole steps", "no length"],
)
async def test_a_move_that_cannot_be_said_is_refused(start: datetime, minutes: int) -> None:
    server = Server(ROW)
    with pytest.raises(Rejected):
        await dental(server).reschedule("18", MoveRequest(ID, start, start + timedelta(minutes=minutes)))
    assert [method for method, *_ in server.asked] == ["GET"]


async def test_a_no_show_is_a_missed_appointment_that_stays_in_the_book() -> None:
    broken = ROW | {"AptStatus": "Broken"}
    server = Server(ROW, answer(), broken, [history(1, "Missed")])
    await dental(server).mark_no_show("18", NoShowRequest(ID))
    assert server.asked[1][3] == {"sendToUnscheduledList": "false", "breakType": "Missed"}
    server = Server(broken, [history(1, "Missed")], answer(), ROW)
    await dental(server).take_back_no_show("18", NoShowRequest(ID))
    assert server.asked[2][3] == {"AptStatus": "Scheduled"}
    with pytest.raises(UnknownOutcome):
        await dental(Server(ROW, answer(), broken, [])).mark_no_show("18", NoShowRequest(ID))
