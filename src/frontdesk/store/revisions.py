"""Which schemas there have been, and where a database says which one it has."""

REVISIONS = ("0001",)
"""Every schema there has been, oldest first; the last is the present one."""

VERSION_TABLE = "frontdesk_schema"
