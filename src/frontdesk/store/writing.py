"""How every write ends: numbered, linked into the audit chain, and told to other desks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from frontdesk.audit import Action, AuditEvent, digest
from frontdesk.bookings import Operator
from frontdesk.store.database import Database
from frontdesk.store.mapping import AUDIT, CHANGE, HEAD
from frontdesk.store.port import DISPATCHER, ChangeKind


@dataclass(frozen=True, slots=True)
class Deed:
    """What a transaction did. `change` None is nothing that a desk shows, such as a token."""

    action: Action
    operator: Operator
    at: datetime
    change: ChangeKind | None = ChangeKind.BOOKING
    booking_id: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    new_bookings: int = 0


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
    head = _lock_head(connection)
    link, rows = head.audit_digest, []
    for number, deed in enumerate(deeds, head.audit + 1):
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
    bookings = head.bookings + sum(deed.new_bookings for deed in deeds)
    audit = head.audit + len(rows)
    _tell(connection, database, head, news, audit=audit, audit_digest=link, bookings=bookings)


def tell_progress(
    connection: Connection, database: Database, booking_ids: Iterable[int], at: datetime
) -> None:
    """Tell other desks how deliveries of these bookings went on; nothing may follow but COMMIT.

    No person did it, so it is no event of the audit.
    """
    news = [_News(ChangeKind.DELIVERY, booking_id, DISPATCHER, at) for booking_id in booking_ids]
    _tell(connection, database, _lock_head(connection), news)


def _lock_head(connection: Connection) -> Row[Any]:
    return connection.execute(select(HEAD).with_for_update()).one()


def _tell(
    connection: Connection, database: Database, head: Row[Any], news: Sequence[_News], **values: Any
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
        for number, one in enumerate(news, head.change + 1)
    ]
    if rows:
        connection.execute(insert(CHANGE), rows)
    connection.execute(update(HEAD).values(change=head.change + len(rows), **values))
    if rows:
        database.announce(connection)
