"""The brake: when so much of a diary has changed at once that a person is asked before it changes the list.

A source that answers with a part of the diary, with nothing, or with every time an hour off looks just like a
diary that has changed. What a person does there in a day is less than what stops a run here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from frontdesk.arrivals import Effect

FEW = 8
"""So many changes of a kind never stop a run, however small the diary is."""

TAKEN_AWAY, MOVED, UNKNOWN = 0.10, 0.30, 0.05
"""The part of the bookings to come that may be taken away, or be moved, and of the rows read that may have an unknown word."""

SICK_DAY = 40
"""One practitioner's day may be taken away as long as it has no more bookings than these."""

EMPTIED = 5
"""A slice with so many bookings that has none any more stops a run."""

ALIKE = 5
"""So many moves, all by the same hour or half hour, are a time zone that was read wrongly."""

_CLOCK_FAULTS = frozenset(timedelta(minutes=minutes) for minutes in (-60, -30, 30, 60))

FEWER = frozenset({Effect.CANCELLED, Effect.GONE})
"""What takes a booking away from the list."""


@dataclass(frozen=True, slots=True)
class Mass:
    """What a run would change, as far as the brake asks.

    `counts` are by effect. `taken_away` are those cancelled and gone, by practitioner and day, `emptied` the
    same for each slice that had bookings and has none now. `offsets` counts moves by how far they
    went. `known` is how many bookings to come the list has in what was read, `read` how many rows were.
    """

    counts: Mapping[Effect, int]
    known: int
    read: int = 0
    taken_away: Mapping[tuple[str, date], int] = field(default_factory=dict)
    emptied: Collection[Mapping[tuple[str, date], int]] = ()
    offsets: Mapping[timedelta, int] = field(default_factory=dict)


def held(mass: Mass) -> dict[Effect, str]:
    """Return what may not be applied without a person, each with why, as the rest of a sentence."""
    found: dict[Effect, str] = {}
    if why := _why_not_take_away(mass):
        found |= dict.fromkeys(FEWER, why)
    if why := _why_not_move(mass):
        found[Effect.MOVED] = why
    replaced = mass.counts.get(Effect.REPLACED, 0)
    if replaced > _most(TAKEN_AWAY, mass.known):
        found[Effect.REPLACED] = f"{replaced:,} are another patient's"
    unknown = mass.counts.get(Effect.UNKNOWN_WORD, 0)
    if unknown > _most(UNKNOWN, mass.read):
        found[Effect.UNKNOWN_WORD] = f"{unknown:,} have a status that frontdesk does not know"
    return {effect: why for effect, why in found.items() if mass.counts.get(effect)}


def _why_not_take_away(mass: Mass) -> str:
    exempt = _sick_day(mass.taken_away)
    fewer = sum(mass.counts.get(effect, 0) for effect in FEWER)
    if fewer - mass.taken_away.get(exempt, 0) > _most(TAKEN_AWAY, mass.known):
        return f"{fewer:,} bookings fewer"
    for slice_ in mass.emptied:
        if sum(number for whose, number in slice_.items() if whose != exempt) >= EMPTIED:
            return f"none left where there were {sum(slice_.values()):,}"
    return ""


def _sick_day(taken_away: Mapping[tuple[str, date], int]) -> tuple[str, date]:
    """The practitioner's day that a sick dentist explains best."""
    days = [whose for whose, number in taken_away.items() if number <= SICK_DAY]
    return max(days, key=lambda whose: (taken_away[whose], whose), default=("", date.min))


def _why_not_move(mass: Mass) -> str:
    moved = mass.counts.get(Effect.MOVED, 0)
    if moved > _most(MOVED, mass.known):
        return f"{moved:,} moved"
    alike = len(mass.offsets) == 1 and next(iter(mass.offsets)) in _CLOCK_FAULTS
    if alike and moved >= ALIKE:
        minutes = abs(next(iter(mass.offsets))) // timedelta(minutes=1)
        return f"{moved:,} moved, all by {minutes} minutes"
    return ""


def _most(part: float, known: int) -> int:
    return max(FEW, int(part * known))
