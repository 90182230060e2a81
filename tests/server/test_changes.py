"""Changes as server-sent events: resumed, filtered, alive, and ended in order."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from frontdesk.api import wire
from frontdesk.bookings import Scope, Standing
from frontdesk.commands import Subject
from frontdesk.errors import Unavailable
from frontdesk.server import limiting
from frontdesk.server.app import make_app
from frontdesk.server.broadcast import MOST_WAITING, Broadcast, Subscription
from frontdesk.store.port import STORE, Change
from frontdesk.store.sql.store import SqlStore
from tests.contract.billed import SETTINGS, Billed
from tests.making import KIM, make_incoming
from tests.server.requests import cancel
from tests.serving import DESK_SCOPES, Told, bearer, client_of, make_token, served, service_of

BEFORE = 2
"""Number of the last change that `filled` begins with: practices, bookings."""


@dataclass
class Stream:
    """What comes in at a desk."""

    blocks: AsyncIterator[str]
    comments: int = 0

    async def event(self) -> dict[str, str]:
        """Return the fields of the next event; {} at the end of the stream."""
        async for block in self.blocks:
            if block.startswith(":"):
                self.comments += 1
            elif not block.startswith("retry"):
                return dict(line.split(": ", 1) for line in block.splitlines())
        return {}

    async def change(self) -> Change:
        """Return the next event, which is a change."""
        event = await self.event()
        assert event["event"] == "change"
        change = wire.decode(event["data"].encode(), Change)
        assert event["id"] == str(change.number)
        return change

    async def comment(self) -> None:
        """Return after the next comment."""
        async for block in self.blocks:
            if block.startswith(":"):
                return
        raise AssertionError("the stream is over")


@asynccontextmanager
async def listening(
    url: str, presented: str, after: int | None = None, last_event_id: str | None = None, store: str = ""
) -> AsyncIterator[Stream]:
    """Open a stream of changes; it is open on the server, too, when this is entered."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    query: dict[str, int | str] = {"store": store} if after is None else {"after": after, "store": store}
    async with (
        client_of(url, presented) as client,
        client.stream("GET", "/changes", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["Content-Type"].startswith(wire.EVENTS_TYPE)
        assert "Content-Encoding" not in response.headers
        blocks = _blocks(response)
        assert await anext(blocks) == "retry: 2000"
        yield Stream(blocks)


async def _blocks(response: httpx.Response) -> AsyncIterator[str]:
    text = ""
    async for piece in response.aiter_text():
        text += piece
        *whole, text = text.split("\n\n")
        for block in whole:
            yield block


@pytest.fixture
async def token(filled: SqlStore) -> str:
    """The token of a desk that may do everything."""
    return await make_token(filled)


async def test_what_others_write_comes_at_once_and_what_was_missed_comes_first(
    server: str, desk: httpx.AsyncClient, token: str
) -> None:
    async with listening(server, token) as now, listening(server, token, after=0) as from_start:
        assert [(await from_start.change()).number for _ in range(BEFORE)] == [1, 2]
        await cancel(desk, 33, operator=KIM.name)
        change = await now.change()
        assert (change.number, change.booking_id, change.by.name) == (BEFORE + 1, 33, KIM.name)
        assert await from_start.change() == change
    await cancel(desk, 35)
    await cancel(desk, 37)
    async with (
        listening(server, token, after=BEFORE + 1) as asked,
        listening(server, token, after=0, last_event_id=str(BEFORE + 2)) as resumed,
    ):
        assert [(await asked.change()).booking_id for _ in range(2)] == [35, 37]
        assert (await resumed.change()).booking_id == 37


async def test_a_store_that_has_not_come_so_far_is_another_one(
    server: str, filled: SqlStore, desk: httpx.AsyncClient, token: str
) -> None:
    store_id = (await filled.state()).store_id
    async with (
        listening(server, token, after=10**12) as stream,
        listening(server, token, 0, "9000") as other,
    ):
        for one in (stream, other):
            data = f'{{"number":{BEFORE},"store_id":"{store_id}"}}'
            reset = {"id": str(BEFORE), "event": "reset", "data": data}
            assert await one.event() == reset
        await cancel(desk, 33)
        assert (await stream.change()).number == BEFORE + 1


async def test_the_numbers_of_another_store_say_nothing_of_this_one(
    server: str, filled: SqlStore, token: str
) -> None:
    store_id = (await filled.state()).store_id
    async with (
        listening(server, token, BEFORE - 1, store=store_id) as same,
        listening(server, token, BEFORE - 1, store="another") as other,
    ):
        assert (await same.change()).number == BEFORE
        assert (await other.event())["event"] == "reset"


class CatchesUpLate:
    """A store whose answer to who catches up comes after the watcher has heard of the next change."""

    def __init__(self, store: SqlStore) -> None:
        self.registry = store.registry
        self.heard = asyncio.Event()
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def as_desk(self, standing: Standing) -> "CatchesUpLate":
        """Return itself: every desk sees all that happens."""
        return self

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        """Return what the watcher waits for, and only then what somebody catches up with."""
        if not wait:
            await self.heard.wait()
        told = await self._store.changes(after, wait, store_id)
        if wait and told:
            self.heard.set()
        return told


async def test_what_is_read_and_heard_of_is_told_once(filled: SqlStore, told: Told, token: str) -> None:
    late: Any = CatchesUpLate(filled)
    async with (
        served(service_of(late, told)) as url,
        client_of(url, token) as desk,
        listening(url, token, BEFORE) as stream,
    ):
        await cancel(desk, 33)
        assert (await stream.change()).booking_id == 33
        await cancel(desk, 35)
        assert (await stream.change()).booking_id == 35


async def test_changes_at_other_practices_are_not_told(
    server: str, filled: SqlStore, desk: httpx.AsyncClient
) -> None:
    mine = await make_token(filled, practices=frozenset({"adelaide"}))
    await cancel(desk, 34)
    await cancel(desk, 33)
    async with listening(server, mine, BEFORE) as stream:
        assert (await stream.change()).booking_id == 33
        await cancel(desk, 36)
        await filled.registry.load([make_incoming(1000)], KIM, "a test")
        await cancel(desk, 35)
        assert [(await stream.change()).booking_id for _ in range(2)] == [None, 35]


BILLING = frozenset({Scope.READ, Scope.BILL})


async def test_news_of_billing_goes_to_those_who_may_read_it(
    server: str, filled: SqlStore, store_url: str
) -> None:
    await Billed.make(filled, store_url)
    hearing = {
        "all": await make_token(filled, scopes=BILLING),
        "the account": await make_token(filled, scopes=BILLING, practices=frozenset({"adelaide", "perth"})),
        "one practice": await make_token(filled, scopes=BILLING, practices=frozenset({"perth"})),
        "no billing": await make_token(filled),
    }
    async with AsyncExitStack() as desks:
        streams = {
            who: await desks.enter_async_context(listening(server, one)) for who, one in hearing.items()
        }
        for stream in streams.values():
            await stream.comment()
        await filled.registry.apply_billing(replace(SETTINGS, due_days=3), KIM)
        await filled.registry.load([make_incoming(1000)], KIM, "a test")
        firsts = {who: await stream.change() for who, stream in streams.items()}
    assert {who: one.subject.kind for who, one in firsts.items()} == {
        "all": "account",
        "the account": "account",
        "one practice": "booking",
        "no billing": "booking",
    }
    assert [firsts[who].by.name for who in ("one practice", "no billing")] == ["", KIM.name]


async def test_an_idle_stream_says_that_it_is_alive_until_its_token_is_revoked(
    filled: SqlStore, told: Told
) -> None:
    made, presented = await filled.registry.create_token("Desk", DESK_SCOPES, None, KIM)
    async with (
        served(service_of(filled, told, keep_alive_seconds=0.01)) as url,
        listening(url, presented) as stream,
    ):
        await stream.comment()
        await stream.comment()
        await filled.registry.revoke_token(made.id, KIM)
        assert await stream.event() == {}


class Endless:
    """A store in which something happens all the time."""

    def __init__(self, store: SqlStore) -> None:
        self.registry = store.registry
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def as_desk(self, standing: Standing) -> "Endless":
        """Return itself: every desk sees all that happens."""
        return self

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        """Return one more."""
        await asyncio.sleep(0)
        return (Change(after + 1, Subject("booking", 0), None, KIM, datetime.now(UTC)),)


async def test_traffic_does_not_put_off_the_look_at_the_token(filled: SqlStore, told: Told) -> None:
    made, presented = await filled.registry.create_token("Desk", DESK_SCOPES, None, KIM)
    endless: Any = Endless(filled)
    async with (
        served(service_of(endless, told, keep_alive_seconds=0.01)) as url,
        listening(url, presented) as stream,
    ):
        await stream.change()
        await filled.registry.revoke_token(made.id, KIM)
        while await stream.event():
            continue


async def test_a_closing_server_ends_its_streams(filled: SqlStore, told: Told, token: str) -> None:
    async with AsyncExitStack() as desks:
        async with served(service_of(filled, told)) as url:
            stream = await desks.enter_async_context(listening(url, token))
        # The server has ended: it did not wait for its desk.
        assert await stream.event() == {}


async def test_a_store_that_is_away_ends_the_streams_and_the_next_one_is_well(
    filled: SqlStore, told: Told, token: str
) -> None:
    counted: Any = Counted(filled)
    async with (
        served(service_of(counted, told)) as url,
        listening(url, token) as stream,
        listening(url, token) as other,
    ):
        counted.fault.set_result(Unavailable("away"))
        assert await stream.event() == await other.event() == {}
        counted.fault = asyncio.get_running_loop().create_future()
        async with (
            listening(url, token) as again,
            client_of(url, token) as desk,
        ):
            await cancel(desk, 33)
            assert (await again.change()).booking_id == 33
    assert not told.errors


async def test_a_fault_in_the_watcher_is_reported(filled: SqlStore, told: Told, token: str) -> None:
    counted: Any = Counted(filled)
    async with (
        served(service_of(counted, told)) as url,
        listening(url, token) as stream,
    ):
        counted.fault.set_result(error := RuntimeError("a bug"))
        assert await stream.event() == {}
    assert told.errors == [error]


async def test_a_desk_has_so_many_streams_and_gets_the_place_of_a_closed_one(
    server: str, filled: SqlStore, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "STREAMS_A_TOKEN", 3)
    other = await make_token(filled, "Desk Two")
    async with AsyncExitStack() as desks, client_of(server) as client:
        for _ in range(2):
            await desks.enter_async_context(listening(server, token))
        async with listening(server, token):
            refused = await client.get("/changes", headers=bearer(token))
            assert refused.status_code == 429
            assert int(refused.headers["Retry-After"]) > 0
            async with listening(server, other):
                pass
        # The server hears in a moment that a desk has hung up.
        while (await _status(client, token)) == 429:
            continue
        assert await _status(client, token) == 200


async def _status(client: httpx.AsyncClient, token: str) -> int:
    async with client.stream("GET", "/changes", headers=bearer(token)) as response:
        return response.status_code


class Counted:
    """A store as a server sees it, that counts looks for changes, and has a fault when told to."""

    def __init__(self, store: SqlStore) -> None:
        self.registry = store.registry
        self.looks = 0
        self.rows_read = 0
        self.fault: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        """Wait for changes or for the fault, which is had once."""
        self.looks += 1
        looking: asyncio.Future[Any] = asyncio.ensure_future(self._store.changes(after, wait, store_id))
        await asyncio.wait([looking, self.fault], return_when=asyncio.FIRST_COMPLETED)
        if looking.done():
            told: tuple[Change, ...] = looking.result()
            return told
        looking.cancel()
        raise self.fault.result()

    async def rows(self, booking_ids: Iterable[int]) -> object:
        """Count, and read."""
        self.rows_read += 1
        return await self._store.rows(tuple(booking_ids))


async def test_many_streams_are_one_reader_of_the_database(filled: SqlStore, told: Told) -> None:
    number = 20
    sets = (None, frozenset({"adelaide"}), frozenset({"perth"}), frozenset({"adelaide", "perth"}))
    tokens = [await make_token(filled, f"Desk {i}", practices=sets[i % 4]) for i in range(number)]
    counted: Any = Counted(filled)
    async with AsyncExitStack() as desks:
        url = await desks.enter_async_context(served(service_of(counted, told)))
        client = await desks.enter_async_context(client_of(url, tokens[0]))
        streams = [await desks.enter_async_context(listening(url, one)) for one in tokens]
        looks = counted.looks
        await cancel(client, 33)
        hearing = [one for index, one in enumerate(streams) if index % 4 != 2]
        heard = await asyncio.gather(*(one.change() for one in hearing))
        assert {one.booking_id for one in heard} == {33}
        assert (looks, counted.looks, counted.rows_read) == (1, 2, 1)


class Scripted:
    """A store that answers who waits for changes with what stands in `answers`; then nothing comes."""

    def __init__(self, *answers: Change | Unavailable) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, str]] = []
        self.waits, self.was_left = asyncio.Event(), asyncio.Event()

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        """Give the next answer, or wait."""
        self.asked.append((after, store_id))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Unavailable):
                raise answer
            return (answer,)
        self.waits.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.was_left.set()
        return ()

    async def state(self) -> Any:
        """Say that this is another store by now."""
        return SimpleNamespace(store_id="another")


