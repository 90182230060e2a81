"""`make bench-sync`: how quickly the diaries of PMSs are read, and what a desk feels of it meanwhile.

Real readers (`frontdesk sync --once`, a process each) read simulated PMSs over HTTP on loopback, into SQLite and
into PostgreSQL, on the same cores. One large diary is read twice: the second time nothing has changed. Then one,
two and four readers share many small diaries.
"""

import asyncio
import os
import platform
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL

from benchmarks import store_data
from benchmarks.processes import memory
from benchmarks.store_data import say
from benchmarks.worst_cases import HEIGHT
from frontdesk.arrivals import IncomingBooking, Place
from frontdesk.bookings import BookingQuery, Direction, Patient, Position
from frontdesk.demo import simulator
from frontdesk.demo.simulator import SimulatedAccount
from frontdesk.demo.simulator.folder import STATE_FILE
from frontdesk.diary_runs import Kind
from frontdesk.store.opening import open_store

APPOINTMENTS = 100_000
DIARIES, EACH = 500, 40
READERS = (1, 2, 4)
DAYS_BACK, DAYS_AHEAD = 30, 119
PRACTITIONERS = 40
FOLDER = store_data.DATA / "sync"
RESULTS = Path(__file__).parent / "RESULTS-SYNC.md"
ZONE = "Australia/Adelaide"


@dataclass(frozen=True, slots=True)
class Taken:
    """What reading took: seconds, the most memory of a reader in MiB, and requests to the PMSs."""

    seconds: float
    memory: float
    requests: int
    changes: int
    """How many news desks were told, none where nothing was written."""


@dataclass(frozen=True, slots=True)
class World:
    """A store that is empty at first, the PMSs of its practices, and the days that are read."""

    url: str
    config: Path
    place: Path
    first: date
    last: date

    def read(self) -> Taken:
        """Have a reader read every diary once."""
        days = ["--from", self.first.isoformat(), "--to", self.last.isoformat()]
        command = [sys.executable, "-m", "frontdesk", "--config", str(self.config), "sync", "--once", *days]
        requests, number = self.requests(), asyncio.run(_latest_change(self.url))
        begun = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"the reader ended with {child.returncode}")
        seconds = time.perf_counter() - begun
        return Taken(
            seconds,
            used.ru_maxrss / 1024,
            self.requests() - requests,
            asyncio.run(_latest_change(self.url)) - number,
        )

    def requests(self) -> int:
        """Return how many requests the PMSs have had."""
        with closing(sqlite3.connect(self.place / STATE_FILE)) as state:
            return int(state.execute("SELECT count(*) FROM ledger").fetchone()[0])


async def _latest_change(url: str) -> int:
    store = await open_store(url)
    try:
        return (await store.state()).number
    finally:
        await store.close()


def _booked(account: int, number: int, now: datetime) -> Iterator[IncomingBooking]:
    """Yield so many appointments of an account, spread over the days that are read."""
    first = now - timedelta(days=DAYS_BACK)
    step = timedelta(days=DAYS_BACK + DAYS_AHEAD) / number
    for one in range(number):
        who = one % PRACTITIONERS
        start = (first + one * step).replace(second=0, microsecond=0)
        patient = Patient(
            f"Patient {account} {one}", date(1950 + one % 60, 1 + one % 12, 1 + one % 28), "0491 570 006",
            f"p{account}.{one}@example.com", False, f"{account}-{one % 9000}",
        )  # fmt: skip
        yield IncomingBooking(
            one, _practice(account), patient, f"Dr {who}", "Check-up", start, start + timedelta(minutes=30),
            pms_ref=str(one + 1), practitioner_pms_ref=str(who),
        )  # fmt: skip


def _practice(account: int) -> str:
    return f"p{account}"


@contextmanager
def world(name: str, url: str, diaries: int, each: int) -> Iterator[World]:
    """Make a store of so many practices, and run the PMSs whose diaries have so many appointments each."""
    place = FOLDER / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    accounts = [
        SimulatedAccount(f"c{one}", "praktika", tenant=_practice(one), time_zone=ZONE)
        for one in range(diaries)
    ]
    config = place / "frontdesk.toml"
    config.write_text("".join(_config(url, port, accounts)), encoding="utf-8")
    secrets = place / "credentials"
    secrets.mkdir(mode=0o700)
    for account in accounts:
        (secrets / account.name).write_text(account.key, encoding="utf-8")
        (secrets / account.name).chmod(0o600)
    simulator.write_settings(place, port, accounts)
    now = datetime.now(UTC)
    for number, account in enumerate(accounts):
        say(f"{name}: the diary of practice {number + 1} of {diaries}")
        simulator.fill(place, account.name, _booked(number, each, now))
    pms = simulator.start(place, os.getpid())
    try:
        _wait_for(port)
        run = [sys.executable, "-m", "frontdesk", "--config", str(config)]
        subprocess.run([*run, "store", "create"], check=True, stdout=subprocess.DEVNULL)
        today = now.date()
        yield World(url, config, place, today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD))
    finally:
        pms.terminate()
        pms.wait()


def _config(url: str, port: int, accounts: Sequence[SimulatedAccount]) -> Iterable[str]:
    yield f'operator = "a benchmark"\n[store]\nurl = "{url}"\n'
    for one in accounts:
        yield (
            f'[connections.{one.name}]\nkind = "praktika"\nbase_url = "http://127.0.0.1:{port}/{one.name}"\n'
            f'tenant = "{one.tenant}"\ncredential = "{one.name}"\nallow_http = true\nallow_private = true\n'
        )
    for number, one in enumerate(accounts):
        yield (
            f'[[practices]]\nid = "{one.tenant}"\nname = "Practice {number}"\nshort = "{number:03X}"\n'
            f'time_zone = "{ZONE}"\npms = "{one.name}"\n'
        )


