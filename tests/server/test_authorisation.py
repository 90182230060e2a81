"""Who may do what: every operation with every kind of token."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from frontdesk.api import wire
from frontdesk.bookings import Scope
from frontdesk.errors import Unauthorised, Unavailable
from frontdesk.server.app import make_app
from frontdesk.server.service import Service
from frontdesk.store.port import DeskToken
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
from tests.making import KIM
from tests.server.requests import BILLING_READS, BILLING_WRITES, CASES, NOTHING, OPEN, OPERATIONS, Asking
from tests.serving import DESK_SCOPES, Told, bearer, client_of, make_token, served, service_of

Statuses = dict[str, int]
WRITING = {Scope.CANCEL, Scope.DECIDE, Scope.ADMIN}


def test_every_route_has_its_case(told: Told) -> None:
    app = make_app(Service(None, None, told.report, told.wake))  # type: ignore[arg-type]
    assert {route.name for route in app.routes} == OPERATIONS  # type: ignore[attr-defined]
    asked = [case.shape for case in CASES.values()]
    asked += [*BILLING_READS.values(), *(path for path, _ in BILLING_WRITES.values())]
    assert {f"/{path.split('/')[1]}" for path in asked} == {
        f"/{route.path.split('/')[1]}"  # type: ignore[attr-defined]
        for route in app.routes
    }


@pytest.fixture
async def perth(filled: SqlStore) -> Asking:
    """A cancelled booking at `perth`, with a delivery in attention."""
    return await Asking.about(filled, 34)


async def credentials(store: SqlStore, store_url: str, kind: str) -> dict[str, str]:
    """Return the headers of a desk that is not to be let in."""
    if kind == "none":
        return {}
    if kind == "another scheme":
        return {"Authorization": "Basic " + (await make_token(store))}
    if kind == "bad":
        good = await make_token(store)
        return bearer(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))
    if kind == "no token at all":
        return bearer("fd_'; DROP TABLE token; --")
    if kind == "expired":
        token, presented = await store.registry.create_token(
            "Old desk", DESK_SCOPES, None, KIM, datetime.now(UTC) + timedelta(days=1)
        )
        execute(store_url, "UPDATE token SET expires_at = created_at WHERE id = :id", id=token.id)
        return bearer(presented)
    token, presented = await store.registry.create_token("Old desk", DESK_SCOPES, None, KIM)
    await store.registry.revoke_token(token.id, KIM)
    return bearer(presented)


@pytest.mark.parametrize(
    "kind",
    [
        "none",
        "bad",
        "expired",
        "revoked",
        *(pytest.param(kind, marks=pytest.mark.full) for kind in ("another scheme", "no token at all")),
    ],
)
async def test_without_a_good_token_there_is_nothing(
    server: str, filled: SqlStore, store_url: str, perth: Asking, kind: str
) -> None:
    headers = await credentials(filled, store_url, kind)
    before = (await filled.state()).number
    got: Statuses = {}
    async with client_of(server) as client:
        for name, case in CASES.items():
            response = await case.send(client, perth, headers)
            got[name] = response.status_code
            if name not in OPEN:
                assert response.headers.get("WWW-Authenticate", "Bearer") == "Bearer", name
                assert response.headers["Content-Type"] == wire.PROBLEM_TYPE, name
                assert b"Smile" not in response.content, name
    # From the 21st on guesses are held up; without a token there was no guess.
    refused = {401} if kind in ("none", "another scheme") else {401, 429}
    assert {got[name] for name in OPEN} == {200}
    assert {status for name, status in got.items() if name not in OPEN} <= refused
    assert (await filled.state()).number == before


@pytest.mark.parametrize(
    ("scopes", "may_write"),
    [
        ({Scope.READ, Scope.CANCEL}, True),
        ({Scope.READ, Scope.DECIDE}, True),
        ({Scope.READ}, False),
        # A decision is in the audit, and changes no booking of itself.
        ({Scope.READ, Scope.ADMIN}, False),
        ({Scope.CANCEL}, False),
        pytest.param({Scope.BILL, Scope.ADMIN}, False, marks=pytest.mark.full),
    ],
    ids=lambda one: "+".join(sorted(one)) if isinstance(one, set) else "",
)
async def test_a_token_lets_its_scopes_be_used_and_no_more(
    server: str, filled: SqlStore, perth: Asking, scopes: set[Scope], may_write: bool
) -> None:
    headers = bearer(await make_token(filled, scopes=frozenset(scopes)))
    before = (await filled.state()).number
    got: Statuses = {}
    async with client_of(server) as client:
        for name, case in CASES.items():
            got[name] = (await case.send(client, perth, headers)).status_code
    for name, case in CASES.items():
        # Whoever may write anything may give a command of their own up.
        needs = (scopes & WRITING or {Scope.CANCEL}) if name == "give_up" else {case.scope}
        if name in OPEN or {Scope.READ, *needs} <= scopes:
            # The delivery is due again after its retry, and the booking was cancelled before.
            assert got[name] in (200, 409, 412), name
        else:
            assert got[name] == 403, name
    assert ((await filled.state()).number > before) is may_write


async def test_what_belongs_to_another_practice_is_not_there(
    server: str, filled: SqlStore, perth: Asking
) -> None:
    headers = bearer(await make_token(filled, scopes=frozenset(Scope), practices=frozenset({"adelaide"})))
    here = await Asking.about(filled, 33)
    before = (await filled.state()).number
    async with client_of(server) as client:
        for name, case in CASES.items():
            there = await case.send(client, perth, headers)
            if not case.names_one:
                assert there.status_code == 200, name
                if name not in ("stream_changes", "read_openapi"):
                    assert b"erth" not in there.content, name
                continue
            assert there.status_code == 404, name
            if name != "give_up":
                # An unknown command is given up: that it never will be written is what was asked for.
                nowhere = await case.send(client, NOTHING, headers)
                assert (nowhere.status_code, nowhere.content) == (404, there.content), name
            assert (await filled.state()).number == before, name
            assert (await case.send(client, here, headers)).status_code != 404, name
            before = (await filled.state()).number


async def test_a_token_counts_from_the_moment_to_the_moment(server: str, filled: SqlStore) -> None:
    token, presented = await filled.registry.create_token("Desk", DESK_SCOPES, None, KIM)
    async with client_of(server, presented) as client:
        assert (await client.get("/practices")).status_code == 200
        await filled.registry.revoke_token(token.id, KIM)
        refused = await client.get("/practices")
    assert refused.status_code == 401
    assert "revoked" in wire.decode(refused.content, wire.Problem).detail


@pytest.mark.parametrize("authorization", ["Bearer {}", "bearer {}", "BEARER  {}"])
async def test_the_schemes_name_is_said_in_any_case(
    server: str, filled: SqlStore, authorization: str
) -> None:
    headers = {"Authorization": authorization.format(await make_token(filled))}
    async with httpx.AsyncClient(base_url=server, headers=headers) as client:
        assert (await client.get("/practices")).status_code == 200


@pytest.mark.parametrize("fault", [Unavailable("pg at db.internal is away"), Unauthorised("db.internal: no")])
async def test_trouble_of_the_store_is_no_fault_of_the_token(
    filled: SqlStore, told: Told, fault: Exception
) -> None:
    presented = await make_token(filled)

    class Away(type(filled)):  # type: ignore[misc]
        async def practices(self) -> None:
            raise fault

    store = Away(filled._database, filled._standing)
    store.as_desk = lambda standing: store
    async with (
        served(service_of(store, told)) as url,
        client_of(url, presented) as client,
    ):
        response = await client.get("/practices")
    assert response.status_code == 503
    detail = wire.decode(response.content, wire.Problem).detail
    assert ("db.internal" in detail) is isinstance(fault, Unavailable)
    assert not told.errors


async def test_who_was_not_let_in_does_not_learn_where_the_store_is(filled: SqlStore, told: Told) -> None:
    async def admit(presented: str) -> DeskToken:
        raise Unavailable("pg at db.internal is away")

    service = Service(filled, admit, told.report, told.wake)
    async with served(service) as url, client_of(url, "x") as client:
        response = await client.get("/practices")
    assert response.status_code == 503
    assert b"db.internal" not in response.content


async def test_a_writes_operator_comes_by_way_of_the_token(server: str, filled: SqlStore) -> None:
    headers = bearer(await make_token(filled, "Front desk 2"))
    async with httpx.AsyncClient(base_url=server, headers=headers) as client:
        case = CASES["cancel_booking"]
        for booking_id, said, name in (
            (33, {}, "Front desk 2"),
            (35, {"operator": " \x1b\t"}, "\ufffd"),
            (37, {"operator": "Kim\u202e Nguyen"}, "Kim\ufffd Nguyen"),
        ):
            response = await client.post(
                f"/bookings/{booking_id}/cancel", json=said, headers=dict(case.headers())
            )
            assert response.status_code == 200, response.text
            done = (await filled.get(booking_id)).cancellation
            assert done is not None
            assert (done.by.name, done.by.via) == (name, "Front desk 2")
        refused = await client.post(
            "/bookings/39/cancel", json={"via": "Another desk"}, headers=dict(case.headers())
        )
        assert refused.status_code == 422
        mine = await client.get("/last-write", params={"since": "2026-01-01T00:00:00Z"})
        last = wire.decode(mine.content, wire.Outcome).done
        assert last is not None
        assert last.done().thing.id == 33
