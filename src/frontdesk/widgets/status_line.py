"""The last line of every screen: who sits here, how the store stands, what is open."""

from rich.cells import cell_len
from rich.style import Style

from frontdesk.bookings import StoreState
from frontdesk.desk import OpenDesk
from frontdesk.widgets.line import ALERT, PLAIN, Line
from frontdesk.words.connections import trouble_words


class StatusLine(Line):
    """Says how an open desk stands, as of the store's latest answer.

    Keys are named only while `names_keys`: most of them do nothing on other screens than Bookings.
    """

    names_keys = False
    _desk: OpenDesk | None = None

    def show_desk(self, desk: OpenDesk) -> None:
        """Bring the line in agreement with the desk."""
        self._desk = desk
        self.show(*status(desk, self.app.size.width, names_keys=self.names_keys))

    def on_resize(self) -> None:
        if self._desk is not None:
            self.show_desk(self._desk)


def status(desk: OpenDesk, width: int, *, names_keys: bool = True) -> tuple[str, str, Style]:
    """Return the line's left and right part and its style.

    What is open or in trouble is never cut for who sits here and how many bookings there
    are: in a narrow window these go first, in this order: practices, operator, bookings, and
    how many others are in trouble.
    """
    if desk.away_since:
        away = f"No connection to the bookings since {desk.away_since}. Nothing can be cancelled now."
        return away, "", ALERT
    if desk.shut_out:
        return desk.shut_out, "", ALERT
    state, right = desk.state, _open(desk, names_keys=names_keys)
    parts = {
        "operator": str(desk.operator),
        "trouble": _troubles(state, desk),
        "practices": f"{len(desk.practices)} practices" if len(desk.practices) > 1 else "",
        "bookings": f"{state.bookings:,} bookings" if state.bookings != 1 else "1 booking",
        "standing": f"READ ONLY: {reason}" if (reason := state.standing.why_not_writable) else "",
    }
    room = width - (cell_len(right) + 2 if right else 0)
    for gives_way in ("", "practices", "operator", "bookings", "others"):
        parts.pop(gives_way, None)
        if gives_way == "others" and state.troubles:
            parts["trouble"] = _first_trouble(state, desk)
        left = " | ".join(part for part in parts.values() if part)
        if cell_len(left) <= room:
            break
    return left, right, PLAIN


def _open(desk: OpenDesk, *, names_keys: bool) -> str:
    """What is under way, what needs a person, what other desks did."""
    state, said = desk.state, []
    if number := len(desk.changed_elsewhere):
        changes = "1 change" if number == 1 else f"{number:,} changes"
        said.append(f"{changes} by other desks{': F5 shows them' if names_keys else ''}")
    elif state.under_way:
        said.append(_under_way(state))
    if state.need_person:
        needs = "needs" if state.need_person == 1 else "need"
        said.append(f"!{state.need_person:,} {needs} a person{': F4' if names_keys else ''}")
    if desk.program.notices and not said:
        said.append(desk.program.notices[0])
    return "  ".join(said)


def _under_way(state: StoreState) -> str:
    alone = min(state.unattended, state.under_way)
    waits = f"{alone:,} {'waits' if alone == 1 else 'wait'} until frontdesk deliver runs"
    if alone == state.under_way:
        return f"~{waits}"
    going = f"~{state.under_way - alone:,} under way"
    return f"{going}, {waits}" if alone else going


def _troubles(state: StoreState, desk: OpenDesk) -> str:
    """Who outside does not answer: the one that has been so longest, and how many more."""
    if not state.troubles:
        return ""
    said, others = _first_trouble(state, desk), len(state.troubles) - 1
    return f"{said} and {others} more" if others else said


def _first_trouble(state: StoreState, desk: OpenDesk) -> str:
    first = min(state.troubles, key=lambda trouble: trouble.since)
    return f"{first.name} {trouble_words(first, desk.now(), desk.here)}"
