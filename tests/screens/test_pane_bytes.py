"""What Down costs beside the pane: emptied by the first key, drawn when the keys rest, in colours."""

from statistics import median

import pytest

from frontdesk.desk import Settings
from frontdesk.screens.list import pane
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front
from tests.screens.test_painting import Oracle

SIZE = (120, 40)
FIRST, NEXT, RESTED = 620, 420, 1_200


async def rest(front: Front) -> None:
    """Let the keys rest: the pane is drawn, and what is read for it."""
    front.screen.pane.rest()
    await front.until(lambda: any("History" in line for line in front.screen.pane.lines))


@pytest.mark.parametrize("theme", ["dark", "plain"])
async def test_down_beside_the_pane_keeps_to_its_goals(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setattr(pane, "REST", 3600.0)
    async with open_front(size=SIZE, settings=Settings(theme=theme)) as front:
        with Oracle(front, *SIZE) as oracle:
            await front.idle()

            async def cost_of_down() -> int:
                before = oracle.changed_bytes
                await front.press("down")
                return oracle.changed_bytes - before

            firsts, nexts, rested = [], [], []
            for _ in range(4):
                before = oracle.changed_bytes
                await rest(front)
                rested.append(oracle.changed_bytes - before)
                firsts.append(await cost_of_down())
                nexts += [await cost_of_down() for _ in range(3)]
        assert oracle.differing == []
        assert max(firsts) <= FIRST
        assert median(nexts) <= NEXT
        assert max(rested) <= RESTED
