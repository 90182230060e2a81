"""How every write ends: numbered, linked into the audit chain, and told to other desks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from frontdesk.audit import AuditEvent, digest
from frontdesk.bookings import OTHER_STORE, Operator, Reason
from frontdesk.commands import Subject
from frontdesk.errors import Refused, Unavailable
from frontdesk.store.port import DISPATCHER
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.selects import AUDIT, CHANGE, HEAD

# Made once: to build a statement takes longer than SQLite takes to carry it out.
_HEAD, _LOCKED_HEAD = select(HEAD), select(HEAD).with_for_update()
_WRITE_EVENTS, _WRITE_NEWS, _WRITE_HEAD = insert(AUDIT), insert(CHANGE), update(HEAD)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a transaction did. Without `is_shown` it is nothing that a desk shows, such as a token.

    `subject` is what a command acted on, None for what was done without one. `store_id` is the
    store that it is meant for, empty for whichever this is.
    """

    action: str
    operator: Operator
    at: datetime
    is_shown: bool = True
    subject: Subject | None = None
    booking_id: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    proof: Mapping[str, str] = field(default_factory=dict)
    new_bookings: int = 0
    store_id: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What other desks are told; see `port.Change`."""

    subject: Subject
    booking_id: int | None
    by: Operator
    at: datetime
    source: str = ""
    effect: str = ""


def seal(tx: Connection, database: Database, *deeds: Deed, news: Iterable[News] = ()) -> None:
    """Write the changes and the audit events of a transaction; nothing may follow but COMMIT.

    `news` is what other desks are told besides, which the audit has with its deed, or not at all.

    The head row is locked here, last: numbers then follow the order of commits, so a reader
    who has seen number n will never find a smaller one later.
    """
    last = head(tx, lock=True)
    if any(deed.store_id not in ("", last.store_id) for deed in deeds):
        raise Refused(
            Reason(
                OTHER_STORE,
                "another store has taken the place of this one meanwhile: look for the booking again",
            )
        )
    link, rows = last.audit_digest, []
    for number, deed in enumerate(deeds, last.audit + 1):
        event = AuditEvent(
            number,
            deed.at,
            deed.operator,
            deed.action,
            deed.subject,
            deed.booking_id,
            dict(deed.detail),
            dict(deed.proof),
        )
        link = digest(link, event)
        rows.append(
            {
                "number": event.number,
                "at": event.at,
                "operator": event.operator.name,
                "via": event.operator.via,
                "action": str(event.action),
                "subject_kind": event.subject.kind if event.subject else "",
                "subject_id": event.subject.id if event.subject else 0,
                "booking_id": event.booking_id,
                "detail": dict(event.detail),
                "proof": dict(event.proof),
                "digest": link,
            }
        )
    tx.execute(_WRITE_EVENTS, rows)
    told = [
        News(
            deed.subject or Subject("booking", deed.booking_id or 0), deed.booking_id, deed.operator, deed.at
        )
        for deed in deeds
        if deed.is_shown
    ]
    told += news
    bookings = last.bookings + sum(deed.new_bookings for deed in deeds)
    audit = last.audit + len(rows)
    _tell(tx, database, last, told, audit=audit, audit_digest=link, bookings=bookings)


def tell_progress(tx: Connection, database: Database, booking_ids: Iterable[int], at: datetime) -> None:
    """Tell other desks how deliveries of these bookings went on; nothing may follow but COMMIT.

    No person did it, so it is no event of the audit.
    """
    _tell(tx, database, head(tx, lock=True), went_on(booking_ids, at))


def went_on(booking_ids: Iterable[int], at: datetime) -> list[News]:
    """Return what other desks are told of deliveries that went on."""
    return [News(Subject("delivery", 0), booking_id, DISPATCHER, at) for booking_id in booking_ids]


def head(tx: Connection, *, lock: bool = False) -> Row[Any]:
    """Return the head row. Raises Unavailable where there is none: a backup is being put back."""
    row = tx.execute(_LOCKED_HEAD if lock else _HEAD).one_or_none()
    if row is None:
        raise Unavailable(
            "The store is empty, as while a backup is being put back: nothing was changed; "
            "try again when it is back."
        )
    return row


def _tell(tx: Connection, database: Database, last: Row[Any], news: Sequence[News], **values: Any) -> None:
    rows = [
        {
            "number": number,
            "subject_kind": one.subject.kind,
            "subject_id": one.subject.id,
            "booking_id": one.booking_id,
            "operator": one.by.name,
            "via": one.by.via,
            "at": one.at,
            "source": one.source,
            "effect": one.effect,
        }
        for number, one in enumerate(news, last.change + 1)
    ]
    if rows:
        tx.execute(_WRITE_NEWS, rows)
    tx.execute(_WRITE_HEAD, {"change": last.change + len(rows), **values})
    if rows:
        database.announce(tx)
