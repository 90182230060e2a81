"""From the bytes a terminal sends to keys, without losing an Esc or spelling out a key.

Textual's own reader drops an Esc that another byte follows (`ESC CR` presses the focused
button) and types out a function key that a slow line has cut (`ESC`, pause, `[19~` arrives
as Esc and four letters). `KeyReader` decides by these rules:

*Esc.* ESC followed by a byte that begins no sequence is Esc and then that key, in order;
never Alt. An ESC with nothing behind it for `ESCAPE_WAIT` is Esc. The wait can be short
because a mistake is harmless: the tail of a sequence whose ESC was already taken as Esc is
recognised for `LATE_WAIT` and dropped.

*Sequences.* `ESC [` begins a control sequence (ECMA-48 section 5.4, DEC's SS3 and strings
likewise). Unknown or broken it is swallowed whole, with the byte that broke it: an Enter
inside something not understood must not press a button. Pauses of up to `LATE_WAIT` do not
end it. A report (focus, position, mode, size, start of a paste) counts however late its
tail is; a key counts only if its ESC has not been taken as Esc.

*Letters.* After Esc people type names, and some begin with O, as `ESC O P` (F1) goes on.
So after ESC, and for `LATE_WAIT` after Esc, these are held until the next byte tells:

- `[` is always a sequence. No name holds one, so a typed `[` right after Esc is lost.
- `O` in time is SS3 before a letter or digit, else Esc and a typed O ("O'Brien"). After
  Esc it is the tail of an F1..F4 or cursor key only before one of their capitals, and even
  then it was typed if a printable character follows within `TYPING_WAIT` ("OBRIEN").
- `]` before a digit, `P` before a digit or one of `>!$+`, `_` before G begin a string (an
  answer to a question, maybe of some earlier program). After Esc has been given, P is the letter.

*The background.* Its answer is a string (`OSC 11 ; rgb:R/G/B ST`), and its two ESC may come apart
from what follows. So for `OWED_WAIT` after the question a lone ESC is given up only after
`LATE_WAIT`, and behind the colour an ESC is the end of the string, and never Esc.

What is held and not continued in time was typed, and is delivered.
"""

import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Final

from textual import constants, events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual._xterm_parser import IS_ITERM, XTermParser
from textual.keys import _character_to_key
from textual.message import Message

ESCAPE_WAIT: Final = 0.04
"""Seconds of silence after which a lone ESC is the Esc key."""
LATE_WAIT: Final = 1.5
"""Seconds of silence after which a sequence, or its missing tail, is given up."""
TYPING_WAIT: Final = 0.5
"""Seconds within which a person typing capitals has pressed the third one."""
PASTE_WAIT: Final = 10.0
"""Seconds of silence after which a paste whose end was lost counts as ended."""
PASTE_LIMIT: Final = 65_536
"""Characters kept of one paste; no field of the program takes more than a few hundred."""
OWED_WAIT: Final = 2.0
"""Seconds after the question for the background in which an ESC is more likely its answer than the key."""
STRING_LIMIT: Final = 4_096
"""Characters after which an OSC, DCS or APC string is given up."""
SEQUENCE_LIMIT: Final = 64
"""Characters kept of a control sequence; a longer one is swallowed to its end all the same."""

ESC: Final = "\x1b"
BACKGROUND_QUESTION: Final = "\x1b]11;?\x1b\\"
"""Asks for the background's colour (xterm's control sequences, OSC 11)."""
_EIGHT_BIT_CSI: Final = ("\x9b", "\udc9b")
_PASTE_START: Final = "[200~"
_PASTE_END: Final = "\x1b[201~"
_STRING_ENDS: Final = "\x07\x9c"
_X10_MOUSE: Final = "[M"
_X10_MOUSE_BYTES: Final = 3
_DIGITS: Final = "0123456789"
_STRINGS: Final = {"]": _DIGITS, "P": _DIGITS + ">!$+", "_": "G"}
_LATE_SS3_FINALS: Final = "ABCDEFHPQRS"

