"""`frontdesk deliver`: carries out what follows, against a real PMS, mail folder and gateway."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from frontdesk.demo.simulator import Effect, Fault, Kind
from tests.e2e.line_mode import LineDesk
from tests.e2e.world import World


async def test_one_run_tells_everybody_and_the_next_one_nobody(world: World) -> None:
    said = await world.run("cancel", "R00001", "--yes", "--no-deliver", "--reason", "patient ill")
    assert "Praktika waiting, e-mail waiting" in said
    assert (world.cancels(), world.letters()) == ([], 0)

    assert await world.run("deliver", "--once") == "3 done\n"
    assert await world.run("deliver", "--once") == "0 done\n"

    assert world.cancels() == [True]
    assert world.letters() == 2
    assert "cancelled, Praktika told, e-mail sent" in await world.run("show", "R00001")


async def test_a_patient_without_e_mail_gets_an_sms(world: World) -> None:
    await world.run("cancel", "R00002", "--yes", "--no-deliver")

    assert await world.run("deliver", "--once") == "3 done\n"

    assert [number for number, _ in world.pms.diary.ledger.messages()] == ["+61491570006"]
    assert "SMS sent" in await world.run("show", "R00002")


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

    result = await world.try_("deliver", "--once")

    assert "there is no credential praktika-demo" in result.stderr
    assert result.stdout == "2 done\n"
    assert world.cancels() == []


def test_a_config_that_reaches_nothing_is_refused(desk: LineDesk) -> None:
    result = desk("deliver")

    assert result.exit_code == 1
    assert result.stderr == (
        f"Not done: there is nobody to tell: write [connections] or [notify] into {desk.config_file}\n"
    )


def test_a_config_whose_secrets_are_all_missing_is_refused(desk: LineDesk) -> None:
    desk.write_config(
        '[connections.smile]\nkind = "fhir"\nbase_url = "https://f.example"\ncredential = "smile"\n'
    )

    result = desk("deliver", "--once")

    assert result.exit_code == 1
    missing, refused = result.stderr.splitlines()
    assert missing.startswith(
        "there is no credential smile. Keep it with: frontdesk credentials set smile (or in "
    )
    assert refused == (
        f"Not done: frontdesk can reach nothing that {desk.config_file} names: the sentences above say why"
    )


async def test_cancel_tries_what_it_has_written_and_nothing_else(world: World) -> None:
    await world.run("cancel", "R00002", "--yes", "--no-deliver")

    said = await world.run("cancel", "R00001", "--yes")

    assert said.splitlines() == [
        "cancelled, Praktika waiting, e-mail waiting",
        "cancelled, Praktika told, e-mail sent",
    ]
    assert world.cancels() == [True]
    assert "Praktika waiting, SMS waiting" in await world.run("show", "R00002")


async def test_a_pms_that_is_away_does_not_make_cancel_fail(world: World) -> None:
    world.pms.faults.set(Fault(Kind.UNAVAILABLE, "all"))

    said = await world.run("cancel", "R00001", "--yes")

    assert said.splitlines()[-1] == "cancelled, Praktika waiting, e-mail sent"


@pytest.mark.full
async def test_killed_in_the_middle_another_one_finishes_the_job_once(world: World) -> None:
    await world.run("cancel", "R00001", "--yes", "--no-deliver")
    world.pms.faults.set(Fault(Kind.HANG, "cancel", effect=Effect.APPLIED))
    command = [sys.executable, "-m", "frontdesk", "--config", str(world.desk.config_file), "deliver"]
    killed = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    await world.pms.until_waiting()
    killed.kill()
    await killed.wait()
    world.pms.faults.set()

    said = await world.try_("deliver", "--once")

    assert "in other hands: waiting until they are done" in said.stderr
    assert "Praktika told, e-mail sent" in await world.run("show", "R00001")
    assert world.cancels() == [True]
    assert world.letters() == 2


async def test_it_ends_when_it_is_told_to(world: World) -> None:
    command = [sys.executable, "-m", "frontdesk", "--config", str(world.desk.config_file), "deliver"]
    running = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE, env=os.environ)
    assert running.stderr is not None
    assert b"Carrying out deliveries" in await running.stderr.readline()
    running.send_signal(signal.SIGTERM)
    rest = await running.stderr.read()
    assert (await running.wait(), rest) == (0, b"")
