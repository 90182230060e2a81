"""Asking the search index span by span, for a bounded time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from frontdesk.bookings import Position
from frontdesk.store.search import streams
from frontdesk.store.search.index import SearchIndex
from frontdesk.store.search.streams import BOOKING, Days, Stretch
from frontdesk.store.search.terms import Expression

FIRST_GO = timedelta(days=112)
"""How much time is searched through in any case; then more at once, as the allowance allows."""

GROWTH = 4
LONGEST_GO = timedelta(days=5 * 365)
"""How much at once at most: between goes, years without bookings are jumped over."""

_EXTENT = select(
    select(func.min(BOOKING.c.starts_at)).scalar_subquery(),
    select(func.max(BOOKING.c.starts_at)).scalar_subquery(),
)


Extent = tuple[datetime, datetime] | None
"""When the first and the last booking of all start; None where there are no bookings."""


def extent(tx: Connection) -> Extent:
    """Read between when and when there are bookings."""
    first, last = tx.execute(_EXTENT).one()
    return None if first is None else (first, last)


class Allowance:
    """The time that a search may take. It is over only once something was searched."""

    def __init__(self, tx: Connection, seconds: float) -> None:
        # SQLite works in this thread: what other programs take from the machine does not count.
        sqlite = tx.dialect.name == "sqlite"
        self._clock: Callable[[], float] = time.thread_time if sqlite else time.monotonic
        self._seconds = seconds
        self._began = self._clock()
        self._steps = 0

    def next_steps(self, first: int, most: int) -> int:
        """Return how many spans to ask at once, at most `most`; 0 when the time is over."""
        if self._steps == 0:
            self._steps = first
            return first
        spent = self._clock() - self._began
        if spent >= self._seconds:
            return 0
        affordable = int(self._steps * (self._seconds - spent) / max(spent, 1e-6))
        steps = max(1, min(affordable, self._steps * GROWTH, most))
        self._steps += steps
        return steps


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of hits in the order they were met; `until` is where the search was given up."""

    ids: list[int]
    until: Position | None = None


@dataclass
class Walk:
    """A walk through one stretch of time, with what is asked of the index there."""

    tx: Connection
    index: SearchIndex
    expression: Expression
    stretch: Stretch
    extent: Extent
    days: Days
    forward: bool
    allowance: Allowance

    def hits(self, limit: int) -> Found:
        """Return up to `limit` ids, in the walk's order."""
        statement = self.index.hits_forward if self.forward else self.index.hits_backward
        ids: list[int] = []
        for spans, beyond in self._goes():
            if not spans:
                return Found(ids, beyond)
            answer = self.tx.execute(statement, self._asked(spans, limit - len(ids)))
            for (hits,) in answer:
                ids += map(int, str(hits).split(",")) if hits else ()
                if len(ids) >= limit:
                    answer.close()
                    return Found(ids[:limit])
        return Found(ids)

    def count(self, limit: int) -> tuple[int, bool]:
        """Return how many hits there are, counting up to `limit`, and whether all was searched."""
        number = 0
        for spans, _ in self._goes():
            if not spans:
                return number, False
            answer = self.tx.execute(self.index.counts, self._asked(spans, limit - number))
            for (hits,) in answer:
                number += hits
                if number >= limit:
                    answer.close()
                    return limit, True
        return number, True

    def _asked(self, spans: range, limit: int) -> dict[str, Any]:
        first_day, last_day = self.days
        return {
            "expression": self.index.render(self.expression),
            "spans": self.index.spans_parameter(spans),
            "first_day": first_day or date.min,
            "last_day": last_day or date.max,
            "low_at": self.stretch.low.starts_at,
            "low_id": self.stretch.low.id,
            "high_at": self.stretch.high.starts_at,
            "high_id": self.stretch.high.id,
            "limit": limit,
        }

    def _goes(self) -> Iterator[tuple[range, Position]]:
        """Yield which spans to ask next; none, and the position reached, when the time is over."""
        if self.extent is None:
            return
        first, last = self.extent
        index, forward = self.index, self.forward
        low = index.span_of(max(self.stretch.low.starts_at, first))
        high = index.span_of(min(self.stretch.high.starts_at, last))
        most = int(LONGEST_GO.total_seconds()) // index.span_seconds
        while low <= high:
            steps = self.allowance.next_steps(int(FIRST_GO.total_seconds()) // index.span_seconds, most)
            if not steps:
                yield range(0), self._reached(low if forward else high + 1)
                return
            if forward:
                spans = range(low, min(low + steps, high + 1))
                low += len(spans)
            else:
                spans = range(high, max(high - steps, low - 1), -1)
                high -= len(spans)
            yield spans, self.stretch.low
            if steps == most:
                nearest = self._nearest(low, high)
                if nearest is None:
                    return
                low, high = (index.span_of(nearest), high) if forward else (low, index.span_of(nearest))

    def _reached(self, span: int) -> Position:
        """The position before a span, or the stretch's own end where that lies further on."""
        edge = Position(self.index.span_start(span), -1)
        return max(edge, self.stretch.low) if self.forward else min(edge, self.stretch.high)

    def _nearest(self, low: int, high: int) -> datetime | None:
        """When the next booking of all starts, within these spans."""
        first, last = (Position(self.index.span_start(span), -1) for span in (low, high + 1))
        everything = streams.streams(None, None, None)
        between = Stretch(first, last, cancelled=None)
        rows = streams.read(self.tx, everything, between, (None, None), 1, forward=self.forward)
        return rows[0].starts_at if rows else None
