"""What the rest of the program may ask of a store: domain types in, domain types out.

Every method is one short transaction, awaited; none is open across an `await`. Any of
them raises `Unavailable` when the store cannot be reached, `Unauthorised` when it does
not accept this desk.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from frontdesk.arrivals import IncomingBooking, Loaded
from frontdesk.attempts import Claim, Result, RetryPolicy
from frontdesk.audit import PROGRAM, AuditEvent, Flaws, Head
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Adjustment
from frontdesk.billing.overview import (
    BillingPage,
    BillingQuery,
    InvoiceDetail,
    InvoiceSummary,
    PracticeSum,
    Undecided,
)
from frontdesk.billing.periods import Period
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Count,
    Direction,
    Operator,
    Page,
    Position,
    Practice,
    Practitioner,
    Row,
    Scope,
    Standing,
)
from frontdesk.commands import Command, Done, Subject
from frontdesk.deliveries import Attention, Delivery
from frontdesk.identity import Related
from frontdesk.store.desk_diaries import DeskDiaries
from frontdesk.store_state import StoreState

DISPATCHER = PROGRAM
"""Who writes how a delivery went on, and what a diary brought."""


CHANGES_AT_ONCE = 500
"""Changes that `changes` returns at most; who follows them asks on."""


NEAREST_LIMIT = 9
"""Names that `nearest` returns at most."""


STORE = Subject("store", 0)
"""The subject of a change after which all has to be read anew: it is another store, or an earlier copy."""


BILLED = frozenset({"account", "invoice"})
"""The subjects that only a desk with the scope `bill` hears of, where it may see the whole account."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something another desk or a dispatcher wrote. Numbers rise without gaps in commit order.

    `subject` is what it was made to; a delivery's id is 0 where a dispatcher wrote how it went on.
    `booking_id` is the booking that it concerns, None after a bulk load, when anything may be
    different; `by` is then nobody for a desk of some of the practices. Where the subject is STORE, `number` is the latest there is, and may be lower than
    what was known. What a diary brought has the name of its PMS as `source`, and as `effect` the word of
    `arrivals.Effect` for what became of the booking.
    """

    number: int
    subject: Subject
    booking_id: int | None
    by: Operator
    at: datetime
    source: str = ""
    effect: str = ""

    @property
    def makes_due(self) -> bool:
        """Whether a delivery may be due because of it: an operator did it, no dispatcher."""
        return self.by != DISPATCHER


def as_heard(change: Change, standing: Standing) -> Change:
    """Return a change that a desk may hear of as it hears it.

    What came in together may be of any practice, so only who may see all of them hears who brought it.
    """
    is_of_any = change.booking_id is None and change.subject.kind not in BILLED
    return replace(change, by=Operator("")) if is_of_any and standing.practices is not None else change


class Commands(Protocol):
    """Writes by operators, of every kind; see `frontdesk.commands`."""

    async def do(self, command: Command) -> Done[Any]:
        """Carry out a command, and return its subject as it then stands.

        What it changes, the command, the audit event and the deliveries commit together or not
        at all. The same command again returns its subject as it is now and writes nothing.
        Raises Conflict when the subject changed since it was `seen`, Refused when a rule says no
        or the id belongs to another command, NotFound. After Unavailable ask `outcome`.
        """
        ...

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        """Return what a command did, or None when it wrote nothing and never will.

        Raises Unavailable while that cannot be known.
        """
        ...


class Billing(Protocol):
    """What new patients cost, as desks with the scope `bill` read it.

    Where an invoice stands follows from the store's clock. Any of these first numbers the months
    that have ended, so nobody has to run at midnight. What a desk may not see is left out; an
    invoice is for those who may see every practice of its account.
    """

    async def accounts(self) -> tuple[Account, ...]:
        """Return the billing accounts of which this desk may see everything."""
        ...

    async def billing_page(
        self, query: BillingQuery, limit: int, position: Position | None, direction: Direction
    ) -> BillingPage:
        """Return up to `limit` billable bookings beyond `position`, in ascending time order; see `page`.

        These are new patients' bookings at practices with an account, from its first month on.
        """
        ...

    async def billing_count(self, query: BillingQuery, limit: int) -> Count:
        """Count the rows of `query`, stopping at `limit` (then `exact` is False)."""
        ...

    async def billing_sums(self, query: BillingQuery) -> tuple[PracticeSum, ...]:
        """Return what each practice of `query` is charged, by name, in its month or in all up to now.

        Final invoices count with their credits, drafts as they would end now. Outcomes and
        adjustments of the query make no difference.
        """
        ...

    async def invoices(self) -> tuple[InvoiceSummary, ...]:
        """Return all invoices, latest month first: final ones, drafts, and the month that is not over."""
        ...

    async def invoice(self, account_id: int, period: Period) -> InvoiceDetail:
        """Return an invoice with its lines, a draft with what was struck. Raises NotFound."""
        ...

    async def undecided(self, account_id: int, period: Period) -> Undecided:
        """Return what is charged of a month unless somebody asks. Raises NotFound."""
        ...


class BookingStore(Commands, Billing, DeskDiaries, Protocol):
    """Bookings and what follows from commands, as desks read them and write."""

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        """Return up to `limit` rows beyond `position` in `direction`, in ascending time order.

        The row at `position` itself is not included. Without a position, FORWARD begins at
        the first booking and BACKWARD ends at the last.
        """
        ...

    async def count(self, query: BookingQuery, limit: int) -> Count:
        """Count the bookings of `query`, stopping at `limit` (then `exact` is False)."""
        ...

    async def nearest(self, text: str, limit: int) -> tuple[str, ...]:
        """Return up to `limit` names of patients that are one letter from `text`, the nearest first.

        One letter of one word is another one, missing, too many, or has changed places with its
        neighbour; the other words are beginnings, as in a search. It is asked where a search found
        nobody. Empty too for text that cannot be a name, and where a server does not know the question.
        """
        ...

    async def get(self, booking_id: int) -> Booking:
        """Return one booking. Raises NotFound."""
        ...

    async def rows(self, booking_ids: Sequence[int]) -> tuple[Row, ...]:
        """Return the rows of these bookings as they are now, in no promised order."""
        ...

    async def find(self, ref: str, practice_id: str | None = None) -> tuple[Booking, ...]:
        """Return the bookings with this reference, at one practice or at any; may be empty."""
        ...

    async def related(self, booking_id: int) -> Related:
        """Return who has the same name, what else the patient has booked, and who is on the same mobile.

        All of it is Upcoming by the store's clock, bounded, and of practices that this desk may see.
        Raises NotFound.
        """
        ...

    async def history(self, booking_id: int) -> tuple[AuditEvent, ...]:
        """Return what was done to one booking, newest first."""
        ...

    async def deliveries(self, booking_id: int) -> tuple[Delivery, ...]:
        """Return what followed, or is to follow, from this booking's cancellation."""
        ...

    async def adjustments(self, booking_id: int) -> tuple[Adjustment, ...]:
        """Return the requests not to be charged for a booking, the latest last. Raises NotFound, Unavailable."""
        ...

    async def attention(self, limit: int) -> tuple[Attention, ...]:
        """Return what needs a person: nearest appointment first, passed ones last."""
        ...

    async def practices(self) -> tuple[Practice, ...]:
        """Return all practices this desk may see, by name."""
        ...

    async def practitioners(self) -> tuple[Practitioner, ...]:
        """Return all practitioners this desk may see, by name."""
        ...

    async def appointment_types(self) -> tuple[str, ...]:
        """Return the names of the appointment types of all practices this desk may see, in order."""
        ...

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        """Return up to CHANGES_AT_ONCE changes above `after`, waiting at most `wait` seconds for one.

        An empty tuple means that nothing happened in that time, or nothing that this desk may read:
        of that it hears nothing, and its number is not told. `store_id` is the store that
        `after` is a number of, empty for any. Where it is another one, or has not come as far as
        `after`, the answer is a single change of the kind STORE: within seconds, also when a
        backup is put back meanwhile and no connection breaks.
        """
        ...

    async def last_write(self, operator: Operator, since: datetime) -> Done[Booking] | None:
        """Return what this operator did last to a booking, if that was after `since`."""
        ...

    async def state(self) -> StoreState:
        """Return this desk's standing, the store's clock, and what is open."""
        ...

    async def close(self) -> None:
        """Let go of files and connections. Calling it twice is harmless."""
        ...


