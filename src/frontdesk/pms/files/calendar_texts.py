"""What the texts of an event say: who comes, what for, and to whom.

It runs in a process of its own: see `calendar_process`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from icalendar import Event

from frontdesk.pms.files.calendar_pieces import property_name
from frontdesk.pms.files.calendar_shapes import Asked
from frontdesk.pms.files.patterns import Pattern
from frontdesk.text import clean

LONGEST_ID = 200

_LONGEST_TEXT = 2_000


class Texts:
    """Reads the texts of one calendar's events; `lines` are the calendar's own.

    `are_withdrawn`: the calendar takes all its events back (RFC 5546, 1.4).
    """

    def __init__(self, asked: Asked, lines: Sequence[str]) -> None:
        self._where = asked.practitioner
        self._summary = [Pattern.parse(one) for one in asked.summary]
        self._description = [Pattern.parse(one) for one in asked.description]
        calendar = _own_properties(lines)
        self.are_withdrawn = calendar.get("METHOD", "").upper() == "CANCEL"
        self._name = calendar.get("X-WR-CALNAME", "") or calendar.get("NAME", "")

    def said(self, component: Event) -> Mapping[str, str]:
        """Return what the texts of an event have in the fields of the patterns; the title counts first."""
        found: dict[str, str] = {}
        for line in str(component.get("DESCRIPTION", ""))[:_LONGEST_TEXT].splitlines():
            for pattern in self._description:
                found = {**(pattern.read(clean(line)) or {}), **found}
        title = text_of(component.get("SUMMARY"))
        return {**found, **next(filter(None, (one.read(title) for one in self._summary)), {})}

    def practitioner(self, component: Event, said: Mapping[str, str]) -> tuple[str, str]:
        """Return the name of whom an event is with, and the id where there is one."""
        if name := said.get("practitioner"):
            return name, ""
        where = self._where
        organizer: Any = component.get("ORGANIZER")
        if where == "organizer" and organizer is not None:
            address = re.sub("^mailto:", "", clean(str(organizer)), flags=re.IGNORECASE).lower()
            return clean(str(organizer.params.get("CN", ""))) or address, address[:LONGEST_ID]
        own = "" if where in ("organizer", "calendar") else text_of(component.get(where.upper()))
        return own or self._name, ""


def text_of(value: Any) -> str:
    """Return the text of a property; of several values, and of several properties, all of them."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(filter(None, map(text_of, value)))
    categories = getattr(value, "cats", None)
    return text_of([str(one) for one in categories]) if categories else clean(str(value)[:_LONGEST_TEXT])


def _own_properties(lines: Sequence[str]) -> Mapping[str, str]:
    """Return the texts that a calendar has for itself; the first of a name counts."""
    found: dict[str, str] = {}
    for line in lines:
        value = line.partition(":")[2].replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
        found.setdefault(property_name(line), clean(value[:_LONGEST_TEXT]))
    return found
