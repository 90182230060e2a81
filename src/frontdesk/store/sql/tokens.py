"""Desk tokens: a desk shows one to the server, and the store keeps only a digest of it.

A secret of 256 random bits cannot be guessed from its digest, so a plain SHA-256 is enough
(https://cheatsheetseries.owasp.org/cheatsheets/Cryptographic_Storage_Cheat_Sheet.html); the
token's id in front of it finds the row, and the digests are compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from frontdesk.audit import Action
from frontdesk.bookings import Operator, Reason, Scope
from frontdesk.errors import NotFound, Refused, Unauthorised
from frontdesk.store.port import DISPATCHER, DeskToken
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.sealing import Deed, seal
from frontdesk.store.sql.selects import PRACTICE, TOKEN
from frontdesk.text import clean

_PRESENTED = re.compile(r"fd_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NO_DIGEST = "0" * 64


def create(
    tx: Connection,
    database: Database,
    name: str,
    scopes: frozenset[Scope],
    practices: frozenset[str] | None,
    operator: Operator,
    expires_at: datetime | None,
) -> tuple[DeskToken, str]:
    """Make a token; see Registry.create_token."""
    at = database.now(tx)
    _refuse_useless(tx, name, scopes, practices, expires_at, at)
    token = DeskToken(secrets.token_hex(4), name, scopes, practices, at, expires_at)
    secret = secrets.token_urlsafe(32)
    tx.execute(
        insert(TOKEN).values(
            id=token.id,
            name=name,
            secret_sha256=_digest(secret),
            scopes=",".join(sorted(scopes)),
            practices=",".join(sorted(practices or ())),
            created_at=at,
            expires_at=expires_at,
        )
    )
    _seal(tx, database, Action.TOKEN_CREATED, token, operator, at)
    return token, f"fd_{token.id}_{secret}"


def _refuse_useless(
    tx: Connection,
    name: str,
    scopes: frozenset[Scope],
    practices: frozenset[str] | None,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    if not name:
        raise Refused(Reason("no-name", "a desk token needs a name"))
    if name == DISPATCHER.via:
        raise Refused(
            Reason("own-name", f"{name} is what the program calls itself: give the desk another name")
        )
    if not scopes:
        raise Refused(Reason("no-scope", "a desk token needs a scope: without any it opens nothing"))
    if expires_at is not None and expires_at <= now:
        raise Refused(Reason("expired", "a desk token needs an expiry that is still to come"))
    known = set(tx.execute(select(PRACTICE.c.id)).scalars())
    if practices is not None and (not practices or practices - known):
        missing = ", ".join(sorted(practices - known)) or "none"
        raise Refused(Reason("unknown-practice", f"no such practice: {missing}"))


def looked_up(presented: str) -> str:
    """Return the id of the token that a desk presents; empty when it is none."""
    parts = _PRESENTED.fullmatch(presented)
    return parts[1] if parts else ""


def admitted(presented: str, row: Row[Any] | None, now: datetime | None) -> DeskToken:
    """Return the token that a desk presents. Raises Unauthorised: unknown, revoked, expired.

    `row` is that of the id which `looked_up` names, None where there is none; `now` the store's
    clock, which is needed only where a token expires.
    """
    parts = _PRESENTED.fullmatch(presented)
    # Compared also where there is no row: the time it takes must not tell which ids there are.
    is_right = hmac.compare_digest(
        row.secret_sha256 if row else _NO_DIGEST, _digest(parts[2] if parts else "")
    )
    if row is None or not is_right:
        raise Unauthorised("The server does not know this desk's token: have it made anew.")
    token = of_row(row)
    if token.revoked_at is not None:
        raise Unauthorised(f"The desk token {token.name} was revoked: have a new one made.")
    if token.expires_at is not None and (now is None or token.expires_at <= now):
        raise Unauthorised(f"The desk token {token.name} has expired: have a new one made.")
    return token


def revoke(tx: Connection, database: Database, token_id: str, operator: Operator) -> DeskToken:
    """Make a token useless; see Registry.revoke_token."""
    query = select(TOKEN).where(TOKEN.c.id == token_id)
    row = tx.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"No desk token has the id {clean(token_id)}: look at the list again.")
    if row.revoked_at is not None:
        return of_row(row)
    at = database.now(tx)
    tx.execute(update(TOKEN).where(TOKEN.c.id == token_id).values(revoked_at=at))
    revoked = of_row(tx.execute(query).one())
    _seal(tx, database, Action.TOKEN_REVOKED, revoked, operator, at)
    return revoked


def of_row(row: Row[Any]) -> DeskToken:
    """Return a token from its row."""
    return DeskToken(
        row.id,
        row.name,
        frozenset(map(Scope, row.scopes.split(","))),
        frozenset(row.practices.split(",")) if row.practices else None,
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )


def _seal(
    tx: Connection,
    database: Database,
    action: Action,
    token: DeskToken,
    operator: Operator,
    at: datetime,
) -> None:
    detail = {"token": token.id, "name": token.name}
    seal(tx, database, Deed(action, operator, at, is_shown=False, detail=detail))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
