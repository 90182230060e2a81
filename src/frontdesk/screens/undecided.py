"""What is charged of a month unless somebody asks: letters decide, F8 sends."""

from datetime import datetime
from functools import cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import events, work
from textual.binding import BindingType

from frontdesk import times
from frontdesk.actions import UNDECIDED_ACTIONS
from frontdesk.attendance import word_of
from frontdesk.billing.account import Account
from frontdesk.bookings import Presence
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.screen import ListScreen
from frontdesk.sources.billing import drafts
from frontdesk.sources.undecided import Decision, Item, UndecidedSource, Verdict
from frontdesk.widgets.list_table import Column, always
from frontdesk.words import billing as words
from frontdesk.words.key_line import KeyWords
from frontdesk.words.told import Part, Role, Told, told

NOTHING = "-"


@cache
def undecided_columns(pms: str, here: ZoneInfo) -> tuple[Column[Item], ...]:
    """Return the columns; `pms` names the system whose word on the patient is shown."""
    return (
        Column("Date", 10, _day, role=always(Role.STRONG)),
        Column("At", 3, lambda item, _: item.booking.practice.short, role=always(Role.QUIET)),
        Column("Patient", 16, lambda item, _: item.booking.patient.name, takes_rest=True),
        Column("      Fee", 9, _fee),
        Column(f"{pms} says", 13, _pms_says, role=_pms_role),
        Column("Marked", 9, lambda item, _: _marked(item, here), role=always(Role.QUIET)),
        Column("Decision", 13, _decision, role=always(Role.STRONG)),
    )


def _day(item: Item, now: datetime) -> str:
    zone = item.booking.practice.zone
    return times.day(times.local_date(item.booking.starts_at, zone), times.local_date(now, zone))


def _fee(item: Item, _: datetime) -> str:
    return f"{words.money(item.row.amount.total) if item.row else NOTHING:>9}"


def _pms_says(item: Item, _: datetime) -> str:
    said = item.row.pms_says if item.row else Presence.NONE
    return "nothing" if said is Presence.NONE else word_of(said)


def _pms_role(item: Item, _: datetime) -> Role:
    return Role.WARNING if item.row and item.row.pms_says is not Presence.NONE else Role.QUIET


def _marked(item: Item, here: ZoneInfo) -> str:
    marked = item.booking.attendance
    if marked.by is None or marked.at is None or marked.presence is Presence.NONE:
        return NOTHING
    return f"{marked.by.name.split()[0][:3]} {marked.at.astimezone(here):%H:%M}"


def _decision(item: Item, _: datetime) -> str:
    if item.over:
        return item.over
    if item.decision is not None:
        return f"{item.decision.verdict}{' ?' if item.decision.question else ''}"
    if item.is_rejected:
        return "rejected"
    return "new patient?" if item.row is None else NOTHING


