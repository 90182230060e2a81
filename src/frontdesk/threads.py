"""Long work in a thread; somebody who leaves meanwhile need not wait for it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Answer = TypeVar("Answer")


async def abandonable(work: Callable[[], Answer]) -> Answer:
    """Return what `work` returns, from a thread of its own; raise what it raises.

    The loop waits at its end for every thread of `asyncio.to_thread`, and the program for
    every thread but a daemon: a terminal that went away meanwhile would not end in order in
    time. And those threads are few, so that slow ones keep others waiting. `work` must be
    such that it may stop anywhere.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def tell(done: Future[Answer]) -> None:
        if answer.cancelled():
            return
        if error := done.exception():
            answer.set_exception(error)
        else:
            answer.set_result(done.result())

    def run() -> None:
        done = Future[Answer]()
        try:
            done.set_result(work())
        except Exception as error:
            done.set_exception(error)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, done)

    threading.Thread(target=run, name="abandonable", daemon=True).start()
    return await answer
