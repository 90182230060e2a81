"""`frontdesk sync`: reads the diary of a real, simulated PMS over HTTP."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from frontdesk.cli.diaries import read_beside
from frontdesk.demo.simulator import Entry, Fault, Kind
from frontdesk.diary_runs import LEASE
from tests.contract.raw import execute, let_pass, until
from tests.e2e.line_mode import LineDesk
from tests.e2e.server_process import server_process
from tests.e2e.world import World

PMS = "praktika-demo"
MANY = 12


def book(world: World, ref: str, days: int = 1, hour: int = 2) -> None:
    """Book an appointment in the PMS, so many days from now."""
    start = datetime.now(UTC).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)
    entry = Entry(
        ref, start, start + timedelta(minutes=30), "3", patient_ref=f"9{ref}", patient_name="Mia Novak"
    )
    world.pms.put(entry, PMS)


def store_url(world: World) -> str:
    return f"sqlite:///{world.desk.store_file}"


def bookings(world: World) -> set[str]:
    """Return the ids of the bookings that are not cancelled."""
    rows = execute(store_url(world), "SELECT pms_ref FROM booking WHERE NOT cancelled")
    return {row.pms_ref for row in rows}


def command(world: World, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "frontdesk", "--config", str(world.desk.config_file), *arguments]


async def test_a_read_brings_what_the_pms_has_and_the_next_one_nothing(world: World) -> None:
    book(world, "501")
    before = bookings(world)

    first = await world.run("sync", "--once")
    second = await world.run("sync", "--once")

    assert first.startswith("Praktika read: 1 new")
    assert second == "Praktika read: nothing new\n"
    assert bookings(world) == before | {"501"}
    assert "Mia Novak" in await world.run("list", "--search", "novak")
    assert world.cancels() == []


async def test_runs_are_listed_for_people_and_programs(world: World) -> None:
    assert await world.run("sync", "runs") == "Nothing was read yet.\n"
    await world.run("sync", "--once")

    assert "Praktika  all days  done  2 read" in await world.run("sync", "runs")
    (run,) = json.loads(await world.run("sync", "runs", "--json"))
    assert (run["kind"], run["state"], run["read"], run["connection"]) == ("full", "done", 2, "smile")
    (read,) = json.loads(await world.run("sync", "--once", "--json"))
    assert [one["kind"] for one in read["runs"]] == ["changes", "near"]


async def test_days_that_somebody_names_are_compared(world: World) -> None:
    await world.run("sync", "--once")
    await world.run("sync", "--once", "--from", "2027-01-01", "--to", "2027-01-31")

    run, *_ = json.loads(await world.run("sync", "runs", "--json"))
    assert (run["from"], run["to"]) == ("2026-12-31T13:30:00+00:00", "2027-01-31T13:30:00+00:00")


async def test_a_mass_change_is_held_and_a_person_decides(world: World) -> None:
    for number in range(MANY):
        book(world, f"5{number:02}", days=3 + number % 4, hour=number)
    await world.run("sync", "--once")
    before = bookings(world)

    world.pms.faults.set(Fault(Kind.NO_ROWS, "list", account=PMS))
    result = await world.try_("sync", "--once", "--from", "today", "--to", "+90d")
    assert result.exit_code == 1
    assert f"{MANY + 2} bookings fewer" in result.stderr
    assert "Nothing of that was changed here" in result.stderr
    assert bookings(world) == before

    run = next(one for one in json.loads(await world.run("sync", "runs", "--json")) if one["state"] == "held")
    assert run["held"] == {"gone": MANY + 2}
    held = str(run["run"])
    assert "You are asked again when the PMS changes" in await world.run("sync", "decide", held, "ignore")
    again = await world.try_("sync", "decide", held, "again")
    assert (again.exit_code, "waits for no decision" in again.stderr) == (1, True)

    world.pms.faults.set()
    await world.run("sync", "--once", "--from", "today", "--to", "+90d")
    assert bookings(world) == before


async def test_what_a_person_believes_is_applied_and_nobody_is_told(world: World) -> None:
    for number in range(MANY):
        book(world, f"5{number:02}", days=3 + number % 4, hour=number)
    await world.run("sync", "--once")
    world.pms.faults.set(Fault(Kind.NO_ROWS, "list", account=PMS))
    await world.try_("sync", "--once", "--from", "today", "--to", "+90d")
    (run,) = [one for one in json.loads(await world.run("sync", "runs", "--json")) if one["held"]]

    said = await world.run("sync", "decide", str(run["run"]), "apply", "--yes")

    assert said == f"The list is as the PMS says: {MANY + 2} deleted\n"
    assert bookings(world) == set()
    assert execute(store_url(world), "SELECT 1 FROM delivery") == []
    assert "decided by Kim Nguyen" in await world.run("sync", "runs")


async def test_a_pms_that_does_not_answer_is_said(world: World) -> None:
    world.pms.faults.set(Fault(Kind.UNAUTHORISED, "all"))
    result = await world.try_("sync", "--once")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Praktika was not read: ")


def test_a_config_without_a_diary_is_refused(desk: LineDesk) -> None:
    result = desk("sync", "--once")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Not done: frontdesk can read no diary of {desk.config_file}: ")


async def test_options_that_make_no_sense_are_refused(world: World) -> None:
    cases: list[tuple[list[str], str]] = [
        (["--from", "today"], "--from, --to and --json are for --once"),
        (["--once", "--connection", "smil"], "there is no connection smil, did you mean smile"),
        (["decide", "1", "maybe"], "maybe"),
        (["decide", "99", "again"], "There is no run 99"),
    ]
    for arguments, said in cases:
        result = await world.try_("sync", *arguments)
        assert result.exit_code in (1, 2)
        assert said in result.stderr


@pytest.mark.full
async def test_it_reads_all_day_and_ends_when_it_is_told_to(world: World) -> None:
    running = await asyncio.create_subprocess_exec(
        *command(world, "sync"), stderr=subprocess.PIPE, env=os.environ
    )
    assert running.stderr is not None
    assert b"Reading the diary of Praktika." in await running.stderr.readline()
    await until(lambda: len(execute(store_url(world), "SELECT 1 FROM diary WHERE full_at IS NOT NULL")) == 1)
    running.send_signal(signal.SIGTERM)
    rest = await running.stderr.read()
    assert (await running.wait(), rest) == (0, b"")


@pytest.mark.full
async def test_killed_in_the_middle_of_a_page_another_one_goes_on(world: World) -> None:
    for number in range(MANY):
        book(world, f"5{number:02}", days=number)
    world.pms.faults.set(Fault(Kind.HANG, "list"))
    killed = await asyncio.create_subprocess_exec(
        *command(world, "sync", "--once"), stderr=subprocess.DEVNULL
    )
    await world.pms.until_waiting()
    killed.kill()
    await killed.wait()
    world.pms.faults.set()
    let_pass(store_url(world), LEASE)

    await world.run("sync", "--once")

    assert len(bookings(world)) == MANY + 2
    (run,) = json.loads(await world.run("sync", "runs", "--json"))
    assert run["state"] == "done"


@pytest.mark.full
async def test_beside_a_desk_it_is_in_no_haste_and_ends_with_the_desk(world: World) -> None:
    running = await asyncio.create_subprocess_exec(
        *command(world, "sync", "--beside"), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    await until(lambda: len(execute(store_url(world), "SELECT 1 FROM diary WHERE full_at IS NOT NULL")) == 1)
    assert os.getpriority(os.PRIO_PROCESS, running.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 10
    assert running.stdin is not None
    running.stdin.close()
    assert await running.wait() == 0


@pytest.mark.full
async def test_a_desk_has_a_process_read_for_it(world: World) -> None:
    def fail(error: BaseException) -> None:
        raise error

    reading = asyncio.create_task(read_beside(world.desk.config_file, fail))
    await until(lambda: len(execute(store_url(world), "SELECT 1 FROM diary WHERE full_at IS NOT NULL")) == 1)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()


@pytest.mark.full
async def test_a_server_reads_diaries_if_the_config_says_so(world: World) -> None:
    book(world, "501")
    with world.desk.config_file.open("a") as config:
        config.write("[sync]\n")
    async with server_process(world.desk.config_file) as server:
        await until(lambda: "501" in bookings(world))
        assert (await server.ended())[0] == 0
