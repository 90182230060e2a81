"""`frontdesk attendance`: whether the patient came, without a screen. The same rules, the same transaction."""

from functools import partial

import click

from frontdesk.cli.documents import as_json
from frontdesk.cli.following import refuse_without_terminal, unasked, undelivered
from frontdesk.cli.one_booking import one_booking
from frontdesk.cli.references import reference
from frontdesk.cli.wiring import Installation
from frontdesk.commands import Ask, MarkArrived, MarkAttended, MarkNoShow, TakeBackNoShow
from frontdesk.errors import Refused
from frontdesk.words.deliveries import done_words, facts
from frontdesk.words.summary import AUTOMATICALLY, pms_line

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
    with one_booking(installation, reference, as_json=as_json) as at:
        held = at.held
        if why_not := ask.why_not(held, at.state.now, at.state.standing):
            raise Refused(why_not)
        if not yes:
            planned = ask.follows(held, at.booking)
            at.show(*([pms_line(planned, AUTOMATICALLY, _BY_HAND[what])] if planned else []))
            at.confirm(_QUESTIONS[what], "nothing was marked")
        done = at.carry_out(ask)
        at.tell(done, partial(facts, done_words(done)), no_deliver=no_deliver)
