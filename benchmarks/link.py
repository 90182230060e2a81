"""The line between a program and the operator: how long it takes, and how much it carries."""

from collections.abc import Iterator
from dataclasses import dataclass

_PACKET = 1_448
_OVERHEAD = 76
"""Bytes of TCP, IP and SSH around what one packet carries."""
_SEND_WINDOW = 0.5
"""Seconds of output that may be under way before the program is made to wait."""


@dataclass
class Link:
    """A line of `round_trip` seconds that brings `bits_per_second` down; 0 is without limit.

    Keys go up with the delay alone: they are small. Loss and jitter are not modelled.
    """

    round_trip: float = 0.0
    bits_per_second: int = 0
    _free_at: float = 0.0

    @property
    def delay(self) -> float:
        """Seconds one way."""
        return self.round_trip / 2

    def arrivals(self, written_at: float, data: bytes) -> Iterator[tuple[float, bytes]]:
        """Take `data` written at a time; yield when each packet of it arrives, and the packet.

        Packets wait for those before them.
        """
        packet = _PACKET if self.bits_per_second else max(1, len(data))
        for start in range(0, len(data), packet):
            part = data[start : start + packet]
            self._free_at = max(written_at, self._free_at)
            if self.bits_per_second:
                self._free_at += (len(part) + _OVERHEAD) * 8 / self.bits_per_second
            yield self._free_at + self.delay, part

    def is_full(self, now: float) -> bool:
        """Whether so much is under way that nothing more is taken from the program."""
        return self._free_at - now > _SEND_WINDOW


def slow_line() -> Link:
    """Return the line that the goals are for: 80 ms there and back, 256 kbit/s."""
    return Link(round_trip=0.080, bits_per_second=256_000)
