"""What diaries bring to a list that is on the screen: rows change in place and say so, new ones wait for F5."""

from datetime import timedelta

import pytest

from frontdesk.store.sql.store import SqlStore
from tests.screens.conftest import FrontOpener
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
