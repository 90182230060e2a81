"""Builders of made-up practices and bookings, for tests of anything that stands on a store."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Booking, Channel, Operator, Patient, Pms, Practice, Practitioner
from frontdesk.commands import Ask, Cancel, Command, Retry, Settle, Subject
from frontdesk.deliveries import Delivery
from frontdesk.store.port import BookingStore, Commands, DeliveryQueue, Registry, ServedStore

KIM = Operator("Kim Nguyen")
LEE = Operator("Lee Tran", via="Desk Two")
KIM_AT_TWO = Operator("Kim Nguyen", via="Desk Two")
PRAKTIKA = Pms(
    "smile",
    "praktika",
    "Praktika",
    can_cancel=True,
    can_move=True,
    can_mark_no_show=True,
    can_take_back_no_show=True,
)
BY_HAND = Pms("paper", "manual", "Paper diary", can_cancel=False)

_FIRST_NAMES = ("Amelia", "Noah", "Zoë", "Jack", "Mia", "Liam")
_LAST_NAMES = ("Wilson", "O'Brien", "Kovač", "Smith-Jones", "Nguyen")


class Store(BookingStore, Protocol):
    """A booking store that is on this machine, so that tests can fill it."""

    @property
    def registry(self) -> Registry: ...

    @property
    def queue(self) -> DeliveryQueue: ...


def make_practice(id: str = "adelaide", **changes: Any) -> Practice:  # noqa: A002
    """Return a practice in Adelaide whose PMS can cancel, telling patients by e-mail, then SMS."""
    practice = Practice(
        id=id,
        name=f"Smile Dental {id.title()}",
        short=id[:3].upper(),
        time_zone="Australia/Adelaide",
        email=f"desk@{id}.example",
        pms=PRAKTIKA,
        patient_channels=(Channel.EMAIL, Channel.SMS),
    )
    return replace(practice, **changes)


def make_patient(**changes: Any) -> Patient:
    """Return Amelia Wilson, reachable in every way."""
    patient = Patient("Amelia Wilson", date(1981, 3, 14), "0491570006", "amelia@example.com", is_new=False)
    return replace(patient, **changes)


def make_booking(**changes: Any) -> Booking:
    """Return a booking of Amelia Wilson at `adelaide`, as a store would return it."""
    practice = changes.get("practice") or make_practice()
    booking = Booking(
        id=1,
        version=1,
        ref="SD-10482",
        practice=practice,
        practitioner=Practitioner(1, practice.id, "Dr Priya Rao"),
        patient=make_patient(),
        appointment_type="Check-up and clean",
        starts_at=datetime(2026, 11, 26, tzinfo=UTC),
        pms_ref=f"P{changes.get('id', 1)}",
    )
    return replace(booking, **changes)


def make_incoming(line: int = 1, **changes: Any) -> IncomingBooking:
    """Return a booking of Amelia Wilson at `adelaide`, in three days, as a file would bring it."""
    incoming = IncomingBooking(
        line=line,
        practice_id="adelaide",
        patient=make_patient(),
        practitioner_name="Dr Priya Rao",
        appointment_type="Check-up and clean",
        starts_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=3),
        ref=f"R{line:05}",
        pms_ref=f"P-{changes.get('ref', line)}",
    )
    return replace(incoming, **changes)


async def fill(store: Store, number: int, *, now: datetime | None = None) -> None:
    """Put `number` bookings into a store, one every quarter of an hour, half of them before `now`.

    They are at the practices `adelaide` and `perth`, which are made too.
    """
    await store.registry.apply_practices(
        [make_practice(), make_practice("perth", time_zone="Australia/Perth", pms=BY_HAND)], KIM
    )
    middle = now or (await store.state()).now
    batch = [
        make_incoming(
            line,
            practice_id=("adelaide", "perth")[line % 2],
            patient=Patient(
                f"{_FIRST_NAMES[line % 6]} {_LAST_NAMES[line % 5]}",
                date(1950, 1, 1) + timedelta(days=line * 37 % 20000),
                f"0491570{line % 1000:03}",
                f"patient{line}@example.com" if line % 3 else "",
            ),
            practitioner_name=("Dr Priya Rao", "Dr Tom Field", "Sam Reid")[line % 3],
            starts_at=middle + timedelta(minutes=15 * (line - number // 2) + 7),
        )
        for line in range(number)
    ]
    for start in range(0, number, 2000):
        await store.registry.load(batch[start : start + 2000], KIM, "made up")


def cancel_of(
    booking: Booking,
    operator: Operator = KIM,
    reason: str = "",
    *,
    told_by_phone: bool = False,
    id: UUID | None = None,  # noqa: A002
    seen: int | None = None,
    store_id: str = "",
) -> Command:
    """Return a command that cancels a booking, as this operator has seen it."""
    return Command(
        id or uuid4(),
        Subject("booking", booking.id),
        booking.version if seen is None else seen,
        operator,
        Cancel(reason, told_by_phone),
        store_id,
    )


def command_of(
    booking: Booking,
    ask: Ask,
    operator: Operator = KIM,
    *,
    id: UUID | None = None,  # noqa: A002
    seen: int | None = None,
) -> Command:
    """Return a command of any kind about a booking, as this operator has seen it."""
    seen = booking.version if seen is None else seen
    return Command(id or uuid4(), Subject("booking", booking.id), seen, operator, ask)


async def do(store: Commands, booking: Booking, ask: Ask, operator: Operator = KIM) -> Booking:
    """Have a store do something to a booking as it stands, and return it as it then stands."""
    done: Booking = (await store.do(command_of(booking, ask, operator))).thing
    return done


async def cancel(store: Commands, command: Command) -> Booking:
    """Have a store carry out a command, and return the booking as it then stands."""
    booking: Booking = (await store.do(command)).thing
    return booking


async def settle(store: Commands, delivery_id: int, operator: Operator, note: str) -> Delivery:
    """Sign that a person dealt with a delivery."""
    command = Command(uuid4(), Subject("delivery", delivery_id), 0, operator, Settle(note))
    delivery: Delivery = (await store.do(command)).thing
    return delivery


async def retry(store: Commands, delivery_id: int, operator: Operator) -> Delivery:
    """Have a delivery tried again."""
    command = Command(uuid4(), Subject("delivery", delivery_id), 0, operator, Retry())
    delivery: Delivery = (await store.do(command)).thing
    return delivery


async def outcome(store: Commands, command_id: UUID) -> Booking | None:
    """Return the booking that a command has changed, or None when it did nothing and never will."""
    done = await store.outcome(command_id)
    return None if done is None else done.thing


async def give_up(store: ServedStore, command_id: UUID) -> Booking | None:
    """Give a command up, and return the booking that it has changed, or None."""
    done = await store.give_up(command_id)
    return None if done is None else done.thing


async def last_write(store: BookingStore, operator: Operator, since: datetime) -> Booking | None:
    """Return the booking that an operator has changed last, or None."""
    done = await store.last_write(operator, since)
    return None if done is None else done.thing
