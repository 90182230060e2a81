"""A calendar (RFC 5545) taken apart into its events, so that one that is broken costs nothing but itself.

It runs in a process of its own: see `calendar_process`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FOLDED = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_LINE = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"([A-Za-z0-9-]+)[;:]")
_WANTED = ("VEVENT", "VTIMEZONE")


@dataclass(slots=True)
class Piece:
    """A component by its name, with its lines from BEGIN to END; `number` counts those of its name from 1."""

    name: str
    number: int
    lines: list[str]

    @property
    def text(self) -> str:
        return "\r\n".join((*self.lines, ""))

    def own(self) -> list[tuple[str, str]]:
        """Return the lines that are its own, not those of what stands inside, each with its property's name."""
        depth, found = 0, []
        for line in self.lines:
            name = property_name(line)
            depth += name == "BEGIN"
            if depth == 1 and name not in ("BEGIN", "END"):
                found.append((name, line))
            depth -= name == "END"
        return found


@dataclass(slots=True)
class Pieces:
    """The events and time zones of a calendar, and its own lines. `is_whole`: all that begins ends."""

    events: list[Piece] = field(default_factory=list)
    zones: list[Piece] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    is_whole: bool = True


def take_apart(feed: bytes) -> Pieces:
    """Return what a feed is made of, however broken it is."""
    found = Pieces()
    open_names: list[str] = []
    piece: Piece | None = None
    numbers = dict.fromkeys(_WANTED, 0)
    calendars = 0
    for line in _lines(feed):
        name, value = property_name(line), line.partition(":")[2].strip().upper()
        if name == "BEGIN":
            open_names.append(value)
            calendars += value == "VCALENDAR"
            if piece is None and len(open_names) == 2 and value in _WANTED:
                numbers[value] += 1
                piece = Piece(value, numbers[value], [])
        if piece is not None:
            piece.lines.append(line)
        elif open_names == ["VCALENDAR"]:
            found.lines.append(line)
        if name == "END":
            if not open_names or open_names.pop() != value:
                found.is_whole = False
                break
            if piece is not None and len(open_names) == 1:
                (found.events if piece.name == "VEVENT" else found.zones).append(piece)
                piece = None
    if piece is not None and piece.name == "VEVENT":
        found.events.append(piece)
    found.is_whole = found.is_whole and calendars > 0 and not open_names
    return found


def property_name(line: str) -> str:
    """Return the name that a line begins with, in capitals; empty where it has none."""
    name = _NAME.match(line)
    return name[1].upper() if name else ""


def _lines(feed: bytes) -> Iterator[str]:
    # A long line may be folded within a letter of several bytes (RFC 5545, 3.1): first unfold, then decode.
    text = _FOLDED.sub(b"", feed).decode("utf-8-sig", "replace")
    yield from (line for line in _LINE.split(text) if line.strip())
