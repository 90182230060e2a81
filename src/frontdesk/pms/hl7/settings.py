"""What a connection says of the system that pushes messages to this machine."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Hl7:
    """Where messages come in, from whom, and how that is proven.

    `application` and `facility` are what MSH-3 and MSH-4 must say. `peers` are the addresses and networks that may
    connect. `cert`, `key` and `client_ca` are files: what is shown, and who must have signed the certificate that
    a peer shows; None where only this machine can connect.
    """

    host: str
    port: int
    application: str
    facility: str
    peers: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    cert: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None

    @property
    def shown(self) -> str:
        """HOST:PORT, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def is_peer(self, address: str) -> bool:
        """Whether who connects from an IP address may."""
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        return any(ip in network for network in self.peers)
