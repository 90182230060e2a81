"""A desk that falls silent in front of the COMMIT of a cancel: `URL REF`.

It prints a line when it has come so far, goes on when it reads one, and prints what it tells its operator.
"""

import asyncio
import sys

import psycopg

from frontdesk.errors import FrontdeskError
from frontdesk.store.opening import open_store
from tests import making
from tests.making import KIM, cancel_of


async def cancel(url: str, reference: str) -> str:
    store = await open_store(url)
    (booking,) = await store.find(reference)
    commit = psycopg.Connection.commit

    def wait_first(self: psycopg.Connection) -> None:
        psycopg.Connection.commit = commit  # type: ignore[method-assign]
        sys.stdout.write("in front of the COMMIT\n")
        sys.stdout.flush()
        sys.stdin.readline()
        commit(self)

    psycopg.Connection.commit = wait_first  # type: ignore[method-assign, assignment]
    try:
        await making.cancel(store, cancel_of(booking, KIM, "Sick"))
    except FrontdeskError as error:
        return error.hint
    finally:
        await store.close()
    return "cancelled"


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(cancel(*sys.argv[1:])))
