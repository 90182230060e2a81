"""What one running program is given: the store, who sits at it, and the clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from frontdesk.bookings import Operator
from frontdesk.store.port import BookingStore


class Clock(Protocol):
    """Seconds that only ever rise, for waits and deaf times; never for what is past."""

    def __call__(self) -> float:
        """Return the seconds since some fixed moment."""
        ...


@dataclass(frozen=True)
class Settings:
    """What the config says about the screen: see `[ui]`, `[keys]` and `home`."""

    home: str = ""
    ascii_only: bool = True
    keys: tuple[tuple[str, str], ...] = ()
    first_steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Desk:
    """Everything the UI stands on. `open_store` loads the backend and migrates if need be."""

    open_store: Callable[[], Awaitable[BookingStore]]
    operator: Operator
    clock: Clock
    settings: Settings
