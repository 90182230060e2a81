"""How lines that `words` makes get onto the widgets of a place."""

from collections.abc import Sequence

from frontdesk.widgets.line import Line, TextBlock
from frontdesk.words.told import Told


def draw(widget: Line | TextBlock, lines: Sequence[Told]) -> None:
    """Have a line or a block show what it is told."""
    if isinstance(widget, TextBlock):
        widget.show(lines)
    else:
        (line,) = lines
        widget.show(line)
