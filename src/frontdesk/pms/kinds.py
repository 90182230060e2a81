"""The PMSs that there are, by the names that a config gives them.

Names are known without importing what carries them out: this module is loaded at every start.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from frontdesk.credentials import Secrets
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import Account, Pms, UnusableSettings, Verified

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

MANUAL, CSV, ICS, HL7 = "manual", "csv", "ics", "hl7"
NAMED = (MANUAL, CSV, ICS, HL7)
"""The kinds that any PMS may be of, so that the config says what it is called."""

ENTRY_POINTS = "frontdesk.pms"
"""The group under which an installed package offers a function like `open_pms`, by the name of its kind."""

_HERE = Path(__file__).parent
_PROFILES = {
    "praktika": "praktika.toml",
    "core-practice": "core_practice.toml",
    "cliniko": "cliniko.toml",
    "open-dental": "open_dental.toml",
}


class _Opener(NamedTuple):
    """What carries a kind out, as `module:function`: as a PMS that is told changes, and as a diary that is read.

    Either is empty where the kind cannot be used so.
    """

    pms: str = ""
    diary: str = ""


_PROFILE = _Opener("frontdesk.pms.opening:open_profile", "frontdesk.pms.opening:open_profile_diary")
_OPENERS = {
    "praktika": _PROFILE,
    "core-practice": _PROFILE,
    "cliniko": _Opener("frontdesk.pms.cliniko:open_cliniko", "frontdesk.pms.cliniko:open_cliniko_diary"),
    "open-dental": _Opener(
        "frontdesk.pms.open_dental:open_open_dental", "frontdesk.pms.open_dental:open_open_dental_diary"
    ),
    "fhir": _Opener("frontdesk.pms.opening:open_fhir", "frontdesk.pms.opening:open_fhir_diary"),
    CSV: _Opener(diary="frontdesk.pms.files.csv_files:open_csv"),
    ICS: _Opener(diary="frontdesk.pms.files.calendars:open_ics"),
}

_TELLS_ALL: dict[str, Any] = dict.fromkeys(
    (
        *("can_be_read", "tells_changes", "tells_patients"),
        *("tells_locations", "tells_blocks", "tells_hours"),
    ),
    True,
)
"""What is said of the kinds whose diary is read by code of their own, not by the routes of a profile."""

_ROUTE = re.compile(r"\s*\[\s*routes\s*\.\s*(\w+)\s*\]")
"""The heading of a table that says how something is asked of a PMS: what has none is done by hand."""

OpenPms = Callable[[Account, Secrets, str, Callable[[], datetime]], Pms]


@dataclass(frozen=True, slots=True)
class Described:
    """What can be said of a kind of PMS without asking it. Those that are NAMED have theirs in the config.

    `verified` is None where nothing is assumed, or where only the installed package could say it.
    `can_be_read`: its diary can be followed; `tells_changes` to `tells_hours` are what can be read of it
    besides appointments and who can be booked. `is_pushed`: nobody reads it, it tells its changes by itself.
    """

    name: str
    can_cancel: bool
    tells_patient: bool = False
    verified: Verified | None = None
    can_move: bool = False
    can_mark_no_show: bool = False
    can_take_back_no_show: bool = False
    can_be_read: bool = False
    is_pushed: bool = False
    tells_changes: bool = False
    tells_patients: bool = False
    tells_locations: bool = False
    tells_blocks: bool = False
    tells_hours: bool = False


def kinds() -> tuple[str, ...]:
    """Return the names that a connection's `kind` can have, besides the path of a profile."""
    return (*_OPENERS, HL7, MANUAL, *sorted(point.name for point in _entry_points()))


def describe(kind: str, folder: Path) -> Described:
    """Return what a kind of PMS is called and can do; a profile's relative path lies in `folder`.

    Raises ValueError with a sentence about the kind.
    """
    if kind == MANUAL:
        return Described("", can_cancel=False)
    if kind in (CSV, ICS):
        return Described("", can_cancel=False, can_be_read=True, tells_blocks=kind == ICS)
    if kind == HL7:
        return Described("", can_cancel=False, is_pushed=True)
    if kind == "fhir":
        return Described(
            "FHIR",
            can_cancel=True,
            verified=Verified.CONTRACT,
            can_move=True,
            can_mark_no_show=True,
            can_take_back_no_show=True,
            **_TELLS_ALL,
        )
    if kind == "open-dental":
        return replace(_described(_HERE / _PROFILES[kind]), **_TELLS_ALL)
    if kind in _PROFILES:
        return _described(_HERE / _PROFILES[kind])
    if is_profile(kind):
        return _described(folder / Path(kind).expanduser())
    if _entry_point(kind):
        return Described(kind, can_cancel=True)
    raise ValueError(_unknown(kind))


