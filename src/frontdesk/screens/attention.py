"""Attention: what failed and needs a person, the nearest appointment first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from frontdesk.actions import ATTENTION_COMMANDS
from frontdesk.deliveries import Attention, to_do
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.settling import NoteScreen, try_again
from frontdesk.widgets.attention_list import AttentionList, Item, over_words
from frontdesk.widgets.line import BOLD, REVERSED, Line
from frontdesk.widgets.status_line import StatusLine

LIMIT = 500

NOTHING = "Nothing needs a person. What fails is listed here until it is done."
COMMANDS = "s settle: asks for a note, signs with your name   a try again   d details"
MOVES = "Up Down move  Esc back to Find  F1 help"


class AttentionScreen(Screen[None], inherit_bindings=False):
    """The row is a delivery, not a place.

    What others do is said in its row and moves nothing; what came in addition is counted
    until the operator has the list read again. Only this operator's settling takes a row out.
    """

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(ATTENTION_COMMANDS)

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self.desk = desk
        self._items: list[Item] | None = None
        self._cursor = 0
        self._has_more = False
        self._newcomers = 0
        self._message = ""
        self._is_unread = False
        """The list could not be read: it is read again when the store answers."""

    def compose(self) -> ComposeResult:
        yield Line(id="title")
        yield Line()
        yield AttentionList(id="list")
        yield Line(id="commands")
        yield Line(id="keys")
        yield StatusLine(id="status")

    def on_mount(self) -> None:
        self.table.focus()
        self.query_one("#commands", Line).show(COMMANDS)
        self._show()
        self._read()

    @property
    def table(self) -> AttentionList:
        return self.query_one("#list", AttentionList)

    # -- what is on it ------------------------------------------------------------------

    @property
    def current(self) -> Item | None:
        """The item the cursor stands on, if there is any."""
        return self._items[self._cursor] if self._items else None

    def _show(self) -> None:
        items = self._items or []
        self._cursor = max(0, min(self._cursor, len(items) - 1))
        self.query_one("#title", Line).show(" Attention", f"{self._title()} ", REVERSED)
        self.table.show(
            items,
            self._cursor,
            self.desk.now(),
            self.desk.here,
            several_practices=len(self.desk.practices) > 1,
            notice="Reading what needs a person..." if self._items is None else NOTHING,
        )
        self.query_one("#keys", Line).show(self._message or MOVES, style=BOLD)
        self.query_one("#status", StatusLine).show_desk(self.desk)

    def _title(self) -> str:
        if self._newcomers:
            return f"{self._newcomers:,} more: F5 shows them"
        number = sum(not item.over for item in self._items or ())
        if not number:
            return ""
        more = " and more" if self._has_more else ""
        return f"{number:,}{more} {'needs' if number == 1 else 'need'} a person, nearest appointment first"

    def _say(self, message: str) -> None:
        self._message = message
        self._show()

    # -- reading it ---------------------------------------------------------------------

    async def _fresh(self) -> tuple[Attention, ...]:
        found = await self.desk.store.attention(LIMIT + 1)
        self._has_more = len(found) > LIMIT
        return found[:LIMIT]

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _read(self) -> None:
        """Read the list anew, the cursor on its delivery where that is still in it."""
        current = self.current
        try:
            found = await self._fresh()
        except Exception as error:
            self._is_unread = True
            self._say(self.desk.fault(error).hint)
            return
        if self._is_unread:
            self._is_unread, self._message = False, ""
        self._items = [Item(attention) for attention in found]
        self._newcomers = 0
        ids = [item.id for item in self._items]
        if current is not None and current.id in ids:
            self._cursor = ids.index(current.id)
        self._show()

    def on_store_changed(self) -> None:
        if self._items and not self._is_unread:
            self._catch_up(self._items)
        else:
            self._read()  # no row is in view that could move

    @work(exclusive=True, exit_on_error=False, group="catching up")
    async def _catch_up(self, shown: Sequence[Item]) -> None:
        """Say in each row what became of it, and count what is not in the list yet."""
        try:
            found = {attention.delivery.id: attention for attention in await self._fresh()}
            caught_up = {
                item.id: Item(found[item.id]) if item.id in found else await self._what_became_of(item)
                for item in shown
            }
        except Exception as error:
            self.desk.fault(error)
            return
        # Meanwhile the operator may have settled one of them, or had the list read again.
        self._items = [caught_up.get(item.id, item) for item in self._items or ()]
        self._newcomers = len(found.keys() - {item.id for item in self._items})
        self._show()

    async def _what_became_of(self, item: Item) -> Item:
        for delivery in await self.desk.store.deliveries(item.attention.booking.id):
            if delivery.id == item.id:
                return replace(item, over=over_words(delivery))
        return item

    # -- keys ---------------------------------------------------------------------------

    def action_back(self) -> None:
        self.dismiss(None)

    def action_refresh(self) -> None:
        self._say("")
        self._read()

    def action_move(self, step: int) -> None:
        self._cursor += step
        self._say("")

    def action_turn_page(self, pages: int) -> None:
        self.action_move(pages * self.table.page)

    def action_details(self) -> None:
        from frontdesk.screens.details import DetailsScreen

        if item := self.current:
            self.app.push_screen(DetailsScreen(self.desk, item.attention.booking))

    def _open_item(self) -> Item | None:
        """The marked item if it still needs a person; else say why there is nothing to do."""
        item = self.current
        if item is None:
            reading = "Still reading. Press the key again."
            self._say(reading if self._items is None else "There is nothing to do.")
        elif item.over:
            self._say(f"Nothing more to do: {item.over}")
        else:
            return item
        return None

    def action_settle(self) -> None:
        if item := self._open_item():
            headline = f"{to_do(item.attention)[0]}   {item.attention.booking.patient.name}"
            note = NoteScreen(self.desk, item.id, headline)
            self.app.push_screen(note, lambda saved: self._settled(item) if saved else None)

    def _settled(self, settled: Item) -> None:
        self._items = [item for item in self._items or () if item.id != settled.id]
        self._say("Settled and signed.")

    def action_retry(self) -> None:
        if item := self._open_item():
            self._try_again(item)

    @work(exit_on_error=False)
    async def _try_again(self, item: Item) -> None:
        self._say(await try_again(self.desk, item.id))
