"""`frontdesk doctor` at a PMS that exports files: what would be read, and what of it cannot be believed."""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.line_mode import LineDesk
from tests.unit.calendars import calendar, event

NOON = datetime.now(ZoneInfo("Australia/Adelaide")).replace(hour=12, minute=0, second=0, microsecond=0)
HEADING = "pms_ref,patient_name,practitioner,starts_at"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LineDesk:
    """A desk whose practice has a PMS that exports CSV files, which need not stand still for long."""
    monkeypatch.setattr("frontdesk.pms.files.watch.STILL", 0.0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    desk = LineDesk(tmp_path)
    connect(desk, f'kind = "csv"\npath = "{tmp_path}/exports"')
    (tmp_path / "exports").mkdir()
    return desk


def connect(desk: LineDesk, keys: str) -> None:
    desk.write_config(
        '[[practices]]\nid = "smile"\nname = "Smile"\nshort = "SML"\ntime_zone = "Australia/Adelaide"\n'
        f'pms = "dentix"\n[connections.dentix]\nname = "Dentix"\n{keys}\n'
    )


def put(folder: Path, *lines: str, hours: float = 0.0) -> None:
    file = folder / "exports" / "diary.csv"
    file.write_text("".join(f"{line}\n" for line in (HEADING, *lines)))
    written = time.time() - hours * 3_600
    os.utime(file, (written, written))


def row(number: int, days: int = 1) -> str:
    return f"P{number},Ann Lee,Dr Rao,{NOON + timedelta(days=days):%Y-%m-%d %H:%M}"


def said(desk: LineDesk) -> str:
    """The lines about the connection."""
    shown = desk("doctor").stdout
    found = re.search(r"^dentix .*(?:\n {22} .*)*", shown, re.MULTILINE)
    assert found, shown
    return found[0]


def test_what_would_be_read(desk: LineDesk, tmp_path: Path) -> None:
    put(tmp_path, row(1), row(2))
    told = said(desk)

    assert f"-- its file: {tmp_path}/exports" in told
    assert re.search(r"ok diary\.csv, written \w{3} .* \(0 min ago\): appointments: 2", told)
    assert re.search(r"ok it has everything from .* to .*: what is not in it is asked about", told)
    assert "ok all appointments are between 06:00 and 22:00" in told
    assert "-- practitioners: Dr Rao" in told
    assert "-- cancelling there is done by hand" in told
    assert "!!" not in told
    assert "Ann" not in told
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("lines", "hours", "mark"),
    [
        (
            (row(1), "P2,Ann Lee"),
            0,
            "!! it is incomplete, so nothing counts as missing: line 3 could not be read",
        ),
        ((row(1), row(2)), 30, "!! diary.csv is older than a day: does the PMS still export it?"),
    ],
)
def test_what_cannot_be_believed(
    desk: LineDesk, tmp_path: Path, lines: tuple[str, ...], hours: float, mark: str
) -> None:
    put(tmp_path, *lines, hours=hours)

    assert mark in said(desk)
    assert desk("doctor").exit_code == 1


def test_what_is_not_there(desk: LineDesk, tmp_path: Path) -> None:
    assert f"!! no export lies in {tmp_path}/exports yet" in said(desk)


def test_a_map_that_cannot_be_read(desk: LineDesk, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text("[columns]\nwho = 'x'")
    connect(desk, f'kind = "csv"\npath = "{tmp_path}/exports"\nmap = "map.toml"')

    assert re.search(r"!! .*map\.toml: \[columns\] has no key who", said(desk))


def test_a_calendar_whose_events_fit_no_pattern(desk: LineDesk, tmp_path: Path) -> None:
    connect(desk, f'kind = "ics"\npath = "{tmp_path}/exports/a.ics"\nsummary = "{{patient}}, {{type}}"')
    start = (NOON + timedelta(days=1)).astimezone(UTC)
    (tmp_path / "exports" / "a.ics").write_bytes(
        calendar(event("DURATION:PT30M", start=f"{start:%Y%m%dT%H%M%SZ}", summary="Ann Lee - Check"))
    )
    told = said(desk)

    assert re.search(r"ok a\.ics, written .* appointments: 0", told)
    assert "!! it is incomplete, so nothing counts as missing: no event is written as summary" in told
    assert "-- times off: 1, which are not written as an appointment is" in told
    assert "Ann" not in told
