"""A late call at the demonstration, from the booking that began an hour ago to what Billing shows."""

import asyncio
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from frontdesk.cli import demo, frontdesk
from frontdesk.demo import seed, simulator, world
from frontdesk.demo.simulator import Diary
from frontdesk.demo.simulator.folder import STATE_FILE, read_settings
from frontdesk.store.opening import open_store

NEW, ARRIVED, IN_SYDNEY = "ADL-LATE1", "ADL-LATE3", "SYD-LATE4"
ANSWERS = ("--answer", "told-us=no", "--answer", "other-time=no", "--answer", "fee-charged=no")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration whose simulator does not run yet."""
    place = tmp_path_factory.mktemp("demo")
    demo._make(place, place / "config.toml", 1_500)
    return place


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The simulator of the demonstration, which listens."""
    folder = place / world.PMS_FOLDER
    with simulator.start(folder, os.getpid()) as process:
        while not _listens(read_settings(folder).port):
            time.sleep(0.02)
        yield process
        process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(place: Path, *arguments: str, operator: str = "Kim Nguyen") -> Result:
    """Run `frontdesk` at the demonstration as somebody."""
    config = place / f"{operator.split()[0].lower()}.toml"
    config.write_text(f'operator = "{operator}"\n{(place / "config.toml").read_text()}')
    return CliRunner().invoke(frontdesk, ["--config", str(config), *arguments])


def document(place: Path, *arguments: str) -> Any:
    """Run a command that must succeed with `--json`; return what it printed."""
    result = run(place, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def last_line(result: Result) -> str:
    """Return the last line of a command that must succeed: what became of what it asked for."""
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


def no_shows(place: Path, account: str) -> list[bool]:
    """Return of each request to mark a no-show in a PMS whether it took effect."""
    diary = Diary(place / world.PMS_FOLDER / STATE_FILE)
    lines = [line.effective for line in diary.ledger.lines(account) if line.operation == "no-show"]
    diary.close()
    return lines


def test_from_the_booking_that_began_an_hour_ago_to_no_charge(
    place: Path, running: subprocess.Popen[bytes]
) -> None:
    marked = run(place, "attendance", NEW, "no-show", "--yes")
    assert last_line(marked) == "did not come, Praktika told"
    assert no_shows(place, "praktika-demo") == [True]

    asked = run(place, "adjust", NEW, "did-not-attend", *ANSWERS, "--yes")
    assert asked.exit_code == 0, asked.output
    (letter,) = (place / world.MAIL_FOLDER / "new").iterdir()
    assert f"To: {seed.BILLER}" in letter.read_text()
    (request,) = document(place, "billing", "requests")
    assert (request["ref"], request["adjustment"]["review"]) == (NEW, "Awaiting Review")
    number = str(request["adjustment"]["id"])
    own = run(place, "billing", "decide", number, "approve")
    assert (own.exit_code, "a request of their own" in own.stderr) == (1, True)

    decided = run(place, "billing", "decide", number, "approve", operator="Lee Tran")

    assert decided.exit_code == 0, decided.output
    (row,) = document(place, "billing", "list", "--outcome", "no charge")
    assert (row["ref"], row["net"], row["adjustment"]["review"]) == (NEW, "0.00", "Approved")


def test_who_has_arrived_in_praktika_is_not_marked_there_and_the_time_is_said(
    place: Path, running: subprocess.Popen[bytes]
) -> None:
    before = no_shows(place, "praktika-demo")
    marked = run(place, "attendance", ARRIVED, "no-show", "--yes")
    assert last_line(marked) == "did not come, Praktika refused"
    (delivery,) = document(place, "show", ARRIVED)["deliveries"]
    assert "the patient has arrived, since " in run(place, "attention").stdout
    assert (delivery["kind"], no_shows(place, "praktika-demo")) == ("pms.no_show", before)


def test_core_practice_is_told_too(place: Path, running: subprocess.Popen[bytes]) -> None:
    marked = run(place, "attendance", IN_SYDNEY, "no-show", "--yes")
    assert last_line(marked) == "did not come, Core Practice told"
    assert no_shows(place, "core-practice-demo") == [True]


def test_one_invoice_is_final_and_one_a_draft_in_which_nobody_has_decided(place: Path) -> None:
    opened, draft, final = document(place, "billing", "invoices")
    assert (opened["state"], draft["state"]) == ("Open", "Draft")
    assert final["number"] == 1
    assert final["lines"] > 0

    async def undecided() -> int:
        store = await open_store(f"sqlite:///{place}/frontdesk.db")
        try:
            (account,) = await store.accounts()
            found = await store.undecided(account.id, account.first.next)
            return len(found.rows)
        finally:
            await store.close()

    assert asyncio.run(undecided()) > 0
