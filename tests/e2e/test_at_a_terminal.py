"""Line mode and the demonstration in a real pty."""

import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

FRONTDESK = [sys.executable, "-m", "frontdesk"]


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Undo what a run in a shell's background hands down: to be deaf to Ctrl+C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def asked(desk: LineDesk) -> PtyDesk:
    """A terminal on which `frontdesk cancel` has asked for the reason."""
    return PtyDesk([*FRONTDESK, "--config", str(desk.config_file), "cancel", "R00001"])


def status(desk: LineDesk) -> str:
    return str(desk.document("show", "R00001")["status"])


def test_asked_and_answered(desk: LineDesk, asked: PtyDesk) -> None:
    with asked:
        asked.wait_for("Cancellation Reason, optional")
        asked.send(b"patient ill\r")
        asked.wait_for("Cancel Booking? This action cannot be undone. [y/N]")
        assert status(desk) == "Upcoming"
        asked.send(b"y\r")
        assert asked.wait_exit() == 0
        shown = asked.screen_lines()

    assert desk.facts() in shown
    assert "\x1b[" not in asked.output.decode()
    assert status(desk) == "Cancelled"


def test_ctrl_c_keeps_the_booking_without_a_traceback(desk: LineDesk, asked: PtyDesk) -> None:
    with asked:
        asked.wait_for("Cancellation Reason, optional")
        asked.send(b"\r")
        asked.wait_for("[y/N]")
        asked.send(b"\x03")
        try:
            code = asked.wait_exit(5)
        except AssertionError:
            # Python does not see an interrupt that comes in the instant before it waits for input.
            asked.send(b"\x03")
            code = asked.wait_exit()
        assert code == 130

    assert b"Traceback" not in asked.output
    assert status(desk) == "Upcoming"


def test_the_demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / "shown"
    command = [*FRONTDESK, "demo", "--still", "--dir", str(place), "--bookings", "40"]

    for _ in range(2):
        with PtyDesk(command) as demo:
            demo.wait_for("45 bookings", 60)
            demo.send(b"\x03")
            demo.wait_for("Leave frontdesk?")
            demo.send(b"y")
            assert demo.wait_exit() == 0
            assert f"frontdesk --config {place}/config.toml list".encode() in demo.output
            made_anew = b"Making bookings" in demo.output
    assert not made_anew
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()}
    assert modes == {
        "config.toml": 0o600,
        "sms.toml": 0o600,
        "frontdesk.db": 0o600,
        "credentials": 0o700,
        "pms": 0o700,
    }
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    # Its simulator waits some minutes for somebody to come back, unless its folder is gone.
    shutil.rmtree(place)


def test_the_environment_cannot_make_a_picture_or_a_log_of_the_screen(desk: LineDesk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    spying = {
        "TEXTUAL_LOG": str(out / "textual.log"),
        "TEXTUAL_SCREENSHOT": "0",
        "TEXTUAL_SCREENSHOT_LOCATION": str(out),
        "TEXTUAL_PRESS": "ctrl+c,y",
    }
    with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)], env=spying) as screen:
        screen.wait_for("6 bookings")
        screen.send(b"\x03")
        screen.wait_for("Leave frontdesk?")
        screen.send(b"y")
        assert screen.wait_exit() == 0

    assert list(out.iterdir()) == []


def test_a_demonstration_does_not_touch_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear patient")
    with PtyDesk([*FRONTDESK, "demo", "--dir", str(tmp_path)]) as demo:
        assert demo.wait_exit() == 1
        assert b"has other files in it" in demo.output

    assert [file.name for file in tmp_path.iterdir()] == ["letters"]


def test_a_demonstration_that_was_interrupted_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "shown"
    with PtyDesk([*FRONTDESK, "demo", "--dir", str(place), "--bookings", "500000"]) as demo:
        demo.wait_for("Making bookings", 60)
        demo.signal(signal.SIGINT)
        assert demo.wait_exit() == 130
        assert b"Traceback" not in demo.output

    assert list(place.iterdir()) == []
