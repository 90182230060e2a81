"""Everything an operator can ask of a store: one class a kind, and their one table."""

from frontdesk.commands.adjust import Approve, Reject, RequestAdjustment
from frontdesk.commands.attendance import MarkArrived, MarkAttended, MarkNoShow, TakeBackNoShow
from frontdesk.commands.bill import CloseMonth, Pay, Void
from frontdesk.commands.cancel import Cancel
from frontdesk.commands.command import Ask, Changes, Command, Done, Held, Subject
from frontdesk.commands.deal import Retry, Settle

__all__ = [
    "KINDS",
    "Approve",
    "Ask",
    "Cancel",
    "Changes",
    "CloseMonth",
    "Command",
    "Done",
    "Held",
    "MarkArrived",
    "MarkAttended",
    "MarkNoShow",
    "Pay",
    "Reject",
    "RequestAdjustment",
    "Retry",
    "Settle",
    "Subject",
    "TakeBackNoShow",
    "Void",
]

KINDS: dict[str, type[Ask]] = {
    one.kind: one
    for one in (
        Cancel,
        MarkNoShow,
        TakeBackNoShow,
        MarkArrived,
        MarkAttended,
        RequestAdjustment,
        Approve,
        Reject,
        Settle,
        Retry,
        CloseMonth,
        Pay,
        Void,
    )
}
"""Every kind of command, by its name: routes, payloads, the audit and the docs are made of it."""
