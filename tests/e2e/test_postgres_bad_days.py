"""The whole program on a PostgreSQL that has bad days: no desk is started again, and nobody is told a lie."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from frontdesk.store.opening import open_store
from frontdesk.store.postgres.listening import POLL_SECONDS
from frontdesk.terminal import DEAF_TIME
from tests import postgres
from tests.e2e.cut_line import CutLine, Fault
from tests.e2e.pty_desk import PtyDesk, shows_a_cancelled_row
from tests.making import KIM, make_incoming, make_practice

pytestmark = [pytest.mark.full, pytest.mark.long]

F8 = b"\x1b[19~"
AWAY = "No connection to the bookings"


class Practice:
    """A practice whose desks are real programs in terminals, and whose PostgreSQL is its own."""

    def __init__(self, folder: Path, server: postgres.SpareServer) -> None:
        self._folder = folder
        self.server = server
        self._opened = ExitStack()

    def desk(self, name: str, line: CutLine | None = None) -> PtyDesk:
        """Open a desk, straight or through a line; return when it shows the bookings."""
        url = self.server.url
        if line is not None:
            url = url.set(
                host="127.0.0.1", port=line.port, query={"sslmode": "disable", "gssencmode": "disable"}
            )
        folder = self._folder / name
        folder.mkdir()
        config = folder / "frontdesk.toml"
        address = url.render_as_string(hide_password=False)
        config.write_text(f'operator = "{name}"\n[store]\nurl = "{address}"\n[ui]\nlock_minutes = 0\n')
        config.chmod(0o600)
        home = {"HOME": str(folder), "XDG_STATE_HOME": None, "XDG_DATA_HOME": None}
        desk = self._opened.enter_context(
            PtyDesk([sys.executable, "-m", "frontdesk", "--config", str(config)], env=home)
        )
        desk.wait_for("Find [")
        return desk

    def tell(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        address = self.server.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            done = connection.execute(sql)
            return done.fetchall() if done.rownumber is not None else []

    def written(self, reference: str) -> tuple[object, ...]:
        """Return of a booking whether it is cancelled, and how many commands and deliveries say so."""
        return self.tell(
            "SELECT cancelled, (SELECT count(*) FROM command WHERE booking_id = booking.id), "
            "(SELECT count(*) FROM delivery WHERE booking_id = booking.id) > 0 "
            f"FROM booking WHERE ref = '{reference}'"
        )[0]

    def close(self) -> None:
        """Close the desks."""
        self._opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.SpareServer]:
    """A PostgreSQL that is there to be stopped."""
    try:
        spare = postgres.SpareServer(tmp_path_factory.mktemp("postgres"))
    except postgres.NoServer as why:
        pytest.skip(str(why))
    spare.start()
    yield spare
    spare.stop()


@pytest.fixture
def practice(server: postgres.SpareServer, tmp_path: Path) -> Iterator[Practice]:
    """A practice with twenty bookings to come."""
    opened = Practice(tmp_path, server)
    opened.tell("SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    bookings = [make_incoming(n, starts_at=tomorrow + timedelta(hours=n)) for n in range(1, 21)]

    async def filled() -> None:
        store = await open_store(server.url.render_as_string(hide_password=False))
        await store.registry.apply_practices([make_practice()], KIM)
        await store.registry.load(bookings, KIM, "tests")
        await store.close()

    asyncio.run(filled())
    yield opened
    opened.close()


def open_dialog(desk: PtyDesk, reference: str) -> None:
    """Find a booking and open its dialog; return when F8 counts."""
    desk.send(reference.encode())
    desk.wait_for("1 to come")
    desk.send(b"\rc")
    desk.wait_for("This action cannot be undone.")
    desk.wait_still(DEAF_TIME + 0.1)


def nobody_is_away(lines: list[str]) -> bool:
    return not any(AWAY in line for line in lines)


def test_a_restart_with_two_desks_open(practice: Practice) -> None:
    kim, tom = practice.desk("Kim"), practice.desk("Tom")
    practice.server.stop_at_once()
    for desk in (kim, tom):
        desk.wait_for(AWAY, 60)
    assert any("R00001" in line for line in kim.screen_lines()), "the list stays readable"
    practice.server.start()
    for desk in (kim, tom):
        desk.wait_for(nobody_is_away, 60)
    open_dialog(kim, "R00001")
    kim.send(F8)
    kim.wait_for(shows_a_cancelled_row)
    tom.wait_for(shows_a_cancelled_row, 60)
    assert practice.written("R00001") == (True, 1, True)


def test_connections_that_are_reset(practice: Practice) -> None:
    with CutLine(practice.server.socket) as line:
        kim, tom = practice.desk("Kim", line), practice.desk("Tom")
        line.cut()
        open_dialog(tom, "R00002")
        tom.send(F8)
        kim.wait_for(shows_a_cancelled_row, 60)
        kim.wait_for(nobody_is_away, 60)
        open_dialog(kim, "R00003")
        line.cut()
        kim.send(F8)
        kim.wait_for("cancelled", 60)
        tom.wait_for(shows_a_cancelled_row, 60)
        practice.close()
    assert practice.written("R00003") == (True, 1, True)


def test_a_line_that_is_silent(practice: Practice) -> None:
    """Half-open: the desk finds out by itself, says so, and is back when the line is."""
    with CutLine(practice.server.socket) as line:
        kim, tom = practice.desk("Kim", line), practice.desk("Tom")
        line.fault = Fault.SILENT
        kim.wait_for(AWAY, 100)
        open_dialog(tom, "R00004")
        tom.send(F8)
        tom.wait_for("cancelled")
        line.fault = Fault.NOTHING
        line.cut()
        kim.wait_for(nobody_is_away, 60)
        kim.wait_for(shows_a_cancelled_row, 60)
        practice.close()


@pytest.mark.parametrize("fault", [Fault.LOSES_COMMITS, Fault.LOSES_ANSWERS])
def test_a_commit_whose_answer_is_lost(practice: Practice, fault: Fault) -> None:
    with CutLine(practice.server.socket) as line:
        kim = practice.desk("Kim", line)
        open_dialog(kim, "R00005")
        line.fault = fault
        kim.send(F8)
        kim.wait_for("Not known yet whether it was saved. Asking. Do not tell the patient yet.", 60)
        assert line.lost.is_set()
        line.fault = Fault.NOTHING
        if fault is Fault.LOSES_ANSWERS:
            kim.wait_for("cancelled", 60)
            assert practice.written("R00005") == (True, 1, True)
        else:
            kim.wait_for("Not saved, nothing has happened", 60)
            assert practice.written("R00005") == (False, 0, False)
            kim.send(F8)
            kim.wait_for("cancelled", 60)
            assert practice.written("R00005") == (True, 1, True)
        practice.close()


def test_a_cancel_is_seen_elsewhere_by_its_notice(practice: Practice) -> None:
    kim, tom = practice.desk("Kim"), practice.desk("Tom")
    open_dialog(kim, "R00006")
    kim.send(F8)
    kim.wait_for(shows_a_cancelled_row)
    tom.wait_for(shows_a_cancelled_row, POLL_SECONDS / 2)


def test_an_idle_desk_writes_nothing_and_asks_little(practice: Practice) -> None:
    kim = practice.desk("Kim")
    kim.wait_still(2.0)
    practice.tell("ALTER SYSTEM SET log_statement = 'all'")
    practice.tell("ALTER SYSTEM SET log_line_prefix = '%a: '")
    practice.tell("SELECT pg_reload_conf()")
    written = len(kim.output)

    kim.wait_still(60.0)

    assert len(kim.output) == written
    practice.tell("ALTER SYSTEM RESET ALL")
    practice.tell("SELECT pg_reload_conf()")
    asked = practice.server.log.read_text().count("frontdesk: LOG:  statement: BEGIN")
    # Three times for changes, and once a minute who is away and whether anybody delivers.
    assert 1 <= asked <= 6
