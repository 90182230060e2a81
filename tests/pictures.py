"""The README's pictures, made from the real program: `python -m tests.pictures` (make pictures).

In dark and in light, the same bytes every time: a still clock, a seeded diary, the design's 80 by 24. A picture
loads nothing from elsewhere; its letters are those of the reader's own terminal.
"""

import asyncio
import io
import re
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from frontdesk.app import FrontdeskApp
from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Booking
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION
from frontdesk.demo import seed
from frontdesk.desk import SignIn
from frontdesk.preflight import Finding, Preflight
from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.screens.shell.lock import SignInScreen
from frontdesk.store.opening import open_store
from frontdesk.text import fold
from frontdesk.widgets.look import DARK, LIGHT
from tests.making import cancel, cancel_of
from tests.screens import billed_data
from tests.screens.desk_data import KIM, NOW, PRACTICES, kovacs
from tests.screens.front import Front, StillClock, desk_on
from tests.screens.pins import PINS, Pins

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SIZE = (80, 24)
BOOKINGS = 2_410
SEARCH = "kov"
REASON = "patient ill"
EARLIER = NOW - timedelta(minutes=12)
CANCELLED_EARLIER = ("SD-10486", "SD-10487")
"""One that needs a person and one under way, so that the list shows both marks."""

_NO_COLOURS = [(0, 0, 0)] * 8
DARK_GROUND = TerminalTheme((24, 26, 31), (222, 222, 222), _NO_COLOURS)
LIGHT_GROUND = TerminalTheme((250, 250, 248), (28, 28, 28), _NO_COLOURS)
"""Terminals for the pictures: the program uses none of their sixteen colours."""

_FONT_FACE = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_FONT_FAMILY = re.compile(r"font-family:[^;]*;")


def picture(app: FrontdeskApp, ground: TerminalTheme) -> str:
    """Return what is on the screen of a terminal as an SVG that needs no other file and no network."""
    console = Console(
        width=app.size.width,
        height=app.size.height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    console.print(app.screen._compositor.render_update(full=True))
    exported = console.export_svg(title="frontdesk", theme=ground)
    own_fonts = _FONT_FAMILY.sub("font-family: monospace;", _FONT_FACE.sub("", exported))
    return "\n".join(line.rstrip() for line in own_fonts.splitlines()) + "\n"


async def _take(made: dict[str, str], name: str, front: Front) -> None:
    """Take a picture of the screen in each theme, as on a terminal of that background."""
    for look, ground in ((DARK, DARK_GROUND), (LIGHT, LIGHT_GROUND)):
        front.app.take_look(look)
        await front.idle()
        made[f"{name}-{look.name}.svg"] = picture(front.app, ground)


def _others() -> Iterator[IncomingBooking]:
    """Made-up bookings that the search does not find, at the practices of the screen tests."""
    own_ids = dict(zip((practice.id for practice in seed.practices()), PRACTICES, strict=True))
    for one in seed.bookings(BOOKINGS * 2, 1, NOW):
        words = fold(f"{one.patient.name} {one.practitioner_name}")
        if not any(word.startswith(SEARCH) for word in words):
            yield replace(one, practice_id=own_ids[one.practice_id].id, ref=f"{one.ref}-0")


async def _same_there(booking: Booking) -> Preflight:
    """What a PMS answers that shows what the operator sees."""
    return Preflight(Finding.SAME, booking.starts_at, booking.practitioner.name)


async def _fill(url: str) -> None:
    moment = EARLIER
    store = await open_store(url, clock=lambda: moment)
    await store.registry.apply_practices(PRACTICES, KIM)
    found = list(kovacs())
    others = islice(_others(), BOOKINGS - len(found))
    await store.registry.load([*found, *others], KIM, "made up")
    for ref in CANCELLED_EARLIER:
        (booking,) = await store.find(ref)
        await cancel(store, cancel_of(booking, KIM, id=uuid.uuid4()))
    moment = NOW
    connections = {practice.pms.connection for practice in PRACTICES if practice.pms}
    await store.queue.heartbeat("another desk", {*connections, MAIL_CONNECTION, SMS_CONNECTION})
    await store.close()


@asynccontextmanager
async def _front(path: Path, sign_in: SignIn | None = None, later: float = 0.0) -> AsyncIterator[Front]:
    """Yield a front desk on the store at `path`, so many seconds later, at a time that stands still."""
    clock, reports = StillClock(), list[BaseException]()
    clock.advance(later)
    app = FrontdeskApp(desk_on(path, clock, reports, preflight=_same_there, sign_in=sign_in))
    async with app.run_test(size=SIZE) as pilot:
        front = Front(app, pilot, clock, reports)
        while app.open_desk is None:
            await pilot.pause(0.01)
        await front.idle()
        yield front
    if reports:
        raise reports[0]


async def pictures() -> dict[str, str]:
    """Return every picture by its file's name."""
    made: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frontdesk.db"
        await _fill(f"sqlite:///{path}")
        async with _front(path) as front:
            await front.type(SEARCH)
            await front.press("down")
            await _take(made, "bookings", front)
            await front.press("enter")
            await _take(made, "menu", front)
            await front.press("c")
            await front.type(REASON)
            await _take(made, "cancel", front)
            await front.press("escape")
            await front.press("f4")
            await _take(made, "attention", front)
        async with _front(path, Pins()) as front:
            await front.until(lambda: isinstance(front.app.screen, SignInScreen))
            await front.press("enter", *PINS[KIM.name], "enter")
            await front.until(lambda: isinstance(front.app.screen, BookingsScreen))
            await front.type(SEARCH)
            await front.press("f9")
            await _take(made, "locked", front)
        billed = Path(folder) / "billed.db"
        await billed_data.fill(billed)
        async with _front(billed, later=billed_data.TO_DECEMBER) as front:
            await front.press("f3", "g", "a", "down", "f", "n", "n", "n", "down")
            await _take(made, "undecided", front)
        async with _front(billed, later=billed_data.TO_DECEMBER) as front:
            await front.type("cara")
            await front.press("enter", "f", "y", "n", "n")
            await _take(made, "did-not-come", front)
    return made


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.svg"):
        old.unlink()
    for name, svg in asyncio.run(pictures()).items():
        (FOLDER / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
