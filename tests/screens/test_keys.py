"""Every key of the Bookings screen, pressed as an operator would."""

from datetime import timedelta

import pytest

from frontdesk.bookings import Status
from tests.screens.front import Front


async def statuses(front: Front) -> set[Status]:
    now = front.app.open_desk.now()  # type: ignore[union-attr]
    return {row.booking.status(now) for row in front.screen.listing.view.rows}


@pytest.mark.parametrize(
    ("key", "status"), [("1", Status.UPCOMING), ("2", Status.COMPLETED), ("3", Status.CANCELLED)]
)
async def test_status_keys_show_one_status_and_0_everything(front: Front, key: str, status: Status) -> None:
    await front.press("tab", key)
    assert await statuses(front) == {status}
    assert front.shows.startswith(f"FILTER {status}")
    await front.press("0")
    assert front.shows == "All days, all practices, cancelled too"


@pytest.mark.parametrize(
    ("key", "words", "days"),
    [("t", "Sun 22 Nov", (0, 0)), ("n", "Mon 23 Nov", (1, 1)), ("w", "Sun 22 Nov to Sat 28 Nov", (0, 6))],
)
async def test_day_keys(front: Front, key: str, words: str, days: tuple[int, int]) -> None:
    await front.press("tab", key)
    assert front.shows.startswith(f"FILTER {words}")
    today = front.screen.source.today
    for row in front.screen.listing.view.rows:
        local = row.booking.starts_at.astimezone(row.booking.practice.zone).date()
        assert today + timedelta(days=days[0]) <= local <= today + timedelta(days=days[1])
    assert front.screen.listing.view.rows
    await front.press("a")
    assert front.shows == "All days, all practices, cancelled too"


async def test_arrows_move_one_day_from_the_day_shown(front: Front) -> None:
    await front.press("tab", "right")
    assert front.shows.startswith("FILTER Mon 23 Nov")
    await front.press("right", "left", "left", "left")
    assert front.shows.startswith("FILTER Sat 21 Nov")


async def test_tab_goes_between_find_and_list(front: Front) -> None:
    await front.press("tab")
    assert front.screen.table.has_focus
    assert front.line("show").startswith("LIST")
    await front.press("tab")
    assert front.screen.find.has_focus
    await front.press("tab", "slash")
    assert front.screen.find.has_focus


@pytest.mark.parametrize(("down", "up"), [("down", "up"), ("j", "k")])
async def test_moving_by_one(front: Front, down: str, up: str) -> None:
    await front.press("tab")
    first = front.marked.id
    await front.press(down)
    assert front.marked.id != first
    await front.press(up)
    assert front.marked.id == first


async def test_moving_from_find_leaves_the_text_alone(front: Front) -> None:
    await front.type("kov")
    await front.press("down")
    assert front.screen.find.has_focus
    assert front.screen.find.value == "kov"
    assert front.marked.ref == "SD-10482"


async def test_walking_down_meets_every_booking_once_in_time_order(front: Front) -> None:
    await front.press("tab", "home")
    seen = [front.marked]
    while True:
        await front.press("down")
        if front.marked.id == seen[-1].id:
            break
        seen.append(front.marked)
    assert len(seen) == 68
    assert [(b.starts_at, b.id) for b in seen] == sorted((b.starts_at, b.id) for b in seen)
    back = [front.marked]
    while True:
        await front.press("up")
        if front.marked.id == back[-1].id:
            break
        back.append(front.marked)
    assert [b.id for b in back] == [b.id for b in reversed(seen)]


async def test_pages_meet_every_booking(front: Front) -> None:
    await front.press("tab", "home")
    seen = {row.booking.id for row in front.screen.listing.view.rows}
    for _ in range(10):
        await front.press("pagedown")
        seen |= {row.booking.id for row in front.screen.listing.view.rows}
    assert len(seen) == 68
    assert not front.screen.listing.view.more_after
    last = front.marked.id
    await front.press("end")
    assert front.marked.id == last
    for _ in range(10):
        await front.press("pageup")
    assert not front.screen.listing.view.more_before
    assert front.marked.id == front.screen.listing.view.rows[0].booking.id


async def test_home_and_end(front: Front) -> None:
    await front.press("tab", "end")
    assert front.marked.ref == front.screen.listing.view.rows[-1].booking.ref
    assert not front.screen.listing.view.more_after
    await front.press("home")
    assert front.marked.ref == "SD-10481"


async def test_practitioner_and_practice_are_chosen_by_name(front: Front) -> None:
    await front.press("tab", "p")
    await front.type("okaf")
    await front.press("enter")
    assert front.shows.startswith("FILTER Dr Okafor")
    assert {row.booking.practitioner.name for row in front.screen.listing.view.rows} == {"Dr Okafor"}
    await front.press("o")
    await front.type("port")
    await front.press("enter")
    assert "None: Dr Okafor, PRT. 0 shows everything." in "\n".join(front.lines())
    await front.press("0")
    assert front.shows == "All days, all practices, cancelled too"


async def test_a_letter_bound_to_nothing_says_so_and_does_nothing(front: Front) -> None:
    await front.press("tab")
    before = front.marked.id
    await front.press("v")
    assert front.line("keys") == "v does nothing here. Esc, then type a name."
    assert front.marked.id == before
    await front.press("down")
    assert front.line("show").startswith("LIST")


async def test_q_asks_and_only_y_leaves(front: Front) -> None:
    await front.type("quinn")
    assert front.screen.find.value == "quinn"
    await front.press("tab", "q")
    assert "Leave frontdesk?" in "\n".join(front.lines())
    await front.press("x", "escape")
    assert front.app.screen is front.screen
    await front.press("ctrl+c")
    assert "Leave frontdesk?" in "\n".join(front.lines())
    await front.pilot.press("y")
    assert front.app._exit


async def test_help_opens_from_find_and_list_and_closes(front: Front) -> None:
    for keys in (("f1",), ("tab", "question_mark")):
        await front.press(*keys)
        assert front.lines()[1].startswith(" Help")
        await front.press("escape")
        assert front.app.screen is front.screen
        assert front.screen.find.has_focus


async def test_the_palette_runs_a_command_by_name(front: Front) -> None:
    await front.press("ctrl+p")
    await front.type("only canc")
    await front.press("enter")
    assert front.shows.startswith("FILTER Cancelled")


async def test_bookings_key_shows_the_start_view(front: Front) -> None:
    start = front.marked.id
    await front.type("kov")
    await front.press("tab", "3", "b")
    assert front.shows == "All days, all practices, cancelled too"
    assert front.screen.find.value == ""
    assert front.marked.id == start


async def test_home_and_end_go_to_both_ends_of_a_text(front: Front) -> None:
    await front.press("f1")
    first = front.lines()
    await front.press("end")
    last = front.lines()
    assert last != first
    await front.press("pagedown")
    assert front.lines() == last, "there is nothing below the end"
    await front.press("home")
    assert front.lines() == first
