"""A store opens, or one sentence says what is wrong, where, and what to do; nothing is lost."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from frontdesk.errors import FrontdeskError, Unauthorised, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.postgres.faults import cannot_connect
from frontdesk.store.sql import revisions
from tests.contract.newer import a_newer_program
from tests.contract.raw import execute
from tests.contract.refusing import refusing
from tests.making import KIM, fill, make_practice


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "frontdesk.db"


async def refusal(url: str, kind: type[FrontdeskError] = Unavailable) -> str:
    """Open what cannot be opened and return the sentence that says so."""
    with pytest.raises(kind) as refused:
        await open_store(url)
    sentence = refused.value.hint
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def content(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, value: bytes) -> None:
    path.write_bytes(value)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def umask_0() -> Iterator[None]:
    """A process that would let everybody read what it writes."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_0")
async def test_a_missing_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "frontdesk.db"
    store = await open_store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE head SET bookings = 7")
        made = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
        writer.rollback()
    await store.close()
    assert made == {"frontdesk.db": 0o600, "frontdesk.db-journal": 0o600}
    assert [folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)] == [0o700] * 2


@pytest.mark.parametrize(("default", "used"), [("off", "on"), ("local", "local")])
async def test_what_is_acknowledged_is_on_the_disk(postgres_url: str, default: str, used: str) -> None:
    """Whatever the server's default; who waits for more, or for no standby, has decided so."""
    url = make_url(postgres_url).update_query_dict({"options": f"-c synchronous_commit={default}"})
    store = await open_store(url.render_as_string(hide_password=False))
    asking = text("SHOW synchronous_commit")
    assert await store._database.read(lambda desk: desk.execute(asking).scalar_one()) == used
    await store.close()


@pytest.mark.parametrize("where", ["sqlite_url", "postgres_url"])
async def test_what_is_there_is_kept(where: str, request: pytest.FixtureRequest) -> None:
    store_url: str = request.getfixturevalue(where)
    told: list[str] = []
    for expected in (0, 10):
        store = await open_store(store_url, on_progress=told.append)
        assert (await store.state()).bookings == expected
        await fill(store, 10)
        await store.close()
    assert len(told) == (1 if store_url.startswith("sqlite") else 0)


async def test_desks_that_start_together_make_one_store(sqlite_url: str) -> None:
    told: list[str] = []
    stores = await asyncio.gather(*(open_store(sqlite_url, on_progress=told.append) for _ in range(4)))
    assert told == ["Preparing the store"]
    await stores[0].registry.apply_practices([make_practice()], KIM)
    assert all([await store.practices() == (make_practice(),) for store in stores])
    for store in stores:
        await store.close()


async def test_a_file_left_in_another_journal_mode_is_put_right(path: Path) -> None:
    """Write-ahead logging can corrupt a shared file on SQLite before 3.51.3."""
    await (await open_store(f"sqlite:///{path}")).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    await (await open_store(f"sqlite:///{path}")).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "frontdesk.db",
        "mysql://localhost/x",
        "postgresql://localhost/x",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
async def test_an_address_that_is_none_says_which_are(url: str) -> None:
    assert "under [store]" in await refusal(url)


async def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "frontdesk.db"
    assert await refusal(f"sqlite:///{place}") == (
        f"{place} cannot be made (Not a directory): choose another place with the url under [store], "
        "or ask for access to that folder."
    )


async def test_a_folder_is_no_store(tmp_path: Path) -> None:
    assert str(tmp_path) in await refusal(f"sqlite:///{tmp_path}")


async def test_a_file_that_is_something_else_is_left_alone(path: Path) -> None:
    write(path, b"Dear diary, " * 1000)
    before = content(path)
    assert "is not a frontdesk store" in await refusal(f"sqlite:///{path}")
    assert content(path) == before


async def test_another_programs_database_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    before = content(path)
    assert "holds something else" in await refusal(f"sqlite:///{path}")
    assert content(path) == before