def _wait_for(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the simulated PMSs do not listen")


async def pages(url: str, seconds: float) -> list[float]:
    """Page through the list for so long; return the milliseconds of each page."""
    store = await open_store(url)
    took: list[float] = []
    try:
        query, position = BookingQuery((await store.state()).now), None
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            begun = time.perf_counter()
            page = await store.page(query, HEIGHT, position, Direction.FORWARD)
            took.append(1000 * (time.perf_counter() - begun))
            last = page.rows[-1].booking if page.rows else None
            position = None if last is None else Position(last.starts_at, last.id)
            await asyncio.sleep(0.03)
    finally:
        await store.close()
    return took


def felt(world: World) -> tuple[list[float], list[float]]:
    """Return what a page takes while nobody reads the diary, and while it is read again from the beginning."""
    idle = asyncio.run(pages(world.url, 5))
    days = ["--from", world.first.isoformat(), "--to", world.last.isoformat()]
    command = [sys.executable, "-m", "frontdesk", "--config", str(world.config), "sync", "--once", *days]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as reader:
        meanwhile = asyncio.run(pages(world.url, 8))
        reader.wait()
    return idle, meanwhile


def _large(name: str, url: str) -> list[str]:
    with world(name, url, 1, APPOINTMENTS) as one:
        say(f"{name}: reading {APPOINTMENTS:,} appointments")
        first = one.read()
        say(f"{name}: reading them again")
        again = one.read()
        idle, meanwhile = felt(one)
    rows = [
        f"| {name}, the first time | {APPOINTMENTS / first.seconds:,.0f} | {first.seconds:.1f} | "
        f"{first.memory:.0f} | {first.requests:,} | {first.changes:,} |",
        f"| {name}, unchanged | {APPOINTMENTS / again.seconds:,.0f} | {again.seconds:.1f} | "
        f"{again.memory:.0f} | {again.requests:,} | {again.changes:,} |",
    ]
    before, then = (statistics.quantiles(took, n=20)[-1] for took in (idle, meanwhile))
    rows.append(
        f"| {name}, a desk's page meanwhile | p95 {then:.1f} ms, ×{then / before:.2f} of {before:.1f} ms "
        "| | | | |"
    )
    return rows


def _many(server: URL) -> list[str]:
    rows = []
    for readers in READERS:
        url = _database(server, f"frontdesk_bench_sync_{readers}")
        with world(f"{readers}-readers", url, DIARIES, EACH) as many:
            say(f"{DIARIES} diaries, {readers} readers")
            with _readers(many, readers) as pids:
                first, again = (asyncio.run(_all_read(many, pids)) for _ in range(2))
        rows.append(
            f"| {readers} | {DIARIES * EACH / first.seconds:,.0f} | {first.seconds:.1f} | {again.seconds:.1f} | "
            f"{again.requests / again.seconds:,.0f} | {again.memory:.0f} | {again.changes:,} |"
        )
    return rows


@contextmanager
def _readers(many: World, number: int) -> Iterator[list[int]]:
    """Run so many readers that go on; yield their process ids."""
    command = [sys.executable, "-m", "frontdesk", "--config", str(many.config), "sync"]
    children = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(number)]
    try:
        yield [child.pid for child in children]
    finally:
        for child in children:
            child.terminate()
            child.wait()


async def _all_read(many: World, pids: Sequence[int]) -> Taken:
    """Have all diaries read, by the readers that there are."""
    store = await open_store(many.url)
    try:
        state, before = await store.state(), many.requests()
        begun = time.perf_counter()
        places = [Place(f"c{one}") for one in range(DIARIES)]
        await store.diaries.keep(places)
        await store.diaries.ask(places, Kind.FULL)
        while not all(one.full_at and one.full_at >= state.now for one in await store.diaries.states()):  # noqa: ASYNC110 - other processes read
            await asyncio.sleep(0.2)
        seconds = time.perf_counter() - begun
        news = (await store.state()).number - state.number
        return Taken(seconds, max(memory(one).peak for one in pids), many.requests() - before, news)
    finally:
        await store.close()


def _database(server: URL, name: str) -> str:
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}"')
    return server.set(database=name).render_as_string(hide_password=False)


def main() -> None:
    """Measure, and write the results."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "bookings.db"
    file.unlink(missing_ok=True)
    large = _large("SQLite", f"sqlite:///{file}")
    with store_data.server() as server:
        large += _large("PostgreSQL", _database(server, "frontdesk_bench_sync"))
        many = _many(server)
        version = store_data.server_version(server)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {version}"
    lines = [
        "# What reading diaries takes",
        "",
        f"Made by `make bench-sync` on {time.strftime('%Y-%m-%d')}: {machine}. The simulated PMSs are on the same cores.",
        "",
        f"## One diary of {APPOINTMENTS:,} appointments",
        "",
        "| | appointments a second | seconds | MiB | requests | news |",
        "|---|--:|--:|--:|--:|--:|",
        *large,
        "",
        f"## {DIARIES} diaries of {EACH} appointments, PostgreSQL",
        "",
        "| readers | appointments a second, the first time | seconds | seconds, unchanged | requests a second | MiB | news |",
        "|--:|--:|--:|--:|--:|--:|--:|",
        *many,
    ]
    RESULTS.write_text("\n".join([*lines, ""]), encoding="utf-8")
    print(f"{RESULTS.name} written")


if __name__ == "__main__":
    main()
