"""Bookings: find one among many, and what to do with it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from frontdesk.actions import ACTIONS, MENU, Action
from frontdesk.bookings import COUNT_LIMIT, Booking, Count, Row, Status, why_not_cancel
from frontdesk.commands import Done
from frontdesk.desk import OpenDesk
from frontdesk.errors import FrontdeskError, Unauthorised, Unavailable
from frontdesk.identity import marked_in_search
from frontdesk.keys import first_key, why_not
from frontdesk.screens.binding import everywhere_bindings, list_bindings
from frontdesk.screens.list.booking_columns import booking_columns
from frontdesk.screens.list.changes import ContactChanged, StoreChanged
from frontdesk.screens.list.diary_read import DiaryRead
from frontdesk.screens.list.elsewhere import Elsewhere
from frontdesk.screens.list.key_line import IN_FIND, IN_LIST, KeyLine
from frontdesk.screens.list.last_write import LastLine
from frontdesk.screens.list.narrowing import NO_BOOKING
from frontdesk.screens.list.neighbours import Neighbours
from frontdesk.screens.list.pane import Pane
from frontdesk.screens.opening import DIALOGS, screen_at
from frontdesk.screens.shell.notices import show_bug
from frontdesk.sources.bookings import BookingSource
from frontdesk.widgets.bar import Bar
from frontdesk.widgets.find_bar import FindField, edits_text
from frontdesk.widgets.line import Line
from frontdesk.widgets.list_table import Column, ListTable
from frontdesk.widgets.row_menu import RowMenu
from frontdesk.words import lists
from frontdesk.words.fitting import stop_behind
from frontdesk.words.pane import pane_width
from frontdesk.words.told import Role, told

if TYPE_CHECKING:
    from frontdesk.screens.dialogs.booking import Closed


MINUTE = 60
"""Seconds between two changes of the clock on the bar."""

_ABOUT_ROW = frozenset(
    key for action in ACTIONS if action.in_menu or action.does == "menu" for key in action.keys
)
"""Keys that open something over the marked row: what the pane says of it stays true."""


class BookingTable(ListTable[Row], inherit_bindings=False):
    """The table with the list's letters bound to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = list_bindings()


