"""What every adapter must do, over real HTTP against the simulated PMS of its kind."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from frontdesk.bookings import Practitioner
from frontdesk.demo.simulator import Effect, EntryStatus, Fault, Kind, Operation
from frontdesk.pms.comparing import preflight
from frontdesk.pms.port import (
    AlreadyCancelled,
    Appointment,
    AppointmentStatus,
    One,
    PmsConflict,
    PmsError,
    PmsNotFound,
    Rejected,
    UnknownOutcome,
    Unsupported,
    WriteResult,
    WriteState,
)
from frontdesk.preflight import Finding
from tests.contract.pms_accounts import (
    HALF_AN_HOUR,
    NOW,
    PROMISES,
    REF,
    START,
    Connected,
    Promise,
    connected,
)
from tests.making import make_booking, make_patient


def kind_of(promise: Promise) -> str:
    """Name a kind in a test's id."""
    return promise.kind


def only(holds: Callable[[Promise], bool]) -> list[Promise]:
    """Return the kinds of which something holds."""
    return [promise for promise in PROMISES if holds(promise)]


@pytest.fixture(params=PROMISES, ids=kind_of)
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    """Each adapter in turn, with one appointment on Thursday."""
    async with connected(request.param) as made:
        yield made


async def test_an_appointment_is_read(at: Connected) -> None:
    found = await at.pms.appointment(REF)
    assert (found.ref, found.status) == (REF, AppointmentStatus.BOOKED)
    assert (found.starts_at, found.ends_at) == (START, START + HALF_AN_HOUR)
    assert found.starts_at.tzinfo is UTC
    assert (found.practitioners, found.patients) == (One("3"), One("55"))
    assert found.patient_name == ("Amelia Wilson" if at.promise.names_patient else "")
    assert found.practitioner_name == ("Dr Lee" if at.promise.names_practitioner else "")
    assert found.appointment_type == ("Check-up and clean" if at.promise.names_type else "")
    assert bool(found.version) == at.pms.capabilities.has_versions
    assert found.raw_status


SHOWN = {
    EntryStatus.BOOKED: {AppointmentStatus.BOOKED},
    EntryStatus.ARRIVED: {AppointmentStatus.ARRIVED},
    EntryStatus.COMPLETED: {AppointmentStatus.COMPLETED, AppointmentStatus.ARRIVED},
    EntryStatus.CANCELLED: {AppointmentStatus.CANCELLED},
    EntryStatus.NO_SHOW: {AppointmentStatus.NO_SHOW},
}


async def test_every_status_is_told_apart(at: Connected) -> None:
    shown = {}
    for status in EntryStatus:
        attendance = "FTA" if status is EntryStatus.NO_SHOW else ""
        at.put(status=status, attendance=attendance)
        shown[status] = (await at.pms.appointment(REF)).status
    assert all(shown[status] in SHOWN[status] for status in EntryStatus), shown


async def test_a_status_nobody_knows_is_never_a_cancel(at: Connected) -> None:
    at.simulator.faults.set(Fault(Kind.UNKNOWN_STATUS))
    found = await at.pms.appointment(REF)
    has_status = at.promise.kind != "cliniko"
    assert found.status is (AppointmentStatus.OTHER if has_status else AppointmentStatus.BOOKED)


async def test_what_is_not_there_is_not_found(at: Connected) -> None:
    with pytest.raises(PmsNotFound):
        await at.pms.appointment("1234567")
    with pytest.raises(PmsNotFound):
        await at.pms.cancel("1234567", await at.request())
    assert not at.simulator.effective


async def listed(at: Connected, start: datetime, end: datetime) -> list[Appointment]:
    """Read a window page after page, at most fifty."""
    found: list[Appointment] = []
    cursor = None
    for _ in range(50):
        page = await at.pms.appointments(start, end, cursor)
        found += page.appointments
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


async def test_a_list_has_everything_once_cancelled_ones_too(at: Connected) -> None:
    day = START + timedelta(days=7)
    for place in range(130):
        status = EntryStatus.CANCELLED if place % 3 == 0 else EntryStatus.BOOKED
        at.put(str(place), day + timedelta(minutes=5 * place), status=status)
    found = await listed(at, day, day + timedelta(minutes=5 * 120))
    assert [one.ref for one in found] == [str(place) for place in range(120)]
    assert sum(one.status is AppointmentStatus.CANCELLED for one in found) == 40


