"""How well every screen can be read in every theme, measured cell by cell on an emulated terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from rich.color import ColorSystem
from textual.strip import Strip

from frontdesk.desk import Settings
from frontdesk.widgets.look import LOOKS, QUIET_ROLES, Look
from frontdesk.widgets.theme import Ability, look_over
from frontdesk.words.told import BARS, Role
from tests.contrast import PALETTES, Palette, cell_contrast, contrast
from tests.emulator import ExactScreen, emulated
from tests.screens.billed_data import TO_DECEMBER, fill
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front, StillClock
from tests.screens.pins import PINS, Pins
from tests.screens.test_painting import Oracle

READ, QUIET = 7.0, 4.5
BACKGROUNDS: Final = {
    **{name: palette.background for name, palette in PALETTES.items()},
    "VS Code": 0x1E1E1E,
    "Dracula": 0x282A36,
    "Tango": 0x2E3436,
    "Nord": 0x2E3440,
    "Ubuntu": 0x300A24,
    "a light grey": 0xF0F0F0,
    "paper": 0xFAFAF8,
    "Gruvbox, light": 0xFBF1C7,
    "a green": 0x002200,
}


def grounds(look: Look) -> dict[str, Palette]:
    """The terminals on which `auto` takes a look: the known ones, and the last grey for which it does."""
    greys = [grey << 16 | grey << 8 | grey for grey in range(256)]
    found = {f"grey {grey:06x}": grey for grey in greys if look_over(grey, Ability()).name == look.name}
    last = list(found.items())[-1 if look.name == "dark" else 0]
    taken = [
        (name, colour)
        for name, colour in [*BACKGROUNDS.items(), last]
        if look_over(colour, Ability()).name == look.name
    ]
    own = {name: palette for name, palette in PALETTES.items() if look.name == "plain"}
    own |= {name: PALETTES[name] for name, _ in taken if name in PALETTES}
    text = max((0x000000, 0xFFFFFF), key=lambda colour: contrast(colour, taken[0][1])) if taken else 0
    made = {name: Palette(text, colour, (0,) * 16) for name, colour in taken if name not in PALETTES}
    return own | made


def pens_of(look: Look, roles: frozenset[Role]) -> set[tuple[tuple[str, str], ...]]:
    """How the emulated terminal names the pens of roles, on its own background and on bars."""
    found = set()
    for style in [look.on(bar, role) for role in roles for bar in (None, *BARS)]:
        screen, stream = emulated(2, 1)
        codes = Strip.render_ansi(style, ColorSystem.EIGHT_BIT)
        stream.feed(f"\x1b[{codes}mx\x1b[m")
        found.add(screen.cells()[0][0].pen)
    return found


class Judge:
    """Says where, in what pen and how little a sign stands out that should more, in one look.

    Text in the terminal's own two colours has the contrast that the terminal gives it.
    """

    def __init__(self, look: Look) -> None:
        self.look = look
        self._grounds = grounds(look)
        self._quiet = pens_of(look, QUIET_ROLES) - pens_of(look, frozenset(Role) - QUIET_ROLES)

    def hard_to_read(self, screen: ExactScreen) -> set[tuple[str, str, float]]:
        drawn = {cell.pen: cell for line in screen.cells() for cell in line if cell.char.strip()}
        found = set()
        for name, palette in self._grounds.items():
            own = contrast(palette.text, palette.background)
            for pen, cell in drawn.items():
                has_own = not {"foreground", "background"} & dict(pen).keys()
                least = QUIET if pen in self._quiet else READ
                if (measured := cell_contrast(cell, palette)) < (min(least, own) if has_own else least):
                    found.add((name, str(pen), round(measured, 2)))
        return found


def sent(screen: ExactScreen) -> set[str]:
    """The colours on the screen, as the emulated terminal names them."""
    pens = [dict(cell.pen) for line in screen.cells() for cell in line]
    return {pen[side] for pen in pens for side in ("foreground", "background") if side in pen}


def judged_in(oracle: Oracle, look: Look) -> Callable[[str], None]:
    """Return what looks at the screen under a name: nothing on it is hard to read, painted either way."""

    judge = Judge(look)

    def judged(name: str) -> None:
        assert judge.hard_to_read(oracle.changed) == set(), name
        colours = sent(oracle.changed)
        assert all(colour.startswith("5:") and int(colour[2:]) >= 16 for colour in colours), name
        assert bool(colours) is (look.name != "plain" and name not in BARE), name
        assert oracle.changed.cells() == oracle.plain.cells(), name

    return judged


BARE = ("lock",)
"""Screens that say one sentence, in the terminal's own colours."""

