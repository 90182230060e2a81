"""Files that are written where there is no room left, on a real file system: one sentence, nothing half written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.choosing import few_in_quick
from tests.e2e.line_mode import LineDesk

FILL = """
import os, subprocess, sys
from pathlib import Path
disk, *command = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk], check=True)
with open(Path(disk) / "filler", "wb", buffering=0) as filler:
    try:
        while True:
            filler.write(bytes(1024))
    except OSError as full:
        assert full.errno == 28, full
before = sorted(os.listdir(disk))
done = subprocess.run(command)
assert sorted(os.listdir(disk)) == before, os.listdir(disk)
sys.exit(done.returncode)
"""
"""Runs a command beside a disk without a free block, and holds that it leaves no file there."""


def on_a_full_disk(disk: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a mount namespace of its own, where `disk` is full."""
    disk.mkdir()
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return subprocess.run(
        [*namespace, sys.executable, "-c", FILL, str(disk), *command],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="a disk for one test is a file system of Linux")
class TestOnAFullDisk:
    @pytest.mark.parametrize(
        "name", few_in_quick(["out.csv", "out.csv.gz", "out.csv.xz"], quick=["out.csv.gz"])
    )
    def test_an_export_says_so(self, desk: LineDesk, tmp_path: Path, name: str) -> None:
        target = tmp_path / "disk" / name
        program = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file)]
        done = on_a_full_disk(target.parent, *program, "export", str(target))
        assert done.returncode == 1
        assert (
            done.stderr == f"The file cannot be used: {target} cannot be written: no space left on device\n"
        )
        assert not desk.log_file.exists()

    def test_a_backup_says_so(self, desk: LineDesk, tmp_path: Path) -> None:
        target = tmp_path / "disk" / "copy.db"
        program = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file)]
        done = on_a_full_disk(target.parent, *program, "backup", str(target))
        assert done.returncode == 3
        assert done.stderr.startswith(
            f"No connection to the bookings: The disk that holds {target} is full: "
        )
        assert not desk.log_file.exists()
