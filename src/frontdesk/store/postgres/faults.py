"""What PostgreSQL says when something is wrong, in the operator's words, by its codes (SQLSTATE).

A server that refuses a connection sends a code with its words. libpq passes on the words alone,
in the language of that server, so a desk that was refused asks once more, for the code.
"""

import ctypes
import re
import select
import sys
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from frontdesk.errors import FrontdeskError, Unauthorised, Unavailable
from frontdesk.store.sql.database import ReadOnly

_ASK_SECONDS = 5.0
_SQLSTATE_ONLY = 3
"""PQERRORS_SQLSTATE, see the manual's 34.11: an error is its severity, two spaces, and its code."""
_CODE = re.compile(r":  ([0-9A-Z]{5})$", re.MULTILINE)
_WRONG_OR_NONE = "28P01"


def why_not_let_in(options: Mapping[str, Any]) -> str:
    """Return the code with which a server lets nobody in, empty when it gives none, or lets us in now."""
    # psycopg takes some more than libpq does.
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()}
    wanted_of_libpq = {name: value for name, value in options.items() if name in known}
    asking = pq.PGconn.connect_start(make_conninfo("", **wanted_of_libpq).encode())
    try:
        pointer = asking.pgconn_ptr  # type: ignore[attr-defined]  # it is in both of psycopg's own
        _library().PQsetErrorVerbosity(ctypes.c_void_p(pointer), _SQLSTATE_ONLY)
        ends_at = time.monotonic() + _ASK_SECONDS
        while asking.status != pq.ConnStatus.BAD:
            wanted = asking.connect_poll()
            if wanted not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
                break
            reading = [asking.socket] if wanted == pq.PollingStatus.READING else []
            writing = [] if reading else [asking.socket]
            left = ends_at - time.monotonic()
            if left <= 0 or not any(select.select(reading, writing, [], left)):
                return ""
        if asking.needs_password:
            return _WRONG_OR_NONE
        codes: list[str] = _CODE.findall(asking.get_error_message())
        return codes[-1] if codes else ""
    except (AttributeError, OSError):
        # A psycopg that was built in another way: there is no code then.
        return ""
    finally:
        asking.finish()


def _library() -> ctypes.CDLL:
    # psycopg's own, loaded already: a symbol is looked for in a library and in those it was linked with.
    return ctypes.CDLL(sys.modules[pq.PGconn.__module__].__file__)


def with_code(error: psycopg.OperationalError, options: Mapping[str, Any]) -> psycopg.OperationalError:
    """Return the error of a failed connect, with the server's code if it gives one."""
    if error.sqlstate is None and not isinstance(error, psycopg.errors.ConnectionTimeout):
        error.sqlstate = why_not_let_in(options) or None
    return error


def host_of(url: URL) -> str:
    """Return where a server is, in words."""
    named = url.query.get("host", "this machine")
    return url.host or (named if isinstance(named, str) else " or ".join(named))


def cannot_connect(state: str, message: str, url: URL) -> FrontdeskError:
    """Return what to tell of a server that lets nobody in: `state` is its code, `message` the client's words."""
    host, user, database = host_of(url), url.username or "this user", url.database
    if state == "3D000":
        return Unavailable(
            f"PostgreSQL at {host} has no database {database}: create it, or correct the url under [store]."
        )
    if state.startswith("28"):
        return Unauthorised(
            f"PostgreSQL at {host} does not accept {user}: check the user in the url and the password "
            "that [store] credential names."
        )
    if state == "42501":
        return Unauthorised(
            f"PostgreSQL at {host} does not let {user} into the database {database}: "
            f"have CONNECT on {database} granted to {user}."
        )
    if state.startswith(("53", "57P")):
        return Unavailable(f"PostgreSQL at {host} takes no more connections now: try again in a moment.")
    if state:
        return Unavailable(
            f"PostgreSQL at {host} refuses all connections ({state}): tell the person who looks after that server."
        )
    # No server spoke: these are the words of psycopg and of libpq, which are not translated.
    if any(words in message for words in ("resolve", "translate host", "not known")):
        return Unavailable(f"There is no host {host}: correct the url under [store].")
    return Unavailable(
        f"PostgreSQL does not answer at {host}: see that it runs and that the url under [store] is right."
    )


def explained(state: str, where: str) -> FrontdeskError:
    """Return what an operator is told of a fault with this code."""
    for prefix, (kind, sentence) in _FAULTS.items():
        if state.startswith(prefix):
            return kind(sentence.format(where=where))
    return Unavailable(
        f"{where} reports an error ({state}): nothing was changed; tell the person who looks after that server."
    )


def read_only(where: str, *, is_standby: bool) -> ReadOnly:
    """Return what to tell who wants to write where nothing may be written."""
    why = "this server is a standby" if is_standby else "it was set so"
    return ReadOnly(
        f"{where} is read-only now: nothing was changed; {why}, connect to the server that can be written."
    )


LOST = "08000"
"""The code of a connection that is gone: the server sends none then, so this one stands for it."""
UNDONE = frozenset({"40001", "40P01"})
"""The codes of a transaction that is undone for the sake of others, to be made anew: serialisation, deadlock."""
PREPARED_GONE = "26000"
"""Somebody between here and the server reset the session, and its prepared statements with it."""

_LOST = "The connection to {where} was lost: nothing was changed; try again in a moment."
_BUSY = "Other desks keep {where} busy: nothing was changed; try again in a moment."
_FAULTS: dict[str, tuple[type[FrontdeskError], str]] = {
    "08": (Unavailable, _LOST),
    "57P": (Unavailable, _LOST),
    "25P": (Unavailable, _LOST),
    PREPARED_GONE: (Unavailable, _LOST),
    "55P03": (Unavailable, _BUSY),
    "57014": (Unavailable, _BUSY),
    "40": (Unavailable, _BUSY),
    "53100": (
        Unavailable,
        "The disk of {where} is full: nothing was changed; free some space there, then try again.",
    ),
    "53": (Unavailable, _BUSY),
    "58": (
        Unavailable,
        "The disk of {where} does not work: nothing was changed; see to that server, then try again.",
    ),
    "25006": (
        ReadOnly,
        "{where} is read-only now: nothing was changed; connect to the server that can be written.",
    ),
    "28": (
        Unauthorised,
        "{where} does not accept this user any more: check the password that [store] credential names.",
    ),
    "42P01": (
        Unavailable,
        "{where} lacks tables of frontdesk: nothing was changed; where a backup is being put back wait for it, "
        "else put one back.",
    ),
    "42501": (
        Unauthorised,
        "{where} does not allow this user to do that: ask for rights on frontdesk's tables.",
    ),
    "XX": (
        Unavailable,
        "{where} is damaged: nothing was changed; stop working with it and restore the latest backup.",
    ),
}
