"""Which schemas there have been, and where a database says which one it has."""

REVISIONS = ("0001_faf1e3cc7f8a",)
"""Every schema there has been, oldest first; the last is the present one.

The digest behind the number is of what the migration makes. Until a migration is released it
may be changed, and a store that an earlier form of it made must not be taken for the present
one. `make docs` writes the digests anew.
"""

VERSION_TABLE = "frontdesk_schema"
