"""The simulator as a process of its own, which outlives the program that started it for a while."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from frontdesk.arrivals import IncomingBooking
from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.faults import Fault, is_away
from frontdesk.demo.simulator.folder import SETTINGS_FILE, STATE_FILE, read_faults, read_settings
from frontdesk.demo.simulator.life import Life
from frontdesk.demo.simulator.server import Simulator

POLL_SECONDS = 0.25
FIRST_TURN, BETWEEN_TURNS = 15.0, (18.0, 32.0)
"""Seconds before something happens by itself, and between one thing and the next."""
SECONDS_ALONE = 300.0


def fill(folder: Path, account: str, bookings: Iterable[IncomingBooking]) -> int:
    """Write the bookings of a practice into the diary of an account; return how many there were."""
    diary = Diary(folder / STATE_FILE)
    try:
        return diary.fill(account, bookings, datetime.now(UTC))
    finally:
        diary.close()


def start(folder: Path, until_alone: int) -> subprocess.Popen[bytes]:
    """Start the simulator of a folder, to end some minutes after the process `until_alone` has.

    One that already runs for this folder goes on; the new one takes over when it ends.
    """
    command = [
        sys.executable,
        "-m",
        "frontdesk.demo.simulator",
        str(folder),
        "--until-alone",
        str(until_alone),
    ]
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def serve(
    folder: Path, until_alone: int | None = None, *, seconds_alone: float = SECONDS_ALONE
) -> None:
    """Be the simulator of a folder until SIGTERM, until the folder goes, or nobody needed it for a while.

    Raises OSError, ValueError for a folder without readable settings.
    """
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    settings = read_settings(folder)
    diary = Diary(folder / STATE_FILE)
    simulator = Simulator(diary, settings.accounts, port=settings.port)
    clock = asyncio.get_running_loop().time
    last_needed = clock()
    life = Life(diary, settings.accounts, random.Random()) if settings.is_alive else None  # noqa: S311
    next_turn = clock() + FIRST_TURN
    faults: Sequence[Fault] = ()
    try:
        while not stopping.is_set() and _is_there(folder) and clock() - last_needed <= seconds_alone:
            faults = _follow(folder, simulator, faults)
            await _open_or_close(simulator, faults)
            if until_alone is None or _is_running(until_alone):
                last_needed = clock()
            if life and clock() >= next_turn:
                life.go_on(datetime.now(UTC))
                next_turn = clock() + random.uniform(*BETWEEN_TURNS)  # noqa: S311
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), POLL_SECONDS)
    finally:
        await simulator.aclose()
        diary.close()


def _follow(folder: Path, simulator: Simulator, before: Sequence[Fault]) -> Sequence[Fault]:
    """Put into force what the folder says, if that is something new; a bad file changes nothing."""
    with suppress(OSError, ValueError):
        now = read_faults(folder)
        if now != before:
            simulator.faults.set(*now)
            return now
    return before


async def _open_or_close(simulator: Simulator, faults: Sequence[Fault]) -> None:
    if is_away(faults):
        await simulator.stop_listening()
    else:
        # The port may still be another simulator's, which ends soon.
        with suppress(OSError):
            await simulator.listen()


def _is_there(folder: Path) -> bool:
    return (folder / SETTINGS_FILE).exists()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
