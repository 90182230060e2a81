"""The practices of the config, as rows for the store: what each one's PMS and channels are."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from frontdesk import text
from frontdesk.bookings import Channel, Pms, Practice
from frontdesk.complaints import nearest
from frontdesk.config import sections
from frontdesk.config.addresses import check_mail_address, check_mail_url, check_sender, check_web_address
from frontdesk.config.sections import ConfigFile

_PMS_NAMES = {"praktika": "Praktika", "core-practice": "Core Practice"}


def practices(said: ConfigFile) -> tuple[Practice, ...]:
    """Return the config's practices, checked, cleaned, in the file's order.

    Raises ValueError with the rest of a sentence about the file.
    """
    connections = {
        name: _pms(connection, name, f"[connections.{name}]") for name, connection in said.connections.items()
    }
    channels = _channels(said.notify)
    found: list[Practice] = []
    for number, section in enumerate(said.practices, start=1):
        where = f"[[practices]] {number}"
        practice = _practice(section, where, connections, channels)
        for other in found:
            if practice.id == other.id:
                raise ValueError(f"{where} id: {practice.id} is taken, every practice needs its own")
            if practice.short == other.short:
                raise ValueError(f"{where} short: {practice.short} is taken, times would be ambiguous")
        found.append(practice)
    return tuple(found)


def _practice(
    section: sections.Practice, where: str, connections: dict[str, Pms], channels: tuple[Channel, ...]
) -> Practice:
    if section.email:
        check_mail_address(section.email, f"{where} email")
    _check_time_zone(section.time_zone, f"{where} time_zone")
    practice = Practice(
        id=section.id,
        name=_filled(section.name, f"{where} name"),
        short=_filled(section.short, f"{where} short"),
        time_zone=section.time_zone,
        email=text.clean(section.email),
        pms=_pms_of(section, where, connections),
        patient_channels=channels,
    )
    if " " in practice.short:
        raise ValueError(f"{where} short must be letters, such as ADL")
    return practice


def _pms_of(section: sections.Practice, where: str, connections: dict[str, Pms]) -> Pms | None:
    if isinstance(section.pms, sections.Connection):
        return _pms(section.pms, section.id, f"{where} pms")
    if not section.pms:
        return None
    if section.pms not in connections:
        raise ValueError(f"{where} pms: no such [connections], {nearest(section.pms, connections)}")
    return connections[section.pms]


def _pms(connection: sections.Connection, name: str, where: str) -> Pms:
    if connection.base_url:
        check_web_address(connection.base_url, f"{where} base_url")
    if connection.kind == "manual":
        shown = _filled(connection.name, f"{where} name")
        return Pms(connection=name, kind=connection.kind, name=shown, can_cancel=False)
    if connection.name:
        raise ValueError(f"{where} name is for kind manual only: {connection.kind} has its own")
    return Pms(connection=name, kind=connection.kind, name=_PMS_NAMES[connection.kind], can_cancel=True)


def _channels(notify: sections.Notify | None) -> tuple[Channel, ...]:
    """A channel exists only where its section says how it leaves."""
    if notify is None:
        return ()
    if notify.email is not None:
        check_mail_url(notify.email.url, "[notify.email] url")
        check_sender(notify.from_, "[notify] from")
    if notify.reply_to:
        check_sender(notify.reply_to, "[notify] reply_to")
    if len(set(notify.patient)) < len(notify.patient):
        raise ValueError("[notify] patient names a channel twice")
    there = {Channel.EMAIL: notify.email is not None, Channel.SMS: notify.sms is not None}
    return tuple(channel for channel in notify.patient if there[channel])


def _filled(value: str, where: str) -> str:
    cleaned = text.clean(value)
    if not cleaned:
        raise ValueError(f"{where} must not be empty")
    return cleaned


def _check_time_zone(name: str, where: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        # 600 names help nobody: the nearest, or an example.
        hint = nearest(name, known) if name else ""
        hint = hint if hint.startswith("did") else "it is written like Australia/Adelaide"
        raise ValueError(f"{where}: there is no such time zone, {hint}") from None
