"""What the description of the API shows: one booking of a made-up patient, and all that belongs to it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from frontdesk.api import wire
from frontdesk.arrivals import AppointmentStatus, Place
from frontdesk.audit import AuditEvent
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Adjustment, Answer, Ground, Review
from frontdesk.billing.invoices import Invoice, Line, LineKind
from frontdesk.billing.outcomes import Outcome
from frontdesk.billing.overview import (
    BilledLine,
    BillingPage,
    BillingRow,
    InvoiceDetail,
    InvoiceSummary,
    PracticeSum,
    Undecided,
)
from frontdesk.billing.periods import InvoiceState, Period, schedule
from frontdesk.billing.prices import Amount
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Channel,
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
)
from frontdesk.commands import Subject
from frontdesk.deliveries import Attention, Delivery, Kind, State
from frontdesk.diary_runs import (
    Decision,
    HeldChange,
    LooseEnds,
    ProbableMove,
    Run,
    RunState,
    Unmatched,
    Window,
)
from frontdesk.diary_runs import Kind as DiaryKind
from frontdesk.identity import Related
from frontdesk.preflight import Finding, Preflight
from frontdesk.store.port import Change
from frontdesk.store_state import ConnectionState, DiaryState, StoreState

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
PAGE = Page((Row(BOOKING, same_name=True, more=1),), more=True)
COUNT = Count(1000, exact=False)
_NEXT_DAY = BOOKING.starts_at + timedelta(days=1)
RELATED = Related(
    namesakes=(
        replace(
            BOOKING,
            id=4,
            ref="SD-10491",
            patient=Patient("Amelia Wilson", date(2012, 7, 2), "0491 570 110"),
            starts_at=_NEXT_DAY,
        ),
    ),
    also_booked=(replace(BOOKING, id=5, ref="SD-10498", starts_at=_NEXT_DAY),),
    same_mobile=(
        replace(BOOKING, id=6, ref="SD-10502", patient=replace(PATIENT, name="Ella Wilson", birth_date=None)),
    ),
)
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
PREFLIGHT = Preflight(
    Finding.SAME,
    BOOKING.starts_at,
    "Dr Priya Rao",
    AppointmentStatus.BOOKED,
    besides_status=Finding.SAME,
)
STATE = StoreState(
    Standing("", frozenset({Scope.READ}), frozenset({"adelaide"}), "Front desk 2"),
    _AT,
    12,
    48_210,
    under_way=1,
    connections=(ConnectionState("smile", under_way=1),),
    diaries=(DiaryState("adelaide", _AT, _AT - timedelta(hours=7), pause=timedelta(minutes=5)),),
)
RUN = Run(
    8,
    Place("smile"),
    DiaryKind.NEAR,
    Window(_AT, _AT + timedelta(days=3)),
    _AT,
    _AT,
    Operator("frontdesk", via="frontdesk"),
    RunState.HELD,
    _AT,
    read=61,
    counts={"new": 3},
    held={"gone": 42},
    why="42 bookings fewer",
    examples=(1,),
)
DECIDED = replace(RUN, state=RunState.DONE, decision=Decision.AGAIN, decided_by=_BY, decided_at=_AT)
HELD_CHANGE = HeldChange(RUN, ((date(2026, 11, 26), 42),), (("Dr Priya Rao", 42),), (BOOKING,))
LOOSE_ENDS = (
    LooseEnds(
        "adelaide",
        Unmatched({"2": "Smile North"}, {"Pencilled": 3}, 1),
        (("Dr Lee", 12),),
        (("several bookings here could be this appointment", 1),),
        (ProbableMove(CANCELLED, replace(BOOKING, id=7, ref="SD-10503")),),
    ),
)
CHANGE = Change(13, Subject("booking", 1), 1, _BY, _AT)
COMMAND_ID = UUID("0d6f0b62-6e0c-4d7e-9d3b-5f0a7a3c1e11")
OUTCOME = wire.Outcome(wire.DoneTold(COMMAND_ID, "booking.cancel", _AT, CANCELLED))
_NOVEMBER = Period(2026, 11)
ACCOUNT = Account(
    1, 1, BillingSettings("smile", "Australia/Sydney", (Price(99_00),), Decimal(10)), Period(2026, 9)
)
NEW = replace(BOOKING, id=2, ref="SD-10483", patient=replace(PATIENT, name="Ana Reyes", is_new=True))
_DAYS = schedule(_NOVEMBER, ACCOUNT.settings)
_AMOUNT = Amount(99_00, 9_90)
BILLED = BillingRow(NEW, 1, _NOVEMBER, InvoiceState.DRAFT, Outcome.UPCOMING, _AMOUNT)
BILLING = BillingPage((BILLED,), more=True)
SUMS = (PracticeSum(PRACTICE, 1, _AMOUNT),)
SUMMARY = InvoiceSummary(1, "smile", _NOVEMBER, _DAYS, InvoiceState.DUE, _AMOUNT, 1, 3)
_LINE = Line(2, LineKind.CHARGE, _AMOUNT, _NOVEMBER)
INVOICE = Invoice("smile", _NOVEMBER, _DAYS, (_LINE,), 3)
INVOICE_DETAIL = InvoiceDetail(1, INVOICE, InvoiceState.DUE, (BilledLine(_LINE, NEW),))
UNDECIDED = Undecided(1, _NOVEMBER, _DAYS, InvoiceState.DRAFT, (BILLED,), _AMOUNT, (), (), 38)
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
    "account.close": ACCOUNT,
    "invoice.pay": replace(INVOICE, paid_at=_AT, version=2),
    "invoice.void": replace(INVOICE, void_at=_AT, version=2),
}
"""The subject of each kind of command, as it stands once that was carried out."""
