"""How every write ends: numbered, linked into the audit chain, and told to other desks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from frontdesk.audit import Action, AuditEvent, digest
from frontdesk.bookings import Operator
from frontdesk.store.database import Database
from frontdesk.store.mapping import AUDIT, CHANGE, HEAD
from frontdesk.store.port import ChangeKind


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


def seal(connection: Connection, database: Database, deed: Deed) -> None:
    """Write the change and the audit event of a transaction; nothing may follow but COMMIT.

    The head row is locked here, last: numbers then follow the order of commits, so a reader
    who has seen number n will never find a smaller one later.
    """
    head = connection.execute(select(HEAD).with_for_update()).one()
    event = AuditEvent(
        head.audit + 1, deed.at, deed.operator, deed.action, deed.booking_id, dict(deed.detail)
    )
    link = digest(head.audit_digest, event)
    connection.execute(
        insert(AUDIT).values(
            number=event.number,
            at=event.at,
            operator=event.operator.name,
            via=event.operator.via,
            action=event.action.value,
            booking_id=event.booking_id,
            detail=dict(event.detail),
            digest=link,
        )
    )
    number = head.change
    if deed.change is not None:
        number += 1
        connection.execute(
            insert(CHANGE).values(
                number=number,
                booking_id=deed.booking_id,
                kind=deed.change.value,
                operator=deed.operator.name,
                via=deed.operator.via,
                at=deed.at,
            )
        )
    connection.execute(
        update(HEAD).values(
            change=number, audit=event.number, audit_digest=link, bookings=head.bookings + deed.new_bookings
        )
    )
    if deed.change is not None:
        database.announce(connection)