@dataclass(frozen=True, slots=True)
class UnderLease:
    """How many deliveries dispatchers have in hand, and in how many seconds the first lease ends."""

    number: int
    seconds: float


class DeliveryQueue(Protocol):
    """Deliveries, as dispatchers carry them out. Any number may work on one store at once.

    `connections` are what a dispatcher can reach: names of the config's connections, and
    `deliveries.MAIL_CONNECTION`, `SMS_CONNECTION` and `BILLER_CONNECTION`.
    """

    async def claim(
        self, connections: Collection[str], policy: RetryPolicy, booking_id: int | None = None
    ) -> Claim | None:
        """Take on the delivery that is due longest, for one attempt, or return None.

        With `booking_id` only what follows from that booking's cancellation is taken on.
        Counts the attempt. What another dispatcher has taken on is not due until its lease
        ends. A connection that asked to be left alone, or locked us out, has nothing due;
        deliveries that wait behind a lock-out are put into attention when their appointment
        is near.
        """
        ...

    async def finish(self, claim: Claim, result: Result, policy: RetryPolicy) -> Delivery | None:
        """Write down what an attempt brought; None when the claim had been lost to another one.

        That it was written down before is no harm, and None too.

        A message that was refused for ever plans the patient's next channel in the same
        transaction. Success or failure also says how the whole connection stands.
        """
        ...

    async def next_due(self, connections: Collection[str]) -> float | None:
        """Return in how many seconds a delivery is next due, 0 or less for now, None for never.

        What another dispatcher has taken on is due when its lease ends.
        """
        ...

    async def under_lease(
        self, connections: Collection[str], booking_id: int | None = None
    ) -> UnderLease | None:
        """Return what dispatchers have in hand now, or None when that is nothing."""
        ...

    async def unattended(self, without: str) -> int:
        """Count deliveries under way that no living dispatcher except `without` can carry out.

        It is what would wait if that dispatcher left.
        """
        ...

    async def heartbeat(self, dispatcher: str, connections: Collection[str]) -> None:
        """Say that the dispatcher of this id is alive and reaches these connections."""
        ...

    async def retire(self, dispatcher: str) -> None:
        """Say that the dispatcher of this id is leaving."""
        ...


