"""Billing on the screen: the list with its filters and sums, invoices, and what nobody has decided yet."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from frontdesk.billing.adjustments import QUESTIONS, Ground, Review
from frontdesk.bookings import Booking, Operator, Presence, Scope, Standing
from frontdesk.commands import (
    Approve,
    Ask,
    Command,
    MarkAttended,
    MarkNoShow,
    Reject,
    RequestAdjustment,
    Subject,
)
from frontdesk.errors import Unavailable
from frontdesk.screens.billing import BillingScreen
from frontdesk.screens.dialogs.requesting import RequestScreen
from frontdesk.screens.dialogs.sending import SendingScreen
from frontdesk.screens.help import HelpScreen
from frontdesk.screens.invoices import InvoicesScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.undecided import UndecidedScreen
from frontdesk.store.opening import open_store
from frontdesk.store.port import STORE, BookingStore, Change
from frontdesk.store_state import StoreState
from tests.screens.billed_data import TO_DECEMBER, arriving, fill
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, in_front, wrapped
from tests.screens.desk_data import HOSTILE_NAMES, KIM, NOW, SYDNEY, TOM
from tests.screens.front import Front, StillClock
from tests.screens.golden import same_as_golden
from tests.screens.test_hostile_text import assert_harmless
from tests.screens.test_key_policy import look_at_bindings

BilledFront = Callable[..., AbstractAsyncContextManager[Front]]


@pytest.fixture
async def billed_path(tmp_path: Path) -> Path:
    """A store that is billed since November, of three practices, the patients of `PATIENTS` in it."""
    path = tmp_path / "billed.db"
    await fill(path)
    return path


@pytest.fixture
def open_billed(open_front: FrontOpener, billed_path: Path) -> BilledFront:
    """Open a desk on it, on Sat 5 Dec unless `seconds` says another time."""

    @asynccontextmanager
    async def opened(seconds: float = TO_DECEMBER, **desk: Any) -> AsyncIterator[Front]:
        clock = StillClock()
        clock.advance(seconds)
        async with open_front(path=billed_path, clock=clock, **desk) as front:
            yield front

    return opened


@pytest.fixture
async def billed(open_billed: BilledFront) -> AsyncIterator[Front]:
    """A desk on Sat 5 Dec."""
    async with open_billed() as front:
        yield front


async def booking(front: Front, ref: str) -> Booking:
    (found,) = await front.store.find(ref)
    return found


async def elsewhere(front: Front, subject: Subject, seen: int, ask: Ask, by: Operator = TOM) -> None:
    """Have another desk do something; its news comes to this one by the change feed."""
    await front.store.do(Command(uuid4(), subject, seen, by, ask))


def shown(front: Front) -> str:
    return "\n".join(front.lines())


def row(front: Front, name: str) -> str:
    """The first line with a name: that of the list, whatever is said of it below."""
    return next(line for line in front.lines() if name in line)


def on(front: Front, kind: type) -> bool:
    return isinstance(front.app.screen, kind)


async def undecided(front: Front) -> UndecidedScreen:
    await front.press("f3", "g")
    screen = front.app.screen
    assert isinstance(screen, UndecidedScreen)
    return screen


# -- the list --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_what_billing_looks_like(open_billed: BilledFront, size: tuple[int, int]) -> None:
    async with open_billed(size=size) as front:
        tag = f"{size[0]}x{size[1]}"
        await front.press("f3")
        same_as_golden(f"billing-{tag}", front.lines())
        await front.press("g", "a", "down", "f", "n", "n", "n")
        same_as_golden(f"undecided-{tag}", front.lines())


async def test_only_new_patients_are_listed_with_what_became_of_them(billed: Front) -> None:
    await billed.press("tab", "i")
    assert on(billed, BillingScreen)
    assert "Old Friend" not in shown(billed)
    assert "Fay Asks" not in shown(billed)
    assert row(billed, "Ben Smith").split()[-3:] == ["DRAFT", "Upcoming", "-"]
    assert row(billed, "Eve Novak").split()[-3:] == ["-", "Upcoming", "-"]
    assert "5 bookings of new patients" in billed.lines()[1]


async def test_it_is_reached_by_its_name(billed: Front) -> None:
    await billed.press("ctrl+p", *"bil", "enter")
    assert on(billed, BillingScreen)


async def test_filters_narrow_it_are_named_and_cleared(billed: Front) -> None:
    await elsewhere(
        billed,
        Subject("booking", (await booking(billed, "B2")).id),
        1,
        RequestAdjustment(text="Booked twice", name="Tom", ground=Ground.OTHER),
    )
    await billed.press("f3", "m", *"dec", "enter")
    assert "FILTER December 2026" in billed.lines()[2]
    assert "Eve Novak" in shown(billed)
    assert "Ben Smith" not in shown(billed)
    await billed.press("0", "r", *"awa", "enter")
    assert "FILTER Awaiting Review" in billed.lines()[2]
    assert row(billed, "Ana Reyes").endswith("Awaiting Review")
    assert "Ben Smith" not in shown(billed)
    await billed.press("0", "o", *"port", "enter")
    assert "FILTER PRT" in billed.lines()[2]
    assert "Ana Reyes" not in shown(billed)
    await billed.press("2")
    assert "None: Charged, PRT. 0 shows everything." in shown(billed)
    await billed.press("0")
    assert "Ben Smith" in shown(billed)


async def test_an_invoice_is_a_filter_once_it_has_a_number(open_billed: BilledFront) -> None:
    async with open_billed(seconds=timedelta(days=20).total_seconds()) as front:
        await front.press("f3", "v", "enter")
        assert "FILTER invoice 1" in front.lines()[2]
        assert row(front, "Ben Smith").split()[-3:] == ["1", "Charged", "-"]
        assert "Eve Novak" not in shown(front)


async def test_sums_are_those_of_each_practice_and_follow_what_others_do(billed: Front) -> None:
    await billed.press("f3")
    assert "PRT 1 $55.00   ADL 2 $217.80   SYD 2 $217.80" in shown(billed)
    assert "together $490.60 with tax" in shown(billed)
    ana = await booking(billed, "B2")
    asked = RequestAdjustment(text="Booked twice", name="Tom", ground=Ground.OTHER)
    await elsewhere(billed, Subject("booking", ana.id), ana.version, asked)
    (request,) = await billed.store.adjustments(ana.id)
    await elsewhere(
        billed, Subject("adjustment", request.id), request.version, Approve(), Operator("Ida Biller")
    )
    await billed.until(lambda: "No Charge" in row(billed, "Ana Reyes"))
    await billed.until(lambda: "SYD 1 $108.90" in shown(billed))
    assert row(billed, "Ana Reyes").endswith("Approved")


async def test_a_store_that_is_away_is_said_and_read_when_it_is_back(
    open_billed: BilledFront, cut: list[Cut]
) -> None:
    async with open_billed(wrap=wrapped(cut)) as front:
        await front.press("f3")
        cut[0].error = Unavailable("The line is cut.")
        await front.press("1")
        assert "The line is cut." in shown(front)
        assert "Ben Smith" not in shown(front), "no row under a filter that it was not read for"
        cut[0].error = None
        await front.until(lambda: "Ben Smith" in shown(front))
        assert "FILTER Upcoming" in front.lines()[2]
        assert "The line is cut." not in shown(front)


async def test_the_cursor_stays_on_its_booking_through_other_sizes(billed: Front) -> None:
    await billed.press("f3", "home", "down")
    for size in ((60, 16), (120, 40), (40, 10), (80, 24)):
        await billed.pilot.resize_terminal(*size)
        await billed.idle()
        screen = next(one for one in billed.app.screen_stack if isinstance(one, BillingScreen))
        current = screen.listing.current
        assert current is not None
        assert current.booking.ref == "B2"
    assert row(billed, "Ana Reyes").startswith(">")


class WithoutBill:
    """A store as a desk sees it whose token lacks the scope bill."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store
        self.asked: list[str] = []

    async def state(self) -> StoreState:
        found: StoreState = await self._store.state()
        return replace(found, standing=Standing(scopes=frozenset({Scope.READ, Scope.CANCEL})))

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("billing", "invoice", "undecided", "accounts")):
            self.asked.append(name)
        return getattr(self._store, name)


