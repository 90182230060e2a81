"""Loading many bookings: batches that leave room for the desks, stops that lose no count, bad lines."""

import asyncio
import csv
import gzip
import io
import lzma
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from frontdesk.arrivals import IncomingBooking, Loaded, LoadOutcome
from frontdesk.bookings import Operator, Patient, Practice
from frontdesk.errors import Unavailable
from frontdesk.exchange.importing import (
    BadLine,
    Import,
    Report,
    errors_row,
    is_errors_file,
    write_errors_header,
)
from frontdesk.exchange.incoming import RowReader
from frontdesk.exchange.loading import ALONE, Pace, load
from frontdesk.exchange.practice_column import Practices
from frontdesk.exchange.sources import CsvSource, FileProblem
from frontdesk.exchange.targets import csv_target
from frontdesk.store.port import Registry

KIM = Operator("Kim Nguyen")
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
ADELAIDE = Practice("adelaide", "Smile Dental", "ADL", "Australia/Adelaide")
HEADER = "ref,pms_ref,patient_name,practitioner,starts_at"


@dataclass
class Shelf:
    """A registry that takes everything, and passes `cost` seconds of a made-up clock for each row."""

    cost: float = 0.0
    refuse: frozenset[str] = frozenset()
    now: float = 0.0
    batches: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event | None = None
    is_loaded: bool = False

    async def load(
        self, batch: Sequence[IncomingBooking], operator: Operator, source: str, *, dry_run: bool = False
    ) -> tuple[Loaded, ...]:
        self.started.set()
        if self.go_on:
            await self.go_on.wait()
        self.batches.append(len(batch))
        self.now += self.cost * len(batch)
        self.refs += [one.ref for one in batch]
        return tuple(
            Loaded(one.line, LoadOutcome.BAD, "fee", "is wrong")
            if one.ref in self.refuse
            else Loaded(one.line, LoadOutcome.NEW)
            for one in batch
        )

    async def loaded(self) -> None:
        self.is_loaded = True
        raise Unavailable("The store is away.")

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def registry(self) -> Registry:
        return cast(Registry, self)

    @property
    def pace(self) -> Pace:
        return Pace(clock=lambda: self.now, sleep=self.pause)


def made(number: int) -> Iterator[IncomingBooking]:
    for line in range(1, number + 1):
        yield IncomingBooking(line, "adelaide", Patient("Ann Lee"), "Dr Rao", "", NOW, ref=f"R{line}")


class TestTheEnd:
    @pytest.mark.parametrize("dry_run", [False, True])
    async def test_the_store_hears_of_the_last_batch_and_nothing_fails_by_that(self, dry_run: bool) -> None:
        shelf = Shelf()
        await load(shelf.registry, made(150), KIM, "x", lambda _: None, dry_run=dry_run, pace=shelf.pace)
        assert sum(shelf.batches) == 150
        assert shelf.is_loaded is not dry_run


class TestPace:
    async def test_batches_grow_and_shrink_to_well_under_a_fifth_of_a_second(self) -> None:
        shelf = Shelf(cost=0.0001)
        await load(shelf.registry, made(20_000), KIM, "x", lambda _: None, pace=shelf.pace)
        assert shelf.batches[:5] == [100, 200, 400, 800, 1200]
        assert max(size * shelf.cost for size in shelf.batches) <= 0.2

        slow = Shelf(cost=0.004)
        await load(slow.registry, made(1_000), KIM, "x", lambda _: None, pace=slow.pace)
        assert set(slow.batches[1:-1]) == {30}

    async def test_there_is_a_pause_after_every_batch_but_the_last(self) -> None:
        shelf = Shelf(cost=0.001)
        await load(shelf.registry, made(1_000), KIM, "x", lambda _: None, pace=shelf.pace)
        assert len(shelf.pauses) == len(shelf.batches) - 1
        assert shelf.pauses == [pytest.approx(size * 0.001 / 4) for size in shelf.batches[:-1]]

    async def test_reading_the_next_batch_counts_as_the_pause(self) -> None:
        shelf = Shelf(cost=0.001)

        def slowly(each: float) -> Iterator[IncomingBooking]:
            for one in made(300):
                shelf.now += each
                yield one

        await load(shelf.registry, slowly(0.0001), KIM, "x", lambda _: None, pace=shelf.pace)
        assert shelf.batches == [100, 120, 80]
        assert shelf.pauses == [pytest.approx(0.025 - 0.012), pytest.approx(0.03 - 0.008)]

    async def test_a_store_of_its_own_is_loaded_without_pauses(self) -> None:
        shelf = Shelf(cost=0.001)
        pace = replace(ALONE, clock=shelf.pace.clock, sleep=shelf.pause)
        await load(shelf.registry, made(2_000), KIM, "x", lambda _: None, pace=pace)
        assert max(shelf.batches) == 500
        assert set(shelf.pauses) == {0.0}

    async def test_every_booking_is_loaded_once_and_told_once(self) -> None:
        shelf = Shelf()
        told: list[int] = []
        await load(
            shelf.registry,
            made(777),
            KIM,
            "x",
            lambda out: told.extend(one.line for one in out),
            pace=shelf.pace,
        )
        assert told == list(range(1, 778))
        assert len(shelf.refs) == 777


