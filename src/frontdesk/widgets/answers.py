"""Fields of one line that are answered by a key: a yes or no, and one of several."""

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.look import look_of
from frontdesk.widgets.sheet import text_span
from frontdesk.words.fitting import fitted
from frontdesk.words.told import Part, Role, Told

YES_NO = {"y": True, "n": False}
"""The keys that answer a question."""
WIDEST = 1_000
"""More cells than any line has."""
LABEL_WIDTH = 15
"""Cells of the label of a choice."""


class Answered(Message):
    """The operator has answered `field`; `goes_on` is whether the next one is to have the focus."""

    def __init__(self, field: Widget, *, goes_on: bool) -> None:
        super().__init__()
        self.field = field
        self.goes_on = goes_on


class _OneLine(Widget, can_focus=True):
    """A line of a sheet that takes the focus; its place is its id."""

    text = ""
    """What stands in the line."""
    text_starts = 0
    """The first character that the focus marks."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.place = id

    def span(self, line: str) -> tuple[int, int] | None:
        """Return where its text stands on a line: from its first cell to the end of the sheet's text."""
        found = text_span(line)
        return (found[0], WIDEST) if found else None

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text, starts = fitted(self.text.rstrip(), width), self.text_starts
        ends = len(text.rstrip())
        role = Role.FOCUS if self.has_focus else Role.VALUE
        parts = Part(text[:starts], Role.LABEL), Part(text[starts:ends], role), Part(text[ends:])
        return look_of(self).strip(Told(parts), width)


class YesNo(_OneLine):
    """A question. `y` and `n` answer it; nothing is preset."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.question = ""
        self.answer: bool | None = None

    @property
    def text(self) -> str:  # type: ignore[override]
        answer = {None: "y/n", True: "yes", False: "no "}[self.answer]
        return f"[{answer}] {self.question}"

    def ask(self, question: str) -> None:
        """Ask something else than before, which nobody has answered."""
        if question != self.question:
            self.question, self.answer = question, None
            self.refresh()

    def on_key(self, event: events.Key) -> None:
        if event.key in YES_NO:
            event.stop()
            self.put(YES_NO[event.key])

    def put(self, answer: bool) -> None:
        """Answer it, as the operator says."""
        self.answer = answer
        self.refresh()
        self.post_message(Answered(self, goes_on=True))


class OneOf(_OneLine):
    """One of several lines of text: Left and Right change it. The first is there at the start."""

    def __init__(self, label: str, choices: Sequence[str], *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._label, self._choices = label, tuple(choices)
        self.text_starts = LABEL_WIDTH
        self.chosen = 0

    @property
    def text(self) -> str:  # type: ignore[override]
        return f"{self._label:<{LABEL_WIDTH}}<{self._choices[self.chosen]}>"

    def on_key(self, event: events.Key) -> None:
        if event.key in ("left", "right"):
            event.stop()
            step = 1 if event.key == "right" else -1
            self.chosen = (self.chosen + step) % len(self._choices)
            self.refresh()
            self.post_message(Answered(self, goes_on=False))
