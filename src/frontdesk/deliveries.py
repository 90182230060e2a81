"""What must follow a command, and how far each of it has got."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, StrEnum

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Booking, Channel, Pms, Practice
from frontdesk.open_words import OpenWord, not_known_here


class Way(Enum):
    """The way by which somebody is told."""

    PMS = "pms"
    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    DESK = "desk"
    BILLER = "biller"
    OTHER = "other"
    """One that only a newer program knows."""


class Kind(StrEnum):
    """Kinds of deliveries: a way, and for a PMS what it is told. Other kinds of commands have their own."""

    PMS_CANCEL = "pms.cancel"
    PMS_NO_SHOW = "pms.no_show"
    PMS_TAKE_BACK_NO_SHOW = "pms.take_back_no_show"
    PATIENT_EMAIL = "patient.email"
    PATIENT_SMS = "patient.sms"
    PATIENT_PHONE = "patient.phone"
    DESK_EMAIL = "desk.email"
    BILLER_EMAIL = "biller.email"
    BILLER_POST = "biller.post"


class State(OpenWord):
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
SHOWS_OTHERWISE = "not cancelled there: "
"""The beginning of an error that says that the PMS shows another appointment than was cancelled.

A person has to find out which one is meant.
"""

NOT_DONE = "not done: "
"""The beginning of the note of a delivery that was settled because nobody needs it any more."""

NOT_NEEDED = "not needed: "
"""The same of one for which a person was called, who may have done it and not said so."""

NO_SHOW_OTHERWISE = "not marked there as did not come: "
TAKE_BACK_OTHERWISE = "no-show not taken back there: "

_DONE_BY_HAND: Mapping[str, str] = {Kind.PMS_NO_SHOW: "marked", Kind.PMS_TAKE_BACK_NO_SHOW: "taken back"}

_MISSING = {Channel.EMAIL: "no e-mail", Channel.SMS: "no mobile"}
TOLD_BY_PHONE = "Told by me on the phone just now"

_CHANNEL_KINDS = {Channel.EMAIL: Kind.PATIENT_EMAIL, Channel.SMS: Kind.PATIENT_SMS}
_PATIENT_KINDS = frozenset({*_CHANNEL_KINDS.values(), Kind.PATIENT_PHONE})

MAIL_CONNECTION, SMS_CONNECTION = "notify.email", "notify.sms"
BILLER_CONNECTION = "billing.biller"
"""What a dispatcher must have to send messages. Connections of the config have no dot in their names."""

_PMS = "pms."

_WAYS: Mapping[str, Way] = {
    Kind.PATIENT_EMAIL: Way.EMAIL,
    Kind.PATIENT_SMS: Way.SMS,
    Kind.PATIENT_PHONE: Way.PHONE,
    Kind.DESK_EMAIL: Way.DESK,
    Kind.BILLER_EMAIL: Way.BILLER,
    Kind.BILLER_POST: Way.BILLER,
}


def way_of(kind: str) -> Way:
    """Return by which way a delivery of this kind goes."""
    return Way.PMS if kind.startswith(_PMS) else _WAYS.get(kind, Way.OTHER)


_CHANNEL_CONNECTIONS = {Channel.EMAIL: MAIL_CONNECTION, Channel.SMS: SMS_CONNECTION}


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing that will follow a command.

    `target` is who or what it goes to: a PMS's name, an address, a phone number. `connection`
    is what a dispatcher must have to carry it out, empty when only a person can. `note` says
    why it is born in attention or settled; it is empty otherwise. It is not begun before the one
    of the kind `waits_for`, planned before it by the same command, is done. `proves` is the one
    whose success makes a command take effect that has waited for its proof.
    """

    kind: str
    state: State
    target: str
    note: str = ""
    connection: str = ""
    waits_for: str = ""
    proves: bool = False

    @property
    def way(self) -> Way:
        """By which way somebody is told."""
        return way_of(self.kind)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that follows a command, as the store keeps it.

    `attempts` counts tries begun. `next_at` is when the next one is due, None when none
    is: one in attention may go on automatically. `error` is the latest failure in the operator's
    words. `note` says who took it when it is done, or how it was settled and, in `settled_by`,
    by which operator. `connection` is as in `Planned`.

    `unproven` counts attempts since the last proof whose effect nobody knows. `is_refused`
    says that the other side itself said no, for ever. A message that was followed by one on
    the patient's next channel is SETTLED, `settled_by` nobody.

    `version` is the fence of the latest claim, `held_until` the end of that one's lease while
    an attempt is being made. `waits_for` is the id of the delivery that must be done first.
    `proves` is as in `Planned`.
    """

    id: int
    booking_id: int
    kind: str
    state: State
    target: str
    created_at: datetime
    changed_at: datetime
    connection: str = ""
    attempts: int = 0
    next_at: datetime | None = None
    error: str = ""
    note: str = ""
    settled_by: str = ""
    unproven: int = 0
    is_refused: bool = False
    version: int = 0
    held_until: datetime | None = None
    waits_for: int | None = None
    proves: bool = False

    @property
    def way(self) -> Way:
        """By which way somebody is told."""
        return way_of(self.kind)

    @property
    def is_known(self) -> bool:
        """Whether this program knows by which way it goes, and how far it has got."""
        return self.way is not Way.OTHER and self.state.is_known

    @property
    def is_to_patient(self) -> bool:
        """Whether it tells the patient, by whatever way."""
        return self.kind in _PATIENT_KINDS

    @property
    def is_superseded(self) -> bool:
        """Whether it came to nothing and the patient's next channel took its place."""
        return self.kind in _CHANNEL_KINDS.values() and self.state is State.SETTLED and not self.settled_by


