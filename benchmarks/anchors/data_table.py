"""Textual's own DataTable over a table of bookings, with a search: what a first attempt looks like.

Takes the file with the rows (tab-separated, titles first). Tab goes from the table to the
search and back.
"""

import csv
import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Input, Static


class Bookings(App[None]):
    """Fills the table anew for every letter, as the documentation shows it."""

    CSS = "Input { height: 1; border: none; padding: 0; } Static { height: 1; } DataTable { height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, file: Path) -> None:
        super().__init__()
        with file.open(encoding="utf-8", newline="") as lines:
            self._titles, *self._rows = csv.reader(lines, delimiter="\t")

    def compose(self) -> ComposeResult:
        yield Input(compact=True)
        yield DataTable(cursor_type="row")
        yield Static(markup=False)

    def on_mount(self) -> None:
        table = self._table
        table.add_columns(*self._titles)
        self._fill(self._rows)
        table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        text = event.value.lower()
        self._fill([row for row in self._rows if text in " ".join(row).lower()])

    @property
    def _table(self) -> DataTable[str]:
        return self.query_one(DataTable)

    def _fill(self, rows: list[list[str]]) -> None:
        self._table.clear()
        self._table.add_rows(rows)
        self.query_one(Static).update(f"{len(rows)} found for [{self.query_one(Input).value}]")


if __name__ == "__main__":
    Bookings(Path(sys.argv[1])).run()
