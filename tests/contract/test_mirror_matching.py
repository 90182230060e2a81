"""Which booking an appointment of a diary is: by its id, its id before, or who, when and with whom; never by a guess."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from frontdesk.arrivals import AppointmentStatus, Effect, LoadOutcome
from frontdesk.bookings import Booking, BookingQuery, Direction, Patient
from frontdesk.store.sql.selects import BOOKING_REF
from frontdesk.store.sql.store import SqlStore
from tests.contract.mirroring import Diary, entry
from tests.contract.raw import execute
from tests.making import KIM, cancel, cancel_of, make_incoming, make_patient

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def diary(store: SqlStore, store_url: str) -> Diary:
    diary = Diary(store, store_url)
    await diary.open()
    return diary


async def imported(diary: Diary, start: datetime, line: int = 1, **changes: Any) -> Booking:
    """Return a booking that a file brought, without an id of the PMS unless one is named."""
    said = replace(make_incoming(line, ref=f"F{line}", pms_ref="", starts_at=start), **changes)
    await diary.store.registry.load([said], KIM, "bookings.csv")
    (found,) = await diary.store.find(f"F{line}")
    return found


async def searched(diary: Diary, text: str) -> set[int]:
    """Return the bookings that a search finds."""
    query = BookingQuery((await diary.store.state()).now, text)
    page = await diary.store.page(query, 9, None, Direction.FORWARD)
    return {row.booking.id for row in page.rows}


# -- by the id ---------------------------------------------------------------------------------


async def test_what_a_file_brought_with_the_id_is_the_same_booking(diary: Diary) -> None:
    start = await diary.now() + DAY
    before = await imported(diary, start, pms_ref="a1", patient=make_patient(email="kept@example.com"))
    silent = frozenset({"patient_email"})
    said = entry("a1", start, patient=make_patient(pms_ref="K1", email=""), unsaid=silent)
    assert await diary.reads(said) == {Effect.CHANGED: 1}
    after = await diary.booking("a1")
    assert (after.id, after.ref, after.patient.email) == (before.id, "F1", "kept@example.com")
    assert [one.how for one in diary.chain("a1")] == ["imported"]
    # A file says the same id, and means the same booking.
    again = make_incoming(9, ref="", pms_ref="a1", starts_at=start, patient=after.patient)
    (loaded,) = await diary.store.registry.load([again], KIM, "bookings.csv")
    assert loaded.outcome is not LoadOutcome.NEW
    assert (await diary.store.state()).bookings == 1


async def test_a_file_means_the_booking_that_has_the_id_now(diary: Diary) -> None:
    start = await diary.now() + DAY
    first = await imported(diary, start, pms_ref="a1")
    noah = make_patient(name="Noah Tran", pms_ref="K2", mobile="0491570156")
    await diary.reads(entry("a1", start, patient=noah))
    second = await diary.booking("a1")
    line = make_incoming(9, ref="", pms_ref="a1", starts_at=start + HOUR, patient=noah)
    await diary.store.registry.load([line], KIM, "bookings.csv")
    assert (await diary.store.get(second.id)).starts_at == start + HOUR
    assert (await diary.store.get(first.id)).starts_at == start


# -- by the id before ----------------------------------------------------------------------------


async def test_a_new_id_of_a_known_one_is_the_same_booking(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    before = await diary.booking("a1")
    await diary.note_gone("a1", successor="a2")
    assert await diary.reads(entry("a2", start + HOUR, previous_ref="a1")) == {Effect.MOVED: 1}
    after = await diary.booking("a2")
    assert (after.id, after.pms_ref, after.starts_at) == (before.id, "a2", start + HOUR)
    assert [(one.how, one.until is None) for one in diary.chain("a2")] == [("moved", True)]
    assert [one.until is None for one in diary.chain("a1")] == [False]
    assert diary.row("a1").state == "closed"
    assert await diary.reads(entry("a3", start + DAY, previous_ref="a2")) == {Effect.MOVED: 1}
    assert (await diary.booking("a3")).id == before.id
    assert await diary.store.registry.verify() is None


async def test_a_move_to_a_new_id_is_no_cancel(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    await diary.note_gone("a1")
    assert await diary.reads(entry("a2", start + HOUR, previous_ref="a1")) == {Effect.MOVED: 1}
    moved = await diary.booking("a2")
    assert [action for action, _ in await diary.history(moved)] == ["booking.added", "booking.moved"]


async def test_the_old_id_may_name_the_new_one(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    before = await diary.booking("a1")
    await diary.note_gone("a1", successor="a2")
    await diary.reads(entry("a2", start + HOUR))
    assert (await diary.booking("a2")).id == before.id


async def test_of_two_that_one_became_the_second_is_another_booking(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    before = await diary.booking("a1")
    parts = [entry(ref, start + HOUR, previous_ref="a1") for ref in ("a2", "a3")]
    assert await diary.reads(*parts) == {Effect.MOVED: 1, Effect.NEW: 1}
    assert (await diary.booking("a2")).id == before.id
    assert (await diary.booking("a3")).id != before.id


async def test_an_id_left_behind_changes_nothing_any_more(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    await diary.reads(entry("a2", start + HOUR, previous_ref="a1"))
    moved = await diary.booking("a2")
    assert await diary.reads(entry("a1", start, status=AppointmentStatus.CANCELLED)) == {}
    assert await diary.reads(entry("a1", start + DAY)) == {Effect.PERSON: 1}
    await diary.note_gone("a1")
    assert await diary.reconcile() == {}
    assert await diary.booking("a2") == moved
    assert (await diary.store.state()).bookings == 1


async def test_an_occurrence_of_a_series_is_an_appointment_of_its_own(diary: Diary) -> None:
    start = await diary.now() + DAY
    series = [entry(f"a{one}", start + one * 7 * DAY, series_ref="S1") for one in range(3)]
    assert await diary.reads(*series) == {Effect.NEW: 3}
    moved = replace(series[1], starts_at=series[1].starts_at + HOUR, ends_at=None)
    assert await diary.reads(moved) == {Effect.MOVED: 1}
    assert (await diary.store.state()).bookings == 3
    assert (await diary.booking("a0")).starts_at == series[0].starts_at


# -- by who, when and with whom --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patient", "practitioner_pms_ref"),
    [
        pytest.param(make_patient(pms_ref="K1", mobile="", birth_date=None), "D1", id="by the patient's id"),
        pytest.param(make_patient(), "", id="by name, birth date and mobile"),
    ],
)
async def test_what_a_file_brought_without_ids_is_found(
    diary: Diary, patient: Patient, practitioner_pms_ref: str
) -> None:
    start = await diary.now() + DAY
    before = await imported(diary, start, patient=patient, practitioner_pms_ref=practitioner_pms_ref)
    await diary.reads(entry("a1", start))
    after = await diary.booking("a1")
    assert (after.id, after.pms_ref) == (before.id, "a1")
    assert after.practitioner.pms_ref == "D1"
    assert (await diary.store.state()).bookings == 1
    assert len(await diary.store.practitioners()) == 1


async def test_one_that_was_cancelled_here_without_an_id_gets_its_id_and_stays_cancelled(
    diary: Diary,
) -> None:
    start = await diary.now() + DAY
    cancelled = await cancel(diary.store, cancel_of(await imported(diary, start), KIM, "Sick"))
    assert await diary.reads(entry("a1", start)) == {}
    after = await diary.booking("a1")
    assert after == replace(
        cancelled, pms_ref="a1", version=cancelled.version + 1, practitioner=after.practitioner
    )
    assert (await diary.store.state()).bookings == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"patient": make_patient(birth_date=None)}, id="no birth date"),
        pytest.param({"patient": make_patient(mobile="0491570156")}, id="another mobile"),
        pytest.param({"practitioner_name": "Dr Tom Field"}, id="another practitioner"),
        pytest.param({"later": HOUR}, id="another time"),
    ],
)
async def test_less_than_that_is_another_booking(diary: Diary, changes: dict[str, Any]) -> None:
    start = await diary.now() + DAY
    said = dict(changes)
    later = said.pop("later", timedelta(0))
    assert isinstance(later, timedelta)
    await imported(diary, start + later, **said)
    assert (await diary.reads(entry("a1", start)))[Effect.NEW] == 1
    assert (await diary.store.state()).bookings == 2


async def test_two_that_could_be_it_are_a_persons_question(diary: Diary) -> None:
    start = await diary.now() + DAY
    await imported(diary, start, 1)
    await imported(diary, start, 2)
    assert await diary.reads(entry("a1", start)) == {Effect.PERSON: 1}
    assert diary.row("a1").why == "several bookings here could be this appointment"
    assert (await diary.store.state()).bookings == 2


async def test_one_booking_that_two_appointments_could_be_is_a_persons_question(diary: Diary) -> None:
    start = await diary.now() + DAY
    before = await imported(diary, start)
    assert await diary.reads(entry("a1", start), entry("a2", start), limit=1) == {Effect.PERSON: 2}
    assert (await diary.store.get(before.id)).pms_ref == ""


# -- probably moved --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_gone", [True, False])
async def test_a_new_one_soon_after_one_went_is_proposed_as_the_same(diary: Diary, is_gone: bool) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    old = await diary.booking("a1")
    if is_gone:
        await diary.note_gone("a1")
    else:
        await diary.note(entry("a1", start, status=AppointmentStatus.CANCELLED))
    assert (await diary.reads(entry("a2", start + 3 * DAY)))[Effect.NEW] == 1
    new = await diary.booking("a2")
    assert new.id != old.id
    assert [(one.how, one.booking_id) for one in diary.chain("a2")] == [
        ("imported", new.id),
        ("proposed", old.id),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"appointment_type": "Filling"}, id="another type"),
        pytest.param(
            {"patient": make_patient(name="Noah Tran", pms_ref="K2", mobile="")}, id="another patient"
        ),
    ],
)
async def test_nothing_else_is_proposed(diary: Diary, changes: dict[str, Any]) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    await diary.note_gone("a1")
    await diary.reads(replace(entry("a2", start + DAY), **changes))
    assert [one.how for one in diary.chain("a2")] == ["imported"]


async def test_one_that_has_moved_has_not_gone(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    await diary.note_gone("a1", successor="a2")
    await diary.reads(entry("a2", start + HOUR, previous_ref="a1"))
    await diary.reads(entry("a3", start + DAY))
    assert [one.how for one in diary.chain("a3")] == ["imported"]


async def test_of_two_that_went_none_is_proposed_and_none_long_after(diary: Diary) -> None:
    start = await diary.now() + 9 * DAY
    await diary.reads(entry("a1", start), entry("a2", start + HOUR))
    await diary.note_gone("a1")
    await diary.note_gone("a2")
    await diary.reads(entry("a3", start + DAY))
    assert [one.how for one in diary.chain("a3")] == ["imported"]
    execute(diary.url, "UPDATE mirror SET gone_at = '2020-01-01 00:00:00+00:00' WHERE ref = 'a1'")
    await diary.reads(entry("a4", start + DAY + HOUR))
    assert [one.how for one in diary.chain("a4")] == ["imported", "proposed"]


async def test_an_id_means_one_booking_at_a_time(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    row = diary.chain("a1")[0]
    values = {name: value for name, value in row._asdict().items() if name != "id"}
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        execute(diary.url, BOOKING_REF.insert().values(**values))


# -- practitioners -----------------------------------------------------------------------------------


async def test_a_practitioner_with_another_name_is_the_same_one(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start), entry("a2", start - 3 * DAY, patient=make_patient(pms_ref="K2")))
    before, past = await diary.booking("a1"), await diary.booking("a2")
    await diary.reads(
        entry("a3", start + HOUR, practitioner_name="Dr Priya Rao-Field", patient=make_patient(pms_ref="K3"))
    )
    after = await diary.booking("a1")
    assert after.practitioner.id == before.practitioner.id
    assert (after.practitioner.name, after.version) == ("Dr Priya Rao-Field", before.version)
    assert await searched(diary, "priya rao field") == {after.id, (await diary.booking("a3")).id}
    assert past.id in await searched(diary, "dr priya")
    assert len(await diary.store.practitioners()) == 1


async def test_two_practitioners_of_one_name_are_two(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(
        entry("a1", start),
        entry("a2", start, practitioner_ref="D2", patient=make_patient(pms_ref="K2")),
    )
    one, other = await diary.booking("a1"), await diary.booking("a2")
    assert one.practitioner.name == other.practitioner.name
    assert one.practitioner.id != other.practitioner.id


async def test_a_file_renames_whom_it_names_by_id(diary: Diary) -> None:
    start = await diary.now() + DAY
    before = await imported(diary, start, practitioner_pms_ref="D1")
    await imported(diary, start + HOUR, 2, practitioner_pms_ref="D1", practitioner_name="Dr P Rao")
    after = await diary.store.get(before.id)
    assert (after.practitioner.id, after.practitioner.name) == (before.practitioner.id, "Dr P Rao")
    assert after.version == before.version


async def test_a_diary_that_names_nobody_keeps_who_there_is(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    before = await diary.booking("a1")
    silent = entry("a1", start, practitioner_ref="", practitioner_name="")
    assert await diary.reads(silent) == {}
    assert await diary.booking("a1") == before
    unnamed = entry(
        "a2", start, practitioner_name="", practitioner_ref="D7", patient=make_patient(pms_ref="K2")
    )
    await diary.reads(unnamed)
    assert (await diary.booking("a2")).practitioner.name == "D7"
    assert await diary.reads(replace(unnamed, practitioner_name="Dr Mai Lee")) == {}
    assert (await diary.booking("a2")).practitioner.name == "Dr Mai Lee"
    await diary.reads(replace(unnamed, appointment_type="Filling"))
    assert (await diary.booking("a2")).practitioner.name == "Dr Mai Lee"
