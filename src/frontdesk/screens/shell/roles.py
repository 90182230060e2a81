"""What the app asks of screens, and which of them can answer: it knows them by this, not by their class."""

from typing import Protocol, runtime_checkable

from textual import events

from frontdesk.actions import Action
from frontdesk.bookings import Booking


@runtime_checkable
class TakesKeys(Protocol):
    """A screen whose keys wait for what was asked of it before."""

    async def takes(self, event: events.Event) -> bool:
        """Wait for what comes before a key; return whether the key still means something."""
        ...


@runtime_checkable
class HearsKeys(Protocol):
    """A screen that is told when a key is about to be handled."""

    def key_comes(self) -> None:
        """Take away what answered the key before."""
        ...


@runtime_checkable
class Settles(Protocol):
    """A screen that does one thing after the other."""

    async def settled(self) -> None:
        """Return when everything asked of the screen so far is done, and on screen."""
        ...


@runtime_checkable
class Offers(Protocol):
    """A screen that has commands for the palette."""

    @property
    def offered(self) -> tuple[Action, ...]:
        """What the palette shows, and can do on this screen."""
        ...


@runtime_checkable
class Answers(Protocol):
    """A screen that has a line for the answer to a key."""

    def say(self, message: str) -> None:
        """Answer the operator, until the next key."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A screen that shows words which the help has to explain."""

    @property
    def explained(self) -> tuple[str, ...]:
        """What the help says first, a line each."""
        ...


@runtime_checkable
class TakesMouse(Protocol):
    """A screen on which the mouse does something; dialogs are none, so that it never confirms."""

    def pointed(self, x: int, y: int, turned: int) -> None:
        """Take a press of the main button at a cell, or a turn of the wheel: see `Pointed`."""
        ...


@runtime_checkable
class HoldsUnsent(Protocol):
    """A screen on which an operator decides about many things before any is sent."""

    @property
    def unsent(self) -> int:
        """How many decisions would be lost with the screen."""
        ...


@runtime_checkable
class Home(Protocol):
    """The screen below all others, which whoever signs in begins at."""

    def start_over(self) -> None:
        """Begin anew, with nothing of what was on the screen: another operator is here."""
        ...

    def show_standing(self) -> None:
        """Say how the desk stands, as far as it is known now."""
        ...

    def come_back(self, booking: Booking, said: str) -> None:
        """Say to who locked the screen what they were about to do."""
        ...


@runtime_checkable
class AboutBooking(Protocol):
    """A dialog about one booking: whoever comes back from the lock can go on with it."""

    booking: Booking


@runtime_checkable
class HearsTerminal(Protocol):
    """A screen that asks the terminal how far it has painted."""

    def position_answered(self, question: int) -> None:
        """Take note that the terminal has painted everything written before this question."""
        ...
