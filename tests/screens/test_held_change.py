"""What a PMS suddenly shows: desks read it, who may decides about it in Connections, with what it is about in view."""

from dataclasses import replace
from typing import Any

import pytest

from frontdesk.bookings import Scope, Standing
from frontdesk.desk import Settings
from frontdesk.diary_runs import Decision, RunState
from frontdesk.errors import Unavailable
from frontdesk.screens.connections import ConnectionsScreen
from frontdesk.screens.dialogs.held import HeldScreen
from frontdesk.store.port import BookingStore
from frontdesk.store.sql.store import SqlStore
from frontdesk.store_state import StoreState
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, in_front, wrapped
from tests.screens.desk_data import KIM
from tests.screens.front import Front
from tests.screens.golden import same_as_golden
from tests.screens.read_diary import ReadDiary

SEEN = 2.0
NUMBER = 12
HELD_LINE = "Praktika suddenly shows 12 bookings fewer."


@pytest.fixture
async def praktika(second_store: SqlStore) -> ReadDiary:
    """A diary that suddenly shows twelve bookings cancelled."""
    made = ReadDiary(second_store)
    for one in range(NUMBER):
        made.book(f"many-{one:02}", 3 + one % 4, hour=9 + one // 4, patient_name=f"Patient {one:02}")
    await made.read()
    for one in range(NUMBER):
        made.diary.cancel(f"many-{one:02}")
    await made.read()
    return made


class WithoutAdmin:
    """A store as a desk sees it whose token lacks the scope admin."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store

    async def state(self) -> StoreState:
        found: StoreState = await self._store.state()
        return replace(found, standing=Standing(scopes=frozenset(Scope) - {Scope.ADMIN}))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def open_held(front: Front) -> HeldScreen:
    """Open the question, and let the window be seen."""
    await front.press("tab", "e")
    await front.until(lambda: "Enter decides" in " ".join(front.lines()))
    await front.press("enter")
    await front.until(lambda: isinstance(front.app.screen, HeldScreen))
    front.clock.advance(SEEN)
    assert isinstance(front.app.screen, HeldScreen)
    return front.app.screen


async def state_of(praktika: ReadDiary) -> tuple[RunState, Decision | None]:
    held = [run for run in await praktika.store.diaries.runs(9) if run.held]
    return held[0].state, held[0].decision


async def upcoming(praktika: ReadDiary) -> int:
    """How many of the twelve are still booked here."""
    found = [row.booking for row in await praktika.store.rows(range(1, 100)) if "many" in row.booking.pms_ref]
    return sum(one.cancellation is None for one in found)


async def test_a_desk_reads_whom_to_tell(praktika: ReadDiary, open_front: FrontOpener) -> None:
    made: list[WithoutAdmin] = []
    wrap = in_front(made, WithoutAdmin)
    async with open_front(wrap=wrap, settings=Settings(tell="Jo Park")) as front:
        assert front.shows == "Praktika shows 12 bookings fewer; the list is from 09:14. Tell Jo Park."
        await front.press("tab", "e")
        text = " ".join(" ".join(front.lines()).split())
        assert "Nothing was changed here; the list is from 09:14. Tell Jo Park." in text
        await front.press("enter")
        assert isinstance(front.app.screen, ConnectionsScreen)
        assert await state_of(praktika) == (RunState.HELD, None)


async def test_connections_and_the_question(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        assert front.shows == "Praktika shows 12 bookings fewer. Decide in Connections."
        await front.press("tab", "e")
        await front.until(lambda: "Enter decides" in " ".join(front.lines()))
        same_as_golden("connections-held-80x24", front.lines())
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, HeldScreen))
        same_as_golden("held-80x24", front.lines())
        await front.press("escape")
        assert front.lines()[-1].strip() == "Nothing was decided."
        assert await state_of(praktika) == (RunState.HELD, None)


async def test_read_again_is_the_first_choice(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        await open_held(front)
        await front.press("f8")
        await front.until(lambda: isinstance(front.app.screen, ConnectionsScreen))
        assert front.lines()[-1].strip() == "Praktika is read again."
        assert await state_of(praktika) == (RunState.DONE, Decision.AGAIN)
        assert await upcoming(praktika) == NUMBER
        assert (await praktika.store.state()).diaries[0].is_awaited


async def test_the_list_can_be_kept(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        await open_held(front)
        await front.press("2", "f8")
        await front.until(lambda: isinstance(front.app.screen, ConnectionsScreen))
        assert await state_of(praktika) == (RunState.DONE, Decision.IGNORE)
        assert await upcoming(praktika) == NUMBER
        assert HELD_LINE not in " ".join(front.lines())


async def test_the_number_is_typed_before_the_diary_is_believed(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        screen = await open_held(front)
        await front.press("3", "f8")
        assert "Type 12, then F8: nothing was decided." in " ".join(front.lines())
        await front.press("1", "1", "f8")
        assert await state_of(praktika) == (RunState.HELD, None)
        assert screen._field.value == "11"
        await front.press("backspace", "2", "f8")
        await front.until(lambda: isinstance(front.app.screen, ConnectionsScreen))
        assert await state_of(praktika) == (RunState.DONE, Decision.APPLY)
        assert await upcoming(praktika) == 0
        first = next(
            row.booking.id
            for row in await praktika.store.rows(range(1, 100))
            if row.booking.pms_ref == "many-00"
        )
        (event,) = [one for one in await praktika.store.history(first) if one.action == "booking.cancelled"]
        assert event.operator == KIM


async def test_what_was_not_seen_is_not_confirmed(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        await front.press("tab", "e")
        await front.until(lambda: "Enter decides" in " ".join(front.lines()))
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, HeldScreen))
        await front.press("f8")
        assert "Too early" in " ".join(front.lines())
        assert await state_of(praktika) == (RunState.HELD, None)


async def test_another_desk_may_be_first(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        await open_held(front)
        (diary,) = (await praktika.store.state()).diaries
        assert diary.held is not None
        await praktika.store.decide_diary(diary.held, Decision.IGNORE, KIM)
        front.screen._each_minute()
        await front.until(lambda: "Nothing is left to decide" in " ".join(front.lines()))
        await front.press("f8", "escape")
        assert isinstance(front.app.screen, ConnectionsScreen)
        assert await state_of(praktika) == (RunState.DONE, Decision.IGNORE)


async def test_a_store_that_is_away_decides_nothing(
    praktika: ReadDiary, open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await open_held(front)
        cut[0].refuses = {"decide_diary"}
        cut[0].error = Unavailable("The disk is gone.")
        await front.press("f8")
        await front.until(lambda: "The disk is gone." in " ".join(front.lines()))
        cut[0].error = None
        await front.press("f8")
        await front.until(lambda: isinstance(front.app.screen, ConnectionsScreen))
        assert await state_of(praktika) == (RunState.DONE, Decision.AGAIN)


@pytest.mark.parametrize("size", [(60, 16), (120, 40)])
async def test_every_window_has_the_choices_and_the_keys(
    praktika: ReadDiary, open_front: FrontOpener, size: tuple[int, int]
) -> None:
    async with open_front() as front:
        await open_held(front)
        await front.pilot.resize_terminal(*size)
        await front.idle()
        text = " ".join(front.lines())
        for words in ("1  Read Praktika again", "2  Keep our list", "3  Believe Praktika", "F8", "Esc"):
            assert words in text, words
        assert "For example" in text
