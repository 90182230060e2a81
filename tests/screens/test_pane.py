"""The pane beside a wide list: the booking under the cursor once the keys rest, and never another one."""

import asyncio
from typing import Any

import pytest

from frontdesk.errors import Unavailable
from frontdesk.screens.list import pane
from frontdesk.store.port import BookingStore
from frontdesk.words.pane import NARROWEST, SINCE, WIDEST, pane_width
from tests.making import cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import in_front
from tests.screens.desk_data import TOM
from tests.screens.front import Front

WIDE = (120, 40)


class Late:
    """A store whose history comes when the test says so, or not at all."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.may_answer = asyncio.Event()
        self.asked: list[int] = []
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def history(self, booking_id: int) -> Any:
        self.asked.append(booking_id)
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return await self._store.history(booking_id)


@pytest.fixture
def late() -> list[Late]:
    """The stores that were opened."""
    return []


@pytest.fixture
def _rests_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys rest as soon as none is handled."""
    monkeypatch.setattr(pane, "REST", 0.01)


def wrapped(late: list[Late]) -> Any:
    return in_front(late, Late)


def beside(front: Front) -> list[str]:
    """What stands in the pane, as it is drawn."""
    edge = front.screen.table.size.width
    lines = [line[edge + 2 :].strip() for line in front.lines()[4:-2]]
    return [line for line in lines if line]


@pytest.mark.parametrize(
    ("window", "cells"), [(119, 0), (SINCE, NARROWEST), (124, 41), (200, WIDEST), (300, WIDEST)]
)
def test_a_pane_leaves_the_list_all_its_columns(window: int, cells: int) -> None:
    assert pane_width(window) == cells
    assert not cells or window - cells >= 80


async def test_once_the_keys_rest_it_shows_the_booking_and_then_the_rest(
    open_front: FrontOpener, late: list[Late]
) -> None:
    async with open_front(size=WIDE, wrap=wrapped(late)) as front:
        await front.type("sd-10482")
        assert beside(front) == []
        front.screen.pane.rest()
        await front.idle()
        assert beside(front)[:2] == ["Mirela Kovač", "born 14 Mar 1981, 45"]
        assert any("Thu 26 Nov 2026 10:30" in line for line in beside(front))
        assert "History" not in beside(front)
        late[0].may_answer.set()
        await front.until(lambda: "History" in beside(front))


async def test_the_first_key_empties_it_and_an_answer_for_another_booking_never_shows(
    open_front: FrontOpener, late: list[Late]
) -> None:
    async with open_front(size=WIDE, wrap=wrapped(late)) as front:
        await front.type("kov")
        front.screen.pane.rest()
        await front.until(lambda: len(late[0].asked) == 1)
        (first,) = late[0].asked
        assert beside(front)
        assert first == front.marked.id
        await front.press("down")
        assert beside(front) == []
        late[0].may_answer.set()
        reading = [worker for worker in front.app.workers if worker.group == "pane"]
        await asyncio.gather(*(worker.wait() for worker in reading))
        await front.idle()
        assert beside(front) == []
        await front.press("down")
        assert beside(front) == []
        front.screen.pane.rest()
        await front.until(lambda: "History" in beside(front))
        assert front.marked.id != first
        assert beside(front)[0] == front.marked.patient.name
        assert any(front.marked.ref in line for line in beside(front))


async def test_it_stays_under_a_menu_and_comes_back_behind_the_list_when_a_dialog_closes(
    open_front: FrontOpener, late: list[Late]
) -> None:
    async with open_front(size=WIDE, wrap=wrapped(late)) as front:
        await front.type("sd-10482")
        front.screen.pane.rest()
        await front.idle()
        assert beside(front)[0] == "Mirela Kovač"
        await front.press("enter")
        assert front.screen.menu.display
        assert beside(front)[0] == "Mirela Kovač"
        await front.press("c")
        late[0].may_answer.set()
        reading = [worker for worker in front.app.workers if worker.group == "pane"]
        await asyncio.gather(*(worker.wait() for worker in reading))
        await front.press("escape")
        assert beside(front) == []
        front.screen.pane.rest()
        await front.until(lambda: "History" in beside(front))


@pytest.mark.usefixtures("_rests_at_once")
async def test_what_another_desk_does_to_the_booking_is_read_again(
    open_front: FrontOpener, second_store: BookingStore
) -> None:
    async with open_front(size=WIDE) as front:
        await front.type("sd-10482")
        await front.until(lambda: "History" in beside(front))
        (booking,) = await second_store.find("SD-10482")
        await second_store.do(cancel_of(booking, TOM))
        await front.until(lambda: "cancelled" in beside(front))


@pytest.mark.usefixtures("_rests_at_once")
async def test_what_could_not_be_read_says_so_and_f5_tries_again(
    open_front: FrontOpener, late: list[Late]
) -> None:
    async with open_front(size=WIDE, wrap=wrapped(late)) as front:
        late[0].may_answer.set()
        late[0].error = Unavailable("The line is cut.")
        await front.type("sd-10482")
        await front.until(lambda: "Not read. F5 tries again." in beside(front))
        assert beside(front)[0] == "Mirela Kovač"
        late[0].error = None
        await front.press("f5")
        await front.until(lambda: "History" in beside(front))
        assert "Not read. F5 tries again." not in beside(front)


@pytest.mark.usefixtures("_rests_at_once")
async def test_it_comes_and_goes_with_the_width_of_the_window(open_front: FrontOpener) -> None:
    async with open_front(size=WIDE) as front:
        await front.type("sd-10482")
        await front.until(lambda: beside(front))
        await front.pilot.resize_terminal(100, 30)
        await front.idle()
        assert "SD-10482" in front.line("peek")
        assert not front.screen.pane.display
        await front.pilot.resize_terminal(140, 30)
        await front.until(lambda: beside(front))
        assert beside(front)[0] == "Mirela Kovač"
