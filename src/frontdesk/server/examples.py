"""What the description of the API shows: one booking of a made-up patient, and all that belongs to it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from frontdesk.api import wire
from frontdesk.audit import AuditEvent
from frontdesk.billing.adjustments import Adjustment, Answer, Ground, Review
from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Channel,
    ConnectionState,
    Count,
    Followup,
    Operator,
    Page,
    Patient,
    Pms,
    Practice,
    Practitioner,
    Presence,
    Row,
    Scope,
    Standing,
    StoreState,
)
from frontdesk.commands import Subject
from frontdesk.deliveries import Attention, Delivery, Kind, State
from frontdesk.preflight import Finding, Preflight
from frontdesk.store.port import Change

_AT = datetime(2026, 11, 22, 9, 14, 5, tzinfo=UTC)
_BY = Operator("Kim Nguyen", via="Front desk 2")

PRACTICE = Practice(
    "adelaide",
    "Smile Dental Adelaide",
    "ADL",
    "Australia/Adelaide",
    "desk@smile.example",
    Pms("smile", "praktika", "Praktika", can_cancel=True),
    (Channel.EMAIL, Channel.SMS),
)
PRACTITIONER = Practitioner(1, "adelaide", "Dr Priya Rao")
PATIENT = Patient("Amelia Wilson", date(1981, 3, 14), "0491 570 006", "amelia@example.com", is_new=False)
NAMESAKE = Patient("Amelia Wilson", date(2012, 7, 2), "0491 570 110")
BOOKING = Booking(
    id=1,
    version=1,
    ref="SD-10482",
    practice=PRACTICE,
    practitioner=PRACTITIONER,
    patient=PATIENT,
    appointment_type="Check-up and clean",
    starts_at=datetime(2026, 11, 25, 23, 30, tzinfo=UTC),
    ends_at=datetime(2026, 11, 26, 0, 15, tzinfo=UTC),
    pms_ref="88213",
    fee=185_00,
)


def _marked(presence: Presence) -> Booking:
    return replace(BOOKING, version=2, attendance=Attendance(presence, by=_BY, at=_AT))


CANCELLED = replace(BOOKING, version=2, cancellation=Cancellation(_AT, _BY, "Sick"))
PAGE = Page((Row(BOOKING),), more=True)
COUNT = Count(1000, exact=False)
ROWS = (Row(CANCELLED, Followup.UNDER_WAY),)
DELIVERY = Delivery(
    7, 1, Kind.PMS_CANCEL, State.ATTENTION, "Praktika", _AT, _AT, "smile", 8, error="Praktika does not answer"
)
DUE_AGAIN = replace(DELIVERY, state=State.PENDING, attempts=0, next_at=_AT)
SETTLED = replace(DELIVERY, state=State.SETTLED, note="Cancelled it there by hand", settled_by=_BY.name)
ATTENTION = (Attention(DELIVERY, CANCELLED),)
HISTORY = (
    AuditEvent(31, _AT, _BY, "booking.cancel", Subject("booking", 1), 1, {"reason": "Sick", "version": "2"}),
)
PREFLIGHT = Preflight(Finding.SAME, BOOKING.starts_at, "Dr Priya Rao")
STATE = StoreState(
    Standing("", frozenset({Scope.READ}), frozenset({"adelaide"}), "Front desk 2"),
    _AT,
    12,
    48_210,
    under_way=1,
    connections=(ConnectionState("smile", under_way=1),),
)
CHANGE = Change(13, Subject("booking", 1), 1, _BY, _AT)
COMMAND_ID = UUID("0d6f0b62-6e0c-4d7e-9d3b-5f0a7a3c1e11")
OUTCOME = wire.Outcome(wire.DoneTold(COMMAND_ID, "booking.cancel", _AT, CANCELLED))
REQUEST = Adjustment(
    id=3,
    version=1,
    booking_id=1,
    ground=Ground.NOT_NEW,
    answers=(Answer("within-3-years", yes=True), Answer("form-then", yes=True)),
    text="",
    name="Kim Nguyen",
    by=_BY,
    at=_AT,
)
_DECIDER = Operator("Lee Tran", via="Accounts")
THINGS = {
    "booking.cancel": CANCELLED,
    "booking.mark_no_show": _marked(Presence.NO_SHOW),
    "booking.take_back_no_show": _marked(Presence.NONE),
    "booking.mark_arrived": _marked(Presence.ARRIVED),
    "booking.mark_attended": _marked(Presence.ATTENDED),
    "booking.request_adjustment": BOOKING,
    "adjustment.approve": REQUEST.ended(Review.APPROVED, _DECIDER, _AT),
    "adjustment.reject": REQUEST.ended(Review.REJECTED, _DECIDER, _AT, "The patient was not here before"),
    "delivery.retry": DUE_AGAIN,
    "delivery.settle": SETTLED,
}
"""The subject of each kind of command, as it stands once that was carried out."""
