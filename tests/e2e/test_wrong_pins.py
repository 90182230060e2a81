"""A four-digit PIN is not found by connecting again, and its operator hears of the tries; in a real pty."""

import sys
from pathlib import Path

import pytest

from frontdesk.operators import Operators
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk


def has_answered(shown: PtyDesk) -> str:
    """Return the line with the answer to a PIN."""
    lines = shown.wait_for("wrong PINs")
    return next(line for line in lines if "wrong PINs" in line)


@pytest.mark.full
def test_the_pause_outlives_the_connection_and_the_operator_is_told(
    desk: LineDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Operators(desk.config_file.parent).set("Kim Nguyen", "4711")
    program = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file)]
    for pin in (b"0000", b"0001", b"0002"):
        with PtyDesk(program) as guessing:
            guessing.wait_for("who is there?")
            guessing.send(b"\r" + pin + b"\r")
            guessing.wait_for("That is not the PIN of Kim Nguyen.")
    with PtyDesk(program) as hers:
        hers.wait_for("who is there?")
        hers.send(b"\r4711\r")
        told = has_answered(hers)
        while "wrong PINs: try again in" in told:  # two seconds, of which starting has used some
            hers.send(b"4711\r")
            hers.wait_still()
            told = has_answered(hers)
        assert "3 wrong PINs since " in told
        hers.send(b"\r")
        hers.wait_for("6 bookings")
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "state").rglob("*"))
