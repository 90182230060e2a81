"""Connections to a PMS without an API: what is made of their keys."""

from pathlib import Path

import pytest

from frontdesk import config
from frontdesk.cli.outside import Outside
from frontdesk.credentials import Credentials
from frontdesk.pms.files.settings import Export
from frontdesk.pms.port import Account


@pytest.fixture(autouse=True)
def _state_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def account(folder: Path, keys: str, name: str = "desk.toml") -> Account | None:
    file = folder / name
    file.write_text(f'[connections.dentix]\nname = "Dentix"\n{keys}', encoding="utf-8")
    return config.load(file).accounts.get("dentix")


def export(folder: Path, keys: str, name: str = "desk.toml") -> Export:
    found = account(folder, keys, name)
    assert found is not None
    assert found.export is not None
    return found.export


def test_a_file_lies_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "map.toml").touch()
    found = export(tmp_path, 'kind = "csv"\npath = "exports/*.csv"\nmap = "map.toml"\nwindow = "file"')

    assert (found.path, found.map_file) == (tmp_path / "exports" / "*.csv", tmp_path / "map.toml")
    assert found.days is None
    assert found.memory is not None
    assert found.memory.parent == tmp_path / "state" / "frontdesk" / "exports"


@pytest.mark.parametrize(
    ("window", "days"),
    [("", 60), ('window = { from = "today" }', 60), ('window = { from = "today", days = 14 }', 14)],
)
def test_it_has_everything_of_so_many_days(tmp_path: Path, window: str, days: int) -> None:
    assert export(tmp_path, f'kind = "csv"\npath = "/exports"\n{window}').days == days


def test_the_address_of_a_calendar_is_a_secret(tmp_path: Path) -> None:
    found = account(
        tmp_path, 'kind = "ics"\ncredential = "feed"\nsummary = "{patient}"\ndescription = ["{mobile}"]'
    )

    assert found is not None
    assert dict(found.credentials) == {"secret": "feed"}
    assert found.export is not None
    assert found.export.path is None
    assert (found.export.summary, found.export.description) == (("{patient}",), ("{mobile}",))
    assert found.export.practitioner == "calendar"


def test_the_patient_may_stand_below_the_title(tmp_path: Path) -> None:
    assert export(tmp_path, 'kind = "ics"\npath = "a.ics"\ndescription = "Patient: {patient}"').summary == ()


def test_two_configs_remember_their_exports_apart(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    keys = 'kind = "csv"\npath = "/exports"'

    assert export(tmp_path, keys).memory != export(tmp_path / "other", keys).memory
    assert export(tmp_path, keys).memory == export(tmp_path, keys, "second.toml").memory


@pytest.mark.parametrize("keys", ['kind = "csv"', 'kind = "ics"', 'kind = "ics"\npath = ""'])
def test_a_machine_that_reads_nothing_needs_neither_file_nor_address(tmp_path: Path, keys: str) -> None:
    assert account(tmp_path, keys) is None


async def test_nothing_is_told_to_what_is_only_read(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    account(tmp_path, 'kind = "csv"\npath = "exports"')
    outside = Outside(config.load(file), Credentials(tmp_path))

    opened = outside.open_diary(config.load(file).accounts["dentix"], "Australia/Adelaide")
    assert opened.abilities.name == "CSV"
    assert not opened.abilities.answers_by_id
    await opened.close()
