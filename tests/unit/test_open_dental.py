"""Open Dental: what its rows mean, and that a cancel is two requests of which each is proven."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.attempts import Ended, Result
from frontdesk.bookings import Cancellation
from frontdesk.deliveries import Kind as DeliveryKind
from frontdesk.demo.simulator import Effect, Fault, Kind, Operation
from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient, Lost
from frontdesk.pms import open_dental_documents as documents
from frontdesk.pms.diary import Block, WeeklyHours
from frontdesk.pms.kinds import profile_path
from frontdesk.pms.open_dental import OpenDental
from frontdesk.pms.port import (
    Account,
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
from frontdesk.pms.profile_file import load
from frontdesk.pms.signing import SignIn
from frontdesk.pms.telling import PmsCarrier
from tests.contract.pms_accounts import PROMISES, REF, START, connected
from tests.making import KIM, make_booking, make_patient
from tests.notifying import make_claim

ZONE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
ID = UUID("0b9f7c3e-5d0a-4a7e-9b1c-2f6f0e8a4d11")
DAY = (datetime(2026, 11, 25, 13, 30, tzinfo=UTC), datetime(2026, 11, 26, 13, 30, tzinfo=UTC))
(PROMISE,) = (one for one in PROMISES if one.kind == "open-dental")

ROW: dict[str, Any] = {
    "serverDateTime": "2026-11-24 12:00:00",
    "AptNum": 18,
    "PatNum": 17,
    "AptStatus": "Scheduled",
    "Pattern": "//XXXX",
    "Op": 3,
    "Note": "",
    "ProvNum": 1,
    "provAbbr": "DOC1",
    "ProvHyg": 0,
    "AptDateTime": "2026-11-26 10:30:00",
    "IsNewPatient": "false",
    "ProcDescript": "Seal, Seal",
    "ClinicNum": 2,
    "IsHygiene": "false",
    "DateTStamp": "2026-11-20 08:30:12",
    "DateTimeArrived": "0001-01-01 00:00:00",
    "Priority": "Normal",
}


def history(number: int, action: str, status: str = "Broken", appointment: int = 18) -> dict[str, Any]:
    line = {"HistApptNum": number, "HistApptAction": action, "HistDateTStamp": "2026-11-24 09:00:00"}
    return ROW | line | {"AptNum": appointment, "AptStatus": status}


class Server(HttpClient):
    """Answers what it was told to, one after the other, and keeps what it was asked."""

    def __init__(self, *replies: object) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.headers: dict[str, str] = {}

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        json: object = None,
    ) -> Answer:
        self.asked.append((method, url.removeprefix("https://api.opendental.com/api/v1"), dict(params), json))
        self.headers = dict(headers or {})
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Answer) else answer(reply)


def answer(document: object = None, status: int = 200) -> Answer:
    return Answer(status, {}, b"" if document is None else json.dumps(document).encode())


def dental(server: Server) -> OpenDental:
    profile = msgspec.structs.replace(load(profile_path("open-dental", Path())), limits=None)
    account = Account("smile", "open-dental", credentials={"secret": "developer", "key2": "customer"})
    sign_in = SignIn(profile.name, profile.auth, account, lambda name: name, server, lambda: NOW)
    root = "https://api.opendental.com/api/v1"
    return OpenDental(profile, root, {"tenant": ""}, server, sign_in, ZONE.key, lambda: NOW)


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
    server = Server(ROW | {"AptStatus": "Broken"}, lines)
    assert (await dental(server).appointment("18")).status is status
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


# The diary


async def test_a_day_is_asked_for_by_the_practices_calendar() -> None:
    server = Server([ROW])
    await dental(server).appointments(*DAY, location="2")
    assert server.asked[0][1:3] == (
        "/appointments",
        {
            "dateStart": "2026-11-26",
            "dateEnd": "2026-11-26",
            "DateTimeFormatString": "yyyy-MM-dd HH:mm:ss zzz",
            "ClinicNum": "2",
            "Limit": "100",
        },
    )


async def test_a_page_begins_with_the_last_row_of_the_one_before() -> None:
    """Rule 11: what is counted off by rows shifts when somebody books or deletes meanwhile."""
    rows = [ROW | {"AptNum": number} for number in range(1, 131)]
    server = Server(rows[:100], rows[99:])
    asking = dental(server)
    first = await asking.appointments(*DAY)
    second = await asking.appointments(*DAY, first.cursor)
    assert [int(one.ref) for one in first.appointments + second.appointments] == [*range(1, 131)]
    assert second.cursor is None
    assert server.asked[1][2]["Offset"] == "99"
    for shifted, error in ((rows[100:], PmsUnavailable), ([], ContractDrift), (rows[:100], ContractDrift)):
        asking = dental(Server(rows[:100], shifted))
        page = await asking.appointments(*DAY)
        with pytest.raises(error):
            await asking.appointments(*DAY, page.cursor)


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        (datetime(2026, 11, 24, 0, 0, 0, 400_000, tzinfo=UTC), "2026-11-24 10:29:59"),
        # The clocks go back at 16:30 UTC: what is stamped after that may read an hour earlier.
        (datetime(2026, 4, 4, 16, 20, tzinfo=UTC), "2026-04-05 01:49:59"),
        (datetime(2026, 4, 4, 16, 40, tzinfo=UTC), "2026-04-05 02:09:59"),
    ],
)
async def test_changes_are_asked_for_from_the_second_on_by_any_clock(since: datetime, asked: str) -> None:
    server = Server([])
    await dental(server).changes(since)
    assert server.asked[0][2]["DateTStamp"] == asked


async def test_what_was_deleted_is_told_by_the_history_and_proven() -> None:
    """Rule 7: deletes are invisible to incremental reads."""
    old = history(1, "Deleted", appointment=19) | {"HistDateTStamp": "2026-11-23 09:00:00"}
    server = Server(
        [ROW],
        [old, history(2, "Deleted", appointment=20), history(3, "Deleted", appointment=21)],
        answer("Appointment not found.", 404),
        ROW | {"AptNum": 21},
    )
    asking = dental(server)
    since = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    first = await asking.changes(since)
    second = await asking.changes(since, first.cursor)
    assert ([one.ref for one in first.appointments], first.gone) == (["18"], ())
    assert (second.appointments, second.gone, second.cursor) == ((), ("20",), None)


async def test_an_older_version_tells_no_deletes_and_is_not_asked_again() -> None:
    asking = dental(Server([], answer("The version is not high enough.", 400), []))
    page = await asking.changes(NOW, (await asking.changes(NOW)).cursor)
    assert (page.gone, page.cursor, asking.abilities.shows_deleted) == ((), None, False)
    assert (await asking.changes(NOW)).cursor is None


def schedule(kind: str, **changes: Any) -> dict[str, Any]:
    made = {
        "ScheduleNum": "25884",
        "SchedDate": "2026-11-26",
        "StartTime": "13:30:00",
        "StopTime": "14:00:00",
    }
    return made | {"SchedType": kind, "ProvNum": "0", "blockoutType": "", "operatories": ""} | changes


CHAIRS = [
    {"OperatoryNum": 5, "ProvDentist": 3, "ProvHygienist": 0, "IsHygiene": "false", "ClinicNum": 1},
    {"OperatoryNum": 6, "ProvDentist": 3, "ProvHygienist": 4, "IsHygiene": "true", "ClinicNum": 2},
]


async def test_a_blockout_is_a_time_off_of_whoever_works_in_its_operatories() -> None:
    meeting = schedule("Blockout", blockoutType="Staff Meeting", operatories="5,6")
    start = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    end = start + timedelta(minutes=30)
    for place, expected in (
        (
            "",
            {
                Block("25884 3", "3", start, end, "Staff Meeting"),
                Block("25884 4", "4", start, end, "Staff Meeting"),
            },
        ),
        ("2", {Block("25884", "4", start, end, "Staff Meeting")}),
    ):
        server = Server(CHAIRS, [meeting, schedule("Practice", Note="3 Day Weekend")])
        assert {*await dental(server).blocks(*DAY, place)} == expected
        assert server.asked[1][2]["SchedType"] == "Blockout"


async def test_hours_are_those_of_the_next_day_of_each_weekday() -> None:
    rows = [
        schedule("Provider", ProvNum="3", operatories="5", SchedDate="2026-11-26", StartTime="08:00:00"),
        schedule("Provider", ProvNum="3", operatories="5", SchedDate="2026-12-03", StartTime="09:00:00"),
        schedule("Provider", ProvNum="4", operatories="6", SchedDate="2026-11-27", StopTime="18:00:00"),
        schedule("Employee", ProvNum="0"),
    ]
    three = WeeklyHours("3", 4, time(8), time(14))
    four = WeeklyHours("4", 5, time(13, 30), time(18))
    for place, expected in (("", {three, four}), ("1", {three}), ("2", {four})):
        assert {*await dental(Server(CHAIRS, rows)).hours(place)} == expected


# Whatever comes


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 30)
    | st.sampled_from(["", "18", "Broken", "0001-01-01 00:00:00", "Missed"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(sorted(ROW)), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = (*ROW, "HistApptNum", "HistApptAction", "HistDateTStamp", *schedule(""), *CHAIRS[0], "Birthdate")
ROWS: tuple[dict[str, Any], ...] = (
    ROW,
    history(1, "Missed"),
    schedule("Provider"),
    schedule("Blockout"),
    CHAIRS[1],
    {},
)


@st.composite
def rows(draw: st.DrawFn) -> object:
    odd = draw(st.dictionaries(st.sampled_from(FIELDS), values, max_size=4))
    return draw(st.sampled_from(ROWS)) | odd


replies = st.lists(rows() | values, max_size=3) | rows() | values

ASKED: tuple[Callable[[OpenDental], Awaitable[object]], ...] = (
    lambda asking: asking.ping(),
    lambda asking: asking.appointments(*DAY),
    lambda asking: asking.appointments(*DAY, "99 1 18"),
    lambda asking: asking.changes(NOW),
    lambda asking: asking.changes(NOW, "deleted"),
    lambda asking: asking.appointment("18"),
    lambda asking: asking.patient("17"),
    lambda asking: asking.practitioners(),
    lambda asking: asking.locations(),
    lambda asking: asking.blocks(*DAY),
    lambda asking: asking.hours(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(replies, min_size=4, max_size=4), st.sampled_from(ASKED))
async def test_whatever_comes_it_is_read_or_refused(
    said: list[object], ask: Callable[[OpenDental], Awaitable[object]]
) -> None:
    server = Server(*said, *([answer("Not found.", 404)] * 20))
    with suppress(PmsError):
        await ask(dental(server))


@settings(max_examples=60, deadline=None)
@given(st.lists(replies, min_size=4, max_size=4))
async def test_whatever_comes_no_cancel_is_taken_for_done_that_was_not_seen(said: list[object]) -> None:
    server = Server(ROW, *said, *([answer("Not found.", 404)] * 20))
    with suppress(PmsError):
        await dental(server).cancel("18", CancelRequest(ID, "Sick"))
        shown = said[1]
        assert isinstance(shown, dict)
        assert shown["AptStatus"] in ("Broken", "UnschedList")
