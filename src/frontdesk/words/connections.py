"""Connections in lines: who outside is told, how, and whether they answer."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.bookings import Channel, Practice
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, SMS_CONNECTION, is_profile
from frontdesk.desk import OpenDesk
from frontdesk.pms.port import Verified
from frontdesk.store_state import ConnectionState, Trouble
from frontdesk.words.told import TEXT_START, Role, Shown, Told, labelled, told

PROVEN = {
    Verified.ASSUMED: "Follows our own assumptions, not yet tried with the vendor.",
    Verified.CONTRACT: "Follows the vendor's published API, not yet tried with the vendor.",
    Verified.VENDOR: "Tried with the vendor.",
}


def connection_lines(desk: OpenDesk, width: int) -> Shown:
    """Return what Connections shows in a window of this width, as the desk knows it."""
    return {
        "title": (told(" Connections", Role.TITLE, "who is told of a cancellation, and how "),),
        "text": tuple(_lines(desk, width)),
    }


def _lines(desk: OpenDesk, width: int) -> Iterator[Told]:
    """Yield each practice's PMS, then how messages leave."""
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