async def test_a_desk_without_the_scope_reads_why_and_asks_for_nothing(open_billed: BilledFront) -> None:
    made: list[WithoutBill] = []

    async with open_billed(wrap=in_front(made, WithoutBill)) as front:
        await front.press("f3", "1", "f5", "pagedown", "g", "i", "m", "v", "enter")
        assert on(front, BillingScreen)
        assert "This desk may not see what is billed: its token lacks the scope bill." in shown(front)
        await front.press("escape", "f4")
        assert not made[0].asked


async def test_a_row_leads_to_its_dialogs_or_says_why_not(billed: Front) -> None:
    await billed.press("f3", "f")
    assert row(billed, "Eve Novak").startswith(">")
    assert "Not before it starts, Thu 10 Dec 16:00." in shown(billed)
    assert "To cancel" not in shown(billed), "c does nothing here"
    await billed.press("home", "b")
    assert isinstance(billed.app.screen, RequestScreen)
    assert "Ben Smith" in shown(billed)
    await billed.press("escape", "f")
    assert billed.lines()[0].startswith(" Did not come")
    assert "Ben Smith" in shown(billed)
    billed.clock.advance(2.0)
    await billed.press("f8")
    assert on(billed, BillingScreen)
    assert "Ben Smith: did not come." in shown(billed)