class BookingsScreen(Neighbours, inherit_bindings=False):
    """Find, the list, the row menu, and the three lines that say how things stand.

    It is the first list of a desk, and stays below all that is opened over it: it follows the
    store for every screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings()
    ACTIONS = ACTIONS
    LEAVES = frozenset()
    CSS = """
    BookingsScreen { layers: base menu; }
    #find-label { width: 6; }
    #find { width: 34; }
    #find-line { height: 1; }
    #body { height: 1fr; }
    BookingsScreen.-wide #peek, BookingsScreen.-wide #beside { display: none; }
    BookingsScreen.-wide #pane { display: block; }
    """

    def __init__(self, desk: OpenDesk) -> None:
        source = BookingSource(desk.store, desk.now, desk.practices, desk.program.settings.home)
        super().__init__(desk, source, KeyLine(IN_FIND, IN_LIST, id="keys"))
        self._search_waits = False
        self._is_covered = False
        self._is_enter = self._is_about_row = False
        """Whether the key that is handled is Enter: an answer may have offered it something."""
        self.last = LastLine(id="last")
        self.elsewhere = Elsewhere(
            desk, self.source, self.listing, self.key_line, self.last, self.perform, self._tell_screens
        )
        self._columns = [
            booking_columns(several_practices=several, was_at=self.listing.was_at)
            for several in (False, True)
        ]
        show = partial(self.perform_unasked, self.elsewhere.refresh)
        self._diary_read = DiaryRead(desk, self.key_line, show, self._tell_screens)
        self._searched: tuple[Row, ...] = ()
        self._marked: tuple[Row, ...] = ()
        """The rows of a search, and the same ones with who has the same name among them."""
        self._to_come: Count | None = None
        """How many of the bookings that a search found are still to come."""

    # -- what is on it ------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Bar(id="bar")
        with Horizontal(id="find-line"):
            yield Line(id="find-label")
            yield FindField(id="find")
            yield Line(id="found")
        yield Line(id="show")
        with Horizontal(id="body"):
            yield BookingTable(id="list")
            yield Pane(self.desk, id="pane")
        yield Line(id="peek")
        yield Line(id="beside")
        yield self.last
        yield self.key_line
        yield RowMenu(id="menu")

    @property
    def menu(self) -> RowMenu:
        return self.query_one("#menu", RowMenu)

    @property
    def columns(self) -> tuple[Column[Row], ...]:
        return self._columns[len(self.desk.practices) > 1]

    def on_mount(self) -> None:
        self._wait_a_minute()
        self._make_room(self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._make_room(event.size.width)

    def _make_room(self, width: int) -> None:
        """Have the pane beside the list where there is room for both."""
        cells = pane_width(width)
        self.set_class(cells > 0, "-wide")
        if cells:
            self.pane.styles.width = cells

    def on_screen_suspend(self) -> None:
        self.menu.close()
        self._is_covered = True
        self.pane.cover(True)
        self._follow_focus()

    def on_screen_resume(self) -> None:
        self._is_covered = False
        self.pane.cover(False)
        if self.chooser_from is self.table:
            self.set_focus(self.table)
        else:
            # After every dialog the next letter begins a new search.
            self._back_to_find()
        self.chooser_from = None
        self._follow_focus()

    def _follow_focus(self) -> None:
        """Name the keys that work where the focus is now, on every line that names any."""
        self.key_line.follow_focus(in_list=self.focused is self.table)
        self.key_line.cover(not self._keys_work)
        has_keys = self.focused is self.find and not self._is_covered
        self.line("find-label").show(told(" Find", Role.STRONG if has_keys else Role.QUIET))
        self.find.refresh()
        self.show_table()
        self._show_found()
        self.show_bar()

    @property
    def _keys_work(self) -> bool:
        """Whether the list's keys are not kept by a menu, a dialog or another screen."""
        return not (self._is_covered or self.menu.is_open)

    def _keys_to(self, action_id: str) -> str:
        """What does something that only the list's keys do, from where the focus is."""
        if not self._keys_work:
            return ""
        ways = (action_id,) if self.focused is self.table else ("focus.switch", action_id)
        by_id = {action.id: action for action in ACTIONS}
        return " ".join(first_key(by_id[way], self.desk.program.settings.keys) for way in ways)

    def _back_to_find(self) -> None:
        self.set_focus(self.find)  # at once: focus() would have the other key line painted first
        self.find.select_all()

    def on_list_table_resized(self, message: ListTable.Resized) -> None:
        self.show_neighbours()
        if self.menu.is_open:
            self.call_after_refresh(self._place_menu)

    # -- one thing after the other ------------------------------------------------------

    def failed(self, error: Exception) -> None:
        if not isinstance(error, FrontdeskError):
            show_bug(self.app, self.desk.program, error)
        # As long as what was asked for is not read, whatever keeps it away is asked about again.
        elif isinstance(error, Unavailable | Unauthorised) or self.listing.query is None:
            self.elsewhere.watch.lost(error)
            self.key_line.trouble(error.hint)
        else:
            self.say(error.hint)

    def perform_unasked(self, job: Callable[[], Awaitable[None]]) -> None:
        self.elsewhere.perform_unasked(job)

    async def begin(self) -> None:
        try:
            await self.listing.start()
        finally:
            # A store that is still on its way keeps the interpreter busy: the list is painted first.
            self.table.call_after_refresh(self._look_around)

    def _look_around(self) -> None:
        self.is_painted.set()
        self._show_last_write()
        self.show_neighbours()
        watch = self.elsewhere.watch
        self.run_worker(watch.follow(), group="changes", exit_on_error=False)
        self.run_worker(watch.ask_until_back(), group="changes", exit_on_error=False)

    @work(exit_on_error=False)
    async def _show_last_write(self) -> None:
        try:
            await self.last.find(self.desk)
        except Exception as error:
            self.desk.fault(error)

    # -- the list -----------------------------------------------------------------------

    def show_list(self) -> None:
        """Bring every line in agreement with the listing."""
        listing = self.listing
        self.show_table()
        self._show_found()
        self.show_neighbours()
        self.show_bar()
        if listing.needs_count:
            self._count()
        self.offer_nearest()

    def show_table(self) -> None:
        listing, view = self.listing, self.listing.view
        if listing.text:
            if view.rows is not self._searched:
                self._searched, self._marked = view.rows, marked_in_search(view.rows, self.shown_at)
            view = replace(view, rows=self._marked)
        notice = () if view.rows else self.notice()
        # Each row of a search is read by itself: its day is always written.
        self.table.show(view, self.columns, self.shown_at, notice, leaves_out=not listing.text)

    def notice(self) -> tuple[str, ...]:
        day = self.days.notice(self.table.size.width) if self._keys_work else ()
        nearest = self.meant.notice(self.find.value)
        return day or nearest or lists.empty_notice(self.desk, self.listing, self._keys_to("filter.none"))

    @work(exclusive=True, exit_on_error=False, group="count")
    async def _count(self) -> None:
        listing, query = self.listing, self.listing.query
        if listing.count is None:
            self._to_come = None
        try:
            await listing.count_hits()
            # Of a number that is not exact it is not said how many are still to come.
            is_exact = listing.count is not None and listing.count.exact
            if is_exact and query is not None and query.text and query.filters.status is None:
                to_come = replace(query, filters=query.filters.with_status(Status.UPCOMING))
                counted = await self.source.count(to_come, COUNT_LIMIT)
                self._to_come = counted if query is listing.query else None
            self._show_found()
            await self.meant.count()
        except Exception as error:
            self.desk.fault(error)
        self._show_found()

    def _show_found(self) -> None:
        if not self.app.is_running:
            return  # left while somebody counted
        listing, keys_work = self.listing, self._keys_work
        in_list = self.focused is self.table and keys_work
        clears, called = self._keys_to("filter.none"), self.meant.called(self._keys_to("filter.practitioner"))
        line = lists.show_line(
            listing, self.desk, clears, called, in_list=in_list, keys_work=keys_work, width=self.size.width
        )
        self.line("show").show(line)
        found = f"{lists.found(listing, self.desk, self._to_come)} "
        self.line("found").show(told(stop_behind(listing.text), right=found))

    def show_bar(self) -> None:
        self.query_one("#bar", Bar).names_keys = self._keys_work
        super().show_bar()

    async def takes(self, event: events.Event) -> bool:
        key = event.key if isinstance(event, events.Key) else ""
        self._is_enter = key == "enter"
        self._is_about_row = self._is_enter or (self.focused is not self.find and key in _ABOUT_ROW)
        # What only changes the text at Find need not wait for a search.
        return (self.focused is self.find and edits_text(event)) or await super().takes(event)

    def key_comes(self) -> None:
        super().key_comes()
        if not self._is_about_row:
            self.pane.keys_come()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._follow_focus()

    def come_back(self, booking: Booking, said: str) -> None:
        """Say to who locked the screen what they were about to do; Enter goes on with it."""
        row, now = self.listing.current, self.desk.now()
        # In a store that was replaced meanwhile the id may be that of another patient's booking.
        if row is None or (row.booking.id, row.booking.patient) != (booking.id, booking.patient):
            return
        if why_not_cancel(row.booking, now, self.desk.standing) is None:
            self.say(said)
            self.key_line.offer(partial(self.action_do, "booking.cancel"))

    def on_list_table_dead_key(self, message: ListTable.DeadKey) -> None:
        self.say(f"{message.character} does nothing here. Esc, then type a name.")

    # -- find ---------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self._search_waits:
            self._search_waits = True
            self.perform(self._search)

    async def _search(self) -> None:
        self._search_waits = False
        if self.find.value.strip() != self.listing.text or self.listing.query is None:
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
        self.perform(self.listing.start)
        self.find.focus()

    def action_refresh_list(self) -> None:
        self.perform(self.elsewhere.refresh)
        self._read_diaries()

    @work(exclusive=True, exit_on_error=False, group="diaries")
    async def _read_diaries(self) -> None:
        """Beside the keys: a PMS may take its time."""
        await self._diary_read.run()

    # -- one booking --------------------------------------------------------------------

    def pointed(self, x: int, y: int, turned: int) -> None:
        if not self.menu.is_open:
            super().pointed(x, y, turned)

    def pressed_twice(self) -> None:
        self.perform(self._open_menu)

    async def _open_menu(self) -> None:
        self.action_menu()

    def action_menu(self) -> None:
        if self._is_enter and self.key_line.take_offer():
            return
        row = self.listing.current
        if nearest := self.meant.nearest(self.find.value):
            self.find.value = nearest[0]
            return
        if row is None:
            # Where the list could not be read, this is so only until it is.
            answer = self.say if self.listing.query else self.key_line.trouble
            answer(NO_BOOKING)
            return
        now, standing, keys = self.desk.now(), self.desk.standing, self.desk.program.settings.keys
        here = self.desk.here
        lines = [
            (action, first_key(action, keys), why_not(action, row.booking, now, standing, keys, here))
            for action in MENU
        ]
        shown = [line for line in lines if line[2] is None or not line[0].menu_key]
        self.menu.open(row.booking, shown, now)
        self._place_menu()
        self._follow_focus()

    def _place_menu(self) -> None:
        """Put the menu below its row, or above it in the lower half; all of it stays in the window."""
        menu, width = self.menu, min(78, self.size.width)
        height, at = menu.height_in(width), self.table.region.y + self.table.line_of_cursor()
        below = at - self.table.region.y <= self.table.size.height // 2
        top = min(at + 1, self.size.height - height) if below else at - height
        menu.styles.offset = (max(0, min(2, self.size.width - 78)), max(0, top))
        menu.styles.width = width

    def on_row_menu_closed(self) -> None:
        self._close_menu()

    def on_row_menu_chosen(self, message: RowMenu.Chosen) -> None:
        self._close_menu()
        self._do(message.action, message.booking)

    def _close_menu(self) -> None:
        self.menu.close()
        self._back_to_find()
        self._follow_focus()

    def action_do(self, action_id: str) -> None:
        """Do it, or open the menu, which says why it cannot be done and what can."""
        row = self.listing.current
        action = next(action for action in MENU if action.id == action_id)
        if row is None:
            self.action_menu()
            return
        keys = self.desk.program.settings.keys
        if why_not(action, row.booking, self.desk.now(), self.desk.standing, keys, self.desk.here):
            self.action_menu()
        else:
            self._do(action, row.booking)

    def _do(self, action: Action, booking: Booking) -> None:
        self.desk.note_opened(booking)
        if action.asks:
            self.app.push_screen(screen_at(DIALOGS[action.asks])(self.desk, booking), self._dialog_closed)
        else:
            self.app.push_screen(screen_at(action.opens)(self.desk, booking))

    def _dialog_closed(self, closed: "Closed | None") -> None:
        if closed is None:
            return  # by the lock
        if closed.saved is None:
            self.say(closed.said)
            return
        self.desk.program.wake_dispatch()
        if closed.done is not None:
            done = closed.done
            self.elsewhere.perform_unasked(lambda: self._after_write(done))

    async def _after_write(self, done: Done[Booking]) -> None:
        booking = done.thing
        self.listing.put(booking.id, lambda row: replace(row, booking=booking))
        await self.last.state(self.desk, done)
        await self.listing.repaint([booking.id])
        await self.desk.ask_state()

    def start_over(self) -> None:
        """Begin at Find, with no filter and nothing of what was on the screen: another operator is here."""
        self.empty_find()
        self.key_line.key_comes()
        self.last.forget()
        self.desk.changed_elsewhere.clear()
        self.desk.recent = ()
        self.listing.forget()
        self.show_list()
        self.perform(self.listing.start)
        self._show_last_write()

    # -- what happens elsewhere ---------------------------------------------------------

    def _tell_screens(self, changed: StoreChanged) -> None:
        self.app.post_message(ContactChanged())
        for screen in self.app.screen_stack:
            screen.post_message(changed)

    def follow(self, change: StoreChanged) -> None:
        self.show_standing()  # `elsewhere` has brought the rows up to date

    def show_standing(self) -> None:
        """Say how the desk stands: who and what is in trouble, and what waits."""
        self.show_bar()
        self._show_found()

    def _wait_a_minute(self) -> None:
        """Wait until the clock on the bar shows another minute."""
        self.set_timer(MINUTE - self.desk.now().second, self._each_minute)

    def _each_minute(self) -> None:
        self._wait_a_minute()
        if self.listing.crossed():
            self.listing.retake_time()
            self.listing.needs_count = True
        # Who is away, and whether anybody carries deliveries out, changes without a change.
        self.elsewhere.perform_unasked(lambda: self.elsewhere.ask_state(StoreChanged()))
