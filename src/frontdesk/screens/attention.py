"""Attention: what failed and needs a person, the nearest appointment first."""

import textwrap
from datetime import datetime
from functools import cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import work
from textual.binding import BindingType

from frontdesk import times
from frontdesk.actions import ATTENTION_ACTIONS
from frontdesk.bookings import Scope
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.settling import NoteScreen, try_again
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.screen import ListScreen
from frontdesk.sources.attention import AttentionSource, Item
from frontdesk.sources.billing import closing_soon
from frontdesk.widgets.list_table import Column, ListTable, always
from frontdesk.words import billing as words
from frontdesk.words.deliveries import over_words, to_do
from frontdesk.words.key_line import KeyWords
from frontdesk.words.told import Role, Told, told

LINES = 4
"""Lines of an item, with the empty one below it."""
INDENT = " " * 5


@cache
def attention_columns(*, several_practices: bool) -> tuple[Column[Item], ...]:
    """Return the columns. Without a column At the name is longer."""
    at: tuple[Column[Item], ...] = (
        Column("At", 3, lambda item, _: item.attention.booking.practice.short, role=always(Role.QUIET)),
    )
    return (
        Column("Appointment", 16, _when, role=always(Role.STRONG)),
        *(at if several_practices else ()),
        Column(
            "Patient", 24 if several_practices else 28, lambda item, _: item.attention.booking.patient.name
        ),
        Column("Phone", 16, lambda item, _: item.attention.booking.patient.mobile or "none"),
        Column("Starts", 15, _starts, takes_rest=True),
    )


def _when(item: Item, now: datetime) -> str:
    booking = item.attention.booking
    return times.when(booking.starts_at, booking.practice.zone, now)


def _starts(item: Item, now: datetime) -> str:
    booking = item.attention.booking
    return times.distance(booking.starts_at, now, booking.practice.zone)


def below(item: Item, now: datetime, width: int, here: ZoneInfo) -> list[Told]:
    """Return what to do and why; what was written is told by the clock `here`."""
    booking = item.attention.booking
    zone, done = booking.practice.zone, booking.cancellation
    said = f"Nothing more to do: {over_words(item.ended)}" if item.ended else ": ".join(to_do(item.attention))
    # A long reason takes the empty line too, rather than being cut.
    lines = [
        told(INDENT + words, Role.QUIET if item.ended else Role.STRONG)
        for words in textwrap.wrap(said, max(1, width - len(INDENT) - 1))
    ]
    if done is not None:
        at = times.when_in_words(done.at, here, now) + times.other_clock(done.at, here, zone)
        lines.append(told(f"{INDENT}Cancelled {at} by {done.by}", Role.QUIET))
    return lines


class AttentionScreen(ListScreen[None, Item], inherit_bindings=False):
    """The row is a delivery, not a place.

    What others do is said in its row and moves nothing; what came in addition is counted
    until the operator has the list read again. Only this operator's settling takes a row out.
    """

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(ATTENTION_ACTIONS)
    TITLE_WORDS = "Attention"
    KEY_WORDS = (
        KeyWords("s", "settle, with a signed note"),
        KeyWords("a", "try again"),
        KeyWords("d", "details"),
        KeyWords("Esc", "back"),
        KeyWords("F1", "help"),
    )
    READING = "Reading what needs a person..."
    KEEPS = 0

    def __init__(self, desk: OpenDesk) -> None:
        self.source = AttentionSource(desk.store)
        super().__init__(desk, self.source)
        self._draft = ""
        """That a month closes soon, where somebody has to decide about it."""

    @property
    def columns(self) -> tuple[Column[Item], ...]:
        return attention_columns(several_practices=len(self.desk.practices) > 1)

    def make_table(self) -> ListTable[Item]:
        return ListTable(
            lines=LINES, below=lambda item, now, width: below(item, now, width, self.desk.here), id="list"
        )

    @property
    def shown_at(self) -> datetime:
        return self.desk.now()

    def headline(self) -> str:
        if self.source.newcomers:
            return f"{self.source.newcomers:,} more: F5 shows them"
        number = self.source.number_open
        if not number:
            return ""
        more = " and more" if self.source.has_more else ""
        return f"{number:,}{more} {'needs' if number == 1 else 'need'} a person, nearest appointment first"

    def under_title(self) -> Told:
        return told(f" {self._draft}" if self._draft else "", Role.WARNING)

    def nothing(self) -> tuple[str, ...]:
        return ("      Nothing needs a person. What fails is listed here until it is done.",)

    async def read_anew(self) -> None:
        await super().read_anew()
        self._look_for_draft()

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _look_for_draft(self) -> None:
        """Say when a month closes soon; a desk that may not see what is billed is not asked."""
        desk = self.desk
        if Scope.BILL not in desk.standing.scopes:
            return
        try:
            found = await closing_soon(desk.store, desk.now())
            zones = {one.id: one.settings.zone for one in await desk.store.accounts()} if found else {}
        except Exception as error:
            desk.fault(error)
            return
        zone = zones.get(found.account_id) if found else None
        self._draft = words.closing_soon(found, zone, desk.now()) if found and zone else ""
        self.show_list()

    def follow(self, change: StoreChanged) -> None:
        super().follow(change)
        if self._draft:
            self._look_for_draft()

    def catch_up(self) -> None:
        self._catch_up()

    @work(exclusive=True, exit_on_error=False, group="catching up")
    async def _catch_up(self) -> None:
        """Say in each row what became of it, and count what is not in the list yet."""
        try:
            await self.source.catch_up()
            await self.listing.repaint()
        except Exception as error:
            self.desk.fault(error)
            return
        self.show_list()

    # -- keys ---------------------------------------------------------------------------

    def action_details(self) -> None:
        from frontdesk.screens.details import DetailsScreen

        if item := self.listing.current:
            self.app.push_screen(DetailsScreen(self.desk, item.attention.booking))

    def _open_item(self) -> Item | None:
        """The marked item if it still needs a person; else say why there is nothing to do."""
        item = self.listing.current
        if item is None:
            reading = "Still reading. Press the key again."
            self.say("There is nothing to do." if self.listing.query else reading)
        elif item.ended:
            self.say(f"Nothing more to do: {over_words(item.ended)}")
        else:
            return item
        return None

    def action_settle(self) -> None:
        if item := self._open_item():
            headline = f"{to_do(item.attention)[0]}   {item.attention.booking.patient.name}"
            note = NoteScreen(self.desk, item.id, headline)
            self.app.push_screen(note, lambda saved: self._settled(item) if saved else None)

    def _settled(self, settled: Item) -> None:
        self.source.take_out(settled.id)
        self.perform(self.listing.close_gap)
        self.say("Settled and signed.")

    def action_retry(self) -> None:
        if item := self._open_item():
            self._try_again(item)

    @work(exit_on_error=False)
    async def _try_again(self, item: Item) -> None:
        self.say(await try_again(self.desk, item.id))
