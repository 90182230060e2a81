"""The one table of what an operator can do.

Bindings, the row menu, the key line, the palette, help and `docs/keys.md` are all made
from it. `keys` work in the list only, unless `everywhere` says that they work from Find
and the list alike; a letter is never bound outside the list, where it is text.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from frontdesk import page_keys
from frontdesk.attendance import why_not_arrived_key, why_not_attended_key, why_not_no_show_key
from frontdesk.billing.adjustments import why_not_request_key
from frontdesk.bookings import Booking, Reason, Standing, why_not_cancel, why_not_reschedule


class WhyNot(Protocol):
    """A rule of the domain."""

    def __call__(
        self, booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None, /
    ) -> Reason | None:
        """Return why something cannot be done to `booking`, or None; `here` is the zone of the desk's clock."""
        ...


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an operator can do.

    `label` is what menus and the key line say, `help` one sentence. What it does is one of three:
    it `asks` for a command of that kind, by the dialog of the kind; it `opens` a screen (the module
    below `screens`, a colon, the class); or it `does` something on the screen, by the method
    `action_<name>`. `in_menu` puts it in the row menu, and its dialog or screen is then about the row.
    `why_not` answers for one booking; actions without it always work. Where its reason has the code
    of `instead`, another action is the way on, where it works: the words for when, and its id. One that is not
    `in_this_version` stands in the menu greyed, with the reason, and nowhere else. One with a `menu_key` is a
    line of the menu only, and only while it works.
    """

    id: str
    label: str
    help: str
    does: str = ""
    asks: str = ""
    opens: str = ""
    keys: tuple[str, ...] = ()
    everywhere: tuple[str, ...] = ()
    menu_key: str = ""
    group: str = "List"
    dangerous: bool = False
    in_menu: bool = False
    in_palette: bool = True
    in_this_version: bool = True
    why_not: WhyNot | None = None
    instead: tuple[str, str, str] | None = None

    @property
    def call(self) -> str:
        """The method that does it, as a screen's bindings name it."""
        if self.does:
            return self.does
        return f"do('{self.id}')" if self.asks or self.in_menu else f"app.open('{self.opens}')"