@dataclass(frozen=True, slots=True)
class Attention:
    """A delivery that needs a person, with the booking it belongs to."""

    delivery: Delivery
    booking: Booking


def plan(
    booking: Booking | IncomingBooking, practice: Practice, *, told_by_phone: bool = False
) -> tuple[Planned, ...]:
    """Return what follows when `booking` of `practice` is cancelled.

    A practice without a PMS has no `pms.cancel`; one whose PMS cannot cancel, or does not
    know the booking by a reference, has it born in attention. The patient gets one message,
    by the first channel of the practice whose address exists; none at all where the practice
    has no channels or its PMS tells the patient itself. With no usable address somebody has
    to phone: born in attention, or settled when the operator has just done it.
    """
    planned = [*plan_pms(Kind.PMS_CANCEL, booking, practice)]
    if practice.patient_channels and not (practice.pms and practice.pms.tells_patient):
        planned.append(_tell_patient(booking, practice, told_by_phone))
    if practice.email:
        planned.append(Planned(Kind.DESK_EMAIL, State.PENDING, practice.email, connection=MAIL_CONNECTION))
    return tuple(planned)


def plan_pms(kind: Kind, booking: Booking | IncomingBooking, practice: Practice) -> tuple[Planned, ...]:
    """Return that the practice's PMS, if it has one, is told of `kind`, or that a person has to see to it."""
    pms = practice.pms
    if pms is None:
        return ()
    if is_by_hand(booking, practice, kind):
        return (Planned(kind, State.ATTENTION, pms.name, MANUAL_UPDATE),)
    return (Planned(kind, State.PENDING, pms.name, connection=pms.connection),)


def after_unsaid(planned: Planned, earlier: str) -> Planned:
    """Return what takes back a delivery of the kind `earlier`, which a person may have done and not said so.

    Where a person does it too, that one reads on what it depends; a program reads the PMS first.
    """
    if planned.way is not Way.PMS or planned.state is not State.ATTENTION:
        return planned
    return replace(planned, note=f"{MANUAL_UPDATE}, if it was {_DONE_BY_HAND.get(earlier, 'done')} there")


def is_profile(biller: str) -> bool:
    """Whether a biller is told over HTTP, as a file describes it, and not by e-mail."""
    return biller.endswith(".toml")


def plan_biller(practice: Practice) -> tuple[Planned, ...]:
    """Return that the biller is told of a request not to be charged, where the config names one."""
    if not practice.biller:
        return ()
    if is_profile(practice.biller):
        return (Planned(Kind.BILLER_POST, State.PENDING, practice.biller, connection=BILLER_CONNECTION),)
    return (Planned(Kind.BILLER_EMAIL, State.PENDING, practice.biller, connection=MAIL_CONNECTION),)


