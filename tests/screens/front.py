"""A front desk under test: the real app on a real store, with a clock that stands still."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from frontdesk.app import FrontdeskApp
from frontdesk.bookings import Booking, Operator, Pms
from frontdesk.desk import CutOffs, Desk, Dispatch, Settings, SignIn
from frontdesk.pms.port import Verified
from frontdesk.preflight import AskPms
from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from tests.screens.desk_data import KIM, NOW


class StillClock:
    """Seconds that pass only when a test says so, for waits and for the store's time alike."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def now(self) -> datetime:
        """The store's time."""
        return NOW + timedelta(seconds=self.seconds - 1000.0)


ANSWERING = {"default", "count", "related", "opening", "reading", "catching up"}
"""Groups of workers that end by themselves; the others run as long as the app."""

CHARACTERS = {"space": " ", "slash": "/", "question_mark": "?"}


def key_event(key: str) -> events.Key:
    """Return what the driver would send for a key, named or as a character."""
    if len(key) == 1:
        return events.Key(_character_to_key(key), key)
    return events.Key(key, CHARACTERS.get(key))


@dataclass
class Front:
    """What a test holds: keys in, text out."""

    app: FrontdeskApp
    pilot: Pilot[None]
    clock: StillClock
    reports: list[BaseException]

    async def press(self, *keys: str) -> None:
        """Press keys by name or character, in one go, and wait until all is done."""
        for key in keys:
            self.app.post_message(key_event(key))
        await self.idle()

    async def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        await self.press(*text)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that no key waits for has come true on the screen."""
        while not condition():
            await self.pilot.pause(0.01)
        await self.idle()

    async def idle(self) -> None:
        """Wait until every key is handled, every answer is on screen, and nothing is left to do."""
        for _ in range(2):
            await self._reached(self.app.call_later)
            await self.app.settled()
            answers = [worker for worker in self.app.workers if worker.group in ANSWERING]
            for worker in answers:
                with contextlib.suppress(WorkerCancelled):
                    await worker.wait()
            await self._reached(self.app.screen.call_after_refresh)

    @staticmethod
    async def _reached(later: Callable[[Callable[[], object]], object]) -> None:
        done = asyncio.Event()
        later(done.set)
        await done.wait()

    @property
    def screen(self) -> BookingsScreen:
        """The Bookings screen, whatever is on top of it."""
        found = next(screen for screen in self.app.screen_stack if isinstance(screen, BookingsScreen))
        assert isinstance(found, BookingsScreen)
        return found

    @property
    def store(self) -> BookingStore:
        """The store the app works on."""
        assert self.app.open_desk is not None
        return self.app.open_desk.store

    @property
    def marked(self) -> Booking:
        """The booking the cursor stands on."""
        row = self.screen.listing.current
        assert row is not None
        return row.booking

    def rows(self) -> list[Booking]:
        """The bookings in view, in their order."""
        return [row.booking for row in self.screen.listing.view.rows]

    def lines(self) -> list[str]:
        """The screen on top as text, one string a line, without trailing blanks."""
        return screen_lines(self.app)

    def line(self, name: str) -> str:
        """One of the Bookings screen's text lines."""
        return self.screen.line(name).text.strip()

    @property
    def shows(self) -> str:
        """What line 3 says, without the chip of the list."""
        return self.line("show").removeprefix("LIST").removesuffix("letters are commands").strip()

    @property
    def facts(self) -> str:
        """The facts of the Last line, as one sentence."""
        write = self.screen.last._write
        return ", ".join(part.text for part in write.facts) if write else ""


def screen_lines(app: App[None]) -> list[str]:
    """The text of the screen on top, line by line."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def desk_on(
    path: Path,
    clock: StillClock,
    reports: list[BaseException],
    operator: Operator = KIM,
    settings: Settings | None = None,
    wrap: Callable[[BookingStore], BookingStore] = lambda store: store,
    preflight: AskPms | None = None,
    dispatch: Dispatch | None = None,
    verified: Callable[[Pms], Verified | None] = lambda _: None,
    notices: Sequence[str] = (),
    sign_in: SignIn | None = None,
    cut_offs: CutOffs | None = None,
) -> Desk:
    """A desk on the SQLite store at `path`; `wrap` may put a faulty store in front of it."""

    async def opened() -> BookingStore:
        return wrap(await open_store(f"sqlite:///{path}", clock=clock.now))

    def report(error: BaseException) -> str:
        reports.append(error)
        return "TEST01"

    made = Desk(opened, operator, clock, settings or Settings(), report)
    return replace(
        made,
        preflight=preflight,
        dispatch=dispatch,
        verified=verified,
        sign_in=sign_in,
        cut_offs=cut_offs,
        notices=notices,
    )