ACTIONS: tuple[Action, ...] = (
    Action(
        "booking.menu",
        "Menu",
        "Open the action menu of the marked booking.",
        does="menu",
        keys=("m",),
        everywhere=("enter",),
        group="Booking",
        in_palette=False,
    ),
    Action(
        "booking.cancel",
        "Cancel",
        "Cancel the marked booking, for ever. It asks first.",
        asks="booking.cancel",
        keys=("c",),
        group="Booking",
        dangerous=True,
        in_menu=True,
        why_not=why_not_cancel,
        instead=("time-passed", "Did not come", "booking.did_not_come"),
    ),
    Action(
        "booking.reschedule",
        "Reschedule",
        "Move the marked booking to another time.",
        asks="booking.move",
        keys=("r",),
        group="Booking",
        in_menu=True,
        in_palette=False,
        in_this_version=False,
        why_not=why_not_reschedule,
    ),
    Action(
        "booking.did_not_come",
        "FTA / DNA",
        "Mark that the patient of the marked booking did not come, or take that back. It asks first.",
        asks="booking.mark_no_show",
        keys=("f",),
        group="Booking",
        in_menu=True,
        why_not=why_not_no_show_key,
        instead=("not-started", "To cancel", "booking.cancel"),
    ),
    Action(
        "booking.arrived",
        "Arrived",
        "Mark that the patient has arrived, or take that back.",
        asks="booking.mark_arrived",
        menu_key="v",
        group="Booking",
        in_menu=True,
        in_palette=False,
        why_not=why_not_arrived_key,
    ),
    Action(
        "booking.attended",
        "Attended",
        "Mark that the patient has attended, or take that back.",
        asks="booking.mark_attended",
        menu_key="t",
        group="Booking",
        in_menu=True,
        in_palette=False,
        why_not=why_not_attended_key,
    ),
    Action(
        "booking.request_adjustment",
        "Not charged",
        "Ask not to be charged for a new patient.",
        asks="booking.request_adjustment",
        menu_key="b",
        group="Booking",
        in_menu=True,
        in_palette=False,
        why_not=why_not_request_key,
    ),
    Action(
        "booking.details",
        "Details",
        "Show everything about the marked booking, and what was done to it.",
        opens="details:DetailsScreen",
        keys=("d",),
        group="Booking",
        in_menu=True,
    ),
    Action(
        "list.go_to_day",
        "Go to a day",
        "Go to a day that you type: thu, 3/12, 3 feb, +2w, yesterday, last thu. Enter again shows only that day.",
        does="go_to_day",
        keys=("g",),
        everywhere=("ctrl+g",),
        group="Days",
    ),
    Action(
        "filter.today",
        "Today",
        "Show today's bookings only.",
        does="days(0, 0)",
        keys=("t",),
        group="Days",
    ),
    Action(
        "filter.tomorrow",
        "Tomorrow",
        "Show tomorrow's bookings only.",
        does="days(1, 1)",
        keys=("n",),
        group="Days",
    ),
    Action(
        "filter.week",
        "Today and six days",
        "Show today and the six days after.",
        does="days(0, 6)",
        keys=("w",),
        group="Days",
    ),
    Action("filter.any_day", "Any day", "Show all days again.", does="any_day", keys=("a",), group="Days"),
    Action(
        "filter.day_back",
        "One day back",
        "Show the day before the one shown.",
        does="move_day(-1)",
        keys=("left",),
        group="Days",
        in_palette=False,
    ),
    Action(
        "filter.day_on",
        "One day on",
        "Show the day after the one shown.",
        does="move_day(1)",
        keys=("right",),
        group="Days",
        in_palette=False,
    ),
    Action(
        "filter.upcoming",
        "Only Upcoming",
        "Show only bookings that have not started.",
        does="only('Upcoming')",
        keys=("1",),
        group="Filters",
    ),
    Action(
        "filter.completed",
        "Only Completed",
        "Show only bookings that have started.",
        does="only('Completed')",
        keys=("2",),
        group="Filters",
    ),
    Action(
        "filter.cancelled",
        "Only Cancelled",
        "Show only cancelled bookings.",
        does="only('Cancelled')",
        keys=("3",),
        group="Filters",
    ),
    Action(
        "filter.none",
        "Show everything",
        "Clear every filter.",
        does="clear_filters",
        keys=("0",),
        group="Filters",
    ),
    Action(
        "filter.practitioner",
        "One practitioner",
        "Choose a practitioner to show.",
        does="choose_practitioner",
        keys=("p",),
        group="Filters",
    ),
    Action(
        "filter.practice",
        "One practice",
        "Choose a practice to show.",
        does="choose_practice",
        keys=("o",),
        group="Filters",
    ),
    Action(
        "filter.household",
        "Household",
        "Show all bookings on the mobile of the marked booking.",
        does="show_household",
        keys=("h",),
        group="Filters",
    ),
    Action(
        "list.recent",
        "Opened here last",
        "Come back to one of the last five bookings opened at this desk.",
        does="choose_recent",
        everywhere=("ctrl+r",),
    ),
    Action(
        "list.down",
        "Down",
        "Go to the next booking.",
        does="move(1)",
        keys=("j",),
        everywhere=("down",),
        in_palette=False,
    ),
    Action(
        "list.up",
        "Up",
        "Go to the booking before.",
        does="move(-1)",
        keys=("k",),
        everywhere=("up",),
        in_palette=False,
    ),
    Action(
        "list.page_down",
        "Page on",
        "Turn to the next page.",
        does="turn_page(1)",
        everywhere=("pagedown",),
        in_palette=False,
    ),
    Action(
        "list.page_up",
        "Page back",
        "Turn to the page before.",
        does="turn_page(-1)",
        everywhere=("pageup",),
        in_palette=False,
    ),
    Action("list.first", "First", "Go to the very first booking.", does="go_to_end(-1)", keys=("home",)),
    Action("list.last", "Last", "Go to the very last booking.", does="go_to_end(1)", keys=("end",)),
    Action(
        "find.focus",
        "Find",
        "Go back to Find, to type a name.",
        does="find",
        keys=("slash",),
        group="Program",
    ),
    Action(
        "focus.switch",
        "Find or list",
        "Go between Find and the list.",
        does="switch_focus",
        everywhere=("tab", "shift+tab"),
        group="Program",
        in_palette=False,
    ),
    Action(
        "back",
        "Back",
        "Go one step back; in Find clear the text.",
        does="back",
        everywhere=("escape",),
        group="Program",
        in_palette=False,
    ),
    Action(
        "program.help",
        "Help",
        "Show all keys.",
        does="app.help",
        keys=("question_mark",),
        everywhere=("f1",),
        group="Program",
    ),
    Action(
        "program.bookings",
        "Bookings",
        "Show the whole list, from the first booking not yet started.",
        does="home_view",
        keys=("b",),
        everywhere=("f2",),
        group="Program",
    ),
    Action(
        "program.billing",
        "Billing",
        "Show what new patients cost, and ask not to be charged before a month is final.",
        opens="billing:BillingScreen",
        keys=("i",),
        everywhere=("f3",),
        group="Program",
    ),
    Action(
        "program.attention",
        "Attention",
        "Show what needs a person, the nearest appointment first.",
        opens="attention:AttentionScreen",
        keys=("exclamation_mark",),
        everywhere=("f4",),
        group="Program",
    ),
    Action(
        "program.connections",
        "Connections",
        "Show which PMSs are read and told, and whether they answer; decide what one suddenly shows.",
        opens="connections:ConnectionsScreen",
        keys=("e",),
        group="Program",
    ),
    Action(
        "program.refresh",
        "Refresh",
        "Read the list again, with what other desks changed.",
        does="refresh_list",
        keys=("u",),
        everywhere=("f5",),
        group="Program",
    ),
    Action(
        "program.palette",
        "All commands",
        "Find a command by its name.",
        does="app.palette",
        everywhere=("ctrl+p",),
        group="Program",
        in_palette=False,
    ),
    Action(
        "program.paint",
        "Paint again",
        "Paint the whole screen again, if something has written over it.",
        does="app.paint_again",
        everywhere=("ctrl+l",),
        group="Program",
    ),
    Action(
        "program.colours",
        "Ask the terminal for its colours again",
        "Take the theme that suits the terminal's background now, as the start does.",
        does="app.ask_colours",
        group="Program",
    ),
    Action(
        "program.lock",
        "Lock",
        "Hide everything until you, or another operator, go on.",
        does="app.lock",
        keys=("l",),
        everywhere=("f9",),
        group="Program",
    ),
    Action(
        "program.leave",
        "Leave",
        "Leave frontdesk. It asks first.",
        does="app.leave",
        keys=("q",),
        everywhere=("ctrl+c",),
        group="Program",
    ),
)


