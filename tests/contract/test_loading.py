"""Bulk load on every store: matched, compared as clean text, never un-cancelling."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from frontdesk.arrivals import IncomingBooking, LoadOutcome
from frontdesk.audit import Action
from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Cancellation,
    Direction,
    Operator,
    Origin,
    Patient,
    Status,
)
from frontdesk.errors import Conflict
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import count, execute
from tests.making import KIM, LEE, cancel, cancel_of, make_incoming, make_patient, make_practice

START = datetime(2031, 5, 6, 1, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def two_practices(store: SqlStore) -> None:
    """Adelaide and Perth, without bookings."""
    await store.registry.apply_practices(
        [make_practice(), make_practice("perth", time_zone="Australia/Perth")], KIM
    )


def incoming(line: int = 1, **changes: Any) -> IncomingBooking:
    return make_incoming(line, **{"starts_at": START, "pms_ref": "", **changes})


async def load(store: SqlStore, *batch: IncomingBooking, by: Operator = KIM) -> list[LoadOutcome]:
    loaded = await store.registry.load(batch, by, "bookings.csv")
    assert [one.line for one in loaded] == [one.line for one in batch]
    return [one.outcome for one in loaded]


async def one(store: SqlStore, ref: str = "R00001") -> Booking:
    (found,) = await store.find(ref)
    return found


async def test_again_is_unchanged_and_leaves_nothing_behind(store: SqlStore, store_url: str) -> None:
    batch = [incoming(line, pms_ref=f"P{line}") for line in range(4)]
    assert await load(store, *batch) == [LoadOutcome.NEW] * 4
    number = (await store.state()).number
    before = execute(store_url, "SELECT * FROM booking ORDER BY id"), count(store_url, "audit")
    assert await load(store, *batch) == [LoadOutcome.UNCHANGED] * 4
    assert (execute(store_url, "SELECT * FROM booking ORDER BY id"), count(store_url, "audit")) == before
    assert ((await store.state()).number, (await store.state()).bookings) == (number, 4)


async def test_text_is_compared_clean(store: SqlStore) -> None:
    dirty = incoming(patient=make_patient(name="Amelia\x1b[0m  Wilson "), appointment_type="Check\tup")
    assert await load(store, dirty) == [LoadOutcome.NEW]
    assert (await one(store)).patient.name == "Amelia\ufffd[0m Wilson"
    assert (await one(store)).appointment_type == "Check up"
    assert await load(store, dirty) == [LoadOutcome.UNCHANGED]


CHANGES: list[dict[str, Any]] = [
    {"patient": make_patient(name="Amelia Wilson-Tran")},
    {"patient": make_patient(birth_date=None)},
    {"patient": make_patient(mobile="0491570156")},
    {"patient": make_patient(email="")},
    {"patient": make_patient(is_new=None)},
    {"patient": make_patient(pms_ref="K1")},
    {"practitioner_name": "Dr Tom Field"},
    {"practitioner_pms_ref": "P1"},
    {"appointment_type": "Filling"},
    {"starts_at": START + timedelta(microseconds=1)},
    {"ends_at": START + timedelta(minutes=30)},
    {"fee": 100},
    {"created_at": START - timedelta(days=9)},
    {"pms_ref": "77"},
]


async def test_any_other_field_is_a_change(store: SqlStore) -> None:
    before = [incoming(line) for line in range(len(CHANGES))]
    fresh = [incoming(line, **changes) for line, changes in enumerate(CHANGES)]
    await load(store, *before)
    ids = [(await one(store, line.ref)).id for line in before]
    assert await load(store, *fresh, by=LEE) == [LoadOutcome.CHANGED] * len(CHANGES)
    for line, booking_id in zip(fresh, ids, strict=True):
        after = await one(store, line.ref)
        assert (after.id, after.version) == (booking_id, 2)
        assert after.patient == line.patient
        assert after.practitioner.name == line.practitioner_name
        assert after.practitioner.pms_ref == line.practitioner_pms_ref
        assert after.appointment_type == line.appointment_type
        assert (after.starts_at, after.ends_at) == (line.starts_at, line.ends_at)
        assert (after.fee, after.created_at, after.pms_ref) == (line.fee, line.created_at, line.pms_ref)
    assert await load(store, *fresh) == [LoadOutcome.UNCHANGED] * len(CHANGES)


async def test_what_a_line_leaves_out_is_kept(store: SqlStore) -> None:
    await load(store, incoming(ref="A1", pms_ref="P1", created_at=START - timedelta(days=1)))
    before = await one(store, "A1")
    assert await load(store, incoming(ref="", pms_ref="P1")) == [LoadOutcome.UNCHANGED]
    assert await load(store, incoming(ref="A1", pms_ref="")) == [LoadOutcome.UNCHANGED]
    assert await one(store, "A1") == before


async def test_pms_ref_is_matched_before_ref(store: SqlStore) -> None:
    await load(store, incoming(1, ref="A1", pms_ref="P1"))
    before = await one(store, "A1")
    assert await load(store, incoming(2, ref="B1", pms_ref="P1")) == [LoadOutcome.CHANGED]
    after = await one(store, "B1")
    assert (after.id, after.pms_ref) == (before.id, "P1")
    assert await store.find("A1") == ()
    assert await load(store, incoming(3, ref="A1")) == [LoadOutcome.NEW]


async def test_references_naming_two_bookings_are_a_bad_line(store: SqlStore) -> None:
    await load(store, incoming(1, ref="A1", pms_ref="P1"), incoming(2, ref="A2", pms_ref="P2"))
    for pms_ref in ("P2", "P3"):
        (answer,) = await store.registry.load([incoming(3, ref="A1", pms_ref=pms_ref)], KIM, "a file")
        assert (answer.outcome, answer.field) == (LoadOutcome.BAD, "ref")
        assert pms_ref in answer.problem
    assert (await one(store, "A1")).pms_ref == "P1"


async def test_references_are_a_practices_own(store: SqlStore) -> None:
    both = incoming(1, ref="A1", pms_ref="P1"), incoming(2, ref="A1", pms_ref="P1", practice_id="perth")
    assert await load(store, *both) == [LoadOutcome.NEW] * 2
    assert await load(store, *both) == [LoadOutcome.UNCHANGED] * 2


async def test_lines_of_one_batch_see_each_other(store: SqlStore) -> None:
    batch = [
        incoming(1, ref="A1", pms_ref="P1"),
        incoming(2, ref="A1", pms_ref="P1"),
        incoming(3, ref="A2", pms_ref="P1"),
        incoming(4, ref="A1", pms_ref="P2"),
        incoming(5, ref="A2", pms_ref="P2"),
    ]
    assert await load(store, *batch) == [
        LoadOutcome.NEW,
        LoadOutcome.UNCHANGED,
        LoadOutcome.CHANGED,
        LoadOutcome.NEW,
        LoadOutcome.BAD,
    ]
    assert ((await one(store, "A2")).pms_ref, (await one(store, "A1")).pms_ref) == ("P1", "P2")


async def test_a_reference_set_free_in_a_batch_can_be_taken(store: SqlStore) -> None:
    await load(store, incoming(1, ref="A1", pms_ref="P1"), incoming(2, ref="A2", pms_ref="P2"))
    moved = incoming(1, ref="A3", pms_ref="P1"), incoming(2, ref="A1", pms_ref="P2"), incoming(3, ref="A2")
    assert await load(store, *moved) == [LoadOutcome.CHANGED, LoadOutcome.CHANGED, LoadOutcome.NEW]
    assert [(await one(store, ref)).pms_ref for ref in ("A3", "A1", "A2")] == ["P1", "P2", ""]


async def test_a_booking_changed_twice_takes_a_reference_set_free_between(store: SqlStore) -> None:
    await load(store, incoming(1, ref="A1", pms_ref="P1"), incoming(2, ref="A2", pms_ref="P2"))
    moved = (
        incoming(3, ref="A2", pms_ref="P2", fee=1),
        incoming(4, ref="A3", pms_ref="P1"),
        incoming(5, ref="A1", pms_ref="P2"),
    )
    assert await load(store, *moved) == [LoadOutcome.CHANGED] * 3
    assert [(await one(store, ref)).pms_ref for ref in ("A3", "A1")] == ["P1", "P2"]


async def test_a_missing_reference_is_made(store: SqlStore, store_url: str) -> None:
    await load(store, *(incoming(line, ref="", pms_ref=f"P{line}") for line in range(40)))
    refs = [row.ref for row in execute(store_url, "SELECT ref FROM booking")]
    assert len(set(refs)) == 40
    assert all(len(ref) == 6 and set(ref) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for ref in refs)


async def test_a_made_reference_is_nobody_elses(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await load(store, incoming(1, ref="000000", practice_id="perth"))
    # First only references that are taken, in the store or by a later line of the batch.
    codes = iter(["000000", "100000"] * 250 + ["200000"] * 500)
    monkeypatch.setattr("frontdesk.store.sql.books.made_up_code", lambda: next(codes))
    await load(store, incoming(2, ref="", pms_ref="P2"), incoming(3, ref="100000"))
    (made,) = await store.find("200000")
    assert made.pms_ref == "P2"


async def test_a_cancelled_booking_stays_cancelled(store: SqlStore) -> None:
    await load(store, incoming())
    booking = await one(store)
    cancelled = await cancel(store, cancel_of(booking, LEE, "Sick"))
    for line in (incoming(), incoming(fee=100)):
        assert await load(store, line) == [LoadOutcome.KEPT]
        assert await one(store) == cancelled
    elsewhere = incoming(cancelled_at=START - timedelta(days=1), cancellation_reason="Work")
    assert await load(store, elsewhere) == [LoadOutcome.UNCHANGED]
    assert await one(store) == cancelled


async def test_a_booking_cancelled_elsewhere_becomes_cancelled(store: SqlStore, store_url: str) -> None:
    at = START - timedelta(days=1)
    gone = incoming(cancelled_at=at, cancellation_reason="Work")
    await load(store, incoming(), incoming(2, ref="A2", cancelled_at=at))
    assert await load(store, gone, by=LEE) == [LoadOutcome.CHANGED]
    for ref, by, reason in (("R00001", LEE, "Work"), ("A2", KIM, "")):
        done = (await one(store, ref)).cancellation
        assert done is not None
        assert (done.at, done.by, done.reason) == (at, by, reason)
    assert count(store_url, "delivery") == count(store_url, "command") == 0
    assert await load(store, gone) == [LoadOutcome.UNCHANGED]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"practice_id": "nowhere"}, "practice", "nowhere"),
    ({"patient": Patient(" \u200b")}, "patient_name", "empty"),
    ({"patient": make_patient(name="x" * 201)}, "patient_name", "longer"),
    ({"ref": "x" * 201}, "ref", "longer"),
    ({"pms_ref": "x" * 201}, "pms_ref", "longer"),
    ({"practitioner_name": "x" * 201}, "practitioner", "longer"),
    ({"starts_at": datetime(2031, 5, 6, 1, 30)}, "starts_at", "offset"),  # noqa: DTZ001
    ({"starts_at": START.replace(year=1066)}, "starts_at", "years"),
]

NOT_NEEDED: list[tuple[dict[str, Any], str, str]] = [
    ({"patient": make_patient(mobile="0" * 201)}, "patient_mobile", "longer"),
    ({"patient": make_patient(email="x" * 255)}, "patient_email", "longer"),
    ({"patient": make_patient(pms_ref="x" * 201)}, "pms_patient_ref", "longer"),
    ({"practitioner_pms_ref": "x" * 201}, "pms_practitioner_ref", "longer"),
    ({"appointment_type": "x" * 201}, "appointment_type", "longer"),
    ({"cancelled_at": START, "cancellation_reason": "x" * 256}, "cancellation_reason", "longer"),
    ({"created_at": START.replace(year=9999)}, "created_at", "years"),
    ({"cancelled_at": START.replace(year=2200), "cancellation_reason": "Sick"}, "cancelled_at", "years"),
    ({"ends_at": START - timedelta(seconds=1)}, "ends_at", "before"),
    ({"ends_at": datetime(2031, 5, 6, 1, 30)}, "ends_at", "offset"),  # noqa: DTZ001
    ({"fee": -1}, "fee", "between"),
    ({"fee": 2**31}, "fee", "between"),
]


async def test_a_bad_line_is_named_and_the_rest_goes_in(store: SqlStore) -> None:
    lines = [incoming(line, **changes) for line, (changes, _, _) in enumerate(BAD)]
    *answers, good = await store.registry.load([*lines, incoming(99, ref="good")], KIM, "bookings.csv")
    assert good.outcome is LoadOutcome.NEW
    assert (await store.state()).bookings == 1
    for line, (answer, (_, field, words)) in enumerate(zip(answers, BAD, strict=True)):
        assert (answer.line, answer.outcome, answer.field) == (line, LoadOutcome.BAD, field)
        assert words in answer.problem


async def test_what_is_not_needed_is_left_out_of_its_booking_and_told(store: SqlStore) -> None:
    lines = [incoming(line, **changes) for line, (changes, _, _) in enumerate(NOT_NEEDED)]
    answers = await store.registry.load(lines, KIM, "bookings.csv")
    for line, answer, (_, field, words) in zip(lines, answers, NOT_NEEDED, strict=True):
        assert answer.outcome is LoadOutcome.NEW
        ((unread, problem),) = answer.unread
        assert unread == field
        assert words in problem
        there = await one(store, line.ref)
        is_cancelled = line.cancellation_reason == "x" * 256
        assert there.cancellation == (Cancellation(START, KIM, "", Origin.FILE) if is_cancelled else None)
    assert await load(store, *lines) == [LoadOutcome.UNCHANGED] * len(lines)


KNOWN = incoming(
    patient=make_patient(pms_ref="K1"),
    practitioner_pms_ref="D1",
    ends_at=START + timedelta(minutes=30),
    fee=100,
    created_at=START - timedelta(days=9),
)
SILENT = replace(KNOWN, patient=Patient(KNOWN.patient.name), practitioner_pms_ref="", appointment_type="")
SILENT = replace(SILENT, ends_at=None, fee=None, created_at=None)
OPTIONAL = frozenset(
    {"patient_dob", "patient_mobile", "patient_email", "new_patient", "pms_patient_ref"}
    | {"pms_practitioner_ref", "appointment_type", "ends_at", "fee", "created_at"}
)


async def test_what_is_not_said_erases_nothing_and_what_is_empty_does(store: SqlStore) -> None:
    await load(store, KNOWN)
    before = await one(store)
    assert await load(store, replace(SILENT, unsaid=OPTIONAL)) == [LoadOutcome.UNCHANGED]
    assert await one(store) == before
    named = replace(SILENT, unsaid=OPTIONAL, patient=Patient("Amelia Tran"))
    assert await load(store, named) == [LoadOutcome.CHANGED]
    assert (await one(store)).patient == replace(before.patient, name="Amelia Tran")
    assert await load(store, SILENT) == [LoadOutcome.CHANGED]
    after = await one(store)
    assert (after.patient, after.practitioner.pms_ref) == (Patient(KNOWN.patient.name), "")
    assert (after.appointment_type, after.ends_at, after.fee) == ("", None, None)


@pytest.mark.parametrize(("changes", "field", "words"), NOT_NEEDED)
async def test_what_cannot_be_taken_does_not_erase_what_is_known(
    store: SqlStore, changes: dict[str, Any], field: str, words: str
) -> None:
    await load(store, KNOWN)
    before = await one(store)
    (answer,) = await store.registry.load([replace(KNOWN, **changes)], KIM, "bookings.csv")
    after = await one(store)
    assert [name for name, _ in answer.unread] == [field]
    if "patient" in changes:
        known = {"patient_mobile": "mobile", "patient_email": "email", "pms_patient_ref": "pms_ref"}[field]
        assert getattr(after.patient, known) == getattr(before.patient, known)
    else:
        kept = {"pms_practitioner_ref": "practitioner", "cancelled_at": "cancellation"}.get(field, field)
        if kept != "cancellation_reason":
            assert getattr(after, kept) == getattr(before, kept)


async def test_an_end_that_is_not_said_does_not_outlive_its_start(store: SqlStore) -> None:
    await load(store, KNOWN)
    moved = replace(KNOWN, starts_at=START + timedelta(days=1), ends_at=None, unsaid=frozenset({"ends_at"}))
    assert await load(store, moved) == [LoadOutcome.CHANGED]
    assert (await one(store)).ends_at is None


async def test_a_practitioner_is_known_by_name_where_the_reference_is_not_said(store: SqlStore) -> None:
    await load(store, KNOWN)
    other = incoming(2, practitioner_pms_ref="", unsaid=frozenset({"pms_practitioner_ref"}))
    assert await load(store, other) == [LoadOutcome.NEW]
    assert (await one(store, other.ref)).practitioner == (await one(store)).practitioner


async def actions(store: SqlStore, booking: Booking) -> list[tuple[str, dict[str, str]]]:
    return [(event.action, dict(event.detail)) for event in reversed(await store.history(booking.id))]


GONE = incoming(cancelled_at=START - timedelta(days=1), cancellation_reason="Work")


@pytest.mark.parametrize("origin", [Origin.FILE, Origin.PMS])
async def test_what_a_source_cancelled_a_source_reinstates(store: SqlStore, origin: Origin) -> None:
    gone = replace(GONE, cancelled_origin=origin)
    await load(store, gone)
    before = await one(store)
    assert before.cancellation == Cancellation(START - timedelta(days=1), KIM, "Work", origin)
    assert await load(store, incoming(), by=LEE) == [LoadOutcome.CHANGED]
    after = await one(store)
    assert (after.id, after.version, after.cancellation) == (before.id, before.version + 1, None)
    ((action, detail),) = await actions(store, after)
    assert action == Action.BOOKING_REINSTATED
    assert detail == {
        "source": "bookings.csv",
        "version": "2",
        "cancelled_at": (START - timedelta(days=1)).isoformat(),
        "cancelled_by": KIM.name,
        "cancelled_origin": origin.value,
        "cancellation_reason": "Work",
    }
    assert await load(store, incoming()) == [LoadOutcome.UNCHANGED]
    upcoming = BookingQuery((await store.state()).now, statuses=frozenset({Status.UPCOMING}))
    assert (await store.count(upcoming, 9)).number == 1
    await cancel(store, cancel_of(after, LEE, "Sick"))
    assert await load(store, incoming()) == [LoadOutcome.KEPT]


async def test_no_source_sets_or_wipes_what_is_for_the_practice_only(store: SqlStore) -> None:
    await load(store, incoming())
    asked = cancel_of(await one(store), LEE, "Sick")
    await cancel(store, replace(asked, ask=replace(asked.ask, note="owes us a call", filed="Ill")))  # type: ignore[call-arg]
    kept = (await one(store)).cancellation
    for line in (incoming(), GONE, incoming(fee=100)):
        await load(store, line)
        assert (await one(store)).cancellation == kept
    assert kept is not None
    assert (kept.note, kept.filed) == ("owes us a call", "Ill")
    assert await store.registry.verify() is None


async def test_each_turn_of_a_booking_is_in_its_history(store: SqlStore) -> None:
    await load(store, incoming())
    for line in (GONE, incoming(), GONE):
        assert await load(store, line, by=LEE) == [LoadOutcome.CHANGED]
    booking = await one(store)
    assert (booking.version, booking.cancellation and booking.cancellation.reason) == (4, "Work")
    assert [(action, detail["version"]) for action, detail in await actions(store, booking)] == [
        ("booking.cancelled", "2"),
        (Action.BOOKING_REINSTATED, "3"),
        ("booking.cancelled", "4"),
    ]
    assert (await actions(store, booking))[0][1]["reason"] == "Work"
    assert await store.registry.verify() is None


async def test_a_source_that_says_nothing_of_cancellations_reinstates_nothing(store: SqlStore) -> None:
    await load(store, GONE)
    silent = incoming(fee=100, unsaid=frozenset({"cancelled_at"}))
    assert await load(store, silent) == [LoadOutcome.CHANGED]
    booking = await one(store)
    assert (booking.fee, booking.cancellation and booking.cancellation.reason) == (100, "Work")


async def test_what_was_cancelled_here_in_another_store_stays_cancelled(store: SqlStore) -> None:
    await load(store, replace(GONE, cancelled_origin=Origin.HERE))
    assert await load(store, incoming()) == [LoadOutcome.KEPT]
    assert (await one(store)).cancellation is not None


async def test_a_desk_that_is_late_hears_who_imported_a_cancellation(store: SqlStore) -> None:
    await load(store, incoming())
    seen = await one(store)
    await load(store, GONE, by=LEE)
    with pytest.raises(Conflict, match=r"^Lee Tran \(Desk Two\) changed this booking") as late:
        await cancel(store, cancel_of(seen, KIM))
    assert late.value.at != GONE.cancelled_at


async def test_a_load_is_one_audit_event(store: SqlStore, store_url: str) -> None:
    await load(store, incoming(1), incoming(2))
    await store.registry.load(
        [incoming(1), incoming(2, fee=1), incoming(3), incoming(4, practice_id="nowhere")],
        LEE,
        " diary\x07.csv",
    )
    (row,) = execute(
        store_url,
        "SELECT * FROM audit WHERE action = :a ORDER BY number DESC LIMIT 1",
        a=Action.BOOKING_IMPORTED,
    )
    assert (row.operator, row.via, row.booking_id) == (LEE.name, LEE.via, None)
    detail = execute(
        store_url, "SELECT detail ->> 'source', detail ->> 'new' FROM audit WHERE number = :n", n=row.number
    )
    assert [tuple(one) for one in detail] == [("diary\ufffd.csv", "1")]
    assert await store.registry.verify() is None


async def test_a_dry_run_answers_the_same_and_keeps_nothing(store: SqlStore, store_url: str) -> None:
    await load(store, incoming(1))
    tables = ("booking", "practitioner", "appointment_type", "audit", "change", "head")

    def everything() -> list[object]:
        return [execute(store_url, f"SELECT * FROM {table}") for table in tables]

    before = everything()
    batch = [incoming(1, fee=1), incoming(2, practitioner_name="New", appointment_type="New"), incoming(2)]
    dry = await store.registry.load(batch, KIM, "a file", dry_run=True)
    assert [answer.outcome for answer in dry] == [LoadOutcome.CHANGED, LoadOutcome.NEW, LoadOutcome.CHANGED]
    assert everything() == before
    assert await store.registry.load(batch, KIM, "a file") == dry


async def test_what_was_changed_is_found_by_its_new_words(store: SqlStore) -> None:
    await load(store, incoming())
    await load(store, incoming(patient=make_patient(name="Zoë Kovač"), practitioner_name="Dr Tom Field"))

    async def found(text: str) -> int:
        query = BookingQuery((await store.state()).now, text=text)
        return len((await store.page(query, 9, None, Direction.FORWARD)).rows)

    assert [await found(text) for text in ("kovac", "tom field", "wilson", "rao")] == [1, 1, 0, 0]


@pytest.mark.parametrize(("practice", "day"), [("adelaide", date(2031, 5, 7)), ("perth", date(2031, 5, 6))])
async def test_a_day_is_the_practices_own(store: SqlStore, practice: str, day: date) -> None:
    midnight_in_adelaide = datetime(2031, 5, 6, 14, 30, tzinfo=UTC)
    await load(store, incoming(practice_id=practice, starts_at=midnight_in_adelaide))
    query = BookingQuery((await store.state()).now, first_day=day, last_day=day)
    assert (await store.count(query, 9)).number == 1
    off = replace(query, first_day=day + timedelta(days=1), last_day=None)
    assert (await store.count(off, 9)).number == 0


async def test_nothing_is_loaded_without_lines(store: SqlStore) -> None:
    number = (await store.state()).number
    assert await store.registry.load([], KIM, "empty.csv") == ()
    assert (await store.state()).number == number
