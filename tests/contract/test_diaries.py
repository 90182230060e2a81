"""What every diary that can be read must do, whoever keeps it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from frontdesk.demo.simulator import EntryStatus, Fault, Kind
from frontdesk.demo.simulator.records import Person, Shift, Site, TimeOff
from frontdesk.pms.diary import Block, Diary, Location, WeeklyHours
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    Nobody,
    One,
    PmsNotFound,
    Unsupported,
)
from tests.contract.diaries import DIARIES, Kept, KindOfDiary
from tests.contract.pms_accounts import HALF_AN_HOUR, NOW, REF, START

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MOST_PAGES = 50


@dataclass(frozen=True)
class Reader:
    """A diary under test, with those who keep it, and what kind it is."""

    kept: Kept
    kind: KindOfDiary

    @property
    def diary(self) -> Diary:
        """The diary as frontdesk reads it."""
        return self.kept.diary

    async def listed(
        self, start: datetime = START, end: datetime = START + DAY, location: str = ""
    ) -> list[Appointment]:
        """Read a window page after page."""
        pages = await self.pages(start, end, location)
        return [one for page in pages for one in page.appointments]

    async def pages(self, start: datetime, end: datetime, location: str = "") -> list[AppointmentPage]:
        """Return every page of a window."""
        found = [await self.diary.appointments(start, end, location=location)]
        while (cursor := found[-1].cursor) is not None:
            found.append(await self.diary.appointments(start, end, cursor, location))
            assert len(found) <= MOST_PAGES
        return found

    async def changed(self, since: datetime, location: str = "") -> list[AppointmentPage]:
        """Return every page of what was changed at an instant or later."""
        found = [await self.diary.changes(since, location=location)]
        while (cursor := found[-1].cursor) is not None:
            found.append(await self.diary.changes(since, cursor, location))
            assert len(found) <= MOST_PAGES
        return found

    async def changed_refs(self, since: datetime) -> set[str]:
        """Return the ids of what was changed, and is there."""
        return {one.ref for page in await self.changed(since) for one in page.appointments}


@pytest.fixture(params=DIARIES, ids=str)
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Reader]:
    """Each diary in turn, with one appointment on Thursday."""
    kind: KindOfDiary = request.param
    async with kind.opened() as kept:
        kept.put()
        yield Reader(kept, kind)


# Appointments


async def test_an_appointment_is_told(at: Reader) -> None:
    (found,) = await at.listed()
    assert (found.ref, found.status, found.starts_at) == (REF, AppointmentStatus.BOOKED, START)
    assert found.starts_at.tzinfo is UTC
    assert found.ends_at == START + HALF_AN_HOUR
    assert (found.practitioners, found.patients) == (One("3"), One("55"))
    assert found.patient_name == ("Amelia Wilson" if at.kind.tells_names else "")
    assert found.time_text
    assert (found.location == "1") == at.diary.abilities.has_locations
    assert (found.updated_at is not None) == at.diary.abilities.changed_since
    assert (found.previous, found.series) == ("", "")
    if at.diary.abilities.answers_by_id:
        alone = await at.diary.appointment(REF)
        assert replace(alone, version="") == replace(found, version="")


async def test_a_list_has_everything_once(at: Reader) -> None:
    day = START + 7 * DAY
    for place in range(130):
        status = EntryStatus.CANCELLED if place % 3 == 0 else EntryStatus.BOOKED
        at.kept.put(str(place), day + timedelta(minutes=5 * place), status=status)
    pages = await at.pages(day, day + timedelta(minutes=5 * 120))
    found = [one for page in pages for one in page.appointments]
    shown = [place for place in range(120) if place % 3 or at.diary.abilities.shows_cancelled]
    assert sorted(int(one.ref) for one in found) == shown
    assert pages[-1].total in {None, len(found)}
    cancelled = sum(one.status is AppointmentStatus.CANCELLED for one in found)
    assert cancelled == (40 if at.diary.abilities.shows_cancelled else 0)


async def test_a_window_has_its_first_instant_and_not_its_last(at: Reader) -> None:
    at.kept.put("1", START - SECOND)
    at.kept.put("2", START + DAY - SECOND)
    at.kept.put("3", START + DAY)
    pages = await at.pages(START, START + DAY)
    assert {one.ref for page in pages for one in page.appointments} == {REF, "2"}
    assert pages[-1].total in {None, 2}


async def test_a_window_without_appointments_is_empty(at: Reader) -> None:
    assert await at.listed(START + 30 * DAY, START + 31 * DAY) == []


async def test_what_somebody_cancelled_and_reinstated_is_booked(at: Reader) -> None:
    if at.diary.abilities.shows_cancelled:
        at.kept.do(Kind.STAFF_CANCEL)
        (found,) = await at.listed()
        assert found.status is AppointmentStatus.CANCELLED
        at.kept.do(Kind.STAFF_REINSTATE)
    (found,) = await at.listed()
    assert found.status is AppointmentStatus.BOOKED


@pytest.mark.parametrize("kind", [Kind.STAFF_DELETE, Kind.STAFF_ARCHIVE], ids=str)
async def test_what_is_deleted_is_not_there(at: Reader, kind: Kind) -> None:
    at.kept.do(kind)
    assert await at.listed() == []
    if at.diary.abilities.answers_by_id:
        with pytest.raises(PmsNotFound) as gone:
            await at.diary.appointment(REF)
        assert gone.value.successor == ""


async def test_what_is_moved_keeps_its_id_or_says_the_new_one(at: Reader) -> None:
    if at.diary.abilities.id_survives_move:
        at.kept.do(Kind.STAFF_MOVE)
        (found,) = await at.listed()
        assert (found.ref, found.starts_at, found.previous) == (REF, START + HALF_AN_HOUR, "")
        return
    at.kept.do(Kind.STAFF_REBOOK)
    (found,) = await at.listed()
    assert (found.previous, found.starts_at) == (REF, START + HALF_AN_HOUR)
    with pytest.raises(PmsNotFound) as gone:
        await at.diary.appointment(REF)
    assert gone.value.successor == found.ref


async def test_what_is_moved_without_a_word_has_no_pointer(at: Reader) -> None:
    at.kept.do(Kind.STAFF_REBOOK_SILENTLY)
    (found,) = await at.listed()
    assert (found.ref != REF, found.previous) == (True, "")
    if at.diary.abilities.answers_by_id:
        with pytest.raises(PmsNotFound) as gone:
            await at.diary.appointment(REF)
        assert gone.value.successor == ""


async def test_what_is_moved_out_of_a_window_and_in_again_is_told_by_its_id(at: Reader) -> None:
    at.kept.do(Kind.STAFF_MOVE_FAR)
    assert await at.listed() == []
    if at.diary.abilities.answers_by_id:
        assert (await at.diary.appointment(REF)).starts_at > START + 300 * DAY
    at.kept.put()
    assert [one.starts_at for one in await at.listed()] == [START]


async def test_another_patient_is_another_id(at: Reader) -> None:
    at.kept.do(Kind.STAFF_SWAP_PATIENT)
    (found,) = await at.listed()
    assert found.patients == One("900001")


async def test_another_name_changes_nobody_else(at: Reader) -> None:
    (before,) = await at.listed()
    at.kept.do(Kind.STAFF_RENAME)
    (found,) = await at.listed()
    assert found.practitioners == before.practitioners
    assert [one.ref for one in await at.diary.practitioners()] == ["3"]
    assert (await at.diary.practitioners())[0].name.endswith("Lee-Marsh")


# Changes


async def test_changes_are_told_from_the_very_second_on(at: Reader) -> None:
    if not at.diary.abilities.changed_since:
        with pytest.raises(Unsupported):
            await at.diary.changes(NOW)
        return
    at.kept.put("7002", updated_at=NOW - HALF_AN_HOUR)
    for since in (NOW - HALF_AN_HOUR, NOW - HALF_AN_HOUR - SECOND):
        assert await at.changed_refs(since) == {"7002"}
    assert await at.changed_refs(NOW - HALF_AN_HOUR + SECOND) == set()
    assert await at.changed_refs(datetime(2025, 12, 1, tzinfo=UTC)) == {REF, "7002"}


async def test_nothing_was_changed_in_the_future(at: Reader) -> None:
    if at.diary.abilities.changed_since:
        at.kept.do(Kind.STAFF_CHANGE)
        assert await at.changed_refs(NOW + DAY) == set()


async def test_changes_tell_what_was_cancelled_moved_away_or_deleted(at: Reader) -> None:
    if not at.diary.abilities.changed_since:
        return
    at.kept.put("1", START + DAY)
    at.kept.put("2", START + 2 * DAY)
    at.kept.put("4", START + 3 * DAY)
    at.kept.do(Kind.STAFF_CANCEL, "1")
    at.kept.do(Kind.STAFF_MOVE_FAR, "2")
    at.kept.do(Kind.STAFF_ARCHIVE, "4")
    pages = await at.changed(NOW)
    found = {one.ref: one for page in pages for one in page.appointments}
    assert found["1"].status is AppointmentStatus.CANCELLED
    assert found["2"].starts_at > START + 300 * DAY
    assert REF not in found
    gone = {ref for page in pages for ref in page.gone}
    assert gone == ({"4"} if at.diary.abilities.shows_deleted else set())


async def test_what_was_saved_late_is_told_to_who_looks_a_little_further_back(at: Reader) -> None:
    if not at.diary.abilities.changed_since:
        return
    at.kept.do(Kind.STAFF_LATE)
    assert await at.changed_refs(NOW) == set()
    assert await at.changed_refs(NOW - timedelta(minutes=2)) == {REF}


async def test_changes_come_in_pages(at: Reader) -> None:
    if not at.diary.abilities.changed_since:
        return
    for place in range(130):
        at.kept.put(str(place), START + DAY, updated_at=NOW)
    pages = await at.changed(NOW)
    assert sorted(int(one.ref) for page in pages for one in page.appointments) == [*range(130)]


# Locations


async def test_locations_are_told_and_asked_for(at: Reader) -> None:
    if not at.diary.abilities.has_locations:
        with pytest.raises(Unsupported):
            await at.diary.locations()
        with pytest.raises(Unsupported):
            await at.listed(location="2")
        return
    at.kept.put_around(Site("2", "Smile West", "Australia/Perth"))
    at.kept.put("7002", START + HALF_AN_HOUR, location_ref="2")
    locations = await at.diary.locations()
    zone = "Australia/Perth" if at.kind.tells_time_zones else ""
    assert Location("2", "Smile West", zone) in locations
    assert {one.ref for one in locations} == {"1", "2"}
    assert {one.ref for one in await at.listed()} == {REF, "7002"}
    assert {one.ref for one in await at.listed(location="2")} == {"7002"}
    assert (await at.pages(START, START + DAY, "2"))[-1].total in {None, 1}
    if at.diary.abilities.changed_since:
        pages = await at.changed(datetime(2025, 12, 1, tzinfo=UTC), "2")
        assert {one.ref for page in pages for one in page.appointments} == {"7002"}


async def test_a_site_that_nobody_was_told_about_is_shown(at: Reader) -> None:
    if not at.diary.abilities.has_locations:
        return
    at.kept.do(Kind.STAFF_ELSEWHERE)
    (found,) = await at.listed()
    assert found.location == "9"
    assert await at.listed(location="1") == []


# Patients


async def test_a_patient_is_told(at: Reader) -> None:
    if not at.diary.abilities.has_patients:
        with pytest.raises(Unsupported):
            await at.diary.patient("55")
        return
    known = Person("56", "Jo", "Example", date(1981, 3, 14), "0491 570 156", "jo@example.org", is_new=False)
    at.kept.put_around(known)
    found = await at.diary.patient("56")
    assert (found.ref, found.name, found.birth_date) == ("56", "Jo Example", date(1981, 3, 14))
    assert (found.mobile, found.email) == ("0491 570 156", "jo@example.org")
    assert found.is_new in ({None} if "new_patient" in found.unsaid else {False})
    assert found.unsaid <= {"new_patient"}
    assert found.merged_into == ""


async def test_what_is_empty_is_told_and_what_has_no_place_is_not(at: Reader) -> None:
    if not at.diary.abilities.has_patients:
        return
    at.kept.put_around(Person("56", "Jo", "Example", is_new=True))
    found = await at.diary.patient("56")
    assert (found.birth_date, found.mobile, found.email) == (None, "", "")
    assert found.unsaid <= {"new_patient"}
    assert found.is_new is (None if "new_patient" in found.unsaid else True)


async def test_a_patient_who_is_not_there_is_not_found(at: Reader) -> None:
    if not at.diary.abilities.has_patients:
        return
    at.kept.do(Kind.STAFF_MERGE_PATIENTS)
    for ref, successor in (("1234567", ""), ("55", "900001" if at.kind.tells_merges else "")):
        with pytest.raises(PmsNotFound) as gone:
            await at.diary.patient(ref)
        assert gone.value.successor == successor
        assert "patient" in str(gone.value)
    (found,) = await at.listed()
    assert found.patients == One("900001")
    assert (await at.diary.patient("900001")).name == "Amelia Wilson"


# Times off and hours


async def test_times_off_are_told_and_are_no_appointments(at: Reader) -> None:
    if not at.diary.abilities.has_blocks:
        with pytest.raises(Unsupported):
            await at.diary.blocks(START, START + DAY)
        return
    lunch = TimeOff("901", "3", START + HALF_AN_HOUR, START + 2 * HALF_AN_HOUR)
    at.kept.put_around(lunch, TimeOff("902", "3", START - HALF_AN_HOUR, START, "Before"))
    at.kept.put_around(TimeOff("903", "3", START + DAY, START + DAY + HALF_AN_HOUR, "After"))
    at.kept.put_around(TimeOff("904", "3", START - DAY, START + 2 * DAY, "Leave"))
    found = await at.diary.blocks(START, START + DAY)
    assert {one.ref for one in found} == {"901", "904"}
    assert Block("901", "3", lunch.starts_at, lunch.ends_at, "Lunch") in found
    assert [one.ref for one in await at.listed()] == [REF]


async def test_hours_are_told(at: Reader) -> None:
    if not at.diary.abilities.has_hours:
        with pytest.raises(Unsupported):
            await at.diary.hours()
        return
    at.kept.put_around(Shift("3", 1, time(8, 30), time(12, 30)), Shift("3", 1, time(13, 15), time(17)))
    assert {*await at.diary.hours()} == {
        WeeklyHours("3", 1, time(8, 30), time(12, 30)),
        WeeklyHours("3", 1, time(13, 15), time(17)),
    }


# The clock, and what only looks wrong


async def test_the_clock_of_the_diary_is_told(at: Reader) -> None:
    assert await at.diary.ping() in {NOW, None}
    if at.kind.has_faults:
        for minutes in (5, -5):
            at.kept.go_wrong(Fault(Kind.CLOCK, seconds=60 * minutes))
            assert await at.diary.ping() in {NOW + timedelta(minutes=minutes), None}


async def test_a_word_that_nobody_knows_is_never_a_cancel(at: Reader) -> None:
    if at.kind.has_faults:
        at.kept.go_wrong(Fault(Kind.UNKNOWN_STATUS))
        (found,) = await at.listed()
        assert found.status in {AppointmentStatus.OTHER, AppointmentStatus.BOOKED}


async def test_a_time_off_among_appointments_is_never_booked_for_a_patient(at: Reader) -> None:
    """No such row has a patient; whether it is an appointment at all is for its reader to say."""
    if at.kind.has_faults:
        at.kept.go_wrong(Fault(Kind.BLOCK_ROWS))
        found = {one.ref: one for one in await at.listed()}
        assert found.pop("990001").patients == Nobody()
        assert {*found} == {REF}


async def test_what_looks_whole_is_told_as_it_looks(at: Reader) -> None:
    """A diary that lies consistently cannot be caught by its reader; by their ids appointments are still there."""
    if not at.kind.has_faults:
        return
    at.kept.put("7002", START + HALF_AN_HOUR)
    for kind, refs in ((Kind.NO_ROWS, set()), (Kind.HALF, {"7002"})):
        at.kept.go_wrong(Fault(kind))
        assert {one.ref for one in await at.listed()} == refs
        assert (await at.diary.appointment(REF)).starts_at == START
    at.kept.go_wrong(Fault(Kind.LATER))
    later = START + timedelta(hours=1)
    assert [one.starts_at for one in await at.listed()] == [later, later + HALF_AN_HOUR]
    if at.diary.abilities.changed_since:
        changed = await at.diary.changes(START - timedelta(days=400))
        assert {one.starts_at for one in changed.appointments} == {later, later + HALF_AN_HOUR}
    at.kept.go_wrong()
    assert {one.starts_at for one in await at.listed()} == {START, START + HALF_AN_HOUR}
