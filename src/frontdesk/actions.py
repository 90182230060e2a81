"""The one table of what an operator can do.

Bindings, the row menu, the key line, the palette, help and `docs/keys.md` are all made
from it. `keys` work in the list only, unless `everywhere` says that they work from Find
and the list alike; a letter is never bound outside the list, where it is text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from frontdesk.bookings import Booking, Reason, Standing, why_not_cancel

WhyNot = Callable[[Booking, datetime, Standing], Reason | None]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing an operator can do.

    `action` is the name of the method that does it, `action_<name>` on the screen. `label`
    is what menus and the key line say, `help` one sentence. `why_not` answers for one
    booking; commands without it always work. Where its reason has the code of `instead`,
    another command is the way on: the words for when, and its id. `in_menu` puts it in the
    row menu. One that is not `in_this_version` stands there greyed, with the reason, and
    nowhere else.
    """

    id: str
    action: str
    label: str
    help: str
    keys: tuple[str, ...] = ()
    everywhere: tuple[str, ...] = ()
    group: str = "List"
    dangerous: bool = False
    in_menu: bool = False
    in_palette: bool = True
    in_this_version: bool = True
    why_not: WhyNot | None = None
    instead: tuple[str, str, str] | None = None


def _pms_name(booking: Booking) -> str:
    return booking.practice.pms.name if booking.practice.pms else "your appointment book"


def why_not_reschedule(booking: Booking, now: datetime, desk: Standing) -> Reason | None:
    """Return why a booking cannot be rescheduled here: for now it never can."""
    if booking.cancellation is not None:
        return why_not_cancel(booking, now, desk)
    if booking.starts_at <= now:
        return Reason("time-passed", f"it has started. Book a new appointment in {_pms_name(booking)}")
    return Reason("not-in-version", f"not in this version. Do it in {_pms_name(booking)}")


def why_not_did_not_come(booking: Booking, now: datetime, desk: Standing) -> Reason | None:
    """Return why FTA / DNA (failed to attend) cannot be asked for here."""
    if booking.cancellation is not None:
        return why_not_cancel(booking, now, desk)
    if booking.starts_at > now:
        return Reason("not-yet", "not in this version")
    if booking.patient.is_new is False:
        return Reason("not-billed", f"not a new patient: nothing is billed. Mark it in {_pms_name(booking)}")
    return Reason("not-in-version", "not in this version. Do it in your billing portal")


