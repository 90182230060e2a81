"""What the config says about `frontdesk serve`: where it listens, and who encrypts."""

import re
from dataclasses import dataclass
from pathlib import Path

from frontdesk.addresses import LOOPBACK
from frontdesk.config import sections
from frontdesk.config.files import existing_file

_BIND = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/@\s]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where desks reach the server. Without `cert` and `key` the server itself does not encrypt."""

    host: str = "127.0.0.1"
    port: int = 8411
    cert: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    requests_a_minute: int = 3000


def server_settings(said: sections.Server, folder: Path) -> ServerSettings:
    """Return how the server is reached. Raises ValueError with the rest of a sentence about the file."""
    host, port = address(said.bind, "[server] bind")
    if bool(said.cert) is not bool(said.key):
        raise ValueError("[server] cert and key belong together: give both, or none")
    return ServerSettings(
        host,
        port,
        existing_file(said.cert, "[server] cert", folder),
        existing_file(said.key, "[server] key", folder),
        said.behind_proxy,
        said.requests_a_minute,
    )


def address(bind: str, where: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT, an IPv6 host in brackets. Raises ValueError."""
    parts = _BIND.fullmatch(bind.strip())
    if parts is None or int(parts[3]) > 65_535:
        raise ValueError(f"{where} must be HOST:PORT, such as 127.0.0.1:8411")
    return parts[1] or parts[2], int(parts[3])


def why_not_listen(server: ServerSettings) -> str:
    """Return why the server may not listen there, or nothing: in the clear only this machine hears it."""
    if server.host in LOOPBACK or server.cert is not None or server.behind_proxy:
        return ""
    return (
        f"other machines can reach {server.host}, and nothing would encrypt: give cert and key"
        " under [server], or set behind_proxy = true where a proxy does it"
    )
