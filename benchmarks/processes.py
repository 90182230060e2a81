"""What the system says of a running process (Linux: /proc), and how quick the machine is just now."""

import time
from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """MiB: what belongs to the process alone, and the most it ever had in all."""

    anonymous: float
    peak: float


def memory(pid: int) -> Memory:
    """Return the memory of a process and its children. Raises OSError when there is none of that number."""
    found = [_memory(one) for one in (pid, *_children(pid))]
    return Memory(sum(one.anonymous for one in found), sum(one.peak for one in found))


def _memory(pid: int) -> Memory:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Memory(_mebibytes(status["RssAnon"]), _mebibytes(status["VmHWM"]))


def cpu_seconds(pid: int) -> float:
    """Return how long all threads of a process and its children have computed, 0.0 when it has ended."""
    total = 0
    for one in (pid, *_children(pid)):
        for task in Path(f"/proc/{one}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:  # the thread ended meanwhile
                continue
    return total / 1e9


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:  # the thread ended meanwhile
            continue
    return found


def calibrate() -> float:
    """Return the milliseconds that a fixed piece of work takes."""
    begun = time.perf_counter()
    sum(number * number for number in range(300_000))
    return (time.perf_counter() - begun) * 1000


def _mebibytes(field: str) -> float:
    return int(field.split()[0]) / 1024
