"""Answers of a PMS, mutated: whatever comes back, no adapter lets anything but PmsError out, and nothing
is ever taken for a cancel that was none.

What is mutated are real answers of the simulated PMS of each kind, kept on a tape.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.attempts import Claim, Ended
from frontdesk.bookings import Cancellation
from frontdesk.deliveries import Delivery, Kind, State
from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms.kinds import open_pms
from frontdesk.pms.port import Account, Pms, PmsError
from frontdesk.pms.telling import PmsCarrier
from tests.contract.pms_accounts import NOW, PROMISES, REF, START, Promise, connected, in_a_hurry
from tests.making import KIM, cancel_of, make_booking

Ask = Callable[[Pms], Awaitable[object]]
Send = Callable[..., Awaitable[Answer]]

READS: dict[str, Ask] = {
    "ping": lambda pms: pms.ping(),
    "list": lambda pms: pms.appointments(START, START + timedelta(days=1)),
    "get": lambda pms: pms.appointment(REF),
    "practitioners": lambda pms: pms.practitioners(),
}
STATUSES = (201, 202, 204, 206, 302, 400, 401, 403, 404, 408, 409, 410, 412, 422, 429, 500, 502, 503, 504)
TELLING = frozenset(
    {
        *(
            "id",
            "status",
            "state",
            "attendance",
            "cancelled_at",
            "start",
            "starts_at",
            "data",
            "resourceType",
        ),
        *("AptNum", "AptStatus", "AptDateTime", "HistApptAction"),
    }
)
"""Keys on which it hangs what an appointment is taken for."""

every_kind = pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.kind)


@cache
def taped(promise: Promise) -> dict[str, tuple[Answer, ...]]:
    """Return what the simulated PMS answers to each question."""
    tape: list[Answer] = []
    real_send = HttpClient.send

    async def recording(self: HttpClient, *arguments: Any, **named: Any) -> Answer:
        tape.append(await real_send(self, *arguments, **named))
        return tape[-1]

    async def record() -> dict[str, tuple[Answer, ...]]:
        found = {}
        async with connected(promise) as at:
            for name, ask in READS.items():
                tape.clear()
                await ask(at.pms)
                found[name] = tuple(tape)
        return found

    with patch.object(HttpClient, "send", recording):
        return asyncio.run(record())


@dataclass
class Mutator:
    """Spoils answers as Hypothesis draws it."""

    data: st.DataObject

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.data.draw(strategy)

    def one_in(self, number: int) -> bool:
        return bool(self.draw(st.integers(1, number)) == number)

    def __call__(self, answer: Answer) -> Answer:
        """Return a spoiled answer, or raise that there is none."""
        if self.one_in(10):
            raise self.draw(st.sampled_from([Lost("lost"), NotSent("not sent")]))
        headers = httpx.Headers(answer.headers)
        body = self.draw(st.sampled_from([self.whole, self.damaged, self.values, self.words, self.another]))(
            answer.body
        )
        if self.one_in(6):
            headers["Content-Type"] = self.draw(
                st.sampled_from(["text/html", "application/json; charset=utf-16", "", "text/plain", "\u00e9"])
            )
        if self.one_in(6):
            for name in ("etag", "date", "content-type"):
                headers.pop(name, None)
        if self.one_in(6):
            headers["Retry-After"] = self.draw(st.sampled_from(["-1", "9" * 30, "soon", "Mon, 99 Nov 2026"]))
        status = self.draw(st.sampled_from(STATUSES)) if self.one_in(4) else answer.status
        return Answer(status, headers, body)

    def whole(self, body: bytes) -> bytes:
        return body

    def damaged(self, body: bytes) -> bytes:
        """Cut it off, or change some bytes."""
        if self.draw(st.booleans()):
            return body[: self.draw(st.integers(0, len(body)))]
        changed = bytearray(body)
        for _ in range(self.draw(st.integers(1, 4)) if changed else 0):
            changed[self.draw(st.integers(0, len(changed) - 1))] = self.draw(st.integers(0, 255))
        return bytes(changed)

    def values(self, body: bytes) -> bytes:
        """Change the type of some values, or leave them out."""
        document = json.loads(body)
        for _ in range(self.draw(st.integers(1, 3))):
            places = list(_places(document))
            if not places:
                break
            telling = [place for place in places if place[1] in TELLING]
            container, key = self.draw(
                st.sampled_from(telling if telling and self.draw(st.booleans()) else places)
            )
            if self.draw(st.booleans()):
                del container[key]
            else:
                container[key] = self.draw(
                    st.sampled_from(
                        [
                            None,
                            True,
                            False,
                            0,
                            -1,
                            1.5,
                            2**80,
                            "",
                            "x",
                            "\x1b[2J",
                            "\ud800",
                            "9" * 400,
                            [],
                            {},
                            [{}],
                            "2026-13-45",
                        ]
                    )
                )
        return json.dumps(document).encode()

    def words(self, body: bytes) -> bytes:
        """Put other words in telling places."""
        document = json.loads(body)
        texts = [
            (where, key) for where, key in _places(document) if key in TELLING and isinstance(where[key], str)
        ]
        if texts:
            container, key = self.draw(st.sampled_from(texts))
            container[key] = self.draw(
                st.sampled_from(["x", "Deleted", "cancelled?", "CANCELED", "0", "true"])
            )
        return json.dumps(document).encode()

    def another(self, body: bytes) -> bytes:
        """Something else altogether."""
        strange = [
            b"",
            b"<html>Sign in</html>",
            b"null",
            b"[]",
            b"{}",
            b'"text"',
            b"NaN",
            b"[" * 5_000,
            b'{"id": "7001", "id": "7002"}',
            b"\xff\xfe",
            b"\x1f\x8b\x08\x00",
            body * 2,
            body.decode().encode("utf-16"),
        ]
        found: bytes = self.draw(st.sampled_from(strange))
        return found


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from _places(value[key])


@contextmanager
def answering(answer: Callable[[], Answer]) -> Iterator[None]:
    """Answer every request by `answer`."""

    async def send(*_: Any, **__: Any) -> Answer:
        return answer()

    with patch.object(HttpClient, "send", send):
        yield


def opened(promise: Promise) -> Pms:
    account = Account(
        "smile",
        promise.kind,
        "http://127.0.0.1:9/smile",
        "smile-adelaide",
        {"secret": "key-au1", "key2": "smile-adelaide"},
        allow_http=True,
        allow_private=True,
        user_agent_email="desk@smile.example",
    )
    with in_a_hurry():
        return open_pms(account, lambda name: name, promise.time_zone, lambda: NOW)


def check_reads(promise: Promise, data: st.DataObject) -> None:
    spoil = Mutator(data)
    name = data.draw(st.sampled_from(sorted(READS)))
    tape = iter(taped(promise)[name] * 3)
    pms = opened(promise)

    async def asked() -> None:
        with suppress(PmsError):
            await READS[name](pms)

    with answering(lambda: spoil(next(tape, Answer(500, httpx.Headers(), b"")))):
        asyncio.run(asked())


def check_carrier(promise: Promise, data: st.DataObject) -> None:
    """Every answer is one about an appointment that is not cancelled, so no attempt may end as done."""
    spoil = Mutator(data)
    (booked, *_) = taped(promise)["get"]
    is_first = True

    def answer() -> Answer:
        nonlocal is_first
        # Mostly the first read is whole, or the write would hardly ever be reached.
        if is_first and data.draw(st.integers(0, 3)):
            is_first = False
            return booked
        is_first = False
        return spoil(booked)

    made = make_booking(starts_at=START, pms_ref=REF, cancellation=Cancellation(NOW, KIM, "Sick"))
    booking = replace(made, practice=replace(made.practice, time_zone=promise.time_zone))
    delivery = Delivery(1, 1, Kind.PMS_CANCEL, State.CLAIMED, "PMS", NOW, NOW, "smile", attempts=1)
    claim = Claim(
        delivery,
        booking,
        cancel_of(booking, id=UUID(int=7)),
        fence=1,
        unproven=data.draw(st.integers(0, 1)),
        at=NOW,
    )
    with answering(answer):
        result = asyncio.run(PmsCarrier(lambda _: opened(promise)).carry(claim))
    assert result.ended is not Ended.DONE
    assert len(result.said) <= 120
    assert result.said.isprintable()


quick = settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
deep = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@every_kind
@quick
@given(st.data())
def test_a_spoiled_answer_to_a_read_is_a_pms_error(promise: Promise, data: st.DataObject) -> None:
    check_reads(promise, data)


@every_kind
@quick
@given(st.data())
def test_a_spoiled_answer_is_never_a_cancel(promise: Promise, data: st.DataObject) -> None:
    check_carrier(promise, data)


@pytest.mark.full
@pytest.mark.timeout(600)
@every_kind
@deep
@given(st.data())
def test_many_spoiled_answers_to_a_read(promise: Promise, data: st.DataObject) -> None:
    check_reads(promise, data)


@pytest.mark.full
@pytest.mark.timeout(600)
@every_kind
@deep
@given(st.data())
def test_many_spoiled_answers_are_never_a_cancel(promise: Promise, data: st.DataObject) -> None:
    check_carrier(promise, data)


@every_kind
def test_the_tape_has_answers_that_are_understood(promise: Promise) -> None:
    """Or the mutations would be of nothing."""

    def replay(name: str) -> Callable[[], Answer]:
        tape = iter(taped(promise)[name])
        return lambda: next(tape)

    for name, ask in READS.items():
        pms = opened(promise)

        async def asked(ask: Ask = ask, pms: Pms = pms) -> object:
            return await ask(pms)

        with answering(replay(name)):
            assert asyncio.run(asked()) is not None