QUICK = {("dark", (120, 30)), ("light", (80, 24))}
CASES = [
    pytest.param(name, size, marks=[] if (name, size) in QUICK else pytest.mark.full)
    for name in LOOKS
    for size in ((80, 24), (120, 30), (200, 50))
]


@pytest.mark.parametrize(("name", "size"), CASES)
async def test_every_screen_can_be_read(open_front: FrontOpener, name: str, size: tuple[int, int]) -> None:
    look = LOOKS[name]
    async with open_front(size=size, settings=Settings(theme=look.name)) as front:
        with Oracle(front, *size) as oracle:
            judged = judged_in(oracle, look)
            await front.idle()
            judged("list")
            await front.press("tab")
            judged("LIST")
            await front.press("1", "n")
            judged("filtered")
            await front.press("0", "slash", *"kov")
            judged("search")
            await until_read(front)
            judged("pane")
            await front.press("down", "enter")
            judged("menu")
            await front.press("c")
            judged("dialog")
            await front.press(*"ill", "tab", "tab", "tab")
            judged("dialog with its button")
            front.clock.advance(2.0)
            await front.press("f8")
            judged("cancelled")
            await front.press("tab", "d")
            judged("Details")
            await front.press("escape", "f4")
            judged("Attention")
            await front.press("escape", "f1")
            judged("help")
            await front.press("escape", "ctrl+p")
            judged("palette")
            await front.press("escape", "f9")
            judged("lock")
        assert oracle.differing == []


async def until_read(front: Front) -> None:
    """Wait until the pane shows the booking, where there is a pane."""
    pane = front.screen.pane
    if pane.display:

        def is_read() -> bool:
            if not pane.lines:
                pane.rest()
            return bool(pane.lines)

        await front.until(is_read)


@pytest.mark.parametrize("name", LOOKS)
async def test_billing_and_the_sign_in_can_be_read(
    open_front: FrontOpener, tmp_path: Path, name: str
) -> None:
    look = LOOKS[name]
    path = tmp_path / "billed.db"
    await fill(path)
    clock = StillClock()
    clock.advance(TO_DECEMBER)
    settings, who = Settings(theme=look.name), next(iter(PINS))
    async with open_front(path=path, clock=clock, settings=settings, sign_in=Pins()) as front:
        with Oracle(front, 80, 24) as oracle:
            judged = judged_in(oracle, look)
            await front.idle()
            judged("sign-in")
            await front.press("enter", *PINS[who], "enter")
            await front.until(lambda: front.app.open_desk and front.app.open_desk.signed_in)
            await front.press("f3")
            judged("Billing")
            await front.press("g")
            judged("undecided")
        assert oracle.differing == []


def test_the_judge_knows_a_bad_screen() -> None:
    look = LOOKS["dark"]
    judge = Judge(look)
    for codes, is_bad in (("38;5;75", True), ("38;5;117", False), ("38;5;247", False), ("38;5;245", True)):
        screen, stream = emulated(2, 1)
        stream.feed(f"\x1b[{codes}mx")
        assert bool(judge.hard_to_read(screen)) is is_bad, codes
    assert len(grounds(look)) > 5
    assert len(grounds(LOOKS["light"])) > 3
