"""What the biller is told of requests not to be charged, by e-mail or over HTTP: the same for every practice."""

from frontdesk import times
from frontdesk.attempts import Claim
from frontdesk.billing.adjustments import LABELS, QUESTIONS, Answer, Ground
from frontdesk.commands import MarkNoShow, RequestAdjustment
from frontdesk.deliveries import MEANS, Kind
from frontdesk.notify.messages import Letter


def biller_letter(claim: Claim) -> Letter:
    """Return the e-mail that tells of the request that a claim's command made, or withdrew."""
    booking, request = claim.booking, _request(claim)
    practice, zone = booking.practice, booking.practice.zone
    about = [
        f"Account:      {practice.account}",
        f"Practice:     {practice.name}",
        f"Reference:    {booking.ref}",
        f"Appointment:  {times.when_in_full(booking.starts_at, zone)} ({times.zone_name(zone)} time)",
        f"Patient:      {booking.patient.name}",
    ]
    if request is None:
        said = "The practice has withdrawn its request not to be charged for this new patient."
        return Letter(f"Request withdrawn: {booking.ref}, {practice.name}", _text(said, about))
    ground, ask = request
    about += [
        f"Ground:       {LABELS[ground]}",
        *_answers(ground, ask.given),
        *([f"Text:         {ask.text}"] if ask.text else []),
        f"Asked by:     {ask.name}",
    ]
    said = "The practice asks not to be charged for this new patient."
    return Letter(f"Request not to be charged: {booking.ref}, {practice.name}", _text(said, about))


class BillerContent:
    """What a profile's body can say of a request, or of its withdrawal, which has no ground."""

    what, todo = MEANS[Kind.BILLER_POST], ""

    def values(self, claim: Claim) -> dict[str, str]:
        """Return what `BillerProfile.names` stand for: `starts_at` in ISO 8601, answers a line each."""
        booking, request = claim.booking, _request(claim)
        practice = booking.practice
        values = {
            "event": "withdrawal",
            "account": practice.account,
            "practice": practice.name,
            "practice_id": practice.id,
            "reference": booking.ref,
            "starts_at": booking.starts_at.astimezone(practice.zone).isoformat(),
            "patient": booking.patient.name,
            "ground": "",
            "answers": "",
            "text": "",
            "asked_by": "",
        }
        if request is None:
            return values
        ground, ask = request
        return values | {
            "event": "request",
            "ground": ground.value,
            "answers": "\n".join(_answers(ground, ask.given)),
            "text": ask.text,
            "asked_by": ask.name,
        }


def _request(claim: Claim) -> tuple[Ground, MarkNoShow | RequestAdjustment] | None:
    """Return what a claim's command asks for and on what ground, None where it has withdrawn a request."""
    ask = claim.command.ask
    if not isinstance(ask, MarkNoShow | RequestAdjustment) or ask.ground is None:
        return None
    return ask.ground, ask


def _answers(ground: Ground, answers: tuple[Answer, ...]) -> list[str]:
    asked = {question.id: question.text for question in QUESTIONS[ground]}
    return [f"{asked[one.question]} {'Yes' if one.yes else 'No'}" for one in answers if one.question in asked]


def _text(said: str, lines: list[str]) -> str:
    return "\n".join((said, "", *lines, ""))
