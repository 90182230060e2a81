"""Diaries as desks have to do with them: they ask for a read, look at what it has brought, and decide."""

from typing import Protocol

from frontdesk.bookings import Operator
from frontdesk.diary_runs import Decision, HeldChange, LooseEnds, Run
from frontdesk.store.diaries import Diaries
from frontdesk.store_state import DiaryState

RUNS_LIMIT = 100
"""Runs that are listed at most."""

ENDS_LIMIT = 20
"""Lines of each list of loose ends."""


class DeskDiaries(Protocol):
    """The diaries of the practices that a desk may see. How they stand is part of the store's state."""

    async def read_diaries(self) -> tuple[DiaryState, ...]:
        """Have them read at once: what has changed there, and the next days. Return how they stand meanwhile."""
        ...

    async def diary_runs(self, limit: int, after: int = 0) -> tuple[Run, ...]:
        """Return up to `limit` of the latest runs with numbers above `after`, the latest first."""
        ...

    async def held_change(self, number: int) -> HeldChange:
        """Return what a run holds for a person to decide. Raises NotFound."""
        ...

    async def loose_ends(self) -> tuple[LooseEnds, ...]:
        """Return what fits nothing here or there, of each diary that has some; at most ENDS_LIMIT of a kind."""
        ...

    async def decide_diary(self, number: int, decision: Decision, operator: Operator) -> Run:
        """Decide about what a run holds, and return it. Where the diary is believed, the list is then as it says.

        Raises NotFound, and Refused for a desk without the scope `admin`, where there is nothing to decide, or
        where the diary says something else by now.
        """
        ...


async def carry_out(diaries: Diaries, number: int, decision: Decision, operator: Operator, owner: str) -> Run:
    """Write a decision down and do what it says, in the name of `owner`; see `DeskDiaries.decide_diary`.

    What is cut off half way is gone on with by whoever reads the diary next.
    """
    lease = await diaries.decide(number, decision, operator, owner)
    if decision is Decision.APPLY:
        while await diaries.apply(lease):
            pass
    await diaries.let_go(lease)
    return await diaries.run(number)
