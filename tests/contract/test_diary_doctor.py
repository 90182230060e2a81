"""What `doctor` finds out of each diary, and what it calls a fault."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from frontdesk.demo.simulator import Fault, Kind, Operation
from frontdesk.demo.simulator.records import Site
from frontdesk.pms.diary import Diary, Pageable
from frontdesk.pms.diary_probe import probe_diary
from frontdesk.pms.port import AppointmentPage
from frontdesk.pms.probe import Held
from tests.contract.diaries import DIARIES, Kept, KindOfDiary
from tests.contract.pms_accounts import HALF_AN_HOUR, NOW, START

AT_FAULT = [kind for kind in DIARIES if kind.has_faults]


@pytest.fixture(params=AT_FAULT, ids=str)
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    """Each diary that can have faults, with two appointments on Thursday, one of them changed just now."""
    kind: KindOfDiary = request.param
    async with kind.opened() as made:
        made.put()
        made.put("7002", START + HALF_AN_HOUR, updated_at=NOW - HALF_AN_HOUR)
        yield made


async def looked(diary: Diary, named: Collection[str] = ("1",)) -> dict[Held, list[str]]:
    """Return what a look finds, by whether it held."""
    found = await probe_diary(diary, named, NOW)
    assert "Amelia" not in str(found)
    return {held: [one.said for one in found if one.held is held] for held in Held}


async def test_a_diary_that_is_well(kept: Kept) -> None:
    said = await looked(kept.diary)
    able = kept.diary.abilities
    assert said[Held.FAILED] == []
    assert ("it tells what was changed since yesterday, and nothing of tomorrow" in said[Held.OK]) == (
        able.changed_since
    )
    assert ("in pages of one it lists the same appointments" in said[Held.OK]) == isinstance(
        kept.diary, Pageable
    )
    assert any(one.startswith("a patient can be read by the id") for one in said[Held.OK]) == (
        able.has_patients
    )
    assert ("every appointment is at a location that a practice names" in said[Held.OK]) == (
        able.has_locations
    )


async def test_a_location_that_no_practice_names_is_told(kept: Kept) -> None:
    if not kept.diary.abilities.has_locations:
        return
    kept.put_around(Site("9", "Smile West"))
    kept.put("7003", START + 2 * HALF_AN_HOUR, location_ref="9")
    (failed,) = (await looked(kept.diary))[Held.FAILED]
    assert failed == "1 appointments are at locations that no practice names: Smile West (9)"
    (told,) = [one for one in (await looked(kept.diary, ()))[Held.NOT_TRIED] if "names a location" in one]
    assert told.endswith("its appointments are at: Location 1 (1), Smile West (9)")


async def test_pages_that_do_not_go_on_are_told(kept: Kept) -> None:
    kept.go_wrong(Fault(Kind.PAGES_SHRINK, Operation.LIST))
    (failed,) = (await looked(kept.diary))[Held.FAILED]
    assert failed.startswith("its diary: a list ")


async def test_a_patient_who_cannot_be_read_is_told(kept: Kept) -> None:
    if kept.diary.abilities.has_patients:
        kept.go_wrong(Fault(Kind.NOT_FOUND, Operation.PATIENT))
        (failed,) = (await looked(kept.diary))[Held.FAILED]
        assert failed.startswith("a patient read by the id: there is no such patient")


async def test_nothing_listed_is_no_fault(kept: Kept) -> None:
    kept.go_wrong(Fault(Kind.NO_ROWS))
    said = await looked(kept.diary)
    assert said[Held.FAILED] == []
    assert "its pages and patients: it lists nothing for 7 days" in said[Held.NOT_TRIED]


async def test_a_diary_that_does_not_answer_is_told(kept: Kept) -> None:
    kept.go_wrong(Fault(Kind.SERVER_ERROR))
    assert (await looked(kept.diary))[Held.FAILED] == ["its diary: it reports an error of its own"]


@dataclass
class Deaf:
    """A diary that does not heed since when changes are asked for."""

    kept: Diary

    def __getattr__(self, name: str) -> object:
        return getattr(self.kept, name)

    async def changes(self, since: object, cursor: str | None = None, location: str = "") -> AppointmentPage:
        """Return everything."""
        return await self.kept.changes(NOW - timedelta(days=4_000))


@dataclass
class DeafYesterday(Deaf):
    """A diary that tells nothing of the future, and of yesterday more than was asked for."""

    async def changes(self, since: object, cursor: str | None = None, location: str = "") -> AppointmentPage:
        """Return everything, unless it is asked about the future."""
        is_ahead = isinstance(since, type(NOW)) and since > NOW
        return AppointmentPage(()) if is_ahead else await super().changes(since)


async def test_a_question_about_changes_that_is_not_heeded_is_told(kept: Kept) -> None:
    if not kept.diary.abilities.changed_since:
        return
    for deaf, words in (
        (Deaf, "asked what changes tomorrow, it tells 2: it does not heed the question"),
        (DeafYesterday, "1 of 2 changes are older than was asked for"),
    ):
        diary = deaf(kept.diary)
        assert words in (await looked(diary))[Held.FAILED]  # type: ignore[arg-type]


@dataclass
class Forgetful(Deaf):
    """A diary that knows only the first page of a list, and does not say so."""

    size: int = 100

    def in_pages_of(self, size: int) -> "Forgetful":
        """Return the same diary in pages of another size."""
        return Forgetful(self.kept, size)

    async def changes(self, since: object, cursor: str | None = None, location: str = "") -> AppointmentPage:
        """Return nothing."""
        return AppointmentPage(())

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return the first ones alone."""
        page = await self.kept.appointments(start, end)
        return AppointmentPage(page.appointments[: self.size])


async def test_pages_that_lose_appointments_are_told(kept: Kept) -> None:
    (failed,) = (await looked(Forgetful(kept.diary)))[Held.FAILED]  # type: ignore[arg-type]
    assert failed == "in pages of one it lists 1 appointments, and 2 else: is the paging right?"
