"""Server-Sent Events, line by line.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """What a blank line ended. `id` is the latest that the stream told, in this event or before it."""

    name: str
    id: str
    data: str


class EventReader:
    """Puts lines together to events."""

    def __init__(self) -> None:
        self._name = ""
        self._id = ""
        self._data: list[str] = []

    def take(self, line: str) -> Event | None:
        """Take a line without its end; return the event that it ended, if it did."""
        if not line:
            return self._ended()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _ended(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data = "", []
        return Event(name or "message", self._id, "\n".join(data)) if data else None


def is_comment(line: str) -> bool:
    """Whether a line says nothing but that the other side is there."""
    return line.startswith(":")
