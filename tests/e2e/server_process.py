"""`frontdesk serve` as a process, and desks that speak to it."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

_URL = re.compile(rb"https?://\S+:\d+")


@dataclass
class ServerProcess:
    """A server that listens at `url`; `said` is what it said of itself."""

    process: Process
    url: str
    said: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()

    async def next_line(self) -> str:
        """Return what it says next."""
        assert self.process.stderr is not None
        return (await self.process.stderr.readline()).decode()

    async def ended(self) -> tuple[int, str]:
        """Have it end in its own way; return its exit code and what it said meanwhile."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        said = await self.process.stderr.read()
        return await self.process.wait(), said.decode()


@asynccontextmanager
async def server_process(config: Path, *arguments: str) -> AsyncIterator[ServerProcess]:
    """Start `frontdesk serve` on a free port of this machine; yield it when it listens."""
    command = [sys.executable, "-m", "frontdesk", "serve", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        *command, "--bind", "127.0.0.1:0", *arguments, stderr=PIPE, env=os.environ
    )
    try:
        assert process.stderr is not None
        said = b""
        while (found := _URL.search(said)) is None:
            line = await process.stderr.readline()
            assert line, said.decode()
            said += line
        yield ServerProcess(process, found[0].decode(), said.decode())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
