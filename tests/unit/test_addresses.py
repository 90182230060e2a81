"""Look-ups of names: what they find, and that nobody waits for one."""

import asyncio
import socket
import threading
from typing import NoReturn

import pytest

from frontdesk.addresses import look_up


async def test_an_address_is_its_own_and_no_name_is_an_error() -> None:
    assert await look_up("127.0.0.1", 443) == ["127.0.0.1"]
    for name in ("a..example", "x" * 70):
        with pytest.raises(socket.gaierror):
            await look_up(name, 443)


def test_nobody_waits_for_one_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answers = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> NoReturn:
        asked.set()
        answers.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    async def give_up() -> int:
        looking = asyncio.ensure_future(look_up("pms.example", 443))
        await asyncio.to_thread(asked.wait)
        looking.cancel()
        return threading.active_count()

    # The loop is closed, with its threads, while the look-up goes on.
    assert asyncio.run(give_up()) > 1
    assert not answers.is_set()
    answers.set()
