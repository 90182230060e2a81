"""This program as a later release of it would be: with a further schema."""

import shutil
from pathlib import Path

import pytest

from frontdesk.store import migrations
from frontdesk.store.sql import revisions, schema

NUMBER = "0002_000000000000"


def a_newer_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, statement: str) -> None:
    """Make this program one with a further schema, reached by `statement`."""
    scripts = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, scripts)
    (scripts / "versions" / "v0002_more.py").write_text(
        "from alembic import op\n"
        f'revision = "{NUMBER}"\ndown_revision = "{revisions.REVISIONS[-1]}"\n'
        f"def upgrade():\n    op.execute('CREATE TABLE more (id integer)')\n    op.execute({statement!r})\n"
    )
    monkeypatch.setattr(schema, "SCRIPTS", str(scripts))
    monkeypatch.setattr(schema, "REVISIONS", (*revisions.REVISIONS, NUMBER))