def broadcast_of(store: Any) -> Broadcast:
    return Broadcast(store, lambda error: str(error))


async def test_who_begins_to_listen_before_those_of_a_broken_watcher_have_gone_hears_of_changes() -> None:
    change = Change(8, Subject("booking", 33), 33, KIM, datetime.now(UTC))
    broadcast = broadcast_of(Scripted(Unavailable("away"), change))
    with broadcast.subscription(Standing(), 7, "one") as old:
        while not old.is_over:
            await old.next(60)
        with broadcast.subscription(Standing(), 7, "one") as new:
            assert await new.next(5) == (change,)


async def test_without_a_stream_nobody_looks_at_the_database() -> None:
    store = Scripted()
    broadcast = broadcast_of(store)
    with broadcast.subscription(Standing(), 7, "one"):
        await store.waits.wait()
        with broadcast.subscription(Standing(), 7, "one"):
            pass
        assert not store.was_left.is_set()
    await asyncio.wait_for(store.was_left.wait(), 5)
    assert store.asked == [(7, "one")]


async def test_after_a_store_was_replaced_the_watcher_follows_the_new_one() -> None:
    store = Scripted(Change(3, STORE, None, KIM, datetime.now(UTC)))
    with broadcast_of(store).subscription(Standing(), 7, "one"):
        await store.waits.wait()
        assert store.asked == [(7, "one"), (3, "another")]


async def test_who_reads_too_slowly_is_let_go() -> None:
    subscription = Subscription(Standing())
    change = Change(1, Subject("booking", 0), None, KIM, datetime.now(UTC))
    subscription.tell([change] * MOST_WAITING, {}, {})
    assert not subscription.is_over
    subscription.tell([change], {}, {})
    assert subscription.is_over


async def test_after_its_end_a_server_begins_no_stream(filled: SqlStore, told: Told, token: str) -> None:
    app = make_app(service_of(filled, told))
    app.state.gate.broadcast.close()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://server", headers=bearer(token)
    ) as desk:
        assert (await desk.get("/changes")).text == "retry: 2000\n\n"