async def test_help_explains_the_outcomes(billed: Front) -> None:
    await billed.press("f3", "f1")
    assert on(billed, HelpScreen)
    assert "Charged: its invoice is final, and no request was approved" in shown(billed)


async def test_a_row_that_is_billed_no_more_stays_as_its_booking_is_now(
    billed: Front, billed_path: Path
) -> None:
    await billed.press("f3")
    other = await open_store(f"sqlite:///{billed_path}", clock=billed.clock.now)
    moved = arriving("B1", "adelaide", "Ben Smith", (2026, 11, 3, 10, 45), False)
    await other.registry.load([moved], TOM, "tests")
    await other.close()
    await billed.until(lambda: "Tue  3 Nov 10:45" in row(billed, "Ben Smith"))
    await billed.press("f5")
    assert "Ben Smith" not in shown(billed)


# -- invoices ----------------------------------------------------------------------------------


async def approve(front: Front, ref: str) -> None:
    one = await booking(front, ref)
    asked = RequestAdjustment(text="Booked twice", name="Tom", ground=Ground.OTHER)
    await elsewhere(front, Subject("booking", one.id), one.version, asked)
    (request,) = await front.store.adjustments(one.id)
    biller = Operator("Ida Biller")
    await elsewhere(front, Subject("adjustment", request.id), request.version, Approve(), biller)


async def test_invoices_are_listed_and_a_draft_shows_what_is_struck(billed: Front) -> None:
    await approve(billed, "B2")
    await billed.press("f3", "i")
    assert on(billed, InvoicesScreen)
    assert row(billed, "November").split()[:4] == ["DRAFT", "November", "smile", "3"]
    assert row(billed, "November").endswith("$272.80 Draft to Mon 7 Dec")
    assert row(billed, "December").endswith("not issued yet")
    await billed.press("down", "enter")
    assert billed.lines()[1].startswith(" Draft November   smile")
    assert row(billed, "Ana Reyes").startswith("x ")
    assert row(billed, "Ana Reyes").split()[-2:] == ["Adjusted", "$0.00"]
    assert row(billed, "Ben Smith").endswith("$99.00")
    assert row(billed, "Subtotal").split() == ["Subtotal", "$248.00"]
    assert row(billed, "Tax").split() == ["Tax", "$24.80"]
    assert row(billed, "Total").split() == ["Total", "$272.80"]
    assert "Due  nothing until it is final" in shown(billed)
    same_as_golden("invoice-80x24", billed.lines())


# -- what nobody has decided -------------------------------------------------------------------


async def test_it_says_when_the_draft_closes_and_what_is_charged(billed: Front) -> None:
    await undecided(billed)
    assert billed.lines()[1].endswith("Draft November closes Mon 7 Dec 23:59 Sydney, in 2 days")
    assert "4 without a decision: $381.70 is charged unless you ask" in billed.lines()[2]
    assert "Praktika says" in billed.lines()[3]
    assert "1 not charged: new patient?" in shown(billed)
    assert "ADL 2 $217.80   PRT 1 $55   SYD 1 $108.90" in shown(billed)
    assert row(billed, "Fay Asks").endswith("new patient?")


async def test_letters_only_fill_in_and_the_same_letter_takes_out(billed: Front) -> None:
    await undecided(billed)
    await billed.press("a")
    assert row(billed, "Ben Smith").endswith("attended")
    assert billed.lines()[2].endswith("F8 sends 1")
    await billed.press("a")
    assert row(billed, "Ben Smith").endswith(" -")
    assert "F8 sends" not in billed.lines()[2]
    assert (await booking(billed, "B1")).attendance.presence is Presence.NONE


