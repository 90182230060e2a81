"""Where a screen has its sheet: over the lines that it covers, or all of the window."""

from collections.abc import Iterator
from typing import Self, TypeVar

from textual import events
from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.sheet import Sheet

Answer = TypeVar("Answer")

ABOVE = 3
"""Lines of the window that a dialog leaves uncovered at the top, where the window has them."""


class _FullWidth(Layout):
    """Lays sheets over as many lines as they have, from one edge of the window to the other."""

    name = "full-width"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        placements = []
        for child in children:
            lines = child.lines if isinstance(child, Sheet) else size.height
            top = max(0, min(ABOVE, size.height - lines))
            region = Region(0, top, size.width, min(lines, size.height))
            placements.append(WidgetPlacement(region, Offset(0, 0), Spacing(0, 0, 0, 0), child))
        return placements


_FULL_WIDTH = _FullWidth()


class OverLines(ModalScreen[Answer]):
    """A screen with a sheet that covers only as many lines as it has.

    What it leaves uncovered need not be written again when it closes. It is laid out and painted once when it
    opens: Textual would do each three times, for what mounting has worked out already.
    """

    sheet: Sheet

    def __init__(self) -> None:
        super().__init__()
        self.styles.background = "transparent"
        self._is_up_again = self._was_up = False

    @property
    def layout(self) -> Layout:
        """As Textual asks."""
        return _FULL_WIDTH

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        event.refresh_styles = False
        self._is_up_again = self.outer_size == self.app.size
        if self.outer_size != self.app.size:
            event.prevent_default()
            self.stack_updates += 1
            self._refresh_layout(self.app.size)
            self._note_painted()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As Textual asks: for a layout behind every widget that comes or goes, for all when the focus moves.

        All is painted when the screen comes up again, and what changes below where it is seen.
        """
        if not self._was_up:
            return self  # all is painted when the screen comes up
        if not regions and self._is_up_again and not layout:
            self._is_up_again = False
            return super().refresh(repaint=repaint, recompose=recompose)
        seen = [part for region in regions for part in self._uncovered(region)]
        return super().refresh(*seen, repaint=repaint, recompose=recompose) if seen else self

    def _uncovered(self, region: Region) -> Iterator[Region]:
        """Yield what of a region the sheet leaves uncovered."""
        sheet = self.sheet.region
        for top, bottom in (
            (region.y, min(region.bottom, sheet.y)),
            (max(region.y, sheet.bottom), region.bottom),
        ):
            if top < bottom:
                yield Region(region.x, top, region.width, bottom - top)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return what the screen below shows, on the lines that the sheet leaves uncovered."""
        stack = self.app.screen_stack
        below, covered = stack[stack.index(self) - 1]._compositor, self.sheet.region.line_range
        seen = [y for y in crop.line_range if y < below.size.height and y not in covered]
        chops = below._render_chops(below.size.region, set(seen).__contains__)
        strips = [Strip.blank(crop.width)] * crop.height
        for y in seen:
            strips[y - crop.y] = Strip.join(strip for strip in chops[y].values() if strip is not None)
        return strips

    def on_resize(self, event: events.Resize) -> None:
        if event.size == self.outer_size:
            event.prevent_default()

    def _note_painted(self) -> None:
        """Take note that all that was asked for so far is laid out and painted."""
        self._was_up = True
        if not self.app._batch_count:
            for one in (self, self.sheet, *self.sheet.children):
                one._layout_required = one._repaint_required = False
