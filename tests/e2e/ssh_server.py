"""SSH in tests: a server that gives a session a pty and one program, and a terminal at the other end."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from tests.e2e.emulated_terminal import EmulatedTerminal, spawn

KEY = asyncssh.generate_private_key("ssh-ed25519")


class SshDesk:
    """A terminal of 80 x 24 at the end of one SSH session. It answers as a real one does."""

    def __init__(self, connection: asyncssh.SSHClientConnection, process: Any) -> None:
        self._connection = connection
        self._process = process
        self._terminal = EmulatedTerminal(80, 24)
        self.output = b""
        self.came = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(asyncssh.Error, OSError):
            while data := await self._process.stdout.read(65_536):
                self.output += data
                for answer in self._terminal.feed(data):
                    self._process.stdin.write(answer)
                async with self.came:
                    self.came.notify_all()

    def send(self, data: bytes) -> None:
        """Type `data`."""
        self._process.stdin.write(data)

    def lines(self) -> list[str]:
        """Return the screen as lines without trailing blanks."""
        return self._terminal.lines()

    async def wait_for(self, wanted: str | Callable[[list[str]], bool]) -> list[str]:
        """Wait until a text is on the screen, or a test of its lines holds; return the lines."""

        def shown() -> bool:
            lines = self.lines()
            return any(wanted in line for line in lines) if isinstance(wanted, str) else wanted(lines)

        try:
            async with asyncio.timeout(30), self.came:
                await self.came.wait_for(shown)
        except TimeoutError:
            raise AssertionError(f"never on the screen: {wanted!r}\n" + "\n".join(self.lines())) from None
        return self.lines()

    async def ended(self) -> int | None:
        """Wait for the program's end; return its exit code."""
        async with asyncio.timeout(30):
            await self._reading
            code: int | None = (await self._process.wait()).exit_status
            return code

    def cut(self) -> None:
        """Let the line drop, without a word."""
        self._connection.abort()

    async def close(self) -> None:
        """Hang up."""
        self._connection.close()
        await self._connection.wait_closed()
        await self._reading


@asynccontextmanager
async def connected(port: int, *, user: str, command: str | None = None) -> AsyncIterator[SshDesk]:
    """Open a session with a terminal at an SSH server of this machine."""
    connection = await asyncssh.connect(
        "127.0.0.1", port, username=user, client_keys=[KEY], known_hosts=None, config=None, agent_path=None
    )
    process = await connection.create_process(
        command, term_type="xterm-256color", term_size=(80, 24), encoding=None
    )
    desk = SshDesk(connection, process)
    try:
        yield desk
    finally:
        await desk.close()


class OneProgram:
    """An SSH server as sshd with a ForceCommand: every session runs `argv` in a pty, whatever it asks for."""

    def __init__(self, argv: Sequence[str], env: dict[str, str]) -> None:
        self._argv, self._env = argv, env
        self.port = 0
        self.processes: list[subprocess.Popen[bytes]] = []
        """What sessions have started, the newest last."""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["OneProgram"]:
        """Serve at `port` of the loopback address."""
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[KEY],
            authorized_client_keys=asyncssh.import_authorized_keys(KEY.export_public_key().decode()),
            process_factory=self._serve,
            encoding=None,
        )
        self.port = server.get_port()
        try:
            yield self
        finally:
            server.close()
            for process in self.processes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            await server.wait_closed()

    async def gone(self) -> int:
        """Wait for the end of the newest session's program; return its exit code, -N for signal N."""
        async with asyncio.timeout(30):
            return await asyncio.to_thread(self.processes[-1].wait)

    async def _serve(self, session: Any) -> None:
        columns, rows, *_ = session.get_terminal_size()
        environment = {**self._env, "TERM": session.get_terminal_type(), **session.env}
        if session.command:
            environment["SSH_ORIGINAL_COMMAND"] = session.command
        cleared = dict.fromkeys(os.environ) | environment
        process, master = spawn(self._argv, columns=columns, rows=rows, cwd=Path("/"), env=cleared)
        self.processes.append(process)
        try:
            await self._relay(session, master)
        finally:
            # To the program this is what a dropped line is: SIGHUP, and an end of its terminal.
            os.close(master)
        session.exit(await self.gone())

    @staticmethod
    async def _relay(session: Any, master: int) -> None:
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def comes() -> None:
            try:
                session.stdout.write(os.read(master, 65_536))
            except OSError:
                over.set()

        async def goes() -> None:
            with contextlib.suppress(asyncssh.Error, OSError):
                while data := await session.stdin.read(4_096):
                    os.write(master, data)
            over.set()

        loop.add_reader(master, comes)
        going = asyncio.create_task(goes())
        try:
            await over.wait()
        finally:
            loop.remove_reader(master)
            going.cancel()