_QUESTION_ROW: Final = 2
_QUESTION_COLUMNS: Final = 32
_POSITION: Final = re.compile(rf"\[{_QUESTION_ROW};(\d{{1,2}})R")
_MODE: Final = re.compile(r"\[\?(\d{1,5});(\d)\$y")
_SIZE: Final = re.compile(
    r"\[48;(\d{1,5})(?::\d*)*;(\d{1,5})(?::\d*)*;(\d{1,5})(?::\d*)*;(\d{1,5})(?::\d*)*t"
)
_BACKGROUND: Final = re.compile(
    r"\]11;rgba?:([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})(?:/[0-9A-Fa-f]{1,4})?"
)
"""What the terminal says of its background: red, green and blue, as XParseColor(3) reads them."""
_MOUSE: Final = re.compile(r"\[<(\d{1,3});(\d{1,4});(\d{1,4})([Mm])")
"""A mouse event as mode 1006 reports it (xterm, "Extended coordinates"): M pressed, m let go."""
_MOUSE_TURNS: Final = {0: 0, 64: -1, 65: 1}
"""What is heard of the mouse: the main button, and the wheel."""
_EXTENDED_KEY: Final = re.compile(r"\x1b\[(\d*)[\d:;]*([u~ABCDEFHPQRS])")


