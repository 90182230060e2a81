"""What follows a command, in words: how far it has got, and what a person has to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.attendance import word_of
from frontdesk.bookings import Booking, Presence
from frontdesk.commands import Cancel, RequestAdjustment, TakeBackNoShow
from frontdesk.deliveries import (
    MANUAL_UPDATE,
    MEANS,
    NO_SHOW_OTHERWISE,
    NOT_DONE,
    NOT_NEEDED,
    SHOWS_OTHERWISE,
    TAKE_BACK_OTHERWISE,
    TOLD_BY_PHONE,
    Attention,
    Delivery,
    Kind,
    State,
    Way,
)
from frontdesk.open_words import not_known_here
from frontdesk.words.told import Part, Role

PHONE_THE_PATIENT = "PHONE THE PATIENT"


@dataclass(frozen=True, slots=True)
class Task:
    """What a person does in a PMS that could not be told.

    `do` is an order, `name` what the PMS was to take. `refused` begins an error that says that the
    PMS shows something else than it was to be told of: a person has to find out first.
    """

    do: str
    name: str
    refused: str = "not changed there: "


TASKS = {
    "pms.cancel": Task("cancel it", "the cancel", SHOWS_OTHERWISE),
    "pms.move": Task("move it", "the move", "not moved there: "),
    "pms.no_show": Task("mark the no-show", "the no-show", NO_SHOW_OTHERWISE),
    "pms.take_back_no_show": Task(
        "take the no-show back", "that the no-show was taken back", TAKE_BACK_OTHERWISE
    ),
}
"""By kind of delivery."""

_ANY_TASK = Task("change it", "the change")

_OTHERS_TOLD = {Way.DESK: "TELL THE PRACTICE", Way.BILLER: "TELL THE BILLER"}


def fact(delivery: Delivery) -> str:
    """Return how far a delivery has got, in the fixed words of the Last line.

    PMS: waiting, told, not told, refused, "unknown, checking", "unknown, look there", by hand.
    Patient: waiting, "e-mail sent", "SMS sent", "phone the patient", "told by phone". It never claims
    more than is proven: sent is what the server took, and "refused" is for who said no, not for
    who could not be asked. What only a newer program understands is "not known here".
    """
    if not delivery.is_known:
        return "not known here"
    if delivery.way is Way.PMS:
        return _pms_fact(delivery)
    if delivery.state is State.DONE:
        return f"{MEANS[Kind(delivery.kind)]} sent"
    if delivery.state is State.SETTLED:
        if delivery.is_superseded:
            return "failed"
        return "told by phone" if delivery.note == TOLD_BY_PHONE else "settled"
    if delivery.state is State.ATTENTION:
        return "failed" if delivery.way in _OTHERS_TOLD else PHONE_THE_PATIENT.lower()
    return "waiting"


def _pms_fact(delivery: Delivery) -> str:
    if delivery.state is State.ATTENTION:
        if delivery.error == MANUAL_UPDATE:
            return "by hand"
        if delivery.unproven:
            return "unknown, checking" if delivery.next_at else "unknown, look there"
        if delivery.is_refused:
            return "refused"
        return "waiting" if delivery.next_at else "by hand"
    if delivery.state is State.SETTLED and delivery.note.startswith((NOT_DONE, NOT_NEEDED)):
        return "not told"
    return {
        State.DONE: "told",
        State.SETTLED: "done by hand",
        State.UNKNOWN: "unknown, checking",
    }.get(delivery.state, "waiting")


def facts(past: str, deliveries: Sequence[Delivery] | None) -> str:
    """Return the facts of a command in one sentence: `cancelled, Praktika waiting, e-mail sent`; see `each_fact`."""
    return ", ".join(part.text for part in each_fact(past, deliveries))


def each_fact(past: str, deliveries: Sequence[Delivery] | None) -> tuple[Part, ...]:
    """Return the facts of a command: `cancelled`, `Praktika waiting`, `e-mail sent`; what waits and what shouts.

    `past` is what the command has done, in the word of its ask. Of several messages to the patient
    only the newest counts: it took the place of the others; of what the PMS is told too. The
    practice's own copy, and the biller's, is no fact that an operator waits for. Without
    deliveries, which is another thing than none, it says that they cannot be read.
    """
    if deliveries is None:
        return (Part(f"{past}. What follows cannot be read now", Role.CHIP),)
    said = [Part(past, Role.DONE)]
    for one in [one for one in deliveries if one.way is Way.PMS][-1:]:
        said.append(Part(f"{one.target} {fact(one)}", _role(one)))
    for one in [one for one in deliveries if one.is_to_patient][-1:]:
        words, means = fact(one), MEANS[Kind(one.kind)]
        words = {"waiting": f"{means} waiting", "settled": "patient settled"}.get(words, words)
        said.append(Part(words, _role(one)))
    return tuple(said)


def _role(delivery: Delivery) -> Role:
    if delivery.state is State.ATTENTION:
        return Role.WAITING if fact(delivery) == "waiting" else Role.CHIP
    if delivery.state is State.UNKNOWN:
        return Role.CHIP
    return Role.DONE if delivery.state in (State.DONE, State.SETTLED) else Role.WAITING


def done_words(booking: Booking) -> str:
    """Return what was done to a booking last that others are told of, as words for `facts`."""
    if booking.cancellation is not None:
        return Cancel.past
    marked = booking.attendance
    if marked.at is None:
        return RequestAdjustment.past
    return TakeBackNoShow.past if marked.presence is Presence.NONE else word_of(marked.presence)


def to_do(attention: Attention) -> tuple[str, str]:
    """Return what a person has to do about a delivery, and why, for the Attention list.

    `("CANCEL IT IN DENTIX BY HAND", "Manual update required")`. The first is in capitals.
    """
    delivery = attention.delivery
    if not delivery.is_known:
        return "USE THE NEWER FRONTDESK", not_known_here("what is to be done")
    if delivery.way is Way.PMS:
        pms = delivery.target.upper()
        task = TASKS.get(delivery.kind, _ANY_TASK)
        by_hand = f"{task.do.upper()} IN {pms} BY HAND"
        # Doing it there does no harm to what goes on automatically: every attempt reads first.
        if delivery.unproven:
            doubt = f"it did not say whether it took {task.name}{_tries(delivery)}"
            if delivery.next_at:
                return f"STILL CHECKING {pms}", f"look there yourself if you can; {doubt}"
            return f"CHECK {pms}", doubt
        if delivery.is_refused:
            what = f"CHECK {pms}" if delivery.error.startswith(task.refused) else by_hand
            return what, delivery.error
        if delivery.next_at and delivery.attempts:
            why = f"{task.do} there yourself if you can; {delivery.error}{_tries(delivery)}"
            return f"STILL TRYING TO TELL {pms}", why
        return by_hand, f"{delivery.error}{_tries(delivery)}"
    if delivery.way in _OTHERS_TOLD:
        return _OTHERS_TOLD[delivery.way], _why_not_sent(delivery)
    if delivery.kind == Kind.PATIENT_PHONE:
        return PHONE_THE_PATIENT, f"cancelled, {delivery.error}"
    return PHONE_THE_PATIENT, f"cancelled, {_why_not_sent(delivery)}"


def _why_not_sent(delivery: Delivery) -> str:
    means = MEANS[Kind(delivery.kind)]
    if delivery.unproven:
        return f"nobody knows whether the {means} went out"
    if delivery.is_refused:
        return delivery.error
    still = ", still trying" if delivery.next_at else ""
    return f"{means} not sent ({delivery.error}){_tries(delivery)}{still}"


def _tries(delivery: Delivery) -> str:
    """How often it was tried."""
    if not delivery.attempts:
        return ""
    return f", {delivery.attempts} {'try' if delivery.attempts == 1 else 'tries'}"


def over_words(delivery: Delivery) -> str:
    """Return why a delivery that needed a person needs none any more."""
    if delivery.state is State.SETTLED:
        by = f"settled by {delivery.settled_by}" if delivery.settled_by else "another way is tried"
        return ", ".join(part for part in (by, delivery.note) if part)
    if delivery.state is State.DONE:
        return ", ".join(part for part in ("done automatically", delivery.note) if part)
    return f"tried again, {fact(delivery)}"
