"""A line of text to fill in, between the brackets of its line on a sheet."""

from textual.strip import Strip

from frontdesk.widgets.find_bar import FindField
from frontdesk.widgets.look import look_of
from frontdesk.widgets.sheet import between_brackets
from frontdesk.words.told import Role, told


class TextField(FindField):
    """A field of one line; its place on the sheet is its id. Its brackets are there without the focus too."""

    def __init__(self, *, id: str, longest: int = 200) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id, longest=longest)
        self.place = id

    def span(self, line: str) -> tuple[int, int] | None:
        """Return the brackets of a line, and the room between them."""
        inside = between_brackets(line)
        return (inside[0] - 1, inside[1] + 2) if inside else None

    def render_line(self, y: int) -> Strip:
        strip, look = super().render_line(y), look_of(self)
        if self.has_focus or y > 0:
            return strip
        left, right = (look.strip(told(bracket, Role.QUIET), 1) for bracket in "[]")
        return Strip.join([left, strip.crop(1, self.size.width - 1), right])
