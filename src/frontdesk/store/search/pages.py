"""Reading pages and counts of bookings: bounded at any size, for any text and any filters.

A page without text is read from an index whose first columns are the filter and whose
next are the order, so it touches little more than its own rows. With text the next rows
in that order are looked through first, which fills the page when hits are frequent; when
they are not, the search index is asked span by span, for a bounded time.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, func, select, union

from frontdesk.bookings import LAST_ID, BookingQuery, Count, Direction, Position, Status
from frontdesk.store.search import name_words, near, readings, streams, terms
from frontdesk.store.search.index import SearchIndex
from frontdesk.store.search.readings import Reading, SharedNames
from frontdesk.store.search.streams import BOOKING, FIRST, LAST, Stretch
from frontdesk.store.search.terms import AllOf, Expression, search_tags, search_text
from frontdesk.store.search.walk import Allowance, Extent, Found, Walk, extent
from frontdesk.store.sql.listed import listed
from frontdesk.store.sql.tables import AppointmentTypeRow, PracticeRow, PractitionerRow

__all__ = [
    "SearchPage",
    "count_rows",
    "page_ids",
    "page_rows",
    "search_tags",
    "search_text",
]

LOOK_FIRST = range(40, 400)
"""Rows read in order and compared one by one before anything else: four for each one wanted."""

LOOK_ON = 600
"""Rows that are looked through at most, when hits are frequent enough to fill the page by it."""

MOST_STREAMS = 8
"""Values of a filter that are read as streams of their own; more are compared like words."""

PAGE_SECONDS = 0.02
"""How long the search index is asked for one page. What was not reached is `searched_until`."""

COUNT_SECONDS = 0.04

MOST_NEAR = 8
"""Words near one that nobody has which are looked for among the bookings."""

NEAR_SECONDS = 0.01
"""How long each of them is looked for in either direction of time."""

_PRACTICE = PracticeRow.__table__  # type: ignore[attr-defined]
_PRACTITIONER = PractitionerRow.__table__  # type: ignore[attr-defined]
_APPOINTMENT_TYPE = AppointmentTypeRow.__table__  # type: ignore[attr-defined]
_NAMED = (_PRACTITIONER, _APPOINTMENT_TYPE)
_NAMES = select(
    func.aggregate_strings(union(*(select(of.c.name) for of in _NAMED)).subquery().c.name, readings.BETWEEN)
)
"""One row for all of them: they are read for every page of a search."""
_HERE = union(
    *(
        select(of.c.name).where(
            of.c.practice_id.in_(bindparam("practices", expanding=True)),
            of.c.name.in_(bindparam("names", expanding=True)),
        )
        for of in _NAMED
    )
)
_ZONES = select(_PRACTICE.c.id, _PRACTICE.c.time_zone)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Rows of `listed` in ascending order, and whether there are more: see `bookings.Page`."""

    rows: Sequence[Row[Any]]
    more: bool
    searched_until: Position | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Search:
    """A query as the database is asked.

    `compared` is what each booking is compared with: the words, and filters of too many
    values to be read as streams. None means that nothing is. `names` are the shared ones.
    """

    tx: Connection
    index: SearchIndex
    query: BookingQuery
    names: SharedNames
    compared: Expression | None
    stretches: tuple[Stretch, ...]
    practitioners: tuple[int, ...] | None
    practices: tuple[str, ...] | None

    @property
    def days(self) -> tuple[date | None, date | None]:
        return self.query.first_day, self.query.last_day

    def looked_at(
        self, stretch: Stretch, limit: int, forward: bool, *, with_words: bool = False
    ) -> list[Row[Any]]:
        """Return the next bookings of the filters that are streams."""
        chosen = streams.streams(self.practitioners, self.practices, stretch.cancelled)
        return streams.read(
            self.tx, chosen, stretch, self.days, limit, forward=forward, with_words=with_words
        )

    @cached_property
    def _spelled_out(self) -> tuple[Expression, ...]:
        """What the search index is asked, but for `cancelled`."""
        parts: list[Expression] = []
        if self.compared is not None:
            parts.append(terms.with_shared_words(self.compared, self.names.words))
        if self.practitioners is not None:
            parts.append(_of_practitioners(self.practitioners))
        elif self.practices is not None:
            parts.append(_of_practices(self.practices))
        return tuple(parts)

    @cached_property
    def _extent(self) -> Extent:
        return extent(self.tx)

    def walk(self, stretch: Stretch, forward: bool, allowance: Allowance) -> Walk:
        parts = self._spelled_out
        if stretch.cancelled is not None:
            parts += (terms.any_of([terms.cancelled_tag(stretch.cancelled)]),)
        return Walk(self.tx, self.index, AllOf(parts), stretch, self._extent, self.days, forward, allowance)


