"""The process that reads one calendar and ends: what a feed holds can cost it its life, and nobody else.

`python -m frontdesk.pms.files.calendar_process` gets what is asked on its standard input, a line of JSON, and
behind it the feed. It answers with JSON. Nothing of a patient is in its arguments or its environment.
"""

import contextlib
import resource
import sys
import warnings

import msgspec

from frontdesk import shapes
from frontdesk.pms.files.calendar_shapes import Asked

MEMORY = 768 << 20
SECONDS = 10
NO_LIBRARY = 3
"""What it ends with where the packages are missing that read calendars."""


def main() -> int:
    """Answer one question."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        from frontdesk.pms.files.calendar_events import read
    except ModuleNotFoundError:
        return NO_LIBRARY
    warnings.simplefilter("ignore")
    asked = shapes.decoded(sys.stdin.buffer.readline(), Asked)
    sys.stdout.buffer.write(msgspec.json.encode(read(sys.stdin.buffer.read(), asked)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
