"""What other desks do, brought into the list: rows repainted where they are, and who did it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from frontdesk.arrivals import Effect
from frontdesk.bookings import Booking, Row
from frontdesk.desk import OpenDesk
from frontdesk.errors import FrontdeskError, Unauthorised, Unavailable
from frontdesk.filters import Filters
from frontdesk.listing import Listing
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.screens.list.last_write import LastLine
from frontdesk.screens.list.store_watch import StoreWatch
from frontdesk.sources.bookings import BookingSource
from frontdesk.store.port import STORE, Change
from frontdesk.words import lists


class Elsewhere:
    """Brings what is written elsewhere into `listing`, `key_line` and `last`, in the order of the keys.

    `perform` has a job done after those before it; `tell_screens` is called when it is done.
    `watch` is what has to run beside the screen.
    """

    def __init__(
        self,
        desk: OpenDesk,
        source: BookingSource,
        listing: Listing[Filters, Row],
        key_line: KeyLine,
        last: LastLine,
        perform: Callable[[Callable[[], Awaitable[None]]], None],
        tell_screens: Callable[[StoreChanged], None],
    ) -> None:
        self.watch = StoreWatch(desk, self._changed, self._contact_changed, self._catch_up)
        self._desk = desk
        self._source = source
        self._listing = listing
        self._key_line = key_line
        self._last = last
        self._perform = perform
        self._tell_screens = tell_screens
        self._is_void, self._store_id = False, ""
        self._shown_to = 0
        """The number of a change: those up to it are in the list, whenever news of them comes."""

    def perform_unasked(self, job: Callable[[], Awaitable[None]]) -> None:
        """Have a job done that no key asked for.

        That the store does not answer it is for the bar and line 3 alone. In the key line it would
        be read as the answer to the operator's last key, and that may have been a cancel.
        """

        async def without_an_answer() -> None:
            try:
                await job()
            except Exception as error:
                fault = self._desk.fault(error)
                if not isinstance(fault, Unavailable | Unauthorised):
                    raise
                self.watch.lost(fault)

        self._perform(without_an_answer)

    async def refresh(self) -> None:
        """Read the list anew, with all that was changed elsewhere."""
        await self._desk.ask_state()
        number = self._desk.state.number
        await self._listing.refresh()
        self.watch.found()
        self._shown_to = number
        self._desk.changed_elsewhere.clear()

    def _changed(self, changes: tuple[Change, ...]) -> None:
        self.perform_unasked(lambda: self._take_in(changes))

    async def _take_in(self, changes: tuple[Change, ...]) -> None:
        desk, listing = self._desk, self._listing
        if any(change.subject == STORE for change in changes):
            self._is_void, self._store_id = True, desk.state.store_id
            desk.program.wake_dispatch()
            self._shown_to = 0  # numbers begin anew
            await self._read_again()
            self._tell_screens(StoreChanged(changes))
            return
        if any(change.makes_due for change in changes):
            desk.program.wake_dispatch()
        before = {row.booking.id: row.booking for row in listing.view.rows}
        known = before.keys() | desk.own_changes
        # A bulk load is one change, however many batches it has: F5 shows all of it.
        for change in changes:
            is_news = change.number > self._shown_to and change.booking_id not in known
            if change.subject.kind == "booking" and is_news:
                self._note_unseen(change)
        changed = StoreChanged(changes)
        is_in_view = await listing.repaint(change.booking_id for change in changes)
        if is_in_view and any(change.subject.kind == "booking" for change in changes):
            listing.needs_count = True
        self._tell_who(changed, before)
        await self._last.follow(desk, changed)
        await self.ask_state(changed)

    def _note_unseen(self, change: Change) -> None:
        """Keep that a booking out of view was changed; one that is new here stays so whatever follows."""
        unseen = self._desk.changed_elsewhere
        there = unseen.get(change.booking_id)
        if there is None or there.effect != Effect.NEW.value:
            unseen[change.booking_id] = change

    def _tell_who(self, changed: StoreChanged, before: Mapping[int, Booking]) -> None:
        """Say in the key line who changed the rows in view, unless it was this desk itself."""
        for row in self._listing.view.rows:
            booking, change = row.booking, changed.of(row.booking.id)
            was = before.get(booking.id)
            if change and was and was.version != booking.version and booking.id not in self._desk.own_changes:
                self._key_line.tell(lists.who_changed(change, was, booking, self._desk))

    async def ask_state(self, changed: StoreChanged) -> None:
        """Read the store's state again, and tell every screen why."""
        await self._desk.ask_state()
        self._tell_screens(changed)

    def _contact_changed(self, is_there: bool) -> None:
        if self._desk.shut_out:
            self._listing.withhold(self._desk.shut_out)
        if is_there:
            self._key_line.trouble_over()
            self._key_line.remark("Connected to the bookings again.")
        self._tell_screens(StoreChanged(is_incomplete=is_there))

    async def _catch_up(self) -> None:
        """Show the rows in view as they are now, each where it is, between the operator's keys."""
        done, faults = asyncio.Event(), list[FrontdeskError]()

        async def read_again() -> None:
            try:
                await self._read_again()
            except Exception as error:
                faults.append(self._desk.fault(error))
            finally:
                done.set()

        self._perform(read_again)
        await done.wait()
        if faults:
            raise faults[0]

    async def _read_again(self) -> None:
        rows = self._listing.view.rows
        if self._is_void:
            # A booking that is not in the store any more would stay where it is.
            self._source.practices = self._desk.practices
            await self._listing.refresh()
            self._is_void = False
            self._desk.store_id = self._store_id
            self._last.forget()
            await self._last.find(self._desk)
            self._key_line.remark("The bookings were put back or replaced. The list was read again.")
        elif rows:
            await self._listing.repaint()
            self._listing.needs_count = True
            await self._listing.fill()
        else:
            await self._listing.refresh()
        await self._last.read_again(self._desk)
