"""A backup of a PostgreSQL store: the whole store in one SQLite file, which frontdesk opens.

`pg_dump` need not be installed where frontdesk runs, and need not fit the server's version.
"""

from pathlib import Path

from sqlalchemy import Connection, insert, select, update
from sqlmodel import SQLModel

from frontdesk.store import files
from frontdesk.store.sql.selects import HEAD
from frontdesk.store.sqlite.database import SqliteDatabase

_ROWS_AT_ONCE = 2000


def copy_to_sqlite(source: Connection, target: Path) -> None:
    """Copy every row the source's transaction sees to a new file. Raises Refused, Unavailable."""
    with files.new(target) as partial:
        copy = SqliteDatabase.open(partial)
        try:
            copy.write_now(lambda connection: _fill(source, connection))
        finally:
            copy.let_go()


def _fill(source: Connection, copy: Connection) -> None:
    # One transaction of the whole store does not fit into memory.
    copy.exec_driver_sql("PRAGMA cache_spill = ON")
    for table in SQLModel.metadata.sorted_tables:
        rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(
            select(table).order_by(*table.primary_key)
        )
        for some in rows.mappings().partitions():
            values = [dict(row) for row in some]
            if table is HEAD:
                copy.execute(update(HEAD).values(values[0]))
            else:
                copy.execute(insert(table), values)
