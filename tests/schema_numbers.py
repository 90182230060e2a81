"""The schemas' numbers: `python -m tests.schema_numbers` checks them, `--write` makes them anew.

Each is a migration's own number and a digest of what it makes on both databases. So a store
that an earlier form of a migration made is told from one that the present form made.
"""

import hashlib
import json
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, ForeignKeyConstraint
from sqlalchemy.schema import ColumnCollectionConstraint

from frontdesk.store.sql import revisions, schema

FILE = Path(revisions.__file__)
_DIALECTS = ("sqlite", "postgresql")
_MADE_UP = re.compile(r"'[0-9a-f-]{16,}'")
"""What a statement holds that is another one in each store, such as its id."""


class _Recorder:
    """Stands in for alembic's `op`, and for the connection under it: writes down what is made.

    Tables are described in our own words, not as SQLAlchemy would write them, so that
    another release of it changes no number.
    """

    def __init__(self, dialect: str) -> None:
        self.dialect = SimpleNamespace(name=dialect)
        self.made: list[Any] = [dialect]

    def get_bind(self) -> "_Recorder":
        return self

    def execute(self, statement: object, *_: object) -> None:
        self.made.append(_MADE_UP.sub("?", " ".join(str(statement).split())))

    def __getattr__(self, operation: str) -> Any:
        def record(*parts: Any, **options: Any) -> None:
            self.made.append([operation, *map(_described, parts), _options(options)])

        return record


def _options(options: dict[str, Any]) -> dict[str, Any]:
    return {name: _described(value) for name, value in sorted(options.items())}


def _described(part: Any) -> Any:
    if isinstance(part, Column):
        length = getattr(part.type, "length", None)
        default = part.server_default
        return [
            part.name,
            type(part.type).__name__,
            length,
            bool(part.nullable),
            bool(part.primary_key),
            None if default is None else str(getattr(default, "arg", default)),
        ]
    if isinstance(part, ForeignKeyConstraint):
        return [type(part).__name__, list(part.column_keys), [one.target_fullname for one in part.elements]]
    if isinstance(part, ColumnCollectionConstraint):
        return [type(part).__name__, [str(one) for one in part._pending_colargs]]
    if isinstance(part, list | tuple):
        return [_described(one) for one in part]
    return part if isinstance(part, str | int | None) else str(part)


def digest(migration: Any) -> str:
    """Return the digest of what a migration's module makes."""
    made = []
    for dialect in _DIALECTS:
        recorder = _Recorder(dialect)
        with patch.object(migration, "op", recorder):
            migration.upgrade()
        made.append(recorder.made)
    return hashlib.sha256(json.dumps(made).encode()).hexdigest()[:12]


def numbers() -> tuple[str, ...]:
    """Return what the schemas' numbers have to be, oldest first."""
    config = Config()
    config.set_main_option("script_location", schema.SCRIPTS)
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]
    names = [Path(script.path).stem for script in scripts]
    return tuple(
        f"{name[1:5]}_{digest(import_module(f'frontdesk.store.migrations.versions.{name}'))}"
        for name in names
    )


def written(source: str, wanted: Sequence[str]) -> str:
    """Return the source of `revisions.py` with these numbers in it."""
    listed = ", ".join(f'"{number}"' for number in wanted)
    trailing = "," if len(wanted) == 1 else ""
    return re.sub(r"(?m)^REVISIONS = \(.*\)$", f"REVISIONS = ({listed}{trailing})", source)


def main(arguments: Sequence[str]) -> str | None:
    """Do what the command line asks; return the complaint, if there is any."""
    wanted = numbers()
    if arguments == ["--write"]:
        FILE.write_text(written(FILE.read_text(encoding="utf-8"), wanted), encoding="utf-8")
        return None
    if arguments:
        return "usage: python -m tests.schema_numbers [--write]"
    if wanted != revisions.REVISIONS:
        return f"{FILE.name} has other numbers than the migrations make ({', '.join(wanted)}): make docs"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
