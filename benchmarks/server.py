"""`make bench-server`: what `frontdesk serve` answers in a second, to 1, 10 and 100 desks.

Real server processes on a real PostgreSQL with a million bookings, on the same cores as the
desks that ask. Every desk asks again as soon as it has its answer, so the figures are those of
a server that has all it can do. Beside it, in turns: the store called without any server, and
the least that the same web framework does.
"""

import asyncio
import os
import platform
import random
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import psycopg
from sqlalchemy.engine import make_url

from benchmarks import store_data
from benchmarks.desks import Act, Connection, Taken, all_at_once, connected
from benchmarks.figures import median, p95
from benchmarks.processes import calibrate, cpu_seconds, memory
from benchmarks.store_data import say
from benchmarks.worst_cases import HEIGHT, TEXTS
from frontdesk.bookings import BookingQuery, Direction, Operator, Position, Scope
from frontdesk.commands import Cancel, Command, Subject
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore

BOOKINGS = {"1M": 1_000_000}
DESKS = (1, 10, 100)
ROUNDS = 3
READS = {1: 100, 10: 300, 100: 600}
CANCELS = {1: 50, 10: 150, 100: 300}
RESULTS = Path(__file__).parent / "RESULTS-SERVER.md"
BY = Operator("a benchmark")

HELLO, STORE, ONE, TWO = "FastAPI says hello", "the store, no server", "one server", "two servers"
PAGE, SEARCH, CANCEL, HEARD = "pages", "searches", "cancels", "cancels, every desk listening"


