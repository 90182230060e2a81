"""The simulator as a process of its own: its files, its menu of faults, and when it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from frontdesk.demo import simulator
from frontdesk.demo.simulator import Diary, Fault, Kind, Operation, SimulatedAccount
from frontdesk.demo.simulator.folder import FAULTS_FILE, SETTINGS_FILE, STATE_FILE, read_settings
from tests.making import make_incoming, make_patient

ACCOUNT = SimulatedAccount("smile", "praktika", 'k"1', "smile-adelaide")
NAMES = [one.name for one in simulator.named_faults()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A simulator's folder, on a port that was free just now, with one booking in the diary."""
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    simulator.write_settings(tmp_path, port, [ACCOUNT])
    booking = make_incoming(pms_ref="7001", patient=make_patient(pms_ref="55"), practitioner_pms_ref="3")
    assert simulator.fill(tmp_path, "smile", [booking, make_incoming(2, pms_ref="")]) == 1
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The simulator of the folder, running."""
    with simulator.start(folder, os.getpid()) as process:
        yield process
        process.kill()


def until(holds: Callable[[], bool]) -> None:
    """Return when something has become true in another process, which the test's time-out limits."""
    while not holds():
        time.sleep(0.02)


def test_what_is_written_is_read(folder: Path) -> None:
    settings = read_settings(folder)
    assert settings.accounts == (ACCOUNT,)
    assert (folder / SETTINGS_FILE).stat().st_mode & 0o777 == 0o600
    assert 'k"1' not in repr(settings)
    assert simulator.read_faults(folder) == ()
    assert simulator.fault_in_force(folder) == "normal"


@pytest.mark.parametrize("name", NAMES)
def test_a_named_fault_is_known_again(tmp_path: Path, name: str) -> None:
    (named,) = (one for one in simulator.named_faults() if one.name == name)
    simulator.write_faults(tmp_path, named.faults)
    assert simulator.read_faults(tmp_path) == named.faults
    assert simulator.fault_in_force(tmp_path) == name
    simulator.write_faults(tmp_path, [*named.faults, Fault(Kind.HUGE, "reads", "smile", 3, 0.5)])
    assert simulator.fault_in_force(tmp_path) == ""
    assert [file.name for file in tmp_path.iterdir()] == [FAULTS_FILE]


def test_names_are_different_and_say_something() -> None:
    assert len({*NAMES}) == len(NAMES) > 7
    assert all(one.says.endswith(".") for one in simulator.named_faults())


@pytest.mark.parametrize(
    "text", ["[[fault]]", '[[fault]]\nkind = "?"', '[[fault]]\nkind = "drop"\nx = 1', "["]
)
def test_a_bad_file_of_faults_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FAULTS_FILE).write_text(text)
    with pytest.raises(ValueError, match=r"."):
        simulator.read_faults(tmp_path)


def test_it_serves_follows_its_faults_and_ends(folder: Path, running: subprocess.Popen[bytes]) -> None:
    url = f"http://127.0.0.1:{read_settings(folder).port}/smile/api/v0"

    def status(path: str = "/ping", **body: str) -> int:
        headers = {"X-Api-Key": ACCOUNT.key, "X-Practice": ACCOUNT.tenant}
        try:
            if body:
                return httpx.post(
                    url + path, json=body, headers=headers, verify=False, trust_env=False
                ).status_code
            return httpx.get(url + path, headers=headers, verify=False, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    until(lambda: status() == 200)
    assert status("/appointments/7001/cancel", requestId=str(uuid4())) == 200
    simulator.write_faults(folder, [Fault(Kind.AWAY)])
    until(lambda: status() == 0)
    (folder / FAULTS_FILE).write_text("[")
    simulator.write_faults(folder, [Fault(Kind.UNAVAILABLE, Operation.PING)])
    until(lambda: status() == 503)
    assert status("/appointments/7001") == 200
    running.send_signal(signal.SIGTERM)
    assert running.wait() == 0
    diary = Diary(folder / STATE_FILE)
    assert [line.operation for line in diary.ledger.lines() if line.effective] == ["cancel"]
    diary.close()


def test_it_ends_by_itself_when_nobody_is_left(folder: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    asyncio.run(simulator.serve(folder, gone.pid, seconds_alone=0))


async def test_it_ends_when_its_folder_goes(folder: Path) -> None:
    serving = asyncio.create_task(simulator.serve(folder))
    (folder / SETTINGS_FILE).rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError):
        await serving
    (folder / "elsewhere").rename(folder / SETTINGS_FILE)
    serving = asyncio.create_task(simulator.serve(folder))
    await asyncio.sleep(0)
    (folder / SETTINGS_FILE).unlink()
    await serving


@pytest.mark.full
def test_a_large_diary_is_filled_in_batches() -> None:
    start = datetime(2026, 11, 26, tzinfo=UTC)
    many = (
        make_incoming(line, pms_ref=str(line), starts_at=start + timedelta(minutes=line))
        for line in range(12_000)
    )
    diary = Diary()
    assert diary.fill("smile", many, start) == 12_000
    diary.close()
