"""Other desks on the same store: who did what is said; a store that is away, or shuts the desk out, comes back."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.bookings import Operator
from frontdesk.desk import OpenDesk
from frontdesk.errors import Unauthorised, Unavailable
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.dialogs.command import Progress
from frontdesk.screens.list.last_write import LastWrite
from frontdesk.screens.shell.lock import HiddenScreen
from frontdesk.screens.shell.notices import ShutOutScreen
from frontdesk.store.port import BookingStore
from frontdesk.words.told import Part, Role
from tests.choosing import few_in_quick
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, wrapped
from tests.screens.desk_data import KIM, NOW
from tests.screens.front import Front

LEE = Operator("Lee Tran", via="Desk Two")


async def cancel_there(store: BookingStore, ref: str, by: Operator = LEE) -> None:
    """Another desk cancels a booking."""
    (booking,) = await store.find(ref)
    await cancel(store, cancel_of(booking, by))


async def cancel_elsewhere(front: Front, ref: str, by: Operator = LEE) -> None:
    """Another desk cancels a booking; wait until the row in view shows it."""
    await cancel_there(front.store, ref, by)
    rows = front.screen.listing
    await front.until(lambda: any(r.booking.ref == ref and r.booking.cancellation for r in rows.view.rows))


async def test_the_key_line_says_who_cancelled_until_the_next_key(front: Front) -> None:
    await front.type("mirela")
    keys = front.line("keys")
    await cancel_elsewhere(front, "SD-10482")
    assert front.line("keys") == "Lee Tran (Desk Two) cancelled Thu 26 Nov 10:30 ADL M. Kovač."
    await front.press("down")
    assert front.line("keys") == keys


async def test_several_at_once_are_counted(front: Front) -> None:
    await front.type("kov")
    await cancel_elsewhere(front, "SD-10482")
    await cancel_elsewhere(front, "SD-10485")
    assert front.line("keys").startswith("2 changes by other desks here. The last: Lee Tran (Desk Two)")


async def test_it_never_takes_the_place_of_an_answer_to_her_key(front: Front) -> None:
    await front.type("mirela")
    await front.press("tab", "v")
    answer = front.line("keys")
    await cancel_elsewhere(front, "SD-10482")
    assert front.line("keys") == answer == "v does nothing here. Esc, then type a name."


async def cancel_here(front: Front, ref: str) -> None:
    await front.press("tab", "c")
    assert front.marked.ref == ref
    front.clock.advance(2)
    await front.press("f8")


@pytest.mark.parametrize("cancelled", [cancel_elsewhere, cancel_here])
async def test_what_counts_and_the_other_rows_follow_a_cancel(
    front: Front, cancelled: Callable[[Front, str], Awaitable[object]]
) -> None:
    await front.type("mirela 14/3/81")
    assert front.line("found") == "1 to come, 2 past or cancelled"
    assert [row.more for row in front.screen.listing.view.rows] == [1, 1, 0]
    await cancelled(front, "SD-10482")
    await front.until(lambda: front.line("found") == "3 past or cancelled")
    assert [row.more for row in front.screen.listing.view.rows] == [0, 0, 0]


async def test_the_open_dialog_says_who_and_when(front: Front) -> None:
    await front.type("sd-10482")
    await front.press("tab", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    await cancel_elsewhere(front, "SD-10482")
    await front.until(lambda: dialog._progress is Progress.OVER)
    assert "Lee Tran (Desk Two) cancelled this at 09:14." in dialog.said
    front.clock.advance(2)
    await front.press("f8", "escape")
    done = front.marked.cancellation
    assert done is not None
    assert done.by == LEE


async def test_details_shows_who_and_when(front: Front) -> None:
    await front.type("sd-10482")
    await front.press("tab", "d")
    await cancel_elsewhere(front, "SD-10482")
    await front.until(lambda: any("Lee Tran (Desk Two)" in line for line in front.lines()))
    assert any("Sun 22 Nov 09:14" in line and "cancelled" in line for line in front.lines())
    assert front.lines()[-1] == "Lee Tran (Desk Two) cancelled Thu 26 Nov 10:30 ADL M. Kovač."
    await front.press("pagedown")
    assert front.lines()[-1] == "Up Down scroll  Esc back  F1 help"


@pytest.mark.full
async def test_details_says_nothing_of_what_was_there_before_it_opened(front: Front) -> None:
    await front.type("sd-10482")
    await cancel_elsewhere(front, "SD-10482")
    await front.press("tab", "d")
    assert front.lines()[-1] == "Up Down scroll  Esc back  F1 help"


async def test_a_store_that_was_away_is_back_by_itself_with_the_rows_as_they_are(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("mirela")
        await front.press("down")
        marked, rows = front.marked.id, [row.booking.id for row in front.screen.listing.view.rows]
        cut[0].error = Unavailable("The line is cut.")
        await front.until(lambda: "No connection to the bookings since 09:14" in front.shows)
        await front.press("tab", "m")
        assert "no connection to the bookings since 09:14" in "\n".join(front.lines())
        await front.press("escape")
        await cancel_there(cut[0]._store, "SD-10482")
        cut[0].error = None
        await front.until(lambda: "Connected to the bookings again." in front.line("keys"))
        assert "No connection to the bookings" not in front.shows
        view = front.screen.listing.view.rows
        assert [row.booking.id for row in view] == rows
        assert front.marked.id == marked
        assert any(row.booking.cancellation and row.booking.ref == "SD-10482" for row in view)


async def test_that_the_store_is_back_gives_way_to_what_others_do(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("mirela")
        cut[0].error = Unavailable("The line is cut.")
        await front.until(lambda: "No connection to the bookings" in front.shows)
        cut[0].error = None
        await front.until(lambda: front.line("keys") == "Connected to the bookings again.")
        await cancel_there(cut[0]._store, "SD-10482")
        await front.until(lambda: front.line("keys").startswith("Lee Tran"))


async def test_a_store_that_answers_and_cannot_read_the_list_stays_away(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        found: list[OpenDesk] = []
        with pytest.MonkeyPatch.context() as patching:
            patching.setattr(OpenDesk, "found", found.append)
            cut[0].error, cut[0].all_but = Unavailable("The disk does not work."), "state"
            while cut[0].refused["rows"] < 3:
                await front.pilot.pause(0.01)
        assert "No connection to the bookings since 09:14" in front.shows
        assert found == []
        cut[0].error = None
        await front.until(lambda: "Connected to the bookings again." in front.line("keys"))


async def test_a_line_cut_behind_her_cancel_is_not_its_answer(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("sd-10482")
        await front.press("tab", "c")
        front.clock.advance(2)
        cut[0].error_after["do"] = Unavailable("Nothing was changed: the line is cut.")
        await front.press("f8")
        await front.until(lambda: "No connection to the bookings" in front.shows)
        assert "cancelled. What follows cannot be read now" in front.facts
        assert front.marked.cancellation is not None
        assert "Nothing was changed" not in "\n".join(front.lines())
        cut[0].error = None
        await front.until(lambda: "cancelled, Praktika waiting" in front.facts)


async def test_a_line_cut_behind_news_is_no_answer_and_hides_no_news(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("kov")
        cut[0].error, cut[0].all_but = Unavailable("The line is cut."), "changes"
        await cancel_there(cut[0]._store, "SD-10482")
        await front.until(lambda: "No connection to the bookings" in front.shows)
        assert "The line is cut" not in front.line("keys")
        cut[0].error = None
        await front.until(lambda: front.line("keys") == "Connected to the bookings again.")
        await cancel_elsewhere(front, "SD-10485")
        await front.until(lambda: front.line("keys").startswith("Lee Tran"))


REVOKED = "The desk token Desk One was revoked: have a new one made."


def patients_on(front: Front) -> list[str]:
    """Every line with something of a patient, whichever screen is on top."""
    telling = ("Kova", "Neighbour", "0491", "SD-", "petra", "10486", "ill")
    return [line for line in front.lines() if any(word in line for word in telling)]


@pytest.mark.parametrize(
    "keys",
    few_in_quick(
        [
            (),
            ("tab", "d"),
            ("f4",),
            ("f4", "d"),
            ("tab", "up", "c", *"ill"),
            ("enter",),
            ("tab", "p"),
            ("ctrl+c",),
        ],
        quick=[(), ("tab", "up", "c", *"ill")],
    ),
    ids=["list", "details", "attention", "details from attention", "dialog", "menu", "chooser", "leaving"],
)
async def test_a_revoked_desk_shows_no_patient_until_it_is_accepted_again(
    open_front: FrontOpener, cut: list[Cut], keys: tuple[str, ...]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("petra")
        await front.press("enter", "c")
        front.clock.advance(2.0)
        await front.press("f8")
        await front.type("neighbour")
        await front.press(*keys)
        marked, shown = front.marked.id, front.app.screen
        assert patients_on(front)
        cut[0].error = Unauthorised(REVOKED)
        await front.until(lambda: isinstance(front.app.screen, ShutOutScreen))
        assert REVOKED[:40] in "\n".join(front.lines())
        assert not patients_on(front)
        assert front.rows() == []
        await front.press(*"kov", "enter", "f8", "escape", "f4", "tab", "c")
        assert isinstance(front.app.screen, ShutOutScreen)
        cut[0].error = None
        await front.until(lambda: not isinstance(front.app.screen, ShutOutScreen) and front.rows())
        assert front.app.screen in (shown, front.screen)
        assert front.marked.id == marked
        assert front.screen.find.value == "neighbour"


async def test_a_revoked_desk_that_was_locked_shows_no_patient_when_it_is_unlocked(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("petra")
        await front.press("f9")
        cut[0].error = Unauthorised(REVOKED)
        desk = front.app.open_desk
        assert desk is not None
        await front.until(lambda: desk.shut_out)
        assert isinstance(front.app.screen, HiddenScreen)
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, ShutOutScreen))
        assert not patients_on(front)
        await front.press("f9")
        assert isinstance(front.app.screen, HiddenScreen)
        cut[0].error = None
        await front.until(lambda: not desk.shut_out)
        await front.press("enter")
        await front.until(lambda: front.app.screen is front.screen and front.rows())
        assert front.marked.ref == "SD-10486"


class Remembers:
    """`desk.CutOffs` of one cut."""

    def __init__(self, minutes_ago: int) -> None:
        self.at = NOW - timedelta(minutes=minutes_ago)
        self.asked: list[str] = []

    def note(self, operator: str, at: object) -> None:
        raise AssertionError("no terminal went away")

    def take(self, operator: str) -> object:
        self.asked.append(operator)
        return self.at


async def test_after_a_cut_line_the_last_line_says_what_was_saved_last(
    open_front: FrontOpener,
) -> None:
    async with open_front() as front:
        (booking,) = await front.store.find("SD-10482")
        await cancel(front.store, cancel_of(booking, KIM))
    remembers = Remembers(-8)
    async with open_front(cut_offs=remembers) as front:
        await front.until(lambda: "Last saved" in front.line("last"))
        line = "Your line was cut at 09:22. Last saved: 09:14  Mirela Kovač   ✓ cancelled"
        assert front.line("last") == line
        assert remembers.asked == ["Kim Nguyen"]


@pytest.mark.parametrize(
    ("patient", "width", "line"),
    [
        (
            "Tom Reid",
            125,
            "Your line was cut at 09:14. Last saved: 09:02  Tom Reid Mon 23 Nov 08:30"
            "   ✓ cancelled   ✓ Praktika told   ✓ e-mail sent",
        ),
        ("Tom Reid", 80, "Your line was cut at 09:14. Last saved: 09:02  Tom Reid   ✓ cancelled"),
        (
            "Mirela Kovac-Kovalenko",
            76,
            "Your line was cut at 09:14. Last saved: 09:02  Mirela Kovac..   ✓ cancelled",
        ),
        ("Tom Reid", 60, "Your line was cut at 09:14. Last saved: 09:02"),
    ],
)
def test_that_the_line_was_cut_is_never_left_out(patient: str, width: int, line: str) -> None:
    facts = tuple(Part(words, Role.DONE) for words in ("cancelled", "Praktika told", "e-mail sent"))
    write = LastWrite("09:02", patient, "Mon 23 Nov 08:30", facts, "Your line was cut at 09:14.")
    assert write.in_width(width).text.strip() == line


def replace_store(path: Path, *statements: str) -> None:
    """Do to a store's file what putting back a backup does."""
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