def _on_a_page(group: str, *rows: page_keys.Row, dangerous: str = "") -> tuple[Action, ...]:
    """Actions of a page or a window, by id, method, label, help, and keys; one of them may be `dangerous`."""
    return tuple(
        Action(id, label, help, does, everywhere=tuple(keys.split()), group=group, dangerous=id == dangerous)
        for id, does, label, help, keys in rows  # noqa: A001 - the fields' names
    )


CANCEL_ACTIONS = _on_a_page("Cancel Booking", *page_keys.CANCELLING, dangerous="cancel.confirm")
MARKING_ACTIONS = _on_a_page("Did not come, and other marks", *page_keys.MARKING)
READING_ACTIONS = _on_a_page("Details and help", *page_keys.READING)
DETAILS_ACTIONS = _on_a_page("Details", *page_keys.DETAILS)
CONNECTIONS_ACTIONS = _on_a_page("Connections", *page_keys.CONNECTIONS)
HELD_ACTIONS = _on_a_page("What a PMS suddenly shows", *page_keys.HELD, dangerous="held.confirm")
ATTENTION_ACTIONS = _on_a_page("Attention", *page_keys.ATTENTION)
BILLING_ACTIONS = _on_a_page("Billing", *page_keys.BILLING)
UNDECIDED_ACTIONS = _on_a_page("Undecided bookings of a month", *page_keys.UNDECIDED)
SENDING_ACTIONS = _on_a_page("Sending what is decided", *page_keys.SENDING)
INVOICE_ACTIONS = _on_a_page("Invoices", *page_keys.INVOICES)

ALL_ACTIONS: tuple[Action, ...] = tuple(
    action
    for action in (
        *ACTIONS,
        *CANCEL_ACTIONS,
        *MARKING_ACTIONS,
        *READING_ACTIONS,
        *DETAILS_ACTIONS,
        *CONNECTIONS_ACTIONS,
        *HELD_ACTIONS,
        *ATTENTION_ACTIONS,
        *BILLING_ACTIONS,
        *UNDECIDED_ACTIONS,
        *SENDING_ACTIONS,
        *INVOICE_ACTIONS,
    )
    if action.in_this_version
)
"""Those that Help and docs/keys.md list."""

MENU: tuple[Action, ...] = tuple(action for action in ACTIONS if action.in_menu)