async def test_pages_that_shrink_are_noticed(at: Connected) -> None:
    """A profile says how long the list is, so a short one is refused."""
    for place in range(130):
        at.put(str(place), START + timedelta(days=7))
    at.simulator.faults.set(Fault(Kind.PAGES_SHRINK))
    with pytest.raises(PmsError):
        await listed(at, START + timedelta(days=7), START + timedelta(days=8))


REASONS = [
    "",
    "Sick",
    "x" * 120,
    "x" * 121,
    "x" * 255,
    "ü" * 255,
    "🦷" * 255,
    'A "quote" {and} <more>\\ %s é',
]


def done(at: Connected) -> list[str]:
    """Return what took effect there; where a reason is a request of its own, it is a part of the cancel."""
    return [line.operation for line in at.simulator.effective if line.operation != Operation.NOTE]


async def test_a_cancel_brings_its_reason(at: Connected) -> None:
    for number, reason in enumerate(REASONS, start=1):
        at.put()
        result = await at.pms.cancel(REF, await at.request(reason, uuid4()))
        assert result == WriteResult(WriteState.APPLIED, REF)
        entry = at.simulator.entry(REF)
        assert entry.status is EntryStatus.CANCELLED
        assert reason in {entry.reason, entry.note}
        assert done(at) == ["cancel"] * number
        assert (await at.pms.appointment(REF)).status is AppointmentStatus.CANCELLED


async def test_a_reason_beyond_the_limit_does_no_harm(at: Connected) -> None:
    result = await at.pms.cancel(REF, await at.request("x" * 256))
    assert result.state is WriteState.APPLIED
    assert done(at) == ["cancel"]


async def test_a_cancel_again_has_no_second_effect(at: Connected) -> None:
    await at.pms.cancel(REF, request := await at.request())
    if at.pms.capabilities.has_request_ids:
        assert (await at.pms.cancel(REF, request)).state in {WriteState.APPLIED, WriteState.ALREADY}
    else:
        with pytest.raises((AlreadyCancelled, PmsConflict, Rejected)):
            await at.pms.cancel(REF, request)
    assert len(at.simulator.effective) == 1


async def test_what_somebody_else_cancelled_is_said_so(at: Connected) -> None:
    at.put(status=EntryStatus.CANCELLED)
    with pytest.raises(Rejected if at.promise.kind == "cliniko" else AlreadyCancelled):
        await at.pms.cancel(REF, await at.request())
    assert not at.simulator.effective


async def test_a_change_since_it_was_read_is_never_overwritten(at: Connected) -> None:
    request = await at.request()
    at.simulator.faults.set(Fault(Kind.STAFF_MOVE, Operation.CANCEL))
    if not at.pms.capabilities.has_versions:
        assert (await at.pms.cancel(REF, request)).state is WriteState.APPLIED
        return
    with pytest.raises(PmsConflict):
        await at.pms.cancel(REF, request)
    assert at.simulator.entry(REF).status is EntryStatus.BOOKED


@pytest.mark.parametrize(
    "at", only(lambda promise: promise.kind not in ("cliniko", "open-dental")), ids=kind_of, indirect=True
)
async def test_a_move_is_sent_on_the_condition_of_what_was_read(at: Connected) -> None:
    """Cliniko and Open Dental have no versions: there is no condition that could be sent."""
    later = START + timedelta(days=1)
    request = await at.move(later)
    at.simulator.faults.set(Fault(Kind.STAFF_CHANGE, Operation.RESCHEDULE))
    with pytest.raises(PmsConflict):
        await at.pms.reschedule(REF, request)
    assert at.simulator.entry(REF).starts_at == START


@pytest.mark.parametrize(
    "at", only(lambda promise: promise.kind in ("core-practice", "fhir")), ids=kind_of, indirect=True
)
async def test_a_no_show_is_sent_on_the_condition_of_what_was_read(at: Connected) -> None:
    """The API that frontdesk assumes of Praktika takes no version there."""
    request = await at.no_show()
    at.simulator.faults.set(Fault(Kind.STAFF_MOVE, Operation.NO_SHOW))
    with pytest.raises(PmsConflict):
        await at.pms.mark_no_show(REF, request)
    assert at.simulator.entry(REF).status is EntryStatus.BOOKED


