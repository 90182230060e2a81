"""A list screen made up on the spot: what every list has, it has from its base."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from frontdesk.actions import Action
from frontdesk.bookings import Count, Direction, Position
from frontdesk.errors import Unavailable
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.chooser import ChooserScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.screen import ListScreen
from frontdesk.sources.port import Asked, Piece
from frontdesk.widgets.list_table import Column
from frontdesk.words.told import Told, told
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import NOW
from tests.screens.front import Front, key_event
from tests.screens.pins import Pins
from tests.screens.test_lock import sign_in, signed_in


@dataclass(frozen=True)
class Invoice:
    """A made-up row."""

    id: int
    at: datetime
    cents: int
    is_open: bool = True


class Invoices:
    """A source of made-up rows, which can be away, and answers when `may_answer`."""

    unfiltered = False

    def __init__(self) -> None:
        self.there = {
            n: Invoice(n, NOW + timedelta(hours=n - 50), 100 * n, n % 2 == 0) for n in range(1, 101)
        }
        self.is_away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def _matching(self, asked: Asked[bool]) -> list[Invoice]:
        if self.is_away:
            raise Unavailable("The line is cut.")
        return [one for one in self.there.values() if one.is_open or not asked.filters]

    async def page(
        self, asked: Asked[bool], limit: int, position: Position | None, direction: Direction
    ) -> Piece[Invoice]:
        await self.may_answer.wait()
        found = self._matching(asked)
        if direction is Direction.FORWARD:
            beyond = [one for one in found if position is None or self.place(one) > position]
            return Piece(tuple(beyond[:limit]), len(beyond) > limit)
        beyond = [one for one in found if position is None or self.place(one) < position]
        return Piece(tuple(beyond[-limit:]), len(beyond) > limit)

    async def count(self, asked: Asked[bool], limit: int) -> Count | None:
        return Count(len(self._matching(asked)), exact=True)

    async def rows(self, ids: Sequence[int]) -> tuple[Invoice, ...]:
        return tuple(self.there[one] for one in ids if one in self.there)

    def id(self, row: Invoice) -> int:
        return row.id

    def place(self, row: Invoice) -> Position:
        return Position(row.at, row.id)

    def start(self, asked: Asked[bool]) -> Position:
        return Position(asked.as_of, 0)

    def crossed(self, row: Invoice, since: datetime, now: datetime) -> bool:
        return False

    def words(self, filters: bool) -> tuple[str, ...]:
        return ("open",) if filters else ()


ACTIONS = (
    Action("invoice.down", "Down", "Go to the next.", does="move(1)", everywhere=("down",)),
    Action("invoice.up", "Up", "Go to the one before.", does="move(-1)", everywhere=("up",)),
    Action(
        "invoice.page", "Page on", "Turn to the next page.", does="turn_page(1)", everywhere=("pagedown",)
    ),
    Action("invoice.open", "Only open", "Show open ones only.", does="only_open", everywhere=("o",)),
    Action("invoice.refresh", "Refresh", "Read again.", does="refresh", everywhere=("f5",)),
    Action(
        "invoice.palette",
        "All",
        "Find a command.",
        does="app.palette",
        everywhere=("ctrl+p",),
        in_palette=False,
    ),
    Action("invoice.back", "Back", "Go back.", does="back", everywhere=("escape",), in_palette=False),
)


class InvoicesScreen(ListScreen[bool, Invoice], inherit_bindings=False):
    """The whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(ACTIONS)
    ACTIONS = ACTIONS
    TITLE_WORDS = "Invoices"
    columns = (
        Column[Invoice]("Number", 8, lambda one, _: f"INV-{one.id}"),
        Column[Invoice]("Note", 20, lambda one, _: "open" if one.is_open else "paid", takes_rest=True),
        Column[Invoice]("Amount", 9, lambda one, _: f"${one.cents / 100:8.2f}"),
        Column[Invoice]("Of", 9, lambda one, _: f"{one.at:%d %b}", since=100),
    )

    def headline(self) -> str:
        return " | ".join(self.listing.filter_words)

    def foot(self) -> Told:
        return told("in view", right=f"${sum(one.cents for one in self.listing.view.rows) / 100:.2f}")

    def action_only_open(self) -> None:
        self.filter(True)


