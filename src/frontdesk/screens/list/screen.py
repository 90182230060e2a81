"""A screen with a list: a source of rows, a table of columns, and keys."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar, Generic

from textual import events, work
from textual.app import ComposeResult
from textual.screen import Screen

from frontdesk.actions import Action
from frontdesk.bookings import Direction
from frontdesk.desk import OpenDesk
from frontdesk.listing import Listing
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.screens.shell.notices import TooSmallScreen
from frontdesk.sources.port import Q, R, Source
from frontdesk.widgets.bar import Bar
from frontdesk.widgets.line import Line
from frontdesk.widgets.list_table import Column, ListTable
from frontdesk.words.key_line import KeyWords
from frontdesk.words.told import Part, Role, Told, told

TWICE_WITHIN = 0.5
"""Seconds between two presses of the mouse that are meant as one."""
NOT_PRESSED = (-1, 0.0)
"""The row that was pressed last, and when: none."""


class ListScreen(Screen[None], Generic[Q, R], inherit_bindings=False):
    """Base of a screen with a list. A subclass has `columns`, ACTIONS with their BINDINGS, and words.

    Everything that reads the source goes through one queue, `perform`, in the order of the
    keys; the next key waits for it. `KEEPS` rows stay in view when the page is turned. What
    `LEAVES` takes the screen away, and waits for no answer.
    """

    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    TITLE_WORDS: ClassVar[str] = ""
    KEY_WORDS: ClassVar[tuple[KeyWords, ...]] = (
        KeyWords("Up Down", "move"),
        KeyWords("Esc", "back"),
        KeyWords("F1", "help"),
    )
    READING: ClassVar[str] = "Reading..."
    KEEPS: ClassVar[int] = 1
    LEAVES: ClassVar[frozenset[str]] = frozenset({"escape", "q"})

    def __init__(self, desk: OpenDesk, source: Source[Q, R], key_line: KeyLine | None = None) -> None:
        super().__init__()
        self.desk = desk
        self.listing = Listing(source, desk.now, keeps=self.KEEPS)
        self.listing.on_late = self.show_list
        self.key_line = key_line or KeyLine(self.KEY_WORDS, id="keys")
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._has_begun = False
        self._pressed = NOT_PRESSED
        self._is_unread = False
        """Something could not be read: the list is read anew when the store has news, or answers."""

    # -- what a list says ---------------------------------------------------------------

    @property
    @abstractmethod
    def columns(self) -> tuple[Column[R], ...]:
        """The table's columns."""

    @property
    def offered(self) -> tuple[Action, ...]:
        """What the palette shows, and can do on this screen."""
        return tuple(action for action in self.ACTIONS if action.in_palette)

    @property
    def shown_at(self) -> datetime:
        """The store's time that rows are shown as of."""
        return self.listing.as_of

    def make_table(self) -> ListTable[R]:
        """Return the table: where rows take more than their line, another one."""
        return ListTable(id="list")

    def headline(self) -> str:
        """Return what stands at the right of the title, such as how many rows there are."""
        return ""

    def under_title(self) -> Told:
        """Return the line below the title; most lists leave it empty."""
        return told("")

    def foot(self) -> Told:
        """Return the line below the table, such as sums."""
        return told("")

    def nothing(self) -> tuple[str, ...]:
        """Return the lines that take the place of rows where a list that was read has none."""
        return ("      Nothing here.",)

    def notice(self) -> tuple[str, ...]:
        """Return the lines that take the place of rows when none is in view."""
        return self.nothing() if self.listing.query else (f"      {self.READING}",)

    # -- what is on it ------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Bar(id="bar")
        yield Line(id="title")
        yield Line(id="under-title")
        yield self.make_table()
        yield Line(id="foot")
        yield self.key_line

    def on_mount(self) -> None:
        self._work_through()

    @property
    def table(self) -> ListTable[R]:
        """The table of the list."""
        table: ListTable[R] = self.query_one("#list", ListTable)
        return table

    def line(self, name: str) -> Line:
        """Return one of the text lines by its id."""
        return self.query_one(f"#{name}", Line)

    def show_list(self) -> None:
        """Bring every line in agreement with the listing."""
        title = (Part(f" {self.TITLE_WORDS}", Role.STRONG),)
        self.line("title").show(Told(title, (Part(f"{self.headline()} "),)))
        self.line("under-title").show(self.under_title())
        self.line("foot").show(self.foot())
        self.show_table()
        self.show_bar()

    def show_table(self) -> None:
        """Show the rows in view, or what takes their place."""
        listing = self.listing
        self.table.show(listing.view, self.columns, self.shown_at, () if listing.view.rows else self.notice())

    def show_bar(self) -> None:
        """Say who sits here and how the store stands."""
        self.query_one("#bar", Bar).show_desk(self.desk)

    def say(self, message: str) -> None:
        """Answer the operator in the key line, until the next key."""
        self.key_line.answer(message)

    def on_list_table_resized(self, message: ListTable.Resized) -> None:
        message.stop()
        rows = self.table.room
        if not self._has_begun:
            self._has_begun = True
            self.listing.height = rows
            self.perform(self.begin)
        elif rows != self.listing.height and not isinstance(self.app.screen, TooSmallScreen):
            self.perform_unasked(lambda: self.listing.resize(rows))

    # -- one thing after the other ------------------------------------------------------

    def perform(self, job: Callable[[], Awaitable[None]]) -> None:
        """Have a job done after all that were asked for before."""
        self._jobs.put_nowait(job)

    def perform_unasked(self, job: Callable[[], Awaitable[None]]) -> None:
        """Have a job done that no key asked for; that it cannot be done is no answer to a key."""

        async def without_an_answer() -> None:
            try:
                await job()
            except Exception as error:
                self.desk.fault(error)

        self.perform(without_an_answer)

    @work(exit_on_error=False, group="jobs")
    async def _work_through(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except Exception as error:
                self.failed(error)
            finally:
                self.show_list()
                self._jobs.task_done()

    def failed(self, error: Exception) -> None:
        """Tell the operator that something asked of the list was not done."""
        self._is_unread = True
        self.key_line.trouble(self.desk.fault(error).hint)

    async def begin(self) -> None:
        """Read the list for the first time; what a table has room for is known by now."""
        await self.read_anew()

    async def read_anew(self) -> None:
        """Ask for the list again, with what is new, the cursor on its row."""
        await self.listing.refresh()
        self._is_unread = False
        self.key_line.trouble_over()

    async def settled(self) -> None:
        """Return when everything asked of the list so far is done, and on screen."""
        await self._jobs.join()

    async def takes(self, event: events.Event) -> bool:
        """Wait until what was asked for before is on screen: the key may be meant for it."""
        if not (isinstance(event, events.Key) and event.key in self.LEAVES):
            await self.settled()
        return True

    def key_comes(self) -> None:
        """Take the last answer away: a new key is about to be handled."""
        self.key_line.key_comes()

    # -- what happens elsewhere ---------------------------------------------------------

    def on_store_changed(self, message: StoreChanged) -> None:
        self.follow(message)

    def follow(self, change: StoreChanged) -> None:
        """Show what others did: rows in view are read again, each in its place; what is unread, anew."""
        if self.listing.view.rows and not self._is_unread:
            self.catch_up()
        else:
            self.perform(self.read_anew)  # no row is in view that could move

    def catch_up(self) -> None:
        """Read the rows in view again, each in its place."""
        self.perform_unasked(self._repaint)

    async def _repaint(self) -> None:
        await self.listing.repaint()

    # -- keys ---------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        self.perform(lambda: self.listing.move(step))

    def pointed(self, x: int, y: int, turned: int) -> None:
        """Move with the wheel, mark the row that is pressed, and open it when it is pressed twice."""
        if turned:
            self.action_move(turned)
            return
        place = self.table.row_at(x, y)
        if place is None:
            return
        arrived, twice = self.desk.key_arrived_at, self._pressed
        self._pressed = (place, arrived)
        self.perform(lambda: self.listing.stand_on(place))
        if twice[0] == place and arrived - twice[1] <= TWICE_WITHIN:
            self._pressed = NOT_PRESSED
            self.pressed_twice()

    def pressed_twice(self) -> None:
        """Do what the main key of the list does; where it has none, nothing."""

    def action_turn_page(self, step: int) -> None:
        self.perform(lambda: self.listing.turn_page(_direction(step)))

    def action_go_to_end(self, step: int) -> None:
        self.perform(lambda: self.listing.go_to_end(_direction(step)))

    def action_refresh(self) -> None:
        self.perform(self.read_anew)

    def filter(self, filters: Q) -> None:
        """Show what `filters` let through."""
        self.perform(lambda: self.listing.filter(filters))

    def action_clear_filters(self) -> None:
        self.perform(self.listing.clear_filters)

    def action_back(self) -> None:
        self.dismiss(None)


def _direction(step: int) -> Direction:
    return Direction.FORWARD if step > 0 else Direction.BACKWARD
