"""`make bench-store`: what a store does in a second, and how that grows with its bookings.

Every size is measured in turn, round by round, so that a machine that is slow for a while is
slow for all of them.
"""

import asyncio
import gc
import os
import platform
import random
import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from benchmarks import store_data, worst_cases
from benchmarks.store_data import say
from benchmarks.worst_cases import HEIGHT, BookingListing, Case, Facts
from frontdesk import times
from frontdesk.bookings import COUNT_LIMIT, BookingQuery, Direction, Operator, Position, Status
from frontdesk.commands import Cancel, Command, Subject
from frontdesk.listing import Listing
from frontdesk.sources.bookings import BookingSource
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore

SIZES = {"1k": 1_000, "100k": 100_000, "1M": 1_000_000}
ROUNDS = 10
CANCELS = 60
RESULTS = Path(__file__).parent / "RESULTS-STORE.md"
RETIRED = "Dr Ashworth"
WRONG = "Dr Okafor"
KINDS = {
    "page": "pages",
    "filter": "filters",
    "search": "searches",
    "count": "counts",
    "near": "nearest names",
    "cancel": "cancels",
}


@dataclass
class Measured:
    """One store, and how long each case took in it, in milliseconds."""

    size: str
    store: SqlStore
    listing: BookingListing
    cases: Sequence[Case]
    seeded_a_second: float
    took: dict[str, list[float]] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)

    def of_kind(self, kind: str) -> list[float]:
        """Return every time of a kind of case."""
        if kind == "cancel":
            return self.took[kind]
        return [one for case in self.cases if case.kind == kind for one in self.took[case.name]]


async def measure(addresses: dict[str, tuple[str, float]], what: str) -> list[Measured]:
    """Measure the stores at these addresses, all sizes in turn."""
    stores = [await _opened(size, url, rate) for size, (url, rate) in addresses.items()]
    # What lives for the whole run need not be looked through again and again.
    gc.collect()
    gc.freeze()
    for number in range(ROUNDS + 1):
        say(f"{what}: round {number} of {ROUNDS}")
        for one in stores:
            for case in one.cases:
                took, gave_up = await _once(one.listing, case)
                if number:
                    one.took.setdefault(case.name, []).append(took)
                    if gave_up:
                        one.given_up.add(case.name)
    for one in stores:
        say(f"{what}: cancels at {one.size}")
        one.took["cancel"] = await _cancels(one.store)
    for one in stores:
        await one.store.close()
    say("")
    return stores


async def _once(listing: BookingListing, case: Case) -> tuple[float, bool]:
    """Press one key; return the milliseconds and whether a search was given up before the page was full."""
    one = worst_cases.fresh(listing)
    await case.before(one)
    began = time.perf_counter()
    await case.act(one)
    took = 1000 * (time.perf_counter() - began)
    if case.kind == "count":
        return took, one.count is not None and not one.count.exact and one.count.number < COUNT_LIMIT
    return took, one.view.searched_back is not None or one.view.searched_on is not None


async def _opened(size: str, url: str, rate: float) -> Measured:
    store = await open_store(url)
    now = (await store.state()).now
    practices, practitioners = await store.practices(), await store.practitioners()
    source = BookingSource(store, lambda: now, practices)
    listing = Listing(source, lambda: now, height=HEIGHT)
    first = await store.page(BookingQuery(now), 1, None, Direction.FORWARD)
    booking = first.rows[0].booking
    facts = Facts(
        today=source.today,
        first_day=times.local_date(booking.starts_at, booking.practice.zone),
        retired=frozenset(one.id for one in practitioners if one.name == RETIRED),
        elsewhere=frozenset(one.id for one in practitioners if one.name == WRONG),
        practice="adelaide",
    )
    return Measured(size, store, listing, worst_cases.cases(facts), rate)


