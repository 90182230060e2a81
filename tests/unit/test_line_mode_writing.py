"""Line mode says exactly one thing of a command whose answer was lost, whatever its kind."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from frontdesk.cli.attention import IF_NOT_KNOWN
from frontdesk.cli.writing import write
from frontdesk.commands import Command, Done, Retry, Subject
from frontdesk.errors import CommitLost, FrontdeskError, Unavailable
from tests.making import KIM

AGAIN = Command(uuid4(), Subject("delivery", 12), 0, KIM, Retry())
AWAY = Unavailable("The line is cut: nothing was changed.")


class Lost:
    """A store whose answer is lost; `knows` is whether it can say what became of the command."""

    def __init__(self, *, knows: bool) -> None:
        self._knows = knows

    async def do(self, command: Command) -> Done[Any]:
        raise CommitLost(AWAY)

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        if self._knows:
            return None
        raise AWAY


@pytest.mark.parametrize(
    ("knows", "said"),
    [
        (True, "not saved, nothing has happened: The line is cut: nothing was changed."),
        (False, "not known yet whether it was saved; frontdesk attention shows how it stands"),
    ],
)
def test_it_says_what_is_certain(knows: bool, said: str) -> None:
    with pytest.raises(FrontdeskError) as raised:
        write(Lost(knows=knows), asyncio.run, AGAIN, IF_NOT_KNOWN)
    assert raised.value.hint == said
