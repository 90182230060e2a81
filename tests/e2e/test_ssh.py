"""The program over a real SSH session, and lines that drop at the worst moment."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.terminal import DEAF_TIME
from tests.e2e.installed import install
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import shows_a_cancelled_row
from tests.e2e.ssh_server import OneProgram, SshDesk, connected

F8 = b"\x1b[19~"
BY_ALARM = 128 + signal.SIGALRM
IN_ORDER = {BY_ALARM, 128 + signal.SIGHUP}
"""How a program without a terminal ends: by the kernel's alarm, or by itself; 120 is Python's word
for output that it could not get rid of."""


@pytest.fixture
async def server(desk: LineDesk, tmp_path: Path) -> AsyncIterator[OneProgram]:
    """An SSH server whose sessions run the wrapper on the line desk's store."""
    wrapper = install(tmp_path / "opt", desk.config_file)
    async with OneProgram([str(wrapper)], {"HOME": os.environ["HOME"]}).listening() as listening:
        yield listening


async def open_dialog(desk: SshDesk, reference: str, reason: bytes) -> None:
    """Find a booking, open its dialog and give a reason; return when F8 counts."""
    await desk.wait_for("6 bookings")
    desk.send(reference.encode())
    await desk.wait_for("1 to come")
    desk.send(b"\rc")
    await desk.wait_for("This action cannot be undone.")
    desk.send(reason)
    await desk.wait_for(reason.decode())
    await asyncio.sleep(DEAF_TIME + 0.1)  # by the desk's own clock


async def confirm(desk: SshDesk, wanted: str) -> None:
    """Press F8 until it counts: a busy machine may paint the dialog later than it looks from here."""
    too_early = "Too early: this window"
    while True:
        desk.send(F8)
        lines = await desk.wait_for(lambda lines: any(wanted in one or too_early in one for one in lines))
        if any(wanted in one for one in lines):
            return
        await asyncio.sleep(DEAF_TIME + 0.1)


async def in_order(desk: LineDesk, reference: str) -> bool:
    """Return whether a booking is cancelled, all of it or nothing, in a store that is whole."""
    return await asyncio.to_thread(looked_into, desk, reference)


def looked_into(desk: LineDesk, reference: str) -> bool:
    with closing(sqlite3.connect(desk.store_file)) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        cancelled, commands, deliveries = store.execute(
            "SELECT cancelled, (SELECT count(*) FROM command WHERE booking_id = booking.id), "
            "(SELECT count(*) FROM delivery WHERE booking_id = booking.id) FROM booking WHERE ref = ?",
            [reference],
        ).fetchone()
    told = [event["action"] for event in desk.document("history", reference)]
    assert desk("audit", "verify").exit_code == 0
    assert told.count("booking.cancel") == commands == cancelled
    assert bool(deliveries) == bool(cancelled)
    return bool(cancelled)


async def cancel_and_leave(desk: SshDesk) -> None:
    """A whole session, to the end of its process."""
    await open_dialog(desk, "R00001", b"ill")
    await confirm(desk, "cancelled")
    desk.send(b"\x03")
    await desk.wait_for("Leave frontdesk?")
    desk.send(b"y")
    assert await desk.ended() == 0


@pytest.mark.long
async def test_a_session_and_one_that_is_cut_in_mid_cancel(server: OneProgram, desk: LineDesk) -> None:
    async with connected(server.port, user="kim", command="sh -i") as kim:
        await cancel_and_leave(kim)
    assert await in_order(desk, "R00001")

    async with connected(server.port, user="kim") as kim:
        await open_dialog(kim, "2026/5", b"cut")
        kim.send(F8)
        kim.cut()
        assert await server.gone() in IN_ORDER
    is_cancelled = await in_order(desk, "2026/5")

    async with connected(server.port, user="kim") as kim:
        await kim.wait_for("6 bookings")
        kim.send(b"2026/5")
        await kim.wait_for(shows_a_cancelled_row if is_cancelled else "1 to come")


@pytest.mark.full
@pytest.mark.parametrize("moment", range(12))
async def test_cut_at_any_moment_it_is_all_or_nothing(
    server: OneProgram, desk: LineDesk, moment: int
) -> None:
    async with connected(server.port, user="kim") as kim:
        await open_dialog(kim, "R00001", b"cut")
        kim.send(F8)
        await asyncio.sleep(moment * 0.001)  # where in the cancel the line drops
        kim.cut()
        assert await server.gone() in IN_ORDER
    await in_order(desk, "R00001")


@pytest.mark.full
async def test_a_line_that_drops_while_the_store_hangs(server: OneProgram, desk: LineDesk) -> None:
    """The kernel's alarm ends it; in order it would have waited for the lock."""
    async with connected(server.port, user="kim") as kim:
        await open_dialog(kim, "R00001", b"hangs")
        with closing(sqlite3.connect(desk.store_file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await confirm(kim, "Saving...")
            kim.cut()
            assert await server.gone() == BY_ALARM
            other.execute("ROLLBACK")
    assert not await in_order(desk, "R00001")