async def test_a_request_counts_once_every_question_is_answered(billed: Front) -> None:
    await undecided(billed)
    await billed.press("f")
    assert f"{QUESTIONS[Ground.DID_NOT_ATTEND][0].text} y n Esc" in shown(billed)
    await billed.press("y", "down", "x")
    assert f"{QUESTIONS[Ground.DID_NOT_ATTEND][1].text} y n Esc" in shown(billed), "other keys wait"
    assert row(billed, "Ben Smith").startswith(">")
    assert "F8 sends" not in billed.lines()[2]
    await billed.press("f8", "n")
    assert f"{QUESTIONS[Ground.DID_NOT_ATTEND][2].text} y n Esc" in shown(billed)
    await billed.press("n")
    assert row(billed, "Ben Smith").endswith("did not come")
    assert billed.lines()[2].endswith("F8 sends 1")
    await billed.press("down", "n", "y", "escape")
    assert row(billed, "Ana Reyes").endswith(" -"), "Esc takes it out"
    assert on(billed, UndecidedScreen)


async def test_what_a_rule_forbids_is_said_and_not_filled_in(billed: Front) -> None:
    await undecided(billed)
    await billed.press("down", "down", "down", "down", "n")
    assert row(billed, "Fay Asks").startswith(">")
    assert "Nothing is charged as long as nobody knows whether the patient is new." in shown(billed)
    assert row(billed, "Fay Asks").endswith("new patient?")


async def test_in_the_first_minutes_only_the_patients_own_word_counts(open_billed: BilledFront) -> None:
    early = datetime(2026, 12, 10, 16, 5, tzinfo=SYDNEY) - NOW
    async with open_billed(seconds=early.total_seconds()) as front:
        await undecided(front)
        assert "December closes 7 Jan '27 23:59 Sydney" in front.lines()[1]
        await front.press(*"fnnn")
        assert "The patient may still come until 16:15" in shown(front)
        assert row(front, "Eve Novak").endswith(" -")
        await front.press(*"fynn")
        assert row(front, "Eve Novak").endswith("did not come")


async def test_another_month_is_chosen_once_nothing_is_left_to_send(open_billed: BilledFront) -> None:
    async with open_billed() as front:
        await undecided(front)
        await front.press("a", "m")
        assert "Send with F8 what you have decided in this month, or take it out. Then choose." in shown(
            front
        )
        await front.press("a", "m", *"dec", "enter")
        assert "December closes" in front.lines()[1]
        assert "Nothing is left to decide in this month." in shown(front)


async def test_f8_shows_what_is_sent_and_sends_it(billed: Front) -> None:
    await undecided(billed)
    await billed.press("a", "down", *"nyn", "down", *"fynn")
    await billed.press("f8")
    assert on(billed, SendingScreen)
    assert "1 attended, 1 did not come (Praktika is told), 1 not new" in shown(billed)
    await billed.press("f8")
    assert "Too early: this window was not yet on your screen." in shown(billed)
    assert (await booking(billed, "B1")).attendance.presence is Presence.NONE
    billed.clock.advance(2.0)
    await billed.press("f8")
    await billed.until(lambda: isinstance(billed.app.screen, UndecidedScreen))
    assert (await booking(billed, "B1")).attendance.presence is Presence.ATTENDED
    cara = await booking(billed, "B3")
    assert cara.attendance.presence is Presence.NO_SHOW
    assert cara.attendance.notice
    (request,) = await billed.store.adjustments(cara.id)
    assert (request.review, request.name) == (Review.AWAITING, KIM.name)
    assert [one.yes for one in request.answers] == [True, False, False]
    (of_ana,) = await billed.store.adjustments((await booking(billed, "B2")).id)
    assert of_ana.ground is Ground.NOT_NEW
    await billed.until(lambda: "1 without a decision" in billed.lines()[2])
    assert "Ben Smith" not in shown(billed)


