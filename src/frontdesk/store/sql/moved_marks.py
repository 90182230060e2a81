"""Marks that a source makes false: it has moved the appointment to a time of which nobody can know yet.

Such a mark is taken back as a person would do it, in the transaction of the load, so that its request
falls with it and the audit can prove both. The PMS is told nothing: the source is the PMS's own diary.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from frontdesk import times
from frontdesk.billing.adjustments import Review
from frontdesk.bookings import Booking, Operator
from frontdesk.commands import Command, Held, Subject, TakeBackNoShow
from frontdesk.deliveries import Kind, Way
from frontdesk.store.sql import doing, effects, holding
from frontdesk.store.sql.sealing import Deed, News
from frontdesk.store.sql.subjects import SUBJECTS


def take_back(
    tx: Connection, marked: Sequence[Booking], operator: Operator, source: str, now: datetime
) -> tuple[list[Deed], list[News]]:
    """Take back the marks of bookings, given as they were; they are locked, and written without it already."""
    if not marked:
        return [], []
    ids = [one.id for one in marked]
    # In the one order of locks, whatever is needed of them.
    effects.lock_deliveries(tx, ids)
    requests = SUBJECTS["adjustment"].many(tx, effects.lock_requests(tx, ids))
    effects.drop_unsent(tx, ids, Kind.PMS_NO_SHOW, "its appointment was moved", now)
    as_it_is = {one.id: one for one in SUBJECTS["booking"].many(tx, ids)}
    deeds: list[Deed] = []
    news: list[News] = []
    for was in marked:
        beside = tuple(one for one in requests if one.booking_id == was.id)
        deed, told = _take_back(
            tx, Held(was, {"adjustment": beside}), as_it_is[was.id], operator, source, now
        )
        deeds.append(deed)
        news += told
    return deeds, news


def _take_back(
    tx: Connection, held: Held[Booking], now_is: Booking, by: Operator, source: str, now: datetime
) -> tuple[Deed, Iterable[News]]:
    ask = TakeBackNoShow()
    command = Command(uuid4(), Subject("booking", now_is.id), held.thing.version, by, ask)
    withdrawn = ask.done(held, by, now).beside
    planned = tuple(one for one in ask.follows(held, now_is) if one.way is not Way.PMS)
    after = holding.save_beside(tx, held, now_is, withdrawn, by, now)
    when = times.when_in_full(now_is.starts_at, now_is.practice.zone)
    notes = [f"the appointment was moved to {when}, as {source} says"]
    if withdrawn:
        notes.append("the request was withdrawn")
    elif any(one.review is Review.APPROVED for one in held.beside["adjustment"]):
        notes.append("the approved request stays")
    told = {**ask.told(held), "note": "; ".join(notes)}
    return doing.recorded(tx, command, planned, after, told, now), doing.news_beside(after, by, now)