@pytest.mark.parametrize("at", only(lambda promise: promise.kind != "cliniko"), ids=kind_of, indirect=True)
async def test_what_has_begun_or_arrived_is_refused(at: Connected) -> None:
    """Cliniko's documents name no such rule; the carrier compares before it sends."""
    at.put(status=EntryStatus.ARRIVED)
    with pytest.raises(Rejected):
        await at.pms.cancel(REF, await at.request())
    if at.promise.refuses_past:
        at.put(starts_at=NOW - HALF_AN_HOUR)
        with pytest.raises(Rejected):
            await at.pms.cancel(REF, await at.request())
    assert not at.simulator.effective


async def test_a_no_show_is_marked_and_taken_back_or_cannot_be(at: Connected) -> None:
    """Cliniko's documents do not say that its did_not_arrive may be written."""
    able = at.pms.capabilities
    assert able.can_mark_no_show == able.can_take_back_no_show == (at.promise.kind != "cliniko")
    if not able.can_mark_no_show:
        for ask in (at.pms.mark_no_show, at.pms.take_back_no_show):
            with pytest.raises(Unsupported):
                await ask(REF, await at.no_show())
        assert not at.simulator.effective
        return
    assert (await at.pms.mark_no_show(REF, await at.no_show())).state is WriteState.APPLIED
    assert (await at.pms.appointment(REF)).status is AppointmentStatus.NO_SHOW
    assert (await at.pms.take_back_no_show(REF, await at.no_show(uuid4()))).state is WriteState.APPLIED
    assert (await at.pms.appointment(REF)).status is AppointmentStatus.BOOKED
    assert [line.operation for line in at.simulator.effective] == ["no-show", "take-back-no-show"]


CAN_MARK = only(lambda promise: promise.kind != "cliniko")


@pytest.mark.parametrize("at", CAN_MARK, ids=kind_of, indirect=True)
@pytest.mark.parametrize("status", [EntryStatus.ARRIVED, EntryStatus.COMPLETED, EntryStatus.CANCELLED])
async def test_who_has_arrived_is_never_marked_as_not_having_come(at: Connected, status: EntryStatus) -> None:
    """Even when they arrive between the read and the write."""
    at.put(status=status)
    request = await at.no_show()
    for ask in (at.pms.mark_no_show, at.pms.take_back_no_show):
        with pytest.raises((Rejected, AlreadyCancelled)):
            await ask(REF, request)
    assert not at.simulator.effective


@pytest.mark.parametrize("status", [EntryStatus.ARRIVED, EntryStatus.COMPLETED, EntryStatus.NO_SHOW])
async def test_before_the_confirm_it_shows_who_was_there_or_did_not_come(
    at: Connected, status: EntryStatus
) -> None:
    booking = make_booking(
        starts_at=START,
        pms_ref=REF,
        patient=make_patient(pms_ref="55"),
        practitioner=Practitioner(1, "adelaide", "Dr Lee", pms_ref="3"),
    )
    attendance = "FTA" if status is EntryStatus.NO_SHOW else ""
    at.put(status=status, attendance=attendance, updated_at=NOW - HALF_AN_HOUR)
    appointment = await at.pms.appointment(REF)
    assert appointment.status in SHOWN[status]
    shown = await preflight(at.pms, booking)
    assert (shown.finding, shown.besides_status) == (Finding.ATTENDED, Finding.SAME)
    assert (shown.status, shown.since) == (appointment.status, appointment.since)


async def test_since_when_somebody_is_there_is_told_where_the_pms_tells_it(at: Connected) -> None:
    at.put(status=EntryStatus.ARRIVED, updated_at=NOW - HALF_AN_HOUR)
    tells = at.promise.kind in ("praktika", "open-dental")
    assert (await at.pms.appointment(REF)).since == (NOW - HALF_AN_HOUR if tells else None)
    at.put()
    assert (await at.pms.appointment(REF)).since is None


async def test_a_move_keeps_the_id_or_makes_a_new_one(at: Connected) -> None:
    later = START + timedelta(days=1)
    result = await at.pms.reschedule(REF, await at.move(later))
    assert result.state is WriteState.APPLIED
    assert (result.ref == REF) == at.promise.keeps_id
    assert (await at.pms.appointment(result.ref)).starts_at == later
    assert len(at.simulator.effective) == 1
    if not at.promise.keeps_id:
        # Deleted there, which never proves a cancel.
        with pytest.raises(PmsNotFound) as raised:
            await at.pms.appointment(REF)
        assert raised.value.successor == result.ref


