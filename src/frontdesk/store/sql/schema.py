"""Which schema a database has, and how an old one becomes the present one.

Alembic carries it out and is imported only then: looking takes one select.
"""

from collections.abc import Callable

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from frontdesk.errors import Unavailable
from frontdesk.store.sql.revisions import REVISIONS, VERSION_TABLE

SCRIPTS = "frontdesk.store:migrations"

_PRESENT = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608


def needs_migration(tx: Connection, where: str) -> bool:
    """Whether the schema is old, or there is none yet.

    Raises Unavailable when it is newer than this program, was made by one that was never
    released, or is not frontdesk's at all.
    """
    found = revision(tx)
    if found is None:
        if inspect(tx).get_table_names():
            raise Unavailable(
                f"{where} holds something else, not a frontdesk store: correct the url under [store]."
            )
        return True
    if found in REVISIONS:
        return found != REVISIONS[-1]
    if _is_unreleased(found):
        raise Unavailable(
            f"{where} was made by a frontdesk that was never released (schema {found}, here {REVISIONS[-1]}):"
            " export its bookings with that one, have frontdesk store create make a new store elsewhere,"
            " and import them there."
        )
    raise Unavailable(
        f"{where} was written by a newer frontdesk (schema {found}, here {REVISIONS[-1]}): "
        "install the newer frontdesk on this machine too."
    )


def revision(tx: Connection) -> str | None:
    """Return the schema's revision, or None when there is none."""
    if not inspect(tx).has_table(VERSION_TABLE):
        return None
    found = tx.execute(_PRESENT).scalar()
    return None if found is None else str(found)


def refuse_another(tx: Connection, where: str) -> None:
    """Look, in the transaction of a write, whether the store still has the schema that this program writes.

    Another program can have brought it up to date, or put a backup in its place, since it was
    opened. What is seen here holds until the transaction ends: on SQLite nobody else writes
    meanwhile, and on PostgreSQL a migration waits for everybody who has looked. Raises Unavailable.
    """
    try:
        found = tx.execute(_PRESENT).scalar()
    except DBAPIError as error:
        if not _has_no_such_table(error):
            raise
        found = None
    if found == REVISIONS[-1]:
        return
    if found is None:
        raise Unavailable(
            f"{where} holds no store any more: nothing was changed; restore the latest backup into it."
        )
    if found in REVISIONS:
        raise Unavailable(
            f"{where} is older than this program now (schema {found}, here {REVISIONS[-1]}):"
            " nothing was changed; end frontdesk and start it again, which brings the store up to date."
        )
    raise Unavailable(
        f"This program is older than {where} (schema {found}, here {REVISIONS[-1]}):"
        " nothing was changed; end it and start the newer frontdesk."
    )


def migrate(tx: Connection, on_progress: Callable[[str], None]) -> None:
    """Bring the schema up to date inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    on_progress("Preparing the store" if revision(tx) is None else "Bringing the store up to date")
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _is_unreleased(found: str) -> bool:
    """Whether an unknown schema has the number of one of ours, with another digest or without one."""
    return found.partition("_")[0] in {known.partition("_")[0] for known in REVISIONS}


def _has_no_such_table(error: DBAPIError) -> bool:
    # PostgreSQL has a code for it; SQLite, which has none, names the table.
    return getattr(error.orig, "sqlstate", "42P01") == "42P01" and VERSION_TABLE in str(error.orig)
