"""Connections: how each practice's PMS is told, how far that is proven, and who does not answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import Pms
from frontdesk.deliveries import MAIL_CONNECTION
from frontdesk.pms.port import Verified
from frontdesk.screens.connections import ConnectionsScreen
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import KIM
from tests.screens.front import Front, StillClock
from tests.screens.golden import same_as_golden

POLICY = RetryPolicy()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def elsewhere(store_path: Path, clock: StillClock) -> AsyncIterator[SqlStore]:
    store = await open_store(f"sqlite:///{store_path}", clock=clock.now)
    yield store
    await store.close()


async def cancel_ref(store: SqlStore, ref: str) -> None:
    (booking,) = await store.find(ref)
    await cancel(store, cancel_of(booking, KIM, ""))


async def end(store: SqlStore, connection: str, result: Result) -> None:
    claim = await store.queue.claim([connection], POLICY)
    assert claim is not None
    await store.queue.finish(claim, result, POLICY)


def shown(front: Front) -> str:
    """What is on the screen, wherever its lines are wrapped."""
    return " ".join(" ".join(front.lines()).split())


def assumed(pms: Pms) -> Verified:
    assert pms.name == "Praktika"  # one that is told by hand is nobody's assumption
    return Verified.ASSUMED


async def test_how_everybody_is_told_and_how_it_stands(
    open_front: FrontOpener, elsewhere: SqlStore, clock: StillClock
) -> None:
    await cancel_ref(elsewhere, "SD-10482")
    await end(elsewhere, "smile", Result(Ended.FAILED, "cannot be reached", is_away=True))
    await end(elsewhere, MAIL_CONNECTION, Result(Ended.REFUSED, "no such address"))
    async with open_front(clock=clock, verified=assumed) as front:
        await front.press("ctrl+p", *"connec", "enter")
        assert isinstance(front.app.screen, ConnectionsScreen)
        same_as_golden("connections-80x24", front.lines())
        await front.press("escape")
        assert front.screen.find.has_focus


async def test_a_biller_over_http_is_among_them_where_there_is_one(
    open_front: FrontOpener, elsewhere: SqlStore, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        await front.press("tab", "e")
        assert "Biller" not in shown(front)
    practices = await elsewhere.practices()
    await elsewhere.registry.apply_practices([replace(one, biller="biller.toml") for one in practices], KIM)
    async with open_front(clock=clock) as front:
        await front.press("tab", "e", "end")
        assert "Biller is told over HTTP. No trouble known." in shown(front)


async def test_it_follows_what_happens(
    open_front: FrontOpener, elsewhere: SqlStore, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        await front.press("tab", "e")
        assert "is told automatically. No trouble known." in shown(front)
        assert "own assumptions" not in shown(front)  # this desk cannot know it
        await cancel_ref(elsewhere, "SD-10482")
        await end(elsewhere, "smile", Result(Ended.LOCKED_OUT, "Praktika: does not accept our key"))
        await front.until(lambda: "Does not let us in since 09:14, 1 needs a person." in shown(front))


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (Verified.ASSUMED, "Follows our own assumptions, not yet tried with the vendor"),
        pytest.param(
            Verified.CONTRACT, "published API, not yet tried with the vendor.", marks=pytest.mark.full
        ),
        pytest.param(Verified.VENDOR, "Tried with the vendor.", marks=pytest.mark.full),
    ],
)
async def test_how_far_it_is_proven_is_said_there_and_beside_no_booking(
    open_front: FrontOpener, proof: Verified, words: str
) -> None:
    async with open_front(verified=lambda _: proof) as front:
        await front.press("tab", "e")
        assert words in shown(front)
        await front.press("escape", *"SD-10482", "enter", "d")
        assert "verified" not in shown(front)


async def test_a_narrow_window_loses_no_words(open_front: FrontOpener) -> None:
    async with open_front(size=(60, 16), verified=lambda _: Verified.ASSUMED) as front:
        await front.press("tab", "e")
        assert "not yet tried with the vendor." in shown(front)
        assert ".." not in shown(front)
