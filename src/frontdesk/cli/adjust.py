"""`frontdesk adjust`: ask not to be charged for a new patient, without a screen."""

from collections.abc import Iterator, Sequence

import click

from frontdesk import text as texts
from frontdesk.billing.adjustments import (
    LABELS,
    QUESTIONS,
    Adjustment,
    Answer,
    Ground,
    Question,
    why_incomplete,
)
from frontdesk.bookings import Booking
from frontdesk.cli.documents import adjustment_document, as_json
from frontdesk.cli.following import refuse_without_terminal, unasked, undelivered
from frontdesk.cli.lines import request_line
from frontdesk.cli.one_booking import one_booking
from frontdesk.cli.printing import ask
from frontdesk.cli.references import reference
from frontdesk.cli.wiring import Installation, Run
from frontdesk.cli.writing import fault
from frontdesk.commands import RequestAdjustment
from frontdesk.errors import Refused
from frontdesk.store.port import BookingStore
from frontdesk.words.told import told

_YES = {"yes": True, "y": True, "no": False, "n": False}


@click.command()
@reference
@click.argument("ground", metavar="GROUND", type=click.Choice([one.value for one in Ground]))
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="QUESTION=yes|no",
    help="An answer to a question of the ground; once for each.",
)
@click.option("--text", metavar="TEXT", help="For the biller, up to 500 characters; other needs one.")
@click.option("--name", metavar="NAME", help="Who asks, as the biller reads it; default: the operator.")
@unasked
@undelivered
@as_json
@click.pass_obj
def adjust(
    installation: Installation,
    reference: str,
    ground: str,
    answers: tuple[str, ...],
    text: str | None,
    name: str | None,
    yes: bool,
    no_deliver: bool,
    as_json: bool,
) -> None:
    """Ask not to be charged for a new patient (a billing adjustment).

    It shows the booking, asks what the biller wants to know, and asks once more before it sends
    the request, unless you say --yes. GROUND is one of these, with its questions:

    \b
      did-not-attend   the patient did not attend
                       told-us, other-time, fee-charged
      not-new          the patient attended this practice before
                       within-3-years, form-then
      other            say why with --text

    The request then awaits review; somebody else decides it. It does not mark that the patient
    did not come: for that there is frontdesk attendance. A text on the command line can be read by
    others who are logged in to this machine while the command runs; without --text it is asked for.

    \b
    Example:
      frontdesk adjust ADL/SD-10482 other --text "Booked twice by mistake"
    """
    refuse_without_terminal("adjust", "sends the request", yes=yes)
    chosen = Ground(ground)
    given = dict(_read(answers, QUESTIONS[chosen]))
    with one_booking(installation, reference, as_json=as_json) as at:
        request = RequestAdjustment(
            tuple(given.values()),
            texts.clean(text or ""),
            texts.clean(name or installation.config.operator.name),
            ground=chosen,
        )
        if why_not := request.why_not(at.held, at.state.now, at.state.standing):
            raise Refused(why_not)
        if not yes:
            at.show(told(f"  {LABELS[chosen]}"))
            request = _asked(request, given, wants_text=text is None, to_stderr=as_json)
        if lacks := why_incomplete(chosen, request.answers, request.text, request.name):
            raise Refused(lacks)
        if not yes:
            at.confirm("Send the request?", "nothing was requested")
        done = at.carry_out(request)
        requests = _requests(at.store, at.run, done)
        line = "requested. How it stands cannot be read now"
        if requests is not None:
            line = request_line(requests[-1]).strip()
        made = None if requests is None else [adjustment_document(one) for one in requests]
        at.tell(done, lambda _: line, no_deliver=no_deliver, more={"adjustments": made})


def _requests(store: BookingStore, run: Run, done: Booking) -> tuple[Adjustment, ...] | None:
    """Return the requests, or None when they cannot be read: the new one is made all the same."""
    try:
        return run(store.adjustments(done.id))
    except Exception as error:
        fault(error)
        return None


def _asked(
    request: RequestAdjustment, given: dict[str, Answer], *, wants_text: bool, to_stderr: bool
) -> RequestAdjustment:
    """Ask for every answer that was not given, and for the text where the ground needs one."""
    answers = tuple(
        given.get(one.id) or Answer(one.id, _yes_or_no(one, to_stderr=to_stderr))
        for one in QUESTIONS[request.ground]
    )
    said = request.text
    if wants_text and request.ground is Ground.OTHER:
        said = ask("Why is nothing to be charged?", err=to_stderr, check=texts.clean)
    return RequestAdjustment(answers, said, request.name, ground=request.ground)


def _yes_or_no(question: Question, *, to_stderr: bool) -> bool:
    """Ask until it is answered: nothing is preset."""

    def check(typed: str) -> str:
        if typed.strip().casefold() not in _YES:
            raise click.UsageError("answer with yes or no")
        return typed

    return _YES[ask(f"{question.text} [yes/no]", err=to_stderr, check=check).strip().casefold()]


def _read(answers: Sequence[str], questions: Sequence[Question]) -> Iterator[tuple[str, Answer]]:
    known = [one.id for one in questions]
    for said in answers:
        question, _, word = said.partition("=")
        if question not in known or word.casefold() not in _YES:
            wanted = ", ".join(f"{one}=yes" for one in known) or "none: this ground has no questions"
            raise click.UsageError(f"--answer {said}: it is one of {wanted}, or the same with no")
        yield question, Answer(question, _YES[word.casefold()])
