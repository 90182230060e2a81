"""What new patients cost, in plain lines: sums, months, invoices, and what an operator has decided."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from frontdesk import times
from frontdesk.billing.invoices import LineKind
from frontdesk.billing.outcomes import EXPLAINED, Outcome
from frontdesk.billing.overview import (
    BilledLine,
    BillingRow,
    InvoiceDetail,
    InvoiceSummary,
    PracticeSum,
    Undecided,
)
from frontdesk.billing.periods import InvoiceState, Period, Schedule
from frontdesk.billing.prices import Amount
from frontdesk.bookings import Practice, Presence
from frontdesk.sources.undecided import Verdict
from frontdesk.words.fitting import fitted
from frontdesk.words.told import Role, Shown, Told, told

MARGIN = 2
DAY_WIDTH, AT_WIDTH, AMOUNT_WIDTH, STATE_WIDTH = 10, 3, 12, 8


def money(cents: int, *, short: bool = False) -> str:
    """`$1,188.00`, `-$99.00`; with `short` whole dollars as `$1,188`."""
    dollars, rest = divmod(abs(cents), 100)
    said = f"{'-' if cents < 0 else ''}${dollars:,}.{rest:02}"
    return said.removesuffix(".00") if short else said


def decimal(cents: int) -> str:
    """Return an amount as a program reads it: 1188.00."""
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{dollars}.{rest:02}"


def with_tax(amount: Amount) -> str:
    """Return an amount with its tax: $108.90 ($9.90 tax)."""
    return f"{money(amount.total)} ({money(amount.tax)} tax)" if amount.tax else money(amount.total)


def marked(row: BillingRow) -> str:
    """Return whether the patient came, as it is marked, or `-`."""
    presence = row.booking.attendance.presence
    return "-" if presence is Presence.NONE else presence.value


def month(period: Period, now: datetime, zone: ZoneInfo) -> str:
    """`November`, or `November 2025` in another year than now's."""
    name = times.month_name(period.month)
    return name if period.year == times.local_date(now, zone).year else f"{name} {period.year}"


def closes(days: Schedule, zone: ZoneInfo, now: datetime) -> str:
    """`closes Mon 7 Dec 23:59 Sydney, in 2 days`, by the clock of the account."""
    last = days.last_minute
    how_far = times.distance(last, now, zone)
    return f"closes {times.when_in_words(last, zone, now)} {times.zone_name(zone)}, {how_far}"


def month_closes(period: Period, state: InvoiceState, days: Schedule, zone: ZoneInfo, now: datetime) -> str:
    """`Draft November closes ...`; of a month that is not over, the same without the word Draft."""
    name = month(period, now, zone)
    draft = "Draft " if state is InvoiceState.DRAFT else ""
    return f"{draft}{name} {closes(days, zone, now)}"


def closing_soon(found: Undecided, zone: ZoneInfo, now: datetime) -> str:
    """`Draft closes Mon 7 Dec: 12 undecided`."""
    last = times.local_date(found.days.last_minute, zone)
    day = times.day_in_words(last, times.local_date(now, zone))
    return f"Draft closes {day}: {len(found.rows):,} undecided"


def undecided(rows: Sequence[BillingRow]) -> str:
    """`12 without a decision: $1,188 is charged unless you ask`."""
    if not rows:
        return "Nothing is without a decision"
    cents = sum(row.amount.total for row in rows)
    return f"{len(rows):,} without a decision: {money(cents, short=True)} is charged unless you ask"


def month_beside(found: Undecided, width: int) -> tuple[str, str]:
    """Return what there is beside the undecided bookings of a month, and what those cost each practice."""
    beside = [f"+ {found.came:,} came: nothing to do"] if found.came else []
    if number := len(found.questions):
        beside.append(f"{number:,} not charged: new patient?")
    left = f" {'   '.join(beside)}"
    of: dict[str, list[int]] = {}
    for row in found.rows:
        of.setdefault(row.booking.practice.short, []).append(row.amount.total)
    each = [f"{at} {len(all_of)} {money(sum(all_of), short=True)}" for at, all_of in sorted(of.items())]
    return left, f"{_as_many(each, width - cell_len(left) - MARGIN)} "


def sums(found: Sequence[PracticeSum], width: int) -> tuple[str, str]:
    """Return how many bookings each practice is charged, or would be, what for, and what that is together."""
    total = sum(one.amount.total for one in found)
    tax = " with tax" if any(one.amount.tax for one in found) else ""
    right = f"together {money(total)}{tax} "
    each = [f"{one.practice.short} {one.bookings:,} {money(one.amount.total)}" for one in found]
    return f" {_as_many(each, width - cell_len(right) - MARGIN)}", right


def _as_many(parts: Sequence[str], width: int) -> str:
    """Return the parts side by side; those for which there is no room are counted, never cut."""
    for shown in range(len(parts), -1, -1):
        rest = len(parts) - shown
        said = "   ".join((*parts[:shown], *([f"and {rest} more"] if rest else [])))
        if cell_len(said) <= width:
            return said
    return ""


SENT: Mapping[Verdict, str] = {
    Verdict.ATTENDED: "attended",
    Verdict.DID_NOT_COME: "did not come",
    Verdict.NOT_NEW: "not new",
}


def tally(decided: Iterable[tuple[Verdict, Practice]]) -> str:
    """`9 attended, 2 did not come (Praktika is told), 1 not new`."""
    counts: Counter[Verdict] = Counter()
    told: set[str] = set()
    for verdict, practice in decided:
        counts[verdict] += 1
        if verdict is Verdict.DID_NOT_COME and practice.pms is not None and practice.pms.can_mark_no_show:
            told.add(practice.pms.name)
    parts = []
    for verdict, word in SENT.items():
        if not counts[verdict]:
            continue
        names = " and ".join(sorted(told)) if verdict is Verdict.DID_NOT_COME else ""
        is_told = f" ({names} {'is' if len(told) == 1 else 'are'} told)" if names else ""
        parts.append(f"{counts[verdict]:,} {word}{is_told}")
    return ", ".join(parts)