class ServedStore(BookingStore, Protocol):
    """A store that a server offers to desks, whose commands come by way of others."""

    def as_desk(self, standing: Standing) -> "ServedStore":
        """Return the same store as a desk of this standing sees it. It need not be closed."""
        ...

    async def give_up(self, command_id: UUID) -> Done[Any] | None:
        """Answer what `outcome` answers, also of a command that may still be on its way to here.

        One that has written nothing is refused from now on, should it still arrive: its
        operator is told that nothing happened.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeskToken:
    """A desk's key to the server, without the secret.

    `practices` None means all of them; without `expires_at` it is good until it is revoked.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    practices: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def standing(self) -> Standing:
        """What a desk with this token may do."""
        return Standing(scopes=self.scopes, practices=self.practices, via=self.name)


class Registry(Protocol):
    """Operations on a store as a whole, by a manager or a program, on the machine that has it."""

    async def load(
        self, batch: Sequence[IncomingBooking], operator: Operator, source: str, *, dry_run: bool = False
    ) -> tuple[Loaded, ...]:
        """Put bookings in, matching by `pms_ref`, else by `ref`, within their practice.

        One transaction and one audit event a call, none when nothing is new or changed;
        `source` names where they come from. A booking cancelled here is never un-cancelled;
        one that a source said was cancelled is, when a source says that it is not, and both
        are in its history. No delivery is ever made, and text is compared after `clean`. What
        a line says nothing about is kept, and so are `ref`, `pms_ref` and `created_at` where it
        has none. A mark of whether the patient came falls when a line moves its appointment to a time
        of which nobody can know that: it is taken back, and the PMS is told nothing. What cannot be taken and is not needed is left out of its booking, and told as
        `unread`. With `dry_run` the answer is the same and nothing is kept.
        """
        ...

    async def loaded(self) -> None:
        """Call this when the last batch is in: it keeps the first lists after a load from being slow."""
        ...

    async def apply_practices(self, practices: Iterable[Practice], operator: Operator) -> tuple[str, ...]:
        """Make the store's practices like these; return what changed, a sentence each.

        Practices not named stay as they are: bookings may belong to them.
        """
        ...

    async def billing(self) -> tuple[BillingSettings, ...]:
        """Return what the store's billing accounts are charged, as the config says it."""
        ...

    async def apply_billing(
        self, settings: BillingSettings, operator: Operator, first: Period | None = None
    ) -> tuple[str, ...]:
        """Make the store's settings of a billing account like these; return what changed, a sentence each.

        An account that is new is billed from the month `first` on, without it from the one whose draft
        ends next; of one that is there `first` changes nothing. Raises Refused.
        """
        ...

    async def create_token(
        self,
        name: str,
        scopes: frozenset[Scope],
        practices: frozenset[str] | None,
        operator: Operator,
        expires_at: datetime | None = None,
    ) -> tuple[DeskToken, str]:
        """Make a desk token, and return with it what a desk presents: `fd_ID_SECRET`.

        The secret (256 bits) is returned this once and stored only hashed. Raises Refused.
        """
        ...

    async def admit(self, presented: str) -> DeskToken:
        """Return the token that a desk presents.

        Raises Unauthorised: unknown, revoked or expired; Unavailable when that cannot be looked up.
        """
        ...

    async def tokens(self) -> tuple[DeskToken, ...]:
        """Return all desk tokens, revoked ones too, oldest first."""
        ...

    async def revoke_token(self, token_id: str, operator: Operator) -> DeskToken:
        """Make a desk token useless from now on. Raises NotFound."""
        ...

    async def backup(self, target: Path) -> None:
        """Write a complete copy of the store to a new file. Raises Refused if it exists."""
        ...

    async def verify(self, on_progress: Callable[[float], None] = lambda _: None) -> Flaws | None:
        """Prove the audit, and the commands by it; return what does not fit, or None.

        The chain is whole; each event of a command has the command's row, and each row its event;
        what was planned to follow it is there; and what nothing but commands writes is as the last
        of them left it. What sources and dispatchers write is not proven. `on_progress` gets the
        part that is done, 0 to 1. Raises Unavailable.
        """
        ...

    async def head(self) -> Head:
        """Return where the audit chain ends now, to be kept elsewhere."""
        ...

    async def digests(self, numbers: Collection[int]) -> Mapping[int, str]:
        """Return the digests of audit events by their numbers; those that are not there are left out."""
        ...
