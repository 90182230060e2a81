"""`frontdesk` itself: the screen on the configured store."""

import gc
import os
import signal
import sys
from dataclasses import replace

import click

from frontdesk.cli.printing import write_nowhere
from frontdesk.cli.wiring import Installation

_HARMLESS = {"TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DISABLE_KITTY_KEY"}
"""What Textual may be told by the environment. Other variables of its make it write pictures
and logs of the screen, send them away, press keys, or run somebody's code."""

_LINE_BY_LINE = {"dumb", "unknown"}
"""Terminals, such as an editor's shell, that only add lines (terminfo(5))."""

_FRAMES_PER_SECOND = "250"
"""A key's second frame, its search after its letter, waits for the next beat of Textual's: 4 ms, not 17."""


def check_terminal() -> None:
    """Raise a usage error where there is no terminal to open the screen on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise click.UsageError("frontdesk needs a terminal; in scripts use frontdesk list")
    if os.environ.get("TERM") in _LINE_BY_LINE:
        raise click.UsageError("TERM says that this terminal can only add lines: use frontdesk list")


def open_screen(installation: Installation) -> None:
    """Open the UI and wait until it is left. Raises ConfigError, and Exit after a bug in it."""
    check_terminal()
    # Loading makes little garbage, and looking for it takes a tenth of the time.
    gc.disable()
    desk = replace(installation.desk(), on_loaded=_keep_what_is_loaded)
    for name in [one for one in os.environ if one.startswith("TEXTUAL") and one not in _HARMLESS]:
        del os.environ[name]
    os.environ["TEXTUAL_FPS"] = _FRAMES_PER_SECOND
    # Textual takes longer to load than the whole of line mode.
    from frontdesk.app import FrontdeskApp

    app = FrontdeskApp(desk)
    app.run()
    if app.return_code == 128 + signal.SIGHUP:
        write_nowhere(1, 2)
    if app.return_code:
        raise click.exceptions.Exit(app.return_code)


def _keep_what_is_loaded() -> None:
    """Collect garbage from now on, but only what is made from now on.

    A collection that looks through all the modules stops the screen for 20 to 45 ms.
    """
    gc.freeze()
    gc.enable()