async def test_a_file_that_was_cut_short_is_left_alone(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await fill(store, 200)
    await store.close()
    write(path, content(path)[:-4096])
    before = content(path)
    assert "is damaged" in await refusal(f"sqlite:///{path}")
    assert content(path) == before


async def test_damage_met_later_is_told_too(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await fill(store, 200)
    with closing(sqlite3.connect(path)) as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'practice'").fetchone()
        (size,) = raw.execute("PRAGMA page_size").fetchone()
    await store.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    store = await open_store(f"sqlite:///{path}")
    with pytest.raises(Unavailable) as damaged:
        await store.practices()
    assert "is damaged" in damaged.value.hint
    assert "backup" in damaged.value.hint
    await store.close()


async def newer(url: str) -> None:
    execute(url, f"UPDATE {revisions.VERSION_TABLE} SET version_num = '9999_0123456789ab'")
    words = f"newer frontdesk (schema 9999_0123456789ab, here {revisions.REVISIONS[-1]})"
    assert words in await refusal(url)
    assert execute(url, "SELECT * FROM head")[0].id == 1


async def test_a_newer_schema_is_left_alone(sqlite_url: str) -> None:
    await (await open_store(sqlite_url)).close()
    await newer(sqlite_url)


@pytest.mark.parametrize("spare_postgres_url", [True], indirect=True)
async def test_a_newer_schema_on_postgres_is_left_alone(spare_postgres_url: str) -> None:
    await newer(spare_postgres_url)


@pytest.mark.parametrize("found", ["0001", "0001_0123456789ab"])
async def test_a_schema_that_was_never_released_is_left_alone(sqlite_url: str, found: str) -> None:
    """Its tables are others, whatever its number: a statement would fail on them, or worse, would not."""
    await (await open_store(sqlite_url)).close()
    execute(sqlite_url, f"UPDATE {revisions.VERSION_TABLE} SET version_num = '{found}'")
    sentence = await refusal(sqlite_url)
    assert f"never released (schema {found}, here {revisions.REVISIONS[-1]})" in sentence
    assert "export its bookings with that one" in sentence
    assert "frontdesk store create" in sentence
    assert execute(sqlite_url, f"SELECT version_num FROM {revisions.VERSION_TABLE}") == [(found,)]


@pytest.mark.parametrize("spare_postgres_url", [False], indirect=True)
async def test_a_blank_postgres_database_is_made_ready_once(spare_postgres_url: str) -> None:
    told: list[str] = []
    opening = [open_store(spare_postgres_url, on_progress=told.append) for _ in range(3)]
    stores = await asyncio.gather(*opening)
    await fill(stores[0], 4)
    assert [(await store.state()).bookings for store in stores] == [4] * 3
    for store in stores:
        await store.close()
    assert told == ["Preparing the store"]


@pytest.mark.parametrize("spare_postgres_url", [False], indirect=True)
async def test_another_programs_postgres_database_is_left_alone(spare_postgres_url: str) -> None:
    execute(spare_postgres_url, "CREATE TABLE bookmarks (url text)")
    assert "holds something else" in await refusal(spare_postgres_url)


async def test_a_server_that_does_not_let_in(postgres_url: str) -> None:
    address = make_url(postgres_url)
    nobody = address.set(username="nobody").render_as_string(hide_password=False)
    assert "does not accept nobody" in await refusal(nobody, Unauthorised)
    nothing = address.set(database="nothing").render_as_string(hide_password=False)
    assert "has no database nothing" in await refusal(nothing)


async def test_a_server_that_does_not_answer(unused_tcp_port: int) -> None:
    sentence = await refusal(f"postgresql+psycopg://kim@127.0.0.1:{unused_tcp_port}/desk")
    assert sentence.startswith("PostgreSQL does not answer at 127.0.0.1")


@pytest.mark.parametrize(
    ("code", "said", "kind", "words"),
    [
        ("28P01", "Passwort-Authentifizierung für Benutzer »kim« fehlgeschlagen", Unauthorised, "accept kim"),
        ("28000", "kein pg_hba.conf-Eintrag für Host »192.0.2.1«", Unauthorised, "does not accept kim"),
        ("53300", 'too many connections for role "kim"', Unavailable, "takes no more connections"),
        ("53300", "tut mir leid, schon zu viele Verbindungen", Unavailable, "takes no more connections"),
        ("57P03", "das Datenbanksystem startet", Unavailable, "takes no more connections"),
        ("3D000", "Datenbank »desk« existiert nicht; role, password", Unavailable, "has no database desk"),
        ("42501", "keine Berechtigung für Datenbank »desk«", Unauthorised, "have CONNECT on desk granted"),
        ("08P01", "password authentication is broken", Unavailable, "refuses all connections (08P01)"),
    ],
)
@pytest.mark.parametrize("asks_password", [False, True])
async def test_why_a_server_lets_nobody_in_is_known_by_its_code(
    code: str, said: str, kind: type[FrontdeskError], words: str, asks_password: bool
) -> None:
    """Whatever language it speaks, and whatever words its names have in them."""
    async with refusing(code, said, asks_password=asks_password) as port:
        told = await refusal(f"postgresql+psycopg://kim:geheim@127.0.0.1:{port}/desk", kind)
    assert words in told
    assert "geheim" not in told


async def test_a_password_that_was_not_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    async with refusing("28P01", "nein", asks_password=True) as port:
        assert "does not accept kim" in await refusal(
            f"postgresql+psycopg://kim@127.0.0.1:{port}/desk", Unauthorised
        )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("failed to resolve host 'db.example': [Errno -2] Name or service not known", "no host db.example"),
        ("connection timeout expired", "does not answer at db.example"),
        ("server refused a password and a role", "does not answer at db.example"),
    ],
)
def test_where_no_server_speaks_there_is_no_code(said: str, words: str) -> None:
    told = cannot_connect("", said, make_url("postgresql+psycopg://kim:geheim@db.example/desk"))
    assert type(told) is Unavailable
    assert words in told.hint
    assert "geheim" not in told.hint


