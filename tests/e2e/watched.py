"""What a program does besides its own work: written down by Python itself, as it happens.

`record(FILE)` runs before anything else of a program under test (see `installed`), and adds an
audit hook (PEP 578): every process it starts and every file it opens to write is a line of
FILE. Unlike a look at /proc it misses nothing.
"""

import os
import sys
from typing import Any

STARTS = ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile")
OTHERS = ("subprocess.Popen", "pty.spawn", "webbrowser.open", "ctypes.dlopen", "urllib.Request")


recorded: set[str] = set()


def record(file: str) -> None:
    """Write down what this process does from now on, once however often it is said.

    Python reads the `.pth` files of an environment's folder for each of its names.
    """
    if file in recorded:
        return
    recorded.add(file)
    # An installation is root's, who runs it cannot keep compiled modules there.
    sys.dont_write_bytecode = True
    log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def told(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes) and isinstance(flags, int) and flags & os.O_ACCMODE:
                os.write(log, f"open {os.fsdecode(path)}\n".encode())
        elif event in ("os.rename", "os.mkdir", "os.link", "os.symlink"):
            os.write(log, f"open {os.fsdecode(arguments[0])}\n".encode())
        elif event.startswith(STARTS) or event in OTHERS:
            os.write(log, f"{event} {arguments[0]!r}\n".encode() if arguments else f"{event}\n".encode())

    sys.addaudithook(told)
