"""`list`, `show`, `history`, and what the command line says when it cannot do what was asked."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from frontdesk.bookings import Position
from frontdesk.cli import COMMANDS, HEADINGS, frontdesk
from frontdesk.cli.paging import cursor
from frontdesk.config import PRACTICE_EXAMPLE, default_file
from frontdesk.exchange.columns import COLUMNS
from tests.e2e.line_mode import LineDesk
from tests.making import make_incoming, make_patient

REFS = ["R00002", "R00001", "R00003", "R00003", "R00004", "2026/5"]
"""In time order."""


class TestList:
    def test_one_line_a_booking_in_time_order(self, desk: LineDesk) -> None:
        result = desk("list")

        lines = result.stdout.splitlines()
        assert [line.split()[-1] for line in lines] == REFS
        assert lines[0].startswith("Completed  ")
        assert lines[1].startswith("Upcoming   ")
        assert (
            "ADE  Amelia Wilson  14 Mar 81  0491570006  Dr Priya Rao  Check-up and clean  R00001" in lines[1]
        )
        assert "Noah O'Brien   not known" in lines[4]
        assert result.stderr == ""

    def test_the_json_has_the_names_of_the_csv_and_what_no_file_knows(self, desk: LineDesk) -> None:
        documents = desk.document("list")

        assert [one["ref"] for one in documents] == REFS
        assert all(list(one) == [*COLUMNS, "status", "version", "deliveries"] for one in documents)

    def test_pages_join_without_a_gap_and_the_last_one_says_nothing(self, desk: LineDesk) -> None:
        seen: list[str] = []
        more: list[str] = []
        for _ in range(3):
            result = desk("list", "--limit", "2", *more)
            seen += [line.split()[-1] for line in result.stdout.splitlines()]
            if not result.stderr:
                break
            how, last = result.stderr.splitlines()
            assert how == "2 of 6 shown. For the rest add --after and the text behind next:"
            said = re.fullmatch(r"next: (\S+)", last)
            assert said, result.stderr
            more = ["--after", said[1]]

        assert seen == REFS
        assert result.stderr == ""

    def test_filters_narrow_it(self, desk: LineDesk) -> None:
        assert [one["ref"] for one in desk.document("list", "--status", "completed")] == ["R00002"]
        assert [one["ref"] for one in desk.document("list", "--search", "obrien")] == ["R00004"]
        assert [one["ref"] for one in desk.document("list", "--practice", "per")] == ["R00003", "R00004"]

    def test_a_search_for_a_patients_name_says_which_practitioner_it_leaves_out(
        self, desk: LineDesk, tmp_path: Path
    ) -> None:
        sam, kim = (make_patient(name=name) for name in ("Sam Crown", "Kim Lee"))
        desk.fill(
            [
                make_incoming(1, ref="L1", patient=kim, practitioner_name="Dr Tom Field"),
                make_incoming(2, ref="L2", patient=sam, practitioner_name="Dr Lee"),
                make_incoming(3, ref="L3", patient=kim, appointment_type="Crown", pms_ref="L3"),
            ]
        )
        words = 'Only patients called lee, not bookings of Dr Lee. For these: --practitioner "Dr Lee"\n'

        lee, crown = desk("list", "--search", "lee"), desk("list", "--search", "crown")
        exported = desk("export", str(tmp_path / "lee.csv"), "--search", "lee", "--quiet")

        assert [line.split()[-1] for line in lee.stdout.splitlines()] == ["L1", "L3"]
        assert lee.stderr == exported.stderr == words
        assert [line.split()[-1] for line in crown.stdout.splitlines()] == ["L2"]
        assert crown.stderr == "Only patients called crown, not bookings of Crown\n"
        assert desk("list", "--practitioner", "Dr Lee").stdout.split()[-1] == "L2"
        assert desk("list", "--search", "dr lee").stderr == ""

    def test_a_household_is_listed_by_its_mobile(self, desk: LineDesk) -> None:
        ella = make_patient(name="Ella Wilson", mobile="+61 491 570 006")
        desk.fill(
            [
                make_incoming(8, ref="E1", patient=ella),
                make_incoming(9, ref="0491570006", patient=make_patient(mobile="")),
            ]
        )

        listed = [one["ref"] for one in desk.document("list", "--mobile", "0491 570 006")]

        assert "E1" in listed
        assert "0491570006" not in listed
        assert {one["patient_name"] for one in desk.document("list", "--mobile", "0491570006")} >= {
            "Ella Wilson",
            "Amelia Wilson",
        }

    def test_the_next_page_of_a_filter_is_asked_for_with_the_filter(self, desk: LineDesk) -> None:
        first = desk("list", "--practice", "perth", "--limit", "1")
        word = first.stderr.split()[-1]

        second = desk("list", "--practice", "perth", "--limit", "1", "--after", word)

        assert [one.stdout.split()[-1] for one in (first, second)] == ["R00003", "R00004"]
        assert second.stderr == ""

    def test_the_next_page_is_of_the_moment_when_the_list_began(self, desk: LineDesk) -> None:
        before_any = Position(datetime(2000, 1, 1, tzinfo=UTC), 0)
        while_it_was_coming = cursor(before_any, datetime.now(UTC) - timedelta(hours=2))

        now = desk.document("list", "--status", "upcoming")
        then = desk.document("list", "--status", "upcoming", "--after", while_it_was_coming)

        assert [one["ref"] for one in now] == REFS[1:]
        assert [one["ref"] for one in then] == REFS

    def test_an_empty_store_is_an_empty_list_that_says_what_to_do_first(self, desk: LineDesk) -> None:
        desk.begin_anew()

        without_practices = desk("list")
        desk.write_config(PRACTICE_EXAMPLE)
        without_bookings = desk("list")

        assert [without_practices.stdout, without_bookings.stdout] == ["", ""]
        assert without_practices.stderr == (
            "No bookings yet; no practice is known yet: write one under [[practices]], with id, name and"
            f" time_zone, into {desk.config_file}\n"
        )
        assert without_bookings.stderr == (
            "No bookings yet; frontdesk import FILE imports them from a CSV file\n"
        )
        assert desk.document("list") == []

    def test_an_empty_answer_says_nothing_of_first_steps(self, desk: LineDesk) -> None:
        result = desk("list", "--search", "nobody")

        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")

    @pytest.mark.parametrize("cursor", ["x", "1_2", "1_2_x", "9" * 30 + "_1_1"])
    def test_a_cursor_that_is_none(self, desk: LineDesk, cursor: str) -> None:
        result = desk("list", "--after", cursor)

        assert result.exit_code == 2
        assert "--after takes the text behind next:" in result.stderr


class TestShow:
    def test_everything_about_one_booking(self, desk: LineDesk) -> None:
        shown = desk("show", "R00001").stdout

        assert shown.startswith("Booking R00001   Upcoming\n")
        assert "Amelia Wilson   born 14 Mar 1981, 45   0491570006" in shown
        assert "Dr Priya Rao" in shown
        assert "Check-up and clean   R00001   Smile Dental Adelaide" in shown

    def test_what_stands_beside_it(self, desk: LineDesk) -> None:
        desk.fill(
            [
                make_incoming(7, ref="N1", patient=make_patient(birth_date=None, mobile="")),
                make_incoming(8, ref="E1", patient=make_patient(name="Ella Wilson")),
            ]
        )

        shown = desk("show", "R00001").stdout

        assert "  Same name     another Amelia Wilson, birth date not known, " in shown
        assert re.search(r"  Also booked   \w{3} \d+ \w{3} .* and \d more\n", shown)
        assert "  Same mobile   Ella " in shown

    def test_the_time_here_is_said_when_it_is_another(self, desk: LineDesk) -> None:
        assert "here" not in desk("show", "R00001").stdout
        assert re.search(r"Perth time, \d\d:\d\d here", desk("show", "R00004").stdout)

        desk.write_config('[[practices]]\nid = "x"\nname = "X"\nshort = "X"\ntime_zone = "Australia/Perth"')
        assert re.search(r"Adelaide time, \d\d:\d\d here", desk("show", "R00001").stdout)

    def test_the_document(self, desk: LineDesk) -> None:
        document = desk.document("show", "R00001")

        assert document["practice"] == "adelaide"
        assert document["patient_dob"] == "1981-03-14"
        assert document["new_patient"] is False
        assert document["fee"] == "189.05"
        assert re.search(r"T\d\d:\d\d:\d\d\+(10:30|09:30)$", document["starts_at"])
        assert (document["status"], document["version"], document["deliveries"]) == ("Upcoming", 1, [])

    def test_what_is_not_known_is_null(self, desk: LineDesk) -> None:
        document = desk.document("show", "R00004")

        unknown = ("patient_dob", "patient_email", "new_patient", "fee", "ends_at", "cancelled_at")
        assert [document[name] for name in unknown] == [None] * len(unknown)

    @pytest.mark.parametrize("command", ["show", "history", "cancel"])
    def test_a_reference_of_two_practices_lists_them(self, desk: LineDesk, command: str) -> None:
        result = desk(command, "R00003", *(["--yes"] if command == "cancel" else []))

        assert result.exit_code == 2
        assert "several bookings have the reference" in result.stderr
        assert "adelaide/R00003 (Amelia Wilson, " in result.stderr
        assert "perth/R00003 (Amelia Wilson, " in result.stderr
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize("practice", ["perth", "PER", "per"])
    def test_the_practice_before_the_slash_tells_them_apart(self, desk: LineDesk, practice: str) -> None:
        assert desk.document("show", f"{practice}/R00003")["practice"] == "perth"

    def test_a_slash_may_belong_to_the_reference(self, desk: LineDesk) -> None:
        assert desk.document("show", "2026/5")["ref"] == "2026/5"
        assert desk.document("show", "adelaide/2026/5")["ref"] == "2026/5"

    @pytest.mark.parametrize("reference", ["R9", "perth/R00001", "nowhere/R00001"])
    def test_there_is_no_such_booking(self, desk: LineDesk, reference: str) -> None:
        result = desk("show", reference)

        assert result.exit_code == 1
        assert result.stderr == (
            f"Not found: there is no booking {reference}. Look for it with: frontdesk list --search NAME\n"
        )


class TestHistory:
    def test_who_did_what_newest_first(self, desk: LineDesk) -> None:
        assert desk("history", "R00001").stdout == ""
        desk("cancel", "R00001", "--yes", "--reason", "patient ill")

        (line,) = desk("history", "R00001").stdout.splitlines()
        assert re.fullmatch(r"\w+ \d+ \w+ \d{4} \d\d:\d\d  Kim Nguyen  cancelled  patient ill", line)
        (event,) = desk.document("history", "R00001")
        assert event["operator"] == "Kim Nguyen"
        assert event["action"] == "booking.cancel"
        assert event["detail"]["reason"] == "patient ill"
        assert re.search(r"\+(10:30|09:30)$", event["at"])


class TestWhatIsWrong:
    def test_a_command_that_is_none(self, desk: LineDesk) -> None:
        result = desk("lst")

        assert result.exit_code == 2
        assert result.stderr == "there is no command lst, did you mean list? See: frontdesk --help\n"

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("list --jsn", "there is no option --jsn, did you mean --json? See: frontdesk list --help"),
            ("tokens lst", "there is no command lst, did you mean list? See: frontdesk tokens --help"),
            (
                "attention setle 1",
                "there is no command setle, did you mean settle? See: frontdesk attention --help",
            ),
            ("show", "REF is missing: frontdesk show [OPTIONS] REF. See: frontdesk show --help"),
            (
                "tokens create",
                "--name is missing: --name NAME. The name of the desk or person that will have it. See: frontdesk tokens create --help",
            ),
            (
                "attention retry one",
                "ID: one is not a whole number. See: frontdesk attention retry --help",
            ),
            ("list --limit 0", "--limit: 0 is not from 1 to 100,000. See: frontdesk list --help"),
            (
                "list --status upcomming",
                "--status: there is no upcomming, did you mean upcoming? See: frontdesk list --help",
            ),
            (
                "list --day soon",
                '--day: "soon" is not a day: write it like thu, 3/12, 3 feb, +2w, yesterday.'
                " See: frontdesk list --help",
            ),
        ],
    )
    def test_what_cannot_be_typed_so_is_said_with_what_can(
        self, desk: LineDesk, typed: str, said: str
    ) -> None:
        result = desk(*typed.split())

        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{said}\n")

    def test_a_config_that_is_none(self, desk: LineDesk) -> None:
        desk.write_config("[screen]\n")

        result = desk("list")

        assert result.exit_code == 2
        assert result.stderr.startswith(f"The config cannot be used: {desk.config_file}: ")

    def test_a_store_that_is_none(self, desk: LineDesk) -> None:
        desk.store_file.write_bytes(b"not a database, whatever its name says" * 40)

        result = desk("list")

        assert result.exit_code == 3
        assert result.stderr.startswith("No connection to the bookings: ")
        assert str(desk.store_file) in result.stderr

    def test_without_a_terminal_there_is_no_screen(self, desk: LineDesk) -> None:
        for command in ([], ["demo"]):
            result = desk(*command)
            assert result.exit_code == 2
            assert "frontdesk needs a terminal; in scripts use frontdesk list" in result.stderr

    def test_arguments_are_repeated_harmlessly(self, desk: LineDesk) -> None:
        result = desk("show", "\x1b]0;x\x07\u202eR1")

        assert result.exit_code == 1
        assert result.stderr == (
            "Not found: there is no booking \ufffd]0;x\ufffd\ufffdR1."
            " Look for it with: frontdesk list --search NAME\n"
        )


class TestConfigOption:
    def test_it_may_stand_after_the_command(self, desk: LineDesk, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other = LineDesk(tmp_path / "other")
        other.begin_anew()

        for command in (["list"], ["practices", "list"]):
            result = desk(*command, "--config", str(other.config_file))
            assert (result.exit_code, result.stdout) == (0, "")
            assert desk(*command).stdout != ""

    def test_the_variable_will_do(self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FRONTDESK_CONFIG", str(desk.config_file))

        assert CliRunner().invoke(frontdesk, ["list"]).stdout == desk("list").stdout

    def test_without_a_config_bookings_live_in_the_users_own_folder(
        self, desk: LineDesk, tmp_path: Path
    ) -> None:
        result = CliRunner().invoke(frontdesk, ["list"])

        assert (result.exit_code, result.stdout) == (0, "")
        assert f"into {default_file()}, which does not exist yet\n" in result.stderr
        assert [file.name for file in (tmp_path / "home").rglob("*.db")] == ["frontdesk.db"]


HOSTILE = "[@click=app.quit]Smith[/] \x1b]0;x\x07\u202e"


def test_hostile_names_are_harmless_text_in_every_command(desk: LineDesk) -> None:
    desk.fill([make_incoming(9, ref="H1", patient=make_patient(name=HOSTILE), appointment_type=HOSTILE)])
    desk("cancel", "H1", "--yes", "--reason", HOSTILE)

    for command in (["list"], ["show", "H1"], ["history", "H1"]):
        for output in (desk(*command).stdout, desk(*command, "--json").stdout):
            assert "[@click=app.quit]Smith[/] \ufffd]0;x\ufffd\ufffd" in output
            assert not set(output) & set("\x1b\x07\u202e")


def groups(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the words that lead to every command with commands of its own."""
    if isinstance(command, click.Group):
        if path:
            yield path
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from groups(inner, *path, name)


