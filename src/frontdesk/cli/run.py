"""`frontdesk` itself: the screen on the configured store."""

import sys

import click

from frontdesk.cli.wiring import Session


def check_terminal() -> None:
    """Raise a usage error where there is no terminal to open the screen on."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise click.UsageError("frontdesk needs a terminal; for scripts there is frontdesk list")


def open_screen(session: Session) -> None:
    """Open the UI and wait until it is left. Raises ConfigError, and Exit after a bug in it."""
    check_terminal()
    desk = session.desk()
    # Textual takes longer to load than the whole of line mode.
    from frontdesk.app import FrontdeskApp

    app = FrontdeskApp(desk)
    app.run()
    if app.return_code:
        raise click.exceptions.Exit(app.return_code)
