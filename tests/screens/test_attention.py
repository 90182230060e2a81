"""Attention: what to do, for whom and why; settling, trying again, and what others do meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import Booking
from frontdesk.commands import Done
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Delivery, Kind, State
from frontdesk.errors import Unavailable
from frontdesk.screens.attention import AttentionScreen
from frontdesk.screens.details import DetailsScreen
from frontdesk.screens.dialogs import settling
from frontdesk.screens.dialogs.settling import NoteScreen
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from frontdesk.store.sql.store import SqlStore
from frontdesk.text import clean
from tests.making import cancel, cancel_of, settle
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import HOSTILE_NAMES, KIM, TOM
from tests.screens.front import Front, StillClock
from tests.screens.golden import same_as_golden
from tests.screens.test_hostile_text import HARMFUL
from tests.screens.test_several_desks import replace_store

POLICY = RetryPolicy()
DENTIX, PRAKTIKA = "SD-10486", "SD-10482"
"""Bookings at practices with these systems."""


class Store:
    """The store of another process: cancels, and plays the dispatcher."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store

    async def cancel(self, ref: str) -> Booking:
        (booking,) = await self.store.find(ref)
        return await cancel(self.store, cancel_of(booking, KIM, "ill"))

    async def end(self, connection: str, result: Result) -> Delivery:
        """Carry the one that is due over `connection` out, with this result."""
        claim = await self.store.queue.claim([connection], POLICY)
        assert claim is not None
        done = await self.store.queue.finish(claim, result, POLICY)
        assert done is not None
        return done


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def elsewhere(store_path: Path, clock: StillClock) -> AsyncIterator[Store]:
    store = await open_store(f"sqlite:///{store_path}", clock=clock.now)
    yield Store(store)
    await store.close()


@pytest.fixture
async def three(elsewhere: Store) -> Store:
    """Three things that need a person: Praktika said no; Dentix by hand; Petra can only be phoned."""
    await elsewhere.cancel(DENTIX)
    await elsewhere.cancel(PRAKTIKA)
    await elsewhere.end("smile", Result(Ended.REFUSED, "the visit is billed already"))
    return elsewhere


async def open_attention(front: Front) -> AttentionScreen:
    await front.press("f4")
    assert isinstance(front.app.screen, AttentionScreen)
    return front.app.screen


def shown(front: Front) -> str:
    return "\n".join(front.lines())


async def test_what_to_do_nearest_first(open_front: FrontOpener, three: Store, clock: StillClock) -> None:
    async with open_front(clock=clock) as front:
        assert front.line("bar").endswith("! 3 need a person  F4")
        await open_attention(front)
        same_as_golden("attention-80x24", front.lines())
        await front.press("escape")
        assert front.screen.find.has_focus
        await front.press("tab", "!")
        assert isinstance(front.app.screen, AttentionScreen)


async def test_nothing_to_do_is_said(front: Front) -> None:
    await open_attention(front)
    same_as_golden("attention-empty-80x24", front.lines())
    await front.press("s", "a", "d", "enter", "down", "pagedown")
    assert "There is nothing to do." not in front.lines()[-1]
    assert isinstance(front.app.screen, AttentionScreen)


