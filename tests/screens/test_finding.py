"""Find finds what she means: patients before practitioners, a way to these, and a name one letter away."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from frontdesk.bookings import Patient
from frontdesk.errors import Unavailable
from frontdesk.screens.list import meant
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, in_front, wrapped
from tests.screens.desk_data import KIM, NOW, everything, kovacs
from tests.screens.front import Front, key_event

EVERYTHING = "All days, all practices, cancelled too"
AWAY = Unavailable("The line is cut: see to the router.")


@pytest.fixture
async def store_path(store_path: Path) -> Path:
    """The filled store, with patients who have the names of practitioners and of a type."""
    store = await open_store(f"sqlite:///{store_path}", clock=lambda: NOW)
    (template, *_) = kovacs()

    def booking(number: int, name: str, practitioner: str, kind: str = "Filling") -> Any:
        return type(template)(
            line=number,
            practice_id="adelaide",
            patient=Patient(name, date(1970, 1, number), "0491 570 313"),
            practitioner_name=practitioner,
            appointment_type=kind,
            starts_at=NOW + timedelta(days=number),
            ref=f"FI-{number}",
        )

    lines = [
        booking(1, "Bruce Lee", "Dr Okafor"),
        booking(2, "Ann Crown", "Dr Okafor", "Crown"),
        booking(3, "Sam Brandt", "Ms Brandt"),
        booking(4, "Tom Reid", "Dr Brandtner"),
        booking(5, "Bruce Leeson", "Dr Okafor"),
        booking(6, "Thi Ng", "Dr Okafor"),
    ]
    await store.registry.load(lines, KIM, "tests")
    await store.close()
    return store_path


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meant, "REST", 0.0)


def names(front: Front) -> list[str]:
    return [one.patient.name for one in front.rows()]


def shown(front: Front) -> str:
    return "\n".join(front.lines())


async def test_lee_shows_patients_lee_and_says_how_dr_lee_is_shown(front: Front) -> None:
    of_dr_lee = sum(one.practitioner_name == "Dr Lee" for one in everything())
    await front.type("lee")
    assert names(front) == ["Bruce Lee", "Bruce Leeson"]
    assert front.line("show") == f"Patients called Lee. With Dr Lee {of_dr_lee}: Tab p"
    assert front.line("found") == "2 to come"
    await front.press("tab")
    assert front.line("show") == f"LIST   Patients called Lee. With Dr Lee {of_dr_lee}: p"
    await front.press("p")
    assert front.screen.find.value == ""
    assert f"FILTER Dr Lee  {of_dr_lee} of " in front.line("show")
    assert {one.practitioner.name for one in front.rows()} == {"Dr Lee"}
    assert front.screen.table.has_focus
    await front.press("0")
    assert EVERYTHING in front.line("show")


async def test_p_chooses_among_those_who_share_the_name_only(front: Front) -> None:
    await front.type("brandt")
    assert names(front) == ["Sam Brandt"]
    assert front.line("show") == "Patients called Brandt. With one of 2 practitioners: Tab p"
    await front.press("tab", "p")
    assert "Dr Brandtner" in shown(front)
    assert "Dr Okafor" not in shown(front)
    await front.press("down", "enter")
    assert "FILTER Ms Brandt" in front.line("show")
    assert front.screen.find.value == ""
    await front.press("p")
    assert "Dr Okafor" in shown(front), "without a search all can be chosen"


async def test_esc_at_the_chooser_leaves_the_search_as_it_is(front: Front) -> None:
    await front.type("brandt")
    await front.press("tab", "p", "escape")
    assert names(front) == ["Sam Brandt"]
    assert front.screen.find.value == "brandt"


async def test_a_type_of_the_name_is_named_and_p_chooses_among_all(front: Front) -> None:
    await front.type("crown")
    assert names(front) == ["Ann Crown"]
    assert front.line("show") == "Patients called Crown, not the type Crown."
    await front.press("tab", "p")
    assert "Dr Okafor" in shown(front)


async def test_where_nobody_shares_the_name_line_3_says_nothing_of_it(front: Front) -> None:
    for text in ("bruce", "okafor", "dr lee", "kov", "bruce lee"):
        await front.press("ctrl+u", *text)
        assert front.screen.find.value == text
        assert front.rows(), text
        assert EVERYTHING in front.line("show"), text


async def test_a_filter_in_force_comes_first_and_one_that_rests_is_still_said(front: Front) -> None:
    await front.press("tab", "3", "escape")
    await front.type("lee")
    assert front.line("show").startswith("Patients called Lee. With Dr Lee ")
    assert front.line("show").endswith("Your filter comes back.")
    await front.press("tab", "1")
    assert "FILTER Upcoming" in front.line("show")
    await front.press("p")
    assert "Dr Okafor" in shown(front)
    await front.press("escape", "escape", "escape")
    assert "FILTER Cancelled" in front.line("show")


async def test_line_3_follows_the_text(front: Front) -> None:
    await front.type("lee")
    await front.type("s")
    assert names(front) == ["Bruce Leeson"]
    assert EVERYTHING in front.line("show")
    await front.press("backspace")
    assert front.line("show").startswith("Patients called Lee. With Dr Lee ")
    await front.press("escape")
    assert EVERYTHING in front.line("show")


async def test_a_refresh_keeps_saying_whose_name_it_is(front: Front) -> None:
    await front.type("lee")
    said = front.line("show")
    await front.press("f5")
    assert front.line("show") == said


@pytest.mark.usefixtures("resting")
async def test_a_name_one_letter_away_is_offered_and_enter_searches_it(front: Front) -> None:
    await front.type("mriela kovac")
    await front.until(lambda: "Mirela" in shown(front))
    assert '      Nobody called "mriela kovac". Mirela Kovač? Enter' in front.lines()
    assert "Try fewer letters, the mobile or a birth date." in shown(front)
    await front.press("enter")
    assert front.screen.find.value == "Mirela Kovač"
    assert names(front) == ["Mirela Kovač"] * 4
    assert not front.screen.menu.is_open
    await front.press("enter")
    assert front.screen.menu.is_open


@pytest.mark.usefixtures("resting")
async def test_more_names_one_letter_away_are_said_too(front: Front) -> None:
    await front.type("tam")
    await front.until(lambda: "Tom, " in shown(front))
    assert '      Nobody called "tam". Tan? Enter'.replace("Tan", "Kovac-Tan") in front.lines()
    assert "      Or: Tom, Sam." in front.lines()
    await front.press("tab", "enter")
    assert names(front) == ["Siew Ling Kovac-Tan"], "from the list too"


async def test_nothing_is_asked_before_the_keys_rest(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    async with open_front(wrap=lambda store: Slow(store, asked)) as front:
        await front.type("mriela")
        await front.press("enter")
        assert asked == []
        assert front.line("keys") == "There is no booking here to act on."
        assert 'Nobody found for "mriela".' in shown(front)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize("text", ["kov", "mirela", "", "14/3/81"])
async def test_nothing_is_asked_where_somebody_was_found(open_front: FrontOpener, text: str) -> None:
    asked: list[str] = []
    async with open_front(wrap=lambda store: Slow(store, asked)) as front:
        front.screen.find.value = text
        await front.idle()
        assert front.rows()
        assert not front.screen.meant.is_unasked
        assert asked == []


@pytest.mark.usefixtures("resting")
async def test_a_text_that_is_a_day_offers_the_day_and_no_name(open_front: FrontOpener) -> None:
    asked: list[str] = []
    async with open_front(wrap=lambda store: Slow(store, asked)) as front:
        front.screen.find.value = "thu"
        await front.idle()
        assert 'Nobody is called "thu".' in shown(front)
        assert asked == []
        await front.press("enter")
        assert front.line("keys") == "There is no booking here to act on."


@pytest.mark.usefixtures("resting")
async def test_nothing_is_asked_beside_a_filter(open_front: FrontOpener) -> None:
    asked: list[str] = []
    async with open_front(wrap=lambda store: Slow(store, asked)) as front:
        await front.type("brandt")
        await front.press("tab", "3")
        assert front.rows() == []
        assert not front.screen.meant.is_unasked
        assert asked == []


class Slow:
    """A store whose answer to what is nearest comes when a test lets it."""

    def __init__(self, store: BookingStore, asked: list[str]) -> None:
        self._store: Any = store
        self.asked = asked
        self.answers = asyncio.Event()
        self.answered = asyncio.Event()

    async def nearest(self, text: str, limit: int) -> tuple[str, ...]:
        self.asked.append(text)
        await self.answers.wait()
        self.answered.set()
        found: tuple[str, ...] = await self._store.nearest(text, limit)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize("keys", [("x",), ("escape",), ("backspace",) * 2], ids=str)
async def test_an_answer_that_comes_after_the_text_has_changed_is_not_shown(
    open_front: FrontOpener, keys: tuple[str, ...]
) -> None:
    stores: list[Slow] = []

    async with open_front(wrap=in_front(stores, lambda store: Slow(store, []))) as front:
        await front.type("mriela")
        await front.until(lambda: stores[0].asked[-1:] == ["mriela"])
        await front.press(*keys)
        stores[0].answers.set()
        await front.idle()
        await front.pilot.pause()
        assert "Mirela?" not in shown(front)
        assert front.screen.meant.nearest(front.screen.find.value) == ()


@pytest.mark.usefixtures("resting")
async def test_a_text_that_has_changed_is_offered_nothing_while_its_search_is_under_way(
    open_front: FrontOpener,
) -> None:
    async with open_front() as front:
        await front.type("mriela")
        await front.until(lambda: "Mirela?" in shown(front))
        front.screen.find.value = "zzz"
        front.screen.show_table()
        assert "Mirela?" not in "\n".join(front.screen.notice())
        await front.idle()


@pytest.mark.usefixtures("resting")
async def test_another_text_that_finds_nobody_is_not_offered_the_names_of_the_last(front: Front) -> None:
    await front.type("mriela")
    await front.until(lambda: "Mirela?" in shown(front))
    screen = front.screen
    with screen.prevent(Input.Changed):
        screen.find.value = "zzz"
    await screen.listing.search("zzz")
    assert 'Nobody found for "zzz".' in "\n".join(screen.notice())


@pytest.mark.usefixtures("resting")
async def test_typing_ahead_chooses_no_name_that_was_not_on_the_screen(open_front: FrontOpener) -> None:
    asked: list[str] = []
    async with open_front(wrap=lambda store: Slow(store, asked)) as front:
        for key in (*"mriela", "enter", "c"):
            front.app.post_message(key_event(key))
        await front.idle()
        assert front.screen.find.value == "mrielac"
        assert front.app.screen is front.screen


@pytest.mark.usefixtures("resting")
async def test_a_store_that_goes_away_offers_nothing_and_says_no_more_than_before(
    open_front: FrontOpener, cut: list[Cut]
) -> None:
    async with open_front(wrap=wrapped(cut)) as front:
        cut[0].refuses = {"nearest"}
        cut[0].error = AWAY
        await front.type("mriela")
        await front.until(lambda: cut[0].refused["nearest"])
        assert 'Nobody found for "mriela".' in shown(front)
        assert "?" not in "".join(front.screen.notice())
        cut[0].error = None
        await front.press("backspace", "a")
        await front.until(lambda: "Mirela?" in shown(front))


@pytest.mark.usefixtures("resting")
async def test_a_lock_takes_the_offer_away(front: Front) -> None:
    await front.type("mriela")
    await front.until(lambda: "Mirela?" in shown(front))
    front.screen.start_over()
    await front.idle()
    assert "Mirela?" not in shown(front)
    assert front.screen.meant.nearest("mriela") == ()
