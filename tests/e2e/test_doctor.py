"""`frontdesk doctor`: what holds and what does not; it changes nothing."""

import asyncio
import re
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from frontdesk.cli import frontdesk
from frontdesk.config import default_file
from frontdesk.demo.simulator import Fault, Kind
from tests.e2e.line_mode import LineDesk
from tests.e2e.world import World
from tests.making import make_incoming, make_practice


async def test_when_all_is_well_it_says_so_and_what_is_only_assumed(world: World) -> None:
    said = await world.run("doctor")

    assert "!!" not in said
    assert re.search(r"^smile +-- its address in the config: http://127\.0\.0\.1:\d+/", said, re.MULTILINE)
    assert re.search(r" +-- .*Praktika: follows our own assumptions, not yet tried with the vendor", said)
    assert re.search(r"^ +ok it accepts our key$", said, re.MULTILINE)
    assert re.search(r"^ +ok a patient can be read by the id", said, re.MULTILINE)
    assert re.search(r"^e-mail +ok e-mail goes into the folder mail$", said, re.MULTILINE)
    assert re.search(r"^SMS +ok Textline at 127.0.0.1", said, re.MULTILINE)


async def test_a_record_that_does_not_fit_the_bookings_is_pointed_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.run("cancel", "R00001", "--yes")
    whole = r"^audit +ok \d events, and what commands wrote is as they say$"
    assert re.search(whole, await world.run("doctor"), re.MULTILINE)
    with closing(sqlite3.connect(world.desk.store_file)) as database, database:
        database.execute("UPDATE booking SET cancelled = 0")
        database.execute("DELETE FROM delivery")

    result = await world.try_("doctor")

    assert result.exit_code == 1
    flaw = r"^audit +!! audit event \d .* was to follow, and nothing is there, and 1 more: frontdesk audit verify$"
    assert re.search(flaw, result.stdout, re.MULTILINE)
    monkeypatch.setattr("frontdesk.cli.doctor.VERIFIED", 2)
    not_tried = r"^audit +-- \d events: frontdesk audit verify looks"
    assert re.search(not_tried, await world.run("doctor"), re.MULTILINE)


async def test_it_changes_nothing(world: World) -> None:
    await world.run("cancel", "R00001", "--yes", "--no-deliver")

    await world.try_("doctor")

    assert not any(line.effective for line in world.pms.ledger)
    reads = {"ping", "list", "read", "practitioners", "patient", "locations"}
    assert {line.operation for line in world.pms.ledger} <= reads
    assert not world.mail.exists()
    assert world.pms.diary.ledger.messages() == []
    assert "Praktika waiting" in await world.run("show", "R00001")


async def test_a_key_that_is_not_accepted_is_what_needs_mending(world: World) -> None:
    world.pms.faults.set(Fault(Kind.UNAUTHORISED, account="praktika-demo"))

    result = await world.try_("doctor")

    assert result.exit_code == 1
    assert re.search(r"^ +!! .*does not accept our key", result.stdout, re.MULTILINE)
    assert result.stderr == "Not done: 1 thing needs mending: it is marked !!\n"


async def test_a_missing_secret_is_named_and_never_shown(world: World) -> None:
    secret = (world.desk.config_file.parent / "credentials" / "sms-demo").read_text().strip()
    (world.desk.config_file.parent / "credentials" / "praktika-demo").unlink()

    result = await world.try_("doctor")

    assert result.exit_code == 1
    assert re.search(r"^credentials +!! there is no credential praktika-demo", result.stdout, re.MULTILINE)
    assert secret not in result.stdout


async def test_deliveries_that_nobody_carries_out_are_pointed_out(world: World) -> None:
    await world.run("cancel", "R00001", "--yes", "--no-deliver")

    result = await world.try_("doctor")

    assert "3 wait, and no program that could carry them out is running" in result.stdout


def test_a_store_that_cannot_be_opened_is_a_finding(desk: LineDesk) -> None:
    desk.store_file.write_bytes(b"this is no database at all, whatever it is called")

    result = desk("doctor")

    assert result.exit_code == 1
    assert re.search(r"^store +!! ", result.stdout, re.MULTILINE)


def test_it_says_which_bookings_leave_work_to_people_and_why(desk: LineDesk) -> None:
    desk.fill([make_incoming(8, pms_ref=""), make_incoming(9, pms_ref="")])

    result = desk("doctor")

    assert result.exit_code == 0
    assert re.search(
        r"^bookings +-- 2 of 7 bookings to come have no pms_ref\. Without it Praktika cannot be told",
        result.stdout,
        re.MULTILINE,
    )


def test_it_names_the_practices_whose_cancellations_reach_no_other_system(desk: LineDesk) -> None:
    desk.fill([], [make_practice("sydney", pms=None)])

    assert "-- without pms, so no PMS is told: Smile Dental Sydney\n" in desk("doctor").stdout


def test_before_the_first_morning_it_says_what_is_to_be_done(desk: LineDesk) -> None:
    desk.store_file.unlink()

    result = CliRunner().invoke(frontdesk, ["doctor"])

    assert result.exit_code == 1
    assert re.search(rf"^config +-- {default_file()}, which does not exist yet$", result.stdout, re.MULTILINE)
    assert re.search(
        rf"^practices +!! no practice is known yet: .* into {default_file()}, which does not exist yet$",
        result.stdout,
        re.MULTILINE,
    )


def test_without_anything_outside_it_says_who_tells_patients(desk: LineDesk) -> None:
    said = desk("doctor").stdout

    assert "no [notify]: your staff tell patients" in said


async def test_a_practice_whose_patients_are_asked_to_ring_nowhere_is_asked_for_its_phone(
    world: World,
) -> None:
    asked = "Smile Dental Adelaide has no phone: messages ask patients to ring and cannot say where"
    assert asked in await world.run("doctor")

    await asyncio.to_thread(world.desk.fill, [], [make_practice(phone="08 5550 0100")])

    assert "has no phone" not in await world.run("doctor")


@pytest.fixture(autouse=True)
def _open_all_night(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bookings of these tests are near now, whatever the hour."""
    monkeypatch.setattr("frontdesk.pms.probe._OPEN", 0)
    monkeypatch.setattr("frontdesk.pms.probe._CLOSED", 24)
