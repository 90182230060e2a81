"""Connections of systems that call this machine: where their messages come in, and what wakes a reader."""

import ipaddress
from pathlib import Path

from frontdesk.addresses import LOOPBACK
from frontdesk.config import sections
from frontdesk.config.files import existing_file
from frontdesk.config.server import address
from frontdesk.pms.hl7.settings import Hl7
from frontdesk.pms.kinds import HL7
from frontdesk.pms.port import Wake

_OF_HL7 = ("listen", "peers", "sender", "cert", "key", "client_ca")
_OF_API = ("base_url", "tenant", "auth", "user_agent_email", "credential", "credentials", "wake")
_HERE = ("127.0.0.0/8", "::1/128")


def hl7(section: sections.Connection, where: str, folder: Path) -> Hl7 | None:
    """Return where messages come in, None for another kind and where this machine takes none.

    Relative files lie in `folder`. Raises ValueError with the rest of a sentence about the config.
    """
    if section.kind != HL7:
        for key in _OF_HL7:
            if getattr(section, key):
                raise ValueError(f"{where} {key} is for kind {HL7} only")
        return None
    for key in _OF_API:
        if getattr(section, key):
            raise ValueError(
                f"{where}: messages are pushed to this machine, which asks nobody: it has no {key}"
            )
    if not section.listen:
        for key in _OF_HL7:
            if getattr(section, key):
                raise ValueError(
                    f"{where} {key} needs listen: where messages come in, such as 127.0.0.1:2575"
                )
        return None
    host, port = address(section.listen, f"{where} listen")
    application, slash, facility = section.sender.partition("/")
    if not (application and slash and facility):
        raise ValueError(
            f'{where} sender must be what MSH-3 and MSH-4 of the messages say, such as "DENTIX/MAIN"'
        )
    if host not in LOOPBACK:
        _refuse_open(section, host, where)
    if not (bool(section.cert) == bool(section.key) == bool(section.client_ca)):
        raise ValueError(f"{where} cert, key and client_ca belong together: give all three, or none")
    return Hl7(
        host,
        port,
        application,
        facility,
        tuple(_network(one, f"{where} peers") for one in section.peers or _HERE),
        existing_file(section.cert, f"{where} cert", folder),
        existing_file(section.key, f"{where} key", folder),
        existing_file(section.client_ca, f"{where} client_ca", folder),
    )


def _refuse_open(section: sections.Connection, host: str, where: str) -> None:
    """Raise ValueError where other machines could send, unknown or in the clear."""
    lacks = [key for key in ("peers", "cert", "key", "client_ca") if not getattr(section, key)]
    if lacks:
        raise ValueError(
            f"{where}: other machines can reach {host}, so it needs {', '.join(lacks)}: who may connect,"
            " and certificates of both sides"
        )


def _network(given: str, where: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(given)
    except ValueError:
        raise ValueError(f"{where}: {given} is no IP address and no network such as 10.1.2.0/24") from None


def wake(section: sections.Connection, where: str) -> Wake | None:
    """Return what the PMS proves itself by when it asks to be read. Raises ValueError."""
    said = section.wake
    if said is None:
        return None
    if not said.header.isascii() or not all(one.isalnum() or one == "-" for one in said.header):
        raise ValueError(f"{where} wake header must be the name of a header, such as X-Signature")
    return Wake(said.credential, said.header, is_hmac=said.kind == "hmac-sha256")
