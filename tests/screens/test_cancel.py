"""Cancel Booking: what it shows, what confirms, and what it says when something is in the way."""

from typing import Any
from uuid import UUID

import pytest
from textual import events

from frontdesk.bookings import Booking, Reason, Status
from frontdesk.commands import Command, Done
from frontdesk.errors import Refused, Unavailable
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.store.port import BookingStore
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import NOW, TOM
from tests.screens.front import Front

SEEN = 2.0
"""Seconds after which a confirm counts where the terminal cannot be asked."""


async def open_dialog(front: Front, ref: str = "SD-10482") -> CancelScreen:
    await front.type(ref.lower())
    await front.press("enter", "c")
    assert isinstance(front.app.screen, CancelScreen)
    assert front.app.screen.booking.ref == ref
    return front.app.screen


async def stored(front: Front, ref: str = "SD-10482") -> Booking:
    (booking,) = await front.store.find(ref)
    return booking


def message(front: Front) -> str:
    assert isinstance(front.app.screen, CancelScreen)
    return front.app.screen.said


async def test_menu_cancel_reason_f8(front: Front) -> None:
    await open_dialog(front)
    await front.type("patient ill")
    front.clock.advance(SEEN)
    await front.press("f8")
    booking = await stored(front)
    assert booking.cancellation is not None
    assert booking.cancellation.reason == "patient ill"
    assert str(booking.cancellation.by) == "Kim Nguyen"
    assert front.app.screen is front.screen
    assert front.screen.find.has_focus
    assert front.marked.ref == "SD-10482"
    assert front.marked.status(NOW) is Status.CANCELLED
    assert front.line("last").startswith("09:14  ")
    assert "Praktika waiting, e-mail waiting" in front.facts
    assert "F4" not in front.line("bar")


async def test_the_cancelled_booking_stays_listed_under_its_status(front: Front) -> None:
    await open_dialog(front)
    front.clock.advance(SEEN)
    await front.press("f8", "escape", "escape", "tab", "3")
    assert front.marked.ref == "SD-10482"
    await front.press("1")
    assert "SD-10482" not in [row.booking.ref for row in front.screen.listing.view.rows]


async def test_escape_and_the_first_button_keep(front: Front) -> None:
    for keys in (("escape",), ("tab", "tab", "enter"), ("tab", "tab", "space")):
        await open_dialog(front)
        front.clock.advance(SEEN)
        await front.press(*keys)
        assert front.line("keys") == "Kept. Nothing was cancelled."
        assert (await stored(front)).cancellation is None
        await front.press("escape")


@pytest.mark.parametrize("keys", [("f8",), ("tab", "tab", "tab", "enter"), ("tab", "tab", "tab", "space")])
async def test_a_confirm_counts_only_after_it_was_seen(front: Front, keys: tuple[str, ...]) -> None:
    await open_dialog(front)
    await front.press(*keys)
    assert "this window was not yet on your screen" in message(front)
    front.clock.advance(SEEN - 0.01)
    await front.press(keys[-1])
    assert (await stored(front)).cancellation is None
    front.clock.advance(0.01)
    await front.press(keys[-1])
    assert (await stored(front)).cancellation is not None


async def test_enter_in_the_reason_never_confirms(front: Front) -> None:
    await open_dialog(front)
    front.clock.advance(SEEN)
    await front.press("enter", "enter")
    assert message(front) == "Enter does not confirm. F8 cancels the booking, Esc keeps it."
    assert (await stored(front)).cancellation is None


async def test_many_confirms_are_one_command(front: Front) -> None:
    await open_dialog(front)
    front.clock.advance(SEEN)
    await front.press("tab", "tab", "tab", *["enter"] * 50)
    booking = await stored(front)
    assert booking.version == 2
    assert len(await front.store.deliveries(booking.id)) == 2


async def test_paste_is_one_line_and_cut_at_255_with_a_notice(front: Front) -> None:
    dialog = await open_dialog(front)
    front.app.post_message(events.Paste("one\r\ntwo\tthree\x1b[31m" + "é" * 300))
    await front.idle()
    assert dialog.reason.reason.startswith("one two three")
    assert "\n" not in dialog.reason.text
    assert len(dialog.reason.reason) == 255
    assert "255/255" in dialog.sheet.text("label")
    assert message(front).startswith("Cut at 255 characters")
    await front.type("x")
    assert message(front) == "The reason is full: 255 characters."
    front.clock.advance(SEEN)
    await front.press("f8")
    done = (await stored(front)).cancellation
    assert done is not None
    assert len(done.reason) == 255


async def test_the_count_is_of_what_is_stored(front: Front) -> None:
    dialog = await open_dialog(front)
    await front.type("ab  ")
    assert "2/255" in dialog.sheet.text("label")


async def test_another_patient_of_the_name_is_named_by_birth_date(front: Front) -> None:
    await open_dialog(front)
    assert any("Same name      another Mirela Kovač, born 30 Aug 2007" in line for line in front.lines())


async def test_what_follows_for_each_kind_of_practice(front: Front) -> None:
    for ref, sentence in (
        ("SD-10482", "e-mail to mirela.kovac@example.com"),
        ("SD-10487", "SMS to 0491 570 158   (no e-mail on file)"),
        ("SD-10486", "! Manual update required: cancel it in Dentix yourself as well"),
        ("SD-10486", "! no e-mail, no mobile: please ring"),
        ("SD-10488", "has no connected system. Nothing to do there"),
    ):
        await open_dialog(front, ref)
        assert any(sentence in line for line in front.lines()), sentence
        await front.press("escape", "escape")


