"""The migrations make exactly the tables that the program uses, and are numbered by what they make."""

from pathlib import Path
from types import ModuleType

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, String
from sqlmodel import SQLModel

from frontdesk.store.sql import revisions, schema
from tests import schema_numbers
from tests.contract.raw import connected


def is_declared(_: object, name: str | None, *about: object) -> bool:
    """The search makes its own index, which no declaration describes."""
    return not (name or "").startswith("booking_search")


@pytest.mark.usefixtures("store")
def test_migrated_tables_are_the_declared_ones(store_url: str) -> None:
    with connected(store_url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": revisions.VERSION_TABLE,
                "include_object": is_declared,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_listed_revisions_are_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", schema.SCRIPTS)
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == revisions.REVISIONS


def test_the_numbers_are_of_what_the_migrations_make() -> None:
    """When this fails, a migration makes something else: `make docs` gives it its new number."""
    assert schema_numbers.numbers() == revisions.REVISIONS


def test_a_store_finds_room_for_its_number() -> None:
    assert all(len(number) <= 32 for number in revisions.REVISIONS)


class Migration(ModuleType):
    """A migration that makes one table, or one statement on one database."""

    def __init__(self, *columns: Column[object], on_sqlite: str = "", on_postgresql: str = "") -> None:
        super().__init__("migration")
        self.op = op
        self._columns = columns
        self._statements = {"sqlite": on_sqlite, "postgresql": on_postgresql}

    def upgrade(self) -> None:
        """Make it, on whatever `op` stands for."""
        self.op.create_table("one", *self._columns)
        self.op.execute(self._statements[self.op.get_bind().dialect.name])


def test_whatever_a_migration_makes_is_in_its_number() -> None:
    def name() -> Column[object]:
        return Column("name", String(), nullable=False)

    migrations = [
        Migration(name()),
        Migration(name(), Column("more", String(), nullable=False)),
        Migration(Column("name", String(), nullable=True)),
        Migration(Column("name", Integer(), nullable=False)),
        Migration(Column("name", String(), nullable=False, server_default="x")),
        Migration(Column("named", String(), nullable=False)),
        Migration(name(), on_sqlite="CREATE TRIGGER one"),
        Migration(name(), on_postgresql="CREATE TRIGGER one"),
        Migration(name(), on_postgresql="CREATE TRIGGER two"),
    ]
    assert len(set(map(schema_numbers.digest, migrations))) == len(migrations)


def test_how_a_statement_is_laid_out_is_not_in_its_number_nor_is_what_each_store_makes_up() -> None:
    one = "INSERT INTO head VALUES (1, '8d5c0b0e-9d60-4b5f-93ab-0c4f0d6f6a11')"
    another = "INSERT INTO head\n    VALUES (1, 'd3b07384-d9a0-4c9b-8d5c-1a2b3c4d5e6f')"
    assert schema_numbers.digest(Migration(on_sqlite=one)) == schema_numbers.digest(
        Migration(on_sqlite=another)
    )


def test_the_check_says_what_to_run_and_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schema_numbers.main([]) is None
    file = tmp_path / "revisions.py"
    present = Path(revisions.__file__).read_text(encoding="utf-8")
    file.write_text(present.replace(revisions.REVISIONS[-1], "0001_other"), encoding="utf-8")
    monkeypatch.setattr(schema_numbers, "FILE", file)
    monkeypatch.setattr(revisions, "REVISIONS", ("0001_other",))
    assert "make docs" in (schema_numbers.main([]) or "")
    assert schema_numbers.main(["--write"]) is None
    assert file.read_text(encoding="utf-8") == present
