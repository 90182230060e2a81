"""The tables, the search over bookings, and an audit that only grows."""

from alembic import op
from sqlmodel import SQLModel

from frontdesk.store import tables
from frontdesk.store.search_index import create_search

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    SQLModel.metadata.create_all(connection)
    op.bulk_insert(
        SQLModel.metadata.tables[str(tables.HeadRow.__tablename__)],
        [{"id": 1, "change": 0, "audit": 0, "audit_digest": "", "bookings": 0}],
    )
    create_search(connection)
