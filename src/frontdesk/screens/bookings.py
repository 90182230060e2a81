"""Bookings: find one among many, and what to do with it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

from frontdesk.bookings import Booking, BookingQuery, Direction, FrontdeskError, Standing, Status, Unavailable
from frontdesk.commands import MENU, Command
from frontdesk.desk import OpenDesk
from frontdesk.filters import Filters
from frontdesk.keys import first_key, why_not
from frontdesk.listing import Listing
from frontdesk.screens import words
from frontdesk.screens.binding import everywhere_bindings, list_bindings
from frontdesk.screens.changes import StoreChanged
from frontdesk.screens.last_write import LastLine
from frontdesk.screens.notices import show_bug
from frontdesk.store.port import Change, ChangeKind
from frontdesk.widgets.booking_summary import peek, same_name_words
from frontdesk.widgets.booking_table import PEEK_UNTIL, BookingTable
from frontdesk.widgets.find_bar import FindField
from frontdesk.widgets.line import ALERT, BOLD, PLAIN, Line
from frontdesk.widgets.row_menu import RowMenu
from frontdesk.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from frontdesk.screens.cancel import Closed


class ListTable(BookingTable, inherit_bindings=False):
    """The table with the list's letters bound to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = list_bindings()


class BookingsScreen(Screen[None], inherit_bindings=False):
    """Find, the list, the row menu, and the three lines that say how things stand.

    Everything that reads the store goes through one queue, `_perform`, in the order of the
    keys; `settled` lets the next key wait for it.
    """

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings()
    CSS = """
    BookingsScreen { layers: base menu; }
    #find-label { width: 6; }
    #found { width: 26; }
    #find-line { height: 1; }
    """

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self.desk = desk
        self.listing = Listing(
            desk.store, desk.now, desk.practices, desk.practitioners, desk.desk.settings.home
        )
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._search_waits = False
        self._started = False
        self.is_painted = asyncio.Event()
        self.last = LastLine(id="last")
        self._message = ""
        self._is_covered = False
        self._own: set[int] = set()
        self._counted: BookingQuery | None = None

    # -- what is on it ------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Horizontal(id="find-line"):
            yield Line(id="find-label")
            yield FindField(id="find")
            yield Line(id="found")
        yield Line(id="show")
        yield ListTable(id="list")
        yield Line(id="peek")
        yield self.last
        yield Line(id="keys")
        yield StatusLine(id="status")
        yield RowMenu(id="menu")

    @property
    def find(self) -> FindField:
        return self.query_one("#find", FindField)

    @property
    def table(self) -> ListTable:
        return self.query_one("#list", ListTable)

    @property
    def menu(self) -> RowMenu:
        return self.query_one("#menu", RowMenu)

    def line(self, name: str) -> Line:
        """Return one of the text lines by its id."""
        return self.query_one(f"#{name}", Line)

    def on_mount(self) -> None:
        self.line("find-label").show("Find:", style=BOLD)
        self._work_through()
        self.set_interval(60, self._each_minute)

    def on_screen_suspend(self) -> None:
        # What is left of the list beside a dialog may not name keys that the dialog keeps to itself.
        self._is_covered = True
        self._show_keys()

    def on_screen_resume(self) -> None:
        self._is_covered = False
        self.show_status()
        # After every dialog the next letter begins a new search.
        self._back_to_find()
        self._show_keys()

    def _back_to_find(self) -> None:
        self.set_focus(self.find)  # at once: focus() would have the other key line painted first
        self.find.select_all()

    def on_booking_table_resized(self, message: BookingTable.Resized) -> None:
        message.stop()
        self.line("peek").display = self.size.width < PEEK_UNTIL
        rows = self.table.room
        if not self._started:
            self._started = True
            self.listing.height = rows
            self._perform(self._start)
        elif rows != self.listing.height:
            self.listing.height = rows
            self._perform(self.listing.refresh)

    # -- one thing after the other ------------------------------------------------------

    def _perform(self, job: Callable[[], Awaitable[None]]) -> None:
        self._jobs.put_nowait(job)

    async def settled(self) -> None:
        """Return when everything asked of the list so far is on screen."""
        await self._jobs.join()

    @work(exit_on_error=False, group="jobs")
    async def _work_through(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
                self.desk.away_since = ""
            except Unavailable as error:
                self._store_is_away()
                self.say(error.hint)
            except FrontdeskError as error:
                self.say(error.hint)
            except Exception as error:
                show_bug(self.app, self.desk.desk, error)
            finally:
                self.show_list()
                self._jobs.task_done()

    async def _start(self) -> None:
        try:
            await self.listing.start()
        finally:
            # A store that is still on its way keeps the interpreter busy: the list is painted first.
            self.table.call_after_refresh(self._look_around)

    def _look_around(self) -> None:
        self.is_painted.set()
        self._show_last_write()
        self._show_peek()
        self._watch_changes()

    @work(exit_on_error=False)
    async def _show_last_write(self) -> None:
        with suppress(FrontdeskError):
            await self.last.find(self.desk)

    def _standing(self) -> Standing:
        standing = self.desk.state.standing
        if since := self.desk.away_since:
            return replace(standing, why_not_writable=f"the store is away since {since}")
        return standing

    def _store_is_away(self) -> None:
        if not self.desk.away_since:
            self.desk.away_since = f"{self.desk.now().astimezone(self.desk.here):%H:%M}"

    # -- the list -----------------------------------------------------------------------

    def show_list(self) -> None:
        """Bring every line in agreement with the listing."""
        listing = self.listing
        notice = () if listing.view.rows else words.empty_notice(self.desk, listing)
        self.table.show(
            listing.view,
            listing.as_of,
            several_practices=len(self.desk.practices) > 1,
            notice=notice,
        )
        self._show_found()
        self._show_peek()
        self._show_keys()
        self.show_status()
        if listing.count is None and listing.query is not None and listing.query != self._counted:
            self._counted = listing.query
            self._count()

    @work(exclusive=True, exit_on_error=False, group="count")
    async def _count(self) -> None:
        try:
            await self.listing.count_hits()
        except FrontdeskError:
            return
        self._show_found()

    def _show_found(self) -> None:
        left, right, alert = words.show_line(self.listing)
        self.line("show").show(left, right, ALERT if alert else PLAIN)
        self.line("found").show("", words.found(self.listing))

    def _show_peek(self) -> None:
        row = self.listing.current
        if not self.line("peek").display:
            return
        self.line("peek").show(peek(row.booking) if row else "")
        if row is not None and self.is_painted.is_set():
            self._look_for_namesakes(row.booking)

    @work(exclusive=True, exit_on_error=False, group="namesakes")
    async def _look_for_namesakes(self, booking: Booking) -> None:
        try:
            namesakes = await self.desk.store.namesakes(booking.id)
        except FrontdeskError:
            return
        row = self.listing.current
        if row is not None and row.booking.id == booking.id:
            self.line("peek").show(peek(row.booking), same_name_words(namesakes))

    def show_status(self) -> None:
        """Say who sits here and how the store stands."""
        self.query_one("#status", StatusLine).show_desk(self.desk)

    def say(self, message: str) -> None:
        """Answer the operator in the key line, until the next key."""
        self._message = message
        self._show_keys()

    def key_comes(self) -> None:
        """Take the last answer away: a new key is about to be handled."""
        if self._message:
            self._message = ""
            self._show_keys()

    def _show_keys(self) -> None:
        if self._is_covered:
            self.line("keys").show("")
        elif self._message:
            self.line("keys").show(self._message, style=BOLD)
        else:
            self.line("keys").show(words.key_line(in_list=self.focused is self.table))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._show_keys()

    def on_booking_table_dead_key(self, message: BookingTable.DeadKey) -> None:
        self.say(f"{message.character} does nothing here. Esc, then type a name.")

    # -- find ---------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self._search_waits:
            self._search_waits = True
            self._perform(self._search)

    async def _search(self) -> None:
        self._search_waits = False
        if self.find.value.strip() != self.listing.text:
            await self.listing.search(self.find.value)

    def action_find(self) -> None:
        self.find.focus()

    def action_switch_focus(self) -> None:
        (self.find if self.table.has_focus else self.table).focus()

    def action_back(self) -> None:
        if self.find.has_focus:
            self.find.value = ""
        else:
            self.find.focus()

    def action_home_view(self) -> None:
        self.find.value = ""
        self._perform(self.listing.start)
        self.find.focus()

    def action_refresh_list(self) -> None:
        self._perform(self._refresh)

    async def _refresh(self) -> None:
        await self.listing.refresh()
        await self.desk.ask_state()
        self.desk.elsewhere.clear()

    # -- moving and filters -------------------------------------------------------------

    def action_move(self, step: int) -> None:
        self._perform(lambda: self.listing.move(step))

    def action_turn_page(self, step: int) -> None:
        self._perform(lambda: self.listing.turn_page(_direction(step)))

    def action_go_to_end(self, step: int) -> None:
        self._perform(lambda: self.listing.go_to_end(_direction(step)))

    def _filter(self, filters: Filters) -> None:
        self._perform(lambda: self.listing.filter(filters))

    def action_only(self, status: str) -> None:
        self._filter(self.listing.filters.with_status(Status(status)))

    def action_clear_filters(self) -> None:
        self._perform(self.listing.clear_filters)

    def action_days(self, first: int, last: int) -> None:
        self._filter(self.listing.day_filter(first, last))

    def action_any_day(self) -> None:
        self._filter(self.listing.filters.on_days(None, None))

    def action_move_day(self, days: int) -> None:
        self._filter(self.listing.filters.moved_by(days, self.listing.today))

    @work(exit_on_error=False, group="asking")
    async def action_choose_practitioner(self) -> None:
        names: dict[str, set[int]] = {}
        for practitioner in self.desk.practitioners:
            names.setdefault(practitioner.name, set()).add(practitioner.id)
        choices = [(name, words.where_works(self.desk, ids)) for name, ids in sorted(names.items())]
        chosen = await self._chosen("Show one practitioner", choices)
        if chosen is not None:
            name, _ = choices[chosen]
            self._filter(self.listing.filters.for_practitioner(name, frozenset(names[name])))

    @work(exit_on_error=False, group="asking")
    async def action_choose_practice(self) -> None:
        practices = self.desk.practices
        choices = [(practice.name, practice.short) for practice in practices]
        chosen = await self._chosen("Show one practice", choices)
        if chosen is not None:
            self._filter(self.listing.filters.for_practice(practices[chosen].id))

    async def _chosen(self, title: str, choices: list[tuple[str, str]]) -> int | None:
        # Here and below: the list does not wait until every screen that it opens is loaded.
        from frontdesk.screens.chooser import Choice, ChooserScreen

        return await self.app.push_screen_wait(ChooserScreen(title, [Choice(*one) for one in choices]))

    # -- one booking --------------------------------------------------------------------

    def action_menu(self) -> None:
        row = self.listing.current
        if row is None:
            self.say("There is no booking here to act on.")
            return
        now, standing, keys = self.desk.now(), self._standing(), self.desk.desk.settings.keys
        lines = [
            (command, first_key(command, keys), why_not(command, row.booking, now, standing, keys))
            for command in MENU
        ]
        menu = self.menu
        height, at = len(lines) + 2, self.table.region.y + self.table.line_of_cursor()
        below = at - self.table.region.y <= self.table.size.height // 2
        menu.styles.offset = (max(0, min(2, self.size.width - 78)), at + 1 if below else at - height)
        menu.styles.width = min(78, self.size.width)
        menu.open(row.booking, lines, now)

    def on_row_menu_closed(self) -> None:
        self._close_menu()

    def on_row_menu_chosen(self, message: RowMenu.Chosen) -> None:
        self._close_menu()
        self._do(message.command, message.booking)

    def _close_menu(self) -> None:
        self.menu.close()
        self._back_to_find()

    def action_do(self, command_id: str) -> None:
        """Do it, or open the menu, which says why it cannot be done and what can."""
        row = self.listing.current
        command = next(command for command in MENU if command.id == command_id)
        if row is None:
            self.action_menu()
            return
        keys = self.desk.desk.settings.keys
        if why_not(command, row.booking, self.desk.now(), self._standing(), keys):
            self.action_menu()
        else:
            self._do(command, row.booking)

    def _do(self, command: Command, booking: Booking) -> None:
        if command.id == "booking.cancel":
            from frontdesk.screens.cancel import CancelScreen

            self.app.push_screen(CancelScreen(self.desk, booking), self._cancel_closed)
        elif command.id == "booking.details":
            from frontdesk.screens.details import DetailsScreen

            self.app.push_screen(DetailsScreen(self.desk, booking))

    def _cancel_closed(self, closed: "Closed | None") -> None:
        if closed is None or closed.cancelled is None:
            self.say(closed.said if closed else "")
            return
        cancelled = closed.cancelled
        self._own.add(cancelled.id)
        self.desk.desk.wake_dispatch()
        self._perform(lambda: self._after_cancel(cancelled))

    async def _after_cancel(self, cancelled: Booking) -> None:
        await self.listing.repaint([cancelled.id])
        await self.last.state(self.desk, cancelled)
        await self.desk.ask_state()

    # -- what happens elsewhere ---------------------------------------------------------

    @work(exit_on_error=False, group="changes")
    async def _watch_changes(self) -> None:
        number = self.desk.state.number
        while True:
            try:
                changes = await self.desk.store.changes(number, wait=20.0)
            except FrontdeskError:
                self._store_is_away()
                self._tell_screens(StoreChanged(()))
                await asyncio.sleep(2)
                continue
            if changes:
                number = changes[-1].number
                self._perform(lambda seen=changes: self._take_changes(seen))  # type: ignore[misc]
            elif self.desk.away_since:
                self.desk.away_since = ""
                self._tell_screens(StoreChanged(()))

    async def _take_changes(self, changes: tuple[Change, ...]) -> None:
        if any(change.makes_due for change in changes):
            self.desk.desk.wake_dispatch()
        ids = {change.booking_id for change in changes if change.booking_id is not None}
        await self.listing.repaint(ids)
        in_view = {row.booking.id for row in self.listing.view.rows}
        known = in_view | self._own
        # A bulk load is one change, however many batches it has: F5 shows all of it.
        self.desk.elsewhere |= {
            change.booking_id
            for change in changes
            if change.kind is ChangeKind.BOOKING and change.booking_id not in known
        }
        changed = StoreChanged(change.booking_id for change in changes)
        await self.last.follow(self.desk, changed)
        await self._ask_state(changed)

    async def _ask_state(self, changed: StoreChanged) -> None:
        await self.desk.ask_state()
        self._tell_screens(changed)

    def _tell_screens(self, changed: StoreChanged) -> None:
        for screen in self.app.screen_stack:
            screen.post_message(changed)

    def on_store_changed(self) -> None:
        self.show_status()

    def _each_minute(self) -> None:
        if self.listing.crossed_start():
            self.listing.retake_time()
        # Who is away, and whether anybody carries deliveries out, changes without a change.
        self._perform(lambda: self._ask_state(StoreChanged(())))


def _direction(step: int) -> Direction:
    return Direction.FORWARD if step > 0 else Direction.BACKWARD
