"""What is said of a command is exactly one thing, and only what is proven."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from frontdesk import saving
from frontdesk.bookings import Reason
from frontdesk.commands import Command, Done
from frontdesk.errors import CommitLost, Conflict, FrontdeskError, Refused, Unauthorised, Unavailable
from frontdesk.saving import Declined, NotKnown, NotSaved, Overtaken, Saved, known, save, save_once
from tests.making import cancel_of, make_booking

COMMAND = cancel_of(make_booking())
DONE: Done[Any] = Done(
    COMMAND.id, "booking.cancel", datetime(2026, 11, 22, tzinfo=UTC), make_booking(version=2)
)
AWAY = Unavailable("The store is away: nothing was changed.")


class Scripted:
    """A store whose answers are written down; each question takes the next one."""

    def __init__(self, do: object, *outcomes: object) -> None:
        self._do, self._outcomes = do, list(outcomes)
        self.asked: list[UUID] = []
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def do(self, command: Command) -> Done[Any]:
        self.begun.set()
        await self.goes_on.wait()
        answer: Done[Any] = _given(self._do)
        return answer

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        self.asked.append(command_id)
        answer: Done[Any] | None = _given(self._outcomes.pop(0))
        return answer


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def tell(error: Exception) -> FrontdeskError:
    return error if isinstance(error, FrontdeskError) else Unavailable("a bug")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "ASK_AGAIN", (0.0,))


REFUSED = Refused(Reason("started", "it has begun"))
CONFLICT = Conflict("", make_booking(version=2), None, None)
SHUT_OUT = Unauthorised("revoked")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (DONE, Saved(DONE)),
        (REFUSED, Declined(REFUSED)),
        (SHUT_OUT, Declined(SHUT_OUT)),
        (CONFLICT, Overtaken(CONFLICT)),
    ],
    ids=["saved", "refused", "shut out", "overtaken"],
)
async def test_an_answer_is_what_it_says_and_nobody_asks_again(answer: object, said: object) -> None:
    store, unknown = Scripted(answer), list[int]()
    assert await save(store, COMMAND, tell, lambda: unknown.append(1)) == said
    assert await save_once(store, COMMAND, tell) == said
    assert (store.asked, unknown) == ([], [])


@pytest.mark.parametrize("lost", [AWAY, CommitLost(AWAY), ValueError("a bug")], ids=["away", "commit", "bug"])
async def test_a_lost_answer_is_asked_for_until_it_is_known(lost: Exception) -> None:
    store, unknown = Scripted(lost, AWAY, ValueError("a bug"), DONE), list[int]()
    assert await save(store, COMMAND, tell, lambda: unknown.append(1)) == Saved(DONE)
    assert (store.asked, len(unknown)) == ([COMMAND.id] * 3, 2)


async def test_what_wrote_nothing_is_told_with_its_cause_and_without_doubt() -> None:
    assert await save(Scripted(CommitLost(AWAY), None), COMMAND, tell, list) == NotSaved(AWAY)
    assert await save_once(Scripted(CommitLost(AWAY), None), COMMAND, tell) == NotSaved(AWAY)


async def test_line_mode_asks_once_and_says_that_it_is_not_known() -> None:
    store = Scripted(AWAY, AWAY, DONE)
    assert await save_once(store, COMMAND, tell) == NotKnown(AWAY)
    assert len(store.asked) == 1


async def test_an_interrupt_waits_for_a_write_that_has_begun() -> None:
    store = Scripted(DONE)
    store.goes_on.clear()
    task = asyncio.ensure_future(save_once(store, COMMAND, tell))
    await store.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    store.goes_on.set()
    assert await task == Saved(DONE)


def test_a_store_that_found_nothing_raises_what_is_certain() -> None:
    assert known(DONE, CommitLost(AWAY)) is DONE
    with pytest.raises(Unavailable) as raised:
        known(None, CommitLost(AWAY))
    assert raised.value is AWAY
