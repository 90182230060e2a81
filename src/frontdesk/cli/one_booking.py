"""One booking in line mode: read and shown, and a command on it carried out and told."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from frontdesk.bookings import Booking, Practice, Reason
from frontdesk.cli.documents import booking_document, print_document
from frontdesk.cli.following import followed, try_once
from frontdesk.cli.lines import about_lines
from frontdesk.cli.printing import confirm, say
from frontdesk.cli.references import find_one
from frontdesk.cli.wiring import Installation, Run
from frontdesk.cli.writing import write
from frontdesk.commands import Ask, Command, Held, Subject
from frontdesk.deliveries import Delivery
from frontdesk.errors import Refused
from frontdesk.store.port import BookingStore
from frontdesk.store_state import StoreState
from frontdesk.words.told import Told

Followed = tuple[Delivery, ...] | None
"""What follows a command; None when it cannot be read now."""


@dataclass(frozen=True)
class OneBooking:
    """A booking to which line mode is about to do something.

    With `as_json` a document is printed, and what an operator reads goes to standard error.
    """

    installation: Installation
    store: BookingStore
    run: Run
    reference: str
    as_json: bool
    state: StoreState
    booking: Booking

    @property
    def held(self) -> Held[Booking]:
        """The booking with its requests, as the rules of commands take it."""
        return Held(self.booking, {"adjustment": self.run(self.store.adjustments(self.booking.id))})

    @property
    def home(self) -> Practice | None:
        """The practice whose clock hangs at this desk."""
        return self.run(self.installation.home(self.store))

    def show(self, *lines: Told) -> None:
        """Say who and when it is about, and these lines."""
        related = self.run(self.store.related(self.booking.id))
        about = about_lines(self.booking, related, self.state.now, self.home)
        for line in (*about, *filter(None, map(str, lines))):
            say(line, err=self.as_json)

    def confirm(self, question: str, kept: str) -> None:
        """Ask before anything is written. Raises Refused, which says what was `kept`, without a yes."""
        if not confirm(question, err=self.as_json):
            raise Refused(Reason("kept", kept))

    def carry_out(self, ask: Ask, meanwhile: str = "") -> Booking:
        """Return the booking as it stands after a command. Raises FrontdeskError.

        `meanwhile` is what else to say while it is not known whether it was saved.
        """
        command = Command(
            uuid.uuid4(),
            Subject("booking", self.booking.id),
            self.booking.version,
            self.installation.config.operator,
            ask,
            self.state.store_id,
        )
        way_on = f"{meanwhile}; ask with frontdesk show {self.reference}"
        done: Booking = write(self.store, self.run, command, way_on).thing
        return done

    def tell(
        self,
        done: Booking,
        said: Callable[[Followed], str],
        *,
        no_deliver: bool,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Print what was done and how what follows stands, try that once, and print what became of it.

        `said` puts it into a line; a document has `more` besides the booking.
        """
        follows = followed(self.store, self.run, done)
        line = said(follows)
        if self.as_json:
            print_document({**booking_document(done, follows, self.state.now), **(more or {})})
        else:
            say(line)
        if no_deliver:
            return
        tried = said(try_once(self.installation, self.run, done, follows))
        if not self.as_json and tried != line:
            say(tried)


@contextmanager
def one_booking(installation: Installation, reference: str, *, as_json: bool) -> Iterator[OneBooking]:
    """Open the store and read the booking that `reference` means. Raises FrontdeskError."""
    with installation.opened() as (store, run):
        # The state first: in a store that takes this one's place from here on, nothing is written.
        state = run(store.state())
        booking = run(find_one(store, reference))
        yield OneBooking(installation, store, run, reference, as_json, state, booking)
