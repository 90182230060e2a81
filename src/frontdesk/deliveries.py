"""What must follow a cancellation, and how far each of it has got.

`plan` is the only place that decides it: the dialog shows what `plan` answers before the
confirm, and the store writes what `plan` answers in the cancel's own transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from frontdesk.bookings import Booking, Channel, Practice


class Kind(StrEnum):
    """What has to happen."""

    PMS_CANCEL = "pms.cancel"
    PATIENT_EMAIL = "patient.email"
    PATIENT_SMS = "patient.sms"
    PATIENT_PHONE = "patient.phone"
    DESK_EMAIL = "desk.email"


class State(StrEnum):
    """How far a delivery has got."""

    PENDING = "pending"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    DONE = "done"
    ATTENTION = "attention"
    SETTLED = "settled"


OPEN_STATES = frozenset({State.PENDING, State.CLAIMED, State.UNKNOWN})
"""States that go on without a person."""

MANUAL_UPDATE = "Manual update required"
_MISSING = {Channel.EMAIL: "no e-mail", Channel.SMS: "no mobile"}
NO_ADDRESS = ", ".join(_MISSING.values())
TOLD_BY_PHONE = "Told by me on the phone just now"

_CHANNEL_KINDS = {Channel.EMAIL: Kind.PATIENT_EMAIL, Channel.SMS: Kind.PATIENT_SMS}


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing that will follow a cancellation.

    `target` is who or what it goes to: a PMS's name, an address, a phone number. `note`
    says why it is born in attention or settled; it is empty otherwise.
    """

    kind: Kind
    state: State
    target: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that follows a command, as the store keeps it.

    `attempts` counts tries begun. `next_at` is when the next one is due, None when none
    is. `error` is the latest failure in the operator's words. `settled_by` names the
    operator who settled it, with their `note`.
    """

    id: int
    booking_id: int
    kind: Kind
    state: State
    target: str
    created_at: datetime
    changed_at: datetime
    attempts: int = 0
    next_at: datetime | None = None
    error: str = ""
    note: str = ""
    settled_by: str = ""


@dataclass(frozen=True, slots=True)
class Attention:
    """A delivery that needs a person, with the booking it belongs to."""

    delivery: Delivery
    booking: Booking


def plan(booking: Booking, practice: Practice, *, told_by_phone: bool = False) -> tuple[Planned, ...]:
    """Return what follows when `booking` of `practice` is cancelled.

    A practice without a PMS has no `pms.cancel`; one whose PMS cannot cancel has it born
    in attention. The patient gets one message, by the first channel of the practice whose
    address exists; none at all where the practice has no channels or its PMS tells the
    patient itself. With no usable address somebody has to phone: born in attention, or
    settled when the operator has just done it.
    """
    planned: list[Planned] = []
    if practice.pms is not None:
        if practice.pms.can_cancel:
            planned.append(Planned(Kind.PMS_CANCEL, State.PENDING, practice.pms.name))
        else:
            planned.append(Planned(Kind.PMS_CANCEL, State.ATTENTION, practice.pms.name, MANUAL_UPDATE))
    if practice.patient_channels and not (practice.pms and practice.pms.tells_patient):
        planned.append(_tell_patient(booking, practice, told_by_phone))
    if practice.email:
        planned.append(Planned(Kind.DESK_EMAIL, State.PENDING, practice.email))
    return tuple(planned)


def _tell_patient(booking: Booking, practice: Practice, told_by_phone: bool) -> Planned:
    addresses = {Channel.EMAIL: booking.patient.email, Channel.SMS: booking.patient.mobile}
    for channel in practice.patient_channels:
        if addresses[channel]:
            return Planned(_CHANNEL_KINDS[channel], State.PENDING, addresses[channel])
    number = booking.patient.mobile
    if told_by_phone:
        return Planned(Kind.PATIENT_PHONE, State.SETTLED, number, TOLD_BY_PHONE)
    missing = ", ".join(_MISSING[channel] for channel in Channel if not addresses[channel])
    return Planned(Kind.PATIENT_PHONE, State.ATTENTION, number, missing)


def fact(delivery: Delivery) -> str:
    """Return how far a delivery has got, in the fixed words of the Last line.

    PMS: waiting, ok, refused, "unknown, checking", by hand. Patient: waiting, "e-mail ok",
    "SMS ok", "phone the patient", "told by phone". It never claims more than is proven.
    """
    if delivery.kind is Kind.PATIENT_PHONE:
        return "told by phone" if delivery.state is State.SETTLED else "phone the patient"
    if delivery.kind is Kind.PMS_CANCEL:
        return _pms_fact(delivery)
    if delivery.state is State.DONE:
        return "SMS ok" if delivery.kind is Kind.PATIENT_SMS else "e-mail ok"
    if delivery.state is State.SETTLED:
        return "settled"
    if delivery.state is State.ATTENTION:
        return "phone the patient" if delivery.kind is not Kind.DESK_EMAIL else "failed"
    return "waiting"


def _pms_fact(delivery: Delivery) -> str:
    if delivery.state is State.ATTENTION:
        return "by hand" if delivery.error == MANUAL_UPDATE else "refused"
    return {
        State.DONE: "ok",
        State.SETTLED: "done by hand",
        State.UNKNOWN: "unknown, checking",
    }.get(delivery.state, "waiting")


def facts(deliveries: tuple[Delivery, ...]) -> str:
    """Return the Last line's sentence: `Cancelled here ok, Praktika ok, e-mail ok`.

    Whoever else still waits is named once: `Cancelled here ok, Praktika, patient waiting`.
    """
    said, waiting = ["Cancelled here ok"], []
    for delivery in deliveries:
        if delivery.kind is Kind.DESK_EMAIL:
            continue
        words = fact(delivery)
        who = delivery.target if delivery.kind is Kind.PMS_CANCEL else "patient"
        if words == "waiting":
            waiting.append(who)
        elif delivery.kind is Kind.PMS_CANCEL or words == "settled":
            said.append(f"{who} {words}")
        else:
            said.append(words)
    if waiting:
        said.append(f"{', '.join(waiting)} waiting")
    return ", ".join(said)
