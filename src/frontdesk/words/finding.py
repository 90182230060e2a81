"""What is said of a search: whom it means, and who may have been meant where it found nobody."""

from collections.abc import Collection, Sequence

from rich.cells import cell_len

from frontdesk.bookings import Count
from frontdesk.words.fitting import held
from frontdesk.words.lists import MARGIN

_WIDEST = 68
"""Cells of the sentence that offers a name; of a longer one the name has a line of its own."""


def called(text: str, beside: Sequence[str], practitioners: Collection[str], number: Count | None) -> str:
    """Say that patients alone were looked for, and who shares their name: `Patients called Lee. With Dr Lee 12`.

    `beside` are the names of practitioners and types, `number` is how many bookings the only
    practitioner has.
    """
    who = f"Patients called {held(text.title())}"
    with_ = [name for name in beside if name in practitioners]
    if len(with_) > 1:
        return f"{who}. With one of {len(with_)} practitioners"
    if with_:
        return f"{who}. With {held(with_[0])}" + ("" if number is None else f" {number}")
    return f"{who}, not the type {held(beside[0])}." if len(beside) == 1 else f"{who}, no types."


def nobody_called(text: str, nearest: Sequence[str]) -> tuple[str, ...]:
    """Offer the names one letter from a text that found nobody; Enter searches the first of them."""
    nobody, offer = f'{MARGIN}Nobody called "{held(text)}".', f"{held(nearest[0])}? Enter"
    fits = cell_len(f"{nobody} {offer}") <= _WIDEST
    lines: tuple[str, ...] = (f"{nobody} {offer}",) if fits else (nobody, f"{MARGIN}{offer}")
    if others := nearest[1:]:
        lines += (f"{MARGIN}Or: {', '.join(map(held, others))}.",)
    return (*lines, f"{MARGIN}Try fewer letters, the mobile or a birth date.")
