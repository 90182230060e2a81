"""A row may leave out its day only where the row drawn right above shows the same one."""

from rich.cells import cell_len

from frontdesk import times
from frontdesk.store.port import BookingStore
from tests.making import cancel_of
from tests.screens.desk_data import NOW, TOM
from tests.screens.front import Front

DAY = slice(4, 14)
FIRST = 4
"""The line of the first row, below the bar, Find, what is shown, and the heads of the columns."""


def said(front: Front) -> list[str]:
    """The day that each row in view has, read with the rows above it."""
    days, day = [], ""
    for line in front.lines()[FIRST : FIRST + len(front.rows())]:
        assert cell_len(line[: DAY.stop]) == DAY.stop, "nothing before the day is wider than a cell"
        day = line[DAY].strip() or day
        days.append(day)
    return days


def own(front: Front) -> list[str]:
    """The day that each booking in view has."""
    found = []
    for booking in front.rows():
        zone = booking.practice.zone
        day = times.day(times.local_date(booking.starts_at, zone), times.local_date(NOW, zone))
        found.append(day.strip())
    return found


def written(front: Front) -> list[bool]:
    """Whether each row in view writes its day."""
    return [bool(line[DAY].strip()) for line in front.lines()[FIRST : FIRST + len(front.rows())]]


async def test_any_row_read_with_those_above_it_gives_its_own_day(front: Front) -> None:
    turns = ["", "pagedown", "tab down down", "end", "home", "1", "end up pageup down"]
    for keys in turns:
        await front.press(*keys.split())
        assert said(front) == own(front), keys
        assert written(front)[0], keys
        assert written(front)[front.screen.listing.view.cursor], keys


async def test_days_are_left_out_where_they_repeat(front: Front) -> None:
    await front.press("tab", "home")
    assert not all(written(front))


async def test_every_row_of_a_search_writes_its_day(front: Front) -> None:
    await front.type("kov")
    days = own(front)
    assert len(set(days)) < len(days), "two of them are on one day"
    assert all(written(front))


async def test_a_row_that_moved_while_in_view_gives_its_day_and_so_does_the_row_after_it(
    front: Front, second_store: BookingStore
) -> None:
    await front.press("tab", "1", "0")
    place = max(index for index, is_written in enumerate(written(front)) if not is_written)
    booking = front.rows()[place - 1]
    await second_store.do(cancel_of(booking, TOM))
    await front.until(lambda: front.rows()[place - 1].cancellation)
    assert said(front) == own(front)
