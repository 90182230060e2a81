"""A process to which something is wrong, for tests: uses a store and prints what it was told.

`unprivileged URL` may not do what permissions forbid, even as root; `no-writing URL` has
a disk that stops taking data for a while.
"""

import asyncio
import ctypes
import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from frontdesk.bookings import Booking
from frontdesk.errors import FrontdeskError
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests import making
from tests.making import KIM, cancel_of, make_incoming, outcome

_CAPABILITY_VERSION_3 = 0x20080522


def drop_capabilities() -> None:
    """Let permissions hold for root too."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if os.geteuid() == 0 and libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


async def only_booking(store: SqlStore) -> Booking:
    (booking,) = await store.find("A1")
    return booking


async def cancel(store: SqlStore) -> str:
    booking = await only_booking(store)
    try:
        await making.cancel(store, cancel_of(booking, KIM, "Sick"))
    except FrontdeskError as error:
        return error.hint
    return "cancelled"


async def unprivileged(url: str) -> dict[str, Any]:
    drop_capabilities()
    store = await open_store(url)
    told: dict[str, Any] = {
        "standing": (await store.state()).standing.why_not_writable,
        "bookings": (await store.state()).bookings,
        "cancel": await cancel(store),
        "outcome": await outcome(store, uuid4()),
    }
    try:
        await store.registry.load([make_incoming(2)], KIM, "a test")
    except FrontdeskError as error:
        told["load"] = error.hint
    await store.close()
    return told


@contextmanager
def a_disk_that_takes_little(path: Path) -> Iterator[None]:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 4, most))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


async def no_writing(url: str) -> dict[str, Any]:
    store = await open_store(url)
    with a_disk_that_takes_little(Path(url.removeprefix("sqlite:///"))):
        failed = await cancel(store)
    told = {"cancel": failed, "then": await cancel(store)}
    await store.close()
    return told


if __name__ == "__main__":
    situation = {"unprivileged": unprivileged, "no-writing": no_writing}[sys.argv[1]]
    sys.stdout.write(json.dumps(asyncio.run(situation(sys.argv[2]))))
