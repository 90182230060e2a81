"""Where the server listens: its sockets, and the certificate it shows."""

import errno
import os
import socket
import ssl
import stat
from pathlib import Path

from frontdesk.errors import FrontdeskError

_WAITING = 1024
"""Connections that the system keeps until they are taken up."""

_OTHERS = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP


class CannotListen(FrontdeskError):
    """Nothing can be served there, and why."""

    title = "The server cannot listen"


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on all addresses of `host`; who connects waits to be served. Raises CannotListen.

    With port 0 the first address is given a port, and the others take the same.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CannotListen(f"there is no host {host}: correct bind under [server], or --bind") from None
    taken: list[socket.socket] = []
    fault: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        # By its protocol asyncio knows that small packets must not wait for an acknowledgement.
        one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        taken.append(one)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # Else it would take the IPv4 addresses too, which have sockets of their own.
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address[0], taken[0].getsockname()[1] or port, *address[2:]))
            one.listen(_WAITING)
        except OSError as error:
            taken.pop().close()
            fault = error
            # Many machines have an IPv6 localhost by name only.
            if error.errno != errno.EADDRNOTAVAIL:
                break
    if fault is not None and (not taken or fault.errno != errno.EADDRNOTAVAIL):
        for one in taken:
            one.close()
        raise CannotListen(_why_not(fault, where))
    return taken


def _why_not(fault: OSError, where: str) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"another program listens on {where}, perhaps another frontdesk serve: end it, or give another --bind"
    if fault.errno in {errno.EACCES, errno.EPERM}:
        return f"this user may not listen on {where}: take a port above 1023, or a proxy"
    if fault.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {where}: correct bind under [server], or --bind"
    return f"{where}: {os.strerror(fault.errno or 0)}"


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a context that shows the certificate in `cert` (chain, PEM), TLS 1.2 or later.

    It reads files: call it in a thread. Raises CannotListen when they cannot be used, or when
    others than the owner and its group can read the key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    show(context, cert, key)
    return context


def show(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    """Have new connections on `context` shown what the files hold now; see server_context."""
    try:
        if key.stat().st_mode & _OTHERS:
            raise CannotListen(
                f"the key {key} could be read by others: chmod 600 it, and have a new one made"
            )
        # Looked at apart: a pair that does not fit would leave half of itself in the context.
        for one in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
            one.load_cert_chain(cert, key, password=_refuse_password)
    except ssl.SSLError as error:
        raise CannotListen(_what_is_wrong(error, cert, key)) from None
    except OSError as error:
        raise CannotListen(f"{error.filename or cert} cannot be read: {error.strerror}") from None


def _refuse_password() -> str:
    # Without this OpenSSL would ask whoever sits at the terminal, if anybody does.
    raise CannotListen("the key has a password: store it without one, readable by this user alone")


def _what_is_wrong(error: ssl.SSLError, cert: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key {key} is not that of the certificate {cert}"
    return f"{cert} and {key} are not a certificate and its key in PEM form"
