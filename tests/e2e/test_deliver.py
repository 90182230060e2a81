"""`frontdesk deliver`: carries out what follows, against a real PMS, mail server's folder and gateway."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.cli import demo_world
from frontdesk.pms.simulator import Diary, Entry, Fault, Kind, Simulator
from frontdesk.pms.simulator.folder import read_settings
from tests.e2e.line_mode import LineDesk
from tests.making import make_incoming, make_patient


@dataclass
class World:
    """A desk and what is outside: the made-up PMSs and SMS gateway of a demonstration, and its mail."""

    desk: LineDesk
    pms: Simulator
    mail: Path

    async def run(self, *arguments: str) -> str:
        """Run `frontdesk`, which must succeed, beside what it talks to; return what it printed."""
        result = await asyncio.to_thread(self.desk, *arguments)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def cancels(self) -> list[bool]:
        """Return of each request to cancel whether it took effect."""
        return [line.effective for line in self.pms.ledger if line.operation == "cancel"]

    def letters(self) -> int:
        """Count the e-mails."""
        return len(list((self.mail / "new").iterdir())) if self.mail.exists() else 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Bookings R00001 (e-mail) and R00002 (mobile only) at a practice on the simulated Praktika."""
    config = tmp_path / "demo.toml"
    demo_world.make(tmp_path, config)
    settings = read_settings(tmp_path / demo_world.PMS_FOLDER)
    desk = LineDesk(tmp_path)
    _, _, outside = config.read_text().partition("[notify]")
    desk.write_config(f"[notify]{outside}".replace("praktika-demo]", "smile]"))
    incoming = [make_incoming(), make_incoming(2, patient=make_patient(email=""))]
    await asyncio.to_thread(desk.fill, incoming)
    async with Simulator(Diary(), settings.accounts, port=settings.port) as pms:
        for one in incoming:
            end = one.starts_at + timedelta(minutes=30)
            pms.put(Entry(one.pms_ref, one.starts_at, end, "3"), "praktika-demo")
        yield World(desk, pms, tmp_path / demo_world.MAIL_FOLDER)
    pms.diary.close()


async def test_one_run_tells_everybody_and_the_next_one_nobody(world: World) -> None:
    said = await world.run("cancel", "R00001", "--yes", "--no-deliver", "--reason", "patient ill")
    assert "Praktika waiting, e-mail waiting" in said
    assert (world.cancels(), world.letters()) == ([], 0)

    assert await world.run("deliver", "--once") == "3 done\n"
    assert await world.run("deliver", "--once") == "0 done\n"

    assert world.cancels() == [True]
    assert world.letters() == 2
    assert "Cancelled here ok, Praktika ok, e-mail ok" in await world.run("show", "R00001")


async def test_a_patient_without_e_mail_gets_an_sms(world: World) -> None:
    await world.run("cancel", "R00002", "--yes", "--no-deliver")

    assert await world.run("deliver", "--once") == "3 done\n"

    assert [number for number, _ in world.pms.diary.messages()] == ["+61491570006"]
    assert "SMS ok" in await world.run("show", "R00002")


async def test_what_fails_is_tried_again_later_and_what_is_refused_needs_a_person(world: World) -> None:
    await world.run("cancel", "R00001", "--yes", "--no-deliver")
    world.pms.faults.set(Fault(Kind.UNAVAILABLE, "all"))
    assert await world.run("deliver", "--once") == "2 done, 1 to be tried again\n"
    assert "Praktika waiting" in await world.run("show", "R00001")

    await world.run("cancel", "R00002", "--yes", "--no-deliver")
    world.pms.faults.set(Fault(Kind.INVALID, "cancel", account="praktika-demo"))
    said = await world.run("deliver", "--once")
    assert "1 need a person" in said or "2 need a person" in said
    assert "CANCEL IT IN PRAKTIKA BY HAND" in await world.run("attention")
    assert world.cancels() == [False] * len(world.cancels())


async def test_a_connection_without_its_secret_is_said_and_left_to_others(world: World) -> None:
    await world.run("cancel", "R00001", "--yes", "--no-deliver")
    (world.desk.config_file.parent / "credentials" / "praktika-demo").unlink()

    result = await asyncio.to_thread(world.desk, "deliver", "--once")

    assert "there is no credential praktika-demo" in result.stderr
    assert result.stdout == "2 done\n"
    assert world.cancels() == []


def test_a_config_that_reaches_nothing_is_refused(desk: LineDesk) -> None:
    result = desk("deliver")

    assert result.exit_code == 1
    assert "names no connection" in result.stderr


async def test_cancel_tries_what_it_has_written_and_nothing_else(world: World) -> None:
    await world.run("cancel", "R00002", "--yes", "--no-deliver")

    said = await world.run("cancel", "R00001", "--yes")

    assert said.splitlines() == [
        "Cancelled here ok, Praktika waiting, e-mail waiting",
        "Cancelled here ok, Praktika ok, e-mail ok",
    ]
    assert world.cancels() == [True]
    assert "Praktika waiting, SMS waiting" in await world.run("show", "R00002")


async def test_a_pms_that_is_away_does_not_make_cancel_fail(world: World) -> None:
    world.pms.faults.set(Fault(Kind.UNAVAILABLE, "all"))

    said = await world.run("cancel", "R00001", "--yes")

    assert said.splitlines()[-1] == "Cancelled here ok, Praktika waiting, e-mail ok"
