"""Several servers on one PostgreSQL are one service: one of them is killed under load.

Jepsen's rule for what desks were told: acknowledged must be there; refused must not; of what
nobody answered for, the store knows, and tells whoever asks to give up.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from sqlalchemy.engine import make_url

from frontdesk.api import wire
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.e2e.server_process import server_process
from tests.making import KIM, make_incoming, make_practice
from tests.serving import bearer, make_token


@dataclass
class Told:
    """What desks were told became of their commands, by booking: what a checker may hold against the store."""

    done: dict[UUID, int] = field(default_factory=dict)
    lost: dict[UUID, int] = field(default_factory=dict)
    found_written: int = 0
    unanswered: int = 0
    answered_by: Counter[str] = field(default_factory=Counter)


class Desks:
    """Desks that cancel bookings at whichever server answers."""

    def __init__(self, token: str, urls: list[str]) -> None:
        self.urls = urls
        self.told = Told()
        self._token = token
        self._something = asyncio.Condition()

    async def work(self, number: int, bookings: Sequence[int]) -> None:
        """Cancel each of these, as one desk whose first choice is server `number`."""
        async with httpx.AsyncClient(headers=bearer(self._token), timeout=60) as client:
            for booking_id in bookings:
                while not await self._settled(client, number, booking_id):
                    # Nothing happened, and the desk was told so: its operator tries again.
                    pass
                async with self._something:
                    self._something.notify_all()

    async def _settled(self, client: httpx.AsyncClient, number: int, booking_id: int) -> bool:
        """Make one try; return whether it is over, for this desk or for the one that was first."""
        command_id = uuid4()
        answer, url = await self._cancel(client, number, booking_id, command_id)
        if answer is not None:
            written = answer.status_code == 200
            # Of two desks that cancel the same booking the other one was first.
            assert written or answer.status_code == 412, answer.text
            self.told.answered_by[url] += 1
        else:
            self.told.unanswered += 1
            written = await self._given_up(client, number, command_id)
            self.told.found_written += written
        (self.told.done if written else self.told.lost)[command_id] = booking_id
        return written or answer is not None

    async def _cancel(
        self, client: httpx.AsyncClient, number: int, booking_id: int, command_id: UUID
    ) -> tuple[httpx.Response | None, str]:
        """Return the answer; none when the connection broke while it was waited for."""
        for url in self._in_order(number):
            try:
                answer = await client.post(
                    f"{url}/bookings/{booking_id}/cancel",
                    headers={"If-Match": '"1"', "Idempotency-Key": str(command_id)},
                    json={"reason": "ill"},
                )
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                return None, url
            return answer, url
        raise AssertionError("no server is there")

    async def _given_up(self, client: httpx.AsyncClient, number: int, command_id: UUID) -> bool:
        for url in self._in_order(number):
            try:
                answer = await client.post(f"{url}/commands/{command_id}/give-up")
            except httpx.TransportError:
                continue
            assert answer.status_code == 200, answer.text
            return wire.decode(answer.content, wire.Outcome).done is not None
        raise AssertionError("no server is there")

    def _in_order(self, number: int) -> list[str]:
        return sorted(self.urls, key=lambda url: self.urls.index(url) != number % len(self.urls))

    async def until_answered(self, url: str, number: int) -> None:
        """Return when so many cancels were answered by a server."""
        async with self._something:
            await self._something.wait_for(lambda: self.told.answered_by[url] >= number)


@pytest.fixture
def config(migrated_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config of servers on this test's database."""
    url = make_url(migrated_postgres_url)
    if url.password:
        monkeypatch.setenv("PGPASSWORD", str(url.password))
    address = url._replace(password=None).render_as_string()
    file = tmp_path / "server.toml"
    file.write_text(
        f'[store]\nurl = "{address}"\n[server]\nrequests_a_minute = 1000000\n[log]\nfile = "server.log"\n'
    )
    return file


def plain(url: str) -> str:
    """Return the address as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Ask the database itself, past all that is to be tested."""
    async with await psycopg.AsyncConnection.connect(plain(url)) as database:
        return await (await database.execute(query)).fetchall()


