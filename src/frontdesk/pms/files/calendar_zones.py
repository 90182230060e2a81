"""What the time zones of a calendar mean: IANA's names, Windows' names, and zones that it describes itself.

It runs in a process of its own: see `calendar_process`.
"""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Timezone
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from frontdesk.pms.files.calendar_pieces import Piece

_ZONE = re.compile(r';TZID=(?:"([^"]*)"|([^";:]*))', re.IGNORECASE)


class UnknownZone(ValueError):
    """A time is by a clock that nobody knows."""


class Zones:
    """The time zones of a calendar. A name of IANA's or of Windows' counts before what the calendar says of it."""

    def __init__(self, described: Sequence[Piece]) -> None:
        self._described = described
        self._names: dict[str, str] = {}

    def put_right(self, line: str) -> str:
        """Return a line whose zone has a name that the library knows. Raises UnknownZone."""
        return _ZONE.sub(lambda found: f';TZID="{self._known(found[1] or found[2] or "")}"', line)

    def _known(self, name: str) -> str:
        if name not in self._names:
            self._names[name] = _iana(name) or self._own(name)
        return self._names[name]

    def _own(self, name: str) -> str:
        """Return the name under which the library knows a zone that the calendar describes."""
        for place, piece in enumerate(self._described):
            zone = Calendar.from_ical(f"BEGIN:VCALENDAR\r\n{piece.text}END:VCALENDAR\r\n").subcomponents[0]
            if not isinstance(zone, Timezone) or str(zone.get("TZID", "")) != name:
                continue
            if where := _iana(str(zone.get("X-LIC-LOCATION", ""))):
                return where
            known = f"frontdesk-{place}"
            zone["TZID"] = known
            tzp.cache_timezone_component(zone)
            return known
        raise UnknownZone


def _iana(name: str) -> str:
    """Return IANA's name of a zone, also of one such as `/example.org/2026/Australia/Adelaide`; else nothing."""
    cleaned = name.strip("/ ")
    parts = cleaned.split("/")
    for one in (WINDOWS_TO_OLSON.get(cleaned, ""), *("/".join(parts[at:]) for at in range(len(parts)))):
        try:
            if (one and "/" in one) or one in ("UTC", "GMT"):
                return ZoneInfo(one).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ""