GROUPS = list(groups(frontdesk))


DO_SOMETHING_ALONE = (("attention",), ("sync",))


@pytest.mark.parametrize("path", [path for path in GROUPS if path not in DO_SOMETHING_ALONE], ids="-".join)
def test_a_group_alone_prints_its_help_line_by_line(desk: LineDesk, path: tuple[str, ...]) -> None:
    alone, asked = desk(*path), desk(*path, "--help")

    assert (alone.exit_code, alone.stdout) == (2, "")
    assert alone.stderr == asked.stdout


@pytest.mark.parametrize("path", GROUPS, ids="-".join)
def test_the_help_of_a_group_says_what_it_is_for_and_shows_how(desk: LineDesk, path: tuple[str, ...]) -> None:
    lines = [line.strip() for line in desk(*path, "--help").stdout.splitlines()]

    assert any(line.startswith(f"frontdesk {' '.join(path)}") for line in lines[lines.index("Examples:") :])
    assert lines[2].endswith(".")
    listed = lines[lines.index("Commands:") + 1 :]
    assert listed
    assert all(re.fullmatch(r"[a-z]+ {2,}[A-Z].*[^.]\.", line) for line in listed), listed


def test_the_help_lists_every_command_whole_below_a_heading(desk: LineDesk) -> None:
    help_text = desk("--help").stdout
    lines = help_text[help_text.index("To look around:") :].splitlines()

    listed = [line.split()[0] for line in lines if re.match(r"  [a-z]+ {2,}", line)]
    assert listed == list(COMMANDS)
    assert not [line for line in lines if line.endswith("...")]
    assert [line.rstrip(":") for line in lines if line and line[0] != " "] == list(HEADINGS.values())


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_every_command_explains_itself(desk: LineDesk, name: str | None) -> None:
    result = desk(*([name] if name else []), "--help")

    assert result.exit_code == 0
    assert "Usage: frontdesk" in result.stdout
    assert "--config FILE" in result.stdout


def test_the_help_names_places_and_exit_codes(desk: LineDesk, tmp_path: Path) -> None:
    shown = desk("--help").stdout

    assert str(tmp_path / "home") in shown
    assert "Exit codes: 0 done, 1 refused or failed, 2 usage or config" in shown
    assert all(name in shown for name in COMMANDS)