def page_rows(
    tx: Connection,
    index: SearchIndex,
    query: BookingQuery,
    limit: int,
    position: Position | None,
    direction: Direction,
    practices: Collection[str] | None = None,
) -> SearchPage:
    """Return up to `limit` rows strictly beyond `position`, in ascending order.

    Without a position, FORWARD begins at the first booking and BACKWARD ends at the last. `practices`
    are the desk's, None for all: what stands beside a booking is told of those alone.
    """
    names, reading = _read(tx, query)
    forward = direction is Direction.FORWARD

    def found(words: Expression | None) -> Found:
        return _collect(_prepare(tx, index, query, names, words), limit + 1, position, forward, PAGE_SECONDS)

    def page(found: Found, beside: tuple[str, ...] = ()) -> SearchPage:
        ids = found.ids[:limit] if forward else found.ids[limit - 1 :: -1]
        rows = _rows(tx, ids, query.as_of, practices)
        return SearchPage(rows, len(found.ids) > limit or found.until is not None, found.until, beside)

    if reading.patients is not None:
        patients = found(reading.patients)
        if patients.ids or _is_anybody(tx, index, query, names, reading.patients):
            return page(patients, reading.beside)
    return page(found(reading.everybody))


def page_ids(tx: Connection, index: SearchIndex, query: BookingQuery, limit: int) -> list[int]:
    """Return the ids of the first bookings of `query`, at most `limit`, as far as a search comes in its time."""
    names, reading = _read(tx, query)
    return _collect(_prepare(tx, index, query, names, reading.everybody), limit, None, True, PAGE_SECONDS).ids


def count_rows(tx: Connection, index: SearchIndex, query: BookingQuery, limit: int) -> Count:
    """Count the bookings of `query`, stopping at `limit`, or when a search takes too long."""
    names, reading = _read(tx, query)
    if reading.patients is not None:
        patients = _count(_prepare(tx, index, query, names, reading.patients), limit)
        if patients.number or _is_anybody(tx, index, query, names, reading.patients):
            return patients
    return _count(_prepare(tx, index, query, names, reading.everybody), limit)


def _count(search: "_Search", limit: int) -> Count:
    allowance = Allowance(search.tx, COUNT_SECONDS)
    number = 0
    for stretch in search.stretches:
        enough = limit + 1 - number
        if search.compared is None:
            chosen = streams.streams(search.practitioners, search.practices, stretch.cancelled)
            number += streams.count(search.tx, chosen, stretch, search.days, enough)
        else:
            more, complete = search.walk(stretch, True, allowance).count(enough)
            number += more
            if not complete:
                return Count(number, exact=False)
        if number > limit:
            return Count(limit, exact=False)
    return Count(number, exact=True)


def _read(tx: Connection, query: BookingQuery) -> tuple[SharedNames, Reading]:
    """Return the shared names, and what the text of a query means; of patients alone only if there are such."""
    if not query.text.strip():
        return SharedNames(), Reading(None)
    names = readings.shared_names(tx.execute(_NAMES).scalar() or "")
    reading = readings.read(query.text, names)
    if reading.patients is not None and query.practices:
        asked = {"practices": list(query.practices), "names": list(reading.beside)}
        here = sorted(tx.execute(_HERE, asked).scalars())
        reading = replace(reading, beside=tuple(here)) if here else Reading(reading.everybody)
    if reading.patients is not None and not name_words.begun_by_all(tx, reading.words):
        reading = Reading(reading.everybody)
    return names, reading


