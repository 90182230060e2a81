"""`billing`: what new patients cost, the invoices, and what the biller does with them, in line mode."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

import click

from frontdesk import times
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import TEXT_LIMIT, Review, label_of
from frontdesk.billing.outcomes import NOTHING, Outcome
from frontdesk.billing.overview import BillingQuery, BillingRow, InvoiceSummary, PracticeSum
from frontdesk.billing.periods import Period, parse
from frontdesk.billing.prices import Amount
from frontdesk.bookings import Direction, Position, Reason
from frontdesk.cli.documents import Document, as_json, print_document
from frontdesk.cli.lines import aligned
from frontdesk.cli.notes import asked_note
from frontdesk.cli.paging import cursor, page_options, read_cursor
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation
from frontdesk.commands import Approve, Ask, CloseMonth, Command, Pay, Reject, Subject, Void
from frontdesk.errors import NotFound, Refused
from frontdesk.store.port import BookingStore
from frontdesk.words.billing import decimal, marked, money, with_tax

PAGE = 200
_BADGES = (*(one.value for one in Review if one is not Review.WITHDRAWN), NOTHING)
_REQUESTS_LIMIT = 100_000


class _Month(click.ParamType[Period]):
    name = "month"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        """Read 2026-11."""
        try:
            return parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


MONTH = _Month()


@click.group()
def billing() -> None:
    """List what new patients cost, requests and invoices.

    A practice with a billing account is charged for each new patient. The invoice of a month is
    a draft for 7 days. Until they end, the practice can ask not to be charged. Then the invoice
    gets its number automatically.

    \b
    Examples:
      frontdesk billing list --period 2026-11          new patients of a month
      frontdesk billing requests                       what awaits review
      frontdesk billing decide 12 approve              nothing is charged
      frontdesk billing decide 12 reject               it stays charged; say why
      frontdesk billing invoices                       all invoices
      frontdesk billing paid 3                         invoice 3 is paid
    """


@billing.command("list")
@click.option("--period", type=MONTH, metavar="MONTH", help="Of this month only, such as 2026-11.")
@click.option("--invoice", "number", type=click.IntRange(1), metavar="NUMBER", help="On this invoice only.")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice([one.value for one in Outcome], case_sensitive=False),
    help="With this outcome only. Can be given several times.",
)
@click.option(
    "--adjustment",
    "adjustments",
    multiple=True,
    type=click.Choice(_BADGES, case_sensitive=False),
    help="With a request that stands so; - is no request. Can be given several times.",
)
@click.option("--practice", "practices", multiple=True, metavar="ID", help="At this practice only.")
@page_options
@as_json
@click.pass_obj
def list_(
    installation: Installation,
    period: Period | None,
    number: int | None,
    outcomes: Sequence[str],
    adjustments: Sequence[str],
    practices: Sequence[str],
    limit: int,
    after: str | None,
    as_json: bool,
) -> None:
    """List new patients' bookings, with sums by practice.

    The sums are those of the invoices: they also count what --outcome and --adjustment leave out.
    """
    query = BillingQuery(
        None,
        period,
        number,
        frozenset(Outcome(one) for one in outcomes),
        frozenset(adjustments),
        frozenset(practices),
    )
    position = read_cursor(after)[0] if after else None
    with installation.opened() as (store, run):
        now = run(store.state()).now
        rows, end = run(_read(store, query, limit, position))
        sums = run(store.billing_sums(query))
    if as_json:
        print_document([_document(row) for row in rows])
    else:
        for line in aligned([_cells(row, now) for row in rows]):
            say(line)
        for line in _sum_lines(sums):
            say(line)
    if end is not None:
        say(f"{len(rows):,} shown. For the rest add --after and the text behind next:", err=True)
        say(f"next: {cursor(end, now)}", err=True)


@billing.command()
@as_json
@click.pass_obj
def requests(installation: Installation, as_json: bool) -> None:
    """List the requests that await review, with their IDs."""
    query = BillingQuery(adjustments=frozenset({Review.AWAITING.value}))
    with installation.opened() as (store, run):
        now = run(store.state()).now
        rows, _ = run(_read(store, query, _REQUESTS_LIMIT, None))
    if as_json:
        print_document([_document(row) for row in rows])
        return
    for line in aligned([_request_cells(row, now) for row in rows]):
        say(line)
    if not rows:
        say("No request awaits review.")


@billing.command()
@click.argument("request_id", metavar="ID", type=int)
@click.argument("decision", type=click.Choice(["approve", "reject"]))
@click.option(
    "--note",
    metavar="TEXT",
    help=f"What the practice reads, up to {TEXT_LIMIT} characters; needed to reject.",
)
@as_json
@click.pass_obj
def decide(
    installation: Installation, request_id: int, decision: str, note: str | None, as_json: bool
) -> None:
    """Approve or reject request ID, never one of your own.

    Without --note, reject asks for one at a terminal. A note on the command line can be read by
    others who are logged in to this machine while the command runs.
    """
    ask: Ask = Approve(note or "")
    if decision == "reject":
        question = "Why it is rejected. The practice reads it"
        ask = Reject(asked_note(question, note, TEXT_LIMIT, "say why it is rejected", err=as_json))
    with installation.opened() as (store, run):
        version = run(_version(store, request_id))
        done = run(store.do(_command(installation, "adjustment", request_id, ask, version)))
    request = done.thing
    if as_json:
        print_document(
            {
                "id": request.id,
                "review": request.review.value,
                "decided_by": str(request.decided_by),
                "note": request.note,
            }
        )
    else:
        say(f"Request {request.id} is {request.review.lower()} by {request.decided_by}.")


@billing.command()
@as_json
@click.pass_obj
def invoices(installation: Installation, as_json: bool) -> None:
    """List all invoices, the latest month first."""
    with installation.opened() as (store, run):
        found = run(store.invoices())
    if as_json:
        print_document([_invoice_document(one) for one in found])
        return
    for line in aligned([_invoice_cells(one) for one in found]):
        say(line)
    if not found:
        say("No invoices here: [billing] in the config says what is charged.")


@billing.command()
@click.argument("period", metavar="PERIOD", type=MONTH)
@as_json
@click.pass_obj
def close(installation: Installation, period: Period, as_json: bool) -> None:
    """Make the invoice of PERIOD, such as 2026-11, final.

    The store numbers invoices automatically once their drafts have ended. Closing it
    again does no harm.
    """
    with installation.opened() as (store, run):
        account = _only(run(store.accounts()))
        run(store.do(_command(installation, "account", account.id, CloseMonth(str(period)))))
        found = _of_period(run(store.invoices()), account, period)
    _tell(found, as_json=as_json)


@billing.command()
@click.argument("number", metavar="NUMBER", type=int)
@as_json
@click.pass_obj
def paid(installation: Installation, number: int, as_json: bool) -> None:
    """Mark invoice NUMBER as paid."""
    _change(installation, number, Pay(), as_json=as_json)


@billing.command()
@click.argument("number", metavar="NUMBER", type=int)
@as_json
@click.pass_obj
def void(installation: Installation, number: int, as_json: bool) -> None:
    """Void invoice NUMBER, for ever: nothing of it is charged."""
    _change(installation, number, Void(), as_json=as_json)


def _change(installation: Installation, number: int, ask: Ask, *, as_json: bool) -> None:
    with installation.opened() as (store, run):
        run(store.do(_command(installation, "invoice", number, ask)))
        found = next(one for one in run(store.invoices()) if one.number == number)
    _tell(found, as_json=as_json)


def _tell(found: InvoiceSummary, *, as_json: bool) -> None:
    if as_json:
        print_document(_invoice_document(found))
    else:
        say(f"Invoice {found.badge} of {found.period} is {found.state.lower()}: {with_tax(found.amount)}.")


def _command(installation: Installation, kind: str, number: int, ask: Ask, seen: int = 0) -> Command:
    return Command(uuid.uuid4(), Subject(kind, number), seen, installation.config.operator, ask)


async def _version(store: BookingStore, request_id: int) -> int:
    """Return the version of a request that is listed. Raises NotFound."""
    for row in (await _read(store, BillingQuery(adjustments=frozenset(_BADGES[:-1])), _REQUESTS_LIMIT, None))[
        0
    ]:
        if row.request is not None and row.request.id == request_id:
            return row.request.version
    raise NotFound("There is no such request here: frontdesk billing requests lists them.")


def _only(accounts: Sequence[Account]) -> Account:
    if not accounts:
        raise NotFound("There is no billing account here: [billing] in the config says what is charged.")
    if len(accounts) > 1:
        raise Refused(
            Reason(
                "several-accounts", "the store has several billing accounts, and each closes automatically"
            )
        )
    return accounts[0]


def _of_period(found: Iterable[InvoiceSummary], account: Account, period: Period) -> InvoiceSummary:
    return next(one for one in found if one.account_id == account.id and one.period == period)


async def _read(
    store: BookingStore, query: BillingQuery, limit: int, position: Position | None
) -> tuple[list[BillingRow], Position | None]:
    """Return up to `limit` rows, and where the next list begins if there is more."""
    rows: list[BillingRow] = []
    while True:
        page = await store.billing_page(query, min(PAGE, limit - len(rows)), position, Direction.FORWARD)
        rows += page.rows
        if not page.more:
            return rows, None
        position = rows[-1].position
        if len(rows) >= limit:
            return rows, position


def _cells(row: BillingRow, now: datetime) -> tuple[str, ...]:
    booking = row.booking
    return (
        times.when(booking.starts_at, booking.practice.zone, now),
        booking.practice.short,
        booking.ref,
        booking.patient.name,
        row.invoice_badge,
        row.outcome.value,
        row.adjustment_badge,
        marked(row),
        money(row.amount.total),
    )


def _request_cells(row: BillingRow, now: datetime) -> tuple[str, ...]:
    booking, request = row.booking, row.request
    if request is None:
        raise TypeError("only rows with a request are listed here")
    return (
        str(request.id),
        times.when(booking.starts_at, booking.practice.zone, now),
        booking.practice.short,
        booking.ref,
        booking.patient.name,
        request.name,
        label_of(request.ground),
        request.text,
    )


def _sum_lines(sums: Sequence[PracticeSum]) -> Iterable[str]:
    if not sums:
        return ()
    total = sum((one.amount for one in sums), Amount())
    cells = [(one.practice.name, _bookings(one.bookings), with_tax(one.amount)) for one in sums]
    cells.append(("Total", _bookings(sum(one.bookings for one in sums)), with_tax(total)))
    return aligned(cells)


def _bookings(number: int) -> str:
    return f"{number:,} {'booking' if number == 1 else 'bookings'}"


def _invoice_cells(one: InvoiceSummary) -> tuple[str, ...]:
    return (
        one.badge,
        str(one.period),
        one.account,
        one.state.value,
        f"{one.lines:,} {'line' if one.lines == 1 else 'lines'}",
        with_tax(one.amount),
        f"due {one.days.due_on.isoformat()}",
    )


def _document(row: BillingRow) -> Document:
    booking, request = row.booking, row.request
    return {
        "ref": booking.ref,
        "practice": booking.practice.id,
        "patient_name": booking.patient.name,
        "starts_at": booking.starts_at.astimezone(booking.practice.zone).isoformat(),
        "period": str(row.period),
        "invoice": row.invoice_badge,
        "invoice_state": row.invoice.value,
        "outcome": row.outcome.value,
        "attendance": booking.attendance.presence.value,
        "net": decimal(row.amount.net),
        "tax": decimal(row.amount.tax),
        "adjustment": None
        if request is None
        else {
            "id": request.id,
            "review": request.review.value,
            "ground": request.ground.value,
            "text": request.text,
            "name": request.name,
            "note": request.note,
        },
    }


def _invoice_document(one: InvoiceSummary) -> Document:
    return {
        "number": one.number,
        "account": one.account,
        "period": str(one.period),
        "state": one.state.value,
        "lines": one.lines,
        "net": decimal(one.amount.net),
        "tax": decimal(one.amount.tax),
        "total": decimal(one.amount.total),
        "final_at": one.days.final_at.isoformat(),
        "due_on": one.days.due_on.isoformat(),
        "paid_at": one.paid_at.isoformat() if one.paid_at else None,
        "void_at": one.void_at.isoformat() if one.void_at else None,
    }
