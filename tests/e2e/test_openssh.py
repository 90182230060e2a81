"""The block for sshd and the line of a key, under the sshd of this machine. Collected where there is one."""

import asyncio
import contextlib
import getpass
import grp
import os
import select
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from tests.e2e.conftest import SSHD
from tests.e2e.installed import ROOT, descendants, install
from tests.e2e.line_mode import LineDesk
from tests.e2e.ssh_server import KEY, connected
from tests.e2e.test_ssh import F8, cancel_and_leave, in_order, open_dialog

USER = getpass.getuser()
GENEROUS = """
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
AllowTcpForwarding yes
X11Forwarding yes
AcceptEnv *
Subsystem sftp internal-sftp
"""
"""An sshd that allows all but a password; what frontdesk's own lines allow is left."""
DEAD_END = "127.0.0.1"

pytestmark = pytest.mark.full


class OpenSsh:
    """sshd, started anew for each connection as from inetd, with `config`."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self.port = 0
        self.processes: list[subprocess.Popen[bytes]] = []

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["OpenSsh"]:
        """Serve at `port` of the loopback address."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        accepting = asyncio.create_task(self._accept(listener))
        try:
            yield self
        finally:
            accepting.cancel()
            listener.close()
            for process in self.processes:
                process.terminate()
                process.wait()

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        argv = [str(SSHD), "-i", "-e", "-f", str(self._config)]
        with connection, (self._config.parent / "sshd.log").open("ab") as log:
            line = connection.fileno()
            self.processes.append(subprocess.Popen(argv, stdin=line, stdout=line, stderr=log))

    def program(self) -> int:
        """Return the process id of the newest session's frontdesk: the one that has the screen."""
        _waits, has_the_screen = [
            pid
            for pid in descendants(self.processes[-1].pid)
            if b"\0from frontdesk.__main__ import main; main()\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        return has_the_screen

    def program_environment(self) -> set[str]:
        """Return the names of its variables."""
        entries = Path(f"/proc/{self.program()}/environ").read_bytes().split(b"\0")
        return {entry.partition(b"=")[0].decode() for entry in entries if entry}


@pytest.fixture(params=["the block for sshd", "the line of a key"])
def sshd_config(desk: LineDesk, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A config of sshd with one of the two that each must be enough."""
    wrapper = install(tmp_path / "opt", desk.config_file)
    folder = tmp_path / "ssh"
    folder.mkdir()
    KEY.write_private_key(folder / "host")
    (folder / "host").chmod(0o600)
    public = KEY.export_public_key().decode().strip()
    config = GENEROUS.format(folder=folder)
    here = ROOT / "packaging" / "ssh"
    if request.param == "the block for sshd":
        block = (
            (here / "50-frontdesk.conf").read_text().replace("/opt/frontdesk/bin/frontdesk-ssh", str(wrapper))
        )
        # sshd takes the first word on a matter, but for what stands below Match.
        config += "PermitTunnel yes\n" + block.replace(
            "Group frontdesk", f"Group {grp.getgrgid(os.getgid()).gr_name}"
        )
        assert str(wrapper) in config
    else:
        template = (here / "authorized_keys").read_text().splitlines()[-1]
        line = template.replace("/opt/frontdesk/bin/frontdesk-ssh", str(wrapper))
        public = line.replace("ssh-ed25519 PUT-THE-PUBLIC-KEY-HERE", " ".join(public.split()[:2]))
        assert str(wrapper) in public
    (folder / "authorized_keys").write_text(f"{public}\n")
    (folder / "config").write_text(config)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd locks itself up, root's alone
    return folder / "config"


@pytest.fixture
async def server(sshd_config: Path) -> AsyncIterator[OpenSsh]:
    """sshd with that config."""
    async with OpenSsh(sshd_config).listening() as listening:
        yield listening


@contextlib.asynccontextmanager
async def logged_in(port: int) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncssh.connect(
        "127.0.0.1", port, username=USER, client_keys=[KEY], known_hosts=None, config=None, agent_path=None
    ) as connection:
        yield connection


async def test_a_session_and_one_that_is_cut_in_mid_cancel(server: OpenSsh, desk: LineDesk) -> None:
    async with connected(server.port, user=USER) as kim:
        await cancel_and_leave(kim)
    assert await in_order(desk, "R00001")

    async with connected(server.port, user=USER) as kim:
        await open_dialog(kim, "2026/5", b"cut")
        program = os.pidfd_open(server.program())
        kim.send(F8)
        kim.cut()
        # Readable when the process is gone.
        assert await asyncio.to_thread(select.select, [program], [], [], 30) == ([program], [], [])
        os.close(program)
    await in_order(desk, "2026/5")


@pytest.mark.parametrize(
    "command", ["sh -i", "cat /etc/passwd", "internal-sftp", "-c sh", "--config /x list"]
)
async def test_a_command_is_not_carried_out(server: OpenSsh, command: str) -> None:
    async with logged_in(server.port) as connection:
        done = await connection.run(command, input="exit\n", check=False)
        assert done.exit_status == 2
        assert str(done.stderr).startswith("frontdesk needs a terminal")
        assert done.stdout == ""
    async with connected(server.port, user=USER, command=command) as kim:
        await kim.wait_for("6 bookings")


async def test_no_file_is_given_or_taken(server: OpenSsh, tmp_path: Path) -> None:
    async with logged_in(server.port) as connection:
        with pytest.raises(asyncssh.Error):
            async with connection.start_sftp_client():
                pass
        taken, given = tmp_path / "taken", tmp_path / "given"
        for source, target in (((connection, "/etc/passwd"), taken), ("/etc/passwd", (connection, given))):
            with contextlib.suppress(asyncssh.Error, OSError):
                await asyncssh.scp(source, target)
        assert not taken.exists()
        assert not given.exists()


async def test_nothing_is_forwarded(server: OpenSsh, tmp_path: Path) -> None:
    async with asyncio.timeout(60), logged_in(server.port) as connection:
        with socket.create_server((DEAD_END, 0)) as elsewhere, pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection(DEAD_END, elsewhere.getsockname()[1])
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection(str(tmp_path / "socket"))
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("", 0, DEAD_END, 1)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_path(str(tmp_path / "remote"), str(tmp_path / "local"))
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_tun()
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(term_type="xterm", x11_forwarding=True, encoding=None)


async def test_no_variable_comes_in(server: OpenSsh) -> None:
    wanted = {
        "LD_PRELOAD": "/x",
        "TEXTUAL_DRIVER": "x:Y",
        "LANG": "de_DE",
        "FRONTDESK_CONFIG": "/x",
        "TZ": ":/x",
    }
    async with logged_in(server.port) as connection:
        process = await connection.create_process(
            term_type="xterm-256color", term_size=(80, 24), env=wanted, encoding=None
        )
        shown = b""
        while b"6 bookings" not in shown:
            shown += await process.stdout.read(65_536)
        assert server.program_environment() == {"LC_ALL", "LOGNAME", "PATH", "HOME", "TERM"}
