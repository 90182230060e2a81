"""Whether the patient came: marking it, and taking it back."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.widget import Widget

from frontdesk.actions import MARKING_ACTIONS
from frontdesk.attendance import why_not_mark_came, why_not_take_back
from frontdesk.billing.adjustments import Adjustment
from frontdesk.bookings import Booking, Presence, Reason
from frontdesk.commands import Ask, MarkArrived, MarkAttended, TakeBackNoShow
from frontdesk.deliveries import Kind, plan_pms
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.booking import BookingDialog
from frontdesk.words.attendance import BACK_WORDS, CAME_WORDS, Marking, back_lines, came_lines
from frontdesk.words.preflight import TAKING_BACK_NO_SHOW, Reading
from frontdesk.words.told import Shown


class MarkDialog(BookingDialog, inherit_bindings=False):
    """What every dialog has that asks whether the patient came, or what that means for the bill."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(MARKING_ACTIONS)

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__(desk, booking)
        self.requests: Sequence[Adjustment] = ()

    def fields(self) -> Sequence[Widget]:
        return ()

    @property
    def latest(self) -> Adjustment | None:
        """The latest request not to be charged, as far as it was read."""
        return self.requests[-1] if self.requests else None

    @abstractmethod
    def why_not(self, booking: Booking) -> Reason | None:
        """Return why it cannot be done to `booking`, as far as the booking says."""

    def state(self) -> Marking:
        """Return what there is to show."""
        return Marking(
            self.booking,
            self.related,
            self._preflight,
            self.desk.now(),
            self.desk.home,
            self.said,
            latest=self.latest,
            is_over=self.is_over,
        )

    def booking_read(self) -> None:
        self._read_requests()

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _read_requests(self) -> None:
        try:
            self.requests = await self.desk.store.adjustments(self.booking.id)
        except Exception as error:
            self.desk.fault(error)  # the store refuses what this should have shown
            return
        self.draw()

    def what_is_over(self, current: Booking) -> str:
        if over := super().what_is_over(current):
            return over
        if current.attendance == self.booking.attendance:
            return ""
        why_not = self.why_not(current)
        return sentence(why_not) if why_not else ""

    def why_not_ready(self) -> str:
        why_not = self.why_not(self.booking)
        return sentence(why_not) if why_not else ""


class TakeBackScreen(MarkDialog):
    """Takes back what is marked: the patient came after all, or was not there."""

    WORDS = BACK_WORDS
    READING: ClassVar[Reading] = TAKING_BACK_NO_SHOW

    def shown(self, width: int, height: int) -> Shown:
        return back_lines(self.state(), width, height)

    def booking_read(self) -> None:
        super().booking_read()
        if self.booking.attendance.presence is Presence.NO_SHOW:
            self.ask_pms(plan_pms(Kind.PMS_TAKE_BACK_NO_SHOW, self.booking, self.booking.practice))

    def state(self) -> Marking:
        why_not = self.why_not(self.booking)
        is_approved = why_not is not None and why_not.code == "approved"
        return replace(super().state(), why_no_request=why_not if is_approved else None)

    def why_not(self, booking: Booking) -> Reason | None:
        return why_not_take_back(booking, self.latest, self.desk.now(), self.desk.standing, self.desk.here)

    def what_is_over(self, current: Booking) -> str:
        was, now_is = self.booking.attendance, current.attendance
        if now_is.presence is Presence.NONE is not was.presence:
            return f"{now_is.by} took it back." if now_is.by else "It was taken back."
        return super().what_is_over(current)

    def ask(self) -> Ask:
        return TakeBackNoShow()


class CameScreen(MarkDialog):
    """Marks that the patient has arrived, or has attended the appointment."""

    PRESENCE: ClassVar[Presence]
    ASK: ClassVar[type[Ask]]

    def shown(self, width: int, height: int) -> Shown:
        return came_lines(self.state(), self.PRESENCE, width, height)

    def why_not(self, booking: Booking) -> Reason | None:
        now, standing = self.desk.now(), self.desk.standing
        return why_not_mark_came(booking, self.PRESENCE, now, standing, self.desk.here)

    def ask(self) -> Ask:
        return self.ASK()


class ArrivedScreen(CameScreen):
    """Marks that the patient has arrived."""

    WORDS, PRESENCE, ASK = CAME_WORDS[Presence.ARRIVED], Presence.ARRIVED, MarkArrived


class AttendedScreen(CameScreen):
    """Marks that the patient has attended."""

    WORDS, PRESENCE, ASK = CAME_WORDS[Presence.ATTENDED], Presence.ATTENDED, MarkAttended


def did_not_come(desk: OpenDesk, booking: Booking) -> MarkDialog:
    """Return what FTA / DNA opens: it marks, and takes back what it has marked."""
    from frontdesk.screens.dialogs.requesting import DidNotComeScreen

    is_marked = booking.attendance.presence is Presence.NO_SHOW
    return TakeBackScreen(desk, booking) if is_marked else DidNotComeScreen(desk, booking)


def arrived(desk: OpenDesk, booking: Booking) -> MarkDialog:
    """Return what Arrived opens: it marks, and takes back what it has marked."""
    is_marked = booking.attendance.presence is Presence.ARRIVED
    return TakeBackScreen(desk, booking) if is_marked else ArrivedScreen(desk, booking)


def attended(desk: OpenDesk, booking: Booking) -> MarkDialog:
    """Return what Attended opens: it marks, and takes back what it has marked."""
    is_marked = booking.attendance.presence is Presence.ATTENDED
    return TakeBackScreen(desk, booking) if is_marked else AttendedScreen(desk, booking)


def sentence(reason: Reason) -> str:
    """Return a reason as a sentence."""
    text = f"{reason.text[:1].upper()}{reason.text[1:]}"
    return text if text.endswith("?") else f"{text}."