async def test_settle_asks_for_a_note_signs_it_and_takes_the_row_out(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        screen = await open_attention(front)
        assert screen.listing.current is not None
        settled = screen.listing.current.id
        await front.press("s")
        assert isinstance(front.app.screen, NoteScreen)
        await front.press("enter")
        assert "Write in a few words what was done." in shown(front)
        # All in one go: what is typed behind Enter is for the list.
        await front.press(*"told Praktika", "enter", "down")
        assert front.app.screen_stack[-1] is screen
        assert settled not in [item.id for item in screen.source._items]
        assert "2 need a person" in front.lines()[1]
        deliveries = await front.store.deliveries((await front.store.find(PRAKTIKA))[0].id)
        (pms,) = [one for one in deliveries if one.id == settled]
        assert (pms.state, pms.note, pms.settled_by) == (State.SETTLED, "told Praktika", "Kim Nguyen")
        await front.press("escape")
        assert "! 2 need a person" in front.line("bar")


async def test_escape_in_the_note_settles_nothing(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        screen = await open_attention(front)
        await front.press("s", *"xyz", "escape")
        assert front.app.screen_stack[-1] is screen
        assert len(await front.store.attention(9)) == 3


class Wakes:
    """A dispatcher that only counts how often it is woken."""

    def __init__(self) -> None:
        self.woken = 0

    async def prepare(self) -> None:
        """There is nothing to find out."""

    async def run(self) -> None:
        return

    def wake(self) -> None:
        self.woken += 1

    async def left_alone(self) -> int:
        return 0


async def test_try_again_makes_it_due_and_says_in_its_row_what_became_of_it(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    dispatch = Wakes()
    async with open_front(clock=clock, dispatch=dispatch) as front:
        screen = await open_attention(front)
        before = [item.id for item in screen.source._items]
        await front.press("a")
        assert dispatch.woken
        await front.until(lambda: "Nothing more to do: tried again, waiting" in shown(front))
        await three.end("smile", Result(Ended.DONE, "taken by Praktika"))
        await front.until(lambda: "Nothing more to do: done automatically" in shown(front))
        assert [item.id for item in screen.source._items] == before
        await front.press("s")
        assert front.app.screen_stack[-1] is screen
        assert "2 need a person" in front.lines()[1]
        await front.press("f5")
        assert [item.id for item in screen.source._items] == before[1:]


async def test_what_only_a_person_can_do_is_not_tried_again(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        await open_attention(front)
        await front.press("down", "a")
        assert "Not tried again: Dentix is updated by hand" in shown(front)


async def test_others_move_no_row_and_take_none_away(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        screen = await open_attention(front)
        await front.press("down")
        before = [item.id for item in screen.source._items]
        marked = screen.listing.current
        assert marked is not None
        await settle(three.store, before[0], TOM, "did it there")
        await three.cancel("SD-10487")
        await three.end("smile", Result(Ended.REFUSED, "no"))
        await front.until(lambda: "1 more: F5 shows them" in front.lines()[1])
        assert "Nothing more to do: settled by Tom Reid, did it there" in shown(front)
        assert [item.id for item in screen.source._items] == before
        assert screen.listing.current is not None
        assert screen.listing.current.id == marked.id
        await front.press("f5")
        assert screen.listing.current.id == marked.id
        assert len(screen.source._items) == 3


async def test_details_from_attention_try_and_settle(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        await open_attention(front)
        await front.press("d")
        details = front.app.screen
        assert isinstance(details, DetailsScreen)
        same_as_golden("details-refused-80x24", front.lines())
        await front.press("a")
        await front.until(lambda: "a try Praktika again" not in shown(front))
        await three.end("smile", Result(Ended.REFUSED, "still billed"))
        await front.until(lambda: "still billed" in shown(front))
        await front.press("s", *"by phone", "enter")
        assert front.app.screen_stack[-1] is details
        await front.until(lambda: "done by hand" in shown(front))
        assert "by phone, Kim Nguyen" in shown(front)
        await front.press("escape", "escape")
        assert front.screen.find.has_focus


async def test_of_several_one_is_chosen(open_front: FrontOpener, three: Store, clock: StillClock) -> None:
    async with open_front(clock=clock) as front:
        await front.type(DENTIX.lower())
        await front.press("tab", "d")
        await front.press("s")
        assert "Settle which one?" in shown(front)
        assert "CANCEL IT IN DENTIX BY HAND" in shown(front)
        assert "PHONE THE PATIENT" in shown(front)
        await front.type("phone")
        await front.press("enter", *"rang her", "enter")
        left = [one.delivery for one in await front.store.attention(9)]
        assert {one.kind for one in left if one.target != "Praktika"} == {Kind.PMS_CANCEL}
        await front.press("a")
        assert "Nothing here needs a person." in shown(front)


async def test_the_last_line_moves_by_itself(
    open_front: FrontOpener, elsewhere: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        await front.type(PRAKTIKA.lower())
        await front.press("enter", "c")
        clock.advance(2.0)
        await front.press("f8")
        assert front.facts.endswith("cancelled, Praktika waiting, e-mail waiting")
        await elsewhere.end("smile", Result(Ended.UNKNOWN, "no answer"))
        await front.until(lambda: "Praktika unknown, checking, e-mail waiting" in front.facts)
        clock.advance(60.0)
        await elsewhere.end("smile", Result(Ended.DONE))
        await elsewhere.end(MAIL_CONNECTION, Result(Ended.REFUSED, "no such address"))
        await front.until(lambda: "Praktika told, SMS waiting" in front.facts)
        await elsewhere.end(SMS_CONNECTION, Result(Ended.DONE))
        await front.until(lambda: front.facts.endswith("cancelled, Praktika told, SMS sent"))
        assert "wait" not in front.shows


class Breaks:
    """A store in front of the real one that cannot be reached when it is to settle."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def do(self, *_: Any) -> Done[Any]:
        raise Unavailable("The line is cut.")


async def test_a_note_that_was_not_saved_stays(
    open_front: FrontOpener, three: Store, clock: StillClock
) -> None:
    async with open_front(clock=clock, wrap=lambda store: cast("BookingStore", Breaks(store))) as front:
        await open_attention(front)
        await front.press("s", *"rang", "enter")
        assert isinstance(front.app.screen, NoteScreen)
        assert "Not settled: The line is cut." in shown(front)
        assert "rang" in shown(front)


async def test_a_note_is_not_signed_for_another_patient_in_a_store_that_was_put_back(
    open_front: FrontOpener, three: Store, clock: StillClock, store_path: Path
) -> None:
    async with open_front(clock=clock) as front:
        screen = await open_attention(front)
        assert screen.listing.current is not None
        shown_for = screen.listing.current.attention.booking
        await front.press("s", *"rang")
        replace_store(
            store_path,
            "UPDATE head SET store_id = 'another', change = change + 7",
            f"UPDATE booking SET patient_name = 'Somebody Else' WHERE id = {shown_for.id}",
        )
        await front.until(lambda: "put back or replaced" in shown(front))
        await front.press("enter")
        assert isinstance(front.app.screen, NoteScreen)
        assert settling.PUT_BACK in shown(front)
        deliveries = await front.store.deliveries(shown_for.id)
        assert not any(one.state is State.SETTLED for one in deliveries)
        await front.press("escape")


async def test_more_than_a_screen_of_it_turns_by_pages(
    open_front: FrontOpener, elsewhere: Store, clock: StillClock
) -> None:
    for index in range(41, 60):
        await elsewhere.cancel(f"SD-2{index:04}")
    async with open_front(clock=clock) as front:
        screen = await open_attention(front)
        first = front.lines()
        await front.press(*["down"] * 3)
        assert [line.strip("> ") for line in front.lines()] == [line.strip("> ") for line in first]
        await front.press("down")
        assert front.lines()[4].startswith("> ")
        assert front.lines()[4].strip("> ") != first[4].strip("> ")
        await front.press("pageup")
        assert front.lines() == first
        await front.press(*["pagedown"] * 9)
        assert screen.listing.current == screen.source._items[-1]


async def test_what_others_said_is_text(
    open_front: FrontOpener, hostile_store: Path, clock: StillClock
) -> None:
    store = await open_store(f"sqlite:///{hostile_store}", clock=clock.now)
    there = Store(store)
    for index, name in enumerate(HOSTILE_NAMES):
        await there.cancel(f"H{index}")
        await there.end("smile", Result(Ended.REFUSED, clean(name)))
    await store.close()
    async with open_front(clock=clock, path=hostile_store) as front:
        await open_attention(front)
        for _ in HOSTILE_NAMES:
            for strip in front.app.screen._compositor.render_strips():
                assert strip.cell_length == 80
                for segment in strip:
                    assert not HARMFUL & set(segment.text)
            await front.press("down")


async def test_a_reason_that_is_long_is_not_cut_and_says_that_it_is_still_tried(
    open_front: FrontOpener, elsewhere: Store, clock: StillClock
) -> None:
    await elsewhere.cancel("SD-10482")
    clock.advance((await elsewhere.store.find("SD-10482"))[0].starts_at.timestamp() - clock.now().timestamp())
    await elsewhere.end("smile", Result(Ended.FAILED, "it did not answer in time", is_away=True))
    for size in ((80, 24), (60, 16)):
        async with open_front(clock=clock, size=size) as front:
            await open_attention(front)
            words = " ".join(" ".join(front.lines()).split())
            assert (
                "STILL TRYING TO TELL PRAKTIKA: cancel it there yourself if you can;"
                " it did not answer in time, 1 try Cancelled Sun 22 Nov 09:14 by Kim Nguyen" in words
            )
