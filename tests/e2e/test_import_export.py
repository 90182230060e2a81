"""`import`, `export` and `seed` on a real store, as a practice manager types them."""

import csv
import gzip
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from frontdesk.arrivals import Loaded
from frontdesk.cli import frontdesk
from frontdesk.config import default_file
from frontdesk.errors import Unavailable
from frontdesk.exchange.columns import COLUMNS
from frontdesk.store.sql.registry import SqlRegistry
from tests.e2e.line_mode import LineDesk

HEADER = "ref,practice,patient_name,practitioner,appointment_type,starts_at,cancelled_at"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def row(ref: str, name: str = "Ann Example", start: str = "2031-11-26 10:30", cancelled_at: str = "") -> str:
    return f"{ref},perth,{name},Dr Rao,Check-up,{start},{cancelled_at}"


def rows(number: int) -> list[str]:
    return [row(f"N{line}") for line in range(number)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def written(*lines: str, name: str = "bookings.csv", header: str = HEADER) -> str:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return str(path)

    return written


def refs(desk: LineDesk, *filters: str) -> list[str]:
    return [one["ref"] for one in desk.document("list", *filters)]


class TestImport:
    def test_goes_in_and_again_without_a_change(self, desk: LineDesk, write: Callable[..., str]) -> None:
        file = write(row("N1"), row("N2", "Mirela Kovač"))

        first, again = desk("import", file), desk("import", file)

        assert first.stdout == "2 read: 2 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 0 bad\n"
        assert again.stdout == "2 read: 0 new, 0 changed, 2 unchanged, 0 kept as cancelled here, 0 bad\n"
        assert (first.exit_code, again.exit_code, first.stderr, again.stderr) == (0, 0, "", "")
        (booking,) = desk.document("list", "--search", "kovac")
        assert (booking["practice"], booking["starts_at"]) == ("perth", "2031-11-26T10:30:00+08:00")

    def test_a_changed_line_changes_the_booking(self, desk: LineDesk, write: Callable[..., str]) -> None:
        desk("import", write(row("N1"), row("N2")))
        result = desk("import", write(row("N1"), row("N2", "Ann Other")))

        assert result.stdout.startswith("2 read: 0 new, 1 changed, 1 unchanged,")
        assert desk.document("show", "N2")["patient_name"] == "Ann Other"

    def test_a_bad_line_is_told_without_the_patient_and_the_rest_goes_in(
        self, desk: LineDesk, write: Callable[..., str]
    ) -> None:
        long_name = "Secret " * 40
        result = desk(
            "import", write(row("N1"), row("N2", "Secret", start="x"), row("N3", long_name), "Secret")
        )

        assert result.exit_code == 1
        assert result.stderr.splitlines() == [
            "line 3, starts_at: x is not a time such as 2026-11-26 10:30",
            "line 4, patient_name: is longer than 200 characters",
            "line 5: has 1 cell where the heading has 7 cells",
        ]
        assert result.stdout.splitlines() == [
            "4 read: 1 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 3 bad",
            "With --errors FILE the lines with something wrong are written to a file, to mend and import.",
        ]
        assert "N1" in refs(desk)

    def test_many_bad_lines_are_told_in_part(self, desk: LineDesk, write: Callable[..., str]) -> None:
        result = desk("import", write(*[row(f"N{line}", start="x") for line in range(25)]))

        lines = result.stderr.splitlines()
        assert len(lines) == 11
        assert lines[-1] == "and 15 more"

    def test_the_errors_file_is_mended_and_imported_the_same_way(
        self, desk: LineDesk, write: Callable[..., str], tmp_path: Path
    ) -> None:
        errors = tmp_path / "errors.csv"
        file = write(row("N1"), row("N2", "+Ann", start="2031-11-26 25:00"))

        result = desk("import", file, "--errors", str(errors))

        assert f"The lines with something wrong are in {errors}: mend them there" in result.stdout
        assert stat.S_IMODE(errors.stat().st_mode) == 0o600
        text = errors.read_text(encoding="utf-8")
        assert text.splitlines()[0] == f"line,field,reason,{HEADER}"
        assert text.splitlines()[1].startswith("3,starts_at,2031-11-26 25:00 is not a time such as")
        assert ",'+Ann," in text

        mended = write(name="mended.csv", header=text.replace("25:00", "15:00", 2).strip())
        assert desk("import", mended).stdout.startswith("1 read: 1 new")
        assert desk.document("show", "N2")["patient_name"] == "+Ann"

    def test_an_errors_file_is_replaced_and_nothing_else_is(
        self, desk: LineDesk, write: Callable[..., str], tmp_path: Path
    ) -> None:
        file, errors, other = write(row("N1", start="x")), tmp_path / "errors.csv", tmp_path / "other.csv"
        other.write_text("precious")
        desk("import", file, "--errors", str(errors))
        good = write(row("N1"))
        assert desk("import", good, "--errors", str(errors)).exit_code == 0
        assert errors.read_text() == f"line,field,reason,{HEADER}\n"

        for target, sentence in ((good, "is the file to import"), (str(other), "is not from --errors")):
            result = desk("import", good, "--errors", target)
            assert result.exit_code == 1
            assert sentence in result.stderr
        assert other.read_text() == "precious"

    def test_a_dry_run_says_the_same_and_keeps_nothing(
        self, desk: LineDesk, write: Callable[..., str]
    ) -> None:
        desk("cancel", "R00004", "--yes")
        file = write(*rows(120), row("R00004"), row("N5"), row("N9", start="x"))

        dry, before = desk("import", file, "--dry-run"), refs(desk)
        real = desk("import", file)

        summary = "123 read: 120 new, 0 changed, 0 unchanged, 1 kept as cancelled here, 2 bad"
        assert dry.stdout.splitlines()[:2] == [summary, "This was a dry run: nothing was saved."]
        assert real.stdout.splitlines()[0] == summary
        assert dry.stderr == real.stderr
        assert "line 123, ref: is about the same booking as line 7" in dry.stderr
        assert dry.exit_code == real.exit_code == 1
        assert "N1" not in before

    def test_never_uncancels_and_never_tells_anybody(self, desk: LineDesk, write: Callable[..., str]) -> None:
        file = write(row("N1"), row("N2", cancelled_at="2026-01-05 09:00"))
        desk("import", file)
        desk("cancel", "N1", "--yes")

        assert "1 unchanged, 1 kept as cancelled here" in desk("import", file).stdout
        assert desk.document("show", "N1")["status"] == "Cancelled"
        by_file = desk.document("show", "N2")
        assert (by_file["status"], by_file["deliveries"]) == ("Cancelled", [])

    def test_lines_that_cannot_be_known_again_are_said(
        self, desk: LineDesk, write: Callable[..., str]
    ) -> None:
        result = desk("import", write(row(""), row("N2")))
        assert "1 of them have neither ref nor pms_ref" in result.stdout

    def test_the_practice_of_lines_that_name_none(self, desk: LineDesk, write: Callable[..., str]) -> None:
        file = write("N1,Ann,Dr Rao,2031-11-26 10:30", header="ref,patient_name,practitioner,starts_at")

        assert "say which one with --practice ID" in desk("import", file).stderr
        wrong = desk("import", file, "--practice", "pert")
        assert wrong.exit_code == 2
        assert wrong.stderr == "there is no practice pert, did you mean perth? See: frontdesk import --help\n"
        assert desk("import", file, "--practice", "PER").exit_code == 0
        assert desk.document("show", "N1")["practice"] == "perth"

    def test_a_heading_without_bookings(self, desk: LineDesk, write: Callable[..., str]) -> None:
        result = desk("import", write())
        assert result.exit_code == 0
        assert "a heading and no bookings below it" in result.stdout

    def test_a_store_without_practices_says_what_to_do(
        self, desk: LineDesk, write: Callable[..., str]
    ) -> None:
        desk.begin_anew()
        result = desk("import", write(row("N1")))
        assert result.exit_code == 1
        assert result.stderr == (
            "Not done: no practice is known yet: write one under [[practices]], with id, name and"
            f" time_zone, into {desk.config_file}\n"
        )

    def test_without_a_config_it_names_the_file_that_is_to_be_made(
        self, desk: LineDesk, write: Callable[..., str]
    ) -> None:
        result = CliRunner().invoke(frontdesk, ["import", write(row("N1"))])

        assert result.exit_code == 1
        assert f"into {default_file()}, which does not exist yet\n" in result.stderr

    def test_it_says_what_will_be_left_to_people_and_why(
        self, desk: LineDesk, write: Callable[..., str]
    ) -> None:
        header = f"{HEADER},pms_ref,patient_email"
        file = write(
            f"{row('N1')},,",
            f"{row('N2').replace('perth', 'adelaide')},,",
            f"{row('N3').replace('perth', 'adelaide')},P-3,ann@example.com",
            f"{row('N4', start='2016-01-04 10:30').replace('perth', 'adelaide')},,",
            f"{row('N5', start='25:00').replace('perth', 'adelaide')},,",
            header=header,
        )

        for arguments in (("--dry-run",), (), ()):
            said = desk("import", file, *arguments).stdout.splitlines()

            assert [line for line in said if "to come" in line] == [
                "1 of 3 bookings to come in this file has no pms_ref. Without it Praktika cannot be told of a"
                " cancellation: somebody has to cancel the booking there by hand.",
                "1 of 3 bookings to come in this file has no patient_email and no patient_mobile. Without an"
                " address the patient is not told automatically: somebody has to ring.",
            ]

    @pytest.mark.parametrize(
        ("arguments", "code", "sentence"),
        [
            (("none.csv",), 1, "The file cannot be used: none.csv cannot be read: no such file"),
            (("FILE", "--map", "none.toml"), 2, "The map cannot be used: there is no file none.toml"),
            (("FILE", "--errors", "none/errors.csv"), 1, "cannot be written: no such file or directory"),
        ],
    )
    def test_files_that_are_not_there(
        self, desk: LineDesk, write: Callable[..., str], arguments: tuple[str, ...], code: int, sentence: str
    ) -> None:
        file = write(row("N1"))
        result = desk("import", *(file if word == "FILE" else word for word in arguments))
        assert result.exit_code == code
        assert sentence in result.stderr
        assert len(result.stderr.splitlines()) == 1

    def test_the_example_map_and_config_take_a_file_like_the_real_one_twice(self, tmp_path: Path) -> None:
        for name in ("vitoria-2016.toml", "vitoria-2016-config.toml"):
            shutil.copy(EXAMPLES / name, tmp_path)
        header = (
            "PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,"
            "Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No_show"
        )
        lines = [
            f"1000000000{line}.0,90000{line},F,2016-04-29 18:38:0{line},2016-05-0{line},62.0,ROMÃO,0,1,0,0,0,0,No"
            for line in range(1, 8)
        ]
        data = tmp_path / "appointments.csv.gz"
        data.write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
        config = ["--config", str(tmp_path / "vitoria-2016-config.toml")]
        command = [*config, "import", str(data), "--map", str(tmp_path / "vitoria-2016.toml")]

        assert CliRunner().invoke(frontdesk, [*config, "store", "create"]).exit_code == 0
        outputs = [CliRunner().invoke(frontdesk, command).stdout for _ in range(2)]

        assert outputs[0].startswith("7 read: 7 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 0 bad")
        assert outputs[1].startswith("7 read: 0 new, 0 changed, 7 unchanged,")
        found = CliRunner().invoke(frontdesk, [*config, "list", "--search", "10000000003"])
        assert "Patient 10000000003" in found.stdout


@pytest.fixture
def second_batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Makes something happen when the store is given the second batch."""

    def at_second(happening: Callable[[], None]) -> None:
        original, batches = SqlRegistry.load, []

        async def load(self: SqlRegistry, *arguments: Any, **options: Any) -> tuple[Loaded, ...]:
            batches.append(1)
            if len(batches) == 2:
                happening()
            return await original(self, *arguments, **options)

        monkeypatch.setattr(SqlRegistry, "load", load)

    return at_second


class TestStopped:
    def test_ctrl_c_says_what_is_in_and_the_same_command_goes_on(
        self,
        desk: LineDesk,
        write: Callable[..., str],
        tmp_path: Path,
        second_batch: Callable[[Callable[[], None]], None],
    ) -> None:
        second_batch(lambda: signal.raise_signal(signal.SIGINT))
        file, errors = write(row("B1", start="x"), *rows(900)), tmp_path / "errors.csv"

        stopped = desk("import", file, "--errors", str(errors))
        went_on = desk("import", file)

        read, new = [int(word) for word in stopped.stdout.split() if word.isdecimal()][:2]
        assert new == read - 1
        assert 100 < new < 900
        assert "Type the same command to go on" in stopped.stderr
        assert stopped.exit_code == 130
        assert errors.read_text().splitlines()[1].startswith("2,starts_at,")
        assert f"901 read: {900 - new} new, 0 changed, {new} unchanged" in went_on.stdout

    def test_a_store_that_goes_away_says_what_is_in(
        self, desk: LineDesk, write: Callable[..., str], second_batch: Callable[[Callable[[], None]], None]
    ) -> None:
        def away() -> None:
            raise Unavailable("the disk is full")

        second_batch(away)
        result = desk("import", write(*rows(500)))

        assert result.stdout.startswith("100 read: 100 new")
        assert result.exit_code == 3
        assert result.stderr.splitlines()[-1] == "No connection to the bookings: the disk is full"


class TestExport:
    def test_is_complete_and_comes_back_without_a_change(self, desk: LineDesk, tmp_path: Path) -> None:
        desk("cancel", "R00004", "--yes", "--reason", "=Sick")
        file = tmp_path / "out.csv"

        result = desk("export", str(file))

        assert (result.exit_code, result.stdout) == (0, f"6 bookings written to {file}\n")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with file.open(encoding="utf-8", newline="") as text:
            found = list(csv.DictReader(text))
        assert list(found[0]) == list(COLUMNS)
        assert [one["ref"] for one in found] == refs(desk)
        assert next(one for one in found if one["ref"] == "R00004")["cancellation_reason"] == "'=Sick"
        assert desk("import", str(file)).stdout.startswith("6 read: 0 new, 0 changed, 6 unchanged")

    @pytest.mark.parametrize("name", ["out.csv.gz", "out.csv.xz"])
    def test_packed_comes_back_too(self, desk: LineDesk, tmp_path: Path, name: str) -> None:
        desk("export", str(tmp_path / name))
        assert desk("import", str(tmp_path / name)).stdout.startswith("6 read: 0 new, 0 changed, 6 unchanged")

    def test_more_than_a_page(self, desk: LineDesk, write: Callable[..., str], tmp_path: Path) -> None:
        desk("import", write(*rows(1_100)))
        assert desk("export", str(tmp_path / "out.csv")).stdout.startswith("1,106 bookings written")
        assert desk("import", str(tmp_path / "out.csv")).stdout.startswith("1,106 read: 0 new, 0 changed")

    def test_replaces_a_file_only_when_told(self, desk: LineDesk, tmp_path: Path) -> None:
        file = tmp_path / "out.csv"
        file.write_text("precious")

        refused = desk("export", str(file))
        assert (refused.exit_code, file.read_text()) == (1, "precious")
        assert "exists already: --force replaces it" in refused.stderr
        assert desk("export", str(file), "--force").exit_code == 0
        assert file.read_text().startswith("ref,")

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (("--status", "completed"), ["R00002"]),
            (("--status", "Upcoming", "--practice", "adelaide"), ["R00001", "R00003"]),
            (("--practice", "PER"), ["R00003", "R00004"]),
            (("--search", "obrien"), ["R00004"]),
            (("--practitioner", "rao", "--status", "cancelled"), []),
        ],
    )
    def test_takes_the_filters_of_list(
        self, desk: LineDesk, tmp_path: Path, filters: tuple[str, ...], expected: list[str]
    ) -> None:
        desk("export", str(tmp_path / "out.csv"), *filters)
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
            found = [one["ref"] for one in csv.DictReader(text)]
        assert [ref for ref in found if ref != "2026/5"] == expected
        assert found == refs(desk, *filters)


class TestSeed:
    def test_fills_a_new_store_the_same_way_each_time(self, desk: LineDesk) -> None:
        desk.begin_anew()

        first, again = desk("seed", "--bookings", "300"), desk("seed", "--bookings", "300")

        assert first.stdout == "300 made-up bookings: 300 of them new\n"
        assert again.stdout == "300 made-up bookings: 0 of them new\n"
        assert desk("seed", "--bookings", "40", "--seed", "2").stdout.endswith("40 of them new\n")
        assert len(refs(desk, "--limit", "1000")) == 340

    def test_stays_out_of_a_store_with_real_bookings_unless_told(self, desk: LineDesk) -> None:
        desk.begin_anew()
        desk("seed", "--bookings", "10")
        desk.write_config(
            '[[practices]]\nid = "hobart"\nname = "Real Dental"\nshort = "HOB"\ntime_zone = "Australia/Hobart"\n'
        )

        refused = desk("seed", "--bookings", "10", "--seed", "2")

        assert refused.exit_code == 1
        assert "the store has bookings, and Real Dental is not made up" in refused.stderr
        assert desk("seed", "--bookings", "10", "--seed", "2", "--into-existing").exit_code == 0

    def test_never_takes_over_a_practice_of_the_same_id(self, desk: LineDesk) -> None:
        desk.begin_anew()
        desk.write_config(
            '[[practices]]\nid = "sydney"\nname = "Real Dental"\nshort = "SYD"\ntime_zone = "Australia/Sydney"\n'
        )

        result = desk("seed", "--bookings", "10", "--into-existing")

        assert result.exit_code == 1
        assert "the store has a practice sydney of its own, Real Dental" in result.stderr

    def test_a_practice_that_is_there_stays_as_it_is(self, desk: LineDesk) -> None:
        before = desk.ask(lambda store: store.practices())
        assert "adelaide" in {practice.id for practice in before}

        desk("seed", "--bookings", "10", "--into-existing")

        after = desk.ask(lambda store: store.practices())
        assert {practice.id for practice in after} == {"adelaide", "perth", "port-adelaide", "sydney"}
        assert set(before) <= set(after)
