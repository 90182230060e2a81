"""What is remembered of a cut line: a name and a time, once, for that operator alone."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from frontdesk.cli.cut_offs import CutOffs

AT = datetime(2026, 11, 22, 22, 44, tzinfo=UTC)


def test_it_is_told_once_and_to_its_operator_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    CutOffs(folder).note("Kim Nguyen", AT)
    assert CutOffs(folder).take("Tom Reid") is None
    assert CutOffs(folder).take("Kim Nguyen") == AT
    assert CutOffs(folder).take("Kim Nguyen") is None
    assert list(folder.iterdir()) == []


def test_the_file_holds_a_name_and_a_time_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    CutOffs(folder).note("Kim Nguyen", AT)
    (file,) = folder.iterdir()
    assert json.loads(file.read_text()) == {"operator": "Kim Nguyen", "at": AT.isoformat()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_desks_cut_off_together_are_one_cut(tmp_path: Path) -> None:
    for seconds in (0, 60, 30):
        CutOffs(tmp_path).note("Kim Nguyen", AT + timedelta(seconds=seconds))
    desks = CutOffs(tmp_path)
    assert desks.take("Kim Nguyen") == AT + timedelta(seconds=60)
    assert desks.take("Kim Nguyen") is None


def test_what_cannot_be_read_or_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    desks = CutOffs(tmp_path)
    for name, content in (
        ("a", b"\xff"),
        ("b", b"[]"),
        ("c", b'{"operator": "Kim Nguyen", "at": "x"}'),
        ("d", b""),
    ):
        (tmp_path / f"cut-off-{name}.json").write_bytes(content)
    assert desks.take("Kim Nguyen") is None
    blocked = tmp_path / "file"
    blocked.write_text("")
    CutOffs(blocked).note("Kim Nguyen", AT)
    assert CutOffs(blocked).take("Kim Nguyen") is None


def test_who_is_cut_off_while_starting_leaves_it_for_the_next_start(tmp_path: Path) -> None:
    cut = CutOffs(tmp_path)
    cut.note("Kim Nguyen", AT)
    assert cut.take("Kim Nguyen") is None
    assert CutOffs(tmp_path).take("Kim Nguyen") == AT
