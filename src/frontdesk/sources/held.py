"""Lists short enough to be read whole: pieces are taken of what is held."""

from collections.abc import Callable, Sequence

from frontdesk.bookings import Direction, Position
from frontdesk.sources.port import Piece, R


def piece(
    held: Sequence[R],
    place: Callable[[R], Position],
    limit: int,
    position: Position | None,
    direction: Direction,
) -> Piece[R]:
    """Return up to `limit` of the rows, which are in the order of their places, as `Source.page` promises."""
    forward = direction is Direction.FORWARD
    beyond = tuple(held)
    if position is not None:
        beyond = tuple(one for one in held if (place(one) > position if forward else place(one) < position))
    page = beyond[:limit] if forward else beyond[max(0, len(beyond) - limit) :]
    return Piece(page, more=len(page) < len(beyond))