async def test_the_tick_settles_telling_the_patient(front: Front) -> None:
    await open_dialog(front, "SD-10486")
    await front.press("tab", "tab", "space")
    front.clock.advance(SEEN)
    await front.press("f8")
    booking = await stored(front, "SD-10486")
    states = {delivery.kind: delivery.state for delivery in await front.store.deliveries(booking.id)}
    assert states == {"pms.cancel": "attention", "patient.phone": "settled"}
    assert "told by phone" in front.facts
    assert "Dentix by hand" in front.facts


async def test_the_list_moving_under_the_dialog_changes_nothing(front: Front) -> None:
    dialog = await open_dialog(front)
    front.screen.perform(
        lambda: front.screen.listing.go_to_end(__import__("frontdesk.bookings").bookings.Direction.FORWARD)
    )
    await front.screen.settled()
    front.clock.advance(SEEN)
    assert dialog.booking.ref == "SD-10482"
    await front.press("f8")
    assert (await stored(front)).cancellation is not None


async def test_the_loser_of_a_race_is_told_who_and_when(front: Front) -> None:
    dialog = await open_dialog(front)
    await front.type("my reason")
    await cancel(front.store, cancel_of(dialog.booking, TOM, "theirs"))
    front.clock.advance(SEEN)
    await front.press("f8")
    assert message(front) == "Tom Reid cancelled this at 09:14. Nothing was done again. Esc closes."
    assert dialog.reason.reason == "my reason"
    await front.press("f8", "escape")
    done = (await stored(front)).cancellation
    assert done is not None
    assert done.reason == "theirs"


async def test_the_time_passing_in_the_dialog_refuses(front: Front) -> None:
    await open_dialog(front)
    front.clock.advance(5 * 86400)
    await front.press("f8")
    assert message(front).startswith("Not saved, nothing has happened: it started")
    assert (await stored(front)).cancellation is None


class LosesAnswers:
    """A store in front of the real one whose answers to a cancel get lost, before or after the write."""

    def __init__(self, store: BookingStore, *, writes: bool, unknown_for: int = 0) -> None:
        self._store = store
        self.writes = writes
        self.unknown_for = unknown_for

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def do(self, command: Command) -> Done[Any]:
        if self.writes:
            await self._store.do(command)
        raise Unavailable("The line was cut.")

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        if self.unknown_for:
            self.unknown_for -= 1
            raise Unavailable("The line is cut.")
        return await self._store.outcome(command_id)


async def test_a_lost_answer_is_asked_for_and_found_saved(open_front: FrontOpener) -> None:
    async with open_front(wrap=lambda store: LosesAnswers(store, writes=True, unknown_for=2)) as front:
        await open_dialog(front)
        front.clock.advance(SEEN)
        await front.press("f8")
        assert (await stored(front)).cancellation is not None
        assert front.app.screen is front.screen
        assert "cancelled" in front.facts


class Fails:
    """A store in front of the real one that writes nothing, and says why at length."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def do(self, command: Command) -> Done[Any]:
        raise Refused(
            Reason(
                "long",
                "/srv/a place/with a long name/desk.db is missing: nothing was changed; "
                "mount the disk that holds it, or put the latest backup in its place",
            )
        )


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((120, 30), "happened: /srv/a place/with a long name/desk.db is missing. Try again or Esc."),
        ((80, 24), "happened: /srv/a place/with a long name/desk.db is missing. Try again or Esc."),
        ((60, 16), "happened. Try again or Esc."),
    ],
)  # fmt: skip
async def test_what_to_do_when_nothing_was_saved_is_never_cut(
    open_front: FrontOpener, size: tuple[int, int], said: str
) -> None:
    async with open_front(size=size, wrap=Fails) as front:
        await open_dialog(front)
        front.clock.advance(SEEN)
        await front.press("f8")
        assert message(front) == f"Not saved, nothing has {said}"
        assert any(line.rstrip().endswith("Try again or Esc.") for line in front.lines())


async def test_a_lost_answer_found_not_saved_may_be_tried_again(open_front: FrontOpener) -> None:
    async with open_front(wrap=lambda store: LosesAnswers(store, writes=False)) as front:
        await open_dialog(front)
        await front.type("keep this")
        front.clock.advance(SEEN)
        await front.press("f8")
        assert message(front) == "Not saved, nothing has happened: The line was cut. Try again or Esc."
        assert isinstance(front.app.screen, CancelScreen)
        assert front.app.screen.reason.reason == "keep this"
        assert (await stored(front)).cancellation is None


async def test_a_cancel_elsewhere_shows_here_and_moves_no_row(
    front: Front, second_store: BookingStore
) -> None:
    await front.type("kov")
    before = [row.booking.id for row in front.screen.listing.view.rows]
    (booking,) = await second_store.find("SD-10485")
    number = front.app.open_desk.state.number  # type: ignore[union-attr]
    await second_store.do(cancel_of(booking, TOM))
    while front.app.open_desk.state.number == number:  # type: ignore[union-attr]
        await front.pilot.pause(0.02)
    await front.idle()
    assert [row.booking.id for row in front.screen.listing.view.rows] == before
    assert front.marked.ref == "SD-10485"
    assert front.marked.status(NOW) is Status.CANCELLED


async def test_changes_out_of_view_are_counted_until_f5(front: Front, second_store: BookingStore) -> None:
    await front.press("tab", "home")
    (booking,) = await second_store.find("SD-10488")
    number = front.app.open_desk.state.number  # type: ignore[union-attr]
    await second_store.do(cancel_of(booking, TOM))
    while front.app.open_desk.state.number == number:  # type: ignore[union-attr]
        await front.pilot.pause(0.02)
    await front.idle()
    assert "1 change by other desks. F5 shows them" in front.shows
    await front.press("f5")
    assert "by other desks" not in front.shows
