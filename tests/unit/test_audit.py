"""The chain of audit events shows every change but a cut-off end."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.audit import GENESIS, Action, AuditEvent, digest, first_broken_link
from frontdesk.bookings import Operator
from frontdesk.commands import KINDS, Subject

NOW = datetime(2026, 11, 21, 22, 45, 7, 120_000, tzinfo=UTC)

Link = tuple[AuditEvent, str]

KIM, LEE = Operator("Kim Nguyen"), Operator("Lee Tran", "Desk Two")

EVENTS = (
    AuditEvent(0, NOW, KIM, Action.BOOKING_IMPORTED, None, None, {"new": "3"}),
    AuditEvent(0, NOW, KIM, "booking.cancel", Subject("booking", 7), 7, {"reason": "patient ill"}),
    AuditEvent(
        0, NOW + timedelta(seconds=1), LEE, "booking.cancel", Subject("booking", 8), 8, {"reason": ""}
    ),
    # The same thing done again is another event.
    AuditEvent(
        0, NOW + timedelta(seconds=1), LEE, "booking.cancel", Subject("booking", 8), 8, {"reason": ""}
    ),
    AuditEvent(
        0, NOW + timedelta(seconds=2), KIM, "delivery.settle", Subject("delivery", 3), 8, {"note": "phoned"}
    ),
)
OTHER = AuditEvent(
    0,
    NOW - timedelta(days=1),
    Operator("Zoë", "Desk One"),
    Action.BOOKING_REINSTATED,
    None,
    9,
    {"reason": "work"},
)


def chain(events: Sequence[AuditEvent]) -> list[Link]:
    """Number and link events from the first on, as a store writes them."""
    links: list[Link] = []
    previous = GENESIS
    for number, event in enumerate(events, 1):
        numbered = replace(event, number=number)
        previous = digest(previous, numbered)
        links.append((numbered, previous))
    return links


LINKS = chain(EVENTS)
PLACES = range(len(LINKS))

CANONICAL = (
    '{"action":"booking.cancel","at":"2026-11-21T22:45:07.120000+00:00","booking_id":42,'
    '"detail":{"a":"b","reason":"ill"},"number":7,"operator":"Zoë Kovač","previous":"abab","proof":{},"subject":["booking",42],"via":"Desk Two"}'
)
"""The bytes a digest covers. Chains that exist must verify for ever: these may never change."""


def test_the_digest_stays_what_it_was() -> None:
    event = AuditEvent(
        7,
        NOW,
        Operator("Zoë Kovač", "Desk Two"),
        "booking.cancel",
        Subject("booking", 42),
        42,
        {"reason": "ill", "a": "b"},
    )
    assert digest("abab", event) == hashlib.sha256(CANONICAL.encode()).hexdigest()


def test_the_digest_does_not_depend_on_how_the_same_event_is_held() -> None:
    event = AuditEvent(
        1, NOW, Operator("Kim"), Action.BOOKING_CANCELLED, Subject("booking", 1), 1, {"a": "1", "b": "2"}
    )
    same = replace(event, at=NOW.astimezone(ZoneInfo("Australia/Adelaide")), detail={"b": "2", "a": "1"})
    assert digest(GENESIS, event) == digest(GENESIS, same)
    whole = replace(event, at=NOW.replace(microsecond=0))
    assert digest(GENESIS, whole) != digest(GENESIS, event)


@pytest.mark.parametrize(
    "edit",
    [
        {"number": 2},
        {"at": NOW + timedelta(microseconds=1)},
        {"operator": Operator("Kim ", "Desk")},
        {"operator": Operator("Kim", "")},
        {"operator": Operator("KimDesk", "")},
        {"action": "booking.cancel"},
        {"subject": None},
        {"subject": Subject("booking", 2)},
        {"subject": Subject("delivery", 1)},
        {"booking_id": None},
        {"booking_id": 0},
        {"detail": {}},
        {"detail": {"reason": ""}},
        {"detail": {"reason": "ill", "note": ""}},
        {"detail": {"ill": "reason"}},
    ],
)
def test_every_field_is_in_the_digest(edit: dict[str, object]) -> None:
    event = AuditEvent(
        1, NOW, Operator("Kim", "Desk"), Action.BOOKING_CANCELLED, Subject("booking", 1), 1, {"reason": "ill"}
    )
    assert digest(GENESIS, replace(event, **edit)) != digest(GENESIS, event)  # type: ignore[arg-type]
    assert digest("a", event) != digest(GENESIS, event)


WORDS = st.text(max_size=4)
DETAILS = st.dictionaries(WORDS, WORDS, max_size=3)


@settings(max_examples=50, deadline=None)
@given(DETAILS, DETAILS, WORDS, WORDS)
def test_no_two_events_share_a_digest(
    one: dict[str, str], other: dict[str, str], name: str, other_name: str
) -> None:
    first, second = replace(EVENTS[0], detail=one), replace(EVENTS[0], detail=other)
    assert (digest(GENESIS, first) == digest(GENESIS, second)) == (one == other)
    first = replace(first, operator=Operator(name, other_name))
    second = replace(first, operator=Operator(other_name, name))
    assert (digest(GENESIS, first) == digest(GENESIS, second)) == (name == other_name)


def test_a_whole_chain_holds_from_any_link_on() -> None:
    assert first_broken_link([]) is None
    assert first_broken_link(LINKS) is None
    for event, stored in LINKS[:-1]:
        rest = LINKS[event.number :]
        assert first_broken_link(rest, after=event.number, previous=stored) is None
        assert first_broken_link(rest, after=event.number, previous="0" * 64) == event.number + 1
        assert first_broken_link(rest, after=event.number - 1, previous=stored) == event.number
        assert first_broken_link(rest) == 1


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("field", ["at", "operator", "action", "booking_id", "detail"])
def test_an_edit_is_found_where_it_is(place: int, field: str) -> None:
    event, stored = LINKS[place]
    edited = replace(event, **{field: getattr(OTHER, field)})
    assert first_broken_link([*LINKS[:place], (edited, stored), *LINKS[place + 1 :]]) == place + 1


@pytest.mark.parametrize("place", PLACES)
def test_another_digest_is_found(place: int) -> None:
    event, stored = LINKS[place]
    for forged in (
        stored[:-1] + ("1" if stored[-1] == "0" else "0"),
        "",
        stored.upper(),
        LINKS[place - 1][1],
    ):
        assert first_broken_link([*LINKS[:place], (event, forged), *LINKS[place + 1 :]]) == place + 1


@pytest.mark.parametrize("place", PLACES[:-1])
def test_whoever_links_an_edit_anew_breaks_the_next_link(place: int) -> None:
    event, _ = LINKS[place]
    edited = replace(event, detail={"reason": "forged"})
    previous = LINKS[place - 1][1] if place else GENESIS
    forged = (edited, digest(previous, edited))
    assert first_broken_link([*LINKS[:place], forged, *LINKS[place + 1 :]]) == place + 2


@pytest.mark.parametrize("place", PLACES[:-1])
def test_a_deletion_is_found(place: int) -> None:
    # The end can be cut off unseen: that takes a copy of the head kept elsewhere.
    after = LINKS[place + 1 :]
    assert first_broken_link([*LINKS[:place], *after]) == place + 1
    closed_up = [(replace(event, number=event.number - 1), stored) for event, stored in after]
    assert first_broken_link([*LINKS[:place], *closed_up]) == place + 1


@pytest.mark.parametrize(("first", "second"), combinations(PLACES, 2))
def test_a_swap_is_found(first: int, second: int) -> None:
    swapped = list(LINKS)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert first_broken_link(swapped) == first + 1
    renumbered = [
        (replace(event, number=number), stored) for number, (event, stored) in enumerate(swapped, 1)
    ]
    assert first_broken_link(renumbered) == first + 1


@pytest.mark.parametrize("place", PLACES)
def test_an_insertion_is_found(place: int) -> None:
    previous = LINKS[place - 1][1] if place else GENESIS
    forged = replace(OTHER, number=place + 1)
    link = (forged, digest(previous, forged))
    assert first_broken_link([*LINKS[:place], link, *LINKS[place:]]) == place + 2
    moved_on = [(replace(event, number=event.number + 1), stored) for event, stored in LINKS[place:]]
    assert first_broken_link([*LINKS[:place], link, *moved_on]) == place + 2
    doubled = [*LINKS[: place + 1], *LINKS[place:]]
    assert first_broken_link(doubled) == place + 2


def test_the_words_for_what_can_happen_are_fixed() -> None:
    assert {action.value for action in Action} == {
        *("booking.imported", "booking.cancelled", "booking.reinstated"),
        *("booking.added", "booking.moved", "booking.reassigned", "booking.changed", "booking.seen"),
        *("practice.applied", "billing.applied", "invoice.closed", "token.created", "token.revoked"),
        *("diary.reconciled", "diary.decided"),
    }
    assert set(KINDS) == {
        *("booking.cancel", "booking.mark_no_show", "booking.take_back_no_show", "booking.mark_arrived"),
        *("booking.mark_attended", "booking.request_adjustment", "adjustment.approve", "adjustment.reject"),
        *("account.close", "invoice.pay", "invoice.void", "delivery.settle", "delivery.retry"),
    }
