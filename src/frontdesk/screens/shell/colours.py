"""What the screens look like: chosen at the start, and again when the terminal says what its background is."""

import os
from collections.abc import Callable
from typing import Final

from textual.app import App
from textual.timer import Timer

from frontdesk.screens.shell.roles import Answers
from frontdesk.terminal import FrontdeskDriver
from frontdesk.widgets.look import PLAIN, Look
from frontdesk.widgets.theme import AUTO, Ability, ability, follows_background, look_at_start, look_over

ANSWER_WAIT: Final = 2.0
"""Seconds after which an operator who asked is told that the terminal does not say."""


class Colours:
    """Keeps the app in the look that `[ui] theme` and the terminal ask for.

    At the start the terminal is asked for its background, if the theme depends on it; nothing waits
    for the answer. It counts until the first list is painted: a screen that somebody reads does
    not change its colours. From then on it counts when the operator has asked. `take` is called
    with each look, which may be the one that there is.
    """

    def __init__(self, app: App[None], theme: str, take: Callable[[Look], None]) -> None:
        self._app = app
        self._theme = theme
        self._take = take
        self._can = Ability()
        self._counts = False
        self._patience: Timer | None = None

    @property
    def _driver(self) -> FrontdeskDriver | None:
        driver = self._app._driver
        return driver if isinstance(driver, FrontdeskDriver) else None

    def begin(self) -> None:
        """Take the first look, and ask for the background."""
        if self._driver is not None:
            term, colorterm = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
            no_color = self._app.no_color
            self._can = ability(term, colorterm, self._driver.encoding, no_color=no_color)
        self._take(look_at_start(self._theme, self._can))
        self._ask()

    def _ask(self) -> bool:
        self._counts = follows_background(self._theme, self._can)
        if self._counts and self._driver:
            self._driver.ask_background()
        return self._counts

    def list_painted(self) -> None:
        """Let no answer count any more that nobody asked for."""
        self._counts = self._patience is not None

    def ask_again(self) -> None:
        """Ask for the background because the operator wants it."""
        if self._ask():
            self._stop_waiting()
            self._patience = self._app.set_timer(ANSWER_WAIT, self._give_up)
        elif self._theme != AUTO:
            self._say(f"The config says [ui] theme = {self._theme}: the terminal is not asked.")
        else:
            self._say("This terminal has no 256 colours, or NO_COLOR is set: the screen stays plain.")

    def answered(self, background: int) -> None:
        """Take the look that suits a background, 0xRRGGBB, if the answer counts."""
        if not self._counts:
            return
        self._counts = False
        look = look_over(background, self._can)
        self._take(look)
        if self._patience is not None:
            self._stop_waiting()
            suits = "no colours stand out there, it is plain" if look == PLAIN else f"theme {look.name}"
            self._say(f"The terminal's background is #{background:06x}: {suits}.")

    def _give_up(self) -> None:
        self._patience = None
        self._counts = False
        self._say("The terminal does not say what its background is. [ui] theme in the config chooses.")

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.stop()
            self._patience = None

    def _say(self, message: str) -> None:
        if isinstance(screen := self._app.screen, Answers):
            screen.say(message)
