"""`frontdesk demo --faults`: the demonstration's PMSs fail as they are told, and show what they did."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from frontdesk.cli import demo_faults, frontdesk
from frontdesk.demo import seed, world
from frontdesk.demo.simulator import Diary, Kind, read_faults
from frontdesk.demo.simulator.folder import STATE_FILE


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A demonstration with a few bookings, whose simulator does not run."""
    place = tmp_path / "demo"
    place.mkdir()
    now = datetime.now(UTC)
    world.make(place, place / "config.toml", now)
    world.fill(place, lambda: seed.bookings(50, 1, now))
    return place


def choose(place: Path | None, typed: str) -> Result:
    folder = ["--dir", str(place)] if place else []
    return CliRunner().invoke(frontdesk, ["demo", "--faults", *folder], input=typed)


def test_a_number_puts_a_fault_in_force_and_another_one_takes_it_away(place: Path) -> None:
    folder = place / world.PMS_FOLDER

    result = choose(place, "3\nq\n")
    assert result.exit_code == 0
    assert [fault.kind for fault in read_faults(folder)] == [Kind.AWAY]
    assert "*  3   away" in result.stdout

    assert choose(place, "0\nq\n").exit_code == 0
    assert read_faults(folder) == ()


def test_what_is_no_number_of_the_menu_changes_nothing(place: Path) -> None:
    for typed in ("99", "-1", "away", "²"):
        result = choose(place, f"{typed}\nq\n")
        assert f"There is no {typed}." in result.stdout
        assert read_faults(place / world.PMS_FOLDER) == ()


def test_it_shows_what_the_pmss_did(place: Path) -> None:
    diary = Diary(place / world.PMS_FOLDER / STATE_FILE)
    diary.ledger.write_down(
        datetime.now(UTC), "praktika-demo", "cancel", ref="77", request_id="x", effective=True, answered="200"
    )
    diary.close()

    shown = choose(place, "\nq\n").stdout

    assert "1 requests, 1 of them took effect" in shown
    assert "praktika-demo  cancel  77  took effect  200" in shown


def test_without_a_folder_it_finds_the_one_demonstration_that_is_open(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place.parent))
    assert "no demonstration is open" in choose(None, "q\n").stderr

    place.rename(place.parent / f"{demo_faults.PREFIX}one")
    assert choose(None, "q\n").exit_code == 0

    (place.parent / f"{demo_faults.PREFIX}two" / world.PMS_FOLDER).mkdir(parents=True)
    several = choose(None, "q\n")
    assert several.exit_code == 1
    assert "name one with --dir" in several.stderr


def test_a_folder_that_is_no_demonstration_is_said_so(tmp_path: Path) -> None:
    result = choose(tmp_path, "q\n")

    assert result.exit_code == 1
    assert "is no demonstration" in result.stderr


def test_every_account_has_its_own_key_and_its_own_diary(place: Path) -> None:
    keys = {file.name: file.read_text() for file in (place / "credentials").iterdir()}
    assert len(set(keys.values())) == len(keys) == 3
    assert all((file.stat().st_mode & 0o777) == 0o600 for file in (place / "credentials").iterdir())
    diary = Diary(place / world.PMS_FOLDER / STATE_FILE)
    for account in ("praktika-demo", "core-practice-demo"):
        assert diary.practitioners(account)
    diary.close()