async def test_a_store_that_was_put_back_is_read_anew_as_a_whole(front: Front, store_path: Path) -> None:
    """No row of what was there before stays, and what comes next is not missed."""
    await front.type("sd-10482")
    await cancel_elsewhere(front, "SD-10482")
    await front.press("escape", "escape")
    replace_store(
        store_path,
        "UPDATE head SET change = change - 1",
        "DELETE FROM change WHERE number > (SELECT change FROM head)",
        "UPDATE booking SET cancelled = 0, cancelled_at = NULL, version = 1",
        "UPDATE booking SET patient_name = 'Put Back' WHERE ref = 'SD-10482'",
    )
    await front.until(
        lambda: front.line("keys") == "The bookings were put back or replaced. The list was read again."
    )
    await front.idle()
    await front.type("sd-10482")
    assert front.screen.listing.view.rows[0].booking.patient.name == "Put Back"
    assert front.screen.listing.view.rows[0].booking.cancellation is None
    await cancel_elsewhere(front, "SD-10482")
    assert front.line("keys").startswith("Lee Tran (Desk Two) cancelled")


async def test_rows_that_another_store_does_not_have_go(front: Front, store_path: Path) -> None:
    await front.type("sd-10482")
    replace_store(
        store_path,
        "UPDATE head SET store_id = 'another', change = change + 7",
        "UPDATE booking SET ref = 'OTHER', patient_name = 'Somebody Else' WHERE ref = 'SD-10482'",
        "UPDATE practice SET name = 'Another House' WHERE id = (SELECT min(id) FROM practice)",
    )
    await front.until(lambda: "read again" in front.line("keys"))
    await front.idle()
    assert not any(row.booking.ref == "SD-10482" for row in front.screen.listing.view.rows)
    assert front.app.open_desk is not None
    assert any(one.name == "Another House" for one in front.app.open_desk.practices)


async def test_what_the_open_dialog_shows_is_not_cancelled_in_another_store(
    front: Front, store_path: Path
) -> None:
    await front.type("sd-10482")
    await front.press("tab", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    await front.idle()
    replace_store(
        store_path,
        "UPDATE head SET store_id = 'another', change = change + 7",
        "UPDATE booking SET patient_name = 'Somebody Else' WHERE ref = 'SD-10482'",
    )
    while "Not saved, nothing has happened" not in dialog.said:
        # The news of the other store may come at any moment here: a confirm right after it is too early.
        front.clock.advance(2)
        await front.press("f8")
    assert dialog.said == (
        "Not saved, nothing has happened: another store has taken the place of this one meanwhile: look for"
        " the booking again. Esc closes."
    )
    (booking,) = await front.store.find("SD-10482")
    assert booking.cancellation is None