async def test_who_can_be_booked_is_told(at: Connected) -> None:
    at.put("7002", practitioner_name="Dr Priya Rao")
    (found,) = await at.pms.practitioners()
    assert found.ref == "3"
    assert found.name.endswith("Priya Rao")
    assert found.is_active


async def test_a_ping_shows_that_it_is_there(at: Connected) -> None:
    assert await at.pms.ping() in {NOW, None}
    at.simulator.faults.set(Fault(Kind.CLOCK, seconds=3600))
    assert await at.pms.ping() in {NOW + timedelta(hours=1), None}


CLOCK_CHANGES = (datetime(2026, 4, 4, 16, tzinfo=UTC), datetime(2026, 10, 3, 16, tzinfo=UTC))
"""When Sydney's clocks change; Adelaide's do half an hour later."""


async def test_times_are_exact_around_a_change_of_clocks(at: Connected) -> None:
    zone = ZoneInfo(at.promise.time_zone)
    for change in CLOCK_CHANGES:
        starts = [change + timedelta(minutes=30 * step) for step in range(-6, 7)]
        for place, start in enumerate(starts):
            at.put(str(place), start)
        for place, start in enumerate(starts):
            found = (await at.pms.appointment(str(place))).starts_at
            if at.promise.kind == "core-practice":
                # A wall clock cannot tell the two hours apart that bear one name: the first is taken.
                first = start.astimezone(zone).replace(fold=0)
                assert found == first.astimezone(UTC)
            else:
                assert found == start


async def test_a_list_misses_nothing_of_a_day_on_which_clocks_change(at: Connected) -> None:
    zone = ZoneInfo(at.promise.time_zone)
    for change in CLOCK_CHANGES:
        start = change.astimezone(zone).replace(hour=0, minute=0).astimezone(UTC)
        end = (start.astimezone(zone) + timedelta(days=1)).astimezone(UTC)
        for hours in range(round((end - start) / timedelta(hours=1)) + 1):
            at.put(f"{change.month}{hours:02}", start + timedelta(hours=hours))
        found = {one.ref for one in await listed(at, start, end)}
        assert found == {f"{change.month}{hours:02}" for hours in range(len(found))}
        assert len(found) == round((end - start) / timedelta(hours=1))


@pytest.mark.parametrize("effect", [Effect.APPLIED, Effect.NEVER])
async def test_a_lost_answer_is_unknown_until_it_is_read(at: Connected, effect: Effect) -> None:
    request = await at.request()
    at.simulator.faults.set(Fault(Kind.DROP, Operation.CANCEL, times=1, effect=effect))
    with pytest.raises(UnknownOutcome):
        await at.pms.cancel(REF, request)
    found = await at.pms.appointment(REF)
    if effect is Effect.APPLIED:
        assert found.status is AppointmentStatus.CANCELLED
    else:
        assert found.status is AppointmentStatus.BOOKED
        assert (await at.pms.cancel(REF, request)).state is WriteState.APPLIED
    assert len(at.simulator.effective) == 1


async def test_nothing_is_sent_twice_by_itself(at: Connected) -> None:
    request = await at.request()
    for kind in (Kind.DROP, Kind.SERVER_ERROR, Kind.UNAVAILABLE, Kind.BUSY_SECONDS, Kind.NOT_JSON):
        before = len(at.simulator.ledger)
        at.simulator.faults.set(Fault(kind, Operation.CANCEL, effect=Effect.NEVER))
        with suppress(PmsError):
            await at.pms.cancel(REF, request)
        sent = [line for line in at.simulator.ledger[before:] if line.operation == "cancel"]
        assert len(sent) == 1, kind


@pytest.mark.parametrize("at", only(lambda promise: promise.kind == "praktika"), ids=kind_of, indirect=True)
async def test_two_requests_are_two_requests(at: Connected) -> None:
    await at.pms.cancel(REF, await at.request(request_id=uuid4()))
    with pytest.raises((AlreadyCancelled, PmsConflict)):
        await at.pms.cancel(REF, await at.request(request_id=uuid4()))
