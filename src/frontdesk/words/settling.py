"""The lines in which a person says what was done about something that failed."""

from frontdesk.bookings import REASON_LIMIT, Operator
from frontdesk.words.dialog import answer, counted, field, key_bar
from frontdesk.words.told import Part, Role, Shown, Told, told


def note_lines(headline: str, operator: Operator, used: int, message: str, width: int) -> Shown:
    """Return what asks for the note, by place. `used` counts its characters, `message` is the latest answer."""
    asked = Part(f"What was done? Signed {operator}", Role.LABEL)
    return {
        "title": (told(f" {headline}", Role.TITLE),),
        "gap": (Told(),),
        "label": (counted((asked,), f"{used}/{REASON_LIMIT}"),),
        "note": (field(width),),
        "message": (answer(message),),
        "keys": (key_bar(("Enter", "settles it"), ("Esc", "leaves it as it is"), width=width),),
    }
