"""Frames to bytes: what Textual wants painted becomes the changes of a `Frame`, sent no faster than it is taken.

Textual hands over whole widgets. `FrameWriter` keeps a `Frame` of what the terminal shows
and writes its changes in one piece. Behind a frame too large for one packet it asks the
terminal a question; while the answers to `IN_FLIGHT` of them are missing, newer frames wait
and become one. So a held PageDown on a slow line shows the page that the operator has reached,
not the pages before it.

It knows two of the compositor's updates, which are private to the pinned Textual (see
`tests/unit/test_textual_insides.py`). Anything else is left to Textual, and the next whole
screen begins anew.
"""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from rich.color import ColorSystem
from rich.console import RenderableType
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Offset, Size
from textual.strip import Strip

from frontdesk.frame import Frame
from frontdesk.pens import pen_codes

IN_FLIGHT: Final = 2
"""Large frames that may be under way without an answer; two keep a slow line busy all the time."""
LARGE: Final = 1_400
"""Bytes from which a frame is large: it needs more than one packet, and may be seen half done."""
ANSWER_WAIT: Final = 2.0
"""Seconds after which a terminal that owes an answer is taken for one that gives none."""

_SYNC_START: Final = "\x1b[?2026h"
_SYNC_END: Final = "\x1b[?2026l"

_DEFAULT_COLOURS: Final = ("39", "49")


class Timer(Protocol):
    """A callback that is to come, such as asyncio's."""

    def cancel(self) -> None:
        """Do not call back."""


class FrameWriter:
    """Writes frames to one terminal.

    `write` takes what goes to the terminal; `ask` returns a question's number and bytes, and
    `answered` is to be called with that number; `later(seconds, callback)` calls back from
    the same thread.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        ask: Callable[[], tuple[int, str]],
        later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._write = write
        self._ask = ask
        self._later = later
        self.is_synchronised = False
        """Whether the terminal knows synchronised output (mode 2026)."""
        self._frame: Frame | None = None
        self._cursor = Offset(0, 0)
        self._pens: dict[Style, str] = {}
        self._unanswered: list[int] = []
        self._answers = True
        self._held = False
        self._patience: Timer | None = None

    def show(
        self, update: RenderableType, size: Size, cursor: Offset, color_system: ColorSystem | None
    ) -> bool:
        """Show one of Textual's updates; return False if it is for Textual to paint."""
        if not isinstance(update, LayoutUpdate | ChopsUpdate):
            self._frame = None
            return False
        frame = self._frame
        if frame is None or (frame.width, frame.height) != size:
            self._frame = None
            if not isinstance(update, LayoutUpdate) or update.region != size.region:
                return False
            frame = self._frame = Frame(*size)
        for y, x, strip in _pieces(update):
            if any(style and style.link for _, style, _ in strip):
                self._frame = None
                return False
            frame.put(y, x, self._spans(strip, color_system or ColorSystem.TRUECOLOR))
        self._cursor = cursor
        if len(self._unanswered) < IN_FLIGHT:
            self.flush()
        else:
            self._hold()
        return True

    def forget(self) -> None:
        """Write the whole screen again: something else may have written to the terminal."""
        if self._frame is not None:
            self._frame.forget()
            self.flush()

    def resized(self, size: Size) -> None:
        """Take note of a resize: at its old size the screen is written again at once.

        A terminal that attaches itself anew (dtach, abduco) sends its old size. At another
        size Textual lays all out anew, and that is the next frame.
        """
        if self._frame is not None and (self._frame.width, self._frame.height) == size:
            self.forget()

    def flush(self) -> None:
        """Write what has been waiting, whatever the terminal still owes."""
        self._release()
        if self._frame is None:
            return
        changes = self._frame.changes((self._cursor.y, self._cursor.x))
        if len(changes) >= LARGE:
            if self.is_synchronised:
                changes = f"{_SYNC_START}{changes}{_SYNC_END}"
            if self._answers:
                number, question = self._ask()
                self._unanswered.append(number)
                changes += question
        if changes:
            self._write(changes)

    def answered(self, number: int) -> None:
        """Take the answer to a question; older ones will not be answered any more."""
        self._answers = True
        self._unanswered = [asked for asked in self._unanswered if asked > number]
        if self._held:
            self.flush()

    def _hold(self) -> None:
        self._held = True
        if self._patience is None:
            self._patience = self._later(ANSWER_WAIT, self._give_up)

    def _release(self) -> None:
        self._held = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._answers = False
        self._unanswered.clear()
        self.flush()

    def _spans(self, strip: Strip, color_system: ColorSystem) -> Iterator[tuple[str, str]]:
        for text, style, control in strip:
            if not control:
                yield text, self._pen(style, color_system) if style else ""

    def _pen(self, style: Style, color_system: ColorSystem) -> str:
        pen = self._pens.get(style)
        if pen is None:
            codes = pen_codes(Strip.render_ansi(style, color_system))
            # Every pen begins from the terminal's own colours: naming them changes nothing.
            pen = ";".join(code for code in codes if code not in _DEFAULT_COLOURS)
            self._pens[style] = pen
        return pen


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield line, first cell and strip of all that an update paints, as its own `render_segments` does."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, left, right in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is None or x > right or end <= left:
                continue
            is_inside = right > x >= left and end <= right
            yield y, x, chop if is_inside else chop.crop(0, min(end, right) - x)
