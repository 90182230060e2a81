"""The diary of Open Dental: what is listed, what proves it whole, and who works where and when."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.pms.diary import Block, WeeklyHours
from frontdesk.pms.open_dental import OpenDental
from frontdesk.pms.port import (
    CancelRequest,
    ContractDrift,
    PmsError,
    PmsUnavailable,
)
from tests.unit.scripted_open_dental import (
    CHAIRS,
    DAY,
    ID,
    NOW,
    ROW,
    Server,
    answer,
    dental,
    history,
    schedule,
)


async def test_a_day_is_asked_for_by_the_practices_calendar() -> None:
    server = Server([ROW])
    await dental(server).appointments(*DAY, location="2")
    assert server.asked[0][1:3] == (
        "/appointments",
        {
            "dateStart": "2026-11-26",
            "dateEnd": "2026-11-26",
            "DateTimeFormatString": "yyyy-MM-dd HH:mm:ss zzz",
            "ClinicNum": "2",
            "Limit": "100",
        },
    )


async def test_a_page_begins_with_the_last_row_of_the_one_before() -> None:
    """Rule 11: what is counted off by rows shifts when somebody books or deletes meanwhile."""
    rows = [ROW | {"AptNum": number} for number in range(1, 131)]
    server = Server(rows[:100], rows[99:])
    asking = dental(server)
    first = await asking.appointments(*DAY)
    second = await asking.appointments(*DAY, first.cursor)
    assert [int(one.ref) for one in first.appointments + second.appointments] == [*range(1, 131)]
    assert second.cursor is None
    assert server.asked[1][2]["Offset"] == "99"
    for shifted, error in ((rows[100:], PmsUnavailable), ([], ContractDrift), (rows[:100], ContractDrift)):
        asking = dental(Server(rows[:100], shifted))
        page = await asking.appointments(*DAY)
        with pytest.raises(error):
            await asking.appointments(*DAY, page.cursor)


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        (datetime(2026, 11, 24, 0, 0, 0, 400_000, tzinfo=UTC), "2026-11-24 10:29:59"),
        # The clocks go back at 16:30 UTC: what is stamped after that may read an hour earlier.
        (datetime(2026, 4, 4, 16, 20, tzinfo=UTC), "2026-04-05 01:49:59"),
        (datetime(2026, 4, 4, 16, 40, tzinfo=UTC), "2026-04-05 02:09:59"),
    ],
)
async def test_changes_are_asked_for_from_the_second_on_by_any_clock(since: datetime, asked: str) -> None:
    server = Server([])
    await dental(server).changes(since)
    assert server.asked[0][2]["DateTStamp"] == asked


@pytest.mark.parametrize("status", [400, 401, 404, 410, 504])
async def test_a_list_that_is_refused_is_no_empty_list(status: int) -> None:
    """Rules 1 and 5: a 410 that was swallowed left a green status and an empty diary."""
    for ask in BUT_FOR_DELETES:
        with pytest.raises(PmsError):
            await ask(dental(Server(answer("No.", status))))


async def test_what_was_deleted_is_told_by_the_history_and_proven() -> None:
    """Rule 7: deletes are invisible to incremental reads."""
    old = history(1, "Deleted", appointment=19) | {"HistDateTStamp": "2026-11-23 09:00:00"}
    server = Server(
        [ROW],
        [old, history(2, "Deleted", appointment=20), history(3, "Deleted", appointment=21)],
        answer("Appointment not found.", 404),
        ROW | {"AptNum": 21},
    )
    asking = dental(server)
    since = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    first = await asking.changes(since)
    second = await asking.changes(since, first.cursor)
    assert ([one.ref for one in first.appointments], first.gone) == (["18"], ())
    assert (second.appointments, second.gone, second.cursor) == ((), ("20",), None)


async def test_an_older_version_tells_no_deletes_and_is_not_asked_again() -> None:
    asking = dental(Server([], answer("The version is not high enough.", 400), []))
    page = await asking.changes(NOW, (await asking.changes(NOW)).cursor)
    assert (page.gone, page.cursor, asking.abilities.shows_deleted) == ((), None, False)
    assert (await asking.changes(NOW)).cursor is None


async def test_a_blockout_is_a_time_off_of_whoever_works_in_its_operatories() -> None:
    meeting = schedule("Blockout", blockoutType="Staff Meeting", operatories="5,6")
    start = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    end = start + timedelta(minutes=30)
    for place, expected in (
        (
            "",
            {
                Block("25884 3", "3", start, end, "Staff Meeting"),
                Block("25884 4", "4", start, end, "Staff Meeting"),
            },
        ),
        ("2", {Block("25884", "4", start, end, "Staff Meeting")}),
    ):
        server = Server(CHAIRS, [meeting, schedule("Practice", Note="3 Day Weekend")])
        assert {*await dental(server).blocks(*DAY, place)} == expected
        assert server.asked[1][2]["SchedType"] == "Blockout"


async def test_hours_are_those_of_the_next_day_of_each_weekday() -> None:
    rows = [
        schedule("Provider", ProvNum="3", operatories="5", SchedDate="2026-11-26", StartTime="08:00:00"),
        schedule("Provider", ProvNum="3", operatories="5", SchedDate="2026-12-03", StartTime="09:00:00"),
        schedule("Provider", ProvNum="4", operatories="6", SchedDate="2026-11-27", StopTime="18:00:00"),
        schedule("Employee", ProvNum="0"),
    ]
    three = WeeklyHours("3", 4, time(8), time(14))
    four = WeeklyHours("4", 5, time(13, 30), time(18))
    for place, expected in (("", {three, four}), ("1", {three}), ("2", {four})):
        assert {*await dental(Server(CHAIRS, rows)).hours(place)} == expected


# Whatever comes


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 30)
    | st.sampled_from(["", "18", "Broken", "0001-01-01 00:00:00", "Missed"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(sorted(ROW)), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = (*ROW, "HistApptNum", "HistApptAction", "HistDateTStamp", *schedule(""), *CHAIRS[0], "Birthdate")
ROWS: tuple[dict[str, Any], ...] = (
    ROW,
    history(1, "Missed"),
    schedule("Provider"),
    schedule("Blockout"),
    CHAIRS[1],
    {},
)


@st.composite
def rows(draw: st.DrawFn) -> object:
    odd = draw(st.dictionaries(st.sampled_from(FIELDS), values, max_size=4))
    return draw(st.sampled_from(ROWS)) | odd


replies = st.lists(rows() | values, max_size=3) | rows() | values

BUT_FOR_DELETES: tuple[Callable[[OpenDental], Awaitable[object]], ...] = (
    lambda asking: asking.ping(),
    lambda asking: asking.appointments(*DAY),
    lambda asking: asking.appointments(*DAY, "99 1 18"),
    lambda asking: asking.changes(NOW),
    lambda asking: asking.appointment("18"),
    lambda asking: asking.patient("17"),
    lambda asking: asking.practitioners(),
    lambda asking: asking.locations(),
    lambda asking: asking.blocks(*DAY),
    lambda asking: asking.hours(),
)

ASKED = (*BUT_FOR_DELETES, lambda asking: asking.changes(NOW, "deleted"))
"""What is asked; versions that tell no deletes refuse the last question, which is no error."""


@settings(max_examples=60, deadline=None)
@given(st.lists(replies, min_size=4, max_size=4), st.sampled_from(ASKED))
async def test_whatever_comes_it_is_read_or_refused(
    said: list[object], ask: Callable[[OpenDental], Awaitable[object]]
) -> None:
    server = Server(*said, *([answer("Not found.", 404)] * 20))
    with suppress(PmsError):
        await ask(dental(server))


@settings(max_examples=60, deadline=None)
@given(st.lists(replies, min_size=4, max_size=4))
async def test_whatever_comes_no_cancel_is_taken_for_done_that_was_not_seen(said: list[object]) -> None:
    server = Server(ROW, *said, *([answer("Not found.", 404)] * 20))
    with suppress(PmsError):
        await dental(server).cancel("18", CancelRequest(ID, "Sick"))
        shown = said[1]
        assert isinstance(shown, dict)
        assert shown["AptStatus"] in ("Broken", "UnschedList")
