"""The bar, what is wrong in line 3, the Last line, and what leaving says: all fit, none claims too much."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from frontdesk.bookings import Standing
from frontdesk.commands import Subject
from frontdesk.desk import Desk, OpenDesk, Settings
from frontdesk.errors import Unavailable
from frontdesk.screens.list.last_write import LastWrite
from frontdesk.screens.shell.leave import LeaveScreen, question
from frontdesk.store.port import BookingStore, Change
from frontdesk.store_state import ConnectionState, StoreState, Trouble
from frontdesk.widgets.line import TextBlock
from frontdesk.words.bar import bar, no_connection, what_is_wrong
from frontdesk.words.told import Part, Role
from tests.making import cancel, cancel_of
from tests.screens.conftest import DISPATCHER, FrontOpener
from tests.screens.desk_data import KIM, NOW, PRACTICES
from tests.screens.front import Front, key_event

PRAKTIKA_AWAY = Trouble("Praktika", NOW - timedelta(minutes=23))


def waiting_for(*troubles: Trouble) -> tuple[ConnectionState, ...]:
    """Connections in trouble that keep a delivery waiting each."""
    return tuple(ConnectionState(trouble.name, under_way=1, trouble=trouble) for trouble in troubles)


def desk(state: dict[str, Any], **changes: Any) -> OpenDesk:
    """An open desk on a store in this state, at 09:14."""
    there = StoreState(**{"standing": Standing(), "now": NOW, "number": 1, "bookings": 12_410, **state})
    given = Desk(cast("Any", None), KIM, lambda: 0.0, Settings(), lambda _: "")
    made = OpenDesk(given, cast("BookingStore", None), PRACTICES, (), there, 0.0)
    return replace(made, **changes)


def shown(opened: OpenDesk, width: int = 80) -> str:
    line = bar(opened, width)
    assert line.width <= width
    return line.text.strip()


def said(opened: OpenDesk) -> str:
    """What is wrong at this desk, as line 3 of Bookings says it."""
    wrong = no_connection(opened) or what_is_wrong(opened, names_keys=True)
    return wrong.text.strip() if wrong else ""


def chips(opened: OpenDesk) -> list[str]:
    """What nobody may overlook on the bar."""
    return [part.text.strip() for part in bar(opened, 80).right if part.role is Role.CHIP]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "frontdesk   Sun 22 Nov 09:14  Adelaide  Kim Nguyen   ! 3 need a person  F4"),
        (70, "frontdesk   Sun 22 Nov 09:14  Kim Nguyen   ! 3 need a person  F4"),
        (60, "frontdesk   Sun 22 Nov 09:14   ! 3 need a person  F4"),
        (36, "frontdesk   ! 3 need a person  F4"),
    ],
)
def test_what_needs_a_person_stays_longest_on_the_bar(width: int, line: str) -> None:
    assert shown(desk({"need_person": 3}), width) == line


def test_only_what_shouts_is_a_chip() -> None:
    assert chips(desk({})) == []
    assert chips(desk({"under_way": 1})) == []
    assert chips(desk({"need_person": 1})) == ["! 1 needs a person  F4"]
    assert chips(desk({"standing": Standing(why_not_writable="the disk is full")})) == ["READ ONLY"]
    assert chips(desk({"need_person": 3}, away_since="09:12")) == ["No connection since 09:12"]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ({}, ""),
        ({"under_way": 1, "need_person": 3}, ""),
        (
            {"under_way": 3, "connections": waiting_for(PRAKTIKA_AWAY)},
            "Praktika does not answer since 08:51: 1 booking waits.",
        ),
        (
            {"under_way": 3, "connections": waiting_for(replace(PRAKTIKA_AWAY, is_locked_out=True))},
            "Praktika does not let us in since 08:51: 1 booking waits.",
        ),
        (
            {
                "under_way": 1,
                "connections": waiting_for(
                    replace(PRAKTIKA_AWAY, name="E-mail"),
                    Trouble("Praktika", NOW - timedelta(days=1)),
                ),
            },
            "Praktika does not answer since Sat 21 Nov 09:14, 1 more in trouble: 2 bookings wait.",
        ),
        ({"under_way": 3, "unattended": 3}, "3 bookings wait until frontdesk deliver runs."),
        ({"under_way": 3, "unattended": 1}, "1 booking waits until frontdesk deliver runs."),
        (
            {"standing": Standing(why_not_writable="the disk is full"), "under_way": 1, "unattended": 1},
            "READ ONLY: the disk is full",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(state: dict[str, Any], line: str) -> None:
    assert said(desk(state)) == line


def test_a_store_that_is_away_is_said_before_all_else() -> None:
    away = desk({"connections": waiting_for(PRAKTIKA_AWAY)}, away_since="09:12")
    assert said(away) == "No connection to the bookings since 09:12. Nothing can be cancelled now."


def test_what_other_desks_did_is_counted_with_the_key_that_shows_it() -> None:
    theirs = {number: Change(number, Subject("booking", number), number, KIM, NOW) for number in (1, 2)}
    assert (
        said(desk({"under_way": 9}, changed_elsewhere=theirs)) == "2 changes by other desks. F5 shows them."
    )


@pytest.mark.parametrize(
    ("pms", "patient", "width", "line"),
    [
        (
            Part("Praktika told", Role.DONE),
            Part("e-mail sent", Role.DONE),
            85,
            "09:14  Mirela Kovač Thu 26 Nov 10:30   ✓ cancelled   ✓ Praktika told   ✓ e-mail sent",
        ),
        (
            Part("Praktika waiting", Role.WAITING),
            Part("e-mail waiting", Role.WAITING),
            80,
            "09:14  Mirela Kovač   ✓ cancelled   Praktika waiting   e-mail waiting",
        ),
        (
            Part("Praktika unknown, checking", Role.CHIP),
            Part("e-mail sent", Role.DONE),
            76,
            "09:14  Mirel..   ✓ cancelled    Praktika unknown, checking    ✓ e-mail sent",
        ),
        (
            Part("Core Practice unknown, checking", Role.CHIP),
            Part("phone the patient", Role.CHIP),
            80,
            "09:14   ✓ cancelled    Core Practice unknown, checking     phone the patient",
        ),
    ],
)
def test_the_facts_stay_whole_and_the_name_before_the_day(
    pms: Part, patient: Part, width: int, line: str
) -> None:
    facts = (Part("cancelled", Role.DONE), pms, patient)
    shown = LastWrite("09:14", "Mirela Kovač", "Thu 26 Nov 10:30", facts).in_width(width)
    assert shown.text.strip() == line
    assert shown.width <= width


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ((0, 0), "Leave frontdesk? y leaves, Esc stays"),
        ((1, 0), "Leave frontdesk? 1 under way. y / Esc"),
        (
            (1, 3, 0, 1),
            "Leave frontdesk? 1 under way goes on without this desk; 3 need a person, 1 today. y / Esc",
        ),
        ((2, 0, 0), "Leave frontdesk? 2 under way go on without this desk. y / Esc"),
        ((1, 0, 1), "Leave frontdesk? 1 under way waits until frontdesk or deliver runs. y / Esc"),
        (
            (3, 1, 2),
            "Leave frontdesk? 3 under way, 2 of them wait until frontdesk or deliver runs; 1 needs a person. y / Esc",
        ),
    ],
)
def test_what_leaving_asks(arguments: tuple[int, ...], asked: str) -> None:
    assert question(*arguments) == asked


class Dispatches:
    """A dispatcher that runs until cancelled; the test says what would be left alone."""

    def __init__(self, alone: int = 0) -> None:
        self.alone = alone
        self.is_known = True
        self.woken = 0
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    async def prepare(self) -> None:
        """There is nothing to find out."""

    async def run(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    def wake(self) -> None:
        self.woken += 1

    async def left_alone(self) -> int:
        if not self.is_known:
            raise Unavailable("The line is cut.")
        return self.alone


async def cancel_seen(front: Front, ref: str) -> None:
    (booking,) = await front.store.find(ref)
    await cancel(front.store, cancel_of(booking, KIM))
    await front.until(lambda: "by other desks" in front.shows)
    await front.press("f5")


def asked(front: Front) -> str:
    assert isinstance(front.app.screen, LeaveScreen)
    block = front.app.screen.query_one("#question", TextBlock)
    return " ".join(" ".join(block.lines).split())


async def test_the_dispatcher_runs_beside_the_screen_and_ends_with_it(open_front: FrontOpener) -> None:
    dispatch = Dispatches()
    async with open_front(dispatch=dispatch) as front:
        await front.until(dispatch.started.is_set)
        await front.type("sd-10482")
        await front.press("enter", "c")
        front.clock.advance(2.0)
        await front.press("f8")
        await front.until(lambda: dispatch.woken)
        assert dispatch.woken
        assert not dispatch.ended.is_set()
    assert dispatch.ended.is_set()


async def test_what_is_known_only_beside_the_screen_comes_onto_the_list(
    open_front: FrontOpener,
) -> None:
    notices: list[str] = []
    looked = asyncio.Event()

    class Looks(Dispatches):
        async def prepare(self) -> None:
            await looked.wait()
            notices.append("there is no credential smtp")

        async def run(self) -> None:
            # At this moment nothing else can have brought the line up to date.
            said.append(front.shows)
            await super().run()

    dispatch, said = Looks(), list[str]()
    async with open_front(dispatch=dispatch, notices=notices) as front:
        assert "credential" not in front.shows
        assert not dispatch.started.is_set()
        looked.set()
        await front.until(dispatch.started.is_set)
    (line,) = said
    assert "there is no credential smtp" in line


async def test_a_bug_in_the_dispatcher_leaves_the_screen_alone(open_front: FrontOpener) -> None:
    class Breaks(Dispatches):
        async def run(self) -> None:
            raise ZeroDivisionError

    async with open_front(dispatch=Breaks()) as front:
        await front.until(lambda: front.reports)
        await front.type("kov")
        assert front.marked.ref == "SD-10485"
        assert [type(report) for report in front.reports] == [ZeroDivisionError]
        front.reports.clear()


@pytest.mark.parametrize(
    ("alone", "said"),
    [
        (0, "2 under way go on without this desk"),
        (2, "2 under way wait until frontdesk or deliver runs"),
    ],
)
async def test_this_desks_own_dispatcher_does_not_go_on_when_it_is_left(
    open_front: FrontOpener, alone: int, said: str
) -> None:
    async with open_front(dispatch=Dispatches(alone)) as front:
        await cancel_seen(front, "SD-10482")
        await front.press("tab", "q")
        assert asked(front) == f"Leave frontdesk? {said}. y / Esc"
        await front.press("escape")
        assert front.app.screen is front.screen


async def test_leaving_promises_nothing_while_nobody_knows(open_front: FrontOpener) -> None:
    dispatch = Dispatches()
    dispatch.is_known = False
    async with open_front(dispatch=dispatch) as front:
        await cancel_seen(front, "SD-10482")
        await front.press("tab", "q")
        assert asked(front) == "Leave frontdesk? 2 under way. y / Esc"
        front.app.post_message(key_event("y"))
        while not front.app._exit:
            await front.pilot.pause(0.01)


async def test_leaving_counts_what_needs_a_person_today(open_front: FrontOpener) -> None:
    async with open_front() as front:
        await cancel_seen(front, "SD-10482")
        for ref in ("SD-10486", "SD-20043"):
            (booking,) = await front.store.find(ref)
            await cancel(front.store, cancel_of(booking, KIM))
        await front.press("tab", "q")
        assert asked(front).endswith("3 need a person. y / Esc")
        await front.press("escape")
        front.clock.advance((datetime(2026, 11, 26, 23, 0, tzinfo=UTC) - NOW).total_seconds() - 3600 * 3)
        await front.press("tab", "q")
        assert asked(front).endswith("3 need a person, 2 today. y / Esc")


async def test_without_a_dispatcher_of_its_own_the_store_says_who_goes_on(open_front: FrontOpener) -> None:
    stores: list[Any] = []

    def kept(store: BookingStore) -> BookingStore:
        stores.append(store)
        return store

    async with open_front(wrap=kept) as front:
        await cancel_seen(front, "SD-10482")
        await front.press("tab", "q")
        assert "go on without this desk" in asked(front)
        await front.press("escape")
        await stores[0].queue.retire(DISPATCHER)
        await front.press("tab", "q")
        assert "wait until frontdesk or deliver runs" in asked(front)


async def test_who_dispatches_is_asked_again_each_minute(open_front: FrontOpener) -> None:
    stores: list[Any] = []

    def kept(store: BookingStore) -> BookingStore:
        stores.append(store)
        return store

    async with open_front(wrap=kept) as front:
        await cancel_seen(front, "SD-10482")
        await stores[0].queue.retire(DISPATCHER)
        assert "deliver" not in front.shows
        front.screen._each_minute()
        await front.idle()
        assert "2 bookings wait until frontdesk deliver runs." in front.shows
