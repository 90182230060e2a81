"""The practices of the config, as rows for the store: what each one's PMS and channels are."""

import re
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from string import ascii_uppercase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from frontdesk import text
from frontdesk.bookings import Channel, Pms, Practice
from frontdesk.complaints import nearest
from frontdesk.config import sections
from frontdesk.config.sections import ConfigFile
from frontdesk.deliveries import is_profile
from frontdesk.mail_addresses import check_mail_address
from frontdesk.notify.messages import mention_reason
from frontdesk.pms.kinds import NAMED, describe

_PHONE = re.compile(r"(?=(?:\D*\d){3})[0-9A-Za-z +()./-]+")
"""At least three digits, and what is written between them; some numbers end in a word (1300 SMILES)."""


def practices(said: ConfigFile, folder: Path) -> tuple[Practice, ...]:
    """Return the config's practices, checked, cleaned, in the file's order.

    Profiles and templates are looked for in `folder`. Raises ValueError with the rest of a
    sentence about the file.
    """
    connections = {
        name: _pms(connection, name, f"[connections.{name}]", folder)
        for name, connection in said.connections.items()
    }
    found: list[Practice] = []
    for number, section in enumerate(_with_short_names(said.practices), start=1):
        where = f"[[practices]] {number}"
        practice = _practice(section, where, connections, said, folder)
        for other in found:
            if practice.id == other.id:
                raise ValueError(f"{where} id: {practice.id} is taken, every practice needs its own")
            if practice.short == other.short:
                raise ValueError(f"{where} short: {practice.short} is taken, every practice needs its own")
            if practice.pms and practice.location and _site_of(practice) == _site_of(other):
                raise ValueError(
                    f"{where} location: {practice.location} is {other.name}, every practice needs its own"
                )
        found.append(practice)
    return tuple(found)


def _practice(
    section: sections.Practice,
    where: str,
    connections: dict[str, Pms],
    said: ConfigFile,
    folder: Path,
) -> Practice:
    notify = said.notify
    if section.email:
        check_mail_address(section.email, f"{where} email")
    if section.phone and not _PHONE.fullmatch(text.clean(section.phone)):
        raise ValueError(f"{where} phone must be a telephone number, such as 08 5550 0100")
    check_time_zone(section.time_zone, f"{where} time_zone")
    practice = Practice(
        id=section.id,
        name=_filled(section.name, f"{where} name"),
        short=_filled(section.short, f"{where} short"),
        time_zone=section.time_zone,
        # Where no mail leaves, the desk is not written to either.
        email=text.clean(section.email) if notify and notify.email else "",
        pms=_pms_of(section, where, connections, folder),
        patient_channels=_channels(notify),
        reason_channels=_reason_channels(notify, templates_of(section, notify, folder)),
        phone=text.clean(section.phone),
        account=text.clean(section.account),
        no_show_after_minutes=section.no_show_after_minutes,
        biller=_biller_of(section, said),
        location=text.clean(section.location),
    )
    if " " in practice.short:
        raise ValueError(f"{where} short must be letters, such as ADL")
    return practice


def _site_of(practice: Practice) -> tuple[str, str]:
    return practice.pms.connection if practice.pms else "", practice.location


def templates_of(section: sections.Practice, notify: sections.Notify | None, folder: Path) -> Path | None:
    """Return the folder whose files replace the shipped texts for this practice, if there is one."""
    named = section.notify.templates or (notify.templates if notify else "")
    return folder / Path(named).expanduser() if named else None


def _biller_of(section: sections.Practice, said: ConfigFile) -> str:
    """The address, or the name of the profile: where it lies is the dispatcher's. Without mail nobody is written to."""
    billing, notify = said.billing, said.notify
    if billing is None or text.clean(section.account) != text.clean(billing.account):
        return ""
    if is_profile(billing.biller):
        return text.clean(Path(billing.biller).name)
    return text.clean(billing.biller) if notify and notify.email else ""


def _pms_of(section: sections.Practice, where: str, connections: dict[str, Pms], folder: Path) -> Pms | None:
    if isinstance(section.pms, sections.Connection):
        return _pms(section.pms, section.id, f"{where} pms", folder)
    if not section.pms:
        return None
    if section.pms not in connections:
        known = nearest(section.pms, connections) if connections else "the config has no connection"
        raise ValueError(f"{where} pms: there is no [connections.{section.pms}], {known}")
    return connections[section.pms]


def _pms(connection: sections.Connection, name: str, where: str, folder: Path) -> Pms:
    try:
        known = describe(connection.kind, folder)
    except ValueError as problem:
        raise ValueError(f"{where} kind: {problem}") from None
    if connection.kind in NAMED:
        shown = _filled(connection.name, f"{where} name")
    elif connection.name:
        raise ValueError(
            f"{where} name is for the kinds {', '.join(NAMED)} only: {connection.kind} has its own"
        )
    else:
        shown = known.name
    return Pms(
        name,
        connection.kind,
        shown,
        known.can_cancel,
        known.tells_patient,
        known.can_move,
        known.can_mark_no_show,
        known.can_take_back_no_show,
    )


def _channels(notify: sections.Notify | None) -> tuple[Channel, ...]:
    """A channel exists only where its section says how it leaves."""
    if notify is None:
        return ()
    there = {Channel.EMAIL: notify.email is not None, Channel.SMS: notify.sms is not None}
    return tuple(channel for channel in notify.patient if there.get(channel))


def _reason_channels(notify: sections.Notify | None, templates: Path | None) -> tuple[Channel, ...]:
    """A mobile is often a family's: an SMS carries the reason only where the config says so."""
    with_sms = notify is not None and notify.sms is not None and notify.sms.reason
    channels = (Channel.EMAIL, Channel.SMS) if with_sms else (Channel.EMAIL,)
    return tuple(channel for channel in channels if mention_reason(channel, templates))


def _with_short_names(given: tuple[sections.Practice, ...]) -> Iterator[sections.Practice]:
    """Yield the practices; one without a short name gets one from its id that no other one has."""
    taken = {section.short.casefold() for section in given}
    for section in given:
        if not section.short:
            short = next(one for one in _short_names(section.id) if one.casefold() not in taken)
            taken.add(short.casefold())
            section = msgspec.structs.replace(section, short=short)
        yield section


def _short_names(id: str) -> Iterator[str]:  # noqa: A002
    """Yield what a practice could be called in up to three letters, the likeliest first."""
    parts = [part for part in re.split("[^A-Z0-9]+", id.upper()) if part]
    letters = "".join(parts)
    yield letters[:3]
    if len(parts) > 1:
        yield "".join(part[0] for part in parts)[:3]
    for second, third in combinations(letters[1:], 2):
        yield letters[0] + second + third
    yield from (f"{letters[0]}{number}" for number in range(2, 100))
    yield from ("".join(three) for three in product(ascii_uppercase, repeat=3))


def _filled(value: str, where: str) -> str:
    cleaned = text.clean(value)
    if not cleaned:
        raise ValueError(f"{where} must not be empty")
    return cleaned


def check_time_zone(name: str, where: str) -> None:
    """Refuse what is no IANA time zone. Raises ValueError, which begins with `where`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        # 600 names help nobody: the nearest, or an example.
        hint = nearest(name, known) if name else ""
        hint = hint if hint.startswith("did") else "it is written like Australia/Adelaide"
        raise ValueError(f"{where}: there is no such time zone, {hint}") from None