@asynccontextmanager
async def filled(url: str, bookings: int) -> AsyncIterator[tuple[SqlStore, list[int]]]:
    """Yield the store with so many bookings to come, and their ids."""
    store = await open_store(url)
    try:
        await store.registry.apply_practices([make_practice()], KIM)
        await store.registry.load([make_incoming(line) for line in range(bookings)], KIM, "tests")
        yield store, [number for (number,) in await rows(url, "SELECT id FROM booking")]
    finally:
        await store.close()


async def check(store: SqlStore, url: str, told: Told, bookings: Sequence[int]) -> None:
    """Hold what desks were told against what is in the database."""
    commands = await rows(url, "SELECT id, booking_id FROM command")
    assert dict(commands) == told.done
    assert not dict(commands).keys() & told.lost.keys()
    cancelled = Counter(await rows(url, "SELECT id FROM booking WHERE cancelled"))
    assert cancelled == Counter((one,) for one in bookings)
    assert cancelled == Counter((booking_id,) for _, booking_id in commands)
    audited = await rows(url, "SELECT booking_id FROM audit WHERE action = 'booking.cancelled'")
    assert cancelled == Counter(audited)
    planned = await rows(url, "SELECT booking_id, kind FROM delivery")
    kinds = ("pms.cancel", "patient.email", "desk.email")
    assert Counter(planned) == Counter((one, kind) for one in bookings for kind in kinds)
    assert await store.registry.verify() is None


_HOLD = """
    CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER held AFTER INSERT ON command DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION held();
"""


@asynccontextmanager
async def commits_held(url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Let no cancel's COMMIT get through while the context lasts; yields what waits for one to be stuck."""
    async with await psycopg.AsyncConnection.connect(plain(url), autocommit=True) as database:
        await database.execute(_HOLD)
        await database.execute("SELECT pg_advisory_lock(7)")
        stuck = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted"

        async def until_stuck() -> None:
            while not await (await database.execute(stuck)).fetchone():
                pass

        yield until_stuck


@pytest.mark.full
async def test_a_server_is_killed_while_its_commit_is_under_way_and_the_other_one_tells(
    migrated_postgres_url: str, config: Path
) -> None:
    async with (
        filled(migrated_postgres_url, 24) as (store, ids),
        server_process(config) as first,
        server_process(config) as second,
    ):
        desks = Desks(await make_token(store), [first.url, second.url])
        # What the desks do goes on when the commits are let through.
        async with asyncio.TaskGroup() as working, commits_held(migrated_postgres_url) as until_stuck:
            # Every booking is cancelled by two desks in the same order, one at each server.
            for desk in (0, 2, 4):
                working.create_task(desks.work(desk, ids[desk // 2 :: 3]))
            await until_stuck()
            for desk in (1, 3, 5):
                working.create_task(desks.work(desk, ids[desk // 2 :: 3]))
            first.kill()
            await first.process.wait()

        await check(store, migrated_postgres_url, desks.told, ids)
        # One had sent its COMMIT, and waited for the answer; nobody at the first server ever got one.
        assert desks.told.found_written == 1
        assert desks.told.unanswered == 3
        assert set(desks.told.answered_by) == {second.url}
        assert (await second.ended())[0] == 0


@pytest.mark.full
@pytest.mark.timeout(300)
async def test_all_but_one_of_many_are_killed_under_load(migrated_postgres_url: str, config: Path) -> None:
    bookings, servers = 480, 4
    async with AsyncExitStack() as running, filled(migrated_postgres_url, bookings) as (store, ids):
        served = [await running.enter_async_context(server_process(config)) for _ in range(servers)]
        desks = Desks(await make_token(store), [one.url for one in served])
        async with asyncio.TaskGroup() as working:
            for desk in range(4 * servers):
                # Two desks have the same bookings in the same order, at two servers.
                working.create_task(desks.work(desk, ids[desk // 2 :: 2 * servers]))
            for one in served[:-1]:
                await desks.until_answered(one.url, bookings // (2 * servers * servers))
                one.kill()
        await check(store, migrated_postgres_url, desks.told, ids)
        # Else nobody was cut off, and nothing was proved.
        assert desks.told.unanswered > servers
        assert len(desks.told.answered_by) == servers
        assert (await served[-1].ended())[0] == 0