class UndecidedScreen(ListScreen[None, Item], inherit_bindings=False):
    """The row is a booking. A letter only fills in its decision; nothing is written before F8.

    While a question of a decision is asked, `y`, `n` and Esc answer it, and every other key waits.
    """

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(UNDECIDED_ACTIONS)
    TITLE_WORDS = "Billing"
    KEY_WORDS = (
        KeyWords("a", "attended"),
        KeyWords("f", "did not come"),
        KeyWords("n", "not new"),
        KeyWords("F8", "send"),
        KeyWords("Enter", "opens"),
        KeyWords("F1", "help"),
    )
    READING = "Reading what nobody has decided..."
    KEEPS = 0
    LEAVES: ClassVar[frozenset[str]] = frozenset()
    ANSWERS: ClassVar[frozenset[str]] = frozenset({"y", "n", "escape", "ctrl+c"})

    def __init__(self, desk: OpenDesk) -> None:
        self.source = UndecidedSource(desk.store)
        super().__init__(desk, self.source)
        self._accounts: dict[int, Account] = {}
        self._asked_of: Item | None = None
        """The item whose decision has a question that the operator has not answered."""
        self._asks_to_leave = False

    # -- what it says ---------------------------------------------------------------------

    @property
    def columns(self) -> tuple[Column[Item], ...]:
        names = {one.pms.name for one in self.desk.practices if one.pms is not None}
        return undecided_columns(names.pop() if len(names) == 1 else "PMS", self.desk.here)

    @property
    def shown_at(self) -> datetime:
        return self.desk.now()

    @property
    def explained(self) -> tuple[str, ...]:
        """What the outcomes mean, for the help."""
        return words.outcomes_explained()

    def _zone(self) -> ZoneInfo:
        month = self.source.month
        account = self._accounts.get(month.account_id) if month else None
        return account.settings.zone if account else self.desk.here

    def headline(self) -> str:
        month = self.source.month
        if month is None:
            return ""
        said = words.month_closes(month.period, month.state, month.days, self._zone(), self.desk.now())
        return f"{month.account}   {said}" if len(self._accounts) > 1 else said

    def under_title(self) -> Told:
        found = self.source.found
        if found is None:
            return told("")
        if self.source.newcomers:
            return told(f" {self.source.newcomers:,} more: F5 shows them", Role.STRONG)
        sends = len(self.source.decided)
        asked = (Part(f" {words.undecided(found.rows)}", Role.WARNING),)
        return Told(asked, (Part(f"F8 sends {sends:,} ", Role.STRONG),) if sends else ())

    def foot(self) -> Told:
        found, item = self.source.found, self.listing.current
        if item is not None and item.is_rejected and item.request is not None:
            return told(f" Rejected by {item.request.decided_by}: {item.request.note}")
        left, right = words.month_beside(found, self.size.width) if found is not None else ("", "")
        return told(left, Role.QUIET, right)

    def nothing(self) -> tuple[str, ...]:
        if self.source.month is None:
            return (
                "",
                "      There is no month to decide about: either nothing is billed here, or this desk may",
                "      not see every practice of the account. Esc goes back to Billing.",
            )
        return "", "      Nothing is left to decide in this month."

    # -- reading --------------------------------------------------------------------------

    async def begin(self) -> None:
        await self._learn_months()
        await super().begin()

    async def read_anew(self) -> None:
        if self.source.month is None:
            await self._learn_months()
        await super().read_anew()

    async def _learn_months(self) -> None:
        self._accounts = {one.id: one for one in await self.desk.store.accounts()}
        self.source.show(next(iter(drafts(await self.desk.store.invoices())), None))

    def follow(self, change: StoreChanged) -> None:
        if change.is_of_another_store:
            self._asked_of = None
            self.source.show(None)
            self.perform(self.read_anew)
        else:
            super().follow(change)

    def catch_up(self) -> None:
        self._catch_up()

    @work(exclusive=True, exit_on_error=False, group="catching up")
    async def _catch_up(self) -> None:
        """Say in each row what another desk has decided; what was decided about it here goes."""
        try:
            lost = await self.source.catch_up()
            await self.listing.repaint()
        except Exception as error:
            self.desk.fault(error)
            return
        for item in lost:
            if item.booking.id in self.desk.own_changes:
                continue  # the news of what is sent from here may come before the answer
            became = item.over or "changed"
            said = f"{item.booking.patient.name}: {became} meanwhile. Your decision is taken out."
            if self._asked_of is not None and self._asked_of.booking.id == item.booking.id:
                self._asked_of = None
                self.say(said)  # in the place of the question
            else:
                self.key_line.tell(said)
        self.show_list()

    # -- letters --------------------------------------------------------------------------

    async def takes(self, event: events.Event) -> bool:
        await super().takes(event)
        key = event.key if isinstance(event, events.Key) else ""
        if self._asks_to_leave and key not in self.ANSWERS:
            self._asks_to_leave = False
        if self._asked_of is not None and key not in self.ANSWERS:
            self._ask(self._asked_of)
            return False
        return True

    def action_letter(self, letter: str) -> None:
        verdict = Verdict(letter)
        if self._asks_to_leave:
            self._asks_to_leave = False
        elif self._asked_of is not None:
            self._answer(yes=False)
        elif (item := self.listing.current) is None:
            self.say("There is no booking here to decide about.")
        elif item.over:
            self.say(f"Nothing to decide any more: {item.over}.")
        elif item.decision is not None and item.decision.verdict is verdict:
            self._decide(item, None)
        else:
            self._begin(item, Decision(verdict, item.booking))

    def _begin(self, item: Item, decision: Decision) -> None:
        if self._is_refused(item, decision):
            return
        self._decide(item, decision)
        if decision.question is not None:
            self._ask(item)

    def _is_refused(self, item: Item, decision: Decision) -> bool:
        """Whether a rule says no to a decision, which is said then."""
        why = decision.why_not(item.request, self.desk.operator, self.desk.now(), self.desk.standing)
        if why is not None:
            self.say(f"{why.text[:1].upper()}{why.text[1:]}.")
        return why is not None

    def _decide(self, item: Item, decision: Decision | None) -> None:
        self.source.decide(item.booking.id, decision)
        self.perform_unasked(self._repaint)

    def _decision_of(self, item: Item) -> Decision | None:
        return next((one.decision for one in self.source.all if one.booking.id == item.booking.id), None)

    def _ask(self, item: Item) -> None:
        """Ask the next question of an item's decision in the answer line."""
        decision = self._decision_of(item)
        if decision is not None and decision.question is not None:
            self._asked_of = item
            self.say(f"{decision.question.text} y n Esc")

    def action_yes(self) -> None:
        if self._asks_to_leave:
            self.dismiss(None)
        elif self._asked_of is not None:
            self._answer(yes=True)
        else:
            self.say("y answers a question; there is none.")

    def _answer(self, *, yes: bool) -> None:
        item, self._asked_of = self._asked_of, None
        decision = self._decision_of(item) if item else None
        if item is None or decision is None:
            return
        decision = decision.answered(yes=yes)
        refused = decision.question is None and self._is_refused(item, decision)
        self._decide(item, None if refused else decision)
        if decision.question is not None:
            self._ask(item)

    def action_back(self) -> None:
        if self._asks_to_leave:
            self._asks_to_leave = False
        elif self._asked_of is not None:
            item, self._asked_of = self._asked_of, None
            self._decide(item, None)
        elif number := self.unsent:
            self._asks_to_leave = True
            said = "1 decision is" if number == 1 else f"{number:,} decisions are"
            self.say(f"{said} not sent. y leaves without sending, Esc stays.")
        else:
            super().action_back()

    @property
    def unsent(self) -> int:
        """How many decisions would be lost with the screen."""
        return len(self.source.decided)

    # -- sending --------------------------------------------------------------------------

    def action_send(self) -> None:
        from frontdesk.screens.dialogs.sending import SendingScreen

        if not (decided := self.source.decided):
            self.say("Nothing is decided yet: a, f or n decides about the marked booking.")
            return
        self.app.push_screen(SendingScreen(self.desk, decided, self.source.decide), self._sent)

    def _sent(self, was_tried: bool | None) -> None:
        """Show what is left to decide; the lock closes the dialog without saying whether anything was sent."""
        if was_tried is not False:
            self.desk.program.wake_dispatch()
            self.perform(self.read_anew)

    # -- where it leads -------------------------------------------------------------------

    def action_details(self) -> None:
        from frontdesk.screens.details import DetailsScreen

        if item := self.listing.current:
            self.app.push_screen(DetailsScreen(self.desk, item.booking))

    def action_choose_month(self) -> None:
        if self.source.decided:
            self.say("Send with F8 what you have decided in this month, or take it out. Then choose.")
        else:
            self.perform(self._choose_month)

    async def _choose_month(self) -> None:
        from frontdesk.screens.chooser import Choice, ChooserScreen

        months, now, here = drafts(await self.desk.store.invoices()), self.desk.now(), self.desk.here
        choices = [
            Choice(f"{words.month(one.period, now, here)}  {one.account}", one.badge) for one in months
        ]

        def chosen(index: int | None) -> None:
            if index is not None:
                self.source.show(months[index])
                self.perform(self.listing.start)

        self.app.push_screen(ChooserScreen("Decide about one month", choices), chosen)
