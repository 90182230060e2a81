"""The bytes of an HL7 message (version 2, chapter 2) as segments and fields, and the answer to it.

What a message has in it is in no error: senders get to know what to mend, nobody gets to know of whom it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from uuid import uuid4

import hl7

MOST_SEPARATORS = 20_000
"""A message about an appointment has some hundred; each of them is an object when it is read."""

_CHARACTER_SETS = {
    "": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "ASCII": "ascii",
    "8859/1": "latin-1",
    "8859/15": "iso8859-15",
}
"""MSH-18, by table 0211."""

_HEAD = 21
"""Fields of MSH that are looked at."""

_HEXADECIMAL = re.compile("X(?:[0-9A-Fa-f]{2})+")
EMPTY = '""'
"""A field that is empty, and is to be (2.5.3.2), where one without anything says nothing."""


class Code(Enum):
    """How a message is answered (table 0008)."""

    ACCEPTED = "AA"
    """It is kept, and must not come again."""
    ERROR = "AE"
    """It has to be mended before it is sent again."""
    REJECTED = "AR"
    """It may be sent again as it is."""


class Unreadable(Exception):
    """What came is no message of HL7: there is nobody to answer to."""


class NotTaken(Exception):
    """A message that is not taken in. The text says what has to be mended, without anything of a patient."""


class NotNow(Exception):
    """A message that cannot be kept now, and may be sent again as it is."""


@dataclass(frozen=True, slots=True)
class Header:
    """What MSH says, as it is written there; `separators` are MSH-1 and MSH-2."""

    separators: str
    fields: Sequence[str]

    def __getitem__(self, number: int) -> str:
        """Return a field by its number in the standard, from 3 on; one that is not there is empty."""
        return self.fields[number - 3] if number - 3 < len(self.fields) else ""

    def component(self, number: int, which: int = 1) -> str:
        """Return a component of a field, counted from 1."""
        parts = self[number].split(self.separators[1])
        return parts[which - 1] if which <= len(parts) else ""

    @property
    def control_id(self) -> str:
        """MSH-10: which of the sender's messages it is."""
        return self[10].strip()

    @property
    def event(self) -> str:
        """What has happened, such as S12; empty where it is no message about appointments."""
        return self.component(9, 2).strip() if self.component(9).strip() == "SIU" else ""


def header(block: bytes) -> Header:
    """Return what MSH says. Raises Unreadable."""
    # Whatever the rest is written in: what is looked at here are letters and digits.
    first = block.split(b"\r", 1)[0].decode("latin-1").strip("\n")
    if len(first) < 9 or not first.startswith("MSH"):
        raise Unreadable
    separator = first[3]
    marks, *fields = first[4:].split(separator)
    separators = separator + marks
    if not 2 <= len(marks) <= 5 or len(set(separators)) < len(separators):
        raise Unreadable
    if any(mark.isalnum() or not mark.isprintable() or mark == " " for mark in separators):
        raise Unreadable
    return Header(separators, fields[:_HEAD])


class Message:
    """A message whose segments are read. Texts come without the marks that the standard escapes."""

    def __init__(self, block: bytes, head: Header) -> None:
        """Raises NotTaken."""
        self.head = head
        said = head[18].split(head.separators[2] if len(head.separators) > 2 else "~")[0].strip()
        if said not in _CHARACTER_SETS:
            raise NotTaken("MSH-18 names a character set that is not known: use UNICODE UTF-8")
        try:
            text = block.decode(_CHARACTER_SETS[said])
        except UnicodeDecodeError:
            raise NotTaken("it is not written in the character set of MSH-18") from None
        # Some write ends of line as on their own machine.
        text = text.replace("\r\n", "\r").replace("\n", "\r").rstrip("\r")
        if sum(map(text.count, {"\r", *head.separators})) > MOST_SEPARATORS:
            raise NotTaken("it has too many fields")
        self._codec = _CHARACTER_SETS[said]
        self._escape = head.separators[3] if len(head.separators) > 3 else "\\"
        try:
            self._parsed = hl7.parse(text)
        except Exception:
            # Whatever its parser raises about what others send, it is the message that is at fault.
            raise NotTaken("its segments cannot be read") from None

    def segments(self, name: str) -> list["Segment"]:
        """Return the segments of a name, in order."""
        return [Segment(one, self) for one in self._parsed if _first(one) == name]

    def text(self, value: str) -> str:
        """Return what a part of a field says without its escapes (2.7); one that is not known says nothing."""
        separators = self.head.separators
        marks = {"F": 0, "S": 1, "R": 2, "E": 3, "T": 4}
        pieces = value.split(self._escape)
        if len(pieces) < 3:
            return value
        found = pieces[0]
        for at, piece in enumerate(pieces[1:], 1):
            if at % 2 == 0 or at == len(pieces) - 1:
                found += piece
            elif piece in marks and marks[piece] < len(separators):
                found += separators[marks[piece]]
            elif piece.startswith((".br", ".sp")):
                found += " "
            elif _HEXADECIMAL.fullmatch(piece):
                found += bytes.fromhex(piece[1:]).decode(self._codec, "replace")
        return found


def _first(segment: object) -> str:
    return str(segment[0]) if isinstance(segment, list) and segment else ""


class Segment:
    """One segment of a message."""

    def __init__(self, parsed: hl7.Segment, message: Message) -> None:
        self._parsed = parsed
        self._message = message

    def repetitions(self, field: int) -> int:
        """How often a field is there."""
        return len(self._parsed[field]) if field < len(self._parsed) else 0

    def said(self, field: int, component: int = 1, repetition: int = 1, part: int = 1) -> str:
        """Return a part of a field, all counted from 1; what is not there is empty.

        A field without the parts that it could have is its own first part.
        """
        value: object = self._parsed[field] if field < len(self._parsed) else ""
        for index in (repetition, component, part):
            if not isinstance(value, list):
                if index > 1:
                    return ""
                continue
            value = value[index - 1] if index <= len(value) else ""
        return self._message.text(value).strip() if isinstance(value, str) else ""


def answer(head: Header, code: Code, why: str = "", now: datetime | None = None) -> bytes:
    """Return the acknowledgement of a message (2.9.2): its own id comes back in MSA-2."""
    separator, component = head.separators[0], head.separators[1]
    sent_at = (now or datetime.now(UTC)).strftime("%Y%m%d%H%M%S+0000")
    event = head.component(9, 2)
    kind = component.join(filter(None, ("ACK", event)))
    msh = [
        "MSH",
        head.separators[1:],
        *(head[number] for number in (5, 6, 3, 4)),
        sent_at,
        "",
        kind,
        uuid4().hex[:20],
        head[11] or "P",
        head[12] or "2.4",
    ]
    said = "".join(letter for letter in why if letter not in head.separators)
    msa = ["MSA", code.value, head[10], *([said] if said else [])]
    text = separator.join(msh) + "\r" + separator.join(msa) + "\r"
    return text.encode("latin-1", "replace")
