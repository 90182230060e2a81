"""Billing adjustment requests: what may be asked, what must be answered, and who decides.

`why_not_request` and `why_not_decide` are the rules. Ground: the dialog Request Billing
Adjustment of the marketplace's portal.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from frontdesk.billing.periods import InvoiceState
from frontdesk.bookings import (
    Booking,
    Operator,
    Presence,
    Reason,
    Scope,
    Standing,
    reason_not_known,
    why_not_write,
)
from frontdesk.open_words import OpenWord
from frontdesk.text import fold

TEXT_LIMIT = 500
"""Characters of the text of a request, and of the note of a decision."""

NAME_LIMIT = 200


class Ground(OpenWord):
    """Why nothing is to be charged."""

    DID_NOT_ATTEND = "did-not-attend"
    NOT_NEW = "not-new"
    OTHER = "other"


LABELS = {
    Ground.DID_NOT_ATTEND: "The patient did not attend",
    Ground.NOT_NEW: "The patient attended this practice before",
    Ground.OTHER: "Other",
}


def label_of(ground: Ground) -> str:
    """Return what a ground is called; a word of a newer program is told as it is."""
    return LABELS.get(ground, ground.value)


class Review(OpenWord):
    """How far a request has got, in the words of its badge."""

    AWAITING = "Awaiting Review"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    WITHDRAWN = "Withdrawn"


@dataclass(frozen=True, slots=True)
class Question:
    """One yes or no that a request needs. `id` is what an answer names."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk said to a question. No answer is preset."""

    question: str
    yes: bool


TOLD_US = "told-us"
"""The question that the tick of an early no-show answers too."""

QUESTIONS: dict[Ground, tuple[Question, ...]] = {
    Ground.DID_NOT_ATTEND: (
        Question(TOLD_US, "Did the patient tell you that they were not coming?"),
        Question("other-time", "Did you give the patient another time?"),
        Question("fee-charged", "Has the practice charged the patient a fee?"),
    ),
    Ground.NOT_NEW: (
        Question("within-3-years", "Was the patient here within the last 3 years?"),
        Question("form-then", "Did the patient fill in a new-patient form then?"),
    ),
    Ground.OTHER: (),
}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A request not to be charged for a booking, and what became of it.

    `name` is who asks, as the biller reads it; `by` is who sat at the desk. `note` is what was
    said with the decision, of which `decided_by` and `decided_at` are None as long as it awaits
    review. Instants are UTC.
    """

    id: int
    version: int
    booking_id: int
    ground: Ground
    answers: tuple[Answer, ...]
    text: str
    name: str
    by: Operator
    at: datetime
    review: Review = Review.AWAITING
    decided_by: Operator | None = None
    decided_at: datetime | None = None
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.review is Review.AWAITING

    def approved_before(self, instant: datetime) -> bool:
        """Whether it was approved, and earlier than `instant`."""
        return self.review is Review.APPROVED and self.decided_at is not None and self.decided_at < instant

    def ended(self, review: Review, by: Operator, at: datetime, note: str = "") -> "Adjustment":
        """Return it decided or withdrawn."""
        return replace(self, version=self.version + 1, review=review, decided_by=by, decided_at=at, note=note)


def why_incomplete(ground: Ground, answers: Collection[Answer], text: str, name: str) -> Reason | None:
    """Return what a request still lacks, or None: every question one answer, and a name."""
    if not ground.is_known:
        return Reason("no-ground", f"say why nothing is to be charged: {', '.join(Ground)}")
    given = [answer.question for answer in answers]
    asked = {question.id: question.text for question in QUESTIONS[ground]}
    for question, words in asked.items():
        if question not in given:
            return Reason("unanswered", f"answer with yes or no: {words}")
    if sorted(given) != sorted(asked):
        return Reason("unasked", "there are answers to other questions than this request has")
    if ground is Ground.OTHER and not text.strip():
        return Reason("no-text", "say why nothing is to be charged")
    if len(text) > TEXT_LIMIT:
        return Reason("text-too-long", f"the text has {len(text)} characters, {TEXT_LIMIT} is the limit")
    if not name.strip():
        return Reason("no-name", "give your name")
    if len(name) > NAME_LIMIT:
        return Reason("name-too-long", f"the name has {len(name)} characters, {NAME_LIMIT} is the limit")
    return None


def why_not_request_key(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why the booking itself, or the desk, lets nobody ask not to be charged for it, or None.

    Its requests and its invoice are read by what the key opens.
    """
    return why_not_request(booking, None, InvoiceState.OPEN, Ground.NOT_NEW, now, desk)