class PositionAnswered(events.Event):
    """The terminal has answered a position question: what was written before it is shown.

    `number` is the one `terminal.ask_position` returned. It reaches the app in order with the
    keys; but Textual then hands keys on from queue to queue, so by the time one takes effect
    this may have overtaken it. Compare when they arrived.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__()


class Pointed(events.Event):
    """The mouse was pressed, or its wheel turned by one notch.

    `x` and `y` are the cell, 0 the first. `turned` is 1 for down, -1 for up, 0 for the main button.
    """

    def __init__(self, x: int, y: int, turned: int) -> None:
        self.x, self.y, self.turned = x, y, turned
        super().__init__()


class BackgroundAnswered(events.Event):
    """The terminal has said what its background is: `colour`, 0xRRGGBB."""

    def __init__(self, colour: int) -> None:
        self.colour = colour
        super().__init__()


class KeyReader:
    """Reads what a terminal sends. Knows no clock: times are passed in, in seconds.

    Time passes in `tick` alone. The caller ticks when it has waited until `deadline` and
    nothing came, so a program that was busy does not take its own delay for the line's.
    """

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.hears_mouse = False
        """Whether reports of a mouse are heard; else they are swallowed like all that nobody asked for."""
        self._decode = getincrementaldecoder("utf-8")("surrogateescape").decode
        self._extended_key = XTermParser()._parse_extended_key
        self._take: Callable[[str], None] = self._ground
        self._wait: float | None = None
        self._told: list[Message] = []
        self._held = ""
        self._late = False
        self._in_string = False
        self._string_held = ""
        self._now = self._owed_until = self._escaped_at = float("-inf")
        self._left = 0
        self._pasted: list[str] = []
        self._numbers: dict[int, int] = {}
        self._asked = 0

    def feed(self, data: bytes, now: float) -> list[Message]:
        """Take the bytes read at `now`; return what they make, in order."""
        self._now = now
        for char in self._decode(data):
            self._take(char)
        return self._tell(now)

    def tick(self, now: float) -> list[Message]:
        """Say that nothing has come until `now`; return what that makes of what is held."""
        if self.deadline is None or now < self.deadline:
            return []
        self._expire()
        return self._tell(now)

    def question(self) -> tuple[int, str]:
        """Return a new question's number (1, 2, ...) and what to write to ask it.

        The answer to `CSI 6n`, `CSI row ; column R`, looks like Shift+F3 (`CSI 1 ; 2 R`). So
        the (hidden) cursor is put on a row that no key names and on a column that names the
        question, and put back behind it.
        """
        self._asked += 1
        column = self._asked % _QUESTION_COLUMNS + 1
        self._numbers[column] = self._asked
        return self._asked, f"\x1b7\x1b[{_QUESTION_ROW};{column}H\x1b[6n\x1b8"

    def expect_background(self, now: float) -> None:
        """Take note that `BACKGROUND_QUESTION` is about to be written."""
        self._owed_until = now + OWED_WAIT

    def _tell(self, now: float) -> list[Message]:
        self.deadline = None if self._wait is None else now + self._wait
        told, self._told = self._told, []
        return told

    def _go(self, take: Callable[[str], None], wait: float | None, held: str = "") -> None:
        self._take, self._wait, self._held = take, wait, held

    def _expire(self) -> None:
        take, held, late = self._take, self._held, self._late
        self._go(self._ground, None)
        if take == self._maybe_answer or (take == self._escape and not late):
            if not self._ends_background():
                self._press_escape()
            self._late = True
            self._go(self._escape, LATE_WAIT)
        elif take == self._introduced:
            self._typed(held, late=late)
        elif take == self._paste:
            self._end_paste()

    # States: each takes one character.

    def _ground(self, char: str) -> None:
        if char == ESC:
            self._late = self._in_string = False
            if self._now < self._owed_until:
                self._escaped_at = self._now
                self._go(self._maybe_answer, LATE_WAIT)
            else:
                self._go(self._escape, ESCAPE_WAIT)
        elif char in _EIGHT_BIT_CSI:
            self._late = False
            self._go(self._sequence, LATE_WAIT, "[")
        else:
            self._press_character(char)

    def _maybe_answer(self, char: str) -> None:
        """One character after an ESC while the terminal owes an answer: only that one may come apart."""
        self._go(self._escape, ESCAPE_WAIT)
        if char != "]" and self._now > self._escaped_at + ESCAPE_WAIT:
            self._press_escape()
            self._late = True
        self._take(char)

    def _escape(self, char: str) -> None:
        late = self._late or self._ends_background()
        if char == "[":
            self._go(self._sequence, LATE_WAIT, char)
        elif self._in_string and char == "\\":
            self._go(self._ground, None)
        elif char == "O" or (char in _STRINGS and not (late and char == "P")):
            self._go(self._introduced, LATE_WAIT, char)
        else:
            self._typed("", late=late)
            self._take(char)

    def _introduced(self, char: str) -> None:
        """One character after ESC (or Esc) and O, P, ] or _, which is held."""
        held, late = self._held, self._late
        if held != "O" and char in _STRINGS[held]:
            self._left = STRING_LIMIT
            self._string_held = held + char
            self._go(self._string, LATE_WAIT)
        elif held == "O" and late and char in _LATE_SS3_FINALS:
            self._go(self._late_ss3, TYPING_WAIT, held + char)
        elif held == "O" and not late and (char in _DIGITS or "@" <= char <= "~"):
            self._go(self._ss3, LATE_WAIT, held)
            self._take(char)
        else:
            self._typed(held, late=late)
            self._take(char)

    def _ss3(self, char: str) -> None:
        held = self._held + char
        if char in _DIGITS or char == ";":
            self._go(self._ss3, LATE_WAIT, held[:SEQUENCE_LIMIT])
            return
        self._go(self._ground, None)
        if char == ESC:
            self._take(char)
        elif "@" <= char <= "~":
            self._press_sequence(held)

    def _late_ss3(self, char: str) -> None:
        held = self._held
        self._go(self._ground, None)
        if char.isprintable():
            self._typed(held, late=True)
        self._take(char)

    def _sequence(self, char: str) -> None:
        held = self._held + char
        if held == "[[":
            # The Linux console's F1..F5 are ESC [ [ A..E, though [ is a final byte.
            self._go(self._sequence, LATE_WAIT, held)
        elif " " <= char <= "?" and not self._ends_with_dollar(held):
            self._go(self._sequence, LATE_WAIT, held[:SEQUENCE_LIMIT])
        else:
            self._go(self._ground, None)
            if char == ESC:
                self._take(char)
            elif " " <= char <= "~":
                self._end_sequence(held)

    def _ends_with_dollar(self, held: str) -> bool:
        """Whether this is one of rxvt's keys, that end in $ and have no final byte."""
        return held[-1] == "$" and ESC + held in ANSI_SEQUENCES_KEYS

    def _swallow(self, char: str) -> None:
        self._left -= 1
        if char == ESC or not self._left:
            self._go(self._ground, None)
        if char == ESC:
            self._take(char)

    def _string(self, char: str) -> None:
        self._left -= 1
        if char == ESC:
            self._late, self._in_string = False, True
            self._go(self._escape, ESCAPE_WAIT)
            self._end_string()
        elif not self._left or unicodedata.category(char) == "Cc":
            self._go(self._ground, None)
            if char in _STRING_ENDS:
                self._end_string()
        else:
            self._string_held = (self._string_held + char)[:SEQUENCE_LIMIT]

    def _paste(self, char: str) -> None:
        held = self._held + char
        if held == _PASTE_END:
            self._go(self._ground, None)
            self._end_paste()
        elif _PASTE_END.startswith(held):
            self._go(self._paste, PASTE_WAIT, held)
        else:
            self._keep(self._held)
            self._go(self._paste, PASTE_WAIT, ESC if char == ESC else "")
            self._keep("" if char == ESC else char)

    # What they make.

    def _ends_background(self) -> bool:
        """Whether the ESC that came is the end of what the terminal says of its background."""
        return self._in_string and _BACKGROUND.fullmatch(self._string_held) is not None

    def _end_string(self) -> None:
        if found := _BACKGROUND.fullmatch(self._string_held):
            self._owed_until = float("-inf")
            red, green, blue = (int(part, 16) * 0xFF // (16 ** len(part) - 1) for part in found.groups())
            self._told.append(BackgroundAnswered(red << 16 | green << 8 | blue))

    def _end_sequence(self, sequence: str) -> None:
        if sequence == _PASTE_START:
            self._go(self._paste, PASTE_WAIT)
        elif sequence == _X10_MOUSE:
            self._left = _X10_MOUSE_BYTES
            self._go(self._swallow, LATE_WAIT)
        elif sequence == "[I":
            self._told.append(events.AppFocus())
        elif sequence == "[O":
            self._told.append(events.AppBlur())
        elif found := _POSITION.fullmatch(sequence):
            number = self._numbers.pop(int(found[1]), None)
            if number is not None:
                self._told.append(PositionAnswered(number))
        elif found := _MODE.fullmatch(sequence):
            self._report_mode(found[1], int(found[2]))
        elif found := _SIZE.fullmatch(sequence):
            height, width, pixel_height, pixel_width = map(int, found.groups())
            self._told.append(events.Resize.from_dimensions((width, height), (pixel_width, pixel_height)))
        elif self.hears_mouse and (found := _MOUSE.fullmatch(sequence)):
            turned = _MOUSE_TURNS.get(int(found[1]))
            if turned is not None and found[4] == "M" and not self._late:
                self._told.append(Pointed(int(found[2]) - 1, int(found[3]) - 1, turned))
        elif not self._late:
            self._press_sequence(sequence)

    def _report_mode(self, mode: str, setting: int) -> None:
        if mode == "2026" and setting > 0:
            self._told.append(messages.TerminalSupportsSynchronizedOutput())
        elif mode == "2048" and constants.SMOOTH_SCROLL and not IS_ITERM:
            self._told.append(messages.InBandWindowResize.from_setting_parameter(setting))

    def _typed(self, held: str, *, late: bool) -> None:
        """What looked like the start of a sequence was Esc and these characters."""
        self._go(self._ground, None)
        if not late:
            self._press_escape()
        for char in held:
            self._press_character(char)

    def _press_escape(self) -> None:
        self._told.append(events.Key("escape", ESC))

    def _press_character(self, char: str) -> None:
        if not self._press_from_table(char):
            self._press(events.Key(_character_to_key(char), char))

    def _press_sequence(self, sequence: str) -> None:
        found = _EXTENDED_KEY.fullmatch(ESC + sequence)
        # Textual reads `CSI 5 A` as the character number 5: only what it has a name for.
        if found and (found[2] == "u" or f"{found[1] or 1}{found[2]}" in FUNCTIONAL_KEYS):
            try:
                keys = self._extended_key(ESC + sequence) or ()
            except (ValueError, OverflowError):
                return  # no such code point
            for key in keys:
                self._press(key.copy())
        else:
            self._press_from_table(ESC + sequence)

    def _press_from_table(self, sequence: str) -> bool:
        keys = ANSI_SEQUENCES_KEYS.get(sequence)
        if isinstance(keys, tuple):
            for key in keys:
                self._press(events.Key(key.value, sequence if len(sequence) == 1 else None))
        elif isinstance(keys, str):
            self._press(events.Key(_character_to_key(keys), keys))
        return keys is not None

    def _press(self, key: events.Key) -> None:
        """Deliver a key, unless it is a modifier by itself or has no name.

        Nameless are C1 controls, the surrogates that stand for bytes that are not UTF-8, and
        controls that a kitty report claims were typed.
        """
        nameless = not key.key.isprintable() or (
            len(key.key) == 1 and key.character is not None and not key.character.isprintable()
        )
        if not nameless and key.key not in MODIFIER_FUNCTIONAL_KEYS:
            self._told.append(key)

    def _keep(self, text: str) -> None:
        if len(self._pasted) < PASTE_LIMIT:
            self._pasted.extend(
                char for char in text if unicodedata.category(char) not in {"Cc", "Cs"} or char in "\t\n\r"
            )

    def _end_paste(self) -> None:
        self._told.append(events.Paste("".join(self._pasted)))
        self._pasted.clear()