def test_all_hosts_of_an_address_are_named() -> None:
    address = make_url("postgresql+psycopg://kim@/desk?host=one:5432&host=two:5432")
    assert "does not answer at one:5432 or two:5432" in cannot_connect("", "", address).hint


async def test_without_its_driver_postgres_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "frontdesk.store.postgres.database", None)
    said = await refusal("postgresql+psycopg://kim@db.example/desk")
    assert said.startswith("A store on PostgreSQL needs psycopg, which this installation does not have")
    assert "pipx install --force '.[calendar,postgres,server]'" in said


async def test_an_old_schema_is_brought_up_to_date(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(store_url)
    await fill(store, 10)
    await store.close()
    told: list[str] = []
    a_newer_program(monkeypatch, tmp_path, "INSERT INTO more VALUES (7)")
    if store_url.startswith("sqlite"):
        write(
            Path(f"{make_url(store_url).database}.schema-{revisions.REVISIONS[0]}"),
            b"a copy that is out of date",
        )
    try:
        store = await open_store(store_url, on_progress=told.append)
        assert (await store.state()).bookings == 10
        await store.close()
        assert execute(store_url, "SELECT id FROM more")[0].id == 7
        assert told[-1] == "Bringing the store up to date"
        if store_url.startswith("sqlite"):
            copy = Path(f"{make_url(store_url).database}.schema-{revisions.REVISIONS[0]}")
            assert told[0] == f"Keeping a copy of the store as {copy}"
            assert mode(copy) == 0o600
            monkeypatch.undo()
            old = await open_store(f"sqlite:///{copy}")
            assert (await old.state()).bookings == 10
            await old.close()
    finally:
        if store_url.startswith("postgresql"):
            execute(store_url, "DROP TABLE more")
            execute(
                store_url, f"UPDATE {revisions.VERSION_TABLE} SET version_num = '{revisions.REVISIONS[0]}'"
            )


async def test_an_update_that_fails_changes_nothing(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(store_url)
    await fill(store, 10)
    await store.close()
    with monkeypatch.context() as newer:
        a_newer_program(newer, tmp_path, "INSERT INTO nowhere VALUES (1)")
        await refusal(store_url)
        await refusal(store_url)
    store = await open_store(store_url)
    assert (await store.state()).bookings == 10
    await store.close()
    with pytest.raises(Exception, match="more"):
        execute(store_url, "SELECT * FROM more")
