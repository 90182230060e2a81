"""`REF` or `PRACTICE/REF` on the command line, and the one booking it means."""

import click

from frontdesk import times
from frontdesk.bookings import Booking
from frontdesk.errors import NotFound
from frontdesk.store.port import BookingStore

reference = click.argument("reference", metavar="REF")


async def find_one(store: BookingStore, reference: str) -> Booking:
    """Return the booking that `reference` means; the practice is given by id or short name.

    Raises NotFound, or a usage error that lists the candidates when several bookings fit.
    """
    # A reference may itself have a slash in it, so both readings are tried.
    found = {booking.id: booking for booking in await store.find(reference)}
    practice, slash, rest = reference.partition("/")
    if slash:
        for known in await store.practices():
            if practice == known.id or practice.casefold() == known.short.casefold():
                found |= {booking.id: booking for booking in await store.find(rest, known.id)}
    if not found:
        raise NotFound(f"there is no booking {reference}. Look for it with: frontdesk list --search NAME")
    if len(found) > 1:
        candidates = "; ".join(_candidate(booking) for booking in found.values())
        raise click.UsageError(f"several bookings have the reference {reference}, name one: {candidates}")
    return next(iter(found.values()))


def _candidate(booking: Booking) -> str:
    when = times.when_in_full(booking.starts_at, booking.practice.zone)
    return f"{booking.practice.id}/{booking.ref} ({booking.patient.name}, {when})"
