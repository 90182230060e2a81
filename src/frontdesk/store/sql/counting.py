"""How many bookings a desk works with, where it does not work with all of them."""

from sqlalchemy import Connection, func, select

from frontdesk.store.sql.selects import BOOKING, at_practices


class PracticeCounts:
    """The number of bookings that some practices have.

    They are counted once after each load: between loads none comes, goes, or changes its
    practice, and to count a million for every look at the store's state takes too long.
    """

    def __init__(self) -> None:
        self._known: dict[frozenset[str], tuple[int, int]] = {}

    def of(self, tx: Connection, practices: frozenset[str], all_bookings: int) -> int:
        """Return how many bookings `practices` have of the `all_bookings` that there are now."""
        counted_at, number = self._known.get(practices, (-1, 0))
        if counted_at != all_bookings:
            counting = at_practices(select(func.count()).select_from(BOOKING), practices)
            number = tx.execute(counting).scalar_one()
            self._known[practices] = all_bookings, number
        return number