def why_not_request(
    booking: Booking,
    latest: Adjustment | None,
    invoice: InvoiceState,
    ground: Ground,
    now: datetime,
    desk: Standing,
) -> Reason | None:
    """Return why nobody can ask not to be charged for `booking` on this ground, or None.

    `latest` is its latest request, `invoice` where the invoice of its period stands. One that was
    withdrawn may be asked again; one that was rejected may not.
    """
    return (
        _why_nothing_to_ask(booking)
        or (_why_not_again(latest) if latest is not None else None)
        or _why_final(invoice)
        or (_why_not_absent(booking, now) if ground is Ground.DID_NOT_ATTEND else None)
        or why_not_write(booking.practice, desk, Scope.CANCEL)
    )


def _why_nothing_to_ask(booking: Booking) -> Reason | None:
    if booking.cancellation is not None:
        return Reason("cancelled", "nothing is charged for a cancelled booking")
    if not booking.practice.account:
        return Reason("no-account", f"{booking.practice.name} has no billing account")
    if booking.patient.is_new is None:
        return Reason(
            "not-known-new", "nothing is charged as long as nobody knows whether the patient is new"
        )
    if not booking.patient.is_new:
        return Reason("not-new", "nothing is charged for patients who are not new")
    return None


def _why_not_again(latest: Adjustment) -> Reason | None:
    if not latest.review.is_known:
        return reason_not_known(f"the answer {latest.review} to a request")
    match latest.review:
        case Review.AWAITING:
            return Reason("awaiting", f"a request of {latest.name} awaits review")
        case Review.APPROVED:
            return Reason("approved", "a request was approved: nothing is charged")
        case Review.REJECTED:
            why = f": {latest.note}" if latest.note else ""
            return Reason("rejected", f"a request was rejected{why}")
        case Review.WITHDRAWN:
            return None


def _why_final(invoice: InvoiceState) -> Reason | None:
    if not invoice.is_final:
        return None
    return Reason("invoice-final", "the invoice is final: only the biller can change it now")


def _why_not_absent(booking: Booking, now: datetime) -> Reason | None:
    if booking.starts_at > now:
        return Reason("not-started", "the appointment has not begun")
    if booking.attendance.presence in (Presence.ARRIVED, Presence.ATTENDED):
        return Reason("came", f"the patient is marked as {booking.attendance.presence}")
    return None


def why_not_decide(request: Adjustment, review: Review, by: Operator, note: str = "") -> Reason | None:
    """Return why `by` cannot decide `request` so, which is APPROVED or REJECTED, or None.

    Nobody decides a request of their own, and whose it is their name tells. Whether the desk may
    decide at all is its scope.
    """
    if decided := why_decided(request):
        return decided
    if not by.name.strip():
        return Reason("no-name", "nobody decides without a name: set operator in the config to yours")
    if is_own(request, by):
        return Reason("own-request", "nobody decides a request of their own: somebody else has to")
    if review is Review.REJECTED and not note.strip():
        return Reason("no-note", "say why it is rejected: the practice reads it")
    if len(note) > TEXT_LIMIT:
        return Reason("note-too-long", f"the note has {len(note)} characters, {TEXT_LIMIT} is the limit")
    return None


def why_decided(request: Adjustment) -> Reason | None:
    """Return that `request` does not await review any more, and who saw to that, or None."""
    if request.is_open:
        return None
    who = f" by {request.decided_by}" if request.decided_by is not None else ""
    return Reason("decided", f"{request.review.lower()} already{who}")


def is_own(request: Adjustment, by: Operator) -> bool:
    """Whether `by` made the request: under the same name, or at a server through the same token."""
    if by.via and by.via == request.by.via:
        return True
    return fold(by.name) in (fold(request.by.name), fold(request.name))


def falls_with_no_show(request: Adjustment | None) -> bool:
    """Whether the request is to be withdrawn because the patient came after all."""
    return request is not None and request.is_open and request.ground is Ground.DID_NOT_ATTEND
