"""Connections: who outside is told of a cancellation, how, and whether they answer."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from textual import work

from frontdesk.bookings import Channel, ConnectionState, Practice
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, SMS_CONNECTION, is_profile
from frontdesk.desk import OpenDesk
from frontdesk.pms.port import Verified
from frontdesk.screens.text_screen import StyledLine, TextScreen
from frontdesk.widgets.line import BOLD, PLAIN
from frontdesk.widgets.status_line import StatusLine, trouble_words
from frontdesk.words.dialog import TEXT_START, labelled

PROVEN = {
    Verified.ASSUMED: "Follows our own assumptions, not yet tried with the vendor.",
    Verified.CONTRACT: "Follows the vendor's published API, not yet tried with the vendor.",
    Verified.VENDOR: "Tried with the vendor.",
}


class ConnectionsScreen(TextScreen):
    """As the store knows it: nobody is asked for this page."""

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self.desk = desk

    def on_mount(self) -> None:
        self.on_store_changed()
        self._ask_state()

    @work(exit_on_error=False)
    async def _ask_state(self) -> None:
        try:
            await self.desk.ask_state()
        except Exception as error:
            self.desk.fault(error)
            return
        self.on_store_changed()

    def on_resize(self) -> None:
        if self.is_mounted:
            self.on_store_changed()

    def on_store_changed(self) -> None:
        lines = tuple(connection_lines(self.desk, self.app.size.width))
        self.show(" Connections", "who is told of a cancellation, and how ", lines)
        self.query_one("#status", StatusLine).show_desk(self.desk)


def connection_lines(desk: OpenDesk, width: int) -> Iterator[StyledLine]:
    """Return the page's lines in `width` cells: each practice's PMS, then how messages leave."""
    known = {one.name: one for one in desk.state.connections}
    said = partial(_wrapped, width=width)
    yield "", PLAIN
    for practice in desk.practices:
        yield f" {practice.name}   {practice.short}", BOLD
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
        yield "", PLAIN
    yield " Messages", BOLD
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


def _wrapped(label: str, sentences: Iterable[str], width: int) -> Iterator[StyledLine]:
    for sentence in sentences:
        for line in textwrap.wrap(sentence, width - TEXT_START - 1):
            yield str(labelled(label, line)), PLAIN
            label = ""


def _how_it_stands(name: str, known: Mapping[str, ConnectionState], desk: OpenDesk) -> str:
    """Without trouble it says no more than that: only what was sent shows whether somebody answers."""
    state = known.get(name, ConnectionState(name))
    said = [trouble_words(state.trouble, desk).capitalize() if state.trouble else "No trouble known"]
    if state.under_way:
        said.append(f"{state.under_way:,} under way")
    if state.need_person:
        said.append(f"{state.need_person:,} {'needs' if state.need_person == 1 else 'need'} a person")
    return ", ".join(said)


def _has(channel: Channel, practices: Iterable[Practice]) -> bool:
    return any(channel in practice.patient_channels for practice in practices)


def _writes_mail(practices: Iterable[Practice]) -> bool:
    return _has(Channel.EMAIL, practices) or any(practice.email for practice in practices)
