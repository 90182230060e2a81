"""A search or filter that failed: no row of another one stands under it, and it is asked again automatically."""

import asyncio
from typing import Any, cast

import pytest

from frontdesk import listing
from frontdesk.bookings import Page, Reason, Status
from frontdesk.errors import FrontdeskError, Refused, Unavailable
from frontdesk.store.port import BookingStore
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, wrapped
from tests.screens.front import Front, key_event

AWAY = Unavailable("The line is cut: see to the router.")


def filtered(front: Front) -> str:
    """What narrows the list; line 3 says before it that there is no connection."""
    return " | ".join(front.screen.listing.filter_words)


def shown(front: Front) -> str:
    return "\n".join(front.lines())


async def search(front: Front, text: str) -> None:
    await front.press("escape", "escape")
    await front.type(text)


async def test_no_row_stands_under_a_search_that_failed(open_front: FrontOpener, cut: list[Cut]) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("petra")
        assert front.marked.ref == "SD-10486"
        cut[0].error = AWAY
        await search(front, "ante")
        assert front.rows() == []
        assert front.line("found") == ""
        assert 'Bookings for "ante" could not be read.' in shown(front)
        assert "The line is cut: see to the router." in shown(front)
        assert "Petra" not in shown(front)
        await front.press("enter")
        assert "There is no booking here to act on." in shown(front)
        await front.press("tab", "c", "d", "m", "down", "pagedown")
        assert front.app.screen is front.screen
        assert not front.screen.menu.is_open


