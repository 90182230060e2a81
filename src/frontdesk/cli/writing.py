"""A command of line mode: carried out once, and told for certain."""

from typing import Any

from frontdesk.cli import crash
from frontdesk.cli.wiring import Run
from frontdesk.commands import Command, Done
from frontdesk.errors import FrontdeskError, Unavailable
from frontdesk.saving import Declined, NotKnown, NotSaved, Overtaken, Saved, save_once
from frontdesk.store.port import Commands


def write(store: Commands, run: Run, command: Command, if_not_known: str) -> Done[Any]:
    """Carry a command out. Raises FrontdeskError, which says whether it was saved.

    `if_not_known` says what to do while that is not known.
    """
    match run(save_once(store, command, fault)):
        case Saved(done):
            return done
        case Overtaken(conflict):
            raise conflict
        case Declined(why):
            raise why
        case NotSaved(why):
            raise Unavailable(f"not saved, nothing has happened: {why.hint}")
        case NotKnown():
            raise Unavailable(f"not known yet whether it was saved{if_not_known}")


def fault(error: Exception) -> FrontdeskError:
    """Return what the operator is told of an error; one outside the family goes to the log."""
    if isinstance(error, FrontdeskError):
        return error
    return Unavailable(crash.apology(crash.report(error)))