class TestStops:
    async def test_what_came_before_trouble_with_the_source_goes_in(self) -> None:
        shelf = Shelf()

        def troubled() -> Iterator[IncomingBooking]:
            yield from made(30)
            raise FileProblem("x.csv is damaged")

        told: list[Loaded] = []
        with pytest.raises(FileProblem):
            await load(shelf.registry, troubled(), KIM, "x", told.extend, pace=shelf.pace)
        assert len(told) == len(shelf.refs) == 30

    async def test_a_cancelled_load_waits_for_its_batch_and_tells_of_it(self) -> None:
        shelf = Shelf(go_on=asyncio.Event())
        told: list[Loaded] = []
        task = asyncio.create_task(load(shelf.registry, made(500), KIM, "x", told.extend, pace=shelf.pace))
        await shelf.started.wait()
        task.cancel()
        assert shelf.go_on
        shelf.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(told) == len(shelf.refs) == 100

    async def test_trouble_with_the_store_goes_up(self) -> None:
        shelf = Shelf()

        async def away(*_: object, **__: object) -> tuple[Loaded, ...]:
            raise Unavailable("the store is away")

        shelf.load = away  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await load(shelf.registry, made(3), KIM, "x", lambda _: None, pace=shelf.pace)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bookings.csv"


def write(file: Path, rows: Sequence[str], header: str = HEADER) -> None:
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")


async def run(
    file: Path,
    rows: Sequence[str],
    shelf: Shelf | None = None,
    header: str = HEADER,
    practices: Sequence[Practice] = (ADELAIDE,),
) -> tuple[Import, list[Report]]:
    write(file, rows, header)
    shelf, bad = shelf or Shelf(), list[Report]()
    with CsvSource(file) as source:
        work = Import(
            source, RowReader(file, source.header, Practices(practices), NOW), bad.append, lambda: None
        )
        await work.run(shelf.registry, KIM, pace=shelf.pace)
    return work, bad


def row(ref: str, pms_ref: str = "", start: str = "2026-11-26 10:30") -> str:
    return f"{ref},{pms_ref},Ann Lee,Dr Rao,{start}"


class TestImport:
    async def test_good_lines_go_in_and_bad_ones_are_told_in_the_files_order(self, file: Path) -> None:
        shelf = Shelf(refuse=frozenset({"A3"}))
        work, bad = await run(file, [row("A1"), row("A2", start="x"), row("A3"), "A4", row("A5")], shelf)

        assert work.outcomes == {LoadOutcome.NEW: 2, LoadOutcome.BAD: 3}
        assert [(one.line, one.field) for one in bad] == [(3, "starts_at"), (4, "fee"), (5, "")]
        assert bad[1].cells == ["A3", "", "Ann Lee", "Dr Rao", "2026-11-26 10:30"]
        assert [str(one) for one in bad] == [
            "line 3, starts_at: x is not a time such as 2026-11-26 10:30",
            "line 4, fee: is wrong",
            "line 5: has 1 cell where the heading has 5 cells",
        ]

    @pytest.mark.parametrize(
        ("second", "field_name"),
        [(row("A1", "P9"), "ref"), (row("A9", "P1"), "pms_ref"), (row("A1", "P1"), "pms_ref")],
    )
    async def test_a_second_line_for_one_booking_is_bad_however_far_away(
        self, file: Path, second: str, field_name: str
    ) -> None:
        between = [row(f"B{number}") for number in range(300)]
        shelf = Shelf()
        work, bad = await run(file, [row("A1", "P1"), *between, second], shelf)

        assert len(shelf.batches) > 1
        assert [str(one) for one in bad] == [f"line 303, {field_name}: is about the same booking as line 2"]
        assert work.outcomes[LoadOutcome.NEW] == 301

    async def test_what_a_bad_line_names_is_free_for_the_next(self, file: Path) -> None:
        _, bad = await run(file, [row("A1", "P1"), row("A1", "P2"), row("A2", "P2")])
        assert [one.line for one in bad] == [3]

    async def test_refs_are_compared_within_a_practice(self, file: Path) -> None:
        both = [ADELAIDE, Practice("sydney", "Harbour Dental", "SYD", "Australia/Sydney")]
        rows = [f"{row('A1')},adelaide", f"{row('A1')},sydney"]
        _, bad = await run(file, rows, header=f"{HEADER},practice", practices=both)
        assert not bad

    async def test_counts_lines_that_cannot_be_known_again(self, file: Path) -> None:
        work, bad = await run(file, [row(""), row(""), row("A1"), row("", "P1")])
        assert work.nameless == 2
        assert not bad

    async def test_a_file_of_bad_lines_only_is_told_as_it_is_read(self, file: Path) -> None:
        told: list[int] = []
        write(file, [row("A1"), *["x"] * 2_000])
        with CsvSource(file) as source:
            work = Import(
                source,
                RowReader(file, source.header, Practices([ADELAIDE]), NOW),
                lambda _: None,
                lambda: told.append(work.outcomes[LoadOutcome.BAD]),
            )
            await work.run(Shelf().registry, KIM, pace=Shelf().pace)
        assert told[0] < 2_000
        assert told[-1] == 2_000