async def test_who_is_marked_and_not_asked_for_is_charged_and_asked_for_without_a_second_mark(
    billed: Front,
) -> None:
    ben = await booking(billed, "B1")
    await elsewhere(billed, Subject("booking", ben.id), ben.version, MarkNoShow())
    await undecided(billed)
    assert row(billed, "Ben Smith").split()[-3:] == ["Tom", "09:14", "-"]
    await billed.press("a")
    assert "Marked did not come" in shown(billed)
    await billed.press(*"fynn", "f8")
    billed.clock.advance(2.0)
    await billed.press("f8")
    await billed.until(lambda: on(billed, UndecidedScreen))
    (request,) = await billed.store.adjustments(ben.id)
    assert (request.ground, request.review) == (Ground.DID_NOT_ATTEND, Review.AWAITING)
    assert (await booking(billed, "B1")).attendance.by == TOM


async def test_esc_sends_nothing_and_keeps_what_is_decided(billed: Front) -> None:
    await undecided(billed)
    await billed.press("a", "f8")
    billed.clock.advance(2.0)
    await billed.press("escape")
    assert (await booking(billed, "B1")).attendance.presence is Presence.NONE
    assert billed.lines()[2].endswith("F8 sends 1")


async def test_a_lost_answer_is_asked_for_and_nothing_is_done_twice(
    open_billed: BilledFront, cut: list[Cut]
) -> None:
    async with open_billed(wrap=wrapped(cut)) as front:
        screen = await undecided(front)
        await front.press("a", "down", "a", "f8")
        front.clock.advance(2.0)
        sent: list[Command] = []
        store = cut[0]
        real = store._store

        class LosesTheFirst:
            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            async def do(self, command: Command) -> Any:
                sent.append(command)
                done = await real.do(command)
                if len(sent) == 1:
                    while not screen.source.all[0].over:
                        await front.pilot.pause(0.01)  # the news of it is here before the answer
                    raise Unavailable("The line was cut.")
                return done

        store._store = LosesTheFirst()
        await front.press("f8")
        await front.until(lambda: isinstance(front.app.screen, UndecidedScreen))
        assert len(sent) == len({one.id for one in sent}) == 2
        for ref in ("B1", "B2"):
            found = await booking(front, ref)
            assert (found.attendance.presence, found.version) == (Presence.ATTENDED, 2)
        assert "meanwhile" not in shown(front), "it was this desk itself"


async def test_what_could_not_be_saved_is_named_with_the_reason_and_stays(
    open_billed: BilledFront, cut: list[Cut]
) -> None:
    async with open_billed(wrap=wrapped(cut)) as front:
        screen = await undecided(front)
        await front.press("a", "down", "a", "down", "a")
        first = {one.booking.ref: one.decision for one in screen.source.decided}
        await front.press("f8")
        front.clock.advance(2.0)
        cut[0].error_after["do"] = Unavailable("The store is away.")
        cut[0].all_but = "outcome"
        await front.press("f8")
        await front.until(lambda: "1 of 3 saved. Not saved:" in shown(front))
        assert "Ana Reyes: The store is away. It stays decided: F8 sends it again." in shown(front)
        assert "1 more was not tried, and stays decided." in shown(front)
        cut[0].error_after.clear()
        cut[0].error = None
        await front.press("escape")
        await front.until(lambda: "Ben Smith" not in shown(front))
        left = {one.booking.ref: one.decision for one in screen.source.decided}
        assert left.keys() == {"B2", "B3"}
        assert left["B3"] == first["B3"], "an id that was never sent stays"
        assert left["B2"] is not None
        assert first["B2"] is not None
        assert left["B2"].command_id != first["B2"].command_id, "a server may refuse one that was given up"


async def test_leaving_with_decisions_asks(billed: Front) -> None:
    await undecided(billed)
    await billed.press("a", "escape")
    assert "1 decision is not sent. y leaves without sending, Esc stays." in shown(billed)
    await billed.press("escape")
    assert on(billed, UndecidedScreen)
    assert billed.lines()[2].endswith("F8 sends 1")
    await billed.press("ctrl+c")
    assert "Leave frontdesk? 1 decision is not sent, and lost. y / Esc" in shown(billed)
    await billed.press("escape", "escape", "y")
    assert on(billed, BillingScreen)
    await billed.press("g", "escape")
    assert on(billed, BillingScreen), "without a decision nothing is asked"


