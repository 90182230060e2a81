"""Reading a diary: what is read when, what it brings, and that nothing is lost however it is cut off."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from frontdesk.arrivals import AppointmentStatus
from frontdesk.bookings import Presence
from frontdesk.diary_health import Health, standing
from frontdesk.diary_runs import ABANDONED_AFTER, LEASE, Kind, RunState
from frontdesk.pms.diary import Location
from frontdesk.pms.port import One, PmsPatient, Several, Unclear
from frontdesk.sync.reader import Wanted
from tests.contract.raw import count, let_pass
from tests.contract.reads import ADELAIDE, ON_SQLITE_FIRST, Reads
from tests.made_diary import Killed, nothing
from tests.making import KIM, make_incoming, make_patient, make_practice

pytestmark = ON_SQLITE_FIRST


async def test_the_first_complete_run_brings_everything_and_tells_nobody(
    reads: Reads, store_url: str
) -> None:
    reads.book(25, days=2)
    reads.book(2, days=15)
    read = await reads.read()
    assert (read.trouble, read.counts) == ("", {"new": 30})
    assert [(run.kind, run.is_baseline) for run in read.runs] == [(Kind.FULL, True)]
    assert await reads.upcoming() == reads.diary.rows.keys()
    assert count(store_url, "delivery") == 0
    state = await reads.state()
    assert state.baseline_at == state.full_at == read.runs[0].started_at


async def test_a_booking_is_as_the_diary_has_it(reads: Reads) -> None:
    await reads.read()
    booking = (await reads.bookings())["P1-0"]
    assert booking.starts_at == reads.at(1, 8)
    assert (booking.practitioner.name, booking.patient.name) == ("Dr 0", "Patient P1-0")
    assert (booking.patient.mobile, booking.patient.pms_ref) == ("0491570006", "pat-P1-0")


async def test_an_unchanged_second_run_writes_nothing(reads: Reads) -> None:
    await reads.read(Kind.FULL)
    before = reads.written()
    reads.diary.asked.clear()
    await reads.read(Kind.FULL)
    assert reads.written() == before
    assert reads.diary.requests("patient") == reads.diary.requests("get") == []


async def test_what_changes_is_read_alone(reads: Reads) -> None:
    await reads.read()
    reads.diary.now += timedelta(minutes=30)
    reads.diary.put("P1-0", reads.at(1, 15))
    reads.diary.cancel("P1-1")
    reads.diary.put("new", reads.at(60))
    reads.diary.asked.clear()
    read = await reads.turn(timedelta(minutes=6))
    assert [run.kind for run in read.runs] == [Kind.CHANGES]
    assert {name: read.counts[name] for name in ("new", "moved", "cancelled")} == dict.fromkeys(
        ("new", "moved", "cancelled"), 1
    )
    assert reads.diary.requests("list") == []
    bookings = await reads.bookings()
    assert bookings["P1-0"].starts_at == reads.at(1, 15)
    assert bookings["P1-1"].cancellation is not None


async def test_who_arrived_is_noted(reads: Reads) -> None:
    reads.diary.put("today", reads.at(0, 0, 1))
    await reads.read()
    status = {"status": AppointmentStatus.ARRIVED, "raw_status": "Arrived"}
    reads.diary.put("today", reads.at(0, 0, 1), **status)
    await reads.read()
    assert (await reads.bookings())["today"].attendance.presence is Presence.ARRIVED


async def test_failure_16_changes_are_asked_for_by_the_diarys_clock(reads: Reads) -> None:
    ahead = timedelta(minutes=5)
    reads.diary.now += ahead
    began = reads.diary.now.replace(microsecond=0)
    await reads.read()
    assert abs((await reads.state()).skew - ahead) < timedelta(seconds=5)
    await reads.turn(timedelta(minutes=6))
    (asked,) = reads.diary.requests("changes")
    asked_from = datetime.fromisoformat(asked.split()[1])
    skew = (await reads.state()).skew
    assert asked_from <= began - 2 * ahead + timedelta(seconds=5)
    assert asked_from.microsecond == 0
    assert skew > timedelta(0)


async def test_failure_8_what_changed_in_the_very_second_is_read(reads: Reads) -> None:
    await reads.read()
    first = await reads.turn(timedelta(minutes=6))
    reads.diary.put("P1-0", reads.at(1, 15))
    # It was committed there while the run before was under way, with a stamp from before that.
    reads.diary.changed["P1-0"] = first.runs[0].began
    assert (await reads.turn(timedelta(minutes=6))).counts["moved"] == 1
    assert (await reads.turn(timedelta(minutes=6))).counts == {}


async def test_a_diary_without_a_clock_goes_by_ours(reads: Reads) -> None:
    reads.diary.tells_time = False
    await reads.read()
    state = await reads.state()
    assert state.skew == timedelta(0)
    assert state.cursor is not None
    assert abs(state.cursor - (await reads.store.state()).now) < timedelta(minutes=1)


async def test_a_diary_that_tells_no_changes_is_compared_near_by(reads: Reads) -> None:
    reads.can(changed_since=False)
    await reads.read()
    reads.diary.cancel("P1-0")
    read = await reads.turn(timedelta(minutes=10))
    assert [run.kind for run in read.runs] == [Kind.NEAR]
    assert await reads.upcoming() == {"P1-1", "P1-2"}


async def test_failure_7_what_was_deleted_is_asked_for_by_its_id(reads: Reads) -> None:
    await reads.read()
    reads.diary.delete("P1-1")
    reads.diary.asked.clear()
    read = await reads.read()
    assert reads.diary.requests("get") == ["get P1-1"]
    assert read.counts == {"gone": 1}
    assert await reads.upcoming() == {"P1-0", "P1-2"}


async def test_what_pages_have_missed_is_kept(reads: Reads) -> None:
    await reads.read()
    hidden = reads.diary.rows.pop("P1-1")
    reads.can(changed_since=False)

    async def show_again(what: str) -> None:
        if what.startswith("get"):
            reads.diary.rows["P1-1"] = hidden

    reads.diary.before = show_again
    assert (await reads.read()).counts == {}
    assert await reads.upcoming() == {"P1-0", "P1-1", "P1-2"}


async def test_what_has_moved_out_of_the_window_is_found_by_its_id(reads: Reads) -> None:
    await reads.read()
    reads.can(changed_since=False)
    reads.diary.put("P1-1", reads.at(300))
    assert (await reads.read()).counts["moved"] == 1
    assert (await reads.bookings())["P1-1"].starts_at == reads.at(300)


async def test_a_move_that_makes_a_new_id_is_the_same_booking(reads: Reads) -> None:
    await reads.read()
    before = (await reads.bookings())["P1-1"]
    reads.diary.delete("P1-1", successor="Q1")
    reads.diary.put("Q1", reads.at(20, 15), patient_ref="pat-P1-1", patient_name="Patient P1-1")
    reads.diary.changed.clear()
    await reads.read()
    after = (await reads.bookings())["Q1"]
    assert (after.id, after.starts_at, after.cancellation) == (before.id, reads.at(20, 15), None)
    assert "P1-1" not in await reads.bookings()


async def test_patients_are_asked_for_once_and_when_an_appointment_changes(reads: Reads) -> None:
    await reads.read()
    assert sorted(reads.diary.requests("patient")) == [f"patient pat-P1-{one}" for one in range(3)]
    reads.diary.asked.clear()
    reads.diary.patients["pat-P1-0"] = PmsPatient("pat-P1-0", "Patient P1-0", mobile="0491570110")
    reads.diary.put("P1-0", reads.at(1, 15))
    reads.diary.put("more", reads.at(2), patient_ref="pat-P1-1")
    await reads.read()
    assert sorted(reads.diary.requests("patient")) == ["patient pat-P1-0", "patient pat-P1-1"]
    assert (await reads.bookings())["P1-0"].patient.mobile == "0491570110"


async def test_what_a_pms_does_not_know_of_a_patient_erases_nothing(reads: Reads) -> None:
    known = make_patient(name="Patient P1-0", pms_ref="pat-P1-0")
    line = make_incoming(ref="A1", pms_ref="P1-0", patient=known, starts_at=reads.at(1, 8))
    await reads.store.registry.load([line], KIM, "a file")
    await reads.read()
    patient = (await reads.bookings())["P1-0"].patient
    assert (patient.birth_date, patient.email, patient.mobile) == (
        known.birth_date,
        known.email,
        "0491570006",
    )


async def test_a_patient_who_became_another_one_is_that_one(reads: Reads) -> None:
    await reads.read()
    reads.diary.patients["pat-P1-0"] = PmsPatient("pat-P1-0", merged_into="main")
    reads.diary.patients["main"] = PmsPatient("main", "Patient P1-0", mobile="0491570006")
    reads.diary.put("P1-0", reads.at(1, 15))
    await reads.read()
    assert (await reads.bookings())["P1-0"].patient.pms_ref == "main"


async def test_appointments_that_are_no_bookings_are_counted_and_not_missed(reads: Reads) -> None:
    reads.diary.put("group", reads.at(1), patients=Several(frozenset({"1", "2"})))
    reads.diary.put("odd", reads.at(1), patients=Unclear())
    reads.diary.put("lunch", reads.at(1), patients=One(""), patient_name="")
    await reads.read()
    assert (await reads.state()).unmatched.unread == 3
    assert await reads.upcoming() == {"P1-0", "P1-1", "P1-2"}
    reads.diary.asked.clear()
    await reads.read(Kind.FULL)
    assert reads.diary.requests("get") == []


async def test_words_that_nobody_knows_are_counted(reads: Reads) -> None:
    reads.diary.put("P1-0", reads.at(1), status=AppointmentStatus.OTHER, raw_status="Pencilled")
    await reads.read()
    assert (await reads.state()).unmatched.words == {"Pencilled": 1}
    assert "P1-0" in await reads.upcoming()


async def test_appointments_of_a_site_that_no_practice_names_are_listed_and_not_guessed(
    reads: Reads,
) -> None:
    reads.can(has_locations=True)
    reads.diary.sites = (Location("1", "Smile"), Location("2", "Smile North"))
    for ref in list(reads.diary.rows):
        reads.diary.put(ref, reads.at(1), location="1")
    reads.diary.put("north", reads.at(1), location="2")
    await reads.store.registry.apply_practices([make_practice(location="1")], KIM)
    place = replace(reads.source.place, location="1")
    reads.source = replace(reads.source, place=place)
    await reads.read()
    assert await reads.upcoming() == {"P1-0", "P1-1", "P1-2"}
    assert (await reads.state()).unmatched.sites == {"2": "Smile North"}


async def test_of_several_sites_a_practice_says_which_is_its_own(reads: Reads) -> None:
    reads.can(has_locations=True)
    reads.diary.sites = (Location("1", "Smile"), Location("2", "Smile North"))
    read = await reads.read()
    assert read.trouble.endswith(
        "write the practice's location into the config (1 is Smile, 2 is Smile North)"
    )
    assert (await reads.state()).is_refused
    assert await reads.upcoming() == set()
    reads.diary.sites = reads.diary.sites[:1]
    await reads.read()
    assert len(await reads.upcoming()) == 3


async def test_cut_off_at_any_request_a_run_is_gone_on_with(reads: Reads, store_url: str) -> None:
    """Killed at each request in turn: the next reader goes on, and in the end all is as if nothing had been."""
    for day in (0, 2):
        reads.book(14, days=day)
    reads.book(3, days=-2)
    reads.book(3, days=15)

    cut_at, answered, lists = 0, 0, 0

    async def cut(what: str) -> None:
        nonlocal answered, lists
        if answered == cut_at:
            raise Killed
        answered += 1
        lists += what.startswith("list")

    reads.diary.before = cut
    while True:
        let_pass(store_url, LEASE)
        try:
            (read,) = await reads.reader().run_once(Wanted(Kind.FULL, KIM))
        except Killed:
            cut_at, answered = cut_at + 3, 0
            continue
        break
    assert read.trouble == ""
    assert len(await reads.store.diaries.runs(10)) == 1
    assert await reads.upcoming() == reads.diary.rows.keys()
    assert count(store_url, "diary_slice") == 0
    # A slice that was read is not read again: each list came once, but for those that were cut off.
    assert len(reads.diary.requests("list")) - lists <= cut_at // 3


async def test_a_run_that_waited_too_long_begins_anew(reads: Reads) -> None:
    async def cut(what: str) -> None:
        if len(reads.diary.requests("list")) == 4:
            raise Killed

    reads.diary.before = cut
    with pytest.raises(Killed):
        await reads.read()
    reads.diary.before = nothing
    let_pass(reads.url, ABANDONED_AFTER)
    (read,) = await reads.reader().run_once(Wanted(Kind.NEAR, KIM))
    assert [run.state for run in await reads.store.diaries.runs(5)] == [RunState.DONE, RunState.ABANDONED]
    assert await reads.upcoming() == reads.diary.rows.keys()
    assert read.trouble == ""


async def test_a_full_compare_of_some_days_spares_no_other(reads: Reads) -> None:
    await reads.read()
    before = await reads.state()
    today = reads.at(0).date()
    (read,) = await reads.reader().run_once(Wanted(Kind.FULL, KIM, today, today + timedelta(days=10)))
    after = await reads.state()
    assert read.runs[-1].window is not None
    assert after.full_at == before.full_at
    assert after.near_at != before.near_at


async def test_a_diary_that_was_read_is_healthy(reads: Reads) -> None:
    await reads.read()
    now = (await reads.store.state()).now
    assert standing(await reads.state(), "Praktika", now, ADELAIDE).health is Health.HEALTHY
