"""Tokens of many requests are looked up together, and each as it is when its request asks."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from frontdesk.bookings import Scope
from frontdesk.errors import Unauthorised, Unavailable
from frontdesk.store.sql.database import READ_THREADS
from frontdesk.store.sql.store import SqlStore
from tests.making import KIM, LEE

READING = frozenset({Scope.READ})


async def make(store: SqlStore, name: str) -> tuple[str, str]:
    token, presented = await store.registry.create_token(name, READING, None, KIM)
    return token.id, presented


@contextmanager
def every_thread_busy(store: SqlStore) -> Iterator[Callable[[], None]]:
    """Keep what wants to read waiting, until what is yielded is called or the context ends."""
    over = threading.Event()

    def wait(_: Connection) -> None:
        over.wait(60)

    busy = [asyncio.ensure_future(store._database.read(wait)) for _ in range(READ_THREADS)]
    try:
        yield over.set
    finally:
        over.set()
        del busy


@contextmanager
def looks_at_tokens(store: SqlStore, then: Callable[[], None] = lambda: None) -> Iterator[list[str]]:
    """Collect the statements that read tokens; after each do something in its thread, the transaction open."""
    statements: list[str] = []

    def heard(*said: Any) -> None:
        if "FROM token" in said[2]:
            statements.append(said[2])
            then()

    engine = store._database._engine
    event.listen(engine, "after_cursor_execute", heard)
    try:
        yield statements
    finally:
        event.remove(engine, "after_cursor_execute", heard)


async def until_asked() -> None:
    """Let what was begun in this event loop come to where it waits for a thread."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_requests_that_wait_share_one_look_and_none_the_answer_of_another(store: SqlStore) -> None:
    (first_id, first), (second_id, second) = await make(store, "One"), await make(store, "Two")
    wrong = f"fd_{first_id}_{second.split('_', 2)[2]}"
    with looks_at_tokens(store) as statements, every_thread_busy(store) as go_on:
        asked = [
            asyncio.ensure_future(store.registry.admit(one))
            for one in (first, second, first, wrong, "no token", f"fd_00000000_{'A' * 43}")
        ]
        await until_asked()
        go_on()
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert len(statements) == 1
    assert [getattr(one, "id", None) for one in answers[:3]] == [first_id, second_id, first_id]
    assert [type(one) for one in answers[3:]] == [Unauthorised] * 3


async def test_a_token_revoked_while_its_request_waits_is_refused(store: SqlStore) -> None:
    token_id, presented = await make(store, "One")
    with every_thread_busy(store) as go_on:
        asked = asyncio.ensure_future(store.registry.admit(presented))
        await until_asked()
        await store.registry.revoke_token(token_id, LEE)
        go_on()
        with pytest.raises(Unauthorised, match="revoked"):
            await asked


async def test_who_asks_after_a_look_has_begun_has_one_of_their_own(store: SqlStore) -> None:
    token_id, presented = await make(store, "One")
    has_begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        has_begun.set()
        go_on.wait(60)

    with looks_at_tokens(store, hold) as statements:
        early = asyncio.ensure_future(store.registry.admit(presented))
        await asyncio.to_thread(has_begun.wait, 60)
        late = asyncio.ensure_future(store.registry.admit(presented))
        await until_asked()
        go_on.set()
        assert (await early).id == (await late).id == token_id
        await store.registry.revoke_token(token_id, LEE)
        with pytest.raises(Unauthorised, match="revoked"):
            await store.registry.admit(presented)
    assert len([one for one in statements if "IN" in one]) == 3


async def test_who_leaves_takes_nobody_else_along(store: SqlStore) -> None:
    token_id, presented = await make(store, "One")
    with every_thread_busy(store) as go_on:
        leaving, staying = (asyncio.ensure_future(store.registry.admit(presented)) for _ in range(2))
        await until_asked()
        leaving.cancel()
        await asyncio.wait([leaving])
        go_on()
        assert (await staying).id == token_id


async def test_each_who_waits_for_a_store_that_is_away_has_an_error_of_their_own_until_it_is_back(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_id, presented = await make(store, "One")

    async def away(work: object) -> None:
        raise Unavailable("The store is away.")

    with monkeypatch.context() as while_away:
        while_away.setattr(store._database, "read_one", away)
        asked = [asyncio.ensure_future(store.registry.admit(presented)) for _ in range(2)]
        first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert type(first) is type(second) is Unavailable
    assert first is not second
    assert str(first) == "The store is away."
    assert (await store.registry.admit(presented)).id == token_id


async def test_no_look_is_for_more_than_128(store: SqlStore) -> None:
    token_id, presented = await make(store, "One")
    others = [f"fd_{number:08x}_{'A' * 43}" for number in range(1, 200)]
    with looks_at_tokens(store) as statements, every_thread_busy(store) as go_on:
        asked = [asyncio.ensure_future(store.registry.admit(one)) for one in (*others, presented)]
        await until_asked()
        go_on()
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert len(statements) == 2
    assert getattr(answers[-1], "id", "") == token_id


async def test_looks_for_few_more_or_less_are_the_same_statement(store: SqlStore) -> None:
    with looks_at_tokens(store) as statements:
        for number in (3, 4):
            with every_thread_busy(store) as go_on:
                some = [f"fd_{one:08x}_{'A' * 43}" for one in range(number)]
                asked = [asyncio.ensure_future(store.registry.admit(one)) for one in some]
                await until_asked()
                go_on()
                await asyncio.gather(*asked, return_exceptions=True)
    assert len(statements) == 2
    assert len(set(statements)) == 1
