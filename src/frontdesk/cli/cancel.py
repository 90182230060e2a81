"""`frontdesk cancel`: the main job without a screen. The same rules, the same transaction."""

import uuid
from dataclasses import dataclass, replace
from functools import partial

import click

from frontdesk import text
from frontdesk.bookings import REASON_LIMIT, Booking, Reason, why_not_cancel
from frontdesk.cli.documents import as_json, booking_document, print_document
from frontdesk.cli.following import followed, refuse_without_terminal, try_once, unasked, undelivered
from frontdesk.cli.printing import ask, confirm, say
from frontdesk.cli.references import find_one, reference
from frontdesk.cli.wiring import Installation
from frontdesk.cli.writing import write
from frontdesk.commands import Cancel, Command, Subject
from frontdesk.deliveries import plan
from frontdesk.errors import Refused
from frontdesk.words.deliveries import facts
from frontdesk.words.summary import needs_phone_call, reason_label, summary, what_follows


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
    with installation.opened() as (store, run):
        # The state first: of a store that takes this one's place from here on, nothing is cancelled.
        state = run(store.state())
        booking = run(find_one(store, reference))
        home = run(installation.home(store))
        if why_not := why_not_cancel(booking, state.now, state.standing, home.zone if home else None):
            if why_not.code == "time-passed":
                way_on = f"for a patient who did not come: frontdesk attendance {reference} no-show"
                why_not = replace(why_not, text=f"{why_not}; {way_on}")
            raise Refused(why_not)
        follows = plan(booking, booking.practice)
        if told_by_phone and not needs_phone_call(follows):
            raise click.UsageError("--told-by-phone is only for patients without an address for a message")
        if not yes:
            namesakes = run(store.namesakes(booking.id))
            shown = (
                *summary(booking, namesakes, state.now, home),
                *what_follows(booking, follows),
            )
            for line in filter(None, map(str, shown)):
                say(line, err=as_json)
            answers = _ask(answers, booking, needs_phone_call(follows), to_stderr=as_json)
        command = Command(
            uuid.uuid4(),
            Subject("booking", booking.id),
            booking.version,
            installation.config.operator,
            Cancel(answers.reason or "", answers.told_by_phone, note),
            state.store_id,
        )
        unknown = f". Do not tell the patient yet; ask with frontdesk show {reference}"
        done = write(store, run, command, unknown).thing
        follow = followed(store, run, done)
        if as_json:
            print_document(booking_document(done, follow, state.now))
        else:
            say(facts(Cancel.past, follow))
        if no_deliver:
            return
        tried = try_once(installation, run, done, follow)
        if not as_json and tried != follow:
            say(facts(Cancel.past, tried))


@dataclass(frozen=True)
class _Answers:
    """What the operator adds; a `reason` of None was not asked for yet."""

    reason: str | None
    told_by_phone: bool


def _ask(given: _Answers, booking: Booking, nobody_tells: bool, *, to_stderr: bool) -> _Answers:
    """Ask for what was not given, then for the confirm. Raises Refused when it is not given."""
    reason, told = given.reason, given.told_by_phone
    if nobody_tells and not told:
        told = confirm("Told by you on the phone just now?", err=to_stderr)
    if reason is None:
        label = " ".join(reason_label(booking)).rstrip(".")
        reason = ask(label, err=to_stderr, check=partial(_checked, "reason"))
    if not confirm("Cancel Booking? This action cannot be undone.", err=to_stderr):
        raise Refused(Reason("kept", "the booking is kept, nothing was cancelled"))
    return _Answers(reason, told)


def _checked(what: str, given: str) -> str:
    cleaned = text.clean(given)
    if len(cleaned) > REASON_LIMIT:
        raise click.UsageError(f"the {what} has {len(cleaned)} characters, {REASON_LIMIT} are possible")
    return cleaned
