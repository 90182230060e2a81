"""Did not come, and Request Billing Adjustment: what is asked of the biller for a new patient."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from frontdesk.attendance import needs_notice, why_not_mark_no_show
from frontdesk.billing.adjustments import (
    LABELS,
    NAME_LIMIT,
    QUESTIONS,
    TEXT_LIMIT,
    TOLD_US,
    Answer,
    Ground,
    Question,
    why_incomplete,
    why_not_request,
)
from frontdesk.billing.periods import InvoiceState
from frontdesk.bookings import Booking, Reason
from frontdesk.commands import Ask, MarkNoShow, RequestAdjustment
from frontdesk.deliveries import Kind, plan_pms
from frontdesk.desk import OpenDesk
from frontdesk.screens.dialogs.attendance import MarkDialog, sentence
from frontdesk.text import clean
from frontdesk.widgets.answers import YES_NO, Answered, OneOf, YesNo
from frontdesk.widgets.button import Button, Tick
from frontdesk.widgets.text_field import TextField
from frontdesk.words.attendance import (
    BILLING,
    CHOOSE,
    NO_REQUEST,
    NO_SHOW_WORDS,
    NOTICE_TICK,
    REQUEST_WORDS,
    Marking,
    no_show_lines,
    request_lines,
)
from frontdesk.words.preflight import MARKING_NO_SHOW, Reading, why_refused
from frontdesk.words.told import Shown

MOST_QUESTIONS = max(map(len, QUESTIONS.values()))


class RequestDialog(MarkDialog):
    """A dialog in which somebody may ask not to be charged for a new patient.

    No question has a preset answer; `y` and `n` answer the next one and go on, wherever no text is typed.
    """

    GROUNDS: ClassVar[tuple[Ground | None, ...]]
    WITHOUT: ClassVar[str]
    """What stands in the place of a ground where none is chosen."""
    GROUND_IS_FIRST: ClassVar[bool] = False

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__(desk, booking)
        self._has_tick = False
        self._tick = Tick(NOTICE_TICK, id="told")
        choices = [LABELS[ground] if ground else self.WITHOUT for ground in self.GROUNDS]
        self._ground = OneOf(BILLING, choices, id="ground")
        self._questions = [YesNo(id=f"question-{number}") for number in range(MOST_QUESTIONS)]
        self._why_text, self._signed = (
            TextField(id="text", longest=TEXT_LIMIT),
            TextField(id="name", longest=NAME_LIMIT),
        )

    def fields(self) -> Sequence[Widget]:
        told = [self._tick] if self._has_tick else []
        return [*told, self._ground, *self._questions, self._why_text, self._signed]

    def opened(self) -> None:
        with self.prevent(Input.Changed):
            self._signed.value = self.desk.operator.name
        super().opened()

    def stops(self) -> Sequence[Widget]:
        ground = self.those_of(OneOf)
        answers = (*self.those_of(Tick), *self.those_of(YesNo), *self.those_of(TextField))
        order: tuple[Widget, ...] = (*ground, *answers) if self.GROUND_IS_FIRST else (*answers, *ground)
        return [*order, *self.those_of(Button)]

    # -- what is asked for ----------------------------------------------------------------

    @property
    def ground(self) -> Ground | None:
        """The ground that is chosen, None for no request."""
        if self.why_no_request() is not None:
            return None
        return self.GROUNDS[self._ground.chosen]

    @property
    def notice(self) -> bool:
        """Whether it is ticked that the patient told the practice."""
        return self._has_tick and self._tick.is_set

    @property
    def questions(self) -> tuple[Question, ...]:
        """Those that are asked: the tick is an answer already."""
        ground = self.ground
        asked = QUESTIONS[ground] if ground else ()
        return tuple(one for one in asked if not (self._has_tick and one.id == TOLD_US))

    @property
    def answered(self) -> tuple[Answer, ...]:
        """The answers given by y and n."""
        return tuple(
            Answer(question.id, field.answer)
            for question, field in zip(self.questions, self._questions, strict=False)
            if field.answer is not None
        )

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All answers, with the one that the tick gives."""
        is_told = self._has_tick and self.ground is Ground.DID_NOT_ATTEND
        return (*((Answer(TOLD_US, yes=self.notice),) if is_told else ()), *self.answered)

    def why_no_request(self) -> Reason | None:
        """Return why nobody can ask not to be charged for the booking, or None."""
        now, standing = self.desk.now(), self.desk.standing
        return why_not_request(self.booking, self.latest, InvoiceState.OPEN, Ground.NOT_NEW, now, standing)

    @property
    def is_requested(self) -> bool:
        """Whether the biller is asked, as the dialog stands."""
        return self.ground is not None

    def why_incomplete(self) -> str:
        """Return what the request lacks, as a sentence; empty when nothing."""
        if self.ground is None:
            return ""
        lacks = why_incomplete(
            self.ground, self.answers, clean(self._why_text.value), clean(self._signed.value)
        )
        return sentence(lacks) if lacks else ""

    # -- what is shown --------------------------------------------------------------------

    def state(self) -> Marking:
        return replace(
            super().state(),
            why_no_request=self.why_no_request(),
            ground=self.ground,
            questions=self.questions,
            is_requested=self.is_requested,
            has_tick=self._has_tick,
        )

    def draw(self) -> None:
        for field, question in zip(self._questions, self.questions, strict=False):
            field.ask(question.text)
        super().draw()

    # -- keys -------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Have `y` and `n` answer also where the focus is on nothing that they mean something to.

        They answer the tick where that has the focus, else the first question without an answer.
        """
        if event.key not in YES_NO:
            return
        event.stop()
        if isinstance(self.focused, Tick):
            self.focused.put(YES_NO[event.key])
            self._go_on_from(self.focused)
        elif left := [one for one in self.those_of(YesNo) if one.answer is None]:
            left[0].put(YES_NO[event.key])

    def on_answered(self, message: Answered) -> None:
        self.after_answer()
        if message.goes_on:
            self._go_on_from(message.field)

    def on_tick_changed(self, message: Tick.Changed) -> None:
        message.stop()
        self.after_answer()

    def _go_on_from(self, field: Widget) -> None:
        """Go to what is still to be answered behind `field`; else to the ground, where no letter does anything.

        A letter too many would be typed over the name.
        """
        order = self.stops()
        behind = order[order.index(field) + 1 :]
        asked = (one for one in behind if isinstance(one, YesNo | TextField) and not _has_answer(one))
        next(asked, self._ground).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.after_answer()


def _has_answer(field: YesNo | TextField) -> bool:
    return bool(field.value) if isinstance(field, TextField) else field.answer is not None


class DidNotComeScreen(RequestDialog):
    """Marks that the patient did not come, and for a new one asks not to be charged."""

    WORDS = NO_SHOW_WORDS
    GROUNDS = (Ground.DID_NOT_ATTEND, Ground.NOT_NEW, Ground.OTHER, None)
    WITHOUT = NO_REQUEST
    READING: ClassVar[Reading] = MARKING_NO_SHOW

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__(desk, booking)
        self._has_tick = needs_notice(booking, desk.now())

    def shown(self, width: int, height: int) -> Shown:
        return no_show_lines(self.state(), width, height)

    def booking_read(self) -> None:
        super().booking_read()
        self.ask_pms(plan_pms(Kind.PMS_NO_SHOW, self.booking, self.booking.practice))

    def why_not(self, booking: Booking) -> Reason | None:
        now, standing = self.desk.now(), self.desk.standing
        return why_not_mark_no_show(booking, now, standing, self.desk.here, notice=self.notice)

    @property
    def is_requested(self) -> bool:
        # Somebody has begun to answer, or has chosen another ground than that of the dialog.
        return super().is_requested and (bool(self.answered) or self.ground is not self.GROUNDS[0])

    def why_not_ready(self) -> str:
        if why_not := super().why_not_ready():
            return why_not
        if refused := why_refused(self._preflight, self.booking, self.desk.now(), self.READING):
            return refused
        return self.why_incomplete() if self.is_requested else ""

    def ask(self) -> Ask:
        if not self.is_requested:
            return MarkNoShow(notice=self.notice)
        return MarkNoShow(
            notice=self.notice,
            ground=self.ground,
            answers=self.answers,
            text=clean(self._why_text.value),
            name=clean(self._signed.value),
        )


class RequestScreen(RequestDialog):
    """Asks not to be charged for a new patient."""

    WORDS = REQUEST_WORDS
    GROUNDS = (None, Ground.NOT_NEW, Ground.DID_NOT_ATTEND, Ground.OTHER)
    WITHOUT = CHOOSE
    GROUND_IS_FIRST = True

    def shown(self, width: int, height: int) -> Shown:
        return request_lines(self.state(), width, height)

    def why_not(self, booking: Booking) -> Reason | None:
        now, standing, ground = self.desk.now(), self.desk.standing, self.ground or Ground.NOT_NEW
        return why_not_request(booking, self.latest, InvoiceState.OPEN, ground, now, standing)

    def why_not_ready(self) -> str:
        if why_not := super().why_not_ready():
            return why_not
        return self.why_incomplete() if self.ground else "First choose why nothing is to be charged."

    def ask(self) -> Ask:
        return RequestAdjustment(
            ground=self.ground or Ground.OTHER,  # `why_not_ready` has seen to it that there is one
            answers=self.answers,
            text=clean(self._why_text.value),
            name=clean(self._signed.value),
        )
