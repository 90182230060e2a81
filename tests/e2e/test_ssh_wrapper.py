"""The wrapper: what reaches the program from outside, which is nearly nothing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.installed import WRAPPER, for_machine

SPY = """#!{python} -IS
import json, os, resource, sys
entries = open("/proc/self/environ", "rb").read().split(b"\\0")
environ = dict(os.fsdecode(entry).split("=", 1) for entry in entries if entry)
core = resource.getrlimit(resource.RLIMIT_CORE)[0]
print(json.dumps([environ, oct(os.umask(0)), core, os.getcwd(), *sys.argv[1:]]))
"""
SHELLS = [found for name in ("sh", "bash") if (found := shutil.which(name))]
HOSTILE = {
    "TEXTUAL_DRIVER": "antigravity:Driver",
    "TEXTUAL_LOG": "/dev/null",
    "TEXTUAL": "debug",
    "PYTHONPATH": "/elsewhere",
    "PYTHONSTARTUP": "/elsewhere/start.py",
    "PYTHONINSPECT": "1",
    "EDITOR": "vi",
    "VISUAL": "vi",
    "PAGER": "less",
    "LESSOPEN": "|sh %s",
    "BROWSER": "sh -c",
    "SHELL": "/bin/sh",
    "ENV": "/elsewhere/rc",
    "BASH_ENV": "/elsewhere/rc",
    "LD_PRELOAD": "",
    "LD_LIBRARY_PATH": "/elsewhere",
    "FRONTDESK_CONFIG": "/elsewhere/config.toml",
    "FRONTDESK_CREDENTIAL_STORE": "theirs",
    "CREDENTIALS_DIRECTORY": "/elsewhere",
    "XDG_CONFIG_HOME": "/elsewhere",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "SSL_CERT_FILE": "/elsewhere",
    "PGSERVICEFILE": "/elsewhere",
    "PGHOST": "elsewhere",
    "TERMINFO": "/elsewhere",
    "COLUMNS": "9",
    "USER": "somebody",
    "LOGNAME": "somebody",
    "PATH": "/elsewhere",
    "LANG": "de_DE.ISO-8859-1",
    "LC_ALL": "C",
    "SSH_ORIGINAL_COMMAND": "sh -i",
}
HARMLESS = {"LC_ALL", "LOGNAME", "PATH", "HOME", "TERM"}


class Wrapped:
    """Runs the wrapper with a Python that only says what it was given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shell = Path(SHELLS[0])
        python = folder / "python"
        python.write_text(SPY.format(python=sys.executable))
        python.chmod(0o755)
        self._wrapper = folder / "frontdesk-ssh"
        config = Path("/etc/frontdesk/desk.toml")
        self._wrapper.write_text(for_machine(WRAPPER.read_text(), python, config))

    def __call__(self, *arguments: str, **env: str) -> tuple[dict[str, str], list[str | int]]:
        """Return the environment, and then umask, core limit, folder and arguments."""
        done = subprocess.run(
            [self.shell, self._wrapper, *arguments],
            env={"HOME": str(self._folder), **env},
            check=True,
            capture_output=True,
            timeout=60,
        )
        assert done.stderr == b""
        environ, *rest = json.loads(done.stdout)
        return environ, rest


@pytest.fixture
def wrapped(tmp_path: Path) -> Wrapped:
    return Wrapped(tmp_path)


def test_nothing_from_outside_comes_in(wrapped: Wrapped, tmp_path: Path) -> None:
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()

    seen, rest = wrapped("-c", "sh -i", TERM="xterm-256color", **HOSTILE)

    assert seen == {
        "LC_ALL": "C.UTF-8",
        "LOGNAME": user,
        "PATH": "/nowhere",
        "HOME": str(tmp_path),
        "TERM": "xterm-256color",
    }
    program = "from frontdesk.__main__ import main; main()"
    assert rest == ["0o77", 0, "/", "-I", "-c", program, "--config", "/etc/frontdesk/desk.toml"]


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("TERM", "tmux-256color", "tmux-256color"),
        ("TERM", "xterm+256color", "xterm+256color"),
        ("TERM", "", "xterm"),
        ("TERM", "../../tmp/x", "xterm"),
        ("TERM", ".hidden", "xterm"),
        ("TERM", "xterm\x1b[2J", "xterm"),
        ("TERM", "xterm\nNO_COLOR=1", "xterm"),
        ("TERM", "$(touch x);*", "xterm"),
        ("TERM", "éxterm", "xterm"),
        ("TERM", "x" * 5_000, "xterm"),
        ("COLORTERM", "truecolor", "truecolor"),
        ("COLORTERM", "truecolor\n", None),
        ("NO_COLOR", "please\x1b", "1"),
        ("NO_COLOR", "", None),
        ("TZ", "Australia/Adelaide", "Australia/Adelaide"),
        ("TZ", "Etc/GMT+9", "Etc/GMT+9"),
        ("TZ", "/etc/shadow", None),
        ("TZ", ":/etc/shadow", None),
        ("TZ", "../../etc/shadow", None),
        ("HOME", "relative", None),
    ],
)
def test_what_may_come_in_is_looked_at(wrapped: Wrapped, name: str, given: str, kept: str | None) -> None:
    seen, _ = wrapped(**{name: given})
    assert seen.get(name) == kept
    assert seen.keys() <= HARMLESS | {name}


@pytest.mark.parametrize("shell", SHELLS)
def test_functions_from_outside_are_not_called(wrapped: Wrapped, tmp_path: Path, shell: str) -> None:
    """Some `sh` is a bash, which reads functions out of its environment."""
    wrapped.shell = tmp_path / "sh"
    wrapped.shell.symlink_to(shell)
    trap = f"() {{ : >{tmp_path}/trapped; }}"
    names = ("umask", "ulimit", "cd", "set", "unset", "exec", "export")
    _, rest = wrapped(**{f"BASH_FUNC_{name}%%": trap for name in names})
    assert rest[:3] == ["0o77", 0, "/"]
    assert not (tmp_path / "trapped").exists()
