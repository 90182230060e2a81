"""Practices from the config, `practices`, `backup`, `audit`, on SQLite and on PostgreSQL."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from frontdesk.cli.audit import WHOLE
from frontdesk.cli.wiring import Installation
from frontdesk.config import ConfigError
from frontdesk.store.sqlite.database import SqliteDatabase
from tests.e2e.line_mode import LineDesk

SMILE = """
[[practices]]
id = "adelaide"
name = "Smile Dental Adelaide"
short = "ADL"
time_zone = "Australia/Adelaide"
pms = "smile"
[connections.smile]
kind = "manual"
name = "Dentix"
"""
SMILE_LINE = "ADL  adelaide  Smile Dental Adelaide  Australia/Adelaide  Dentix"
OLD_LINE = "ADE  adelaide  Smile Dental Adelaide  Australia/Adelaide  Praktika     desk@adelaide.example"


def practices(desk: LineDesk) -> list[str]:
    return desk("practices", "list").stdout.splitlines()


class TestOnSqlite:
    def test_the_configs_practices_are_in_the_store_from_the_start(self, desk: LineDesk) -> None:
        desk.write_config(SMILE)
        desk.begin_anew()

        assert practices(desk) == [SMILE_LINE]

    def test_what_the_config_says_now_replaces_what_it_said(self, desk: LineDesk) -> None:
        assert practices(desk)[0] == OLD_LINE
        desk.write_config(SMILE)

        assert desk("list").exit_code == 0
        assert practices(desk)[0].split() == SMILE_LINE.split()
        assert len(practices(desk)) == 2

    def test_what_is_in_the_store_already_is_not_written_again(self, desk: LineDesk) -> None:
        desk.write_config(SMILE)
        desk("list")
        events = audit_events(desk)

        desk("list")

        assert audit_events(desk) == events

    def test_a_store_that_cannot_be_written_stays_as_it_is_and_says_so(
        self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SqliteDatabase, "why_not_writable", lambda *_: "the store is read-only here")
        desk.write_config(SMILE)

        result = desk("practices", "list")

        assert result.stdout.splitlines()[0] == OLD_LINE
        assert result.stderr == (
            "the config's settings for Smile Dental Adelaide are not in the store: the store is read-only here\n"
        )

    def test_apply_says_what_it_changed(self, desk: LineDesk) -> None:
        desk.write_config(SMILE)

        changed = desk("practices", "apply")
        again = desk("practices", "apply")

        assert changed.exit_code == 0
        assert "Smile Dental Adelaide" in changed.stdout
        assert again.stdout == "Nothing to change.\n"

    def test_apply_needs_practices(self, desk: LineDesk) -> None:
        result = desk("practices", "apply")

        assert result.exit_code == 2
        assert (
            "the config has no practice: write one under [[practices]], with id, name and time_zone,"
            f" into {desk.config_file}. See" in result.stderr
        )

    def test_a_list_without_practices_says_where_they_are_written(self, desk: LineDesk) -> None:
        desk.begin_anew()

        result = desk("practices", "list")

        assert (result.exit_code, result.stdout) == (0, "")
        assert f"into {desk.config_file}\n" in result.stderr


class TestOnPostgres:
    @pytest.fixture
    def shared(self, desk: LineDesk, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> LineDesk:
        """The desk's config names a shared store; its password comes from the environment."""
        address = make_url(postgres_url)
        if address.password:
            monkeypatch.setenv("PGPASSWORD", str(address.password))
        url = address.set(password=None).render_as_string(hide_password=False)
        desk.store_section = f'[store]\nurl = "{url}"'
        desk.write_config(SMILE)
        return desk

    def test_an_empty_store_takes_the_practices(self, shared: LineDesk) -> None:
        assert practices(shared) == [SMILE_LINE]

    def test_after_that_the_store_wins_and_says_so(self, shared: LineDesk) -> None:
        desk = shared
        desk("list")
        desk.write_config(SMILE.replace("Australia/Adelaide", "Australia/Darwin"))

        result = desk("practices", "list")

        assert result.stdout.splitlines() == [SMILE_LINE]
        assert result.stderr == (
            "the store has other settings for Smile Dental Adelaide: frontdesk practices apply\n"
        )

    def test_until_somebody_applies_the_config(self, shared: LineDesk) -> None:
        desk = shared
        desk("list")
        desk.write_config(SMILE.replace("Australia/Adelaide", "Australia/Darwin"))

        assert desk("practices", "apply").exit_code == 0
        result = desk("practices", "list")

        assert result.stdout.splitlines() == [SMILE_LINE.replace("Australia/Adelaide", "Australia/Darwin")]
        assert result.stderr == ""


class TestBackup:
    def test_the_copy_is_a_store(self, desk: LineDesk, tmp_path: Path) -> None:
        copy = tmp_path / "copy.db"

        result = desk("backup", str(copy))

        assert (result.exit_code, result.stdout) == (0, f"The store was copied to {copy}.\n")
        before = desk("list").stdout
        copy.replace(desk.store_file)
        assert desk("list").stdout == before != ""

    def test_nothing_is_overwritten(self, desk: LineDesk, tmp_path: Path) -> None:
        (tmp_path / "copy.db").write_text("a letter")

        result = desk("backup", str(tmp_path / "copy.db"))

        assert result.exit_code == 1
        assert (tmp_path / "copy.db").read_text() == "a letter"


class TestAudit:
    def test_a_whole_chain(self, desk: LineDesk) -> None:
        desk("cancel", "R00001", "--yes")

        result = desk("audit", "verify")

        assert (result.exit_code, result.stdout) == (0, f"{WHOLE}.\n")

    def test_a_broken_one_is_named(self, desk: LineDesk) -> None:
        desk("cancel", "R00001", "--yes")
        with closing(sqlite3.connect(desk.store_file)) as database, database:
            for (trigger,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
            ).fetchall():
                database.execute(f"DROP TRIGGER {trigger}")
            database.execute("UPDATE audit SET operator = 'Nobody' WHERE action = 'booking.cancel'")
            ((number,),) = database.execute("SELECT max(number) FROM audit").fetchall()

        result = desk("audit", "verify")

        assert result.exit_code == 1
        assert result.stderr.startswith(f"Not done: audit event {number} was changed")


def test_a_key_for_no_command_is_refused_before_the_screen_opens(desk: LineDesk) -> None:
    desk.write_config('[keys]\n"booking.cancle" = "x"')
    with pytest.raises(ConfigError, match=r"no command booking.cancle, did you mean booking.cancel\?"):
        Installation(desk.config_file).desk()


def test_the_screen_gets_what_the_config_says(desk: LineDesk) -> None:
    desk.write_config('[keys]\n"booking.cancel" = "x"' + SMILE)

    ready = Installation(desk.config_file).desk()

    assert ready.operator.name == "Kim Nguyen"
    assert dict(ready.settings.keys) == {"booking.cancel": "x"}
    assert ready.settings.home == "adelaide"


def audit_events(desk: LineDesk) -> list[tuple[int]]:
    with closing(sqlite3.connect(desk.store_file)) as database:
        return database.execute("SELECT number FROM audit").fetchall()
