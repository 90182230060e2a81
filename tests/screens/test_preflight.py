"""Cancel Booking asks the PMS what it shows, and neither a key nor F8 waits for the answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from textual import events

from frontdesk.bookings import Booking
from frontdesk.preflight import Finding, Preflight
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.words.dialog import ROOM
from frontdesk.words.preflight import CANCELLING, pms_says
from tests.making import cancel, cancel_of, make_booking
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import HOSTILE_NAMES, NOW, TOM
from tests.screens.front import Front
from tests.screens.test_hostile_text import HARMFUL

SEEN = 2.0
ASKING = "is told automatically. Asking now; F8 works before it answers"


class AsksPms:
    """A PMS that answers when the test lets it."""

    def __init__(self) -> None:
        self.asked: list[Booking] = []
        self.ended = 0
        self.may_answer = asyncio.Event()
        self.answer = Preflight(Finding.SAME)

    async def __call__(self, booking: Booking) -> Preflight:
        self.asked.append(booking)
        try:
            await self.may_answer.wait()
        finally:
            self.ended += 1
        return self.answer


async def open_dialog(front: Front, ref: str = "SD-10482") -> CancelScreen:
    await front.type(ref.lower())
    await front.press("enter", "c")
    assert isinstance(front.app.screen, CancelScreen)
    return front.app.screen


def pms_line(front: Front) -> str:
    """The line of the dialog that says what becomes of the PMS."""
    lines = front.lines()
    return lines[next(y for y, line in enumerate(lines) if line == "   What follows") + 1]


async def test_the_answer_takes_the_place_of_the_question_and_moves_no_line(open_front: FrontOpener) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        dialog = await open_dialog(front)
        asking = front.lines()
        assert pms_line(front) == f"   Praktika       {ASKING}"
        pms.answer = Preflight(Finding.SAME, dialog.booking.starts_at, "Dr Lee")
        pms.may_answer.set()
        await front.until(lambda: "Asking" not in pms_line(front))
        assert (
            pms_line(front)
            == "   Praktika       is told automatically. It shows Thu 26 Nov 10:30 Dr Lee, same"
        )
        differing = [y for y, (a, b) in enumerate(zip(asking, front.lines(), strict=True)) if a != b]
        assert len(differing) == 1
        assert [booking.ref for booking in pms.asked] == ["SD-10482"]


async def test_nothing_waits_for_a_pms_that_never_answers(open_front: FrontOpener) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        for key in (*"sd10482", "enter", "c", *"ill"):
            front.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await front.idle()
        assert isinstance(front.app.screen, CancelScreen)
        assert front.app.screen.reason.reason == "ill"
        front.clock.advance(SEEN)
        await front.press("f8")
        (booking,) = await front.store.find("SD-10482")
        assert booking.cancellation is not None
        # The question was dropped with the dialog.
        await front.until(lambda: pms.ended)


async def test_escape_drops_the_question(open_front: FrontOpener) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        await open_dialog(front)
        await front.press("escape")
        await front.until(lambda: pms.ended)
        assert front.line("keys") == "Kept. Nothing was cancelled."


@pytest.mark.parametrize(
    "finding",
    [
        one
        if one in (Finding.SAME, Finding.DIFFERENT, Finding.AWAY)
        else pytest.param(one, marks=pytest.mark.full)
        for one in Finding
    ],
)
async def test_only_a_contradicting_answer_starts_the_deaf_time_afresh(
    open_front: FrontOpener, finding: Finding
) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        dialog = await open_dialog(front)
        front.clock.advance(SEEN)
        pms.answer = Preflight(finding, dialog.booking.starts_at + timedelta(hours=24), "Dr Lee")
        pms.may_answer.set()
        await front.until(lambda: "Asking" not in pms_line(front))
        contradicts = CANCELLING.contradicts(pms.answer)
        assert (" ! " in pms_line(front)) == contradicts
        await front.press("f8")
        (booking,) = await front.store.find("SD-10482")
        assert (booking.cancellation is None) == contradicts
        if contradicts:
            assert "this window was not yet on your screen" in dialog.said
            front.clock.advance(SEEN)
            await front.press("f8")
            (booking,) = await front.store.find("SD-10482")
            assert booking.cancellation is not None


async def test_an_answer_about_a_booking_that_changed_meanwhile_is_dropped(open_front: FrontOpener) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        dialog = await open_dialog(front)
        other = dialog.booking
        await cancel(front.store, cancel_of(other, TOM))
        front.clock.advance(SEEN)
        await front.press("f8")
        assert "Tom Reid cancelled this" in dialog.said
        pms.answer = Preflight(Finding.DIFFERENT, NOW, "Dr Nobody")
        pms.may_answer.set()
        await front.until(lambda: pms.ended)
        assert "Dr Nobody" not in "\n".join(front.lines())


async def test_a_pms_that_a_person_has_to_update_is_not_asked(open_front: FrontOpener) -> None:
    pms = AsksPms()
    async with open_front(preflight=pms) as front:
        await open_dialog(front, "SD-10486")
        assert "! Manual update required: cancel it in Dentix yourself as well" in pms_line(front)
        await front.press("escape", "escape")
        await open_dialog(front, "SD-10488")
        assert pms_line(front) == "   Practice       has no connected system. Nothing to do there"
        assert pms.asked == []


async def test_a_desk_that_cannot_ask_says_so(front: Front) -> None:
    await open_dialog(front)
    assert pms_line(front) == "   Praktika       is told automatically. Not checked here"


async def test_a_bug_in_asking_is_reported_and_nothing_else(open_front: FrontOpener) -> None:
    async def breaks(_: Booking) -> Preflight:
        raise ZeroDivisionError

    async with open_front(preflight=breaks) as front:
        await open_dialog(front)
        await front.until(lambda: "Asking" not in pms_line(front))
        assert "Not checked here" in pms_line(front)
        front.clock.advance(SEEN)
        await front.press("f8")
        (booking,) = await front.store.find("SD-10482")
        assert booking.cancellation is not None
        assert [type(report) for report in front.reports] == [ZeroDivisionError]
        front.reports.clear()


@pytest.mark.parametrize(
    "names", [HOSTILE_NAMES[:4], pytest.param(HOSTILE_NAMES[4:], marks=pytest.mark.full)]
)
async def test_what_a_pms_says_is_text(open_front: FrontOpener, names: Sequence[str]) -> None:
    for name in names:
        pms = AsksPms()
        pms.answer = Preflight(Finding.DIFFERENT, NOW, name * 3)
        pms.may_answer.set()
        async with open_front(preflight=pms) as front:
            await open_dialog(front)
            await front.until(lambda: "Asking" not in pms_line(front))
            for strip in front.app.screen._compositor.render_strips():
                assert strip.cell_length == 80
                for segment in strip:
                    assert not HARMFUL & set(segment.text)
            assert pms_line(front).endswith((". Ask which is meant", ". Ask which one is meant"))


BOOKING = make_booking(starts_at=NOW + timedelta(days=4))
LATER = BOOKING.starts_at + timedelta(days=1)


@pytest.mark.parametrize(
    ("preflight", "sentence"),
    [
        (None, ASKING),
        (
            Preflight(Finding.SAME, BOOKING.starts_at, "Dr Lee"),
            "is told automatically. It shows Thu 26 Nov 09:14 Dr Lee, same",
        ),
        (
            Preflight(Finding.SAME, BOOKING.starts_at),
            "is told automatically. It shows Thu 26 Nov 09:14, same",
        ),
        (
            Preflight(Finding.DIFFERENT, LATER, "Dr Lee"),
            "! now shows Fri 27 Nov 09:14, Dr Lee. Ask which one is meant",
        ),
        (
            Preflight(Finding.DIFFERENT, BOOKING.starts_at, "Dr Okafor"),
            "! now shows Thu 26 Nov 09:14, Dr Okafor. Ask which is meant",
        ),
        (
            Preflight(Finding.DIFFERENT, LATER, "Dr Konstantinos Papadopoulos"),
            "! now shows Fri 27 Nov 09:14, Dr Konstan... Ask which is meant",
        ),
        (
            Preflight(Finding.DIFFERENT, BOOKING.starts_at, "Dr Priya Rao"),
            "! shows somebody else at this time. Ask which one is meant",
        ),
        (Preflight(Finding.CANCELLED), "already cancelled there. F8 cancels it here as well"),
        (Preflight(Finding.ATTENDED), "! says the patient came, or did not come. Look there first"),
        (Preflight(Finding.GONE), "! no longer shows this booking. Ask the patient"),
        (Preflight(Finding.SEVERAL), "! shows several patients for it. Cancel it there by hand"),
        (Preflight(Finding.SERIES), "! shows a series of appointments. Cancel it there by hand"),
        (Preflight(Finding.MARKED), "! shows a mark that we do not know. Look there first"),
        (Preflight(Finding.UNCLEAR), "! shows it in a way that we cannot compare. Look there first"),
        (Preflight(Finding.UNKNOWN_STATUS), "! shows a status that we do not know. Look there first"),
        (Preflight(Finding.UNREADABLE), "gives an answer that we cannot read. Attention (F4) says more"),
        (Preflight(Finding.AWAY), "cannot be reached. It will be told as soon as it answers"),
        (Preflight(Finding.LOCKED_OUT), "does not let us in. Attention (F4) says what to do"),
        (Preflight(Finding.NOT_ASKED), "is told automatically. Not checked here"),
    ],
)
def test_every_answer_in_words_that_fit(preflight: Preflight | None, sentence: str) -> None:
    assert pms_says(preflight, BOOKING, NOW) == sentence
    assert len(sentence) <= ROOM


def test_what_differs_is_said_in_the_practices_own_time() -> None:
    perth = replace(BOOKING, practice=replace(BOOKING.practice, time_zone="Australia/Perth"))
    assert "06:44" in pms_says(Preflight(Finding.DIFFERENT, LATER), perth, NOW)
