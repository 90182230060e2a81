"""What every dialog of a booking says: its frame, its answers, and what is said of what was not saved."""

from dataclasses import dataclass

from frontdesk.bookings import OTHER_STORE
from frontdesk.errors import FrontdeskError, Refused
from frontdesk.words.fitting import wrapped
from frontdesk.words.told import LABEL_START, Role, Told, told

DESIGN_HEIGHT = 24
"""Lines of the window that dialogs are drawn for; with fewer of them something is left out."""
END = "-" * 40


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
    return height < DESIGN_HEIGHT


def frame(words: Wording, message: str, width: int, height: int) -> dict[str, tuple[Told, ...]]:
    """Return what every dialog of a booking shows around its own lines."""
    *above, last = wrapped(message, width - LABEL_START)[: message_lines(height)]
    places = {
        "title": (told(f" {words.title}", Role.TITLE),),
        "undone": (told(f"{' ' * LABEL_START}{words.final}", Role.STRONG),),
        "above-message": (_answer("".join(above)),),
        "message": (_answer(last),),
        "buttons": (told(f"{words.keep}  Esc", Role.KEY), told(f"{words.confirm}  F8", Role.KEY)),
        "hint": (told("Tab moves, Enter presses", Role.QUIET),),
        "end": (told(END, Role.QUIET),),
    }
    if is_low(height):
        del places["above-message"]
    return places


def _answer(line: str) -> Told:
    return told(f"{' ' * LABEL_START}{line}" if line else "", Role.WARNING)


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
        if len(wrapped(said + reason + way_on, width - LABEL_START)) <= message_lines(height):
            break
    return said + reason + way_on


def cause(why: FrontdeskError) -> str:
    """Return why something was not saved, without that nothing was changed."""
    return why.hint.partition(": nothing was changed")[0].rstrip(".")
