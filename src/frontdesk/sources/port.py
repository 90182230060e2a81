"""What a list asks for its rows: a source, whatever the rows are of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from frontdesk.bookings import Count, Direction, Position

Q = TypeVar("Q")
"""What narrows a list: its filters, a frozen value."""
R = TypeVar("R")
"""A row of a list, a frozen value with an id."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q]):
    """What a list asks for: filters and the text at Find, with the store's time at which it was asked.

    What depends on the time is meant as of then, so that the pages of one question agree.
    """

    filters: Q
    text: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Piece(Generic[R]):
    """Some rows in their order; `more` says whether there are others beyond, in the direction asked.

    `searched_until` is set when a search was given up for the time it took: rows beyond that
    position were not looked at, and asking again from there goes on.
    """

    rows: tuple[R, ...] = ()
    more: bool = False
    searched_until: Position | None = None


class Source(Protocol[Q, R]):
    """Rows with ids, in an order of positions. Questions to it raise FrontdeskError."""

    @property
    def unfiltered(self) -> Q:
        """The filters that let every row through."""
        ...

    async def page(
        self, asked: Asked[Q], limit: int, position: Position | None, direction: Direction
    ) -> Piece[R]:
        """Return up to `limit` rows beyond `position` in `direction`, in the order of positions.

        The row at `position` itself is not included. Without a position, FORWARD begins at
        the first row and BACKWARD ends at the last.
        """
        ...

    async def count(self, asked: Asked[Q], limit: int) -> Count | None:
        """Count what is asked for, stopping at `limit`; None where nothing narrows it."""
        ...

    async def rows(self, ids: Sequence[int]) -> tuple[R, ...]:
        """Return the rows of these ids as they are now, in no promised order."""
        ...

    def id(self, row: R) -> int:
        """Return the id that the cursor belongs to."""
        ...

    def place(self, row: R) -> Position:
        """Return the position of a row; its id is the row's."""
        ...

    def start(self, asked: Asked[Q]) -> Position | None:
        """Return the position behind which the list begins where no row is stood on; None for the first."""
        ...

    def crossed(self, row: R, since: datetime, now: datetime) -> bool:
        """Whether a row that was read as of `since` shows something else as of `now`."""
        ...

    def words(self, filters: Q) -> tuple[str, ...]:
        """Return the filters in words; empty when nothing is filtered."""
        ...
