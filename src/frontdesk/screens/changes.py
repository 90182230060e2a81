"""What other desks and dispatchers did, told to every screen that is open."""

from collections.abc import Iterable

from textual.message import Message


class StoreChanged(Message, bubble=False):
    """The store's state was read again, and these bookings, or what follows from them, changed.

    None among `booking_ids` stands for a bulk load, after which any of them may have.
    """

    def __init__(self, booking_ids: Iterable[int | None]) -> None:
        super().__init__()
        self._booking_ids = frozenset(booking_ids)

    def concerns(self, booking_id: int) -> bool:
        """Whether this booking may have changed."""
        return booking_id in self._booking_ids or None in self._booking_ids