def _is_anybody(
    tx: Connection, index: SearchIndex, query: BookingQuery, names: SharedNames, patients: Expression
) -> bool:
    """Whether any booking at the practices of a query, whenever it is, is a patient's of these words.

    A word of a name may be nobody's any more, or somebody's elsewhere, and several may be nobody's together.
    What cannot be found out in time counts as nobody: everybody is looked for then, and no patient missed.
    """
    wanted = BookingQuery(query.as_of, query.text, practices=query.practices)
    search = _prepare(tx, index, wanted, names, patients)
    now = Position(query.as_of, LAST_ID)
    return any(_collect(search, 1, now, forward, PAGE_SECONDS).ids for forward in (True, False))


def nearest(
    tx: Connection, index: SearchIndex, query: BookingQuery, typed: str, limit: int
) -> tuple[str, ...]:
    """Return up to `limit` names of patients who are called nearly what is typed, the nearest first.

    Everybody at the practices of `query` counts, whose own text does not matter.
    """
    words = near.words_of(typed)
    unknown = [at for at, word in enumerate(words) if not name_words.begun_by(tx, word)]
    # A word that no name has is the wrong one; where every one is known, it may be any.
    wrong = [at for at in unknown or range(len(words)) if len(words[at]) >= near.SHORTEST]
    if not wrong or len(unknown) > 1:
        return ()
    likely = near.candidates(words, wrong)
    there = set(name_words.among(tx, [word for _, word in likely]))
    names: dict[str, None] = {}
    now = Position(query.as_of, LAST_ID)
    for candidate in [one for one in likely if one[1] in there][:MOST_NEAR]:
        search = _prepare(tx, index, query, SharedNames(), near.asking(words, candidate))
        for forward in (True, False):
            if ids := _collect(search, 1, now, forward, NEAR_SECONDS).ids:
                name = tx.execute(select(BOOKING.c.patient_name).where(BOOKING.c.id == ids[0])).scalar_one()
                names[near.spelled(words, candidate, name)] = None
                break
        if len(names) == limit:
            break
    return tuple(names)


def _prepare(
    tx: Connection, index: SearchIndex, query: BookingQuery, names: SharedNames, words: Expression | None
) -> _Search:
    on_mobile = terms.on_mobile(query.mobile) if query.mobile else None
    zones: dict[str, str] = {}
    if query.practices or query.first_day or query.last_day:
        zones = {row.id: row.time_zone for row in tx.execute(_ZONES)}
    practices = tuple(sorted(query.practices & zones.keys())) if query.practices else None
    if practices is not None and len(practices) == len(zones):
        practices = None
    practitioners = _practitioners(tx, query.practitioners, practices) if query.practitioners else None
    stretches = _stretches(query, {zones[practice] for practice in practices or zones})
    if terms.NOTHING in (words, on_mobile) or practices == () or practitioners == ():
        stretches = ()
    compared = [one for one in (words, on_mobile) if one is not None]
    if practitioners is not None:
        # A practitioner belongs to one practice: there is nothing left to ask about practices.
        practices = None
        if len(practitioners) > MOST_STREAMS:
            compared.append(_of_practitioners(practitioners))
            practitioners = None
    if practices is not None and len(practices) > MOST_STREAMS:
        compared.append(_of_practices(practices))
        practices = None
    everything = AllOf(tuple(compared)) if compared else None
    return _Search(tx, index, query, names, everything, stretches, practitioners, practices)


def _practitioners(tx: Connection, wanted: Iterable[int], practices: Iterable[str] | None) -> tuple[int, ...]:
    of = _PRACTITIONER.c
    asked = select(of.id).where(of.id.in_(wanted))
    if practices is not None:
        asked = asked.where(of.practice_id.in_(practices))
    return tuple(sorted(tx.execute(asked).scalars()))


def _of_practices(practices: Iterable[str]) -> Expression:
    return terms.any_of(map(terms.practice_tag, practices))


def _of_practitioners(practitioners: Iterable[int]) -> Expression:
    return terms.any_of(map(terms.practitioner_tag, practitioners))


