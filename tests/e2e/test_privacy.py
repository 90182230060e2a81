"""Nothing of a patient leaves the store by accident: not by a crash, a log, a file's mode, a core."""

import asyncio
import gc
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from frontdesk.bookings import Booking
from frontdesk.cli import crash
from frontdesk.commands import Cancel
from frontdesk.credentials import Credentials
from frontdesk.store.sql.store import SqlStore
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk
from tests.e2e.world import World

CANARY = "Canaria Patientia"
FRONTDESK = [sys.executable, "-m", "frontdesk"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug that carries a patient in its message, its cause, its arguments and its locals."""

    async def find(store: SqlStore, ref: str, practice_id: str | None = None) -> tuple[Booking, ...]:
        patient = {"name": CANARY}
        try:
            raise KeyError(patient["name"])
        except KeyError as cause:
            raise ValueError(f"cannot read {CANARY}", patient) from cause

    monkeypatch.setattr(SqlStore, "find", find)


class TestCrash:
    @pytest.mark.usefixtures("broken")
    def test_the_operator_reads_one_sentence_with_a_reference(self, desk: LineDesk) -> None:
        result = desk("show", "R00001")

        assert result.exit_code == 1
        said = re.fullmatch(
            r"Something went wrong in frontdesk, reference ([0-9A-HJKMNP-TV-Z]{6}); details are in (.*)\n",
            result.stderr,
        )
        assert said, result.stderr
        assert said[2] == str(desk.log_file)
        assert said[1] in desk.log_file.read_text()
        assert result.stdout == ""

    @pytest.mark.usefixtures("broken")
    def test_the_log_says_where_and_what_kind_and_nothing_of_a_patient(self, desk: LineDesk) -> None:
        desk("show", "R00001")

        log = desk.log_file.read_text()
        assert CANARY not in log
        assert "R00001" not in log
        assert re.search(r"^  KeyError$", log, re.MULTILINE)
        assert re.search(r"^  ValueError$", log, re.MULTILINE)
        assert re.search(r"^  frontdesk\.cli\.references:\d+ find_one$", log, re.MULTILINE)
        assert log.index("KeyError") < log.index("ValueError")

    @pytest.mark.usefixtures("broken")
    def test_without_a_config_the_log_is_the_users_own(self, desk: LineDesk, tmp_path: Path) -> None:
        desk.write_config()
        desk.config_file.write_text(desk.config_file.read_text().replace('[log]\nfile = "desk.log"\n', ""))

        desk("show", "R00001")

        (log,) = (tmp_path / "home").rglob("*.log")
        assert "ValueError" in log.read_text()

    @pytest.mark.usefixtures("broken")
    def test_a_log_that_cannot_be_written_is_said_and_hides_nothing(self, desk: LineDesk) -> None:
        desk.log_file.mkdir()

        result = desk("show", "R00001")

        assert result.exit_code == 1
        assert re.fullmatch(
            r"Something went wrong in frontdesk, reference \w{6}; its details could not be written down\n",
            result.stderr,
        )

    def test_a_bug_before_the_config_is_read_is_logged_too(
        self, desk: LineDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken_load(named: Path | None) -> None:
            raise ValueError(CANARY)

        monkeypatch.setattr("frontdesk.config.load", broken_load)

        result = desk("list")

        assert "Something went wrong" in result.stderr
        (log,) = (tmp_path / "home").rglob("*.log")
        assert CANARY not in log.read_text()

    def test_the_log_stays_small(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(crash, "LOG_BYTES", 2_000)
        crash.keep_log(tmp_path / "desk.log")
        for _ in range(200):
            crash.report(ValueError())

        sizes = [file.stat().st_size for file in tmp_path.iterdir()]
        assert len(sizes) == 2
        assert sum(sizes) <= 4_000


class TestStrays:
    """What Python prints with its message when nobody catches it."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> Path:
        crash.keep_log(tmp_path / "desk.log")
        return tmp_path / "desk.log"

    @pytest.fixture
    def _hooks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(threading, "excepthook", threading.excepthook)
        monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
        crash.catch_strays()

    @pytest.mark.usefixtures("_hooks")
    def test_an_error_in_a_thread(self, log: Path, capfd: pytest.CaptureFixture[str]) -> None:
        def work() -> None:
            raise ValueError(CANARY)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

        assert CANARY not in capfd.readouterr().err
        assert "ValueError" in log.read_text()
        assert CANARY not in log.read_text()

    @pytest.mark.usefixtures("_hooks")
    def test_an_error_in_a_finalizer(self, log: Path, capfd: pytest.CaptureFixture[str]) -> None:
        class Patient:
            def __del__(self) -> None:
                raise ValueError(CANARY)

        Patient()
        gc.collect()

        assert CANARY not in capfd.readouterr().err
        assert "ValueError" in log.read_text()

    def test_a_task_that_nobody_waited_for(self, log: Path, capfd: pytest.CaptureFixture[str]) -> None:
        async def forgotten() -> None:
            raise ValueError(CANARY)

        async def forget() -> None:
            task = asyncio.ensure_future(forgotten())
            await asyncio.wait([task])

        asyncio.run(forget())
        gc.collect()

        assert "asyncio" in log.read_text()
        assert "ValueError" in log.read_text()
        assert CANARY not in log.read_text() + capfd.readouterr().err


class TestFileModes:
    def test_everything_is_for_its_owner_alone_under_any_umask(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment = {**kept, "HOME": str(home)}

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*FRONTDESK, *arguments],
                env=environment,
                umask=0,
                capture_output=True,
                text=True,
                check=False,
            )

        assert run("backup", str(home / "copy.db")).returncode == 0
        # What a bug leaves behind: the config cannot even be looked for.
        code = "import frontdesk.config as c; c.load = None; import frontdesk.cli as f; f.main()"
        crashed = subprocess.run(
            [sys.executable, "-c", code, "list"], env=environment, umask=0, capture_output=True, check=False
        )
        assert crashed.returncode == 1

        made = {path.relative_to(home): stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")}
        files = {path.name for path in made if (home / path).is_file()}
        assert {"frontdesk.db", "copy.db", "frontdesk.log"} <= files
        wrong = {
            str(path): oct(mode)
            for path, mode in made.items()
            if mode != (0o700 if (home / path).is_dir() else 0o600)
        }
        assert not wrong

    def test_there_will_be_no_core(self) -> None:
        code = (
            "import resource, frontdesk.cli as f\n"
            "resource.setrlimit = lambda kind, limits: print(kind == resource.RLIMIT_CORE, limits[0])\n"
            "f.frontdesk.main = lambda: None\n"
            "f.main()"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert done.stdout == "True 0\n"


NOTE = "7f3a private note"


def leaves_frontdesk(desk: LineDesk) -> bytes:
    """Return all files of an installation but for its store, and without what keeps secrets."""
    files = [file for file in desk.config_file.parent.rglob("*") if file.is_file()]
    outside = [
        one for one in files if not one.name.startswith("desk.db") and one.parent.name != "credentials"
    ]
    return b"".join(file.read_bytes() for file in outside)


class TestTheNote:
    """What is for the practice only, beside a reason that all the others may read."""

    async def test_neither_patient_nor_pms_nor_practice_mail_nor_log_gets_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent = bytearray()
        for name in ("send", "sendall"):
            real = getattr(socket.socket, name)

            def heard(self: socket.socket, data: bytes, *more: int, real: Any = real) -> Any:
                sent.extend(bytes(data))
                return real(self, data, *more)

            monkeypatch.setattr(socket.socket, name, heard)
        said = ""
        for ref in ("R00001", "R00002"):
            said += await world.run(
                "cancel", ref, "--yes", "--no-deliver", "--reason", "patient ill", "--note", NOTE
            )
        said += await world.run("deliver", "--once")
        said += await world.run("history", "R00001", "--json") + await world.run("history", "R00001")
        assert world.cancels() == [True, True]
        kept = [str(line) for line in world.pms.ledger] + [
            text for _, text in world.pms.diary.ledger.messages()
        ]
        everywhere = bytes(sent) + leaves_frontdesk(world.desk) + said.encode() + "".join(kept).encode()
        assert b"patient ill" in sent
        assert everywhere.count(b"patient ill") >= 4
        assert len(world.pms.diary.ledger.messages()) == 1
        assert NOTE.encode() not in everywhere
        assert NOTE in await world.run("show", "R00001", "--notes")

    async def test_what_is_printed_has_it_only_when_it_is_asked_for(
        self, world: World, tmp_path: Path
    ) -> None:
        await world.run("cancel", "R00001", "--yes", "--no-deliver", "--note", NOTE)
        for command in (("list",), ("show", "R00001")):
            for form in ((), ("--json",)):
                assert NOTE not in await world.run(*command, *form)
                assert NOTE in await world.run(*command, *form, "--notes")
        shown = json.loads(await world.run("show", "R00001", "--json", "--notes"))
        assert (shown["cancellation_note"], shown["cancellation_filed"]) == (NOTE, None)
        without, with_notes = tmp_path / "out.csv", tmp_path / "notes.csv"
        await world.run("export", str(without))
        await world.run("export", str(with_notes), "--notes")
        assert "note" not in without.read_text()
        first, *_ = with_notes.read_text().splitlines()
        assert first.endswith(",cancellation_note,cancellation_filed")
        assert with_notes.read_text().count(NOTE) == 1
        with_notes.write_text(with_notes.read_text().replace(NOTE, "a note from a file"))
        assert "2 read" in await world.run("import", str(with_notes))
        assert NOTE in await world.run("show", "R00001", "--notes")

    @pytest.mark.skipif(sys.platform != "linux", reason="what others see of a process is read from /proc")
    def test_typed_at_the_screen_it_is_in_no_process_no_title_and_no_file(self, desk: LineDesk) -> None:
        with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)]) as opened:
            opened.wait_for("Find [")
            opened.send(b"r00001\rc")
            opened.wait_for("This action cannot be undone.")
            opened.send(b"\t" + NOTE.encode())
            opened.wait_for(NOTE)
            seen = shown_by_the_kernel(opened.pid)
            opened.wait_still(1.0)  # longer than the dialog is deaf
            opened.send(b"\x1b[19~")
            opened.wait_for("Praktika waiting")
            seen += shown_by_the_kernel(opened.pid)
            assert not any(NOTE in line for line in opened.screen_lines())
            titles = b"".join(re.findall(rb"\x1b\][^\x07\x1b]*", opened.output))
        assert NOTE in desk("show", "R00001", "--notes").stdout
        assert NOTE.encode() not in seen + titles + leaves_frontdesk(desk)

    def test_a_bug_on_the_way_logs_it_nowhere(self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(held: object, by: object, now: object, asked: object) -> None:
            raise ValueError(asked)

        monkeypatch.setattr(Cancel, "done", lambda self, held, by, now: broken(held, by, now, self))
        result = desk("cancel", "R00001", "--yes", "--note", NOTE)

        assert result.exit_code != 0
        assert "ValueError" in desk.log_file.read_text()
        assert NOTE not in desk.log_file.read_text() + result.output


SECRET, PIN = "canary-7f3a-secret", "7f3ac4n4ry"
CONNECTED = """
[connections.smile]
kind = "praktika"
base_url = "http://127.0.0.1:1"
allow_http = true
allow_private = true
tenant = "smile"
credential = "praktika-smile"
[notify]
from = "Smile Dental <bookings@smile.example>"
[notify.email]
url = "smtps://bookings@127.0.0.1:1"
credential = "smtp"
"""


def shown_by_the_kernel(process: int) -> bytes:
    """Return what other users of the machine may see of a process, and what its own user may."""
    place = Path("/proc") / str(process)
    return (place / "cmdline").read_bytes() + (place / "environ").read_bytes()


def left_behind(desk: LineDesk) -> bytes:
    """Return all files of an installation, its database and its log, but not those that keep secrets."""
    files = [file for file in desk.config_file.parent.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in files if file.parent.name != "credentials")


@pytest.mark.skipif(sys.platform != "linux", reason="what others see of a process is read from /proc")
class TestSecrets:
    @pytest.fixture
    def desk(self, tmp_path: Path) -> LineDesk:
        made = LineDesk(tmp_path)
        made.write_config(CONNECTED)
        return made

    def give(self, desk: LineDesk, *names: str) -> None:
        for name in names:
            assert desk("credentials", "set", name, typed=SECRET).exit_code == 0

    @pytest.mark.parametrize(
        ("arguments", "prompt", "typed"),
        [(["credentials", "set", "smtp"], "Secret", SECRET), (["operators", "set", "Kim"], "PIN", PIN)],
        ids=["credential", "operator"],  # pytest puts a test's name into the environment
    )
    def test_what_is_typed_is_seen_nowhere(
        self, desk: LineDesk, arguments: list[str], prompt: str, typed: str
    ) -> None:
        with PtyDesk([*FRONTDESK, "--config", str(desk.config_file), *arguments]) as opened:
            opened.wait_for(f"{prompt}:")
            opened.send(typed.encode() + b"\r")
            opened.wait_for(f"{prompt} again:")
            seen = shown_by_the_kernel(opened.pid)
            opened.send(typed.encode() + b"\r")
            assert opened.wait_exit() == 0
            seen += "\n".join(opened.screen_lines()).encode() + opened.output
        assert arguments[0].encode() in seen
        assert b"now." in seen
        assert typed.encode() not in seen + left_behind(desk)

    def test_who_carries_deliveries_out_shows_no_secret(self, desk: LineDesk) -> None:
        self.give(desk, "praktika-smile", "smtp")
        assert desk("store", "create").exit_code == 0
        with subprocess.Popen(
            [*FRONTDESK, "--config", str(desk.config_file), "deliver"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stderr
            said = process.stderr.readline()
            assert said.startswith(b"Carrying out deliveries for notify.email")
            seen = said + shown_by_the_kernel(process.pid)
            process.terminate()
            seen += b"".join(process.communicate(timeout=60))
        assert process.returncode == 0
        assert b"deliver" in seen
        assert SECRET.encode() not in seen + left_behind(desk)

    def test_neither_doctor_nor_list_repeats_one(self, desk: LineDesk) -> None:
        self.give(desk, "praktika-smile", "smtp")
        doctor, listed = desk("doctor"), desk("credentials", "list")
        assert (doctor.exit_code, listed.exit_code) == (1, 0)
        for said in (doctor.output, listed.output):
            assert "smtp" in said
            assert SECRET not in said
        assert SECRET.encode() not in left_behind(desk)

    def test_a_database_that_is_away_does_not_tell_its_password(self, desk: LineDesk) -> None:
        desk.store_section = (
            '[store]\nurl = "postgresql+psycopg://frontdesk@127.0.0.1:1/bookings"\ncredential = "store"'
        )
        desk.write_config()
        assert "there is no credential store" in desk("list").stderr
        self.give(desk, "store")
        result = desk("list")
        assert result.exit_code == 3
        assert "127.0.0.1" in result.stderr
        assert SECRET.encode() not in result.output.encode() + left_behind(desk)

    def test_a_bug_that_carries_one_is_logged_without_it(
        self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.give(desk, "praktika-smile", "smtp")

        def broken(credentials: Credentials, name: str) -> str:
            raise ValueError(*(secret for _, secret in credentials.found(name)))

        monkeypatch.setattr(Credentials, "__call__", broken)
        result = desk("deliver", "--once")

        log = desk.log_file.read_text()
        assert "Something went wrong" in result.stderr
        assert "ValueError" in log
        assert SECRET not in log + result.output


LOADED = (
    "import sys\n"
    "from frontdesk.cli import frontdesk\n"
    "try:\n"
    "    frontdesk.main(sys.argv[1:])\n"
    "except SystemExit as leaving:\n"
    "    assert not leaving.code, leaving.code\n"
    "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
)


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


class TestWhatIsLoaded:
    def test_the_version_needs_neither_a_database_nor_a_screen(self) -> None:
        loaded = loaded_by("--version")

        assert "frontdesk" in loaded
        assert not loaded & {"textual", "rich", "sqlmodel", "sqlalchemy", "msgspec", "alembic"}

    @pytest.mark.full
    def test_line_mode_loads_no_screen(self, desk: LineDesk) -> None:
        for command in (["list"], ["cancel", "R00001", "--yes"]):
            loaded = loaded_by("--config", str(desk.config_file), *command)

            assert "sqlalchemy" in loaded
            assert "textual" not in loaded

    def test_help_loads_neither(self, desk: LineDesk) -> None:
        assert not loaded_by("--help") & {"textual", "sqlmodel", "sqlalchemy"}


def test_a_reader_that_goes_away_hears_nothing(desk: LineDesk) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*FRONTDESK, "--config", str(desk.config_file), "list"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")
