"""`frontdesk attendance`: whether the patient came, without a screen. The same rules, the same transaction."""

import uuid

import click

from frontdesk.bookings import Booking, Reason
from frontdesk.cli.documents import as_json, booking_document, print_document
from frontdesk.cli.following import followed, refuse_without_terminal, try_once, unasked, undelivered
from frontdesk.cli.printing import confirm, say
from frontdesk.cli.references import find_one, reference
from frontdesk.cli.wiring import Installation
from frontdesk.cli.writing import write
from frontdesk.commands import (
    Ask,
    Command,
    Held,
    MarkArrived,
    MarkAttended,
    MarkNoShow,
    Subject,
    TakeBackNoShow,
)
from frontdesk.errors import Refused
from frontdesk.words.deliveries import done_words, facts
from frontdesk.words.summary import AUTOMATICALLY, pms_line, summary

NO_SHOW, NONE = "no-show", "none"
_ASKS: dict[str, type[Ask]] = {"arrived": MarkArrived, "attended": MarkAttended, NONE: TakeBackNoShow}
_QUESTIONS = {
    NO_SHOW: "Mark that the patient did not come (FTA / DNA)?",
    "arrived": "Mark that the patient has arrived?",
    "attended": "Mark that the patient attended?",
    NONE: "Take back what is marked?",
}
_BY_HAND = {NO_SHOW: "mark the no-show", NONE: "take the no-show back"}


@click.command()
@reference
@click.argument("what", metavar="WHAT", type=click.Choice([NO_SHOW, *_ASKS]))
@click.option("--notice", is_flag=True, help="The patient told you that they are not coming (for no-show).")
@unasked
@undelivered
@as_json
@click.pass_obj
def attendance(
    installation: Installation,
    reference: str,
    what: str,
    notice: bool,
    yes: bool,
    no_deliver: bool,
    as_json: bool,
) -> None:
    """Mark whether the patient came. It shows the booking and asks first, unless you say --yes.

    WHAT is no-show (FTA / DNA), arrived, attended, or none, which takes back what is marked. A
    no-show counts from the start of the appointment on; in the first minutes, which the practice
    sets, only with --notice. The PMS is told of a no-show, and told again when it is taken back.
    That is tried once, for up to 20 seconds. The patient is sent nothing.

    \b
    Examples:
      frontdesk attendance ADL/SD-10482 no-show     did not come
      frontdesk attendance ADL/SD-10482 none        came after all
    """
    if notice and what != NO_SHOW:
        raise click.UsageError("--notice is only for no-show")
    refuse_without_terminal("attendance", "marks anything", yes=yes)
    ask: Ask = MarkNoShow(notice=notice) if what == NO_SHOW else _ASKS[what]()
    with installation.opened() as (store, run):
        # The state first: of a store that takes this one's place from here on, nothing is marked.
        state = run(store.state())
        booking = run(find_one(store, reference))
        held: Held[Booking] = Held(booking, {"adjustment": run(store.adjustments(booking.id))})
        if why_not := ask.why_not(held, state.now, state.standing):
            raise Refused(why_not)
        if not yes:
            home = run(installation.home(store))
            shown = [*summary(booking, run(store.namesakes(booking.id)), state.now, home)]
            if planned := ask.follows(held, booking):
                shown.append(pms_line(planned, AUTOMATICALLY, _BY_HAND[what]))
            for line in filter(None, map(str, shown)):
                say(line, err=as_json)
            if not confirm(_QUESTIONS[what], err=as_json):
                raise Refused(Reason("kept", "nothing was marked"))
        command = Command(
            uuid.uuid4(),
            Subject("booking", booking.id),
            booking.version,
            installation.config.operator,
            ask,
            state.store_id,
        )
        done = write(store, run, command, f"; ask with frontdesk show {reference}").thing
        follow = followed(store, run, done)
        if as_json:
            print_document(booking_document(done, follow, state.now))
        else:
            say(facts(done_words(done), follow))
        if no_deliver:
            return
        tried = try_once(installation, run, done, follow)
        if not as_json and tried != follow:
            say(facts(done_words(done), tried))
