"""Reading a file that a PMS exports: what it does not have is asked about only where it would have it."""

from dataclasses import replace

import pytest

from frontdesk.diary_runs import LEASE, Kind, RunState
from frontdesk.pms.port import Span
from tests.contract.reads import Reads


@pytest.fixture
async def exported(reads: Reads) -> Reads:
    """A practice whose export was read: appointments of tomorrow and of the day after."""
    reads.can(answers_by_id=False, changed_since=False, page_size=1000)
    reads.book(6, days=1)
    reads.book(6, days=2)
    await reads.read(Kind.FULL)
    assert len(await reads.upcoming()) == 12
    return reads


async def test_what_is_missing_from_an_export_is_asked_about_and_never_cancelled(exported: Reads) -> None:
    for ref in ("P1-0", "P1-3", "P2-1"):
        exported.diary.delete(ref)
    read = await exported.read(Kind.FULL)
    (run,) = [one for one in read.runs if one.state is RunState.HELD]
    assert run.held == {"gone": 3}
    assert len(await exported.upcoming()) == 12


async def test_what_an_export_does_not_cover_is_not_missing(exported: Reads) -> None:
    for ref in ("P1-0", "P2-0", "P2-1"):
        exported.diary.delete(ref)
    exported.diary.spans = (Span(exported.at(2, 0), exported.at(3, 0), "1"),)
    read = await exported.read(Kind.FULL)
    (run,) = [one for one in read.runs if one.state is RunState.HELD]
    assert run.held == {"gone": 1}
    exported.diary.spans = ()
    assert not (await exported.read(Kind.FULL)).is_held


async def test_an_incomplete_export_brings_what_is_new_and_misses_nothing(exported: Reads) -> None:
    before = await exported.state()
    for ref in ("P1-0", "P1-1", "P1-2"):
        exported.diary.delete(ref)
    exported.diary.put("new", exported.at(1, 15))
    exported.diary.spans, exported.diary.incomplete = (), "line 7 of export.csv cannot be read"
    read = await exported.read(Kind.FULL)
    assert (read.is_held, read.trouble) == (False, "line 7 of export.csv cannot be read")
    assert len(await exported.upcoming()) == 13
    after = await exported.state()
    assert after.trouble == "line 7 of export.csv cannot be read"
    assert before.full_at is not None
    assert after.full_at == before.full_at - LEASE


async def test_what_a_file_says_of_fees_and_reasons_comes_in_and_what_it_does_not_say_stays(
    exported: Reads,
) -> None:
    row = exported.diary.rows["P1-0"]
    exported.diary.rows["P1-0"] = replace(row, fee=12300, appointment_type="Crown")
    await exported.read(Kind.FULL)
    assert (await exported.bookings())["P1-0"].fee == 12300
    silent = replace(row, fee=None, appointment_type="", unsaid=frozenset({"appointment_type"}))
    exported.diary.rows["P1-0"] = silent
    await exported.read(Kind.FULL)
    kept = (await exported.bookings())["P1-0"]
    assert (kept.fee, kept.appointment_type) == (12300, "Crown")
    exported.diary.cancel("P1-1")
    exported.diary.rows["P1-1"] = replace(exported.diary.rows["P1-1"], reason="Moved away")
    await exported.read(Kind.FULL)
    cancelled = (await exported.bookings())["P1-1"].cancellation
    assert cancelled is not None
    assert cancelled.reason == "Moved away"
