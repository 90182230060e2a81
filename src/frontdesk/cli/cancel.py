"""`frontdesk cancel`: the main job without a screen. The same rules, the same transaction."""

from dataclasses import dataclass, replace
from functools import partial

import click

from frontdesk import text
from frontdesk.bookings import REASON_LIMIT, why_not_cancel
from frontdesk.cli.documents import as_json
from frontdesk.cli.following import refuse_without_terminal, unasked, undelivered
from frontdesk.cli.one_booking import OneBooking, one_booking
from frontdesk.cli.printing import ask, confirm
from frontdesk.cli.references import reference
from frontdesk.cli.wiring import Installation
from frontdesk.commands import Cancel
from frontdesk.deliveries import plan
from frontdesk.errors import Refused
from frontdesk.words.deliveries import facts
from frontdesk.words.summary import needs_phone_call, reason_label, what_follows


@click.command()
@reference
@click.option(
    "--reason",
    metavar="TEXT",
    help="Cancellation Reason, up to 255 characters; an e-mail to the patient has it; see docs/messages.md.",
)
@click.option(
    "--note",
    metavar="TEXT",
    default="",
    help="A note for the practice, up to 255 characters; neither the patient nor the PMS gets it.",
)
@click.option(
    "--told-by-phone",
    is_flag=True,
    help="You have told the patient on the phone (for patients without an address).",
)
@unasked
@undelivered
@as_json
@click.pass_obj
def cancel(
    installation: Installation,
    reference: str,
    reason: str | None,
    note: str,
    told_by_phone: bool,
    yes: bool,
    no_deliver: bool,
    as_json: bool,
) -> None:
    """Cancel a booking, for ever. It shows the booking and asks first, unless you say --yes.

    What follows is then tried once, for up to 20 seconds. The booking is cancelled whether
    that succeeds or not. Open desks and frontdesk deliver carry out the rest.

    Without --reason it asks for one. A reason or a note on the command line can be read by
    others who are logged in to this machine while the command runs.
    """
    refuse_without_terminal("cancel", "cancels", yes=yes)
    answers = _Answers(None if reason is None else _checked("reason", reason), told_by_phone)
    note = _checked("note", note)
    with one_booking(installation, reference, as_json=as_json) as at:
        zone = at.home.zone if at.home else None
        if why_not := why_not_cancel(at.booking, at.state.now, at.state.standing, zone):
            if why_not.code == "time-passed":
                way_on = f"for a patient who did not come: frontdesk attendance {reference} no-show"
                why_not = replace(why_not, text=f"{why_not}; {way_on}")
            raise Refused(why_not)
        follows = plan(at.booking, at.booking.practice)
        if told_by_phone and not needs_phone_call(follows):
            raise click.UsageError("--told-by-phone is only for patients without an address for a message")
        if not yes:
            at.show(*what_follows(at.booking, follows))
            answers = _ask(at, answers, needs_phone_call(follows))
        wanted = Cancel(answers.reason or "", answers.told_by_phone, note)
        done = at.carry_out(wanted, ". Do not tell the patient yet")
        at.tell(done, partial(facts, Cancel.past), no_deliver=no_deliver)


@dataclass(frozen=True)
class _Answers:
    """What the operator adds; a `reason` of None was not asked for yet."""

    reason: str | None
    told_by_phone: bool


def _ask(at: OneBooking, given: _Answers, nobody_tells: bool) -> _Answers:
    """Ask for what was not given, then for the confirm. Raises Refused when it is not given."""
    reason, told = given.reason, given.told_by_phone
    if nobody_tells and not told:
        told = confirm("Told by you on the phone just now?", err=at.as_json)
    if reason is None:
        label = " ".join(reason_label(at.booking)).rstrip(".")
        reason = ask(label, err=at.as_json, check=partial(_checked, "reason"))
    at.confirm("Cancel Booking? This action cannot be undone.", "the booking is kept, nothing was cancelled")
    return _Answers(reason, told)


def _checked(what: str, given: str) -> str:
    cleaned = text.clean(given)
    if len(cleaned) > REASON_LIMIT:
        raise click.UsageError(f"the {what} has {len(cleaned)} characters, {REASON_LIMIT} are possible")
    return cleaned
