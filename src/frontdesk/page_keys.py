"""Rows of the table of actions for pages and windows over the list, and those that many have."""

Row = tuple[str, str, str, str, str]
"""Id, method, label, help, and keys with a space between them; see `actions`."""


def moves(page: str) -> tuple[Row, ...]:
    """What moves the cursor of a list on a page of its own."""
    return (
        (f"{page}.down", "move(1)", "Down", "Go to the next one.", "down j"),
        (f"{page}.up", "move(-1)", "Up", "Go to the one before.", "up k"),
        (f"{page}.page_down", "turn_page(1)", "Page on", "Turn to the next page.", "pagedown"),
        (f"{page}.page_up", "turn_page(-1)", "Page back", "Turn to the page before.", "pageup"),
    )


def leaves(page: str, back: str) -> tuple[Row, ...]:
    """What leads from a page to where it was opened from, which `back` says, and to the help."""
    return (
        (f"{page}.back", "back", "Back", back, "escape q"),
        (f"{page}.help", "app.help", "Help", "Show all keys.", "f1 question_mark"),
    )


CANCELLING: tuple[Row, ...] = (
    (
        "cancel.confirm",
        "confirm",
        "Cancel Booking",
        "Cancel the booking shown. F8 counts only after you could see it.",
        "f8",
    ),
    ("cancel.keep", "keep", "Keep Booking", "Close the window; nothing is cancelled.", "escape"),
    (
        "cancel.choose_reason",
        "offer_reasons",
        "Reasons at hand",
        "In an empty reason: choose one of the practice's reasons.",
        "down",
    ),
    (
        "cancel.last_reason",
        "bring_back_reason",
        "Your last reason",
        "In an empty reason: bring back the one that you gave last.",
        "up",
    ),
    (
        "cancel.next",
        "next_field(1)",
        "Next field",
        "Go from the reason to the note, to the buttons, and back to the reason.",
        "tab",
    ),
    ("cancel.previous", "next_field(-1)", "Field before", "Go the other way round.", "shift+tab"),
    ("cancel.help", "app.help", "Help", "Show all keys.", "f1"),
)

MARKING: tuple[Row, ...] = (
    (
        "mark.confirm",
        "confirm",
        "Confirm",
        "Do what the window says. F8 counts only after you could see it.",
        "f8",
    ),
    ("mark.keep", "keep", "Keep", "Close the window; nothing is marked.", "escape"),
    ("mark.next", "next_field(1)", "Next field", "Go to the next question, field or button.", "tab"),
    ("mark.previous", "next_field(-1)", "Field before", "Go the other way round.", "shift+tab"),
    ("mark.help", "app.help", "Help", "Show all keys.", "f1"),
)

READING: tuple[Row, ...] = (
    ("read.back", "back", "Back", "Go back to the list.", "escape q"),
    ("read.down", "scroll(1)", "Down", "Scroll down.", "down j"),
    ("read.up", "scroll(-1)", "Up", "Scroll up.", "up k"),
    ("read.page_down", "scroll_page(1)", "Page on", "Scroll a page down.", "pagedown space"),
    ("read.page_up", "scroll_page(-1)", "Page back", "Scroll a page up.", "pageup"),
    ("read.first", "scroll_to_end(-1)", "First", "Go to the start of the text.", "home"),
    ("read.last", "scroll_to_end(1)", "Last", "Go to the end of the text.", "end"),
    ("read.help", "app.help", "Help", "Show all keys.", "f1 question_mark"),
)

DETAILS: tuple[Row, ...] = (
    ("details.retry", "retry", "Try again", "Try again now what failed.", "a"),
    ("details.settle", "settle", "Settle", "Settle what failed: write what you did, and sign it.", "s"),
)

CONNECTIONS: tuple[Row, ...] = (
    (
        "connections.decide",
        "decide",
        "Decide",
        "Decide about what a PMS suddenly shows otherwise, if this desk may.",
        "enter",
    ),
    ("connections.refresh", "refresh", "Refresh", "Read the page again.", "f5 u"),
)

HELD: tuple[Row, ...] = (
    ("held.again", "choose(1)", "Read again", "Choose to have the PMS read again.", "1"),
    ("held.ignore", "choose(2)", "Keep our list", "Choose to keep the list until the PMS changes.", "2"),
    ("held.apply", "choose(3)", "Believe the PMS", "Choose to make the list as the PMS says.", "3"),
    ("held.down", "move(1)", "Down", "Choose the next answer.", "down"),
    ("held.up", "move(-1)", "Up", "Choose the answer before.", "up"),
    ("held.confirm", "confirm", "Confirm", "Do what is chosen. F8 counts only after you could see it.", "f8"),
    ("held.keep", "keep", "Close", "Close the window; nothing is decided.", "escape"),
    ("held.help", "app.help", "Help", "Show all keys.", "f1"),
)

