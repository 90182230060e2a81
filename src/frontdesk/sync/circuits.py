"""Hosts that do not answer: thousands of accounts share one outage, and need not find it out one by one."""

from collections.abc import Callable
from dataclasses import dataclass

from frontdesk.pauses import pause

FAILURES = 3
"""So many accounts in a row that found a host away keep the others from asking it."""

_PAUSES = (15.0, 30.0, 60.0, 120.0, 300.0, 900.0)


@dataclass
class _Circuit:
    failures: int = 0
    open_until: float = 0.0


class Circuits:
    """Remembers which hosts are away. `clock` gives seconds that only ever rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: dict[str, _Circuit] = {}

    def may_try(self, host: str) -> bool:
        """Whether a host may be asked: after each pause by whoever comes first."""
        circuit = self._hosts.get(host)
        return circuit is None or self._clock() >= circuit.open_until

    def failed(self, host: str) -> None:
        """Note that a host could not be reached."""
        circuit = self._hosts.setdefault(host, _Circuit())
        circuit.failures += 1
        if host and circuit.failures >= FAILURES:
            circuit.open_until = self._clock() + pause(_PAUSES, circuit.failures - FAILURES + 1)

    def closed(self, host: str) -> None:
        """Note that a host answers."""
        self._hosts.pop(host, None)