COMMANDS: tuple[Command, ...] = (
    Command(
        "booking.menu",
        "menu",
        "Menu",
        "Open the action menu of the marked booking.",
        keys=("m",),
        everywhere=("enter",),
        group="Booking",
        in_palette=False,
    ),
    Command(
        "booking.cancel",
        "do('booking.cancel')",
        "Cancel",
        "Cancel the marked booking, for ever. It asks first.",
        keys=("c",),
        group="Booking",
        dangerous=True,
        in_menu=True,
        why_not=why_not_cancel,
    ),
    Command(
        "booking.reschedule",
        "do('booking.reschedule')",
        "Reschedule",
        "Move the marked booking to another time.",
        keys=("r",),
        group="Booking",
        in_menu=True,
        in_palette=False,
        in_this_version=False,
        why_not=why_not_reschedule,
    ),
    Command(
        "booking.did_not_come",
        "do('booking.did_not_come')",
        "FTA / DNA",
        "Say that the patient did not come, so that the practice is not charged.",
        keys=("f",),
        group="Booking",
        in_menu=True,
        in_palette=False,
        in_this_version=False,
        why_not=why_not_did_not_come,
        instead=("not-yet", "To cancel", "booking.cancel"),
    ),
    Command(
        "booking.details",
        "do('booking.details')",
        "Details",
        "Show everything about the marked booking, and what was done to it.",
        keys=("d",),
        group="Booking",
        in_menu=True,
    ),
    Command(
        "filter.upcoming",
        "only('Upcoming')",
        "Only Upcoming",
        "Show only bookings that have not started.",
        keys=("1",),
        group="Filters",
    ),
    Command(
        "filter.completed",
        "only('Completed')",
        "Only Completed",
        "Show only bookings that have started.",
        keys=("2",),
        group="Filters",
    ),
    Command(
        "filter.cancelled",
        "only('Cancelled')",
        "Only Cancelled",
        "Show only cancelled bookings.",
        keys=("3",),
        group="Filters",
    ),
    Command(
        "filter.none",
        "clear_filters",
        "Show everything",
        "Clear every filter.",
        keys=("0",),
        group="Filters",
    ),
    Command(
        "filter.today", "days(0, 0)", "Today", "Show today's bookings only.", keys=("t",), group="Filters"
    ),
    Command(
        "filter.tomorrow",
        "days(1, 1)",
        "Tomorrow",
        "Show tomorrow's bookings only.",
        keys=("n",),
        group="Filters",
    ),
    Command(
        "filter.week",
        "days(0, 6)",
        "Today and six days",
        "Show today and the six days after.",
        keys=("w",),
        group="Filters",
    ),
    Command("filter.any_day", "any_day", "Any day", "Show all days again.", keys=("a",), group="Filters"),
    Command(
        "filter.day_back",
        "move_day(-1)",
        "One day back",
        "Show the day before the one shown.",
        keys=("left",),
        group="Filters",
        in_palette=False,
    ),
    Command(
        "filter.day_on",
        "move_day(1)",
        "One day on",
        "Show the day after the one shown.",
        keys=("right",),
        group="Filters",
        in_palette=False,
    ),
    Command(
        "filter.practitioner",
        "choose_practitioner",
        "One practitioner",
        "Choose a practitioner to show.",
        keys=("p",),
        group="Filters",
    ),
    Command(
        "filter.practice",
        "choose_practice",
        "One practice",
        "Choose a practice to show.",
        keys=("o",),
        group="Filters",
    ),
    Command(
        "list.down",
        "move(1)",
        "Down",
        "Go to the next booking.",
        keys=("j",),
        everywhere=("down",),
        in_palette=False,
    ),
    Command(
        "list.up",
        "move(-1)",
        "Up",
        "Go to the booking before.",
        keys=("k",),
        everywhere=("up",),
        in_palette=False,
    ),
    Command(
        "list.page_down",
        "turn_page(1)",
        "Page on",
        "Turn to the next page.",
        everywhere=("pagedown",),
        in_palette=False,
    ),
    Command(
        "list.page_up",
        "turn_page(-1)",
        "Page back",
        "Turn to the page before.",
        everywhere=("pageup",),
        in_palette=False,
    ),
    Command("list.first", "go_to_end(-1)", "First", "Go to the very first booking.", keys=("home",)),
    Command("list.last", "go_to_end(1)", "Last", "Go to the very last booking.", keys=("end",)),
    Command(
        "find.focus", "find", "Find", "Go back to Find, to type a name.", keys=("slash",), group="Program"
    ),
    Command(
        "focus.switch",
        "switch_focus",
        "Find or list",
        "Go between Find and the list.",
        everywhere=("tab", "shift+tab"),
        group="Program",
        in_palette=False,
    ),
    Command(
        "back",
        "back",
        "Back",
        "Go one step back; in Find clear the text.",
        everywhere=("escape",),
        group="Program",
        in_palette=False,
    ),
    Command(
        "program.help",
        "app.help",
        "Help",
        "Show all keys.",
        keys=("question_mark",),
        everywhere=("f1",),
        group="Program",
    ),
    Command(
        "program.bookings",
        "home_view",
        "Bookings",
        "Show the whole list, from the first booking not yet started.",
        keys=("b",),
        everywhere=("f2",),
        group="Program",
    ),
    Command(
        "program.attention",
        "app.attention",
        "Attention",
        "Show what needs a person, the nearest appointment first.",
        keys=("exclamation_mark",),
        everywhere=("f4",),
        group="Program",
    ),
    Command(
        "program.connections",
        "app.connections",
        "Connections",
        "Show who is told of a cancellation automatically.",
        keys=("e",),
        group="Program",
    ),
    Command(
        "program.refresh",
        "refresh_list",
        "Refresh",
        "Read the list again, with what other desks changed.",
        keys=("u",),
        everywhere=("f5",),
        group="Program",
    ),
    Command(
        "program.palette",
        "app.palette",
        "All commands",
        "Find a command by its name.",
        everywhere=("ctrl+p",),
        group="Program",
        in_palette=False,
    ),
    Command(
        "program.paint",
        "app.paint_again",
        "Paint again",
        "Paint the whole screen again, if something has written over it.",
        everywhere=("ctrl+l",),
        group="Program",
    ),
    Command(
        "program.lock",
        "app.lock",
        "Lock",
        "Hide everything until you, or another operator, go on.",
        keys=("l",),
        everywhere=("f9",),
        group="Program",
    ),
    Command(
        "program.leave",
        "app.leave",
        "Leave",
        "Leave frontdesk. It asks first.",
        keys=("q",),
        everywhere=("ctrl+c",),
        group="Program",
    ),
)

