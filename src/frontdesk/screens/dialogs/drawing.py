"""How dialogs of bookings draw what `words` says, and where its places are."""

from frontdesk.bookings import Cancellation
from frontdesk.widgets.line import BOLD, PLAIN, REVERSED, Line, TextBlock
from frontdesk.words.dialog import Role, Told

STYLES = """
    #dialog { height: auto; background: ansi_default; }
    #end { display: none; }
    BookingDialog.-tall #end { display: block; }
    BookingDialog.-tall #status, BookingDialog.-tall .spare { display: none; }
    #reason-box { height: 4; padding: 0 1; }
    #reason-box TextBlock { width: 1; }
    #buttons { height: 1; padding: 0 0 0 2; }
    #keep { margin-right: 4; }
    #hint { margin-left: 6; }
    BookingDialog.-low .gap { display: none; }
    BookingDialog.-wide #reason-box, BookingDialog.-wide #reason { height: 3; }
    BookingDialog.-low #reason-box, BookingDialog.-low #reason { height: 2; }
    """


def draw(widget: Line | TextBlock, lines: tuple[Told, ...]) -> None:
    """Have a line or a block show what it is told, as this program draws roles today."""
    if isinstance(widget, TextBlock):
        # Lines that warn are heavier, besides their `!` or label.
        widget.show(tuple((str(line), BOLD if line.warning else PLAIN) for line in lines))
        return
    (line,) = lines
    text = "".join(part.text for part in line.parts)
    roles = {part.role for part in line.parts}
    if Role.TITLE in roles:
        widget.show(text, line.right, REVERSED)
    elif roles == {Role.WARNING}:
        widget.show(text, line.right, BOLD)
    else:
        widget.show(text, line.right, marked=line.warning)


def who_cancelled(done: Cancellation, at: str) -> str:
    """Return who cancelled a booking while it was on the dialog, and when, by the clock at the desk."""
    if done.source:
        return f"This was cancelled, as {done.source} says."
    return f"{done.by} cancelled this at {at}."
