"""The whole way in a real terminal: find, menu, cancel, and the database says so."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Channel, Operator, Patient, Practice
from frontdesk.store.opening import open_store
from tests.e2e.pty_desk import PtyDesk

F8 = b"\x1b[19~"
PRACTICE = Practice(
    "adelaide", "Smile Dental", "ADL", "Australia/Adelaide", patient_channels=(Channel.EMAIL,)
)


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """A store with Mirela Kovac in two days and a config that names it."""
    path = tmp_path / "frontdesk.db"
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)

    async def fill() -> None:
        store = await open_store(f"sqlite:///{path}")
        await store.registry.apply_practices([PRACTICE], Operator("tests"))
        patients = ("Mirela Kovac", "Ante Novak", "Petra Klein")
        await store.registry.load(
            [
                IncomingBooking(
                    line=0,
                    practice_id="adelaide",
                    patient=Patient(name, email="someone@example.com"),
                    practitioner_name="Dr Lee",
                    appointment_type="Check-up",
                    starts_at=start + timedelta(hours=index),
                    ref=f"SD-{index}",
                )
                for index, name in enumerate(patients)
            ],
            Operator("tests"),
            "tests",
        )
        await store.close()

    asyncio.run(fill())
    (tmp_path / "config.toml").write_text(
        f'operator = "Kim Nguyen"\n[store]\nurl = "sqlite:///{path}"\n', encoding="utf-8"
    )
    return path


@pytest.fixture
def desk(store_file: Path, tmp_path: Path) -> Iterator[PtyDesk]:
    """The program on that store, in a terminal of 80 by 24."""
    argv = [sys.executable, "-m", "frontdesk", "--config", str(tmp_path / "config.toml")]
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with PtyDesk(argv, env=home) as opened:
        opened.wait_for("Mirela Kovac")
        yield opened


def cancelled(store_file: Path) -> dict[str, tuple[int, str]]:
    with sqlite3.connect(store_file) as connection:
        rows = connection.execute("select ref, cancelled, cancellation_reason from booking")
        return {ref: (flag, reason) for ref, flag, reason in rows}


def open_dialog(desk: PtyDesk) -> None:
    desk.send(b"mirela\rc")
    desk.wait_for("This action cannot be undone.")


def confirm(desk: PtyDesk) -> None:
    """Press F8 until the dialog has been on screen long enough to count."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        desk.send(F8)
        lines = desk.wait_for(
            lambda lines: "cancelled" in lines[-2] or any("Too early: " in line for line in lines)
        )
        if "cancelled" in lines[-2]:
            return
        # Nobody presses it a thousand times a second, and the dialog would answer every one.
        time.sleep(0.05)
    raise AssertionError("F8 never counted")


def test_find_menu_reason_f8_and_the_database_says_cancelled(desk: PtyDesk, store_file: Path) -> None:
    open_dialog(desk)
    desk.send(b"patient ill")
    desk.wait_for("11/255")
    confirm(desk)
    lines = desk.wait_for(lambda lines: any("cancelled  ~" in line for line in lines))
    assert "cancelled   e-mail waiting" in lines[-2]
    assert cancelled(store_file) == {"SD-0": (1, "patient ill"), "SD-1": (0, ""), "SD-2": (0, "")}
    desk.send(b"\x1b\x1b")
    desk.send(b"\t3")
    desk.wait_for("FILTER Cancelled")
    desk.send(b"\tq\x7f\tq")
    desk.wait_for("Leave frontdesk?")
    desk.send(b"y")
    assert desk.wait_exit() == 0


def test_escape_and_return_in_one_write_on_the_button_keep(desk: PtyDesk, store_file: Path) -> None:
    open_dialog(desk)
    desk.send(b"\t\t")
    desk.send(b"\x1b\r")
    desk.wait_for(lambda lines: any("Cancel Booking  F8" in line for line in lines) is False)
    assert all(flag == 0 for flag, _ in cancelled(store_file).values())


def test_escape_and_k_in_one_write_keep_and_type_k(desk: PtyDesk, store_file: Path) -> None:
    open_dialog(desk)
    desk.send(b"\x1bk")
    desk.wait_for(lambda lines: lines[1].startswith(" Find [k"))
    assert all(flag == 0 for flag, _ in cancelled(store_file).values())


@pytest.mark.parametrize(
    "gap", [0.2, *(pytest.param(seconds, marks=pytest.mark.full) for seconds in (0.0, 0.02, 0.8))]
)
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_f8_cut_by_a_slow_line_changes_no_filter_and_cancels_nothing(
    desk: PtyDesk, store_file: Path, gap: float, cut: int
) -> None:
    desk.send(b"\t")
    desk.wait_for("LIST")
    desk.send(F8[:cut])
    time.sleep(gap)
    desk.send(F8[cut:])
    desk.send(b"\x1b[A")
    lines = desk.wait_for("All days, all practices, cancelled too")
    desk.send(b"\t")
    lines = desk.wait_for("Find [")
    assert "19" not in lines[1]
    assert not any("FILTER" in line for line in lines)
    assert all(flag == 0 for flag, _ in cancelled(store_file).values())
