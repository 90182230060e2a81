"""Which schema a database has, and how an old one becomes the present one.

Alembic carries it out and is imported only then: looking takes one select.
"""

from collections.abc import Callable

from sqlalchemy import Connection, inspect, text

from frontdesk.bookings import Unavailable
from frontdesk.store.revisions import REVISIONS, VERSION_TABLE

SCRIPTS = "frontdesk.store:migrations"


def needs_migration(connection: Connection, where: str) -> bool:
    """Whether the schema is old, or there is none yet.

    Raises Unavailable when it is newer than this program or not frontdesk's at all.
    """
    found = revision(connection)
    if found is None:
        if inspect(connection).get_table_names():
            raise Unavailable(
                f"{where} holds something else, not a frontdesk store: correct the url under [store]."
            )
        return True
    if found not in REVISIONS:
        raise Unavailable(
            f"{where} was written by a newer frontdesk (schema {found}, here {REVISIONS[-1]}): "
            "install the newer frontdesk on this machine too."
        )
    return found != REVISIONS[-1]


def revision(connection: Connection) -> str | None:
    """Return the schema's revision, or None when there is none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def migrate(connection: Connection, on_progress: Callable[[str], None]) -> None:
    """Bring the schema up to date inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    on_progress("Preparing the store" if revision(connection) is None else "Bringing the store up to date")
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
