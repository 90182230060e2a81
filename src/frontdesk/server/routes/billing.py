"""Billing: what new patients cost, the invoices, and what nobody has decided."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import AfterValidator

from frontdesk.billing.adjustments import Review
from frontdesk.billing.outcomes import NOTHING, Outcome
from frontdesk.billing.overview import BillingQuery
from frontdesk.billing.periods import Period, parse
from frontdesk.bookings import COUNT_LIMIT, LAST_ID, Scope
from frontdesk.errors import NotFound
from frontdesk.server.admission import Caller, admitting
from frontdesk.server.answering import answer
from frontdesk.server.asking import MOST_PRACTICES, Id, Limit, Name, Place, Side
from frontdesk.server.routing import new_router

router = new_router("billing")

ReadingBilling = Annotated[Caller, Depends(admitting(Scope.BILL))]

_BADGES = tuple(one.value for one in Review if one is not Review.WITHDRAWN)


def _month(written: str) -> str:
    parse(written)
    return written


def _badge(written: str) -> str:
    if written not in (NOTHING, *_BADGES):
        raise ValueError(f"{', '.join(_BADGES)}, or {NOTHING}")
    return written


Month = Annotated[str, AfterValidator(_month)]
Badge = Annotated[str, Query(max_length=32), AfterValidator(_badge)]


async def _filters(
    account: Annotated[Id | None, Query(description="`id` of a billing account")] = None,
    period: Annotated[Month | None, Query(description="a month", examples=["2026-11"])] = None,
    number: Annotated[int | None, Query(ge=1, le=LAST_ID, description="of a final invoice")] = None,
    outcome: Annotated[list[Outcome] | None, Query(max_length=len(Outcome))] = None,
    adjustment: Annotated[
        list[Badge] | None, Query(max_length=len(Review), description="badges; - is none")
    ] = None,
    practice: Annotated[list[Name] | None, Query(max_length=MOST_PRACTICES)] = None,
) -> BillingQuery:
    return BillingQuery(
        account,
        None if period is None else parse(period),
        number,
        frozenset(outcome or ()),
        frozenset(adjustment or ()),
        frozenset(practice or ()),
    )


Filters = Annotated[BillingQuery, Depends(_filters)]
AccountId = Annotated[
    int,
    Path(
        description="the account's `id`",
        json_schema_extra={"minimum": 1, "maximum": LAST_ID},
        examples=[1],
    ),
]
MonthInPath = Annotated[str, Path(description="a month, as 2026-11", examples=["2026-11"])]


@router.get("/accounts")
async def list_accounts(caller: ReadingBilling) -> Response:
    """The billing accounts of which this desk may see everything."""
    return answer(await caller.store.accounts())


@router.get("/billing")
async def list_billing(
    caller: ReadingBilling, query: Filters, place: Place, limit: Limit = 100, direction: Side = Side.FORWARD
) -> Response:
    """New patients' bookings and what becomes of them, in the order of their start, from one position on."""
    return answer(await caller.store.billing_page(query, limit, place, direction.direction))


@router.get("/billing/count")
async def count_billing(
    caller: ReadingBilling,
    query: Filters,
    limit: Annotated[int, Query(ge=1, le=COUNT_LIMIT, description="where counting stops")] = 1000,
) -> Response:
    """How many rows a query has."""
    return answer(await caller.store.billing_count(query, limit))


@router.get("/billing/sums")
async def sum_billing(caller: ReadingBilling, query: Filters) -> Response:
    """What each practice is charged, in a month or in all up to now."""
    return answer(await caller.store.billing_sums(query))


@router.get("/billing/invoices")
async def list_invoices(caller: ReadingBilling) -> Response:
    """All invoices, latest month first: final ones, drafts, and the month that is not over."""
    return answer(await caller.store.invoices())


@router.get("/accounts/{account_id}/invoices/{period}")
async def read_invoice(caller: ReadingBilling, account_id: AccountId, period: MonthInPath) -> Response:
    """An invoice with its lines; a draft with what was struck."""
    return answer(await caller.store.invoice(_account(account_id), _period(period)))


@router.get("/accounts/{account_id}/undecided/{period}")
async def read_undecided(caller: ReadingBilling, account_id: AccountId, period: MonthInPath) -> Response:
    """What is charged of a month unless somebody asks."""
    return answer(await caller.store.undecided(_account(account_id), _period(period)))


def _account(account_id: int) -> int:
    if not 1 <= account_id <= LAST_ID:
        raise NotFound("There is no such billing account here: look at the list again.")
    return account_id


def _period(written: str) -> Period:
    try:
        return parse(written)
    except ValueError:
        raise NotFound("There is no such invoice: a month is written like 2026-11.") from None
