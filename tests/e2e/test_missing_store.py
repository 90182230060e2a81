"""A store that is missing is said to be missing: it never looks like a practice without bookings."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.engine import make_url

from frontdesk import config
from frontdesk.cli import frontdesk
from frontdesk.cli.known_stores import KnownStores
from frontdesk.cli.wiring import Installation
from frontdesk.errors import Unavailable
from tests.contract.raw import execute
from tests.e2e.line_mode import LineDesk

FILE = """
[[practices]]
id = "adelaide"
name = "Smile Dental Adelaide"
short = "ADL"
time_zone = "Australia/Adelaide"
pms = "smile"
[connections.smile]
kind = "praktika"
base_url = "https://pms.example"
tenant = "smile"
credential = "praktika-smile"
"""
COMMANDS = [
    ("list",),
    ("show", "R00001"),
    ("cancel", "R00001", "--yes"),
    ("attention", "list"),
    ("import", "FILE"),
    ("export", "OUT"),
    ("seed", "--bookings", "3"),
    ("practices", "list"),
    ("practices", "apply"),
    ("tokens", "list"),
    ("audit", "verify"),
    ("backup", "OUT"),
    ("deliver", "--once"),
    ("serve", "--bind", "127.0.0.1:0"),
    ("doctor",),
]


def run(*arguments: str) -> Result:
    """Run `frontdesk` without a config: the store is at its default place."""
    return CliRunner().invoke(frontdesk, arguments)


@pytest.fixture
def default_store(desk: LineDesk) -> Path:
    """Where bookings live when no config says it, in a home that nobody has lived in."""
    return config.default_store_file()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("content", [None, b""], ids=["missing", "empty"])
def test_no_command_makes_a_store_where_there_was_one(
    desk: LineDesk, tmp_path: Path, command: tuple[str, ...], content: bytes | None
) -> None:
    desk.write_config(FILE)
    bookings = tmp_path / "bookings.csv"
    bookings.write_text("patient_name,practitioner,starts_at\nMia Wilson,Dr Lee,2031-11-26 10:30\n")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "praktika-smile").write_text("secret\n")
    (tmp_path / "credentials" / "praktika-smile").chmod(0o600)
    desk.store_file.rename(tmp_path / "on the disk.db")
    if content is not None:
        desk.store_file.write_bytes(content)
    places = {"FILE": str(bookings), "OUT": str(tmp_path / "out")}

    result = desk(*(places.get(word, word) for word in command))

    assert result.exit_code == (1 if command == ("doctor",) else 3), result.output
    said = result.stdout if command == ("doctor",) else result.stderr
    mend = "put the latest backup in its place; only if there has never been a store there: frontdesk store create."
    what = "empty: " if content == b"" else "missing: mount the disk that holds it, or "
    assert f"{desk.store_file} is {what}{mend}" in said
    assert (desk.store_file.read_bytes() if desk.store_file.exists() else None) == content


class TestAtTheDefaultPlace:
    def test_the_first_start_makes_it_without_a_word(self, default_store: Path) -> None:
        result = run("list")

        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr.startswith("No bookings yet; no practice is known yet")
        assert default_store.stat().st_size

    def test_after_that_it_is_missed(self, default_store: Path) -> None:
        run("seed", "--bookings", "3")
        before = run("list").stdout
        elsewhere = default_store.with_name("moved.db")
        default_store.rename(elsewhere)

        assert run("list").exit_code == 3
        assert not default_store.exists()
        assert "!! " + str(default_store) in run("doctor").stdout

        elsewhere.rename(default_store)
        assert run("list").stdout == before != ""

    def test_a_store_that_was_there_before_anything_was_remembered_is_missed_too(
        self, default_store: Path
    ) -> None:
        """An older program made it, or the folder of states was lost."""
        run("list")
        shutil.rmtree(config.state_folder())
        run("list")
        default_store.unlink()

        assert run("list").exit_code == 3

    def test_one_that_only_the_screen_has_seen_is_missed_too(self, default_store: Path) -> None:
        """Its first pages are read before the store is opened; then the disk goes away."""
        run("list")
        shutil.rmtree(config.state_folder())

        async def seen() -> None:
            store = await Installation().open_for_screen()
            await store.practices()
            os.rename(default_store, f"{default_store}.moved")  # noqa: PTH104
            with pytest.raises(Unavailable, match="is missing"):
                await store.practices()
            await store.close()

        asyncio.run(seen())
        assert not default_store.exists()

    def test_one_that_was_cut_short_while_it_was_made_is_made_whole(self, default_store: Path) -> None:
        default_store.parent.mkdir(parents=True)
        default_store.touch()

        assert run("list").exit_code == 0
        assert default_store.stat().st_size

    def test_doctor_makes_nothing(self, default_store: Path) -> None:
        result = run("doctor")

        assert result.exit_code == 1, "a practice is still to be written into the config"
        assert (
            f"store                  -- there is no store yet, the first start makes it: {default_store}"
            in result.stdout
        )
        assert not default_store.exists()

    def test_where_nothing_can_be_remembered_that_is_said(
        self, default_store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(KnownStores, "add", refuse)

        result = run("practices", "list")

        assert result.exit_code == 0
        assert "cannot be remembered" in result.stderr

    def test_what_was_remembered_and_cannot_be_read_counts(self, default_store: Path) -> None:
        (config.state_folder() / "stores").mkdir(parents=True)

        assert run("list").exit_code == 3
        assert run("store", "create").exit_code == 0
        assert run("list").exit_code == 0


class TestWhereTheConfigSays:
    def test_not_even_the_first_start_makes_it(self, tmp_path: Path, desk: LineDesk) -> None:
        """Its folder is a disk that is not mounted, or another account's desks have a store there."""
        place = tmp_path / "mounted" / "here"
        desk.store_section = f'[store]\nurl = "sqlite:///{place}/desk.db"'
        desk.write_config()

        assert desk("list").exit_code == 3
        assert not place.parent.exists()

    def test_another_account_does_not_either(
        self, desk: LineDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert desk("list").exit_code == 0
        desk.store_file.rename(tmp_path / "on the disk.db")
        monkeypatch.setenv("HOME", str(tmp_path / "another home"))

        assert desk("list").exit_code == 3
        assert not desk.store_file.exists()

    def test_the_screen_says_so(self, desk: LineDesk) -> None:
        desk.store_file.unlink()
        with pytest.raises(Unavailable, match="is missing"):
            asyncio.run(Installation(desk.config_file).open_for_screen())

    def test_a_backup_is_put_back_by_moving_it(self, desk: LineDesk, tmp_path: Path) -> None:
        before = desk("list").stdout
        desk("backup", str(tmp_path / "copy.db"))
        desk.store_file.unlink()
        assert desk("list").exit_code == 3

        (tmp_path / "copy.db").rename(desk.store_file)

        assert desk("list").stdout == before != ""


class TestStoreCreate:
    def test_it_makes_one_with_the_configs_practices(self, desk: LineDesk) -> None:
        desk.store_file.unlink()
        desk.write_config(FILE)

        made = desk("store", "create")

        assert (made.exit_code, made.stdout) == (0, f"There is a new, empty store now: {desk.store_file}.\n")
        assert "Smile Dental Adelaide" in desk("practices", "list").stdout
        assert desk("list").stdout == ""

    def test_it_makes_one_of_an_empty_file(self, desk: LineDesk) -> None:
        desk.store_file.write_bytes(b"")

        assert desk("store", "create").exit_code == 0
        assert desk("list").exit_code == 0

    def test_a_store_that_is_there_stays_as_it_is(self, desk: LineDesk) -> None:
        before = desk.store_file.read_bytes()

        result = desk("store", "create")

        assert result.exit_code == 1
        assert (
            result.stderr == f"Not done: there is a store in {desk.store_file} already: it stays as it is\n"
        )
        assert desk.store_file.read_bytes() == before

    def test_another_programs_file_stays_as_it_is(self, desk: LineDesk) -> None:
        desk.store_file.unlink()
        with closing(sqlite3.connect(desk.store_file)) as other:
            other.execute("CREATE TABLE bookmarks (url)")
        before = desk.store_file.read_bytes()

        assert desk("store", "create").exit_code == 3
        assert desk.store_file.read_bytes() == before

    def test_at_the_default_place_it_is_remembered(self, default_store: Path) -> None:
        assert run("store", "create").exit_code == 0
        default_store.unlink()
        assert run("list").exit_code == 3
        assert run("store", "create").exit_code == 0
        assert run("list").exit_code == 0

    def test_the_store_of_a_server_is_made_there(self, desk: LineDesk) -> None:
        desk.store_section = '[store]\nurl = "http://127.0.0.1:9"\ncredential = "desk"'
        desk.write_config()

        result = desk("store", "create")

        assert result.exit_code == 1
        assert "on the machine of http://127.0.0.1:9" in result.stderr


@pytest.mark.parametrize("spare_postgres_url", [False], indirect=True)
def test_a_blank_postgres_database_is_left_blank_until_it_is_to_be_a_store(
    desk: LineDesk, spare_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made ready before a restore, it would make `pg_restore` fail."""
    address = make_url(spare_postgres_url)
    if address.password:
        monkeypatch.setenv("PGPASSWORD", str(address.password))
    desk.store_section = (
        f'[store]\nurl = "{address.set(password=None).render_as_string(hide_password=False)}"'
    )
    desk.write_config(FILE)
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"

    for command in (("list",), ("practices", "apply"), ("seed", "--bookings", "3")):
        refused = desk(*command)
        assert refused.exit_code == 3
        assert (
            "holds no store: restore the latest backup into it, or correct the url under [store]"
            in refused.stderr
        )
        assert "only if there has never been a store there: frontdesk store create." in refused.stderr
    assert "!! PostgreSQL database" in desk("doctor").stdout
    assert execute(spare_postgres_url, tables)[0][0] == 0

    assert desk("store", "create").exit_code == 0
    assert "Smile Dental Adelaide" in desk("practices", "list").stdout
    again = desk("store", "create")
    assert again.exit_code == 1
    assert "already: it stays as it is" in again.stderr
