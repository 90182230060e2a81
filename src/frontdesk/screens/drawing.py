"""How this program draws what `words` says: what a role looks like."""

from frontdesk.widgets.line import BOLD, PLAIN, REVERSED, Line, TextBlock
from frontdesk.words.told import Role, Told


def draw(widget: Line | TextBlock, lines: tuple[Told, ...]) -> None:
    """Have a line or a block show what it is told, as this program draws roles today."""
    if isinstance(widget, TextBlock):
        widget.show(tuple((str(line), BOLD if _is_heavy(line) else PLAIN) for line in lines))
        return
    (line,) = lines
    text = "".join(part.text for part in line.parts)
    roles = {part.role for part in line.parts}
    if Role.TITLE in roles:
        widget.show(text, line.right, REVERSED)
    elif roles in ({Role.WARNING}, {Role.KEY}):
        widget.show(text, line.right, BOLD)
    else:
        widget.show(text, line.right, marked=line.warning)


def _is_heavy(line: Told) -> bool:
    """Whether a line of a block warns, besides its `!` or label, or is a heading."""
    return bool(line.warning) or any(part.role is Role.HEADING for part in line.parts)
