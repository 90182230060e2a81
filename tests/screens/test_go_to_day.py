"""Go to a day: typed, echoed, gone to; what Find says of a day; and a world that changes meanwhile."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from textual import events

from frontdesk.actions import ALL_ACTIONS
from frontdesk.bookings import Booking
from frontdesk.desk import Settings
from frontdesk.screens.help import HelpScreen
from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.screens.list.go_to_day import GoToDayScreen
from frontdesk.screens.shell.notices import TooSmallScreen
from frontdesk.store.opening import open_store
from frontdesk.widgets.find_bar import FindField
from frontdesk.words.days import day_at_find
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, wrapped
from tests.screens.desk_data import KIM, PRACTICES, kovacs
from tests.screens.front import Front
from tests.screens.pins import Pins
from tests.screens.test_late_answers import AWAY, Late, late, settled_down
from tests.screens.test_lock import posted, sign_in, signed_in
from tests.screens.test_several_desks import cancel_there


def day_of(booking: Booking) -> date:
    return booking.starts_at.astimezone(booking.practice.zone).date()


def asked(text: str, reading: str) -> str:
    """The line that asks for a day, with what is typed into it and how it is read."""
    return f" Day  [{text:<18}] {reading}"


def day_line(front: Front) -> str:
    return front.lines()[front.screen.find.region.y]


async def gone_to(front: Front, text: str) -> date:
    await front.press("ctrl+g", *text, "enter")
    return day_of(front.marked)


def is_first_of_its_day(front: Front) -> bool:
    cursor = front.screen.listing.view.cursor
    return cursor == 0 or day_of(front.rows()[cursor - 1]) < day_of(front.marked)


# -- the jump -------------------------------------------------------------------------------


async def test_the_cursor_stands_on_the_first_booking_of_the_day(front: Front) -> None:
    for text, day, said in (
        ("thu", date(2026, 11, 26), "Thu 26 Nov, in 4 days. Enter again: only that day."),
        ("yesterday", date(2026, 11, 21), "Sat 21 Nov, yesterday. Enter again: only that day."),
        ("today", date(2026, 11, 22), "Sun 22 Nov, today. Enter again: only that day."),
        ("16/11", date(2026, 11, 16), "Mon 16 Nov, 6 days ago. Enter again: only that day."),
        ("12/3/25", date(2025, 3, 12), "Wed 12 Mar 2025, 620 days ago. Enter again: only that day."),
    ):
        assert await gone_to(front, text) == day
        assert is_first_of_its_day(front)
        assert front.line("keys") == said
        assert front.line("show") == "All days, all practices, cancelled too"
        assert front.screen.find.has_focus


async def test_how_it_is_read_is_echoed_before_enter(front: Front) -> None:
    marked = front.marked
    await front.press("ctrl+g")
    assert isinstance(front.app.screen, GoToDayScreen)
    assert day_line(front) == asked("", "thu, 3/12, 3 feb, +2w, yesterday")
    assert front.lines()[front.screen.key_line.region.y] == " Enter goes there   Esc back"
    for letter, line in (
        ("t", asked("t", "not a day yet")),
        ("h", asked("th", "Thu 26 Nov, in 4 days")),
        ("u", asked("thu", "Thu 26 Nov, in 4 days")),
        ("x", asked("thux", "not a day yet")),
    ):
        await front.press(letter)
        assert day_line(front) == line
    assert front.marked == marked


async def test_the_year_is_echoed_where_it_is_another_one(front: Front) -> None:
    for text, echoed in (
        ("20/6", "Sat 20 Jun, 155 days ago"),
        ("20/5", "Thu 20 May 2027, in 179 days"),
        ("31/11", "There is no 31 Nov."),
        ("fri 3/12", "3 Dec 2026 is a Thursday, not a Friday."),
    ):
        await front.press("ctrl+g", *text)
        assert day_line(front)[27:] == echoed
        await front.press("escape")


async def test_what_can_mean_two_days_offers_the_other_where_there_is_room(open_front: FrontOpener) -> None:
    async with open_front() as front:
        await front.press("ctrl+g", *"next thu")
        assert day_line(front)[27:] == "Thu 26 Nov, in 4 days. For Thu 3 Dec: 3/12"
        await front.press("escape", "ctrl+g", *"3/12", "enter")
    async with open_front(size=(60, 16)) as front:
        await front.press("ctrl+g", *"next thu")
        assert day_line(front)[27:] == "Thu 26 Nov, in 4 days"


async def test_what_is_no_day_is_answered_and_can_be_corrected(front: Front) -> None:
    await front.press("ctrl+g", *"smith", "enter")
    keys_line = front.screen.key_line.region.y
    assert front.lines()[keys_line] == (
        ' "smith" is not a day: write it like thu, 3/12, 3 feb, +2w, yesterday.'
    )
    await front.press("ctrl+u", *"31/11", "enter")
    assert front.lines()[keys_line] == " There is no 31 Nov."
    await front.press("ctrl+u", "enter")
    assert front.lines()[keys_line] == " Enter goes there   Esc back"
    await front.press(*"fri", "enter")
    assert day_of(front.marked) == date(2026, 11, 27)


async def test_what_is_pasted_is_shown_as_it_stands_and_read_as_if_typed(front: Front) -> None:
    await front.press("ctrl+g")
    front.app.post_message(events.Paste("[b]\x1b[2J[/b]"))
    await front.press("enter")
    keys_line = front.screen.key_line.region.y
    assert front.lines()[keys_line].startswith(' "[b]\ufffd[2J[/b]" is not a day: write it like')
    await front.press("ctrl+u")
    front.app.post_message(events.Paste(" Thu,\n26 Nov\t2026 "))
    await front.press("enter")
    assert day_of(front.marked) == date(2026, 11, 26)


async def test_a_narrow_window_cuts_no_instruction(open_front: FrontOpener) -> None:
    async with open_front(size=(60, 16)) as front:
        await front.press("ctrl+g", *"somebody", "enter")
        assert front.lines()[front.screen.key_line.region.y] == (
            " That is not a day: write thu, 3/12, 3 feb or +2w."
        )
        await front.press("ctrl+u")
        assert day_line(front) == asked("", "thu, 3/12, 3 feb, +2w, yesterday")


async def test_where_the_day_has_nothing_the_next_one_is_said(front: Front) -> None:
    assert await gone_to(front, "29/11") == date(2026, 11, 30)
    assert front.line("keys") == "Nothing on Sun 29 Nov. This is Mon 30 Nov."
    await front.press("enter")
    assert front.screen.menu.is_open, "nothing was offered, so Enter is the menu"


async def test_where_nothing_comes_after_it_the_last_one_is_said(front: Front) -> None:
    assert await gone_to(front, "3/12") == date(2026, 12, 1)
    assert front.line("keys") == "Nothing from Thu 3 Dec on. This is Tue 1 Dec."
    assert await gone_to(front, "3 feb") == date(2026, 12, 1)
    assert front.line("keys") == "Nothing from Wed 3 Feb 2027 on. This is Tue 1 Dec 2026."


async def test_a_list_without_bookings_says_so(open_front: FrontOpener, store_without_bookings: Path) -> None:
    async with open_front(path=store_without_bookings) as front:
        await front.press("ctrl+g", *"thu", "enter", "enter")
        assert front.line("keys") == "There is no booking here to act on."


# -- from where, and back -------------------------------------------------------------------


async def test_it_is_empty_each_time(front: Front) -> None:
    screens = set()
    for way_out in ("escape", "enter", "escape"):
        await front.press("ctrl+g")
        screens.add(id(front.app.screen))
        assert day_line(front) == asked("", "thu, 3/12, 3 feb, +2w, yesterday")
        assert front.lines()[front.screen.key_line.region.y] == " Enter goes there   Esc back"
        await front.press(*"kovac", "enter", "ctrl+u", *"thu", way_out)
        assert front.app.screen is front.screen
    assert len(screens) == 1, "it stays ready"
    lines = front.app.get_screen("go-to-day").query(FindField)
    assert [line.value for line in lines] == [""]


async def test_from_find_it_goes_back_to_find_which_a_jump_empties(front: Front) -> None:
    await front.type("kov")
    await front.press("ctrl+g", "escape")
    assert front.screen.find.has_focus
    assert front.screen.find.value == "kov"
    assert len(front.rows()) == 8
    await front.press("ctrl+g", *"thu", "enter")
    assert front.screen.find.has_focus
    assert front.screen.find.value == ""
    assert front.line("found") == "68 bookings"
    assert day_of(front.marked) == date(2026, 11, 26)
    await front.type("lee")
    assert front.screen.find.value == "lee"


@pytest.mark.parametrize("key", ["g", "ctrl+g"])
@pytest.mark.parametrize("way_out", ["escape", "enter"])
async def test_from_the_list_it_goes_back_to_the_list(front: Front, key: str, way_out: str) -> None:
    await front.press("tab", key, *"thu", way_out)
    assert front.app.screen is front.screen
    assert front.screen.table.has_focus
    assert front.screen.find.value == ""


async def test_all_of_it_in_one_write_goes_to_thursday_and_opens_its_dialog(front: Front) -> None:
    await front.press("tab", "g", *"thu", "enter", "down", "up", "enter", "d")
    assert any(f"Booking {front.marked.ref}" in line for line in front.lines()[:2])
    assert day_of(front.marked) == date(2026, 11, 26)


async def test_the_palette_reaches_it_by_its_first_letters(front: Front) -> None:
    await front.press("ctrl+p", *"day")
    assert any("All commands" in line for line in front.lines())
    await front.press("enter")
    assert isinstance(front.app.screen, GoToDayScreen)
    await front.press(*"thu", "enter")
    assert day_of(front.marked) == date(2026, 11, 26)


async def test_help_names_it(front: Front) -> None:
    (action,) = (one for one in ALL_ACTIONS if one.id == "list.go_to_day")
    await front.press("f1")
    assert isinstance(front.app.screen, HelpScreen)
    assert any("g, Ctrl+G" in line and "Go to a day that you type" in line for line in front.lines())
    assert "last thu" in action.help


async def test_its_key_can_be_another_one(open_front: FrontOpener) -> None:
    async with open_front(settings=Settings(keys={"list.go_to_day": "z"})) as front:
        await front.press("tab", "z")
        assert isinstance(front.app.screen, GoToDayScreen)
        await front.press("escape", "g")
        assert front.line("keys") == "g does nothing here. Esc, then type a name."


# -- the other filters, and that day only ---------------------------------------------------


async def test_enter_again_shows_that_day_only(front: Front) -> None:
    await front.press("ctrl+g", *"thu", "enter", "enter")
    assert "FILTER Thu 26 Nov" in front.line("show")
    assert {day_of(one) for one in front.rows()} == {date(2026, 11, 26)}
    await front.press("enter")
    assert front.screen.menu.is_open


@pytest.mark.parametrize("key", ["down", "f5", "tab", "x"])
async def test_after_any_other_key_enter_is_the_menu_again(front: Front, key: str) -> None:
    await front.press("ctrl+g", *"thu", "enter", key)
    assert "Enter again" not in front.line("keys")
    await front.press("escape" if key == "x" else "end" if key == "tab" else key, "enter")
    assert "FILTER" not in front.line("show")


async def test_only_enter_takes_the_offer(front: Front) -> None:
    await front.press("tab", "g", *"thu", "enter", "m")
    assert front.screen.menu.is_open
    assert "FILTER" not in front.line("show")


async def test_a_filter_of_days_ends_with_the_jump_and_the_others_stay(front: Front) -> None:
    await front.press("tab", "t", "1", "g", *"tue", "enter")
    assert "FILTER Upcoming  24 of" in front.line("show")
    assert day_of(front.marked) == date(2026, 11, 24)
    await front.press("enter")
    assert "FILTER Upcoming | Tue 24 Nov" in front.line("show")


async def test_that_nothing_is_there_is_said_of_the_filter_where_there_is_one(front: Front) -> None:
    await front.press("tab", "3", "g", *"thu", "enter")
    assert front.marked.ref == "SD-10483"
    assert front.line("keys") == "Filtered: nothing from Thu 26 Nov on. This is Thu 12 Nov."
    await front.press("g", *"1/11", "enter")
    assert front.line("keys") == "Filtered: nothing on Sun 1 Nov. This is Thu 12 Nov."


async def test_filters_that_narrowed_a_search_go_with_it(front: Front) -> None:
    await front.type("kov")
    await front.press("tab", "3", "g", *"thu", "enter")
    assert "All days, all practices, cancelled too" in front.line("show")
    assert day_of(front.marked) == date(2026, 11, 26)


# -- several clocks -------------------------------------------------------------------------


async def test_a_day_is_the_one_at_the_practice(open_front: FrontOpener, tmp_path: Path) -> None:
    """A booking of Friday in Sydney that begins before the last ones of Thursday in Perth."""
    path = tmp_path / "far-apart.db"
    store = await open_store(f"sqlite:///{path}", clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    perth = replace(PRACTICES[1], id="perth", short="PER", time_zone="Australia/Perth")
    await store.registry.apply_practices([*PRACTICES, perth], KIM)
    one = next(iter(kovacs()))
    night = datetime(2026, 11, 26, 13, 30, tzinfo=UTC)  # Fri 00:30 in Sydney, Thu 21:30 in Perth
    await store.registry.load(
        [
            replace(one, ref="FRI-SYD", pms_ref="1", practice_id="sydney", starts_at=night, ends_at=None),
            replace(
                one,
                ref="THU-PER",
                pms_ref="2",
                practice_id="perth",
                starts_at=night.replace(hour=14),
                ends_at=None,
            ),
        ],
        KIM,
        "tests",
    )
    await store.close()
    async with open_front(path=path) as front:
        await gone_to(front, "thu")
        assert front.marked.ref == "THU-PER"
        await gone_to(front, "fri")
        assert front.marked.ref == "FRI-SYD"
        await gone_to(front, "wed")
        assert front.line("keys") == "Nothing on Wed 25 Nov. This is Fri 27 Nov."


# -- a day typed at Find --------------------------------------------------------------------


async def test_a_day_that_is_nobodys_name_is_gone_to_by_one_key(front: Front) -> None:
    for text, line, day in (
        ("thu", 'Nobody is called "thu". Ctrl+G goes to Thu 26 Nov.', date(2026, 11, 26)),
        ("yesterday", 'Nobody is called "yesterday". Ctrl+G goes to Sat 21 Nov.', date(2026, 11, 21)),
        ("26/11/26", 'Nobody found for "26/11/26". Ctrl+G goes to Thu 26 Nov.', date(2026, 11, 26)),
    ):
        await front.type(text)
        assert f"      {line}" in front.lines()
        await front.press("ctrl+g")
        assert front.app.screen is front.screen
        assert day_of(front.marked) == day
        assert front.screen.find.value == ""
        assert "Enter again: only that day." in front.line("keys")


async def test_what_is_no_day_or_rather_a_birth_date_is_not_taken_for_one(front: Front) -> None:
    for text in ("kovacs", "thux", "3/11/52", "14/3/99", "kov thu"):
        await front.press("escape")
        await front.type(text)
        assert front.rows() == []
        assert any(f'Nobody found for "{text}"' in line for line in front.lines())
        await front.press("ctrl+g")
        assert isinstance(front.app.screen, GoToDayScreen)
        assert day_line(front).startswith(asked("", ""))
        await front.press("escape")


async def test_what_finds_bookings_is_not_taken_for_a_day(front: Front) -> None:
    assert day_at_find("20", date(2026, 11, 22)) == date(2026, 11, 20)
    await front.type("20")
    assert front.rows()
    await front.press("ctrl+g")
    assert isinstance(front.app.screen, GoToDayScreen)


async def test_under_a_filter_it_is_not_said_that_nobody_is_called_so(front: Front) -> None:
    await front.type("kov")
    await front.press("tab", "1", "escape", *"thu")
    assert "FILTER Upcoming" in front.line("show")
    assert not any("Nobody is called" in line for line in front.lines())


async def test_a_narrow_window_says_it_in_two_lines(open_front: FrontOpener) -> None:
    async with open_front(size=(60, 16)) as front:
        await front.type("day before yesterday")
        assert '      Nobody is called "day before yesterday".' in front.lines()
        assert "      Ctrl+G goes to Fri 20 Nov." in front.lines()


async def test_the_key_is_not_named_where_it_does_nothing(front: Front) -> None:
    await front.type("thu")
    await front.press("ctrl+p")
    behind = "\n".join(front.screen.notice())
    assert 'Nobody found for "thu"' in behind
    assert "Ctrl+G" not in behind
    await front.press("escape")
    assert "Ctrl+G goes to Thu 26 Nov." in "\n".join(front.screen.notice())


# -- a world that changes meanwhile ---------------------------------------------------------


async def asked_for(front: Front, store: Late, *keys: str) -> None:
    """Ask for a day by these keys, until the store has been asked for a page that it holds back."""
    store.holds = {"page"}
    await posted(front, "ctrl+g", *keys)
    await store.asked.wait()


async def test_a_slow_store_keeps_nobody_from_typing_a_day(open_front: FrontOpener) -> None:
    made: list[Late] = []
    async with open_front(wrap=late(made)) as front:
        await front.type("kov")
        await asked_for(front, made[0], *"thu", "enter")
        await settled_down(front)
        assert front.screen.find.value == ""
        # What is typed on goes to Find and is neither lost nor taken for the list's keys.
        await posted(front, *"mir")
        await settled_down(front)
        assert front.screen.find.value == "mir"
        made[0].may_come.set()
        await front.idle()
        assert {one.patient.name for one in front.rows()} == {"Mirela Kovač"}
        assert "Enter again" not in front.line("keys"), "the answer is for the key that came last"
        await front.press("enter")
        assert front.screen.menu.is_open
        assert "FILTER" not in front.line("show")


async def test_enter_twice_waits_for_a_slow_store_and_shows_that_day(open_front: FrontOpener) -> None:
    made: list[Late] = []
    async with open_front(wrap=late(made)) as front:
        await asked_for(front, made[0], *"thu", "enter", "enter")
        await settled_down(front)
        assert not front.screen.menu.is_open
        made[0].may_come.set()
        await front.idle()
        assert "FILTER Thu 26 Nov" in front.line("show")


async def test_rows_of_another_question_do_not_stay_while_the_day_is_awaited(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.listing.LATE", 0.01)
    made: list[Late] = []
    async with open_front(wrap=late(made)) as front:
        await front.type("kov")
        await asked_for(front, made[0], *"thu", "enter")
        while front.rows():
            await front.pilot.pause(0.01)
        assert "      Reading the bookings..." in front.lines()
        made[0].may_come.set()
        await front.idle()
        assert day_of(front.marked) == date(2026, 11, 26)


async def test_a_jump_that_failed_is_asked_again_when_the_store_answers(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        await front.type("kov")
        cut[0].error = AWAY
        await front.press("ctrl+g", *"thu", "enter")
        assert front.rows() == []
        assert front.screen.find.value == ""
        await front.press("enter")
        assert "no booking here" in front.line("keys")
        cut[0].error = None
        await front.until(lambda: front.rows())
        assert day_of(front.marked) == date(2026, 11, 26)
        assert is_first_of_its_day(front)


async def test_another_desks_change_leaves_the_line_and_is_in_the_list_behind_it(front: Front) -> None:
    await front.press("ctrl+g", *"th")
    await cancel_there(front.store, front.marked.ref)
    await front.until(lambda: front.marked.cancellation is not None)
    assert day_line(front) == asked("th", "Thu 26 Nov, in 4 days")
    await front.press("u", "enter")
    assert day_of(front.marked) == date(2026, 11, 26)


async def test_the_line_stays_in_its_place_and_keeps_its_text_in_any_window(front: Front) -> None:
    await front.press("ctrl+g", *"next thu")
    await front.pilot.resize_terminal(120, 40)
    await front.idle()
    assert day_line(front).startswith(asked("next thu", "Thu 26 Nov, in 4 days."))
    assert front.lines()[front.screen.key_line.region.y] == " Enter goes there   Esc back"
    await front.pilot.resize_terminal(40, 10)
    await front.until(lambda: isinstance(front.app.screen, TooSmallScreen))
    await front.pilot.resize_terminal(60, 16)
    await front.until(lambda: isinstance(front.app.screen, GoToDayScreen))
    assert day_line(front) == asked("next thu", "Thu 26 Nov, in 4 days")
    assert front.lines()[front.screen.key_line.region.y] == " Enter goes there   Esc back"
    await front.press("enter")
    assert day_of(front.marked) == date(2026, 11, 26)


async def test_the_lock_closes_it_and_nothing_is_gone_to(store_path: Path) -> None:
    async with signed_in(store_path, Pins()) as front:
        await sign_in(front)
        marked = front.marked
        await front.press("ctrl+g", *"tue", "f9")
        assert not isinstance(front.app.screen, BookingsScreen | GoToDayScreen)
        assert not any("Tue" in line for line in front.lines())
        await front.press("tab")
        await sign_in(front, "2580", "tom")
        assert front.app.screen is front.screen
        assert front.screen.find.value == ""
        assert front.marked == marked
        await front.press("enter")
        assert front.screen.menu.is_open


async def test_another_operator_hears_nothing_of_a_day_that_comes_late(store_path: Path) -> None:
    made: list[Late] = []
    async with signed_in(store_path, Pins(), wrap=late(made)) as front:
        await sign_in(front)
        marked = front.marked
        await asked_for(front, made[0], *"tue", "enter")
        await posted(front, "f9")
        await settled_down(front)
        assert front.app.screen is not front.screen
        made[0].may_come.set()
        await front.press("tab")
        await sign_in(front, "2580", "tom")
        assert front.marked == marked
        assert "Tue" not in front.line("keys")


async def test_who_locked_it_comes_back_to_the_list(store_path: Path) -> None:
    async with signed_in(store_path, Pins()) as front:
        await sign_in(front)
        await front.press("ctrl+g", *"tue", "f9")
        await sign_in(front)
        assert front.app.screen is front.screen
        assert front.screen.find.has_focus
        assert "Tue" not in front.lines()[0]


async def test_what_was_offered_to_one_operator_is_not_done_for_another(store_path: Path) -> None:
    async with signed_in(store_path, Pins()) as front:
        await sign_in(front)
        await front.press("ctrl+g", *"thu", "enter")
        assert "Enter again" in front.line("keys")
        await front.app.action_lock()
        await front.press("tab")
        await sign_in(front, "2580", "tom")
        assert "Enter again" not in front.line("keys")
        await front.press("enter")
        assert "FILTER" not in front.line("show")
