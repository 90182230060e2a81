"""The migrations make exactly the tables that the program uses."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from frontdesk.store import revisions, schema
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
