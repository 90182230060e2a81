"""What an operator is told when something did not work; each has a title and what to do next."""

from datetime import datetime
from typing import Any

from frontdesk.bookings import Operator, Reason

_NOTHING, _UNKNOWN = "nothing was changed", "what became of it is not known yet"


class FrontdeskError(Exception):
    """What an operator is told when something did not work: a title and what to do next."""

    title = "It did not work"
    exit_code = 1

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class Unavailable(FrontdeskError):
    """The store cannot be reached, opened or written now. Nothing was changed."""

    title = "No connection to the bookings"
    exit_code = 3


class Refused(FrontdeskError):
    """A rule says no."""

    title = "Not done"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.text)
        self.reason = reason


class NotFound(FrontdeskError):
    """There is no such booking, or this desk may not know of it."""

    title = "Not found"


class Unauthorised(FrontdeskError):
    """The store does not accept this desk's credential."""

    title = "Not allowed in"


class Conflict(FrontdeskError):
    """The subject of a command changed since it was read; `current` is how it stands now.

    `by` and `at` say who made the latest change, and when, if the store knows.
    """

    title = "Somebody else was first"
    exit_code = 4

    def __init__(self, hint: str, current: Any, by: Operator | None, at: datetime | None) -> None:
        super().__init__(hint)
        self.current = current
        self.by = by
        self.at = at


class CommitLost(Unavailable):
    """The write was sent off and failed or was not answered: only the store knows what became of it.

    `fault` is what to tell once it is certain that nothing was written, `place` the server that
    it was sent to; see Database.place.
    """

    fault: FrontdeskError

    def __init__(self, fault: FrontdeskError, place: str = "") -> None:
        if isinstance(fault, CommitLost):
            fault = fault.fault
        said = fault.hint.replace(_NOTHING, _UNKNOWN)
        super().__init__(said if _UNKNOWN in said else f"{said.rstrip('.')}: {_UNKNOWN}.")
        self.fault = fault
        self.place = place

    @classmethod
    def told(cls, hint: str) -> "CommitLost":
        """Return the one that another program tells of in the words of its `hint`."""
        return cls(Unavailable(hint.replace(_UNKNOWN, _NOTHING)))


class NotWritten(Unavailable):
    """The store itself could not write, and says so: what was asked of it is certain not to be done."""
