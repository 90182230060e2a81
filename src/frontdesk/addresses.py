"""Where a host is, looked up so that nobody has to wait for the answer."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this very machine: what goes there crosses no network."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, also when it is an IPv4 address in IPv6's clothes."""
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

    The system's look-up cannot be stopped and takes half a minute where no name server
    answers. In the event loop's own threads it would keep the program from ending for so
    long, and a few of them would keep everything else waiting that needs a thread.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def tell(found: Sequence[str] | Exception) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look() -> None:
        found: Sequence[str] | Exception
        try:
            known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(address[0]) for *_, address in known))
        except UnicodeError:
            found = socket.gaierror(socket.EAI_NONAME, "this cannot be a name")
        except Exception as error:
            # Whatever it is, it is for whoever waits.
            found = error
        # The program may have ended its loop meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=look, name="look-up", daemon=True).start()
    return await answer
