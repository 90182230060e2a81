"""Where a host is, looked up so that nobody has to wait for the answer."""

import ipaddress
import socket
from collections.abc import Sequence

from frontdesk.threads import abandonable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this very machine: what goes there crosses no network."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is public; an IPv4 address that is written as IPv6 is judged as IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host. Raises OSError when there are none.

    The system's look-up cannot be stopped, and takes half a minute where no name server answers.
    """

    def look() -> Sequence[str]:
        try:
            known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "this cannot be a name") from None
        return list(dict.fromkeys(str(address[0]) for *_, address in known))

    return await abandonable(look)
