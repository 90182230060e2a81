"""Runs migrations on the connection `store.schema.migrate` hands over, in its transaction."""

from alembic import context

from frontdesk.store.sql.revisions import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
