"""`python -m frontdesk.demo.simulator FOLDER`: the simulator of a folder, in the foreground."""

import argparse
import asyncio
from pathlib import Path

from frontdesk.demo.simulator.process import serve


def main() -> None:
    """Serve until SIGTERM, or until some minutes after a process is gone."""
    parser = argparse.ArgumentParser(prog="python -m frontdesk.demo.simulator")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--until-alone", type=int, metavar="PID")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.folder, arguments.until_alone))


if __name__ == "__main__":
    main()
