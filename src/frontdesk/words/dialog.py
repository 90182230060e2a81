"""What every dialog of a booking says: its frame, its answers, and what is said of what was not saved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from frontdesk.bookings import OTHER_STORE, Booking, Practice
from frontdesk.errors import FrontdeskError, Refused
from frontdesk.identity import Related
from frontdesk.words.fitting import wrapped
from frontdesk.words.related import line_beside, namesake_words
from frontdesk.words.summary import SAME_NAME, summary
from frontdesk.words.told import LABEL_START, TEXT_START, Part, Role, Shown, Told, labelled, told

WIDTH, HEIGHT = 80, 24
"""Cells of a dialog's text and lines of it, in every window that has them."""
LABEL_AT, TEXT_AT = 3, 18
"""Columns of a dialog in which labels and what they name begin."""
ROOM = WIDTH - TEXT_AT
"""Cells of what a label names."""
CLOSE = "Close"
UNTICKED = "[ ] "
HINT = "Tab moves, Enter presses"

MOVING, FREED, PICKED = "move", "freed", "picked"
"""PracticeColumn of an open move, of who waits for the time, and of how many are meant: gaps while there is none."""
_GAPS = (FREED, MOVING, PICKED)


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one kind of dialog.

    `title` stands above it, `keep` and `confirm` on its buttons, `final` above them. `kept` is the
    answer to Esc, `on_enter` to an Enter that confirms nothing, `does` what F8 does: "cancels it".
    """

    title: str
    keep: str
    confirm: str
    kept: str
    on_enter: str
    does: str
    final: str = ""


def is_low(height: int) -> bool:
    """Whether a window has fewer lines than dialogs are drawn for."""
    return height < HEIGHT


def text_width(width: int) -> int:
    """Return the cells of a dialog's text in a window of this width."""
    return min(width, WIDTH)


def text_at(width: int) -> int:
    """Return the column in which what a label names begins: a name needs a narrow window's cells."""
    return TEXT_AT if width >= WIDTH else TEXT_START


def inset(lines: Iterable[Told], width: int) -> tuple[Told, ...]:
    """Return lines with labels, as pages show them, in the columns of a dialog in a window of this width."""
    return tuple(_inset(line, text_at(width)) for line in lines)


def _inset(line: Told, column: int) -> Told:
    if not line.parts:
        return line
    label, *rest = line.parts
    start = set_cell_size(f"{' ' * (LABEL_AT - LABEL_START)}{label.text}", column - 1)
    return Told((Part(f"{start} ", label.role), *rest), line.right, line.on)


def field(width: int, before: str = "") -> Told:
    """Return a line with a field between brackets, behind `before`."""
    label = " " * LABEL_AT + before
    room = max(0, text_width(width) - cell_len(label) - LABEL_AT - 1)
    return Told((Part(label, Role.LABEL), Part(f"[{' ' * (room - 1)}]", Role.FIELD)))


def counted(said: tuple[Part, ...], count: str) -> Told:
    """Return the line above a field, with `count` at its right end."""
    return Told((Part(" " * LABEL_AT), *said), (Part(f"{count}{' ' * (LABEL_AT - 1)}", Role.QUIET),))


def keep_text(keep: str) -> str:
    """Return what stands on the button that keeps."""
    return f" Esc  {keep} "


def confirm_text(confirm: str) -> str:
    """Return what stands on the button that confirms."""
    return f"  F8  {confirm}  "


def keys_bar(keep: str, confirm: str, width: int) -> Told:
    """Return the line of the buttons; without `confirm` nothing is left to confirm."""
    esc, rest = keep_text(keep)[:5], keep_text(keep)[5:]
    parts = [Part("  "), Part(esc, Role.KEY), Part(rest)]
    if confirm:
        parts += [Part("    "), Part(confirm_text(confirm), Role.DANGER)]
        hint = f"    {HINT}"
        if sum(cell_len(part.text) for part in parts) + cell_len(hint) <= text_width(width):
            parts.append(Part(hint))
    return Told(tuple(parts), on=Role.BAR)


