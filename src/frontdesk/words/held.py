"""A mass change in a diary, as the person reads it who decides about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.bookings import Booking
from frontdesk.brake import FEWER
from frontdesk.diary_runs import Decision, HeldChange
from frontdesk.words.dialog import LABEL_AT, answer, inset, key_bar, message_lines, text_at, text_width
from frontdesk.words.diaries import KIND_WORDS, brought
from frontdesk.words.fitting import wrapped
from frontdesk.words.told import Part, Role, Shown, Told, labelled, told

CHOICES = (Decision.AGAIN, Decision.IGNORE, Decision.APPLY)
"""In the order of their keys, 1 to 3: the one that can do no harm comes first."""

EXAMPLES = 10
_FEW = 2
"""Lines that days, and that practitioners, may take."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the window shows: the change, what its PMS is called, and how far the person has got.

    `typed` is the number that was typed, `message` the last answer; `is_over` says that nothing is left to decide.
    """

    change: HeldChange
    shown: str
    choice: Decision = Decision.AGAIN
    typed: str = ""
    message: str = ""
    is_over: bool = False

    @property
    def number(self) -> int:
        """How many bookings it is about."""
        return sum(self.change.run.held.values())


def held_lines(held: Held, now: datetime, here: ZoneInfo, width: int, height: int) -> Shown:
    """Return what the window shows, by place: in a low one there are fewer examples."""
    *above, last = wrapped(held.message, text_width(width) - LABEL_AT)[: message_lines(height)]
    facts = (*_facts(held, now, here, width),)
    choices, keys = (*_choices(held, width),), _keys(held, width)
    room = height - len(facts) - sum(map(len, choices)) - len(above) - 4
    places: dict[str, tuple[Told, ...]] = {
        "title": (told(f" {held.shown} suddenly shows {_what(held)}", Role.TITLE),),
        "facts": facts,
        "examples": inset(_examples(held.change.examples[: max(0, min(EXAMPLES, room))], now), width),
        "gap": (Told(),),
        **dict(zip(("again", "ignore", "apply", "told"), choices, strict=True)),
        "above-message": tuple(map(answer, above)),
        "message": (answer(last),),
        "keys": (keys,),
    }
    return {place: lines for place, lines in places.items() if lines}


def _what(held: Held) -> str:
    fewer = sum(number for effect, number in held.change.run.held.items() if effect in _FEWER_WORDS)
    number, how = (fewer, "fewer") if fewer else (held.number, "otherwise")
    return f"{number:,} {'booking' if number == 1 else 'bookings'} {how}"


_FEWER_WORDS = frozenset(effect.value for effect in FEWER)


def _facts(held: Held, now: datetime, here: ZoneInfo, width: int) -> Iterator[Told]:
    run, change = held.change.run, held.change
    today = times.local_date(now, here)
    read = f"{times.since_in_words(run.started_at, here, now)}, {KIND_WORDS[run.kind]}: {run.read:,} appointments"
    days = [f"{times.day_in_words(day, today)} {number:,}" for day, number in change.days]
    practitioners = [f"{name} {number:,}" for name, number in change.practitioners]
    room = text_width(width) - text_at(width)
    yield from inset(
        (
            labelled("Read", read),
            labelled("There", brought(run.held)),
            *_listed("Days", days, room),
            *_listed("With", practitioners, room),
        ),
        width,
    )


def _listed(label: str, items: list[str], room: int) -> Iterator[Told]:
    """Yield items one beside the other in a few lines; what has no room is counted."""
    shown = list(items)
    while len(lines := wrapped(_with_rest(shown, items), room)) > _FEW and shown:
        shown.pop()
    for line in lines if items else ():
        yield labelled(label, line)
        label = ""


def _with_rest(shown: list[str], items: list[str]) -> str:
    more = len(items) - len(shown)
    return ", ".join([*shown, *([f"{more:,} more"] if more else [])])


def _examples(bookings: Iterable[Booking], now: datetime) -> Iterator[Told]:
    label = "For example"
    for one in bookings:
        when = times.when(one.starts_at, one.practice.zone, now)
        yield labelled(label, f"{when}  {one.patient.name}   {one.practitioner.name}")
        label = ""


def _choices(held: Held, width: int) -> Iterator[tuple[Told, ...]]:
    fewer = _FEWER_WORDS.issuperset(held.change.run.held)
    believe = f"Believe {held.shown}: {'cancel' if fewer else 'change'} these {held.number:,} here."
    says = (
        f"Read {held.shown} again",
        f"Keep our list; ask when {held.shown} changes",
        f"{believe} Type {held.number}:",
    )
    for key, (decision, said) in enumerate(zip(CHOICES, says, strict=True), start=1):
        is_chosen = decision is held.choice and not held.is_over
        parts = [
            Part(f"{' ' * LABEL_AT}{'> ' if is_chosen else '  '}"),
            Part(f"{key}", Role.KEY),
            Part(f"  {said}", Role.STRONG if is_chosen else Role.VALUE),
        ]
        if decision is Decision.APPLY:
            parts.append(Part(f" [{' ' * 8}]", Role.FIELD if is_chosen else Role.QUIET))
        yield (Told(tuple(parts)),)
    yield (told(f"{' ' * (LABEL_AT + 5)}Patients are not told by us.", Role.QUIET),)


def _keys(held: Held, width: int) -> Told:
    if held.is_over:
        return key_bar(("Esc", "closes"), width=width)
    return key_bar(
        ("F8", "does what is marked >"), ("Esc", "decides nothing"), ("1 2 3", "choose"), width=width
    )


def decided_words(decision: Decision, shown: str) -> str:
    """Return what is said once it is decided."""
    match decision:
        case Decision.AGAIN:
            return f"{shown} is read again."
        case Decision.IGNORE:
            return f"Our list stays. You are asked when {shown} changes."
        case Decision.APPLY:
            return f"The list is as {shown} says."


def why_not_typed(held: Held) -> str:
    """Return what is said where the number was not typed, or nothing."""
    if held.choice is not Decision.APPLY or held.typed.strip() == str(held.number):
        return ""
    return f"Type {held.number}, then F8: nothing was decided."