@dataclass
class Cell:
    """What one kind of request took from one place, with so many desks."""

    taken: Taken = field(default_factory=Taken)
    seconds: float = 0.0
    computed: float = 0.0
    heard: list[float] = field(default_factory=list)
    """Milliseconds from the key of a cancel to the moment another desk was told of it."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken.milliseconds) / self.seconds


@dataclass
class World:
    """What is asked, and what was answered."""

    store: SqlStore
    url: str
    now: datetime
    tokens: Sequence[str]
    places: Sequence[Position]
    left: list[tuple[int, int]]
    """Bookings to cancel: id and version."""
    cells: dict[tuple[str, str, int], Cell] = field(default_factory=dict)
    acknowledged: dict[UUID, int] = field(default_factory=dict)

    async def measure(
        self, what: str, where: str, desks: int, requests: int, act: Act, pids: Sequence[int]
    ) -> Cell:
        """Have desks ask, and add what it took to what is known."""
        say(f"{where}: {what}, {desks} desks")
        cell = self.cells.setdefault((what, where, desks), Cell())
        computed = sum(map(cpu_seconds, pids))
        taken, seconds = await all_at_once(desks, requests, act)
        cell.computed += sum(map(cpu_seconds, pids)) - computed
        cell.seconds += seconds
        cell.taken.milliseconds += taken.milliseconds
        cell.taken.failed += taken.failed
        return cell


async def ask_hello(world: World, url: str, pid: int) -> None:
    """Measure the least that the framework does."""
    for desks in DESKS:
        lines = await connected([url], world.tokens[:desks])

        async def act(desk: int, lines: Sequence[Connection] = lines) -> bool:
            return (await lines[desk].ask("GET", "/"))[0] == 200

        await world.measure(HELLO, HELLO, desks, READS[desks], act, [pid])
        for line in lines:
            line.close()


async def ask_store(world: World) -> None:
    """Measure the store called in this process, by as many callers at once."""
    store, texts, places = world.store, cycle(TEXTS.values()), cycle(world.places)

    async def page(_: int) -> bool:
        query = BookingQuery(world.now)
        return bool((await store.page(query, HEIGHT, next(places), Direction.FORWARD)).rows)

    async def search(_: int) -> bool:
        await store.page(BookingQuery(world.now, next(texts)), HEIGHT, None, Direction.FORWARD)
        return True

    async def cancel(_: int) -> bool:
        booking_id, version = world.left.pop()
        command = Command(uuid4(), Subject("booking", booking_id), version, BY, Cancel("Sick"))
        await store.do(command)
        world.acknowledged[command.id] = booking_id
        return True

    for desks in DESKS:
        for what, act, number in ((PAGE, page, READS), (SEARCH, search, READS), (CANCEL, cancel, CANCELS)):
            await world.measure(what, STORE, desks, number[desks], act, [os.getpid()])


async def ask_servers(world: World, where: str, urls: Sequence[str], pids: Sequence[int]) -> None:
    """Measure servers, each desk at one of them."""
    texts, places = cycle(TEXTS.values()), cycle(world.places)
    as_of = world.now.isoformat()
    first = f"/bookings?{urlencode({'as_of': as_of, 'limit': HEIGHT})}"

    for desks in DESKS:
        lines = await connected(urls, world.tokens[:desks])

        async def page(desk: int, lines: Sequence[Connection] = lines) -> bool:
            place = next(places)
            at = urlencode({"position_at": place.starts_at.isoformat(), "position_id": place.id})
            status, body = await lines[desk].ask("GET", f"{first}&{at}")
            return status == 200 and bool(body)

        async def search(desk: int, lines: Sequence[Connection] = lines) -> bool:
            return (await lines[desk].ask("GET", f"{first}&text={quote(next(texts))}"))[0] == 200

        begun: dict[int, float] = {}

        async def cancel(
            desk: int, lines: Sequence[Connection] = lines, begun: dict[int, float] = begun
        ) -> bool:
            (booking_id, version), command_id = world.left.pop(), uuid4()
            begun[booking_id] = time.perf_counter()
            headers = {"If-Match": f'"{version}"', "Idempotency-Key": str(command_id)}
            target = f"/bookings/{booking_id}/cancel"
            status, _ = await lines[desk].ask("POST", target, headers, b'{"reason":"Sick"}')
            if status == 200:
                world.acknowledged[command_id] = booking_id
            return status == 200

        for what, act, number in ((PAGE, page, READS), (SEARCH, search, READS), (CANCEL, cancel, CANCELS)):
            await world.measure(what, where, desks, number[desks], act, pids)
        begun.clear()
        async with listening(urls, world.tokens[:desks], begun) as heard:
            cell = await world.measure(HEARD, where, desks, CANCELS[desks], cancel, pids)
            cell.heard += await heard.all_of(desks * CANCELS[desks])
        for line in lines:
            line.close()


class Ears:
    """What all desks together are told of cancels."""

    def __init__(self, begun: dict[int, float]) -> None:
        self._begun = begun
        self._delays: list[float] = []
        self._news = asyncio.Event()

    def hear(self, line: bytes) -> None:
        """Take one line of a stream."""
        if line.startswith(b"data: "):
            booking_id = int(line.partition(b'"booking_id":')[2].partition(b",")[0])
            if booking_id in self._begun:
                self._delays.append(1000 * (time.perf_counter() - self._begun[booking_id]))
                self._news.set()

    async def all_of(self, number: int) -> list[float]:
        """Return the delays, when so many were heard. Raises TimeoutError when some never come."""
        async with asyncio.timeout(60):
            while len(self._delays) < number:
                self._news.clear()
                await self._news.wait()
        return self._delays


@asynccontextmanager
async def listening(
    urls: Sequence[str], tokens: Sequence[str], begun: dict[int, float]
) -> AsyncIterator[Ears]:
    """Have desks listen for changes as long as the context lasts."""
    ears = Ears(begun)
    streams = await connected(urls, tokens)
    tasks = []
    for stream in streams:
        await stream.begin("/changes")
        tasks.append(asyncio.create_task(stream.lines(ears.hear)))
    try:
        yield ears
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for stream in streams:
            stream.close()


async def sampled(url: str, query: str, number: int) -> list[tuple[int, datetime, int]]:
    """Return id, start and version of bookings anywhere in the store, in no order, `number` at most."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(plain) as database:
        found = await (await database.execute(query)).fetchall()
    return random.Random(1).sample([(row[0], row[1], row[2]) for row in found], min(number, len(found)))


