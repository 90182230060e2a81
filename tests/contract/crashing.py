"""Desks that die in the middle of a cancel, for tests: `points URL` or `moments URL NUMBER SEED`.

Every desk is a forked process that cancels the next booking, `R00000` and on, and is
killed: at one statement after another until one lives through it, or at some moment.
Prints, as JSON, which of them were answered before they died.
"""

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from frontdesk.store.opening import open_store
from tests.making import KIM, cancel, cancel_of

ANSWERED, BEGUN = b"a", b"b"


def desk(url: str, line: int, say: Callable[[bytes], object], point: int | None) -> None:
    """Cancel one booking; die before statement number `point`, the last being after COMMIT."""

    async def work() -> None:
        store = await open_store(url)
        (booking,) = await store.find(f"R{line:05}")
        command = cancel_of(booking, KIM, "Sick")
        if point is not None:
            die_at(point)
        say(BEGUN)
        await cancel(store, command)
        say(ANSWERED)

    asyncio.run(work())
    os._exit(0)


def die_at(point: int) -> None:
    passed = 0

    def count(*_: object) -> None:
        nonlocal passed
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    commit = psycopg.Connection.commit

    def commit_and_count(self: psycopg.Connection) -> None:
        count()
        commit(self)
        count()

    def count_after_commit(_: object, __: object, statement: str, *___: object) -> None:
        if statement == "COMMIT":
            count()

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "after_cursor_execute", count_after_commit)
    psycopg.Connection.commit = commit_and_count  # type: ignore[method-assign, assignment]


def run(url: str, line: int, point: int | None, wait: float | None) -> tuple[bool, bool]:
    """Let one desk live and die; return whether it was answered and whether it came to its end."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        try:
            desk(url, line, lambda word: os.write(tell, word), point)
        finally:
            os._exit(1)
    os.close(tell)
    if wait is not None:
        os.read(hear, 1)
        select.select([], [], [], wait)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"a desk failed at point {point}")
    heard = os.read(hear, 9)
    os.close(hear)
    return ANSWERED in heard, os.WIFEXITED(status)


def points(url: str) -> list[bool]:
    """Kill a desk at every point there is, until one comes to its end."""
    answered: list[bool] = []
    ended = False
    while not ended:
        answer, ended = run(url, len(answered), len(answered), None)
        answered.append(answer)
    return answered


def moments(url: str, number: int, seed: int) -> list[bool]:
    """Kill desks at moments of the time that a cancel takes, and a little more; the first one lives."""
    chance = random.Random(seed)
    begun = time.monotonic()
    answered = [run(url, 0, None, None)[0]]
    # Of what a whole desk takes the cancel is the smaller part.
    longest = (time.monotonic() - begun) / 2
    while len(answered) < number:
        answered.append(run(url, len(answered), None, chance.uniform(0, longest))[0])
    return answered


def main(how: str, url: str, *numbers: str) -> Any:
    return points(url) if how == "points" else moments(url, *map(int, numbers))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
