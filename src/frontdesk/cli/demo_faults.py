"""`frontdesk demo --faults`: makes the demonstration's PMSs fail in understandable ways, and shows their ledger."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from frontdesk.bookings import Reason
from frontdesk.cli.lines import aligned
from frontdesk.cli.printing import ask, say
from frontdesk.demo.simulator import Diary, LedgerLine, fault_in_force, named_faults, write_faults
from frontdesk.demo.simulator.folder import STATE_FILE
from frontdesk.demo.world import PMS_FOLDER
from frontdesk.errors import Refused

PREFIX = "frontdesk-demo-"
_LINES = 5


def running_demo() -> Path:
    """Return the one demonstration of this user that is open without a folder of its own.

    Raises Refused when there is none, or more than one.
    """
    found = [place for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _is_mine(place)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(
            Reason("no-demo", "no demonstration is open: start frontdesk demo in another terminal first")
        )
    names = ", ".join(sorted(map(str, found)))
    raise Refused(Reason("several-demos", f"several demonstrations are open, name one with --dir: {names}"))


def _is_mine(place: Path) -> bool:
    try:
        return place.stat().st_uid == os.getuid() and (place / PMS_FOLDER).is_dir()
    except OSError:
        return False


def choose_faults(place: Path) -> None:
    """Ask which fault is to be in force, again and again, and show what the PMSs did meanwhile."""
    folder = place / PMS_FOLDER
    if not folder.is_dir():
        raise Refused(
            Reason("no-demo", f"{place} is no demonstration: start frontdesk demo --dir {place} first")
        )
    faults = named_faults()
    say(f"The simulated PMSs of the demonstration in {place}")
    say()
    while True:
        for line in (*_menu(fault_in_force(folder)), "", *_ledger(folder), ""):
            say(line)
        answer = ask("A number, Enter to read the ledger again, q to leave").strip().lower()
        if answer in ("q", "quit"):
            return
        if answer.isdecimal() and 0 <= int(answer) < len(faults):
            write_faults(folder, faults[int(answer)].faults)
        elif answer:
            say(f"There is no {answer}.")
        say()


def _menu(in_force: str) -> Iterable[str]:
    rows = [
        ("*" if fault.name == in_force else " ", str(number), fault.name, fault.says)
        for number, fault in enumerate(named_faults())
    ]
    return aligned(rows)


def _ledger(folder: Path) -> Iterable[str]:
    diary = Diary(folder / STATE_FILE)
    try:
        lines = diary.ledger.lines()
    finally:
        diary.close()
    effective = sum(line.effective for line in lines)
    yield f"Their ledger: {len(lines):,} requests, {effective:,} of them took effect."
    yield from aligned([_cells(line) for line in lines[-_LINES:]])


def _cells(line: LedgerLine) -> tuple[str, ...]:
    effect = "took effect" if line.effective else "no effect"
    return (f"{line.at.astimezone():%H:%M:%S}", line.account, line.operation, line.ref, effect, line.answered)
