"""How diaries stand and what became of those that were read, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from rich.cells import cell_len

from frontdesk import times
from frontdesk.arrivals import Effect
from frontdesk.bookings import Practice, Scope
from frontdesk.desk import OpenDesk
from frontdesk.diary_health import SAID, WORST_FIRST, Health, health
from frontdesk.diary_runs import Decision, Kind, LooseEnds, Run, RunState
from frontdesk.store.port import Change
from frontdesk.store_state import DiaryState

_BROUGHT = {
    Effect.NEW: "new",
    Effect.MOVED: "moved",
    Effect.CANCELLED: "cancelled",
    Effect.GONE: "deleted",
    Effect.REINSTATED: "booked again",
    Effect.REPLACED: "now another patient's",
    Effect.REASSIGNED: "with another practitioner",
    Effect.ATTENDANCE: "arrived or not come",
    Effect.CHANGED: "otherwise changed",
    Effect.UNKNOWN_WORD: "with an unknown status",
    Effect.WAITS: "waiting for a change under way here",
    Effect.PERSON: "to look at",
}
"""In this order, after a number."""

_KNOWN = frozenset(effect.value for effect in _BROUGHT)

KIND_WORDS = {
    Kind.CHANGES: "changes",
    Kind.NEAR: "the next days",
    Kind.FULL: "all days",
    Kind.PUSHED: "messages",
}

_STATES = {RunState.READING: "being read", RunState.FAILED: "failed", RunState.ABANDONED: "given up"}

_DECIDED = {
    Decision.APPLY: "believed",
    Decision.IGNORE: "the list kept",
    Decision.AGAIN: "read again",
}

NEWER_IS_ELSEWHERE = "newer bookings are not here"


def shown_as(practice: Practice, practices: Sequence[Practice], diaries: Iterable[DiaryState]) -> str:
    """Return what the diary of a practice is called: its PMS, with the practice where several are read."""
    name = practice.pms.name if practice.pms else practice.name
    read = {one.practice_id for one in diaries}
    alike = [one for one in practices if one.id in read and one.pms and one.pms.name == name]
    return f"{name} {practice.short}" if len(alike) > 1 else name


def worst(
    diaries: Iterable[DiaryState], practices: Sequence[Practice], home: Practice | None, now: datetime
) -> tuple[tuple[Practice, DiaryState], ...]:
    """Return the diaries that an operator has to know of, the worst first; of equals that of `home`."""
    by_id = {one.id: one for one in practices}
    ill = [
        (WORST_FIRST.index(found), one)
        for one in diaries
        if one.practice_id in by_id and (found := health(one, now)) in SAID
    ]
    at_home = home.id if home else ""
    ill.sort(key=lambda found: (found[0], found[1].practice_id != at_home))
    return tuple((by_id[one.practice_id], one) for _, one in ill)


def what_is_wrong(
    diary: DiaryState, shown: str, now: datetime, here: tzinfo, whom: str, width: int | None = None
) -> str:
    """Return what is wrong with a diary that is called `shown`; empty where nothing is.

    `whom` is the sentence that says who decides about a mass change. In `width` cells it says as much as
    there is room for.
    """
    ways = _wrong(diary, shown, now, here, whom)
    return next((one for one in ways if width is None or cell_len(one) <= width), ways[-1])


def _wrong(diary: DiaryState, shown: str, now: datetime, here: tzinfo, whom: str) -> Sequence[str]:
    """Return the same in more and in fewer words."""
    read = times.since_in_words(diary.read_at, here, now) if diary.read_at else ""
    trouble = f": {diary.trouble}" if diary.trouble else ""
    from_when = f"the list is from {read}" if read else "the list is not from there"
    match health(diary, now):
        case Health.HELD:
            what = _held(diary)
            return (
                f"{shown} suddenly shows {what}. Nothing was changed here; {from_when}. {whom}",
                f"{shown} shows {what}; {from_when}. {whom}",
                f"{shown} shows {what}. {whom}",
            )
        case Health.REFUSED:
            return (
                f"{shown} is not read{trouble}. {from_when.capitalize()}.",
                f"{shown} is not read{trouble}.",
                f"{shown} is not read; {from_when}.",
            )
        case Health.FAILING:
            since = times.since_in_words(diary.failing_since or now, here, now)
            return (
                f"{shown} cannot be read since {since}{trouble}.",
                f"{shown} cannot be read since {since}: {NEWER_IS_ELSEWHERE}.",
            )
        case Health.PUSHED:
            last = f"last {read}" if read else "none yet"
            return (f"{shown} pushes its changes, {last}: whether all came cannot be checked.",)
        case Health.UNATTENDED:
            since = f" since {read}" if read else ""
            return (f"Nobody reads {shown}{since}: {NEWER_IS_ELSEWHERE}.",)
        case Health.INCOMPLETE:
            return (
                f"{shown} was not read completely yet{trouble}.",
                f"{shown} was not read completely yet.",
            )
        case Health.LATE:
            last = f"last read {read} ({_ago(diary.read_at, now)} ago)" if diary.read_at else "never read"
            return (f"{shown} {last}: {NEWER_IS_ELSEWHERE}.",)
        case Health.NOT_COMPARED:
            compared = diary.compared_at
            last = f"last compared in full {times.since_in_words(compared, here, now)}" if compared else ""
            return (f"{shown} was {last or 'never compared in full'}.",)
        case _:
            return ("",)


def names(practices: Iterable[Practice]) -> str:
    """Return what the PMSs of practices are called: `Praktika`, `Cliniko and Praktika`."""
    found = sorted({one.pms.name for one in practices if one.pms})
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def did_not_answer(
    practices: Iterable[Practice], read_at: datetime | None, now: datetime, here: tzinfo
) -> str:
    """Return that PMSs were not read, and how old the list is: `Praktika did not answer; the list is from 08:51`."""
    since = f"; the list is from {times.since_in_words(read_at, here, now)}" if read_at else ""
    return f"{names(practices)} did not answer{since}"


def whom_to_tell(desk: OpenDesk) -> str:
    """Return the sentence that says who decides about a mass change."""
    if Scope.ADMIN in desk.standing.scopes:
        return "Decide in Connections."
    return f"Tell {desk.program.settings.tell or 'the practice manager'}."


def run_line(run: Run, here: tzinfo, now: datetime) -> str:
    """Return what a read has brought, in a sentence: `08:51 the next days: 61 read, 3 new, 1 moved`."""
    began = times.since_in_words(run.started_at, here, now)
    return f"{began} {KIND_WORDS[run.kind]}: {run.read:,} read, {said_of(run) or _STATES[run.state]}"


def loose_ends_lines(ends: LooseEnds, shown: str, now: datetime) -> Iterator[str]:
    """Yield what of a diary that is called `shown` fits nothing here, and what of here is not in it."""
    unmatched = ends.unmatched
    for site, name in sorted(unmatched.sites.items()):
        yield f"Site {site} ({name}): no practice has it as its location."
    for word, number in sorted(unmatched.words.items()):
        yield f"Status {word}: not known here, {_appointments(number)}."
    if unmatched.unread:
        yield f"{_appointments(unmatched.unread)} of several patients, or not understood: no bookings here."
    for name, number in ends.practitioners:
        yield f"{name}: not known in {shown}, {_bookings(number)} to come."
    for why, number in ends.to_look_at:
        yield f"{_appointments(number)} to look at: {why}."
    for one in ends.probable_moves:
        was, now_is = one.was, one.now_is
        zone = now_is.practice.zone
        moved = times.when_in_words(now_is.starts_at, zone, now)
        yield (
            f"Probably moved: {was.patient.name} from {times.when_in_words(was.starts_at, zone, now)}"
            f" to {moved}, now {now_is.ref}."
        )


def _appointments(number: int) -> str:
    return "1 appointment" if number == 1 else f"{number:,} appointments"


def _held(diary: DiaryState) -> str:
    if diary.held_fewer:
        return f"{_bookings(diary.held_fewer)} fewer"
    return f"{_bookings(diary.held_changes)} otherwise"


def _bookings(number: int) -> str:
    return "1 booking" if number == 1 else f"{number:,} bookings"


def _ago(moment: datetime, now: datetime) -> str:
    minutes = (now - moment) // timedelta(minutes=1)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def waiting_words(changes: Iterable[Change]) -> str:
    """Return what was changed elsewhere and is not in the list yet: `2 new, 1 moved in Praktika`."""
    by_source: dict[str, Counter[str]] = {}
    for change in changes:
        effect = change.effect if change.effect in _KNOWN else Effect.CHANGED.value
        by_source.setdefault(change.source, Counter())[effect] += 1
    by_desks = by_source.pop("", Counter()).total()
    said = [f"{brought(counts)} in {source}" for source, counts in sorted(by_source.items())]
    if by_desks:
        said.append(f"{'1 change' if by_desks == 1 else f'{by_desks:,} changes'} by other desks")
    return ", ".join(said)


def brought(counts: Mapping[str, int]) -> str:
    """Return what a diary has brought: `3 new, 1 moved, 2 cancelled`, or `nothing new`."""
    numbers = [(counts.get(effect.value, 0), words) for effect, words in _BROUGHT.items()]
    return ", ".join(f"{number:,} {words}" for number, words in numbers if number) or "nothing new"


def run_cells(run: Run, shown: str, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    """Return the columns of `frontdesk sync runs`."""
    return (
        str(run.number),
        times.since_in_words(run.started_at, zone, now),
        shown,
        KIND_WORDS[run.kind],
        run.state.value,
        f"{run.read:,} read",
        said_of(run),
    )


def said_of(run: Run) -> str:
    """Return what a run has brought, and what waits or was decided."""
    parts = [brought(run.counts)] if run.state is not RunState.FAILED else []
    if run.why:
        parts.append(f"held: {run.why}" if run.held else run.why)
    if run.decision is not None:
        parts.append(f"{_DECIDED[run.decision]}, decided by {run.decided_by}")
    return "; ".join(parts)