@asynccontextmanager
async def process(*arguments: str, says: str) -> AsyncIterator[tuple[str, int]]:
    """Run a server; yield the address that it says it listens at, and its process id."""
    running = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, stderr=PIPE)
    try:
        stream = running.stdout if says == "stdout" else running.stderr
        assert stream is not None
        said = (await stream.readline()).decode()
        words = said.split()
        url = next((word for word in words if word.startswith("http://")), "")
        if not url:
            raise RuntimeError(f"no server: {said}")
        yield url, running.pid
    finally:
        running.terminate()
        await running.communicate()


async def measure(url: str) -> tuple[World, list[float], dict[str, float], str]:
    """Measure everything in turns; return it, the speeds of a fixed loop, MiB of each server, and what was lost.

    Raises SystemExit where too little is left to cancel: every run cancels thousands, for ever.
    """
    upcoming = (
        "SELECT id, starts_at, version FROM booking WHERE NOT cancelled AND starts_at > now() + '1 day'"
    )
    cancels = ROUNDS * sum(CANCELS.values()) * 5
    to_cancel = await sampled(url, upcoming, cancels)
    if len(to_cancel) < cancels:
        raise SystemExit(
            "Earlier runs have cancelled what there was: rm -r benchmarks/data/store, and run again."
        )
    store = await open_store(url)
    tokens = [
        await store.registry.create_token(f"Desk {number}", frozenset({Scope.READ, Scope.CANCEL}), None, BY)
        for number in range(DESKS[-1])
    ]
    world = World(
        store,
        url,
        (await store.state()).now,
        [secret for _, secret in tokens],
        [Position(at, number) for number, at, _ in await sampled(url, upcoming, 1000)],
        [(number, version) for number, _, version in to_cancel],
    )
    speeds: list[float] = []
    async with AsyncExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        config = folder / "server.toml"
        address = make_url(url)
        if address.password:
            # A config holds no password.
            os.environ["PGPASSWORD"] = str(address.password)
        plain = address._replace(password=None).render_as_string()
        config.write_text(
            f'[store]\nurl = "{plain}"\n[log]\nfile = "server.log"\n[server]\nrequests_a_minute = 100000000\n'
        )
        serve = ("-m", "frontdesk", "serve", "--config", str(config), "--bind", "127.0.0.1:0", "--no-deliver")
        hello = await running.enter_async_context(process("-m", "benchmarks.anchors.hello", says="stdout"))
        servers = [await running.enter_async_context(process(*serve, says="stderr")) for _ in range(2)]
        for _ in range(ROUNDS):
            speeds.append(calibrate())
            await ask_hello(world, *hello)
            await ask_store(world)
            for where, some in ((ONE, servers[:1]), (TWO, servers)):
                speeds.append(calibrate())
                await ask_servers(world, where, [url for url, _ in some], [pid for _, pid in some])
        sizes = {where: memory(pid).peak for where, (_, pid) in zip((ONE, TWO), servers, strict=True)}
    lost = await what_was_lost(world)
    for token, _ in tokens:
        await store.registry.revoke_token(token.id, BY)
    await store.close()
    say("")
    return world, speeds, sizes, lost


