"""Looking up the tokens that desks present: for every request anew, for all that wait in one go."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from frontdesk.errors import FrontdeskError, Unavailable
from frontdesk.store.port import DeskToken
from frontdesk.store.sql import tokens
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.selects import TOKEN

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_BY_IDS = {
    size: select(TOKEN).where(TOKEN.c.id.in_([bindparam(f"id_{number}") for number in range(size)]))
    for size in _SIZES
}
"""Few sizes are few statements, which neither this program nor the database need put together anew."""


class Admissions:
    """Admits desks; see Registry.admit.

    A server under load has many requests that wait for one of the store's threads, each to have
    its token looked up. They share one look at the store, which has not begun when the last of them
    joins it: so each of them learns of everything that was committed before it asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._joined: _LookUp | None = None

    async def admit(self, presented: str) -> DeskToken:
        """Return the token that a desk presents. Raises Unauthorised, Unavailable."""
        token_id = tokens.looked_up(presented)
        look_up = self._joined
        if look_up is None or not look_up.join(token_id):
            look_up = self._joined = _LookUp(self._database, token_id)
        found = await look_up.found()
        return tokens.admitted(presented, found.rows.get(token_id), found.now)


@dataclass(frozen=True, slots=True)
class _Found:
    rows: Mapping[str, Row[Any]]
    now: datetime | None
    """None where nothing can expire."""


class _LookUp:
    """One look at tokens: it answers every request that came before it began."""

    def __init__(self, database: Database, token_id: str) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._has_begun = False
        self._ids = {token_id}
        self._found = asyncio.ensure_future(database.read_one(self._read))

    def join(self, token_id: str) -> bool:
        """Have this token looked up too, if it is not too late for that."""
        with self._lock:
            # One that is over without having begun has failed: the store may be back by now.
            if self._has_begun or self._found.done() or len(self._ids) >= _SIZES[-1]:
                return False
            self._ids.add(token_id)
            return True

    def _read(self, tx: Connection) -> _Found:
        with self._lock:
            self._has_begun = True
        ids = sorted(self._ids)
        size = next(size for size in _SIZES if size >= len(ids))
        ids += ids[-1:] * (size - len(ids))
        asked = {f"id_{number}": token_id for number, token_id in enumerate(ids)}
        rows = tx.execute(_BY_IDS[size], asked).all()
        may_expire = any(row.expires_at is not None for row in rows)
        now = self._database.now(tx) if may_expire else None
        return _Found({row.id: row for row in rows}, now)

    async def found(self) -> _Found:
        """Return what was read. Raises Unavailable."""
        try:
            # Others wait for it too: one of them that leaves must not take it along.
            return await asyncio.shield(self._found)
        except FrontdeskError as fault:
            # A store's own password that was not accepted says nothing about the tokens. And each who
            # waits raises an error of its own.
            raise Unavailable(fault.hint) from None
