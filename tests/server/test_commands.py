"""Writes: which version was seen, which command it is, and that it is carried out once."""

import asyncio
from uuid import uuid4

import httpx

from frontdesk.api import wire
from frontdesk.bookings import Booking
from frontdesk.deliveries import State
from frontdesk.shapes import converted
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
from tests.making import KIM, LEE
from tests.server.requests import Asking, cancel, cancel_headers, done_of, key_headers
from tests.serving import Told


def problem(response: httpx.Response) -> wire.Problem:
    assert response.headers["Content-Type"] == wire.PROBLEM_TYPE, response.text
    told = wire.decode(response.content, wire.Problem)
    assert told.status == response.status_code
    return told


async def test_a_cancellation_is_carried_out_and_wakes_the_dispatcher(
    desk: httpx.AsyncClient, filled: SqlStore, told: Told
) -> None:
    key = uuid4()
    response = await cancel(desk, 33, key, operator=KIM.name, reason="  Sick\n", told_by_phone=True)
    done = done_of(response)
    booking = await filled.get(33)
    assert (done.command_id, done.kind, done.thing) == (key, "booking.cancel", booking)
    assert booking.cancellation is not None
    assert done.at == booking.cancellation.at
    assert (booking.cancellation.by.name, booking.cancellation.reason) == (KIM.name, "Sick")
    assert told.woken == 1


async def test_a_repeat_gets_the_same_answer_and_does_nothing(
    desk: httpx.AsyncClient, filled: SqlStore
) -> None:
    key = uuid4()
    first = await cancel(desk, 33, key, reason="Sick")
    number = (await filled.state()).number
    headers = {"If-Match": '"1"', "Idempotency-Key": f'"{str(key).upper()}"'}
    again = await desk.post("/bookings/33/cancel", json={"reason": "Sick"}, headers=headers)
    assert (again.status_code, again.content, again.headers["ETag"]) == (200, first.content, '"2"')
    assert (await filled.state()).number == number


async def test_a_commands_id_is_good_for_one_command(desk: httpx.AsyncClient, filled: SqlStore) -> None:
    key = uuid4()
    await cancel(desk, 33, key)
    before = await filled.history(33)
    for response in (
        await cancel(desk, 33, key, reason="Work"),
        await cancel(desk, 33, key, told_by_phone=True),
        await cancel(desk, 33, key, operator=LEE.name),
        await cancel(desk, 35, key),
    ):
        assert (response.status_code, problem(response).code) == (422, "id-reused")
    assert await filled.history(33) == before
    assert (await filled.get(35)).cancellation is None


async def test_the_same_command_a_hundred_times_at_once_is_one(
    desk: httpx.AsyncClient, filled: SqlStore
) -> None:
    key = uuid4()
    number = (await filled.state()).number
    answers = await asyncio.gather(*(cancel(desk, 33, key, reason="Sick") for _ in range(100)))
    assert {(one.status_code, one.content) for one in answers} == {(200, answers[0].content)}
    assert (await filled.state()).number == number + 1
    assert len(await filled.history(33)) == 1


INCOMPLETE: tuple[tuple[dict[str, str | None], int, str], ...] = (
    ({"Idempotency-Key": None}, 400, "no-command-id"),
    ({"Idempotency-Key": ""}, 400, "no-command-id"),
    ({"Idempotency-Key": "1"}, 400, "no-command-id"),
    ({"Idempotency-Key": "0d6f0b626e0c4d7e9d3b5f0a7a3c1e11"}, 400, "no-command-id"),
    ({"If-Match": None}, 428, "no-version"),
    ({"If-Match": "1"}, 400, "bad-version"),
    ({"If-Match": "*"}, 400, "bad-version"),
    ({"If-Match": 'W/"1"'}, 400, "bad-version"),
    ({"If-Match": '"1", "2"'}, 400, "bad-version"),
    ({"If-Match": '"11111111111"'}, 400, "bad-version"),
)


async def test_a_write_says_which_command_it_is_and_what_was_seen(
    desk: httpx.AsyncClient, filled: SqlStore
) -> None:
    for changed, status, code in INCOMPLETE:
        said = {**cancel_headers(), **changed}
        headers = {name: value for name, value in said.items() if value is not None}
        response = await desk.post("/bookings/33/cancel", json={}, headers=headers)
        assert (response.status_code, problem(response).code) == (status, code), changed
    assert (await filled.get(33)).cancellation is None


async def test_the_dispatcher_is_woken_by_what_is_saved_and_by_nothing_else(
    desk: httpx.AsyncClient, told: Told
) -> None:
    assert (await desk.post("/bookings/33/cancel", json={}, headers=cancel_headers(7))).status_code == 412
    assert told.woken == 0
    await cancel(desk, 33)
    assert told.woken == 1


