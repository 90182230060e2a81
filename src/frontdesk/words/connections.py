"""Connections in lines: who outside is told and read, how, and whether they answer."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.arrivals import Place
from frontdesk.bookings import Channel, Pms, Practice, Scope
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, SMS_CONNECTION, is_profile
from frontdesk.desk import OpenDesk
from frontdesk.diary_runs import LooseEnds, Run
from frontdesk.pms.port import Verified
from frontdesk.store_state import ConnectionState, DiaryState, Trouble
from frontdesk.words import diaries
from frontdesk.words.key_line import BACK, HELP, SCROLL, KeyWords, keys_of_page
from frontdesk.words.told import TEXT_START, Role, Shown, Told, labelled, told

PROVEN = {
    Verified.ASSUMED: "Follows our own assumptions, not yet tried with the vendor.",
    Verified.CONTRACT: "Follows the vendor's published API, not yet tried with the vendor.",
    Verified.VENDOR: "Tried with the vendor.",
}


@dataclass(frozen=True, slots=True)
class WhatWasRead:
    """What Connections shows of diaries beside how they stand: the latest reads, and what fits nothing."""

    runs: tuple[Run, ...] = ()
    loose_ends: tuple[LooseEnds, ...] = ()


NOTHING_READ = WhatWasRead()


def connection_lines(
    desk: OpenDesk, width: int, read: WhatWasRead = NOTHING_READ, message: str = ""
) -> Shown:
    """Return what Connections shows in a window of this width, as the desk knows it."""
    keys = [SCROLL, *([KeyWords("Enter", "decides")] if to_decide(desk) else []), BACK, HELP]
    return {
        "title": (told(" Connections", Role.TITLE, "who is read and told, and whether they answer "),),
        "text": tuple(_lines(desk, width, read)),
        "keys": (told(f" {message}", Role.STRONG) if message else keys_of_page(*keys),),
    }


def to_decide(desk: OpenDesk) -> tuple[Practice, DiaryState] | None:
    """Return the first diary that the operator may decide about, if any waits for that."""
    if Scope.ADMIN not in desk.standing.scopes:
        return None
    by_id = {one.id: one for one in desk.practices}
    held = [one for one in desk.state.diaries if one.held is not None and one.practice_id in by_id]
    return (by_id[held[0].practice_id], held[0]) if held else None


def _lines(desk: OpenDesk, width: int, read: WhatWasRead) -> Iterator[Told]:
    """Yield each practice's PMS and its diary, then how messages leave."""
    known = {one.name: one for one in desk.state.connections}
    said = partial(_wrapped, width=width)
    yield Told()
    for practice in desk.practices:
        yield told(f" {practice.name}   {practice.short}", Role.HEADING)
        pms = practice.pms
        if pms is None:
            yield from said("Practice", ["has no connected system. Nothing to do there."])
        elif not pms.can_cancel:
            yield from said(pms.name, ["is not told automatically: cancel it there yourself as well."])
        else:
            sentences = [f"is told automatically. {_how_it_stands(pms.connection, known, desk)}."]
            proof = desk.program.verified(pms)
            if proof is not None:
                sentences.append(PROVEN[proof])
            if pms.tells_patient:
                sentences.append("It tells the patient.")
            yield from said(pms.name, sentences)
        if pms is not None:
            yield from _diary(practice, pms, desk, width, read)
        yield Told()
    yield told(" Messages", Role.HEADING)
    for name, connection, is_used in (
        ("E-mail", MAIL_CONNECTION, _writes_mail(desk.practices)),
        ("SMS", SMS_CONNECTION, _has(Channel.SMS, desk.practices)),
    ):
        if is_used or connection in known:
            yield from said(name, [f"is sent automatically. {_how_it_stands(connection, known, desk)}."])
        else:
            yield from said(name, ["is not set up here: nothing is sent this way."])
    # Most practices have none, and need not read of it.
    if BILLER_CONNECTION in known or any(is_profile(practice.biller) for practice in desk.practices):
        yield from said("Biller", [f"is told over HTTP. {_how_it_stands(BILLER_CONNECTION, known, desk)}."])


def _diary(practice: Practice, pms: Pms, desk: OpenDesk, width: int, read: WhatWasRead) -> Iterator[Told]:
    """Yield how a practice's diary stands, its latest reads, and what of it fits nothing."""
    diary = next((one for one in desk.state.diaries if one.practice_id == practice.id), None)
    if diary is None:
        if pms.can_cancel:
            yield from _wrapped("Diary", ["is not read here: bookings come in by frontdesk import."], width)
        return
    now, here = desk.now(), desk.here
    whom = "Enter decides." if to_decide(desk) else diaries.whom_to_tell(desk)
    wrong = diaries.what_is_wrong(diary, pms.name, now, here, whom)
    if wrong:
        yield from _wrapped("Diary", [f"! {wrong}"], width)
    if diary.read_at is not None:
        compared = diary.compared_at
        all_days = f"; all days {times.since_in_words(compared, here, now)}" if compared else ""
        well = f"read {times.since_in_words(diary.read_at, here, now)}{all_days}."
        yield from _wrapped("" if wrong else "Diary", [well], width)
    place = Place(pms.connection, practice.location)
    for run in [one for one in read.runs if one.place == place][:LATEST]:
        yield from _wrapped("", [diaries.run_line(run, here, now)], width)
    for ends in read.loose_ends:
        if ends.practice_id == practice.id:
            yield from _wrapped("", diaries.loose_ends_lines(ends, pms.name, now), width)


LATEST = 3
"""Reads of a diary that are named."""


def _wrapped(label: str, sentences: Iterable[str], width: int) -> Iterator[Told]:
    for sentence in sentences:
        for line in textwrap.wrap(sentence, width - TEXT_START - 1):
            yield labelled(label, line)
            label = ""


def _how_it_stands(name: str, known: Mapping[str, ConnectionState], desk: OpenDesk) -> str:
    """Without trouble it says no more than that: only what was sent shows whether somebody answers."""
    state = known.get(name, ConnectionState(name))
    said = [
        trouble_words(state.trouble, desk.now(), desk.here).capitalize()
        if state.trouble
        else "No trouble known"
    ]
    if state.under_way:
        said.append(f"{state.under_way:,} under way")
    if state.need_person:
        said.append(f"{state.need_person:,} {'needs' if state.need_person == 1 else 'need'} a person")
    return ", ".join(said)


def _has(channel: Channel, practices: Iterable[Practice]) -> bool:
    return any(channel in practice.patient_channels for practice in practices)


def _writes_mail(practices: Iterable[Practice]) -> bool:
    return _has(Channel.EMAIL, practices) or any(practice.email for practice in practices)


def trouble_words(trouble: Trouble, now: datetime, here: ZoneInfo) -> str:
    """`does not answer since 08:51`, or that it does not let us in, by the clock of `here`."""
    what = "does not let us in" if trouble.is_locked_out else "does not answer"
    if times.local_date(trouble.since, here) != times.local_date(now, here):
        return f"{what} since {times.when_in_words(trouble.since, here, now)}"
    return f"{what} since {trouble.since.astimezone(here):%H:%M}"
