"""One run over a place: it reads what changed, or compares a window, and has the list made as the diary is.

What is missing is asked for, one by one, and never taken for deleted. What looks like a mass change is held.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from frontdesk import brake, diary_schedule, times
from frontdesk.arrivals import AppointmentStatus, Effect
from frontdesk.bookings import Operator
from frontdesk.brake import Mass
from frontdesk.diary_runs import Kind, Lease, Run, Slice, Unmatched, Window
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import Appointment, AppointmentPage, PmsNotFound
from frontdesk.store.diaries import Asked, Diaries, Judged, Missing
from frontdesk.sync import slices
from frontdesk.sync.entries import why_no_booking
from frontdesk.sync.people import People
from frontdesk.sync.sources import Source

TRIES = 3
"""How often a slice is read whose pages do not fit together."""

MOST_PAGES = 200
"""Pages of one list; a diary with more of them is walking in a circle."""

EXAMPLES = 10
"""Bookings that a person is shown of a mass change."""

BETWEEN_BATCHES = 0.02
"""Seconds for which desks can write between two batches."""


class StartOver(Exception):
    """What has changed cannot be told any more: everything has to be compared anew."""


class Incomplete(Exception):
    """What was read cannot be the whole. The text says why, as the rest of a sentence."""


class NoSite(Exception):
    """The account has several sites, and the practice does not say which is its own. The text says so."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has got, for a person who waits: the run, its slices that are read, and all of them."""

    run: Run
    done: int
    slices: int


