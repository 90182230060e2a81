"""The bookings opened last, come back to by a key; and all bookings on one mobile."""

from pathlib import Path

from frontdesk.desk import RECENT
from tests.screens.front import Front
from tests.screens.pins import Pins
from tests.screens.test_lock import sign_in, signed_in


async def opened(front: Front, *refs: str) -> None:
    for ref in refs:
        await front.type(ref.lower())
        await front.press("tab", "d", "escape")


async def test_ctrl_r_comes_back_to_one_of_the_last_five_newest_first(front: Front) -> None:
    refs = ("SD-10481", "SD-10482", "SD-10483", "SD-10485", "SD-10486", "SD-10482", "SD-10488")
    await opened(front, *refs)
    await front.press("ctrl+r")
    text = "\n".join(front.lines())
    order = [text.index(name) for name in ("Siew Ling Kovac-Tan", "Thu 26 Nov 10:30 ADL", "Petra Kovalenko")]
    assert order == sorted(order)
    assert front.app.open_desk is not None
    assert len(front.app.open_desk.recent) == RECENT
    await front.press("down", "enter")
    assert front.screen.find.value == "SD-10482"
    assert front.screen.find.has_focus
    assert front.marked.ref == "SD-10482"


async def test_where_nothing_was_opened_it_says_so(front: Front) -> None:
    await front.press("ctrl+r")
    assert front.line("keys") == "No booking was opened here yet."


async def test_another_operator_comes_back_to_nothing_of_it(store_path: Path) -> None:
    async with signed_in(store_path, Pins()) as front:
        await sign_in(front)
        await opened(front, "SD-10482")
        await front.press("f9", "tab")
        await sign_in(front, "2580", "tom")
        await front.press("ctrl+r")
        assert front.line("keys") == "No booking was opened here yet."


async def test_h_shows_all_bookings_on_the_mobile_and_leaves_the_search(front: Front) -> None:
    await front.type("sd-10482")
    mobile = front.marked.patient.mobile
    await front.press("tab", "h")
    assert front.shows.startswith(f"FILTER household {mobile}")
    assert front.screen.find.value == ""
    assert front.marked.ref == "SD-10482"
    assert {one.patient.mobile for one in front.rows()} == {mobile}
    await front.press("0")
    assert "household" not in front.shows


async def test_h_says_whose_mobile_is_not_known(front: Front) -> None:
    await front.type("sd-10486")
    assert not front.marked.patient.mobile
    await front.press("tab", "h")
    assert front.line("keys") == f"No mobile is known of {front.marked.patient.name}."