class TestTargets:
    def test_the_file_is_its_owners_only_and_holds_what_was_written(self, tmp_path: Path) -> None:
        path = tmp_path / "out.csv"
        with csv_target(path, replace=False) as write:
            write(["a", "=b", 'c"d', "é\ne"])
        assert path.read_bytes() == 'a,\'=b,"c""d","é\ne"\r\n'.encode()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]

    @pytest.mark.parametrize(
        ("name", "unpack"), [("out.csv.gz", gzip.decompress), ("out.csv.xz", lzma.decompress)]
    )
    def test_the_name_says_how_it_is_packed(self, tmp_path: Path, name: str, unpack: object) -> None:
        with csv_target(tmp_path / name, replace=False) as write:
            write(["a", "b"])
        assert callable(unpack)
        assert unpack((tmp_path / name).read_bytes()) == b"a,b\r\n"

    def test_a_file_that_exists_stays_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "out.csv"
        path.write_text("precious")
        with (
            pytest.raises(FileProblem, match="exists already: --force replaces it"),
            csv_target(path, replace=False),
        ):
            pytest.fail("nothing is to be written")
        assert path.read_text() == "precious"

    def test_trouble_half_way_leaves_nothing_new_and_the_old_file_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "out.csv"
        path.write_text("precious")

        def write_half() -> None:
            with csv_target(path, replace=True) as write:
                write(["half"])
                raise RuntimeError

        with pytest.raises(RuntimeError):
            write_half()
        assert path.read_text() == "precious"
        assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]

    def test_replacing_follows_a_link_to_the_file_behind_it(self, tmp_path: Path) -> None:
        (tmp_path / "real.csv").write_text("old")
        (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
        with csv_target(tmp_path / "link.csv", replace=True) as write:
            write(["new"])
        assert (tmp_path / "link.csv").is_symlink()
        assert (tmp_path / "real.csv").read_text() == "new\n"

    @pytest.mark.parametrize("place", [Path("/dev/null"), Path("/dev")])
    def test_what_is_no_file_is_never_replaced(self, place: Path) -> None:
        with pytest.raises(FileProblem, match="is not a file"), csv_target(place, replace=True):
            pytest.fail("nothing is to be written")

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with (
            pytest.raises(FileProblem, match=r"out\.csv cannot be written: no such file or directory"),
            csv_target(tmp_path / "none" / "out.csv", replace=False),
        ):
            pytest.fail("nothing is to be written")

    def test_a_disk_that_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        path = tmp_path / "out.csv"
        with (
            pytest.raises(FileProblem, match="cannot be written: no space left"),
            csv_target(path, replace=False),
        ):
            pass
        assert list(tmp_path.iterdir()) == []


class TestErrorsFile:
    def test_keeps_the_line_as_it_was_even_bytes_that_cannot_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "errors.csv"
        with csv_target(path, replace=True) as write:
            write_errors_header(write, ["ref", "name"])
            write(errors_row(BadLine(3, "", "is not “text”", ["=1", "na\udcefve"]), ["ref", "name"]))
        assert path.read_bytes() == b"line,field,reason,ref,name\r\n3,,is not ?text?,'=1,na\xefve\r\n"
        assert is_errors_file(path)

    def test_that_of_an_errors_file_does_not_grow_columns(self, tmp_path: Path) -> None:
        header = ["line", "field", "reason", "ref"]
        text = io.StringIO(newline="")
        write = csv.writer(text).writerow
        write_errors_header(write, header)
        write(errors_row(BadLine(2, "ref", "is odd", ["7", "fee", "is bad", "A1"]), header))
        assert text.getvalue() == "line,field,reason,ref\r\n2,ref,is odd,A1\r\n"

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"line;field;reason;x", True),
            (b"line,field,reasons", False),
            (b"ref,line,field,reason", False),
            (b"", False),
        ],
    )
    def test_is_known_by_its_heading(self, tmp_path: Path, content: bytes, expected: bool) -> None:
        path = tmp_path / "some.csv"
        path.write_bytes(content)
        assert is_errors_file(path) is expected
