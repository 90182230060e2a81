"""The row's action menu: what can be done to one booking, and why not."""

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk import times
from frontdesk.actions import Action
from frontdesk.bookings import Booking, Reason
from frontdesk.widgets.look import look_of
from frontdesk.words.fitting import fitted, wrapped
from frontdesk.words.told import Part, Role, Told

LABEL_WIDTH = 13


def menu_title(booking: Booking, now: datetime, width: int) -> str:
    """Name the booking: patient, birth date, mobile where there is room, time, practice."""
    patient = booking.patient
    born = times.day_in_full(patient.birth_date) if patient.birth_date else "birth date not known"
    time = times.when_in_words(booking.starts_at, booking.practice.zone, now)
    ends = f"{time} {booking.practice.short}"
    whole = "  ".join(part for part in (patient.name, born, patient.mobile, ends) if part)
    if cell_len(whole) <= width:
        return whole
    short = f"  {born}  {ends}"
    name_room = width - cell_len(short)
    return fitted(patient.name, min(cell_len(patient.name), max(0, name_room))) + short


class RowMenu(Widget, can_focus=True):
    """A menu over the table. It keeps every key to itself until it closes.

    Posts `Chosen` for a line that works and `Closed` on Escape. A line that does not work
    stays, with its reason, and cannot be marked.
    """

    DEFAULT_CSS = """
    RowMenu { layer: menu; width: 78; height: auto; display: none; }
    """

    class Chosen(Message):
        """The operator chose a line that works."""

        def __init__(self, action: Action, booking: Booking) -> None:
            super().__init__()
            self.action = action
            self.booking = booking

    class Closed(Message):
        """The operator wants nothing of it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._now: datetime | None = None
        self._booking: Booking | None = None
        self._lines: tuple[tuple[Action, str, Reason | None], ...] = ()
        self._marked = 0

    @property
    def is_open(self) -> bool:
        """Whether the menu is on screen."""
        return self._booking is not None

    def open(
        self, booking: Booking, lines: Sequence[tuple[Action, str, Reason | None]], now: datetime
    ) -> None:
        """Show `lines` (an action, its key, why not) for `booking`, marked the first that works."""
        self._booking, self._lines, self._now = booking, tuple(lines), now
        self._marked = next((index for index, (_, _, reason) in enumerate(self._lines) if reason is None), 0)
        self.display = True
        self.focus()
        self.refresh(layout=True)

    def close(self) -> None:
        """Take the menu off the screen."""
        self._booking = None
        self.display = False

    def height_in(self, width: int) -> int:
        """Return how many lines the menu takes in `width` cells."""
        return sum(len(self._drawn(index, width - 2)) for index in range(len(self._lines))) + 2

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self.height_in(width)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return look_of(self).strip(self._line(y, width), width)

    def _line(self, y: int, width: int) -> Told:
        if y == 0:
            return _edge("╭", self._title(width), "╮", width, Role.STRONG)
        drawn = [line for index in range(len(self._lines)) for line in self._drawn(index, width - 2)]
        if y > len(drawn):
            return _edge("╰", "Enter does the line marked >   Esc closes", "╯", width, Role.QUIET)
        return Told((_SIDE, *drawn[y - 1], _SIDE))

    def _title(self, width: int) -> str:
        if self._booking is None or self._now is None:
            return ""
        return menu_title(self._booking, self._now, width - len("+--  -+"))

    def _drawn(self, index: int, width: int) -> list[tuple[Part, ...]]:
        """A command's line; a reason that is too long for it goes on below, by words."""
        action, key, reason = self._lines[index]
        marked = index == self._marked and reason is None
        role = Role.FOCUS if marked else Role.QUIET if reason else Role.STRONG
        start = f" {'>' if marked else ' '} {key}  {fitted(action.label, LABEL_WIDTH)}"
        first, *more = wrapped(reason.text if reason else "", width - len(start) - 1)
        below = [(Part(fitted(" " * len(start) + line, width), role),) for line in more]
        return [(Part(fitted(start + first, width), role),), *below]

    def on_key(self, event: events.Key) -> None:
        if event.key == "ctrl+c":
            return
        event.stop()
        if event.key == "escape":
            self.post_message(self.Closed())
        elif event.key in ("down", "j"):
            self._mark(1)
        elif event.key in ("up", "k"):
            self._mark(-1)
        elif event.key == "enter":
            self._choose(self._marked)
        else:
            for index, (_, key, _) in enumerate(self._lines):
                if event.key == key:
                    self._choose(index)

    def _mark(self, step: int) -> None:
        works = [index for index, (_, _, reason) in enumerate(self._lines) if reason is None]
        if self._marked in works:
            at = works.index(self._marked) + step
            self._marked = works[max(0, min(at, len(works) - 1))]
            self.refresh()

    def _choose(self, index: int) -> None:
        action, _, reason = self._lines[index]
        if reason is None and self._booking is not None:
            self.post_message(self.Chosen(action, self._booking))


_SIDE = Part("│", Role.RULE)


def _edge(left: str, words: str, right: str, width: int, role: Role) -> Told:
    """Return the upper or lower edge of the frame, with words in it."""
    rest = max(0, width - cell_len(words) - len("╭──  ╮"))
    return Told((Part(f"{left}── ", Role.RULE), Part(words, role), Part(f" {'─' * rest}{right}", Role.RULE)))