async def test_what_another_desk_decides_is_said_in_its_row_and_takes_the_decision_here_out(
    billed: Front,
) -> None:
    await undecided(billed)
    await billed.press("a", "down", "down", "a", "up", "f")
    ana = await booking(billed, "B2")
    await elsewhere(billed, Subject("booking", ana.id), ana.version, MarkAttended())
    await billed.until(lambda: row(billed, "Ana Reyes").endswith("attended"))
    assert "Ana Reyes: attended meanwhile. Your decision is taken out." in shown(billed)
    assert "F8 sends 2" in billed.lines()[2], "the other decisions stay"
    cara = await booking(billed, "B3")
    asked = RequestAdjustment(text="Booked twice", name="Tom", ground=Ground.OTHER)
    await elsewhere(billed, Subject("booking", cara.id), cara.version, asked)
    await billed.until(lambda: row(billed, "Cara Olsen").endswith("asked"))
    assert "F8 sends 1" in billed.lines()[2]
    await billed.press("y")
    assert "y answers a question; there is none." in shown(billed)
    await billed.press("f")
    assert "Nothing to decide any more: attended." in shown(billed)


async def test_a_rejected_one_stays_with_the_reason(billed: Front) -> None:
    ben = await booking(billed, "B1")
    asked = RequestAdjustment(text="Booked twice", name="Tom", ground=Ground.OTHER)
    await elsewhere(billed, Subject("booking", ben.id), ben.version, asked)
    (request,) = await billed.store.adjustments(ben.id)
    reject = Reject("The patient was there")
    await elsewhere(
        billed, Subject("adjustment", request.id), request.version, reject, Operator("Ida Biller")
    )
    await undecided(billed)
    assert row(billed, "Ben Smith").endswith("rejected")
    assert "Rejected by Ida Biller: The patient was there" in shown(billed)
    assert "3 without a decision" in billed.lines()[2]


async def test_attention_says_that_a_draft_closes_from_two_days_before(open_billed: BilledFront) -> None:
    async with open_billed() as front:
        await front.press("f4")
        assert "Draft closes Mon 7 Dec: 4 undecided" not in shown(front), "there are more than two days"
    two_days = datetime(2026, 12, 5, 23, 59, 59, tzinfo=SYDNEY) + timedelta(minutes=1)
    async with open_billed(seconds=(two_days - NOW).total_seconds()) as front:
        await front.press("f4")
        assert "Draft closes Mon 7 Dec: 4 undecided" in shown(front)


async def test_the_lock_keeps_what_is_decided_and_sends_nothing(billed: Front) -> None:
    await undecided(billed)
    await billed.press("a", "f8", "f9")
    assert "Ben Smith" not in shown(billed)
    await billed.press("enter")
    assert on(billed, UndecidedScreen)
    assert billed.lines()[2].endswith("F8 sends 1")
    assert (await booking(billed, "B1")).attendance.presence is Presence.NONE


async def test_of_a_store_that_was_put_back_nothing_decided_is_kept(billed: Front) -> None:
    screen = await undecided(billed)
    await billed.press("a", "down", "f")
    screen.post_message(StoreChanged((Change(9, STORE, None, KIM, NOW),)))
    await billed.until(lambda: row(billed, "Ben Smith").endswith(" -"))
    assert not screen.source.decided
    await billed.press("y")
    assert "y answers a question; there is none." in shown(billed)


# -- what holds for every screen ---------------------------------------------------------------


async def test_names_from_outside_are_text_on_every_one(open_billed: BilledFront, billed_path: Path) -> None:
    store = await open_store(f"sqlite:///{billed_path}", clock=lambda: NOW)
    hostile = [
        arriving(f"H{number}", "adelaide", name, (2026, 11, 5, 9 + number, 0), True)
        for number, name in enumerate(HOSTILE_NAMES)
    ]
    await store.registry.load(hostile, KIM, "tests")
    await store.close()
    async with open_billed(size=(120, 40)) as front:
        seen = ""
        for pressed in (
            ("f3",),
            ("i",),
            ("down", "enter"),
            ("escape", "escape", "g", "down", "down", "a"),
            ("f8",),
        ):
            await front.press(*pressed)
            assert_harmless(front)
            seen += shown(front)
        assert on(front, SendingScreen)
        assert seen.count("[bold]x[/bold]") >= 3


async def test_sending_and_an_invoice_bind_no_key_that_never_arrives(billed: Front) -> None:
    await undecided(billed)
    await billed.press("a", "f8")
    look_at_bindings(billed, "sending")
    await billed.press("escape", "escape", "y", "i", "enter")
    look_at_bindings(billed, "invoice")
