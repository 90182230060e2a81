"""A session on PostgreSQL: nothing that frontdesk relies on is taken from the server, the account or a pooler.

What an administrator means to be kept is kept: a server, a database or an account that may only be
read stays so (`default_transaction_read_only` is never set here).
"""

import math
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import sql

from frontdesk.store.sql.database import BUSY_SECONDS
from frontdesk.store.sql.revisions import VERSION_TABLE

if TYPE_CHECKING:
    from psycopg.abc import PQGen

Answer = TypeVar("Answer")

STATEMENT_SECONDS = 30
WRITE_IDLE_SECONDS = 5
"""How long the server keeps a write whose desk says nothing more.

Every write locks the head row, so a desk that vanished in front of its COMMIT keeps all others
waiting: for less than the BUSY_SECONDS after which they would give up.
"""
_READ_IDLE_SECONDS = 60
_CONNECT_SECONDS = 10
_SILENT_SECONDS = STATEMENT_SECONDS + 2.0
"""A server that lives has by then ended the statement itself."""

NETWORK: dict[str, Any] = {
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "frontdesk",
    # A server that vanished without a word is noticed in half a minute, not in hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

SETTINGS = {
    # How values are written, read and compared.
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    # How long anybody waits for anybody.
    "lock_timeout": f"{BUSY_SECONDS:.0f}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{_READ_IDLE_SECONDS}s",
    # And the same from the server's side of the line, as in NETWORK.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}
"""See the PostgreSQL manual, chapter 20. Zone, isolation and search path are set beside these."""

_DURABLE = """
SELECT pg_catalog.set_config('synchronous_commit', 'on', false)
WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
"""
"""A cancel that was acknowledged is on the disk, whatever the server's default is."""


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up a server that takes what it is sent and never answers.

    TCP notices a host that vanished, not a server that hangs, nor one behind something that
    still answers for it.
    """

    silent_seconds: float = _SILENT_SECONDS

    def wait(self, gen: "PQGen[Answer]", *arguments: Any, **options: Any) -> Answer:
        """Do what psycopg does, for so long. Raises OperationalError, and is closed then."""
        return super().wait(self._bounded(gen), *arguments, **options)

    def _bounded(self, gen: "PQGen[Answer]") -> "PQGen[Answer]":
        ends_at = time.monotonic() + self.silent_seconds
        try:
            wanted = next(gen)
            while True:
                # psycopg comes back every 0.1 s, with nothing if nothing came.
                ready = yield wanted
                if not ready and time.monotonic() > ends_at:
                    self.close()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as done:
            answer: Answer = done.value
            return answer

    def wait_for_ever(self) -> None:
        """Give this server all the time it takes, from now on."""
        self.silent_seconds = math.inf


def set_up(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make a session what this program relies on, whatever somebody else made of it.

    `schema` is where the store is; as long as it is not known, the account's search path counts.
    The connection must not be in a transaction. It costs one exchange with the server.
    """
    statements = [f"SET {name} TO '{value}'" for name, value in SETTINGS.items()]
    if schema:
        # With the schema alone on it, every name means what it would mean with the schema in front;
        # temporary tables come first unless they are named last.
        statements.append(f"SET search_path TO {sql.Identifier(schema).as_string()}, pg_temp")
    statements.append(_DURABLE)
    # Else psycopg begins a transaction that says READ WRITE, over what the server was set to.
    connection.read_only = None
    was = connection.autocommit
    connection.autocommit = True
    connection.execute("; ".join(statements).encode())
    connection.autocommit = was


SCHEMA = f"""
SELECT coalesce((
    SELECT path.name
    FROM unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path(name, place)
    JOIN pg_catalog.pg_namespace AS space ON space.nspname = path.name
    JOIN pg_catalog.pg_class AS found ON found.relnamespace = space.oid
    WHERE found.relname = '{VERSION_TABLE}' AND found.relkind = 'r'
    ORDER BY path.place LIMIT 1
), pg_catalog.current_schema())
"""  # noqa: S608
"""The first schema on the account's search path that holds a store, else where one would be made."""

_SET_READ_ONLY = """
    pg_catalog.current_setting('default_transaction_read_only')::boolean OR coalesce((
        SELECT split_part(setting, '=', 2)::boolean
        FROM pg_catalog.pg_db_role_setting AS kept, unnest(kept.setconfig) AS setting
        WHERE setting LIKE 'default_transaction_read_only=%'
          AND kept.setdatabase IN (
              0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
          )
          AND kept.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
        ORDER BY kept.setrole <> 0 DESC, kept.setdatabase <> 0 DESC LIMIT 1
    ), false)
"""
"""Whether the server, or else this database or account, is meant to be read only.

What is set for a database or an account counts for the sessions that begin after it; one that
began before would go on writing.
"""

WRITABLE = f"""
SELECT pg_catalog.pg_is_in_recovery() AS is_standby, {_SET_READ_ONLY} AS is_read_only,
    has_table_privilege('booking', 'UPDATE') AND has_table_privilege('audit', 'INSERT') AS may_write
"""
"""Whether writing can be thought of, asked in a transaction that only reads."""

PLACE = f"""
SELECT
    pg_catalog.pg_is_in_recovery() AS is_standby,
    pg_catalog.current_setting('transaction_read_only')::boolean OR {_SET_READ_ONLY} AS is_read_only,
    CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.concat_ws('/',
        (SELECT system_identifier FROM pg_catalog.pg_control_system()),
        left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    ) END AS place,
    pg_catalog.set_config('idle_in_transaction_session_timeout', '{WRITE_IDLE_SECONDS}s', true)
"""  # noqa: S608
"""How every write begins: may this be written, and which server is it?

The place is the cluster, its timeline (the first eight digits of a WAL file's name, which a
failover raises), and the database in it.
"""