@dataclass
class Reading:
    """A reader at one place, under its lease. `began` is the diary's own time when it began."""

    diaries: Diaries
    source: Source
    diary: Diary
    lease: Lease
    began: datetime
    by: Operator
    now: datetime
    sleep: Callable[[float], Awaitable[object]]
    report: Callable[[Progress], object] = lambda _: None
    run: Run | None = None
    incomplete: str = ""
    """Why the last list may lack some, in words for the operator: nothing is missing then."""
    _lists: dict[int, AppointmentPage] = field(default_factory=dict)
    """The list that each slice was read from, by its number: it tells what it would have."""
    _unread: int = 0
    _words: Counter[str] = field(default_factory=Counter)
    _people: People | None = None

    async def changes(self) -> Run:
        """Read what has changed since the last run. Raises StartOver, PmsError, LeaseLost."""
        state = self.lease.state
        run, _ = await self._begin(Kind.CHANGES, None)
        since = diary_schedule.since(state.cursor or self.began, state.skew)
        cursor: str | None = None
        cursors: set[str] = set()
        shown: set[tuple[str, str]] = set()
        while True:
            await self.pace(1)
            try:
                page = await self.diary.changes(since, cursor, self.source.place.location)
            except PmsNotFound as gone:
                # Whoever asks for changes of a time that nobody remembers is told so, in one way or another.
                raise StartOver from gone
            entries = await self._people_here().entries(self._mine(page.appointments))
            await self.diaries.note(self.lease, run, entries, gone=page.gone)
            these = {(one.ref, one.version or one.raw_status) for one in page.appointments}
            cursor = page.cursor
            if cursor is None:
                break
            # A page full of one second's changes can bring the same ones for ever.
            if cursor in cursors or len(cursors) >= MOST_PAGES or (these and these <= shown):
                raise StartOver
            cursors.add(cursor)
            shown |= these
        return await self._settle(run, None, {})

    async def compare(self, kind: Kind, window: Window) -> Run:
        """Compare a window of the diary with the list. Raises NoSite, Incomplete, PmsError, LeaseLost."""
        sites = await self._sites() if kind is Kind.FULL else {}
        run, planned = await self._begin(kind, window)
        window = run.window or window
        if not planned:
            known = await self.diaries.known(self.lease, window)
            zone, size = self.source.zone, self.diary.abilities.page_size
            if kind is Kind.NEAR:
                wanted = slices.days(window, known, zone)
            else:
                wanted = slices.cut(window, known, size, zone, self.now)
            planned = await self.diaries.plan(self.lease, run, wanted)
        todo = [one for one in planned if not one.is_complete]
        done = len(planned) - len(todo)
        while todo:
            self.report(Progress(run, done, done + len(todo)))
            first, *rest = todo
            parts = await self._read(run, first)
            done += not parts
            todo = [*parts, *rest]
        self.report(Progress(run, done, done))
        return await self._settle(run, await self._ask_for_missing(run), sites)

    async def _begin(self, kind: Kind, window: Window | None) -> tuple[Run, tuple[Slice, ...]]:
        self.run, planned = await self.diaries.begin(self.lease, kind, window, self.began, self.by)
        self._unread, self._words = 0, Counter()
        self._lists, self.incomplete = {}, ""
        return self.run, planned

    def _people_here(self) -> People:
        if self._people is None:
            self._people = People(self.diaries, self.diary, self.lease, self.pace)
        return self._people

    async def pace(self, number: int) -> None:
        """Wait until so many requests may be sent."""
        per_minute = self.diary.abilities.per_minute
        if not per_minute:
            return
        seconds = await self.diaries.requests(self.source.place.connection, number, per_minute)
        if seconds > 0:
            await self.sleep(seconds)

    async def _read(self, run: Run, slice_: Slice) -> tuple[Slice, ...]:
        """Read a slice and note it; return its parts where it does not fit a page."""
        for _ in range(TRIES):
            pages = await self._pages(slice_)
            if pages is None:
                known = await self.diaries.known(self.lease, Window(slice_.starts_at, slice_.ends_at))
                return await self.diaries.split(self.lease, run, slice_, slices.halves(slice_, known))
            why = slices.why_not_whole(pages)
            if not why:
                shown = [one for page in pages for one in page.appointments]
                mine = self._mine(shown)
                entries = await self._people_here().entries(mine)
                gone = [ref for page in pages for ref in page.gone]
                self._lists[slice_.number] = pages[-1]
                self.incomplete = self.incomplete or pages[-1].incomplete
                await self.diaries.note(self.lease, run, entries, slice_, [one.ref for one in shown], gone)
                return ()
        zone = self.source.zone
        day = times.day_with_year(times.local_date(slice_.starts_at, zone))
        raise Incomplete(f"{day} cannot be read as a whole: {why}")

    async def _pages(self, slice_: Slice) -> list[AppointmentPage] | None:
        """Return the pages of a slice, or None where the first one is full and it can be halved."""
        pages: list[AppointmentPage] = []
        cursor: str | None = None
        while True:
            await self.pace(1)
            page = await self.diary.appointments(
                slice_.starts_at, slice_.ends_at, cursor, self.source.place.location
            )
            pages.append(page)
            if page.cursor is None:
                return pages
            is_full = len(page.appointments) >= self.diary.abilities.page_size
            if cursor is None and is_full and slices.can_be_halved(slice_):
                return None
            if len(pages) >= MOST_PAGES or page.cursor == cursor:
                raise Incomplete("its list has no end")
            cursor = page.cursor

    def _mine(self, shown: Sequence[Appointment]) -> list[Appointment]:
        """Return those that can be bookings here, and count what cannot."""
        here = [one for one in shown if self.source.is_here(one.location)]
        found = [one for one in here if not why_no_booking(one)]
        self._unread += len(here) - len(found)
        self._words.update(one.raw_status for one in found if one.status is AppointmentStatus.OTHER)
        return found

    async def _ask_for_missing(self, run: Run) -> Asked | None:
        """Ask the diary for each appointment that it should have shown, unless there are too many to believe it."""
        missing = tuple(filter(self._would_be_there, await self.diaries.missing(self.lease, run)))
        if not missing:
            return None
        known = (await self.diaries.judge(self.lease, run)).mass.known
        why = brake.held(_mass_of(missing, known, self.source.zone)).get(Effect.GONE, "")
        if not self.diary.abilities.answers_by_id:
            why = why or f"{len(missing):,} are not shown any more, and cannot be asked for one by one"
        if why:
            refs = tuple(one.ref for one in missing)
            return Asked({Effect.GONE: len(refs)}, why, missing=refs)
        for one in missing:
            await self._ask_for(run, one.ref)
        return None

    def _would_be_there(self, one: Missing) -> bool:
        """Whether the list would have an appointment. Of one that was read by another reader, before, nobody knows."""
        found = self._lists.get(one.slice_number)
        if found is None:
            return self.diary.abilities.answers_by_id
        return found.would_have(one.practitioner, one.starts_at)

    async def _ask_for(self, run: Run, ref: str) -> None:
        await self.pace(1)
        try:
            shown = await self.diary.appointment(ref)
        except PmsNotFound as gone:
            await self.diaries.note_gone(self.lease, run, ref, gone.successor)
            if gone.successor and gone.successor != ref:
                await self._note_successor(run, gone.successor, ref)
            return
        await self._note(run, shown)

    async def _note_successor(self, run: Run, ref: str, previous: str) -> None:
        await self.pace(1)
        try:
            shown = await self.diary.appointment(ref)
        except PmsNotFound:
            return
        await self._note(run, replace(shown, previous=shown.previous or previous))

    async def _note(self, run: Run, shown: Appointment) -> None:
        await self.diaries.note(self.lease, run, await self._people_here().entries(self._mine([shown])))

    async def _settle(self, run: Run, unasked: Asked | None, sites: Mapping[str, str]) -> Run:
        """Have the list made as the diary is, but for what a person has to decide first."""
        if self.diary.abilities.answers_by_id:
            for ref in await self.diaries.to_read_again(self.lease):
                await self._ask_for(run, ref)
        judged = await self.diaries.judge(self.lease, run)
        held = brake.held(judged.mass)
        while await self.diaries.reconcile(self.lease, run, held):
            await self.sleep(BETWEEN_BATCHES)
        asked = unasked
        if held:
            asked = _with(unasked, judged, held)
        unmatched = None
        if run.kind is Kind.FULL:
            unmatched = Unmatched(sites, dict(self._words), self._unread)
        return await self.diaries.end(
            self.lease, run, counts_as=self._counts_as(run), asked=asked, unmatched=unmatched
        )

    def _counts_as(self, run: Run) -> Kind | None:
        """Return what a run spares for a while: a compare that somebody asked for may have another window.

        One whose list may lack some spares nothing.
        """
        if self.incomplete:
            return None
        if run.window is None:
            return run.kind
        for kind in (Kind.FULL, Kind.NEAR):
            if run.window.covers(diary_schedule.window(kind, run.started_at, self.source.zone)):
                return kind
        return None

    async def _sites(self) -> Mapping[str, str]:
        """Return the sites that no practice names. Raises NoSite where it cannot be known whose an appointment is."""
        if not self.diary.abilities.has_locations:
            return {}
        await self.pace(1)
        there = await self.diary.locations()
        if len(there) < 2 and not self.source.place.location:
            return {}
        if not self.source.place.location:
            names = ", ".join(f"{one.ref} is {one.name}" for one in there)
            raise NoSite(f"it has several sites, so write the practice's location into the config ({names})")
        return {one.ref: one.name for one in there if not self.source.is_named(one.ref)}