async def _cancels(store: SqlStore) -> list[float]:
    """Cancel bookings anywhere in the coming weeks, one after another."""
    now = (await store.state()).now
    upcoming = BookingQuery(now, statuses=frozenset({Status.UPCOMING}))
    found: list[Position] = []
    position: Position | None = None
    while len(found) < 20 * CANCELS:
        page = await store.page(upcoming, 500, position, Direction.FORWARD)
        if not page.rows:
            break
        found += (Position(row.booking.starts_at, row.booking.id) for row in page.rows)
        position = found[-1]
    chosen = random.Random(1).sample(found, min(CANCELS, len(found)))
    took = []
    for one in chosen:
        booking = await store.get(one.id)
        subject = Subject("booking", booking.id)
        command = Command(uuid4(), subject, booking.version, Operator("a benchmark"), Cancel("Sick"))
        began = time.perf_counter()
        await store.do(command)
        took.append(1000 * (time.perf_counter() - began))
    return took


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed; of fewer than 20, the greatest."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def report(what: str, stores: Sequence[Measured]) -> list[str]:
    """Return the tables of one database, in Markdown."""
    lines = [f"## {what}", "", "### In a second, one desk alone", ""]
    columns = [f"{one.size} · p50 / p95 ms" for one in stores]
    lines += ["| | " + " | ".join(columns) + " | growth of p50 |", "|---" * (len(stores) + 2) + "|"]
    for kind, words in KINDS.items():
        cells, medians = [], []
        for one in stores:
            values = one.of_kind(kind)
            medians.append(statistics.median(values))
            cells.append(
                f"**{1000 / statistics.mean(values):.0f}**/s · {medians[-1]:.1f} / {p95(values):.1f}"
            )
        lines.append(f"| {words} | " + " | ".join(cells) + f" | {_growth(medians)} |")
    rates = " | ".join(f"**{one.seeded_a_second:,.0f}**/s" for one in stores)
    lines += [f"| bookings loaded into an empty store | {rates} | |", ""]
    lines += ["### Each key, the slowest first", ""]
    lines += ["| key | " + " | ".join(columns) + " | growth of p50 |", "|---" * (len(stores) + 2) + "|"]
    for case in sorted(stores[-1].cases, key=lambda case: -statistics.median(stores[-1].took[case.name])):
        cells = []
        for one in stores:
            values = one.took[case.name]
            mark = " †" if case.name in one.given_up else ""
            cells.append(f"{statistics.median(values):.1f} / {p95(values):.1f}{mark}")
        growth = _growth([statistics.median(one.took[case.name]) for one in stores])
        lines.append(f"| {case.name} | " + " | ".join(cells) + f" | {growth} |")
    return [*lines, ""]


def _growth(medians: Sequence[float]) -> str:
    return " · ".join(f"×{big / small:.2f}" for small, big in pairwise(medians))


def main() -> None:
    """Make what is missing, measure, and write the results."""
    databases: list[str] = []
    lines: list[str] = []
    sqlite = {size: store_data.sqlite(size, bookings) for size, bookings in SIZES.items()}
    lines += report("SQLite", asyncio.run(measure(sqlite, "SQLite")))
    databases.append(f"SQLite {sqlite3.sqlite_version}")
    with store_data.server() as server:
        postgres = {size: store_data.postgres(server, size, bookings) for size, bookings in SIZES.items()}
        lines += report("PostgreSQL", asyncio.run(measure(postgres, "PostgreSQL")))
        databases.append(f"PostgreSQL {store_data.server_version(server)}")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {', '.join(databases)}"
    head = [
        "# What the stores do",
        "",
        f"Made by `make bench-store` on {time.strftime('%Y-%m-%d')}: {machine}.",
        f"Every figure is of {ROUNDS} rounds over all sizes in turn, {CANCELS} for cancels.",
        "A key is what the list asks for one key press: for a search or a filter, a page of",
        f"{HEIGHT} rows in both directions. † a search was given up before its page was full; the list offers to go on.",
        "",
    ]
    RESULTS.write_text("\n".join([*head, *lines]), encoding="utf-8")
    say("")
    print(f"{RESULTS.name} written")


if __name__ == "__main__":
    main()
