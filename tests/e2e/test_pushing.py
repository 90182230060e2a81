"""A PMS that calls: HL7 messages into `frontdesk sync` and `frontdesk serve`, and a call that has a diary read."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from frontdesk.diary_runs import LEASE
from tests.contract.raw import execute, let_pass, until
from tests.e2e.line_mode import LineDesk
from tests.e2e.server_process import server_process
from tests.e2e.test_sync import book, bookings, store_url
from tests.e2e.world import World
from tests.hl7_messages import Answer, sending, siu

SECRET = "a secret of smile's"
ADELAIDE = ZoneInfo("Australia/Adelaide")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def desk(tmp_path: Path, port: int) -> LineDesk:
    """A desk whose practice has a PMS that sends HL7 messages to this machine."""
    desk = LineDesk(tmp_path)
    desk.write_config(
        '[[practices]]\nid = "smile"\nname = "Smile"\nshort = "SML"\ntime_zone = "Australia/Adelaide"\n'
        'pms = "dentix"\n[connections.dentix]\nkind = "hl7"\nname = "Dentix"\nsender = "DENTIX/MAIN"\n'
        f'listen = "127.0.0.1:{port}"\n[sync]\n'
    )
    desk.begin_anew()
    return desk


def message(event: str = "S12", number: str = "1", minutes: int = 0) -> bytes:
    """Return a message of now about an appointment in three days."""
    now = datetime.now(ADELAIDE) + timedelta(minutes=minutes - 10)
    start = now.replace(hour=10, minute=30) + timedelta(days=3)
    return siu(event, number, sent_at=f"{now:%Y%m%d%H%M%S}", start=f"{start:%Y%m%d%H%M}")


async def sent(port: int, block: bytes) -> Answer | None:
    """Send a message to whoever listens, as soon as somebody does."""
    while True:
        try:
            async with sending(port) as sender:
                return await sender.send(block)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)


@asynccontextmanager
async def listening(desk: LineDesk) -> AsyncIterator[Process]:
    """Have `frontdesk sync` listen; at the end it is killed, as a power cut would."""
    command = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file), "sync"]
    running = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE, env=os.environ)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


def test_doctor_says_where_messages_come_in(desk: LineDesk, port: int) -> None:
    told = desk("doctor").stdout
    assert (
        f"dentix                 -- messages come in on 127.0.0.1:{port}, from 127.0.0.0/8, ::1/128" in told
    )
    assert "-- only those of DENTIX/MAIN are taken; whether all came cannot be checked" in told
    assert "-- cancelling there is done by hand" in told
    assert "!!" not in told


def test_it_cannot_be_read_once(desk: LineDesk) -> None:
    result = desk("sync", "--once")
    assert result.exit_code == 1
    assert (
        "Dentix cannot be read, it sends its changes by itself: leave frontdesk sync running" in result.stderr
    )


@pytest.mark.full
async def test_messages_change_the_list_and_another_program_goes_on(desk: LineDesk, port: int) -> None:
    async with listening(desk) as first:
        assert first.stderr is not None
        said = await first.stderr.readline()
        assert said.decode() == f"Listening for messages of Dentix on 127.0.0.1:{port}.\n"
        assert await sent(port, message()) == Answer("AA", "1")
        (row,) = json.loads((await asyncio.to_thread(desk, "list", "--json")).stdout)
        assert (row["patient_name"], row["practitioner"], row["status"]) == (
            "Amelia Wilson",
            "Dr Priya Rao",
            "Upcoming",
        )
    let_pass(f"sqlite:///{desk.store_file}", LEASE)
    async with listening(desk) as second:
        assert await sent(port, message()) == Answer("AA", "1")
        assert await sent(port, message("S15", "2", 1)) == Answer("AA", "2")
        (row,) = json.loads((await asyncio.to_thread(desk, "list", "--json")).stdout)
        assert row["status"] == "Cancelled"
        second.send_signal(signal.SIGTERM)
        assert await second.wait() == 0
    assert "messages" in (await asyncio.to_thread(desk, "sync", "runs")).stdout
    log = desk.log_file.read_text() if desk.log_file.exists() else ""
    assert "Wilson" not in log


@pytest.mark.full
async def test_a_server_that_is_called_reads_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.desk.config_file.open("a") as config:
        config.write("[sync]\nevery = 60\n")
    text = world.desk.config_file.read_text().replace(
        "[connections.smile]",
        '[connections.smile]\nwake = { credential = "smile-wake", header = "X-Wake" }',
    )
    world.desk.config_file.write_text(text)
    monkeypatch.setenv("FRONTDESK_CREDENTIAL_SMILE_WAKE", SECRET)
    url = store_url(world)
    async with server_process(world.desk.config_file) as server:
        await until(
            lambda: bool(execute(url, "SELECT 1 FROM diary WHERE full_at IS NOT NULL AND owner = ''"))
        )
        book(world, "501")
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.post("/diary/smile/wake")).status_code == 404
            woken = await client.post("/diary/smile/wake", headers={"X-Wake": SECRET})
        assert woken.json() == {"status": "read soon"}
        await until(lambda: "501" in bookings(world))
        assert (await server.ended())[0] == 0
