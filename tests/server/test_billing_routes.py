"""Who may read billing at a server, and who may decide."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest

from frontdesk.api import wire
from frontdesk.bookings import Scope
from frontdesk.store.sql.store import SqlStore
from tests.contract.billed import Billed
from tests.contract.desks import DesksHere
from tests.server.requests import BILLING_READS, BILLING_WRITES
from tests.serving import bearer, client_of, make_token, served, service_of

READS = tuple(BILLING_READS.values())
OF_THE_ACCOUNT = READS[5:]
WRITES = dict(BILLING_WRITES.values())


@pytest.fixture
async def billed(sqlite_url: str) -> AsyncIterator[Billed]:
    """A month of one booking, which is final."""
    async with AsyncExitStack() as stack:
        billed = await Billed.make(await DesksHere(sqlite_url, stack)(), sqlite_url)
        await billed.book("A1", days=1)
        await billed.invoice()
        yield billed


@pytest.fixture
async def server(billed: Billed) -> AsyncIterator[str]:
    assert isinstance(billed.store, SqlStore)
    async with served(service_of(billed.store)) as url:
        yield url


async def get(
    client: httpx.AsyncClient, path: str, billed: Billed, headers: dict[str, str]
) -> httpx.Response:
    return await client.get(path.format(period=billed.period), headers=headers)


async def post(
    client: httpx.AsyncClient, path: str, billed: Billed, headers: dict[str, str]
) -> httpx.Response:
    body = {name: value.format(period=billed.period) for name, value in WRITES[path].items()}
    return await client.post(path, json=body, headers={**headers, "Idempotency-Key": str(uuid4())})


@pytest.mark.parametrize(
    ("scopes", "may_read", "may_decide"),
    [
        ({Scope.READ}, False, False),
        ({Scope.READ, Scope.CANCEL}, False, False),
        ({Scope.BILL}, False, False),
        ({Scope.READ, Scope.BILL}, True, False),
        ({Scope.READ, Scope.DECIDE}, False, True),
        ({Scope.READ, Scope.BILL, Scope.DECIDE}, True, True),
    ],
)
async def test_scopes(
    server: str, billed: Billed, scopes: set[Scope], may_read: bool, may_decide: bool
) -> None:
    store = billed.store
    assert isinstance(store, SqlStore)
    headers = bearer(await make_token(store, scopes=frozenset(scopes)))
    before = (await store.state()).number
    async with client_of(server) as client:
        for path in READS:
            assert (await get(client, path, billed, headers)).status_code == (200 if may_read else 403), path
        for path in WRITES:
            assert (await post(client, path, billed, headers)).status_code == (200 if may_decide else 403), (
                path
            )
    assert ((await store.state()).number > before) is may_decide


async def test_without_a_token_there_is_nothing(server: str, billed: Billed) -> None:
    async with client_of(server) as client:
        for path in READS:
            assert (await get(client, path, billed, {})).status_code == 401, path
        for path in WRITES:
            assert (await post(client, path, billed, {})).status_code == 401, path


async def test_an_account_that_pays_for_others_too_is_not_there(server: str, billed: Billed) -> None:
    assert isinstance(billed.store, SqlStore)
    scopes = frozenset(Scope)
    headers = bearer(await make_token(billed.store, scopes=scopes, practices=frozenset({"perth"})))
    async with client_of(server) as client:
        for path in READS:
            response = await get(client, path, billed, headers)
            assert response.status_code == (404 if path in OF_THE_ACCOUNT else 200), path
            assert b"desk@adelaide" not in response.content, path
        for path in WRITES:
            assert (await post(client, path, billed, headers)).status_code == 404, path


@pytest.mark.parametrize(
    "query",
    [
        {"period": "2026-13"},
        {"outcome": "Paid"},
        {"adjustment": "Perhaps"},
        {"number": "0"},
        {"account": "x"},
        {"perod": "2026-11"},
        {"position_id": "1"},
    ],
)
async def test_a_query_that_is_none_is_refused(server: str, billed: Billed, query: dict[str, str]) -> None:
    assert isinstance(billed.store, SqlStore)
    headers = bearer(await make_token(billed.store, scopes=frozenset(Scope)))
    async with client_of(server) as client:
        response = await client.get("/billing", params=query, headers=headers)
    assert response.status_code == 422
    assert wire.decode(response.content, wire.Problem).code == "invalid"


@pytest.mark.parametrize(
    "path",
    ["/accounts/0/invoices/2026-11", "/accounts/1/invoices/x", "/accounts/99999999999/undecided/2026-11"],
)
async def test_what_is_nowhere_is_not_found(server: str, billed: Billed, path: str) -> None:
    assert isinstance(billed.store, SqlStore)
    headers = bearer(await make_token(billed.store, scopes=frozenset(Scope)))
    async with client_of(server) as client:
        assert (await client.get(path, headers=headers)).status_code == 404