CANCEL_COMMANDS: tuple[Command, ...] = (
    Command(
        "cancel.confirm",
        "confirm",
        "Cancel Booking",
        "Cancel the booking shown. F8 counts only after you could see it.",
        everywhere=("f8",),
        group="Cancel Booking",
        dangerous=True,
    ),
    Command(
        "cancel.keep",
        "keep",
        "Keep Booking",
        "Close the window; nothing is cancelled.",
        everywhere=("escape",),
        group="Cancel Booking",
    ),
    Command(
        "cancel.next",
        "next_field(1)",
        "Next field",
        "Go from the reason to the buttons, and back to the reason.",
        everywhere=("tab",),
        group="Cancel Booking",
    ),
    Command(
        "cancel.previous",
        "next_field(-1)",
        "Field before",
        "Go the other way round.",
        everywhere=("shift+tab",),
        group="Cancel Booking",
    ),
    Command(
        "cancel.help",
        "app.help",
        "Help",
        "Show all keys.",
        everywhere=("f1",),
        group="Cancel Booking",
    ),
)


def _on_a_page(group: str, *rows: tuple[str, str, str, str, str]) -> tuple[Command, ...]:
    """Commands of a page without a text field, by id, action, label, help, and keys."""
    return tuple(
        Command(id, action, label, help, everywhere=tuple(keys.split()), group=group)
        for id, action, label, help, keys in rows  # noqa: A001 - the fields' names
    )


READING_COMMANDS = _on_a_page(
    "Details and help",
    ("read.back", "back", "Back", "Go back to the list.", "escape q"),
    ("read.down", "scroll(1)", "Down", "Scroll down.", "down j"),
    ("read.up", "scroll(-1)", "Up", "Scroll up.", "up k"),
    ("read.page_down", "scroll_page(1)", "Page on", "Scroll a page down.", "pagedown space"),
    ("read.page_up", "scroll_page(-1)", "Page back", "Scroll a page up.", "pageup"),
    ("read.help", "app.help", "Help", "Show all keys.", "f1 question_mark"),
)

DETAILS_COMMANDS = _on_a_page(
    "Details",
    ("details.retry", "retry", "Try again", "Try again now what failed.", "a"),
    ("details.settle", "settle", "Settle", "Settle what failed: write what you did, and sign it.", "s"),
)

ATTENTION_COMMANDS = _on_a_page(
    "Attention",
    ("attention.settle", "settle", "Settle", "Settle it: write what you did, and sign it.", "s"),
    ("attention.retry", "retry", "Try again", "Try it again now.", "a"),
    ("attention.details", "details", "Details", "Show everything about the booking.", "d enter"),
    ("attention.down", "move(1)", "Down", "Go to the next one.", "down j"),
    ("attention.up", "move(-1)", "Up", "Go to the one before.", "up k"),
    ("attention.page_down", "turn_page(1)", "Page on", "Turn to the next page.", "pagedown"),
    ("attention.page_up", "turn_page(-1)", "Page back", "Turn to the page before.", "pageup"),
    ("attention.refresh", "refresh", "Refresh", "Read the list again, with what is new.", "f5 u"),
    ("attention.back", "back", "Back", "Go back to Find.", "escape q"),
    ("attention.help", "app.help", "Help", "Show all keys.", "f1 question_mark"),
)

ALL_COMMANDS: tuple[Command, ...] = tuple(
    command
    for command in COMMANDS + CANCEL_COMMANDS + READING_COMMANDS + DETAILS_COMMANDS + ATTENTION_COMMANDS
    if command.in_this_version
)
"""Those that Help and docs/keys.md list."""

MENU: tuple[Command, ...] = tuple(command for command in COMMANDS if command.in_menu)
