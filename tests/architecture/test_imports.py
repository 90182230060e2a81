"""Who may import whom, and what a start of the program may not wait for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE, ROOT, imports, sources

DOMAIN = ("bookings", "deliveries", "audit", "text", "times")
UI = ("app.py", "screens/", "widgets/", "terminal.py", "key_reader.py", "frame_writer.py")
HEAVY = ("textual", "sqlmodel", "sqlalchemy", "alembic", "psycopg")

LINT = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )


def test_the_contracts_of_the_house_hold() -> None:
    done = run("-c", LINT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", done.stdout)


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    # Isolated and without site-packages: whatever else they import is not there.
    names = ", ".join(f"frontdesk.{name}" for name in DOMAIN)
    done = run("-I", "-S", "-c", f"import sys; sys.path.append({str(PACKAGE.parent)!r}); import {names}")
    assert done.returncode == 0, done.stderr


def test_only_the_ui_knows_textual() -> None:
    for path, source in sources().items():
        known = [name for name in imports(source) if name.split(".")[0] == "textual"]
        assert not known or path.startswith(UI), path


def test_no_import_is_relative() -> None:
    for path, source in sources().items():
        assert not [name for name in imports(source) if name.startswith(".")], path


def loaded_by(*arguments: str) -> set[str]:
    """Run `frontdesk` with these arguments and return which heavy libraries it had loaded at its end."""
    script = (
        "import atexit, sys\n"
        "from frontdesk.cli import main\n"
        f"atexit.register(lambda: print('LOADED', *sys.modules.keys() & {HEAVY!r}, file=sys.stderr))\n"
        f"sys.argv = ['frontdesk', *{arguments!r}]\n"
        "main()"
    )
    done = run("-c", script)
    last = done.stderr.splitlines()[-1].split()
    assert last[0] == "LOADED", done.stderr
    return set(last[1:])


@pytest.mark.parametrize("arguments", [["--version"], ["list", "--help"], ["no-such-command"]], ids=" ".join)
def test_what_needs_no_store_loads_neither_database_nor_screen(arguments: list[str]) -> None:
    assert loaded_by(*arguments) == set()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config whose store is not there yet."""
    file = tmp_path / "config.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{tmp_path / "frontdesk.db"}"\n', encoding="utf-8")
    file.chmod(0o600)
    return file


def test_line_mode_never_loads_the_screen(config: Path) -> None:
    made = loaded_by("--config", str(config), "store", "create")
    assert made == {"sqlmodel", "sqlalchemy", "alembic"}
    # Only an old or empty store waits for the migrations.
    assert loaded_by("--config", str(config), "list", "--json") == {"sqlmodel", "sqlalchemy"}


AT_THE_FIRST_FRAME = """
import asyncio, dataclasses, sys
from pathlib import Path
from frontdesk.cli import main
from frontdesk.cli.wiring import Installation
from frontdesk.app import FrontdeskApp

async def open_store():
    print(*sys.modules, sep="\\n")
    raise SystemExit

desk = dataclasses.replace(Installation(Path(sys.argv[1])).desk(), open_store=open_store)
FrontdeskApp(desk).run(headless=True)
"""

DATABASES = {"sqlmodel", "sqlalchemy", "pydantic", "alembic", "psycopg"}
LATER = {"httpx", "keyring", "secretstorage", "argon2", "jinja2", "tree_sitter", "markdown_it", "pygments"}
"""What the program or Textual has use for, but not on the way to the first frame."""

LIST_BEFORE_STORE = """
import asyncio, sys
from pathlib import Path
from frontdesk.cli.wiring import Installation
from frontdesk.app import FrontdeskApp

async def open_store(session):
    print("painted", any("No bookings yet" in line.text for line in app.screen._compositor.render_strips()))
    print(*sys.modules, sep="\\n")
    raise SystemExit

Installation.open_store = open_store
app = FrontdeskApp(Installation(Path(sys.argv[1])).desk())
app.run(headless=True)
"""


def test_the_first_frame_waits_for_nothing_it_does_not_show(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not for a secret either, though it may lie in a keyring.
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={config.parent / 'bus'}")
    wants = '[connections.smile]\nkind = "praktika"\ntenant = "smile"\ncredential = "nowhere"\n'
    config.write_text(config.read_text(encoding="utf-8") + wants, encoding="utf-8")
    done = run("-c", AT_THE_FIRST_FRAME, str(config))
    loaded = set(done.stdout.split())
    assert "frontdesk.screens.shell.notices" in loaded, done.stderr
    assert not loaded & (DATABASES | LATER | {"sqlite3"})
    assert not loaded & {
        "textual.widgets._text_area",
        "frontdesk.screens.dialogs.cancel",
        "frontdesk.screens.list.bookings",
    }


def test_the_first_list_of_an_sqlite_store_waits_for_no_sqlalchemy(config: Path) -> None:
    assert run("-m", "frontdesk", "--config", str(config), "store", "create").returncode == 0
    done = run("-c", LIST_BEFORE_STORE, str(config))
    assert done.stdout.startswith("painted True"), done.stdout + done.stderr
    loaded = set(done.stdout.split())
    assert "frontdesk.store.early.reads" in loaded
    assert not loaded & (DATABASES | LATER)


SERVED_LIST = """
import asyncio, sys
from pathlib import Path
from frontdesk.errors import Unavailable
from frontdesk.cli.wiring import Installation

async def first_page():
    desk = Installation(Path(sys.argv[1])).desk()
    first_frame = "httpx" in sys.modules
    store = await desk.open_store()
    try:
        await store.state()
    except Unavailable:
        print("httpx too early" if first_frame else "httpx later", *sys.modules, sep="\\n")
    await store.close()

asyncio.run(first_page())
"""


def test_a_desk_at_a_server_needs_no_database(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[store]\nurl = "http://127.0.0.1:9"\ncredential = "desk"\n', encoding="utf-8")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "desk").write_text("fd_1")
    (tmp_path / "credentials" / "desk").chmod(0o600)
    done = run("-c", SERVED_LIST, str(file))
    assert done.stdout.startswith("httpx later"), done.stdout + done.stderr
    loaded = set(done.stdout.split())
    assert "httpx" in loaded
    assert not loaded & (DATABASES | {"sqlite3", "fastapi", "uvicorn"})