async def test_it_is_asked_again_when_the_store_answers_and_the_old_words_go(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("petra")
        cut[0].error = AWAY
        await search(front, "ante")
        assert "The line is cut" in front.line("keys")
        cut[0].error = None
        await front.until(front.rows)
        await front.until(lambda: front.line("keys") == "Connected to the bookings again.")
        assert front.marked.ref == "SD-10483"
        assert {one.patient.name for one in front.rows()} == {"Ante Kovačević"}
        assert "1 past or cancelled" in front.line("found")
        assert "line is cut" not in shown(front)
        assert "could not be read" not in shown(front)


@pytest.mark.parametrize("keys", [("enter",), ("tab", "c"), ("tab", "d")])
async def test_that_there_was_no_booking_to_act_on_is_said_no_longer_than_it_is_so(
    open_front: FrontOpener, cut: list[Cut], keys: tuple[str, ...]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        cut[0].error = AWAY
        await search(front, "ante")
        await front.press(*keys)
        assert front.line("keys") == "There is no booking here to act on."
        cut[0].error = None
        await front.until(lambda: front.line("keys") == "Connected to the bookings again.")
        assert front.marked.ref == "SD-10483"


@pytest.mark.parametrize("keys", [("tab", "d"), ("f4",)], ids=["details", "attention"])
async def test_a_page_that_could_not_be_read_is_read_again_and_the_old_words_go(
    open_front: FrontOpener, cut: list[Cut], keys: tuple[str, ...]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("petra")
        await front.press("enter", "c")
        front.clock.advance(2.0)
        await front.press("f8")
        cut[0].error = AWAY
        await front.press(*keys)
        assert "The line is cut" in shown(front)
        cut[0].error = None
        await front.until(lambda: "The line is cut" not in shown(front))
        assert "Manual update required" in shown(front)
        assert "No connection" not in shown(front)


async def test_a_search_that_fails_while_the_store_comes_back_is_asked_again(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        cut[0].error = AWAY
        await front.press("f5")
        read_again = front.screen.elsewhere._read_again

        async def and_fails_at_once() -> None:
            await read_again()
            front.screen.elsewhere._read_again = read_again  # type: ignore[method-assign]
            cut[0].error = AWAY
            front.screen.find.value = "petra"
            front.screen.perform(front.screen._search)

        front.screen.elsewhere._read_again = and_fails_at_once  # type: ignore[method-assign]
        cut[0].error = None
        await front.until(lambda: front.screen.listing.unread)
        cut[0].error = None
        await front.until(front.rows)
        assert front.marked.ref == "SD-10486"


@pytest.mark.parametrize(
    "error", [AWAY, Refused(Reason("busy", "the line is cut: see to the router"))], ids=["away", "refused"]
)
async def test_no_row_stands_under_a_filter_that_failed(
    open_front: FrontOpener, cut: list[Cut], error: FrontdeskError
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        cut[0].error = error
        await front.press("tab", "3")
        assert filtered(front) == "Cancelled"
        assert front.rows() == []
        assert "The bookings could not be read." in shown(front)
        await front.press("0", "t", "right", "2")
        assert filtered(front) == "Completed | Mon 23 Nov"
        await front.press("0", "3")
        cut[0].error = None
        await front.until(front.rows)
        assert {one.status(front.clock.now()) for one in front.rows()} == {Status.CANCELLED}


async def test_a_chosen_practitioner_whose_list_failed_has_no_row_of_another_one(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.press("tab", "p")
        cut[0].error = AWAY
        await front.type("okaf")
        await front.press("enter")
        assert filtered(front) == "Dr Okafor"
        assert front.rows() == []
        cut[0].error = None
        await front.until(front.rows)
        assert {one.practitioner.name for one in front.rows()} == {"Dr Okafor"}


async def test_another_page_of_the_same_search_that_fails_keeps_the_one_that_was_read(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("neighbour")
        rows, marked = front.rows(), front.marked
        cut[0].error = AWAY
        for keys in (("pagedown",), ("f5",), ("tab", "end"), ("home",), ("0",), ("a",)):
            await front.press(*keys)
            assert front.rows() == rows, keys
            assert front.marked == marked, keys
        assert "could not be read" not in shown(front)


async def test_the_start_view_that_failed_has_no_row_of_the_search_before(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        start = front.marked.id
        await front.type("petra")
        cut[0].error = AWAY
        await front.press("f2")
        assert (front.screen.find.value, filtered(front)) == ("", "")
        assert front.rows() == []
        cut[0].error = None
        await front.until(front.rows)
        assert front.marked.id == start


async def test_after_a_filter_that_failed_the_cursor_is_on_its_booking_again(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.press("tab", "down", "down", "down")
        marked = front.marked.id
        cut[0].error = AWAY
        await front.press("1")
        cut[0].error = None
        await front.until(front.rows)
        assert front.marked.id == marked


class AnswersLate:
    """A store in front of the real one whose searches come only when the test lets them."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.may_answer = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def page(self, *question: Any) -> Page:
        if question[0].text:
            await self.may_answer.wait()
        return await self._store.page(*question)


async def test_rows_do_not_wait_for_long_under_the_name_of_another(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LATE", 0.01)
    late: list[AnswersLate] = []

    def slow(store: BookingStore) -> BookingStore:
        late.append(AnswersLate(store))
        return cast("BookingStore", late[-1])

    async with open_front(wrap=slow) as front:
        assert front.rows()
        for key in "petra":
            front.app.post_message(key_event(key))
        while front.rows():
            await front.pilot.pause(0.01)
        await front.pilot.pause()
        assert 'Searching for "' in shown(front)
        assert "Neighbour" not in shown(front)
        late[0].may_answer.set()
        await front.idle()
        assert front.marked.ref == "SD-10486"


async def test_a_bug_in_a_search_leaves_no_row_either(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> Page:
        raise ZeroDivisionError

    async with open_front() as front:
        with monkeypatch.context() as broken:
            broken.setattr(front.store, "page", breaks)
            await front.type("petra")
            front.reports.clear()
            while front.app.screen is not front.screen:
                await front.press("escape")
        assert front.rows() == []
        assert "Something went wrong in frontdesk" in shown(front)
        assert "F5 asks again." in shown(front)
        front.reports.clear()
        await front.press("f5")
        assert front.rows()


SIZES = [(100, 15), (100, 16), (60, 16), (80, 24), (40, 10), (100, 4), (100, 30), (120, 50)]


@pytest.mark.parametrize("keys", [(), tuple("neighbour")], ids=["everything", "a search"])
async def test_a_resize_leaves_the_cursor_on_its_booking(
    open_front: FrontOpener, keys: tuple[str, ...]
) -> None:
    async with open_front(size=(100, 30)) as front:
        await front.press(*keys)
        await front.press("tab", "pagedown", *["down"] * 8)
        marked = front.marked
        for size in SIZES:
            await front.pilot.resize_terminal(*size)
            await front.idle()
            assert front.marked == marked, size
            await front.pilot.resize_terminal(100, 30)
            await front.idle()
            assert front.marked == marked, size
            assert len(front.rows()) == front.screen.table.room
            row = front.screen.table.line_of_cursor() + front.screen.table.region.y
            assert front.lines()[row].startswith(">"), size


async def test_a_resize_takes_no_row_away_that_matches_no_more(front: Front) -> None:
    await front.press("tab", "1", "down", "c")
    front.clock.advance(2.0)
    await front.press("f8", "tab")
    marked = front.marked
    assert marked.cancellation is not None
    for size in ((80, 16), (80, 30)):
        await front.pilot.resize_terminal(*size)
        await front.idle()
        assert front.marked == marked


async def test_a_resize_while_the_store_is_away_is_no_answer_and_fills_up_when_it_is_back(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        marked = front.marked
        cut[0].error = AWAY
        await front.until(lambda: "No connection to the bookings" in front.shows)
        keys = front.line("keys")
        await front.pilot.resize_terminal(80, 40)
        await front.idle()
        assert (front.marked, front.line("keys")) == (marked, keys)
        cut[0].error = None
        await front.until(lambda: len(front.rows()) == front.screen.table.room)
        assert front.marked == marked
