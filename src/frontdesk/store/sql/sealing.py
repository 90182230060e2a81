"""How every write ends: numbered, linked into the audit chain, and told to other desks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from frontdesk.audit import Action, AuditEvent, digest
from frontdesk.bookings import OTHER_STORE, Operator, Reason
from frontdesk.errors import Refused, Unavailable
from frontdesk.store.port import DISPATCHER, ChangeKind
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.selects import AUDIT, CHANGE, HEAD


@dataclass(frozen=True, slots=True)
class Deed:
    """What a transaction did. `change` None is nothing that a desk shows, such as a token.

    `store_id` is the store that it is meant for, empty for whichever this is.
    """

    action: Action
    operator: Operator
    at: datetime
    change: ChangeKind | None = ChangeKind.BOOKING
    booking_id: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    new_bookings: int = 0
    store_id: str = ""


@dataclass(frozen=True, slots=True)
class _News:
    """What other desks are told."""

    kind: ChangeKind
    booking_id: int | None
    by: Operator
    at: datetime


def seal(connection: Connection, database: Database, *deeds: Deed) -> None:
    """Write the changes and the audit events of a transaction; nothing may follow but COMMIT.

    The head row is locked here, last: numbers then follow the order of commits, so a reader
    who has seen number n will never find a smaller one later.
    """
    last = head(connection, lock=True)
    if any(deed.store_id not in ("", last.store_id) for deed in deeds):
        raise Refused(
            Reason(
                OTHER_STORE,
                "another store has taken the place of this one meanwhile: look for the booking again",
            )
        )
    link, rows = last.audit_digest, []
    for number, deed in enumerate(deeds, last.audit + 1):
        event = AuditEvent(number, deed.at, deed.operator, deed.action, deed.booking_id, dict(deed.detail))
        link = digest(link, event)
        rows.append(
            {
                "number": event.number,
                "at": event.at,
                "operator": event.operator.name,
                "via": event.operator.via,
                "action": event.action.value,
                "booking_id": event.booking_id,
                "detail": dict(event.detail),
                "digest": link,
            }
        )
    connection.execute(insert(AUDIT), rows)
    news = [_News(deed.change, deed.booking_id, deed.operator, deed.at) for deed in deeds if deed.change]
    bookings = last.bookings + sum(deed.new_bookings for deed in deeds)
    audit = last.audit + len(rows)
    _tell(connection, database, last, news, audit=audit, audit_digest=link, bookings=bookings)


def tell_progress(
    connection: Connection, database: Database, booking_ids: Iterable[int], at: datetime
) -> None:
    """Tell other desks how deliveries of these bookings went on; nothing may follow but COMMIT.

    No person did it, so it is no event of the audit.
    """
    news = [_News(ChangeKind.DELIVERY, booking_id, DISPATCHER, at) for booking_id in booking_ids]
    _tell(connection, database, head(connection, lock=True), news)


def head(connection: Connection, *, lock: bool = False) -> Row[Any]:
    """Return the head row. Raises Unavailable where there is none: a backup is being put back."""
    row = connection.execute(select(HEAD).with_for_update() if lock else select(HEAD)).one_or_none()
    if row is None:
        raise Unavailable(
            "The store is empty, as while a backup is being put back: nothing was changed; "
            "try again when it is back."
        )
    return row


def _tell(
    connection: Connection, database: Database, last: Row[Any], news: Sequence[_News], **values: Any
) -> None:
    rows = [
        {
            "number": number,
            "booking_id": one.booking_id,
            "kind": one.kind.value,
            "operator": one.by.name,
            "via": one.by.via,
            "at": one.at,
        }
        for number, one in enumerate(news, last.change + 1)
    ]
    if rows:
        connection.execute(insert(CHANGE), rows)
    connection.execute(update(HEAD).values(change=last.change + len(rows), **values))
    if rows:
        database.announce(connection)
