"""Find: what it understands, when filters rest, and where the cursor goes."""

from tests.screens.desk_data import MIRELA
from tests.screens.front import Front


async def test_starts_on_the_first_booking_not_yet_started(front: Front) -> None:
    assert front.screen.find.has_focus
    assert front.shows == "All days, all practices, cancelled too"
    rows = front.screen.listing.view.rows
    cursor = front.screen.listing.view.cursor
    assert front.marked.starts_at > front.app.open_desk.now()  # type: ignore[union-attr]
    assert all(row.booking.starts_at <= front.app.open_desk.now() for row in rows[:cursor])  # type: ignore[union-attr]
    assert cursor > 0


async def test_letters_search_and_the_cursor_stands_on_the_first_hit_not_started(front: Front) -> None:
    await front.type("kov")
    refs = [row.booking.ref for row in front.screen.listing.view.rows]
    assert refs == [
        "SD-10481",
        "SD-10483",
        "SD-10484",
        "SD-10485",
        "SD-10482",
        "SD-10486",
        "SD-10487",
        "SD-10488",
    ]
    assert front.marked.ref == "SD-10485"
    assert "5 to come, 3 past or cancelled" in front.line("found")


async def test_a_search_with_only_past_hits_stands_on_the_last(front: Front) -> None:
    await front.type("brandt")
    assert front.marked.ref == "SD-10484"


async def test_two_name_parts_in_any_order(front: Front) -> None:
    await front.type("kov mir")
    assert {row.booking.patient.name for row in front.screen.listing.view.rows} == {MIRELA.name}


async def test_nobody_found_says_what_to_try(front: Front) -> None:
    await front.type("kovacs")
    text = "\n".join(front.lines())
    assert 'Nobody found for "kovacs"' in text
    assert "Try fewer letters" in text
    await front.press("enter")
    assert "no booking here" in front.line("keys")


async def test_filters_rest_while_there_is_a_search_and_come_back(front: Front) -> None:
    await front.press("tab", "3")
    assert front.shows.startswith("FILTER Cancelled")
    await front.press("escape")
    await front.type("lee")
    assert front.shows == "Searching every day. Your filter (Cancelled) comes back when Find is empty."
    assert len(front.screen.listing.view.rows) > 1
    await front.press("escape")
    assert front.shows.startswith("FILTER Cancelled")
    assert [row.booking.ref for row in front.screen.listing.view.rows] == ["SD-10483"]


async def test_a_filter_key_during_a_search_narrows_it_until_the_text_goes(front: Front) -> None:
    await front.type("kov")
    await front.press("tab", "1")
    assert front.shows.startswith("FILTER Upcoming")
    assert len(front.screen.listing.view.rows) == 5
    await front.press("escape", "escape")
    assert front.shows == "All days, all practices, cancelled too"


async def test_typing_after_a_dialog_replaces_the_old_text(front: Front) -> None:
    for way in (("enter", "escape"), ("enter", "c", "escape"), ("enter", "d", "escape"), ("f1", "escape")):
        front.screen.find.value = ""
        await front.type("kov")
        await front.press(*way)
        assert front.screen.find.has_focus
        await front.type("lee")
        assert front.screen.find.value == "lee", way


async def test_escape_twice_ends_in_an_empty_find_from_anywhere(front: Front) -> None:
    await front.type("kov")
    for way_in in (("tab",), ("enter",), ("tab", "d"), ("tab", "c")):
        await front.press(*way_in)
        await front.press("escape", "escape")
        assert front.screen.find.has_focus, way_in
        assert front.screen.find.value == "", way_in
        await front.type("kov")


async def test_a_mobile_a_birth_date_and_a_reference_find_the_patient(front: Front) -> None:
    for text in ("0491 570 006", "+61 491 570 006", "006", "14/3/81", "14 mar 81", "sd-10482"):
        front.screen.find.value = ""
        await front.idle()
        await front.type(text)
        refs = [row.booking.ref for row in front.screen.listing.view.rows]
        assert "SD-10482" in refs, text
        assert len(refs) <= 3, text
