"""Tells every open screen what other desks and dispatchers did."""

from collections.abc import Sequence

from textual.message import Message

from frontdesk.store.port import STORE, Change


class ContactChanged(Message, bubble=False):
    """The store began or ceased to answer, or to accept this desk."""


class StoreChanged(Message, bubble=False):
    """The store's state was read again, and this was written, oldest first; it may be nothing.

    A change without a booking's id stands for a bulk load, after which any of them may be different.
    So may they be, when `is_incomplete`, after news was lost on its way.
    """

    def __init__(self, changes: Sequence[Change] = (), *, is_incomplete: bool = False) -> None:
        super().__init__()
        self._changes = changes
        self._is_incomplete = is_incomplete

    @property
    def is_of_another_store(self) -> bool:
        """Whether the store is another one than before, or an earlier copy: an id may be another one's."""
        return any(change.subject == STORE for change in self._changes)

    def concerns(self, booking_id: int) -> bool:
        """Whether this booking, or what follows from it, may have changed."""
        return self._is_incomplete or any(change.booking_id in (booking_id, None) for change in self._changes)

    def of(self, booking_id: int) -> Change | None:
        """Return the last change that was made to this very booking."""
        made = (
            change
            for change in reversed(self._changes)
            if change.subject.kind == "booking" and change.booking_id == booking_id
        )
        return next(made, None)
