"""Everything an operator can ask of a store: one class a kind, and their one table."""

from frontdesk.commands.cancel import Cancel
from frontdesk.commands.command import Ask, Changes, Command, Done, Held, Subject
from frontdesk.commands.deal import Retry, Settle

__all__ = ["KINDS", "Ask", "Cancel", "Changes", "Command", "Done", "Held", "Retry", "Settle", "Subject"]

KINDS: dict[str, type[Ask]] = {one.kind: one for one in (Cancel, Settle, Retry)}
"""Every kind of command, by its name: routes, payloads, the audit and the docs are made of it."""
