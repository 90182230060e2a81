"""What the system says of a running process (Linux: /proc), and how quick the machine is just now."""

import time
from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """MiB: what belongs to the process alone, and the most it ever had in all."""

    anonymous: float
    peak: float


def memory(pid: int) -> Memory:
    """Return the memory of a process. Raises OSError when there is none of that number."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Memory(_mebibytes(status["RssAnon"]), _mebibytes(status["VmHWM"]))


def cpu_seconds(pid: int) -> float:
    """Return how long all threads of a process have computed, 0.0 when it has ended."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except OSError:  # the thread ended meanwhile
            continue
    return total / 1e9


def calibrate() -> float:
    """Return the milliseconds that a fixed piece of work takes."""
    begun = time.perf_counter()
    sum(number * number for number in range(300_000))
    return (time.perf_counter() - begun) * 1000


def _mebibytes(field: str) -> float:
    return int(field.split()[0]) / 1024
