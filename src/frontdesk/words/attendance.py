"""The lines of Did not come, of the other marks, of taking them back, and of a request not to be charged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from frontdesk import attendance, times
from frontdesk.billing.adjustments import LABELS, Adjustment, Ground, Question, falls_with_no_show, label_of
from frontdesk.bookings import Booking, Practice, Presence, Reason
from frontdesk.deliveries import Kind, is_profile, plan_pms
from frontdesk.identity import Related
from frontdesk.preflight import Preflight
from frontdesk.words.dialog import (
    FREED,
    LABEL_AT,
    MOVING,
    UNTICKED,
    Wording,
    about,
    field,
    follows_title,
    frame,
    inset,
    text_at,
    text_width,
)
from frontdesk.words.fitting import wrapped
from frontdesk.words.preflight import MARKING_NO_SHOW, TAKING_BACK_NO_SHOW, pms_says
from frontdesk.words.summary import pms_line
from frontdesk.words.told import Shown, Told, labelled, told

NO_SHOW_WORDS = Wording(
    title="Did not come",
    keep="Leave it",
    confirm="Did not come",
    kept="Left as it was. Nothing was marked.",
    on_enter="Enter does not confirm. F8 marks it, Esc leaves it.",
    does="marks it",
)
REQUEST_WORDS = Wording(
    title="Request Billing Adjustment",
    keep="Leave it",
    confirm="Send the request",
    kept="Left as it was. Nothing was asked.",
    on_enter="Enter does not confirm. F8 sends it, Esc leaves it.",
    does="sends it",
)
BACK_WORDS = Wording(
    title="Take it back",
    keep="Leave it marked",
    confirm="Take it back",
    kept="Left as it was. Nothing was taken back.",
    on_enter="Enter does not confirm. F8 takes it back, Esc leaves it.",
    does="takes it back",
)
_CAME_WORDS = Wording(
    title="",
    keep="Leave it",
    confirm="",
    kept="Left as it was. Nothing was marked.",
    on_enter="Enter does not confirm. F8 marks it, Esc leaves it.",
    does="marks it",
)
CAME_WORDS = {
    Presence.ARRIVED: replace(_CAME_WORDS, title="Arrived", confirm="Arrived"),
    Presence.ATTENDED: replace(_CAME_WORDS, title="Attended", confirm="Attended"),
}

NOTICE_TICK = "The patient told us they are not coming"
NO_REQUEST = "No request: it is charged"
CHOOSE = "Choose with Left and Right"
BILLING, TEXT_LABEL, NAME_LABEL = "Billing", "Why", "Your name"
BY_HAND = "mark it there too"
BACK_BY_HAND = "take it back there too"
_GOES = (("patient-told",), ("follows-title",), ("also",))
"""What goes in a window with fewer lines than the dialog has, in this order."""
_NOT_TOLD = "is not told. Mark it there as you always do"


@dataclass(frozen=True, slots=True)
class Marking:
    """What a dialog about whether the patient came has to show, and one that asks not to be charged.

    `why_no_request` is why nobody can ask now not to be charged, None where it is offered. `ground` is
    the one chosen, None for no request, `questions` are those that are still asked for it. `is_requested` says
    whether F8 asks for it. `has_tick` says whether the patient's own word is asked for. `latest` is the booking's
    latest request. `message` and `is_over` are as in Cancel Booking.
    """

    booking: Booking
    related: Related
    preflight: Preflight | None
    now: datetime
    home: Practice | None
    message: str = ""
    why_no_request: Reason | None = None
    ground: Ground | None = None
    questions: Sequence[Question] = ()
    is_requested: bool = False
    has_tick: bool = False
    latest: Adjustment | None = None
    is_over: bool = False

    @property
    def here(self) -> ZoneInfo:
        """The zone of the clock at the desk."""
        return self.home.zone if self.home else self.booking.practice.zone


def no_show_lines(state: Marking, width: int, height: int) -> Shown:
    """Return what Did not come shows in a window of this size, by place."""
    planned = plan_pms(Kind.PMS_NO_SHOW, state.booking, state.booking.practice)
    says = pms_says(state.preflight, state.booking, state.now, MARKING_NO_SHOW)
    tick = {"told": (told(f"{' ' * LABEL_AT}{UNTICKED}{NOTICE_TICK}"),)} if state.has_tick else {}
    follows = {
        "pms": (pms_line(planned, says, BY_HAND),),
        "patient-told": (_nothing_sent(),),
        "request": _biller_line(state),
    }
    return _lines(NO_SHOW_WORDS, state, follows, width, height, **tick, **_request(state, width))


def request_lines(state: Marking, width: int, height: int) -> Shown:
    """Return what Request Billing Adjustment shows in a window of this size, by place."""
    not_yet = (
        () if state.ground or state.why_no_request else (labelled("Request", "none, until you say why"),)
    )
    follows = {"request": (*not_yet, *_biller_line(state))}
    return _lines(REQUEST_WORDS, state, follows, width, height, **_request(state, width))


def came_lines(state: Marking, presence: Presence, width: int, height: int) -> Shown:
    """Return what Arrived and Attended show in a window of this size, by place."""
    pms = state.booking.practice.pms
    follows = {
        "pms": (labelled(pms.name, _NOT_TOLD),) if pms else (),
        "patient-told": (_nothing_sent(),),
    }
    return _lines(CAME_WORDS[presence], state, follows, width, height)


def back_lines(state: Marking, width: int, height: int) -> Shown:
    """Return what taking a mark back shows in a window of this size, by place."""
    booking = state.booking
    is_no_show = booking.attendance.presence is Presence.NO_SHOW
    said = attendance.told(booking, state.now, state.here)
    asked = "Came after all?" if is_no_show else "Was that a mistake?"
    words = replace(BACK_WORDS, title=f"{said[:1].upper()}{said[1:]}. {asked}")
    follows: dict[str, tuple[Told, ...]] = {}
    if is_no_show:
        planned = plan_pms(Kind.PMS_TAKE_BACK_NO_SHOW, booking, booking.practice)
        says = pms_says(state.preflight, booking, state.now, TAKING_BACK_NO_SHOW)
        follows["pms"] = (pms_line(planned, says, BACK_BY_HAND),)
    follows["patient-told"] = (_nothing_sent(),)
    if state.why_no_request is not None:
        follows["request"] = (labelled(BILLING, f"! {state.why_no_request}"),)
    elif is_no_show and state.latest is not None and falls_with_no_show(state.latest):
        follows["request"] = (labelled(BILLING, f"the request of {state.latest.name} is withdrawn"),)
    return _lines(words, state, follows, width, height)


def _lines(
    words: Wording,
    state: Marking,
    follows: Shown,
    width: int,
    height: int,
    **own: tuple[Told, ...],
) -> Shown:
    body: dict[str, tuple[Told, ...]] = {
        **about(state.booking, state.related, state.now, state.home, width),
        MOVING: (Told(),),
        "follows-title": follows_title(),
        **{place: inset(lines, width) for place, lines in follows.items()},
        FREED: (Told(),),
        **own,
    }
    return frame(words, body, state.message, width, height, goes=_GOES, is_over=state.is_over)


def _nothing_sent() -> Told:
    return labelled("The patient", "is sent nothing")


def _biller_line(state: Marking) -> tuple[Told, ...]:
    if state.ground is None or state.why_no_request is not None:
        return ()
    if not state.is_requested:
        return (labelled("Request", "none, unless you answer the questions below"),)
    biller = state.booking.practice.biller
    who = f" by {'the biller' if is_profile(biller) else biller}" if biller else ""
    return (labelled("Request", f"Awaiting Review{who}"),)


def _request(state: Marking, width: int) -> dict[str, tuple[Told, ...]]:
    if state.why_no_request is not None and state.why_no_request.code == "no-account":
        return {}  # nothing here is about billing
    if state.why_no_request is not None:
        first, *rest = wrapped(str(state.why_no_request), text_width(width) - text_at(width))
        return {"billing": inset((labelled(BILLING, first), *(labelled("", line) for line in rest)), width)}
    label = LABELS[state.ground] if state.ground else NO_REQUEST
    shown = {"ground": inset((labelled(BILLING, label),), width)}
    for number, question in enumerate(state.questions):
        shown[f"question-{number}"] = (told(f"{' ' * LABEL_AT}[y/n] {question.text}"),)
    if state.ground is Ground.OTHER:
        shown["text"] = (field(width, _label(TEXT_LABEL, width)),)
    if state.ground is not None:
        shown["name"] = (field(width, _label(NAME_LABEL, width)),)
    return shown


def _label(label: str, width: int) -> str:
    return label.ljust(text_at(width) - LABEL_AT)


def state_lines(booking: Booking, latest: Adjustment | None, now: datetime, here: ZoneInfo) -> list[Told]:
    """Return the lines of Details about whether the patient came, and about the request not to be charged."""
    lines = []
    if booking.attendance.presence is not Presence.NONE:
        lines.append(labelled("Attendance", attendance.told(booking, now, here)))
        if booking.attendance.notice:
            lines.append(labelled("", "The patient told the practice"))
    if latest is not None:
        by = f" by {latest.decided_by}" if latest.decided_by else f", asked by {latest.name}"
        at = times.since_in_words(latest.decided_at or latest.at, here, now)
        lines.append(labelled(BILLING, f"{latest.review}{by} {at}"))
        lines.append(labelled("", label_of(latest.ground)))
        lines += [labelled("", said) for said in (latest.text, latest.note) if said]
    return lines
