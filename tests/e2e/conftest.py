"""Fixtures: a desk that works line by line, and a home that nobody has lived in."""

import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdesk.cli import crash
from tests.e2e.line_mode import LineDesk
from tests.e2e.world import World, opened_world
from tests.making import make_incoming, make_patient

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
"""OpenSSH's server, which stands where only root's PATH looks."""
HAS_PROC = Path("/proc/self/task").is_dir()
collect_ignore = [
    *([] if HAS_PROC else ["test_no_way_out.py", "test_supervision.py"]),
    *([] if HAS_PROC and SSHD else ["test_openssh.py"]),
]


@pytest.fixture(scope="session")
def filled_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with six bookings, made once.

    R00001 Amelia Wilson in three days (adelaide), R00002 a passed one, R00003 at both
    practices, R00004 at perth by hand, 2026/5 with a slash in its reference.
    """
    desk = LineDesk(tmp_path_factory.mktemp("line-mode"))
    now = datetime.now(UTC).replace(microsecond=0)
    desk.fill(
        [
            make_incoming(1, ends_at=now + timedelta(days=3, minutes=30), fee=18905),
            make_incoming(2, starts_at=now - timedelta(hours=1, minutes=5)),
            make_incoming(3, starts_at=now + timedelta(days=4)),
            make_incoming(4, starts_at=now + timedelta(days=5), practice_id="perth", ref="R00003"),
            make_incoming(
                5,
                starts_at=now + timedelta(days=6),
                practice_id="perth",
                ref="R00004",
                patient=make_patient(name="Noah O'Brien", email="", mobile="", birth_date=None, is_new=None),
            ),
            make_incoming(6, starts_at=now + timedelta(days=7), ref="2026/5"),
        ]
    )
    return desk.store_file


@pytest.fixture(autouse=True)
def _log_ends_with_the_test() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, crash.LogFile)]:
        root.removeHandler(handler)
        handler.close()


@pytest.fixture
def desk(filled_desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LineDesk:
    """A line desk on a copy of that store; nothing else of this machine's is reachable."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "FRONTDESK_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    ready = LineDesk(tmp_path)
    shutil.copy(filled_desk, ready.store_file)
    return ready


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A line desk and what is outside of it."""
    async with opened_world(tmp_path) as opened:
        yield opened