def _stretches(query: BookingQuery, zones: set[str]) -> tuple[Stretch, ...]:
    """Cut time at `as_of`, so that on each side the status asks only about `cancelled`."""
    low, high = FIRST, LAST
    if query.first_day is not None:
        low = Position(min((_midnight(query.first_day, zone) for zone in zones), default=low.starts_at), -1)
    if query.last_day is not None and query.last_day < date.max:
        after = query.last_day + timedelta(days=1)
        high = Position(max((_midnight(after, zone) for zone in zones), default=high.starts_at), -1)
    wanted = query.statuses or frozenset(Status)
    now = Position(query.as_of, LAST_ID)
    stretches = []
    for start, end, active in (
        (low, min(now, high), Status.COMPLETED),
        (max(now, low), high, Status.UPCOMING),
    ):
        flags = [flag for flag, status in ((False, active), (True, Status.CANCELLED)) if status in wanted]
        if flags and start < end:
            stretches.append(Stretch(start, end, flags[0] if len(flags) == 1 else None))
    if len(stretches) == 2 and stretches[0].cancelled == stretches[1].cancelled:
        return (replace(stretches[0], high=high),)
    return tuple(stretches)


def _midnight(day: date, zone: str) -> datetime:
    """When `day` begins in `zone`, or the first or last instant there is."""
    try:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        return FIRST.starts_at if day.year == 1 else LAST.starts_at


def _beyond(stretches: Sequence[Stretch], position: Position | None, forward: bool) -> Iterator[Stretch]:
    """Yield what of the stretches lies beyond `position`, whatever id it names, in reading order."""
    if position is not None:
        position = replace(position, id=max(-1, min(position.id, LAST_ID)))
    for stretch in stretches if forward else reversed(stretches):
        rest = stretch
        if position is not None and forward:
            rest = replace(stretch, low=max(stretch.low, position))
        elif position is not None:
            rest = replace(stretch, high=min(stretch.high, position))
        if rest.low < rest.high:
            yield rest


def _collect(search: _Search, limit: int, position: Position | None, forward: bool, seconds: float) -> Found:
    """Return up to `limit` ids beyond `position`."""
    ids: list[int] = []
    allowance = Allowance(search.tx, seconds)
    for rest in _beyond(search.stretches, position, forward):
        found = _in_stretch(search, rest, limit - len(ids), forward, allowance)
        ids += found.ids
        if len(ids) >= limit or found.until is not None:
            return Found(ids, found.until)
    return Found(ids)


def _in_stretch(search: _Search, stretch: Stretch, limit: int, forward: bool, allowance: Allowance) -> Found:
    if search.compared is None:
        return Found([row[0] for row in search.looked_at(stretch, limit, forward)])
    is_hit = terms.matcher(search.compared)
    ids: list[int] = []
    looked, look = 0, min(max(4 * limit, LOOK_FIRST.start), LOOK_FIRST.stop)
    while looked + look <= LOOK_ON:
        rows = search.looked_at(stretch, look, forward, with_words=True)
        for id_, _, _, words, tags in map(tuple, rows):
            if is_hit(f"{words} {tags}"):
                ids.append(id_)
        if len(ids) >= limit or len(rows) < look:
            return Found(ids[:limit])
        last = Position(rows[-1].starts_at, rows[-1].id)
        stretch = replace(stretch, low=last) if forward else replace(stretch, high=last)
        looked += look
        if not ids:
            break
        # As many more as the rest of the page needs at the rate so far, and some.
        look = (limit - len(ids)) * looked * 5 // (len(ids) * 4) + 1
    found = search.walk(stretch, forward, allowance).hits(limit - len(ids))
    return Found(ids + found.ids, found.until)


def _rows(
    tx: Connection, ids: list[int], as_of: datetime, practices: Collection[str] | None
) -> Sequence[Row[Any]]:
    """Return whole rows, in the order of their ids."""
    rows = tx.execute(*listed(ids, as_of, practices)).all() if ids else []
    by_id = {row[0]: row for row in rows}
    return [by_id[one] for one in ids]