def key_bar(*entries: tuple[str, str], width: int) -> Told:
    """Return a bar of keys and what each does; what has no room is left out from the right."""
    parts = [Part("  ")]
    for key, does in entries:
        entry = (Part(f" {key} ", Role.KEY), Part(f" {does}   "))
        if sum(cell_len(part.text) for part in (*parts, *entry)) - len("   ") <= text_width(width):
            parts += entry
    return Told((*parts,), on=Role.BAR)


def frame(
    words: Wording,
    body: Shown,
    message: str,
    width: int,
    height: int,
    *,
    goes: Sequence[tuple[str, ...]] = (),
    is_over: bool = False,
) -> Shown:
    """Return what a dialog of a booking shows, by place, from top to bottom.

    It has as many lines as the window, at most `HEIGHT` of them, so that no line ever moves. Where `body`
    has more, the gaps go first, then what `goes` names, in that order. `is_over` says that nothing is left
    to confirm.
    """
    *above, last = wrapped(message, text_width(width) - LABEL_AT)[: message_lines(height)]
    places: dict[str, tuple[Told, ...]] = {
        "title": (told(f" {words.title}", Role.TITLE),),
        PICKED: (Told(),),
        **body,
        "room": (),
        "above-message": (answer("".join(above)),),
        "message": (answer(last),),
        "undone": (told(f"{' ' * LABEL_AT}{words.final}" if words.final else ""),),
        "keys": (keys_bar(CLOSE if is_over else words.keep, "" if is_over else words.confirm, width),),
    }
    if is_low(height):
        del places["above-message"]
        if not words.final:
            del places["undone"]
    lines = min(HEIGHT, height)
    gaps = ((gap,) for gap in _GAPS if not any(map(str, places.get(gap, ()))))
    for names in (*gaps, *goes):
        if sum(map(len, places.values())) > lines:
            for name in names:
                places.pop(name, None)
    places["room"] = (Told(),) * (lines - sum(map(len, places.values())))
    return {place: lines for place, lines in places.items() if lines}


def about(
    booking: Booking,
    related: Related,
    now: datetime,
    home: Practice | None,
    width: int,
    *,
    cancels: bool = False,
) -> Shown:
    """Return what every dialog says of its booking, and of what stands beside it in `related`.

    Where one booking is cancelled the others are said to stay.
    """
    room = text_width(width) - (text_at(width) - TEXT_START)
    patient, time, seen_by = inset(summary(booking, now, home, room), width)
    another = namesake_words(booking, related, now, room - TEXT_START)
    same_name, other = inset(
        (
            labelled(SAME_NAME, another, Role.WARNING) if another else Told(),
            line_beside(booking, related, now, room - TEXT_START, stays=cancels),
        ),
        width,
    )
    return {"summary": (patient, time, same_name), "also": (other,), "with": (seen_by,)}


def follows_title() -> tuple[Told, ...]:
    """Return the heading of what follows a confirm."""
    return (told(f"{' ' * LABEL_AT}What follows", Role.HEADING),)


def answer(line: str) -> Told:
    """Return the line of an answer."""
    return told(f"{' ' * LABEL_AT}{line}" if line else "", Role.STRONG)


def message_lines(height: int) -> int:
    """Return how many lines an answer may take."""
    return 1 if is_low(height) else 2


def not_saved(why: FrontdeskError, width: int, height: int) -> str:
    """Return the sentence that nothing has happened, why, and the way on, in the room of an answer.

    What to do is never cut: the reason gives way.
    """
    # A window keeps the store that its booking was read from: from it no other one can be written.
    is_elsewhere = isinstance(why, Refused) and why.reason.code == OTHER_STORE
    way_on = ". Esc closes." if is_elsewhere else ". Try again or Esc."
    said, short = "Not saved, nothing has happened", cause(why)
    words = short.split()
    shorter = (f": {' '.join(words[:number])}.." for number in range(len(words) - 1, 2, -1))
    for reason in (f": {why.hint.rstrip('.')}", f": {short}", *shorter, ""):
        if len(wrapped(said + reason + way_on, text_width(width) - LABEL_AT)) <= message_lines(height):
            break
    return said + reason + way_on


def cause(why: FrontdeskError) -> str:
    """Return why something was not saved, without that nothing was changed."""
    return why.hint.partition(": nothing was changed")[0].rstrip(".")
