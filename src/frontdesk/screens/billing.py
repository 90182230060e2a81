"""Billing: what became of every new patient's booking, and what it costs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import work
from textual.binding import BindingType

from frontdesk import times
from frontdesk.actions import BILLING_ACTIONS, MENU
from frontdesk.audit import past_of
from frontdesk.billing.adjustments import Review
from frontdesk.billing.outcomes import NOTHING, Outcome
from frontdesk.billing.overview import BillingQuery, BillingRow, InvoiceSummary, PracticeSum
from frontdesk.bookings import Scope
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.chooser import Choice, ChooserScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.screen import ListScreen
from frontdesk.sources.billing import BillingSource
from frontdesk.sources.port import Asked
from frontdesk.widgets.list_table import Column, always
from frontdesk.words import billing as words
from frontdesk.words.key_line import KeyWords
from frontdesk.words.told import Part, Role, Told, told

if TYPE_CHECKING:
    from frontdesk.screens.dialogs.booking import Closed

MAY_NOT = (
    "      This desk may not see what is billed: its token lacks the scope bill.",
    "      Whoever manages the server can give it one with that scope.",
)

OUTCOME_ROLES = {
    Outcome.UPCOMING: Role.UPCOMING,
    Outcome.CHARGED: Role.VALUE,
    Outcome.CANCELLED: Role.QUIET,
    Outcome.NO_CHARGE: Role.QUIET,
}
REVIEW_ROLES = {
    Review.AWAITING: Role.WAITING,
    Review.APPROVED: Role.DONE,
    Review.REJECTED: Role.GONE,
    Review.WITHDRAWN: Role.QUIET,
}

Wanted = TypeVar("Wanted")


@cache
def billing_columns() -> tuple[Column[BillingRow], ...]:
    """Return the columns; narrow windows keep the patient, the date, the outcome and the request."""
    return (
        Column("At", 3, lambda row, _: row.booking.practice.short, since=64, role=always(Role.QUIET)),
        Column("Practice", 22, lambda row, _: row.booking.practice.name, since=118, role=always(Role.QUIET)),
        Column("Patient", 23, lambda row, _: row.booking.patient.name, takes_rest=True),
        Column("Date", 16, _when, role=always(Role.STRONG)),
        Column("Invoice", 7, lambda row, _: row.invoice_badge, since=72),
        Column("Outcome", 9, lambda row, _: str(row.outcome), role=lambda row, _: OUTCOME_ROLES[row.outcome]),
        Column("Adjustment", 15, lambda row, _: row.adjustment_badge, role=_adjustment_role),
        Column("  With tax", 10, lambda row, _: f"{words.money(row.amount.total):>10}", since=92),
    )


def _adjustment_role(row: BillingRow, _: datetime) -> Role:
    return REVIEW_ROLES[row.request.review] if row.request else Role.QUIET


def _when(row: BillingRow, now: datetime) -> str:
    return times.when(row.booking.starts_at, row.booking.practice.zone, now)


class BillingScreen(ListScreen[BillingQuery, BillingRow], inherit_bindings=False):
    """The list of Billing, with its filters and sums; the ways to the invoices and to what is undecided."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(BILLING_ACTIONS)
    TITLE_WORDS = "Billing"
    KEY_WORDS = (
        KeyWords("f", "FTA"),
        KeyWords("b", "not charged"),
        KeyWords("g", "undecided"),
        KeyWords("i", "invoices"),
        KeyWords("1 2 3 4 r m v o", "filter"),
        KeyWords("F1", "help"),
    )
    READING = "Reading what is billed..."

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__(desk, BillingSource(desk.store, desk.practices))
        self._sums: tuple[PracticeSum, ...] | None = None
        self._counted: Asked[BillingQuery] | None = None

    @property
    def may_see(self) -> bool:
        """Whether this desk's token lets it read billing."""
        return Scope.BILL in self.desk.standing.scopes

    def perform(self, job: Callable[[], Awaitable[None]]) -> None:
        if self.may_see:
            super().perform(job)
        else:
            self.show_list()

    # -- what it says ---------------------------------------------------------------------

    @property
    def columns(self) -> tuple[Column[BillingRow], ...]:
        return billing_columns()

    @property
    def explained(self) -> tuple[str, ...]:
        """What the outcomes mean, for the help."""
        return words.outcomes_explained()

    def headline(self) -> str:
        count = self.listing.count
        if count is None or self.listing.query is None:
            return ""
        more = "" if count.exact else "more than "
        return f"{more}{count.number:,} {'booking' if count.number == 1 else 'bookings'} of new patients"

    def under_title(self) -> Told:
        if not (filtered := self.listing.filter_words):
            return told("      All months, all practices" if self.may_see else "", Role.QUIET)
        shown = (Part(f" FILTER {' | '.join(filtered)}", Role.TITLE),)
        return Told(shown, (Part("0 clears ", Role.BAR),), Role.BAR)

    def foot(self) -> Told:
        if self._sums is None:
            return told("")
        left, right = words.sums(self._sums, self.size.width)
        return Told((Part(left),), (Part(right, Role.STRONG),) if right else ())

    def notice(self) -> tuple[str, ...]:
        return super().notice() if self.may_see else ("", *MAY_NOT)

    def nothing(self) -> tuple[str, ...]:
        if filtered := self.listing.filter_words:
            return "", f"      None: {', '.join(filtered)}. 0 shows everything."
        return (
            "",
            "      No booking of a new patient is billed here yet.",
            "      [billing] in the config says what is charged, and which practices belong to it.",
        )

    def show_list(self) -> None:
        super().show_list()
        asked = self.listing.query
        if asked is not None and asked is not self._counted:
            self._counted, self._sums = asked, None
            self._count()

    def follow(self, change: StoreChanged) -> None:
        super().follow(change)
        if self.may_see:
            self._count()

    @work(exclusive=True, exit_on_error=False, group="count")
    async def _count(self) -> None:
        """Read the sums, and how many bookings there are; neither holds up a key."""
        asked = self._counted
        try:
            await self.listing.count_hits()
            sums = await self.desk.store.billing_sums(self.listing.filters)
        except Exception as error:
            self.desk.fault(error)
            return
        if asked is self.listing.query:
            self._sums = sums
        super().show_list()

    # -- what narrows it ------------------------------------------------------------------

    def action_only(self, outcome: str) -> None:
        self.filter(replace(self.listing.filters, outcomes=frozenset({Outcome(outcome)})))

    def action_choose_request(self) -> None:
        badges = [review.value for review in (Review.AWAITING, Review.APPROVED, Review.REJECTED)]
        choices = [(Choice(badge), frozenset({badge})) for badge in badges]
        choices.append((Choice("No request"), frozenset({NOTHING})))
        self._choose(
            "Show bookings whose request is", choices, lambda query, of: replace(query, adjustments=of)
        )

    def action_choose_practice(self) -> None:
        choices = [(Choice(one.name, one.short), frozenset({one.id})) for one in self.desk.practices]
        self._choose("Show one practice", choices, lambda query, ids: replace(query, practices=ids))

    def action_choose_month(self) -> None:
        self.perform(self._choose_month)

    async def _choose_month(self) -> None:
        now, here = self.desk.now(), self.desk.here
        months = sorted({one.period for one in await self._invoices()}, reverse=True)
        self._choose(
            "Show one month",
            [(Choice(words.month(one, now, here), str(one)), one) for one in months],
            lambda query, period: replace(query, period=period, number=None),
        )

    def action_choose_invoice(self) -> None:
        self.perform(self._choose_invoice)

    async def _choose_invoice(self) -> None:
        found = await self._invoices()
        final = [one for one in found if one.number is not None]
        if found and not final:
            self.say("No invoice has a number yet: m shows one month, drafts too.")
        self._choose(
            "Show one invoice",
            [(Choice(f"Invoice {one.number}  {one.account}", str(one.period)), one.number) for one in final],
            lambda query, number: replace(query, number=number, period=None),
        )

    async def _invoices(self) -> Sequence[InvoiceSummary]:
        """Return all invoices; where they cannot be read say why, and return none."""
        try:
            found = await self.desk.store.invoices()
        except Exception as error:
            self.say(self.desk.fault(error).hint)
            return ()
        if not found:
            self.say("Invoices are for desks that may see every practice of their account.")
        return found

    def _choose(
        self,
        title: str,
        choices: Sequence[tuple[Choice, Wanted]],
        narrowed: Callable[[BillingQuery, Wanted], BillingQuery],
    ) -> None:
        """Have the operator choose, and narrow the list to it. What is typed ahead is for the chooser."""

        def chosen(index: int | None) -> None:
            if index is not None:
                self.filter(narrowed(self.listing.filters, choices[index][1]))

        if choices and self.may_see:
            self.app.push_screen(ChooserScreen(title, [choice for choice, _ in choices]), chosen)

    # -- where it leads -------------------------------------------------------------------

    def action_details(self) -> None:
        from frontdesk.screens.details import DetailsScreen

        if row := self.listing.current:
            self.app.push_screen(DetailsScreen(self.desk, row.booking))
        elif self.may_see:
            self.say("There is no booking here to open.")

    def action_ask(self, action_id: str) -> None:
        """Open the dialog of an action of the row menu, or say why it cannot be done."""
        from frontdesk.screens.opening import DIALOGS, screen_at

        if (row := self.listing.current) is None:
            return
        action, desk = next(one for one in MENU if one.id == action_id), self.desk
        # What else could be done is left out: its key is one of Bookings.
        why = action.why_not and action.why_not(row.booking, desk.now(), desk.standing, desk.here)
        if why:
            self.say(f"{why.text[:1].upper()}{why.text[1:]}.")
        else:
            self.app.push_screen(screen_at(DIALOGS[action.asks])(desk, row.booking), self._asked)

    def _asked(self, closed: "Closed | None") -> None:
        if closed is None:
            return  # by the lock
        if closed.saved is None:
            self.say(closed.said)
            return
        self.desk.program.wake_dispatch()
        if closed.done:
            self.say(f"{closed.saved.patient.name}: {past_of(closed.done.kind)}.")
        self.catch_up()
        self._count()

    def action_undecided(self) -> None:
        from frontdesk.screens.undecided import UndecidedScreen

        if self.may_see:
            self.app.push_screen(UndecidedScreen(self.desk))

    def action_invoices(self) -> None:
        from frontdesk.screens.invoices import InvoicesScreen

        if self.may_see:
            self.app.push_screen(InvoicesScreen(self.desk))
