"""A diary whose PMS gives more than it was asked for: what was not asked for is left out, and counted."""

from datetime import timedelta
from typing import Any

import pytest

from frontdesk.pms.port import PmsNotFound, Unsupported
from tests.unit.pms_profiles import NOW, answer, connect, make_profile

END = NOW + timedelta(hours=1)
SITE = ('start = "/start"', 'start = "/start"\nlocation = "/site"')
GONE = ('field = "/status"', 'field = "/status"\ngone = ["/gone"]')
TOTAL = ("[auth]", '[paging]\nkind = "page"\nparameter = "page"\npages = "/pages"\ntotal = "/total"\n[auth]')
LIST = (
    "[routes.get]",
    '[routes.list]\npath = "/a"\nquery = { from = "{start}", site = "{location}" }\nitems = "/rows"\nitem = "/visit"\n[routes.get]',
)
CHANGES = (
    "[routes.get]",
    '[routes.changes]\npath = "/c"\nquery = { since = "{since}" }\nitems = "/rows"\nitem = "/visit"\n'
    '[[routes.changes.also]]\noff = "{since}"\n[routes.get]',
)
BLOCKS = (
    "[routes.get]",
    '[routes.blocks]\npath = "/b"\nitems = ""\nid = "/id"\npractitioner = "/who"\nstart = "/start"\nend = "/end"\n'
    'location = "/site"\n[routes.get]',
)


def row(ref: str, minutes: int = 0, site: str = "1", **more: Any) -> dict[str, Any]:
    """Return a row with an appointment in it, some minutes from now."""
    start = (NOW + timedelta(minutes=minutes)).isoformat()
    return {"visit": {"id": ref, "start": start, "status": "Booked", "site": site, "gone": None, **more}}


def page(*rows: dict[str, Any], total: int, pages: int = 1) -> Any:
    """Return a page of a list."""
    return answer({"rows": [*rows], "total": total, "pages": pages})


async def test_what_was_not_asked_for_is_left_out_of_the_total_too() -> None:
    rows = (
        row("1", -1),
        row("2"),
        row("3", 59),
        row("4", 60),
        row("5", 5, "2"),
        row("6", 5, gone=NOW.isoformat()),
    )
    profile = make_profile(SITE, GONE, TOTAL, LIST)
    pms, wire = connect(profile, page(*rows[:4], total=6, pages=2), page(*rows[4:], total=6, pages=2))
    first = await pms.appointments(NOW, END, location="1")
    assert ([one.ref for one in first.appointments], first.gone) == (["2", "3"], ())
    assert first.cursor is not None
    last = await pms.appointments(NOW, END, first.cursor, "1")
    assert (last.appointments, last.gone, last.cursor, last.total) == ((), ("6",), None, 2)
    assert [dict(one.params)["page"] for one in wire.asked] == ["1", "2"]
    assert {dict(one.params)["site"] for one in wire.asked} == {"1"}


async def test_without_a_location_none_is_asked_for() -> None:
    pms, wire = connect(make_profile(SITE, TOTAL, LIST), page(row("1"), row("2", 1, "2"), total=2))
    assert len((await pms.appointments(NOW, END)).appointments) == 2
    assert "site" not in dict(wire.asked[0].params)


async def test_where_no_location_is_told_none_can_be_asked_for() -> None:
    pms, wire = connect(make_profile(LIST))
    with pytest.raises(Unsupported):
        await pms.appointments(NOW, END, location="1")
    assert not wire.asked


async def test_changes_of_several_lists_are_each_told_once() -> None:
    moved, off = row("1", 30), row("2", status="Gone")
    profile = make_profile(SITE, GONE, TOTAL, CHANGES)
    gone = row("3", gone=NOW.isoformat())
    pms, wire = connect(profile, page(row("2"), moved, total=2), page(off, gone, total=2))
    found = await pms.changes(NOW)
    assert [(one.ref, one.raw_status) for one in found.appointments] == [("2", "Gone"), ("1", "Booked")]
    assert (found.gone, found.cursor, found.total) == (("3",), None, 2)
    assert [[name for name, _ in one.params] for one in wire.asked] == [["since", "page"], ["off", "page"]]


async def test_a_deleted_appointment_is_not_found_by_its_id() -> None:
    pms, _ = connect(make_profile(GONE), answer(row("7", gone=NOW.isoformat())["visit"]))
    with pytest.raises(PmsNotFound):
        await pms.appointment("7")


async def test_a_time_off_that_only_touches_the_window_is_outside() -> None:
    def block(ref: str, begins: int, ends: int, site: str = "1") -> dict[str, Any]:
        return {
            "id": ref,
            "who": 3,
            "site": site,
            "start": (NOW + timedelta(minutes=begins)).isoformat(),
            "end": (NOW + timedelta(minutes=ends)).isoformat(),
        }

    rows = [
        block("1", -30, 0),
        block("2", -30, 1),
        block("3", 59, 90),
        block("4", 60, 90),
        block("5", 5, 9, "2"),
    ]
    pms, _ = connect(make_profile(BLOCKS), answer(rows), answer(rows))
    assert [one.ref for one in await pms.blocks(NOW, END)] == ["2", "3", "5"]
    assert [one.ref for one in await pms.blocks(NOW, END, "1")] == ["2", "3"]