def outcomes_explained() -> tuple[str, ...]:
    """Return what each outcome means: `Upcoming: its invoice is not final yet`."""
    return tuple(f"{outcome}: {EXPLAINED[outcome]}" for outcome in Outcome)


def stands(one: InvoiceSummary, zone: ZoneInfo, now: datetime) -> str:
    """`Draft to Mon 7 Dec`, `Due Mon 21 Dec`, `Paid`: how an invoice of the list stands."""
    if one.state is InvoiceState.DRAFT:
        return f"Draft to {_day(one.days.last_minute, zone, now)}"
    if one.state in (InvoiceState.DUE, InvoiceState.OVERDUE):
        return f"{one.state} {times.day_in_words(one.days.due_on, times.local_date(now, zone))}"
    return "not issued yet" if one.state is InvoiceState.OPEN else str(one.state)


# -- an invoice ----------------------------------------------------------------------------


def invoice_lines(
    detail: InvoiceDetail | None, unread: str, now: datetime, zone: ZoneInfo, width: int
) -> Shown:
    """Return what the page of an invoice shows in a window of this width.

    `detail` None is still being read. `unread` is why it could not be read, or not again.
    """
    if detail is None:
        return {"title": (told(" Invoice", Role.TITLE),), "text": (told(f"  {unread or 'Reading...'}"),)}
    title = told(f" {invoice_title(detail, now, zone)}", Role.TITLE, f"{detail.state} ")
    old = told(f"  Not read anew: {unread}", Role.WARNING) if unread else Told()
    return {"title": (title,), "text": (old, *map(told, invoice_text(detail, now, zone, width)))}


def invoice_title(detail: InvoiceDetail, now: datetime, zone: ZoneInfo) -> str:
    """`Invoice 12   November   smile`, or `Draft November   smile`."""
    invoice = detail.invoice
    name = month(invoice.period, now, zone)
    what = (
        f"Invoice {invoice.number}   {name}"
        if invoice.number is not None
        else f"{_unnumbered(detail)} {name}"
    )
    return f"{what}   {invoice.account}"


def _unnumbered(detail: InvoiceDetail) -> str:
    return "Not issued yet:" if detail.state is InvoiceState.OPEN else "Draft"


def invoice_text(detail: InvoiceDetail, now: datetime, zone: ZoneInfo, width: int) -> tuple[str, ...]:
    """Return an invoice in lines of at most `width` cells: its days, its bookings, what they come to.

    A line that a request has struck keeps its place, with an x before it and the word Adjusted, and
    counts nothing. A credit names the month that charged it.
    """
    amount = detail.invoice.amount
    lines = [f"  {said}" for said in _days(detail, now, zone)] + [""]
    lines += [_billed(line, now, zone, width) for line in detail.lines]
    if not detail.lines:
        lines.append("  Nothing is charged.")
    due = (
        "nothing until it is final"
        if detail.invoice.number is None
        else money(detail.invoice.amount_due(now))
    )
    below = (
        ("Subtotal", money(amount.net)),
        ("Tax", money(amount.tax)),
        ("Total", money(amount.total)),
        ("Due", due),
    )
    said = (f"{label}  {what:>{AMOUNT_WIDTH - 2}}" for label, what in below)
    return (*lines, "", *(f"{one:>{width - 1}}" for one in said))


def _days(detail: InvoiceDetail, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    invoice, days = detail.invoice, detail.invoice.days
    today = times.local_date(now, zone)
    if invoice.number is None:
        last = days.last_minute
        until = f"{times.when_in_words(last, zone, now)} {times.zone_name(zone)}"
        ask = f"You can ask not to be charged until {until}, {times.distance(last, now, zone)}."
        issued = (f"It is a draft from {_day(days.issued_at, zone, now)} on.",) * (now < days.issued_at)
        return (*issued, ask)
    due = times.day_in_words(days.due_on, today)
    said = f"{detail.state}, final since {_day(days.final_at, zone, now)}, to be paid by {due}"
    if invoice.void_at is not None:
        said = f"{detail.state} since {_day(invoice.void_at, zone, now)}: nothing of it is charged"
    elif invoice.paid_at is not None:
        said = f"{detail.state} since {_day(invoice.paid_at, zone, now)}"
    return (said,)


def _day(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    return times.day_in_words(times.local_date(at, zone), times.local_date(now, zone))


def _billed(one: BilledLine, now: datetime, zone: ZoneInfo, width: int) -> str:
    booking, line = one.booking, one.line
    day = times.day(
        times.local_date(booking.starts_at, booking.practice.zone),
        times.local_date(now, booking.practice.zone),
    )
    said = ""
    if line.is_struck:
        said = "Adjusted"
    elif line.kind is LineKind.CREDIT:
        said = f"credit for {month(line.period, now, zone)}"
    amount = money(0 if line.is_struck else line.amount.net)
    said_width = max(STATE_WIDTH, cell_len(said))
    name = width - MARGIN - DAY_WIDTH - AT_WIDTH - said_width - AMOUNT_WIDTH - 5
    mark = "x " if line.is_struck else "  "
    return (
        f"{mark}{day} {fitted(booking.practice.short, AT_WIDTH)} {fitted(booking.patient.name, name)} "
        f"{said:<{said_width}} {amount:>{AMOUNT_WIDTH}}"
    )
