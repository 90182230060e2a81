"""The program itself: what is pressed, and what must be on the screen then."""

import re
import sys

from benchmarks.keys import CLEAR, DOWN, END, ESCAPE, F1, F8, HOME, PAGE_DOWN, PAGE_UP, TAB
from benchmarks.measuring import Run, Unanswered
from benchmarks.watching import Anything, Result, Text

ARGV = (sys.executable, "-m", "frontdesk")
USABLE = r" bookings$(?s:.*)^[>▌] "
ROWS = slice(4, 38)
"""The lines of a screen with 40 lines that show bookings."""
TEXTS = ("smith", "a", "qzx", "sukarno", "kovac")
"""What is searched for: many hits, nearly everything, nothing, one patient, a few names."""

_DIALOG = r"This action cannot be undone"
_GATE_OPENS = 0.7
"""Seconds that a dialog is left alone: a confirm in its first 0.4 s does not count."""


def all_keys(run: Run) -> None:
    """Press everything there is a goal for, often enough for a p95."""
    run.do(TAB, Text("^ +LIST"))
    _walk(run, 140)
    _pages(run, 4)
    _ends(run, 8)
    run.do(TAB, Text("^ +Enter +actions"))
    for text in TEXTS:
        _search(run, text)
    run.do(TAB, Text("^ +LIST"))
    for _ in range(4):
        run.press("status filter", b"1", Text("FILTER Upcoming"))
        run.press("status filter", b"0", Text("All days, all practices"))
    run.do(b"1", Text("FILTER Upcoming"))
    run.do(TAB, Text("^ +Enter +actions"))
    for _ in range(5):
        _cancel(run)
    for _ in range(3):
        run.press("open help", F1, Text("^ Help .*every key"))
        run.press("close help", ESCAPE, Text("FILTER Upcoming"))
    run.do(TAB, Text("^ +LIST"))
    run.hold(DOWN)


def slow_line_keys(run: Run) -> None:
    """Press what has a goal behind a slow line."""
    run.do(TAB, Text("^ +LIST"))
    _walk(run, 40)
    _pages(run, 1)
    _ends(run, 3)
    run.do(TAB, Text("^ +Enter +actions"))
    _search(run, TEXTS[0])
    run.do(TAB, Text("^ +LIST"))
    run.do(b"1", Text("FILTER Upcoming"))
    run.do(TAB, Text("^ +Enter +actions"))
    for _ in range(4):
        _cancel(run)
    run.do(TAB, Text("^ +LIST"))
    run.hold(DOWN)


def _walk(run: Run, times: int) -> None:
    """Go down row by row; where the page ends is another name, since more is painted."""
    for _ in range(times):
        before = _marked(run)
        sample = run.terminal.press(DOWN)
        run.keep("Down" if _marked(run) == before + 1 else "Down at the edge", sample)


def _marked(run: Run) -> int:
    for place, line in enumerate(run.terminal.lines()):
        if line.startswith((">", "▌")):
            return place
    raise Unanswered("no row is marked")


def _pages(run: Run, times: int) -> None:
    """Turn pages forth and back: the smallest list has not many."""
    for _ in range(times):
        run.repeat("PageDown", PAGE_DOWN, 5)
        run.repeat("PageUp", PAGE_UP, 5)


def _ends(run: Run, times: int) -> None:
    for _ in range(times):
        run.press("Home", HOME)
        run.press("End", END)


def _search(run: Run, text: str) -> None:
    for end in range(1, len(text) + 1):
        typed = re.escape(text[:end])
        complete = rf'^ Find .{typed}\W+\d.*(to come|cancelled|found)$|Nobody found for "{typed}"'
        watch = Result(complete, ROWS, run.terminal.lines())
        run.press("letter", text[end - 1 : end].encode(), watch, timeout=10.0)
    run.press("clear the search", CLEAR, Result(r" bookings$", ROWS, run.terminal.lines()), timeout=10.0)


def _cancel(run: Run) -> None:
    """From Find: open the dialog and close it, open it and confirm; then stand on the next booking."""
    closed = r"^ +Day +Time(?s:.*)^[>▌] [o●]"
    run.do(TAB, Text("^ +LIST"))
    run.press("open dialog", b"c", Text(_DIALOG))
    run.press("close dialog", ESCAPE, Text(closed, gone=_DIALOG))
    run.do(TAB, Text("^ +LIST"))
    run.do(b"c", Text(_DIALOG))
    run.terminal.wait(_GATE_OPENS + run.terminal.link.round_trip)
    run.press("confirm", F8, Text("^[>▌] [x✗] .* cancelled", gone=_DIALOG))
    run.do(DOWN, Anything())