def is_profile(kind: str) -> bool:
    """Whether a kind is the path of a profile."""
    return "/" in kind or kind.endswith(".toml")


def profile_path(kind: str, folder: Path) -> Path:
    """Return where the profile of a kind lies, shipped or not; relative ones lie in `folder`."""
    return _HERE / _PROFILES[kind] if kind in _PROFILES else folder / Path(kind).expanduser()


def open_pms(account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]) -> Pms:
    """Return the PMS of an account, for a practice in `time_zone`. Nothing is sent yet.

    Profiles of the config have absolute paths here. Raises UnusableSettings.
    """
    where = f"[connections.{account.connection}]"
    opener = _opener(account.kind)
    if opener is not None and opener.pms:
        opened: Pms = _function(opener.pms)(account, secrets, time_zone, now)
        return opened
    if opener is not None or account.kind == HL7:
        raise UnusableSettings(f"{where}: nothing can be changed in a system of the kind {account.kind}")
    if account.kind == MANUAL:
        raise UnusableSettings(f"{where}: a manual system is updated by hand")
    if point := _entry_point(account.kind):
        return _from_outside(point)(account, secrets, time_zone, now)
    raise UnusableSettings(f"{where} kind: {_unknown(account.kind)}")


def open_diary(account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]) -> Diary:
    """Return the diary of an account, for a practice in `time_zone`. Nothing is sent yet.

    Profiles of the config have absolute paths here. Raises UnusableSettings, also for a kind without a diary
    that can be read.
    """
    where = f"[connections.{account.connection}]"
    opener = _opener(account.kind)
    if opener is not None and opener.diary:
        opened: Diary = _function(opener.diary)(account, secrets, time_zone, now)
        return opened
    if opener is None and account.kind not in (MANUAL, HL7) and not _entry_point(account.kind):
        raise UnusableSettings(f"{where} kind: {_unknown(account.kind)}")
    raise UnusableSettings(f"{where}: frontdesk cannot read the diary of a system of the kind {account.kind}")


def _opener(kind: str) -> _Opener | None:
    return _PROFILE if is_profile(kind) else _OPENERS.get(kind)


def _function(opener: str) -> Any:
    module, _, name = opener.partition(":")
    return getattr(import_module(module), name)


def _described(file: Path) -> Described:
    """Read the keys at the top of a profile; its tables are checked when it is opened."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        first_table = next((at for at, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
        head = tomllib.loads("".join(lines[:first_table]))
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    name, can_cancel, tells = (
        head.get("name"),
        head.get("can_cancel", True),
        head.get("tells_patient", False),
    )
    if not isinstance(name, str) or not name:
        raise ValueError(f"{file}: the top of the file needs a name")
    if not isinstance(can_cancel, bool) or not isinstance(tells, bool):
        raise ValueError(f"{file}: can_cancel and tells_patient must be true or false")
    proof = Verified.proven(verified=head.get("verified") is True, published=bool(head.get("published")))
    routes = {found[1] for line in lines if (found := _ROUTE.match(line))}
    return Described(
        name,
        can_cancel,
        tells,
        proof,
        can_move="reschedule" in routes,
        can_mark_no_show="no_show" in routes,
        can_take_back_no_show="take_back_no_show" in routes,
        can_be_read="list" in routes,
        tells_changes="changes" in routes,
        tells_patients="patient" in routes,
        tells_locations="locations" in routes,
        tells_blocks="blocks" in routes,
        tells_hours="hours" in routes,
    )


def _unknown(kind: str) -> str:
    from frontdesk.complaints import nearest

    return f"there is no {kind}, {nearest(kind, kinds())}"


def _entry_points() -> Iterable["EntryPoint"]:
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINTS)


def _entry_point(kind: str) -> "EntryPoint | None":
    return next((point for point in _entry_points() if point.name == kind), None)


def _from_outside(point: "EntryPoint") -> OpenPms:
    try:
        opener: OpenPms = point.load()
    except Exception as error:
        # Whatever a package of somebody else's does wrong is for its own makers to explain.
        raise UnusableSettings(
            f"the package behind the kind {point.name} does not load: {type(error).__name__}"
        ) from error
    return opener