def _with(unasked: Asked | None, judged: Judged, held: Mapping[Effect, str]) -> Asked:
    """Return what a person is asked: what is held, and what is missing and was not asked for."""
    numbers = Counter({effect: judged.mass.counts[effect] for effect in held})
    whys = dict.fromkeys(held.values())
    examples = [one for effect in held for one in judged.examples.get(effect, ())]
    if unasked is None:
        return Asked(numbers, "; ".join(whys), tuple(examples[:EXAMPLES]))
    numbers.update(unasked.held)
    whys[unasked.why] = None
    return Asked(numbers, "; ".join(whys), tuple(examples[:EXAMPLES]), unasked.missing)


def _mass_of(missing: Sequence[Missing], known: int, zone: ZoneInfo) -> Mass:
    """Return what it would be to take away all that is missing."""
    by_day: Counter[tuple[str, date]] = Counter()
    emptied: defaultdict[int, Counter[tuple[str, date]]] = defaultdict(Counter)
    for one in missing:
        whose = one.practitioner, times.local_date(one.starts_at, zone)
        by_day[whose] += 1
        if one.is_slice_empty:
            emptied[one.slice_number][whose] += 1
    return Mass({Effect.GONE: len(missing)}, known, taken_away=by_day, emptied=[*emptied.values()])
