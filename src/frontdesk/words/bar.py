"""The bar at the top of every screen, and what is wrong at this desk, in words."""

from frontdesk import times
from frontdesk.desk import OpenDesk
from frontdesk.store_state import StoreState
from frontdesk.words import diaries
from frontdesk.words.connections import trouble_words
from frontdesk.words.told import Part, Role, Told, told

GAP = "   "


def bar(desk: OpenDesk, width: int, *, names_keys: bool = True) -> Told:
    """Return the program, today and now, home; who sits here, and what needs a person.

    What is open or in trouble is never cut: in a narrow window home goes first, then the operator,
    then the day.
    """
    local = desk.now().astimezone(desk.here)
    today = times.day_in_words(local.date(), local.date())
    said = {
        "day": f"{GAP}{today} {local:%H:%M}",
        "home": f"  {times.zone_name(desk.here)}" if desk.home else "",
        "operator": f"{desk.operator}  ",
    }
    chips = [Part(f" {words} ", Role.CHIP) for words in _chips(desk, names_keys=names_keys)]
    for gives_way in ("", "home", "operator", "day"):
        said.pop(gives_way, None)
        left = (Part(" frontdesk", Role.TITLE), Part(said.get("day", "") + said.get("home", ""), Role.BAR))
        right = (Part(said.get("operator", ""), Role.BAR), *chips, Part(" ", Role.BAR))
        line = Told(left, right, Role.BAR)
        if line.width <= width:
            break
    return line


def _chips(desk: OpenDesk, *, names_keys: bool) -> list[str]:
    """Return what nobody may overlook, wherever they are in the program."""
    if desk.away_since:
        return [f"No connection since {desk.away_since}"]
    if desk.shut_out:
        return ["No access"]
    said = ["READ ONLY"] if desk.state.standing.why_not_writable else []
    if number := desk.state.need_person:
        needs = "needs" if number == 1 else "need"
        said.append(f"! {number:,} {needs} a person{'  F4' if names_keys else ''}")
    return said


def no_connection(desk: OpenDesk) -> Told | None:
    """Return that the bookings cannot be read, if they cannot."""
    if desk.away_since:
        away = f"No connection to the bookings since {desk.away_since}. Nothing can be cancelled now."
        return told(f" {away}", Role.CHIP)
    return told(f" {desk.shut_out}", Role.CHIP) if desk.shut_out else None


def what_is_wrong(desk: OpenDesk, *, names_keys: bool, width: int | None = None) -> Told | None:
    """Return what changes what an operator may say to a patient: the first that applies, if any does.

    Where all of it does not fit in `width` cells it is said in fewer words.
    """
    state = desk.state
    if reason := state.standing.why_not_writable:
        return told(f" READ ONLY: {reason}", Role.CHIP)
    if state.troubles:
        return told(f" {_troubles(state, desk)}", Role.WARNING)
    if alone := min(state.unattended, state.under_way):
        waits = "1 booking waits" if alone == 1 else f"{alone:,} bookings wait"
        return told(f" {waits} until frontdesk deliver runs.", Role.WARNING)
    if late := _diaries(desk, width):
        return late
    if desk.changed_elsewhere:
        waits = diaries.waiting_words(desk.changed_elsewhere.values())
        return told(f" {waits}{'. F5 shows them' if names_keys else ''}.", Role.STRONG)
    return told(f" {desk.program.notices[0]}", Role.WARNING) if desk.program.notices else None


def _diaries(desk: OpenDesk, width: int | None) -> Told | None:
    """Return what is wrong with the worst of the diaries, and how many more have something."""
    state, now = desk.state, desk.now()
    ill = diaries.worst(state.diaries, desk.practices, desk.home, now)
    if not ill:
        return None
    practice, diary = ill[0]
    right = (Part(f"{len(ill) - 1} more ", Role.QUIET),) if len(ill) > 1 else ()
    room = None if width is None else width - 1 - (Told((), right).width if right else 0)
    shown = diaries.shown_as(practice, desk.practices, state.diaries)
    said = diaries.what_is_wrong(diary, shown, now, desk.here, diaries.whom_to_tell(desk), room)
    return Told((Part(f" {said}", Role.WARNING),), right)


def _troubles(state: StoreState, desk: OpenDesk) -> str:
    """Who outside does not answer: the one that has been so longest, how many more, and what waits."""
    first = min(state.troubles, key=lambda trouble: trouble.since)
    said = f"{first.name} {trouble_words(first, desk.now(), desk.here)}"
    if others := len(state.troubles) - 1:
        said += f", {others} more in trouble"
    waiting = sum(one.under_way for one in state.connections if one.trouble is not None)
    if not waiting:
        return f"{said}."
    return f"{said}: {waiting:,} {'booking waits' if waiting == 1 else 'bookings wait'}."