async def test_another_version_is_a_conflict_that_shows_the_present(
    desk: httpx.AsyncClient, filled: SqlStore
) -> None:
    await cancel(desk, 33, operator=LEE.name)
    response = await cancel(desk, 33, operator=KIM.name)
    conflict = problem(response)
    now = await filled.get(33)
    assert response.status_code == 412
    assert now.cancellation is not None
    current = converted(conflict.current, Booking)
    assert (current, conflict.by, conflict.at) == (now, now.cancellation.by, now.cancellation.at)
    headers = cancel_headers(version=7)
    assert (await desk.post("/bookings/35/cancel", json={}, headers=headers)).status_code == 412


async def test_a_rule_that_says_no_is_told_with_its_code(desk: httpx.AsyncClient) -> None:
    passed = await cancel(desk, 1)
    assert (passed.status_code, problem(passed).code) == (409, "time-passed")
    await cancel(desk, 33)
    headers = cancel_headers(version=2)
    twice = await desk.post("/bookings/33/cancel", json={}, headers=headers)
    assert (twice.status_code, problem(twice).code) == (409, "already-cancelled")


BAD_BODIES: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"reason": 1}',
    b'{"reason": "\xff"}',
    b'{"booking_id": 35}',
    b'{"operator": "' + b"x" * 201 + b'"}',
    b'{"reason": "' + b"x" * 256 + b'"}',
    b"[" * 60_000,
)


async def test_a_body_that_is_none_is_refused(desk: httpx.AsyncClient, filled: SqlStore) -> None:
    for body in BAD_BODIES:
        response = await desk.post("/bookings/33/cancel", content=body, headers=cancel_headers())
        assert (response.status_code, problem(response).code) == (422, "invalid"), body[:20]
        assert "body" in problem(response).detail
    assert (await filled.get(33)).cancellation is None


async def test_a_ground_that_there_is_not_is_refused(desk: httpx.AsyncClient) -> None:
    body = {"ground": "moved-away", "name": "Kim", "text": "x"}
    response = await desk.post("/bookings/33/request-adjustment", json=body, headers=cancel_headers())
    assert (response.status_code, problem(response).code) == (422, "no-ground")


async def test_what_was_given_up_never_happens(desk: httpx.AsyncClient, filled: SqlStore) -> None:
    key, done = uuid4(), uuid4()
    await cancel(desk, 35, done)
    given_up = await desk.post(f"/commands/{key}/give-up")
    assert wire.decode(given_up.content, wire.Outcome) == wire.Outcome(None)
    late = await cancel(desk, 33, key)
    assert (late.status_code, problem(late).code) == (409, "given-up")
    too_late = await desk.post(f"/commands/{done}/give-up")
    written = wire.decode(too_late.content, wire.Outcome).done
    assert written is not None
    assert (written.command_id, written.done().thing) == (done, await filled.get(35))
    assert (await desk.post("/commands/1/give-up")).status_code == 400


async def test_deliveries_are_retried_and_settled(
    desk: httpx.AsyncClient, filled: SqlStore, told: Told
) -> None:
    about = await Asking.about(filled, 34)
    settle, retry = (f"/deliveries/{about.delivery}/{verb}" for verb in ("settle", "retry"))
    empty = await desk.post(settle, json={"note": " \t"}, headers=key_headers())
    assert (empty.status_code, problem(empty).code) == (422, "no-note")
    for path, body in ((settle, {"note": "done"}), (retry, {})):
        nameless = await desk.post(path, json=body)
        assert (nameless.status_code, problem(nameless).code) == (400, "no-command-id")
    by_hand = await desk.post(retry, json={}, headers=key_headers())
    assert (by_hand.status_code, problem(by_hand).code) == (409, "by-person")
    assert told.woken == 0
    body = {"operator": KIM.name, "note": "done\nthere"}
    headers = key_headers()
    settled = await desk.post(settle, json=body, headers=headers)
    assert done_of(settled).kind == "delivery.settle"
    delivery = done_of(settled).thing
    assert delivery == (await filled.deliveries(34))[0]
    assert (delivery.state, delivery.note) == (State.SETTLED, "done there")
    assert delivery.settled_by == f"{KIM.name} (Desk One)"
    number = (await filled.state()).number
    repeat = await desk.post(settle, json=body, headers=headers)
    assert (repeat.status_code, repeat.content) == (200, settled.content)
    assert (await filled.state()).number == number
    again = await desk.post(settle, json=body, headers=key_headers())
    assert (again.status_code, problem(again).code) == (409, "not-in-attention")


async def test_a_retry_wakes_the_dispatcher(
    desk: httpx.AsyncClient, filled: SqlStore, store_url: str, told: Told
) -> None:
    about = await Asking.about(filled, 33)
    execute(store_url, "UPDATE delivery SET state = 'attention'")
    retried = await desk.post(
        f"/deliveries/{about.delivery}/retry", json={"operator": KIM.name}, headers=key_headers()
    )
    assert done_of(retried).thing.state is State.PENDING
    assert told.woken == 1
