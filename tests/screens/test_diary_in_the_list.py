"""What diaries bring to a list that is on the screen: rows change in place and say so, new ones wait for F5."""

from dataclasses import replace
from datetime import timedelta

import pytest

from frontdesk.errors import Unavailable
from frontdesk.pms.port import PmsUnavailable
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.list import diary_read
from frontdesk.store.sql.store import SqlStore
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, wrapped
from tests.screens.front import Front, StillClock
from tests.screens.read_diary import ReadDiary

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def praktika(second_store: SqlStore) -> ReadDiary:
    """A diary that was read completely before the desk was opened."""
    made = ReadDiary(second_store)
    await made.read()
    await made.read()  # what is older than a compare reaches comes with the changes
    return made


def line_of(front: Front, ref: str) -> str:
    """The line of a booking in view."""
    at = [row.ref for row in front.rows()].index(ref)
    return front.lines()[front.screen.table.region.y + 1 + at]


async def test_a_diary_that_is_well_says_nothing(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        assert front.store
        assert (await front.store.state()).diaries[0].is_complete
        assert front.shows == "All days, all practices, cancelled too"


async def test_rows_in_view_change_in_place_and_say_so(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async with open_front() as front:
        await front.type("kov")
        before = [row.ref for row in front.rows()]
        praktika.move("SD-10482", DAY)
        praktika.move("SD-10487", HOUR)
        await praktika.read()
        await front.until(lambda: "now 16:00" in line_of(front, "SD-10487"))
        assert [row.ref for row in front.rows()] == before
        assert "Fri 27 Nov 10:30" in line_of(front, "SD-10482")
        assert "now Fri 27" in line_of(front, "SD-10482")
        assert "Praktika moved" in front.line("keys")
        front.clock.advance(1)
        await front.press("f5")
        assert "now 16" not in line_of(front, "SD-10487")


async def test_a_booking_cancelled_there_says_so_where_it_stands(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        await front.type("kov")
        praktika.cancel("SD-10482")
        await praktika.read()
        await front.until(lambda: "cancelled" in line_of(front, "SD-10482"))
        assert front.line("keys") == "Praktika cancelled Thu 26 Nov 10:30 ADL M. Kovač."


async def test_what_is_not_in_view_waits_for_f5(
    praktika: ReadDiary, open_front: FrontOpener, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        assert front.app.open_desk
        await front.type("SD-10488")
        praktika.book("new-1", 3)
        praktika.book("new-2", 4)
        praktika.move("SD-10487", DAY)
        await praktika.read()
        unseen = front.app.open_desk.changed_elsewhere
        await front.until(lambda: len(unseen) == 3)
        assert front.shows == "2 new, 1 moved in Praktika. F5 shows them."
        await front.press("escape", "f5")
        assert unseen == {}
        assert front.shows == "All days, all practices, cancelled too"


async def test_what_is_new_stays_new_when_it_is_moved_again(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        assert front.app.open_desk
        await front.type("SD-10488")
        praktika.book("new-1", 3)
        await praktika.read()
        await front.until(lambda: front.shows == "1 new in Praktika. F5 shows them.")
        praktika.book("new-1", 5)
        await praktika.read()
        number = (await front.store.state()).number
        await front.until(lambda: front.app.open_desk and front.app.open_desk.state.number == number)
        assert front.shows == "1 new in Praktika. F5 shows them."


async def test_a_late_diary_is_said_as_the_minutes_pass(
    praktika: ReadDiary, open_front: FrontOpener, clock: StillClock
) -> None:
    async with open_front(clock=clock) as front:
        clock.advance(23 * 60)
        front.screen._each_minute()
        await front.until(lambda: front.shows.startswith("Praktika"))
        assert front.shows == "Praktika last read 09:14 (23 min ago): newer bookings are not here."
        await front.type("nobody")
        assert any("Booked since 09:14? Not here yet. F5 reads Praktika now." in one for one in front.lines())


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


async def read_when_asked(front: Front, praktika: ReadDiary) -> None:
    """Read the diary once somebody has asked for it, as a reader beside the desk does."""
    desk = front.app.open_desk
    await front.until(lambda: desk is not None and desk.state.diaries[0].is_awaited)
    assert await praktika.reader().read_one() is not None


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diary_read, "PAUSES", (0.01,))


@pytest.mark.usefixtures("_quick")
async def test_f5_has_the_diary_read_and_says_what_it_brought(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        praktika.book("new-1", 1, patient_name="Zoe New", patient_ref="zoe")
        praktika.move("SD-10482", -DAY)
        praktika.cancel("SD-10487")
        await front.press("f5")
        assert front.line("keys") == "Reading Praktika..."
        await read_when_asked(front, praktika)
        await front.until(lambda: front.line("keys").startswith("Praktika read"))
        assert front.line("keys") == "Praktika read: 1 new, 1 moved, 1 cancelled"
        await front.until(lambda: any(row.pms_ref == "new-1" for row in front.rows()))
        # News that comes when the list has been read has nothing to say any more.
        (change, *_) = await front.store.changes(0, 0)
        front.screen.elsewhere._changed((replace(change, booking_id=10_000),))
        await front.idle()
        assert front.shows == "All days, all practices, cancelled too"


@pytest.mark.usefixtures("_quick")
async def test_no_key_waits_for_the_pms_and_no_row_moves_under_the_operators_hands(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        praktika.book("new-1", 1)
        await front.press("tab", "u")
        await front.press("down")
        before = [row.ref for row in front.rows()]
        await read_when_asked(front, praktika)
        await front.until(lambda: "Praktika read" in front.line("keys"))
        await front.until(lambda: front.shows == "1 new in Praktika. F5 shows them.")
        assert [row.ref for row in front.rows()] == before


@pytest.mark.usefixtures("_quick")
async def test_f5_says_when_the_pms_did_not_answer(praktika: ReadDiary, open_front: FrontOpener) -> None:
    async def away(_: str) -> None:
        raise PmsUnavailable("it does not answer")

    async with open_front() as front:
        praktika.diary.before = away
        await front.press("f5")
        await read_when_asked(front, praktika)
        await front.until(lambda: "Reading" not in front.line("keys"))
        assert front.line("keys") == "Praktika did not answer; the list is from 09:14"


@pytest.mark.usefixtures("_quick")
async def test_f5_gives_up_on_a_diary_that_nobody_reads(
    praktika: ReadDiary, open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diary_read, "PATIENCE", 0.05)
    async with open_front() as front:
        await front.press("f5")
        await front.until(lambda: "Reading" not in front.line("keys"))
        assert front.line("keys") == "Praktika did not answer; the list is from 09:14"


async def test_without_a_diary_f5_reads_the_list_and_says_nothing(front: Front) -> None:
    keys = front.line("keys")
    await front.press("f5")
    assert front.line("keys") == keys


@pytest.mark.usefixtures("_quick")
async def test_a_store_that_goes_away_under_f5_is_said(
    praktika: ReadDiary, open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        cut[0].refuses = {"read_diaries"}
        cut[0].error = Unavailable("The disk is gone.")
        await front.press("f5")
        await front.until(lambda: front.line("keys") == "The disk is gone.")
        cut[0].error = None
        await front.press("f5")
        await read_when_asked(front, praktika)
        await front.until(lambda: front.line("keys") == "Praktika read: nothing new")


async def test_an_open_dialog_is_told_that_the_pms_moved_its_booking(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        await front.type("sd-10482")
        await front.press("enter", "c")
        dialog = front.app.screen
        assert isinstance(dialog, CancelScreen)
        front.clock.advance(2.0)
        praktika.move("SD-10482", DAY)
        await praktika.read()
        await front.until(lambda: "Fri 27 Nov 2026" in "\n".join(front.lines()))
        assert dialog.said == "Praktika changed the time at 09:14. Read it again, then F8 cancels it."
        await front.press("f8")
        assert dialog.said.startswith("Too early")
        (booking,) = await front.store.find("SD-10482")
        assert booking.cancellation is None


async def test_an_open_dialog_is_told_that_the_pms_cancelled_its_booking(
    praktika: ReadDiary, open_front: FrontOpener
) -> None:
    async with open_front() as front:
        await front.type("sd-10482")
        await front.press("enter", "c")
        dialog = front.app.screen
        assert isinstance(dialog, CancelScreen)
        praktika.cancel("SD-10482")
        await praktika.read()
        await front.until(lambda: "Nothing was done again" in dialog.said)
        assert dialog.said == "Praktika cancelled this at 09:14. Nothing was done again. Esc closes."


async def test_details_say_what_the_pms_did(praktika: ReadDiary, open_front: FrontOpener) -> None:
    praktika.move("SD-10482", DAY)
    await praktika.read()
    async with open_front() as front:
        await front.type("sd-10482")
        await front.press("enter", "d")
        await front.until(lambda: "moved" in "\n".join(front.lines()))
        (line,) = [one for one in front.lines() if "moved" in one]
        assert line == "  Sun 22 Nov 09:14  Praktika       moved       from Thu 26 Nov 10:30"
