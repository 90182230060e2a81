"""A line between a desk and its PostgreSQL that can be cut in every way a network knows."""

import contextlib
import select
import socket
import struct
import threading
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Self

COMMIT = b"COMMIT\0"
"""As it stands in a Query message (PostgreSQL documentation, Frontend/Backend Protocol)."""


class Fault(Enum):
    """What is wrong with the line."""

    NOTHING = auto()
    SILENT = auto()
    """Half-open: nothing arrives any more, and nobody is told."""
    REFUSED = auto()
    """What is there goes on, a new connection is reset."""
    LOSES_COMMITS = auto()
    """The next COMMIT does not arrive; its connection is reset, and new ones are refused."""
    LOSES_ANSWERS = auto()
    """The next COMMIT arrives; its answer does not, as above."""


class CutLine:
    """Relays TCP connections at `port` of the loopback address to PostgreSQL's socket."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.fault = Fault.NOTHING
        self.lost = threading.Event()
        """Set when a COMMIT, or its answer, was lost."""
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waker.send(b"x")
        self._thread.join()
        for one in (self._listener, self._wake, self._waker, *self._pairs):
            one.close()

    def cut(self) -> None:
        """Reset every connection there is."""
        self._waker.send(b"c")

    def _run(self) -> None:
        while True:
            silent = self.fault is Fault.SILENT
            watched = [self._wake] if silent else [self._wake, self._listener, *self._pairs]
            for ready in select.select(watched, [], [], 0.05)[0]:
                if ready is self._wake:
                    if self._wake.recv(1) == b"x":
                        return
                    for one in list(self._pairs):
                        self._reset(one)
                elif ready is self._listener:
                    self._accept()
                elif ready in self._pairs:
                    self._relay(ready)

    def _accept(self) -> None:
        desk, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):
            if self.fault is Fault.NOTHING:
                server.connect(str(self._target))
                self._pairs |= {desk: server, server: desk}
                return
        server.close()
        _close_with_reset(desk)

    def _relay(self, ready: socket.socket) -> None:
        other = self._pairs[ready]
        try:
            data = ready.recv(65_536)
            losing = COMMIT in data and self.fault in (Fault.LOSES_COMMITS, Fault.LOSES_ANSWERS)
            if losing and self.fault is Fault.LOSES_ANSWERS:
                other.sendall(data)
                other.recv(65_536)
            if losing or not data:
                self._reset(ready)
            else:
                other.sendall(data)
        except OSError:
            self._reset(ready)
            return
        if losing:
            self.fault = Fault.REFUSED
            for one in list(self._pairs):
                self._reset(one)
            self.lost.set()

    def _reset(self, one: socket.socket) -> None:
        other = self._pairs.pop(one, None)
        if other is not None:
            del self._pairs[other]
            _close_with_reset(one)
            _close_with_reset(other)


def _close_with_reset(one: socket.socket) -> None:
    if one.family == socket.AF_INET:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
