"""Fields of one line that are answered by a key: a yes or no, and one of several."""

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.look import look_of
from frontdesk.words.fitting import fitted
from frontdesk.words.told import Part, Role, Told

YES_NO = {"y": True, "n": False}
"""The keys that answer a question."""


class Answered(Message):
    """The operator has answered `field`; `goes_on` is whether the next one is to have the focus."""

    def __init__(self, field: Widget, *, goes_on: bool) -> None:
        super().__init__()
        self.field = field
        self.goes_on = goes_on


class _OneLine(Widget, can_focus=True):
    DEFAULT_CSS = """
    _OneLine { height: 1; width: 1fr; }
    """

    text = ""
    """What stands in the line."""

    def render_line(self, y: int) -> Strip:
        role = Role.FOCUS if self.has_focus else Role.VALUE
        width = self.size.width
        return look_of(self).strip(
            Told((Part("  "), Part(fitted(self.text, max(0, width - 2)), role))), width
        )


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
        self.chosen = 0

    @property
    def text(self) -> str:  # type: ignore[override]
        return f"{self._label:<14}<{self._choices[self.chosen]}>"

    def on_key(self, event: events.Key) -> None:
        if event.key in ("left", "right"):
            event.stop()
            step = 1 if event.key == "right" else -1
            self.chosen = (self.chosen + step) % len(self._choices)
            self.refresh()
            self.post_message(Answered(self, goes_on=False))