async def what_was_lost(world: World) -> str:
    """Return, in a sentence, whether what desks were told is what is in the database."""
    plain = make_url(world.url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(plain) as database:
        counting = await database.execute(
            "SELECT command.id FROM command JOIN booking ON booking.id = command.booking_id"
            " WHERE booking.cancelled AND command.id = ANY(%s)",
            [list(world.acknowledged)],
        )
        there = len(await counting.fetchall())
    failed = sum(cell.taken.failed for cell in world.cells.values())
    asked = sum(len(cell.taken.milliseconds) for cell in world.cells.values())
    chain = await world.store.registry.verify()
    return (
        f"{asked:,} requests, {failed} failed. {len(world.acknowledged):,} cancels were acknowledged,"
        f" {there:,} of them are in the database, {len(world.acknowledged) - there} lost;"
        f" the audit chain is {'whole' if chain is None else f'broken at {chain}'}."
    )


def report(world: World, speeds: Sequence[float], sizes: dict[str, float], lost: str) -> list[str]:
    """Return the tables, in Markdown."""
    head = "| | " + " | ".join(f"{desks} desk{'s' if desks > 1 else ''}" for desks in DESKS) + " |"
    rule = "|---" * (len(DESKS) + 1) + "|"
    lines = [lost, "", f"A fixed loop took {median(speeds):.0f} ms in the middle,"]
    lines[-1] += f" {min(speeds):.0f} to {max(speeds):.0f}: times move with it, ratios less."
    lines += [f"A server has {max(sizes.values()):.0f} MiB at most.", ""]
    for what in (PAGE, SEARCH, CANCEL, HEARD):
        lines += [f"## {what.capitalize()}", "", head, rule]
        lines += [_row(world, what, where) for where in (ONE, TWO, STORE) if (what, where, 1) in world.cells]
        if what == HEARD:
            lines += [_heard(world, where) for where in (ONE, TWO)]
        lines.append("")
    lines += ["## Beside what", "", head, rule, _row(world, HELLO, HELLO)]
    for what in (PAGE, SEARCH, CANCEL):
        for one, other in ((ONE, STORE), (TWO, ONE)):
            cells = [
                f"{world.cells[what, one, desks].rate / world.cells[what, other, desks].rate:.2f}"
                for desks in DESKS
            ]
            lines.append(f"| {what}: {one}, times {other} | " + " | ".join(cells) + " |")
    cells = [
        f"{world.cells[PAGE, ONE, desks].rate / world.cells[HELLO, HELLO, desks].rate:.2f}" for desks in DESKS
    ]
    return [*lines, f"| {PAGE}: {ONE}, times {HELLO} | " + " | ".join(cells) + " |", ""]


def _row(world: World, what: str, where: str) -> str:
    cells = []
    for desks in DESKS:
        cell = world.cells[what, where, desks]
        times = cell.taken.milliseconds
        computed = 1000 * cell.computed / len(times)
        cells.append(f"**{cell.rate:.0f}**/s · {median(times):.0f} / {p95(times):.0f} ms · {computed:.1f}")
    return f"| {where} | " + " | ".join(cells) + " |"


def _heard(world: World, where: str) -> str:
    cells = []
    for desks in DESKS:
        delays = world.cells[HEARD, where, desks].heard
        cells.append(f"{median(delays):.0f} / {p95(delays):.0f} ms, at most {max(delays):.0f}")
    return f"| {where}: until the desks are told | " + " | ".join(cells) + " |"


def main() -> None:
    """Make what is missing, measure, and write the results."""
    began, load = time.monotonic(), os.getloadavg()[0]
    with store_data.server() as server:
        ((size, number),) = BOOKINGS.items()
        url, _ = store_data.postgres(server, size, number)
        measured = asyncio.run(measure(url))
        database = f"PostgreSQL {store_data.server_version(server)}"
    head = [
        "# What the server answers",
        "",
        f"Made by `make bench-server` on {time.strftime('%Y-%m-%d')}, in {(time.monotonic() - began) / 60:.0f}"
        f" minutes: {os.cpu_count()} cores, Python {platform.python_version()}, {database}, {number:,} bookings.",
        f"The machine had a load of {load:.1f} before it began. Servers, database and desks share its cores, and",
        "every desk asks again as soon as it has its answer: these are servers that have all they can do.",
        "",
        "A cell is answers a second · p50 / p95 · milliseconds that the server computes for one (the process,",
        f"without the database). Pages and searches have {HEIGHT} rows, gzipped where a server sends them.",
        "",
    ]
    RESULTS.write_text("\n".join([*head, *report(*measured)]), encoding="utf-8")
    print(f"{RESULTS.name} written")


if __name__ == "__main__":
    main()