async def opened(front: Front) -> tuple[InvoicesScreen, Invoices]:
    assert front.app.open_desk is not None
    source = Invoices()
    screen = InvoicesScreen(front.app.open_desk, source)
    await front.app.push_screen(screen)
    await front.idle()
    return screen, source


async def test_it_shows_columns_in_any_width_and_begins_where_its_source_does(
    open_front: FrontOpener,
) -> None:
    async with open_front() as front:
        await opened(front)
        lines = front.lines()
        assert lines[1] == " Invoices"
        assert (lines[3][2:8], lines[3][11:15], lines[3][71:]) == ("Number", "Note", "Amount")
        (marked,) = (line for line in lines if line.startswith("> "))
        assert marked.split() == [">", "INV-50", "open", "$", "50.00"]
        assert len(marked) == 80
        assert any(line.startswith("in view") and line.endswith(".00") for line in lines)
    async with open_front(size=(120, 30)) as front:
        await opened(front)
        assert front.lines()[3].endswith("Amount    Of")


async def test_keys_wait_for_their_answers_in_order_and_the_way_back_waits_for_none(front: Front) -> None:
    screen, source = await opened(front)
    await front.press("down", "o", "down", "pagedown", "up")
    assert screen.headline() == "open"
    assert all(row.is_open for row in screen.listing.view.rows)
    marked = screen.listing.current
    source.may_answer.clear()
    for key in ("f5", "escape"):
        front.app.post_message(key_event(key))
    await front.pilot.pause()
    while front.app.screen is screen:
        await front.pilot.pause(0.01)
    assert screen.listing.current is marked
    source.may_answer.set()


async def test_a_key_behind_a_question_acts_on_its_answer(front: Front) -> None:
    screen, source = await opened(front)
    source.may_answer.clear()
    for key in ("o", "down"):
        front.app.post_message(key_event(key))
    await front.pilot.pause()
    assert not screen.listing.filters
    source.may_answer.set()
    await front.idle()
    view = screen.listing.view
    assert all(row.is_open for row in view.rows)
    assert view.rows[view.cursor].id == 52


async def test_what_others_do_is_repainted_in_its_place_and_moves_nothing(front: Front) -> None:
    screen, source = await opened(front)
    await front.press("down")
    before, marked = [row.id for row in screen.listing.view.rows], screen.listing.current
    assert marked is not None
    source.there[marked.id] = replace(marked, is_open=False, at=NOW)
    del source.there[before[-1]]
    screen.post_message(StoreChanged())
    await front.until(lambda: screen.listing.current and not screen.listing.current.is_open)
    assert [row.id for row in screen.listing.view.rows] == before
    await front.press("f5")
    assert before[-1] not in [row.id for row in screen.listing.view.rows]


async def test_what_cannot_be_read_is_said_leaves_no_row_and_is_read_when_the_store_answers(
    front: Front,
) -> None:
    screen, source = await opened(front)
    source.is_away = True
    await front.press("o")
    assert "The line is cut." in "\n".join(front.lines())
    assert not screen.listing.view.rows
    source.is_away = False
    screen.post_message(StoreChanged())
    await front.until(lambda: screen.listing.view.rows)
    assert "The line is cut." not in "\n".join(front.lines())
    assert all(row.is_open for row in screen.listing.view.rows)


async def test_its_actions_are_in_its_palette_and_work_there(front: Front) -> None:
    screen, _ = await opened(front)
    await front.press("ctrl+p")
    assert isinstance(front.app.screen, ChooserScreen)
    assert "Only open" in "\n".join(front.lines())
    await front.type("only")
    await front.press("enter")
    assert front.app.screen_stack[-1] is screen
    assert screen.listing.filters is True


async def test_another_operator_does_not_come_back_to_it(store_path: Path) -> None:
    async with signed_in(store_path, Pins()) as front:
        await sign_in(front)
        await opened(front)
        await front.press("f9", "tab", *"tom", "enter", *"2580", "enter")
        await front.until(lambda: front.app.screen is front.screen)
        assert not any(isinstance(one, InvoicesScreen) for one in front.app.screen_stack)