ATTENTION: tuple[Row, ...] = (
    ("attention.settle", "settle", "Settle", "Settle it: write what you did, and sign it.", "s"),
    ("attention.retry", "retry", "Try again", "Try it again now.", "a"),
    ("attention.details", "details", "Details", "Show everything about the booking.", "d enter"),
    *moves("attention"),
    ("attention.refresh", "refresh", "Refresh", "Read the list again, with what is new.", "f5 u"),
    *leaves("attention", "Go back to Find."),
)

BILLING: tuple[Row, ...] = (
    (
        "billing.upcoming",
        "only('Upcoming')",
        "Only Upcoming",
        "Show only what is not on a final invoice.",
        "1",
    ),
    ("billing.charged", "only('Charged')", "Only Charged", "Show only what is charged.", "2"),
    ("billing.cancelled", "only('Cancelled')", "Only Cancelled", "Show only cancelled bookings.", "3"),
    ("billing.no_charge", "only('No Charge')", "Only No Charge", "Show only what is not charged.", "4"),
    ("billing.requests", "choose_request", "Requests", "Choose which requests to show.", "r"),
    ("billing.month", "choose_month", "One month", "Choose a month to show.", "m"),
    ("billing.invoice", "choose_invoice", "One invoice", "Choose an invoice whose bookings to show.", "v"),
    ("billing.practice", "choose_practice", "One practice", "Choose a practice to show.", "o"),
    ("billing.everything", "clear_filters", "Show everything", "Clear every filter.", "0"),
    ("billing.undecided", "undecided", "Undecided", "Decide about what is charged unless you ask.", "g"),
    ("billing.invoices", "invoices", "Invoices", "Show all invoices, the latest month first.", "i"),
    (
        "billing.did_not_come",
        "ask('booking.did_not_come')",
        "FTA / DNA",
        "Mark that the patient did not come, or take that back.",
        "f",
    ),
    (
        "billing.request",
        "ask('booking.request_adjustment')",
        "Not charged",
        "Ask not to be charged for the booking.",
        "b",
    ),
    ("billing.details", "details", "Details", "Show everything about the booking.", "d enter"),
    *moves("billing"),
    ("billing.first", "go_to_end(-1)", "First", "Go to the very first one.", "home"),
    ("billing.last", "go_to_end(1)", "Last", "Go to the very last one.", "end"),
    ("billing.refresh", "refresh", "Refresh", "Read the list again, with what is new.", "f5 u"),
    *leaves("billing", "Go back to Find."),
)

UNDECIDED: tuple[Row, ...] = (
    ("undecided.attended", "letter('attended')", "Attended", "The patient attended: it is charged.", "a"),
    (
        "undecided.did_not_come",
        "letter('did not come')",
        "Did not come",
        "The patient did not come: ask not to be charged.",
        "f",
    ),
    (
        "undecided.not_new",
        "letter('not new')",
        "Not new",
        "The patient is not new: ask not to be charged. At a question it answers no.",
        "n",
    ),
    ("undecided.yes", "yes", "Yes", "Answer a question with yes.", "y"),
    ("undecided.send", "send", "Send", "Show what is decided, to send it.", "f8"),
    ("undecided.month", "choose_month", "Another month", "Choose another month that is not final.", "m"),
    ("undecided.details", "details", "Details", "Show everything about the booking.", "d enter"),
    *moves("undecided"),
    ("undecided.refresh", "refresh", "Refresh", "Read the list again; what you decided stays.", "f5 u"),
    *leaves("undecided", "At a question: take the decision out. Otherwise go back to Billing."),
)

SENDING: tuple[Row, ...] = (
    (
        "sending.confirm",
        "confirm",
        "Send",
        "Send what is shown. F8 counts only after you could see it.",
        "f8",
    ),
    ("sending.keep", "keep", "Keep", "Close the window; nothing more is sent.", "escape"),
)

INVOICES: tuple[Row, ...] = (
    ("invoices.open", "open_invoice", "Open", "Show the invoice with its lines.", "enter d"),
    *moves("invoices"),
    ("invoices.refresh", "refresh", "Refresh", "Read the list again.", "f5 u"),
    *leaves("invoices", "Go back to Billing."),
)