def is_by_hand(booking: Booking | IncomingBooking, practice: Practice, kind: str = Kind.PMS_CANCEL) -> bool:
    """Whether only a person can tell the practice's PMS of what a delivery of `kind` is about."""
    return practice.pms is not None and not (can_be_told(practice.pms, kind) and booking.pms_ref)


def can_be_told(pms: Pms, kind: str) -> bool:
    """Whether a program can tell this PMS of what a delivery of `kind` is about."""
    can = {
        Kind.PMS_NO_SHOW.value: pms.can_mark_no_show,
        Kind.PMS_TAKE_BACK_NO_SHOW.value: pms.can_take_back_no_show,
    }
    return can.get(kind, pms.can_cancel)


def is_told_automatically(planned: Collection[Planned]) -> bool:
    """Whether the PMS will be told without a person."""
    return any(way_of(one.kind) is Way.PMS and one.connection for one in planned)


def next_channel(
    booking: Booking | IncomingBooking, practice: Practice, tried: Collection[str]
) -> Planned | None:
    """Return the first message to the patient by a channel not `tried` yet, or None."""
    addresses = _addresses(booking)
    for channel in practice.patient_channels:
        kind = _CHANNEL_KINDS.get(channel)
        if kind is not None and addresses[channel] and kind not in tried:
            connection = _CHANNEL_CONNECTIONS[channel]
            return Planned(kind, State.PENDING, addresses[channel], connection=connection)
    return None


class Reader(Enum):
    """Whether the patient reads the cancellation reason."""

    PATIENT = "the message to the patient carries it"
    PERHAPS = "the PMS that tells the patient gets it"
    PRACTICE = "it stays with the practice"


def reader(booking: Booking, practice: Practice) -> Reader:
    """Return who reads the reason once `booking` is cancelled: the dialog asks for it with this in view.

    It goes by the message that is planned first. One that takes its place later carries the
    reason only if that one did, so that what was written for the practice stays there.
    """
    pms = practice.pms
    if pms is not None and pms.tells_patient:
        return Reader.PRACTICE if is_by_hand(booking, practice) else Reader.PERHAPS
    first = next_channel(booking, practice, ())
    carriers = {_CHANNEL_KINDS.get(channel) for channel in practice.reason_channels}
    return Reader.PATIENT if first is not None and first.kind in carriers else Reader.PRACTICE


MEANS = {
    Kind.PATIENT_EMAIL: "e-mail",
    Kind.PATIENT_SMS: "SMS",
    Kind.PATIENT_PHONE: "phone",
    Kind.DESK_EMAIL: "e-mail",
    Kind.BILLER_EMAIL: "e-mail",
    Kind.BILLER_POST: "message",
}
"""What a message is, in words."""


def instead(kind: str) -> str:
    """Return what is noted of a message whose place one of `kind` has taken."""
    return f"{MEANS[Kind(kind)]} instead"


def _addresses(booking: Booking | IncomingBooking) -> dict[Channel, str]:
    return {Channel.EMAIL: booking.patient.email, Channel.SMS: booking.patient.mobile}


def _tell_patient(booking: Booking | IncomingBooking, practice: Practice, told_by_phone: bool) -> Planned:
    if message := next_channel(booking, practice, ()):
        return message
    number = booking.patient.mobile
    if told_by_phone:
        return Planned(Kind.PATIENT_PHONE, State.SETTLED, number, TOLD_BY_PHONE)
    addresses = _addresses(booking)
    missing = ", ".join(_MISSING[channel] for channel in Channel if not addresses[channel])
    if any(not channel.is_known for channel in practice.patient_channels):
        missing = not_known_here("how this practice tells patients")
    return Planned(Kind.PATIENT_PHONE, State.ATTENTION, number, missing)


def needing(deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Return the deliveries that need a person."""
    return tuple(one for one in deliveries if one.state is State.ATTENTION)


def retryable(deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Return those that need a person, and that a dispatcher could try again."""
    return tuple(one for one in needing(deliveries) if one.connection)
