"""What is hard to answer for a list of any size: keys of an operator, as the list asks them of a store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta

from frontdesk.bookings import Direction, Row, Status
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.listing import Listing
from frontdesk.sources.bookings import BookingSource

HEIGHT = 34
"""Rows that a terminal of 40 lines shows."""

BookingListing = Listing[Filters, Row]
Act = Callable[[BookingListing], Awaitable[None]]

TEXTS = {
    "no hit": "zzzzzz",
    "one letter, many hits": "e",
    "one letter, few hits": "x",
    "two letters": "aa",
    "a common name": "smith",
    "a name of one in thirty": "kovac",
    "first and last name": "mirela kov",
    "a rare name": "quinn chen",
    "a practitioner who retired": "dr ashworth",
    "a practitioner": "dr okafor",
    "a practitioner at the wrong practice": "okafor singh",
    "a patient's and a practitioner's name": "lee",
    "the beginning of both": "le",
    "two common words that never meet": "rue smith",
    "three common words": "dr lee check",
    "the end of a mobile": "006",
    "a birth date": "14/3/81",
    "a birth date nobody has": "31/2/1907",
    "a reference": "sd-10482",
    "a type and a name": "whitening kov",
    "two letters apart": "a b",
}

NEAR = {
    "two letters swapped": "jhon smith",
    "a letter too few in a long name": "papadopolos",
    "nobody near": "zzzzzz",
    "two names that never meet": "ross rossi",
}
"""Names that nobody has: who is called nearly so is asked when the keys rest."""


@dataclass(frozen=True)
class Case:
    """One key. `before` brings the list to where it is pressed, `act` is what it asks."""

    name: str
    kind: str
    act: Act
    before: Act


@dataclass(frozen=True)
class Facts:
    """What a made-up store has, whatever its size."""

    today: date
    first_day: date
    retired: frozenset[int]
    elsewhere: frozenset[int]
    """Practitioners of another practice than `practice`."""
    practice: str


def cases(facts: Facts) -> list[Case]:
    """Return every key that is measured."""
    return [
        *_paging(facts),
        *_filters(facts),
        *_searches(),
        *_filtered_searches(facts),
        *_counts(),
        *_nearest(),
    ]


def _paging(facts: Facts) -> list[Case]:
    back = facts.first_day + (facts.today - facts.first_day) / 2
    return [
        Case("start view", "page", BookingListing.start, _nothing),
        Case("next page", "page", lambda one: one.turn_page(Direction.FORWARD), BookingListing.start),
        Case("previous page", "page", lambda one: one.turn_page(Direction.BACKWARD), BookingListing.start),
        Case("Home", "page", lambda one: one.go_to_end(Direction.BACKWARD), BookingListing.start),
        Case("End", "page", lambda one: one.go_to_end(Direction.FORWARD), BookingListing.start),
        Case("a day long ago", "page", _filtered(NO_FILTERS.on_days(back, back)), BookingListing.start),
    ]


def _filters(facts: Facts) -> list[Case]:
    upcoming = NO_FILTERS.with_status(Status.UPCOMING)
    wanted = {
        "Upcoming": upcoming,
        "Cancelled": NO_FILTERS.with_status(Status.CANCELLED),
        "one practice": NO_FILTERS.for_practice(facts.practice),
        "a practitioner who retired, Upcoming": upcoming.for_practitioner("", facts.retired),
        "a practitioner at the wrong practice": NO_FILTERS.for_practitioner("", facts.elsewhere).for_practice(
            facts.practice
        ),
        "Cancelled on one day": NO_FILTERS.with_status(Status.CANCELLED).on_days(facts.today, facts.today),
    }
    return [
        Case(f"filter: {name}", "filter", _filtered(filters), BookingListing.start)
        for name, filters in wanted.items()
    ]


def _searches() -> list[Case]:
    return [Case(f"{name}: {text}", "search", _typed(text), _nothing) for name, text in TEXTS.items()]


def _filtered_searches(facts: Facts) -> list[Case]:
    cancelled = NO_FILTERS.with_status(Status.CANCELLED)
    wanted = {
        "Cancelled × a rare name": ("quinn chen", cancelled),
        "Cancelled × a common name": ("smith", cancelled),
        "Cancelled × no hit": ("zzzzzz", cancelled),
        "a practitioner × the wrong practice": ("dr okafor", NO_FILTERS.for_practice(facts.practice)),
        "who retired × Upcoming": ("dr ashworth", NO_FILTERS.with_status(Status.UPCOMING)),
        "a common name × who retired": ("smith", NO_FILTERS.for_practitioner("", facts.retired)),
        "a common name × the last month": (
            "smith",
            NO_FILTERS.on_days(facts.today - timedelta(days=31), facts.today),
        ),
    }
    return [
        Case(f"{name}: {text}", "search", _filtered(filters), _typed(text))
        for name, (text, filters) in wanted.items()
    ]


def _counts() -> list[Case]:
    texts = ("no hit", "one letter, many hits", "a common name", "a rare name", "three common words")
    return [
        Case(f"count of {name}: {TEXTS[name]}", "count", BookingListing.count_hits, _typed(TEXTS[name]))
        for name in texts
    ]


def _nearest() -> list[Case]:
    return [Case(f"near, {name}: {text}", "near", _near(text), _nothing) for name, text in NEAR.items()]


def _near(text: str) -> Act:
    async def ask(listing: BookingListing) -> None:
        source = listing.source
        if not isinstance(source, BookingSource):
            raise TypeError("only bookings have names")
        await source.store.nearest(text, 3)

    return ask


def _typed(text: str) -> Act:
    return lambda listing: listing.search(text)


def _filtered(filters: Filters) -> Act:
    return lambda listing: listing.filter(filters)


async def _nothing(listing: BookingListing) -> None:
    """A list as it is when the program starts."""


def fresh(listing: BookingListing) -> BookingListing:
    """Return the list over the same store, nothing asked yet."""
    return Listing(listing.source, listing.now, height=listing.height)
