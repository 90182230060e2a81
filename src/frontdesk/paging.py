"""What a page shows after it was turned, filled or cut: rows in, rows out, and nothing is asked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic

from frontdesk.bookings import Direction, Position
from frontdesk.sources.port import Piece, R


@dataclass(frozen=True, slots=True)
class View(Generic[R]):
    """What is on screen: rows in their order and where the cursor stands among them.

    `searched_back` and `searched_on` are how far a search has looked where it was given up
    before the page was full; None where it looked at everything, or found enough.
    """

    rows: tuple[R, ...] = ()
    cursor: int = 0
    more_before: bool = False
    more_after: bool = False
    searched_back: Position | None = None
    searched_on: Position | None = None

    def has_more(self, direction: Direction) -> bool:
        """Whether there are rows beyond this page."""
        return self.more_after if direction is Direction.FORWARD else self.more_before

    @property
    def is_given_up(self) -> bool:
        """Whether a search has not looked at everything, before the page or behind it."""
        return self.searched_back is not None or self.searched_on is not None

    def searched(self, direction: Direction) -> Position | None:
        """How far a search has looked in a direction where it was given up."""
        return self.searched_on if direction is Direction.FORWARD else self.searched_back


def joined(first: Piece[R], then: Piece[R], direction: Direction) -> Piece[R]:
    """Return what was read in two steps, `then` beyond `first` in a direction, as one piece."""
    rows = first.rows + then.rows if direction is Direction.FORWARD else then.rows + first.rows
    return replace(then, rows=rows)


def at_end(page: Piece[R], direction: Direction) -> View[R]:
    """Return the last page (FORWARD) or the first one, the cursor on its outermost row."""
    if direction is Direction.FORWARD:
        last = max(0, len(page.rows) - 1)
        return View(page.rows, last, more_before=page.more, searched_back=page.searched_until)
    return View(page.rows, 0, more_after=page.more, searched_on=page.searched_until)


def around(before: Piece[R], after: Piece[R], above: int, height: int) -> View[R]:
    """Return up to `above` rows of `before` and those of `after` below them; the cursor on the first of these.

    Where `after` has no rows the cursor is on the last row.
    """
    earlier = before.rows[max(0, len(before.rows) - above) :]
    later = after.rows[: height - len(earlier)]
    return View(
        rows=earlier + later,
        cursor=len(earlier) if later else max(0, len(earlier) - 1),
        more_before=before.more or len(earlier) < len(before.rows),
        more_after=after.more or len(later) < len(after.rows),
        searched_back=before.searched_until if len(earlier) == len(before.rows) else None,
        searched_on=after.searched_until if len(later) == len(after.rows) else None,
    )


def turned(
    old: View[R],
    page: Piece[R],
    direction: Direction,
    kept: int,
    id_of: Callable[[R], int],
    *,
    follow_edge: bool,
) -> View[R]:
    """Return the view after `page` was read beyond `old`; `kept` rows of `old` stay on it.

    The cursor stays on its line, or goes on to the row beyond the edge.
    """
    read = {id_of(row) for row in page.rows}
    # A row that moved from this page to that one is there once.
    rows = tuple(row for row in old.rows if id_of(row) not in read)
    if direction is Direction.FORWARD:
        stays = rows[max(0, len(rows) - kept) :]
        is_whole = len(stays) == len(rows)
        view = View(
            stays + page.rows,
            len(stays),
            more_before=old.more_before or not is_whole,
            more_after=page.more,
            searched_back=old.searched_back if is_whole else None,
            searched_on=page.searched_until,
        )
    else:
        stays = rows[:kept]
        is_whole = len(stays) == len(rows)
        view = View(
            page.rows + stays,
            len(page.rows) - 1,
            more_before=page.more,
            more_after=old.more_after or not is_whole,
            searched_back=page.searched_until,
            searched_on=old.searched_on if is_whole else None,
        )
    line = view.cursor if follow_edge else old.cursor
    return replace(view, cursor=max(0, min(line, len(view.rows) - 1)))


def cut(view: View[R], height: int) -> View[R]:
    """Return the view in `height` rows, the one under the cursor among them."""
    first = max(0, view.cursor - height + 1)
    rows = view.rows[first : first + height]
    left_below = first + len(rows) < len(view.rows)
    return replace(
        view,
        rows=rows,
        cursor=view.cursor - first,
        more_before=view.more_before or first > 0,
        more_after=view.more_after or left_below,
        searched_back=None if first > 0 else view.searched_back,
        searched_on=None if left_below else view.searched_on,
    )


def grown(view: View[R], page: Piece[R], direction: Direction, id_of: Callable[[R], int]) -> View[R]:
    """Return the view with the rows of `page` beyond it, none moved and none twice."""
    shown = {id_of(row) for row in view.rows}
    more = tuple(row for row in page.rows if id_of(row) not in shown)
    if direction is Direction.FORWARD:
        return replace(view, rows=view.rows + more, more_after=page.more, searched_on=page.searched_until)
    return replace(
        view,
        rows=more + view.rows,
        cursor=view.cursor + len(more),
        more_before=page.more,
        searched_back=page.searched_until,
    )
