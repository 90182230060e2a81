"""The files of a simulator that is a process of its own: who it is for, and which faults are in force.

`simulator.toml` says the port and the accounts, `pms.db` has the state, and `faults.toml`
may be written by anybody at any time. Each is replaced as a whole, so that a reader never
sees half of one.
"""

import json
import os
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from frontdesk.demo.simulator.faults import Effect, Fault, Kind
from frontdesk.demo.simulator.named_faults import named_faults
from frontdesk.demo.simulator.wire import SimulatedAccount

SETTINGS_FILE, STATE_FILE, FAULTS_FILE = "simulator.toml", "pms.db", "faults.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `simulator.toml` says. `is_alive`: things happen in the diaries by themselves."""

    port: int
    accounts: tuple[SimulatedAccount, ...]
    is_alive: bool = False


def write_settings(
    folder: Path, port: int, accounts: Iterable[SimulatedAccount], *, is_alive: bool = False
) -> None:
    """Write who the simulator of a folder is for; the file has keys, so it is for its owner only."""
    lines = [f"port = {port}", f"is_alive = {json.dumps(is_alive)}"]
    for account in accounts:
        lines += ["", "[[account]]", *_lines(account, ("name", "contract", "key", "tenant", "time_zone"))]
    _replace(folder / SETTINGS_FILE, lines)


def read_settings(folder: Path) -> Settings:
    """Read who the simulator of a folder is for. Raises OSError, ValueError."""
    found = tomllib.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    accounts = tuple(SimulatedAccount(**one) for one in found["account"])
    return Settings(int(found["port"]), accounts, found.get("is_alive") is True)


def write_faults(folder: Path, faults: Sequence[Fault]) -> None:
    """Put these faults in force at the simulator of a folder, within a quarter of a second."""
    lines = ["# Read again whenever it changes."]
    for fault in faults:
        lines += ["", "[[fault]]", *_lines(fault, [one.name for one in fields(Fault)])]
    _replace(folder / FAULTS_FILE, lines)


def read_faults(folder: Path) -> tuple[Fault, ...]:
    """Return the faults in force; none where there is no file. Raises ValueError for a bad one."""
    with suppress(FileNotFoundError):
        found = tomllib.loads((folder / FAULTS_FILE).read_text(encoding="utf-8"))
        return tuple(_fault(one) for one in found.get("fault", ()))
    return ()


def fault_in_force(folder: Path) -> str:
    """Return the name of the named fault that is in force, empty for any other."""
    faults = read_faults(folder)
    return next((one.name for one in named_faults() if one.faults == faults), "")


def _fault(document: Mapping[str, Any]) -> Fault:
    try:
        known = dict(document)
        kind, effect = Kind(known.pop("kind")), known.pop("effect", None)
        return Fault(kind, effect=Effect(effect) if effect else None, **known)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no fault: {error}") from None


def _lines(record: object, names: Iterable[str]) -> list[str]:
    values = ((name, getattr(record, name)) for name in names)
    # What JSON writes of texts and numbers is what TOML reads.
    return [
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values if value is not None
    ]


def _replace(file: Path, lines: Sequence[str]) -> None:
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            written.write("\n".join(lines) + "\n")
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
