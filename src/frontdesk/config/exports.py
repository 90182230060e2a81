"""Connections to a PMS without an API: where what it exports lies, and how that is read."""

from hashlib import blake2b
from pathlib import Path

from frontdesk.config import sections
from frontdesk.config.files import existing_file, state_folder
from frontdesk.pms.files.patterns import Pattern
from frontdesk.pms.files.settings import Export
from frontdesk.pms.kinds import CSV, ICS

_OF_API = ("base_url", "tenant", "auth", "user_agent_email")
_OF_EXPORT = ("path", "map", "window", "summary", "description", "practitioner")
_OF_KIND = {CSV: ("path", "map", "window"), ICS: ("path", "window", "summary", "description", "practitioner")}


def export(section: sections.Connection, name: str, where: str, folder: Path) -> Export | None:
    """Return what is read of a PMS, None for one with an API and where this machine reads nothing.

    Relative files lie in `folder`. Raises ValueError with the rest of a sentence about the config.
    """
    own = _OF_KIND.get(section.kind, ())
    for key in _OF_EXPORT:
        if key not in own and getattr(section, key):
            kinds = " and ".join(kind for kind, keys in _OF_KIND.items() if key in keys)
            raise ValueError(f"{where} {key} is for kind {kinds} only")
    if not own:
        return None
    for key in _OF_API:
        if getattr(section, key):
            raise ValueError(f"{where}: what is exported is read from a file or a feed, it has no {key}")
    if section.credentials or (section.credential and section.kind == CSV):
        raise ValueError(f"{where}: no secret but the address of a feed is needed: credential, for kind ics")
    if section.path and section.credential:
        raise ValueError(f"{where} has a path and a credential: name the file or the address of the feed")
    if not section.path and not section.credential:
        return None
    days = _days(section, where)
    summary, description = (
        _patterns(getattr(section, key), f"{where} {key}") for key in ("summary", "description")
    )
    if section.kind == ICS and not any(
        "patient" in Pattern.parse(one).fields for one in summary + description
    ):
        raise ValueError(
            f'{where} summary must say where the patient\'s name stands, such as "{{patient}} - {{type}}"'
        )
    return Export(
        path=folder / Path(section.path).expanduser() if section.path else None,
        map_file=existing_file(section.map, f"{where} map", folder),
        days=days,
        summary=summary,
        description=description,
        practitioner=section.practitioner or "calendar",
        memory=state_folder() / "exports" / f"{name}-{_installation(folder)}.json",
    )


def _installation(folder: Path) -> str:
    """Return what tells configs of one account apart that name their connections alike."""
    return blake2b(str(folder.absolute()).encode(), digest_size=6).hexdigest()


def _days(section: sections.Connection, where: str) -> int | None:
    window = section.window or sections.Window()
    if isinstance(window, sections.Window):
        return window.days
    if section.kind == ICS:
        raise ValueError(
            f'{where} window: a calendar has no last day, so it must be {{ from = "today", days = 60 }}'
        )
    return None


def _patterns(said: str | tuple[str, ...], where: str) -> tuple[str, ...]:
    found = (said,) if isinstance(said, str) else said
    for one in found:
        try:
            if one:
                Pattern.parse(one)
        except ValueError as problem:
            raise ValueError(f"{where} {problem}") from None
    return tuple(one for one in found if one)
