"""Bad days between a desk and its server: what is said is true, nothing is done twice, none is missed."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import Booking, BookingQuery, Direction
from frontdesk.commands import Command
from frontdesk.deliveries import State
from frontdesk.errors import CommitLost, NotWritten, Unauthorised, Unavailable
from frontdesk.preflight import Finding
from frontdesk.store.far import following
from frontdesk.store.far import store as far_store
from frontdesk.store.port import Change
from frontdesk.store.sqlite.database import SqliteDatabase
from tests import making
from tests.contract.between import Between, Instead, Trouble, standing_between
from tests.contract.desks import FarDesk
from tests.contract.raw import count, execute
from tests.making import KIM, KIM_AT_TWO, LEE, cancel, cancel_of, make_incoming, outcome, retry, settle

LONG = 60.0
SOON = 0.4
"""Seconds that a desk here waits for an answer that does not come."""


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def reach() -> str:
    return "far"


@pytest.fixture
async def between(store: FarDesk) -> AsyncIterator[Between]:
    async with standing_between(int(store.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
async def far(store: FarDesk, between: Between) -> AsyncIterator[FarDesk]:
    """A desk whose way to the server may be bad."""
    desk = FarDesk(f"http://127.0.0.1:{between.port}", store.token, store.behind, seconds=SOON)
    yield desk
    await desk.close()


def command(booking: Booking) -> Command:
    return cancel_of(booking, KIM_AT_TWO, "Sick")


def answer(status: str, body: str, **headers: str) -> Instead:
    fields = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return Instead(f"HTTP/1.1 {status}\r\n{lines}\r\n{body}".encode())


PAGE = answer("200 OK", "<html>Sign in</html>", Content_Type="text/html")
GATEWAY = answer("502 Bad Gateway", "<html>nginx</html>", Content_Type="text/html")
NO_BOOKING = answer("200 OK", '{"id":1}', Frontdesk_Api="1", Content_Type="application/json")
FAILED = answer("500 Internal Server Error", "oops", Frontdesk_Api="1")

AFTER_COMMIT = [
    Trouble.LOSE_ANSWER,
    PAGE,
    *(
        pytest.param(one, marks=pytest.mark.full)
        for one in (Trouble.HALVE_ANSWER, Trouble.DRIP, GATEWAY, NO_BOOKING, FAILED)
    ),
]


OLD_PAGE = answer("200 OK", '{"rows":[],"more":true}', Frontdesk_Api="1", Content_Type="application/json")


async def test_a_server_that_does_not_know_the_question_for_near_names_offers_none(
    far: FarDesk, between: Between, booking: Booking
) -> None:
    assert await far.nearest("ameila", 3) == ("Amelia",)
    between.rewrites("/nearest-names", "/nearest-unknown")
    assert await far.nearest("ameila", 3) == ()


async def test_a_page_of_a_server_that_tells_nobody_beside_is_a_page(
    far: FarDesk, between: Between, booking: Booking
) -> None:
    between.meets("/bookings", OLD_PAGE)
    page = await far.page(BookingQuery(booking.starts_at, "lee"), 5, None, Direction.FORWARD)
    assert (page.rows, page.more, page.beside) == ((), True, ())


async def test_a_server_that_is_away_has_not_said_that_nobody_is_near(far: FarDesk, between: Between) -> None:
    between.go_away()
    with pytest.raises(Unavailable):
        await far.nearest("ameila", 3)


@pytest.mark.parametrize("trouble", AFTER_COMMIT, ids=str)
async def test_an_answer_lost_after_the_commit_is_asked_for(
    far: FarDesk, between: Between, store_url: str, booking: Booking, trouble: Trouble | Instead
) -> None:
    between.meets("/cancel", trouble)
    cancelled = await cancel(far, command(booking))
    assert cancelled == await far.get(booking.id)
    assert cancelled.cancellation is not None
    assert cancelled.cancellation.by == KIM_AT_TWO
    assert count(store_url, "command") == 1
    assert (between.number("/cancel"), between.number("/give-up")) == (1, 1)


@pytest.mark.full
async def test_asking_is_asked_again(far: FarDesk, between: Between, booking: Booking) -> None:
    between.meets("/cancel", Trouble.LOSE_ANSWER)
    between.meets("/give-up", Trouble.LOSE_REQUEST, Trouble.LOSE_ANSWER)
    assert (await cancel(far, command(booking))).cancellation is not None
    assert (between.number("/cancel"), between.number("/give-up")) == (1, 3)


@pytest.mark.parametrize("trouble", [Trouble.LOSE_REQUEST, Trouble.HOLD], ids=str)
async def test_what_did_not_arrive_is_said_to_be_not_saved_and_never_is(
    far: FarDesk, between: Between, store_url: str, booking: Booking, trouble: Trouble
) -> None:
    between.meets("/cancel", trouble)
    asked = command(booking)
    with pytest.raises(Unavailable, match="gave no answer, the connection broke: nothing was changed"):
        await cancel(far, asked)
    for late in await between.deliver_late():
        assert b"given-up" in late
    assert await outcome(far, asked.id) is None
    assert await far.get(booking.id) == booking
    assert count(store_url, "command") == count(store_url, "delivery") == 0
    assert between.number("/cancel") == 1
    assert (await cancel(far, command(booking))).cancellation is not None


async def test_what_cannot_be_asked_is_not_known_until_it_can(
    far: FarDesk, between: Between, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_store, "SETTLING_SECONDS", SOON)
    between.meets("/cancel", Trouble.LOSE_ANSWER)
    between.meets("/give-up", *[Trouble.LOSE_REQUEST] * 9)
    asked = command(booking)
    with pytest.raises(Unavailable, match="what became of it is not known yet"):
        await cancel(far, asked)
    with pytest.raises(Unavailable):
        await outcome(far, asked.id)
    between.heals()
    known = await outcome(far, asked.id)
    assert known is not None
    assert known == await far.get(booking.id)


@pytest.mark.parametrize("failing", ["BEGIN IMMEDIATE", "COMMIT"])
@pytest.mark.full
async def test_what_the_server_cannot_write_is_said_to_be_not_saved_unless_it_may_have_been(
    far: FarDesk, between: Between, booking: Booking, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Its disk is full, so that it cannot give the command up either."""
    monkeypatch.setattr(far_store, "SETTLING_SECONDS", SOON)
    patiently = SqliteDatabase._patiently
    seen: list[str] = []

    def full(self: SqliteDatabase, connection: Connection, statement: str) -> None:
        seen.append(statement)
        if failing not in seen:
            return patiently(self, connection, statement)
        fault = sqlite3.OperationalError("database or disk is full")
        fault.sqlite_errorname = "SQLITE_FULL"
        raise OperationalError(statement, None, fault)

    asked = command(booking)
    with monkeypatch.context() as filled:
        filled.setattr(SqliteDatabase, "_patiently", full)
        if failing == "COMMIT":
            with pytest.raises(CommitLost) as lost:
                await cancel(far, asked)
            assert "not known" not in lost.value.fault.hint
            with pytest.raises(Unavailable):
                await outcome(far, asked.id)
        else:
            with pytest.raises(NotWritten, match="nothing was changed"):
                await cancel(far, asked)
            assert await outcome(far, asked.id) is None
            assert between.number("/give-up") == 0
    assert await outcome(far, asked.id) is None
    assert await far.get(booking.id) == booking


async def test_what_was_not_sent_is_known_without_asking(
    far: FarDesk, between: Between, store_url: str, booking: Booking
) -> None:
    between.go_away()
    asked = command(booking)
    with pytest.raises(
        Unavailable, match="cannot be reached, it refused the connection: nothing was changed"
    ):
        await cancel(far, asked)
    assert await outcome(far, asked.id) is None
    assert count(store_url, "command") == 0
    await between.listen()
    assert (await cancel(far, asked)).cancellation is not None
    assert await outcome(far, asked.id) is not None


async def test_a_read_survives_a_connection_that_the_server_gave_up(
    far: FarDesk, between: Between, booking: Booking
) -> None:
    assert await far.get(booking.id) == booking
    between.meets("GET", Trouble.LOSE_REQUEST)
    assert await far.get(booking.id) == booking
    between.cut()
    assert await far.get(booking.id) == booking
    assert between.number("GET") == 4


@pytest.mark.full
async def test_a_read_is_asked_twice_at_most(far: FarDesk, between: Between, booking: Booking) -> None:
    between.meets("GET", *[Trouble.LOSE_REQUEST] * 2)
    with pytest.raises(Unavailable, match="gave no answer"):
        await far.get(booking.id)
    assert between.number("GET") == 2


async def test_a_lost_answer_to_what_a_person_signed_is_asked_for(
    far: FarDesk, between: Between, booking: Booking
) -> None:
    await making.cancel(far, command(booking))
    claim = await far.behind.queue.claim(["smile"], RetryPolicy())
    assert claim is not None
    await far.behind.queue.finish(claim, Result(Ended.REFUSED, "no"), RetryPolicy())
    (needs_person,) = await far.attention(9)

    between.meets("/settle", Trouble.LOSE_REQUEST)
    with pytest.raises(Unavailable, match="nothing was changed"):
        await settle(far, needs_person.delivery.id, KIM, "phoned")
    assert await far.attention(9) == (needs_person,)

    between.meets("/settle", Trouble.LOSE_ANSWER)
    settled = await settle(far, needs_person.delivery.id, KIM, "phoned")
    assert (settled.state, settled.note) == (State.SETTLED, "phoned")
    assert len(await far.history(booking.id)) == 2
    between.go_away()
    with pytest.raises(Unavailable, match="nothing was changed"):
        await retry(far, needs_person.delivery.id, KIM)


SENTENCES = {
    "a page": (PAGE, "does not answer as a frontdesk server .200.: nothing was changed; see whether this"),
    "a proxy": (GATEWAY, "is away, a proxy in front of it says so .502."),
    "newer": (answer("200 OK", "{}", Frontdesk_Api="2"), "This desk must be updated"),
    "older": (answer("200 OK", "{}", Frontdesk_Api="0"), "The server .* must be updated"),
    "unreadable": (NO_BOOKING, "gave an answer that cannot be read"),
    "no problem": (FAILED, "answered 500 without a word"),
}


@pytest.mark.parametrize(
    "case",
    [one if one in ("a page", "newer") else pytest.param(one, marks=pytest.mark.full) for one in SENTENCES],
)
async def test_whatever_answers_is_told_in_one_sentence(
    far: FarDesk, between: Between, booking: Booking, case: str
) -> None:
    reply, said = SENTENCES[case]
    between.meets("GET", reply)
    with pytest.raises(Unavailable, match=said):
        await far.get(booking.id)
    between.meets("GET", reply)
    assert (await far.preflight(booking)).finding is Finding.NOT_ASKED


async def test_a_revoked_token_opens_nothing(far: FarDesk, booking: Booking) -> None:
    (token,) = await far.registry.tokens()
    number = (await far.state()).number
    await far.registry.revoke_token(token.id, KIM)
    for asking in (far.get(booking.id), cancel(far, command(booking)), far.changes(number, LONG)):
        with pytest.raises(Unauthorised, match="revoked"):
            await asking


# -- changes -------------------------------------------------------------------------------


async def cancel_one(desk: FarDesk, line: int) -> int:
    """Cancel a booking past the server; return the number of the change."""
    (booking,) = await desk.behind.find(f"R{line:05}")
    await desk.behind.do(cancel_of(booking, LEE))
    return (await desk.behind.state()).number


async def hear(desk: FarDesk, after: int, until: int) -> list[Change]:
    """Hear changes as the screen does, until one number has come."""
    heard: list[Change] = []
    while after < until:
        try:
            changes = await desk.changes(after, LONG)
        except Unavailable:
            await asyncio.sleep(0.01)
            continue
        heard += changes
        after = changes[-1].number if changes else after
    return heard


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams are opened again without the pauses that spare a real server."""
    monkeypatch.setattr(following, "_PAUSES", (0.01,))


@pytest.mark.full
async def test_none_is_missed_and_none_comes_twice_however_often_the_stream_breaks(
    far: FarDesk, between: Between, booking: Booking, hasty: None
) -> None:
    await far.registry.load([make_incoming(line) for line in range(9)], KIM, "a test")
    began = (await far.state()).number
    hearing = asyncio.create_task(hear(far, began, began + 9))
    for line in range(9):
        await cancel_one(far, line)
        if line % 3 == 0:
            between.cut()
        if line == 4:
            between.go_away()
        if line == 6:
            await between.listen()
    heard = await hearing
    assert [one.number for one in heard] == list(range(began + 1, began + 10))


@pytest.mark.full
async def test_what_was_told_before_a_break_is_not_told_again_after_it(
    far: FarDesk, between: Between, booking: Booking, hasty: None
) -> None:
    await far.registry.load([make_incoming(line) for line in range(3)], KIM, "a test")
    number = (await far.state()).number
    assert await far.changes(number, 0.02) == ()
    for line in range(3):
        await cancel_one(far, line)
        await told(far, number + 1 + line)
        between.cut()
    assert [one.number for one in await hear(far, number, number + 3)] == [*range(number + 1, number + 4)]


async def told(desk: FarDesk, number: int) -> None:
    """Wait until a desk that does not look has been told of a change."""
    while desk._stream._position < number:  # noqa: ASYNC110 - it tells nobody who has not asked
        await asyncio.sleep(0.005)


async def test_a_server_that_is_away_is_said_to_be_at_once_and_comes_back_by_itself(
    far: FarDesk, between: Between, booking: Booking, hasty: None
) -> None:
    number = (await far.state()).number
    waiting = asyncio.create_task(far.changes(number, LONG))
    await opened_stream(between)
    between.go_away()
    with pytest.raises(Unavailable):
        await waiting
    with pytest.raises(Unavailable):
        await far.changes(number, LONG)
    await between.listen()
    while True:
        try:
            assert await far.changes(number, LONG) == ()
            break
        except Unavailable:
            await asyncio.sleep(0.01)
    (booking_now,) = await far.find("A1")
    hearing = asyncio.create_task(far.changes(number, LONG))
    await cancel(far, command(booking_now))
    assert [one.booking_id for one in await hearing] == [booking.id]


async def opened_stream(between: Between) -> None:
    while not between.number("/changes"):  # noqa: ASYNC110 - a proxy's list sets no event
        await asyncio.sleep(0.005)


@pytest.mark.full
async def test_a_stream_that_falls_silent_is_dead(
    far: FarDesk, between: Between, booking: Booking, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await far.state()).number
    monkeypatch.setattr(following, "IDLE_SECONDS", SOON)
    between.meets("/changes", Trouble.SILENCE)
    hearing = asyncio.create_task(far.changes(number, LONG))
    await opened_stream(between)
    await cancel(far, command(booking))
    assert [one.booking_id for one in await hearing] == [booking.id]
    assert between.number("/changes") >= 2


@pytest.mark.full
async def test_an_idle_desk_asks_for_nothing(far: FarDesk, between: Between, booking: Booking) -> None:
    number = (await far.state()).number
    for _ in range(5):
        assert await far.changes(number, 0.02) == ()
    assert between.number("GET") - between.number("/changes") == 1
    assert between.number("/changes") == 1


@pytest.mark.full
async def test_older_changes_are_asked_for_anew(far: FarDesk, between: Between, booking: Booking) -> None:
    number = (await far.state()).number
    await cancel(far, command(booking))
    assert await far.changes(number + 1, 0.02) == ()
    assert [one.number for one in await far.changes(number, LONG)] == [number + 1]


async def test_a_restored_backup_means_that_anything_may_differ(
    far: FarDesk, store_url: str, booking: Booking
) -> None:
    number = (await far.state()).number
    (change,) = await far.changes(number + 50, LONG)
    assert (change.number, change.booking_id) == (number, None)
    await cancel(far, command(booking))
    assert [one.number for one in await far.changes(change.number, LONG)] == [number + 1]


@pytest.mark.full
async def test_more_changes_than_a_desk_keeps_all_arrive(
    far: FarDesk, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an hour of sleep."""
    monkeypatch.setattr(following, "_KEPT", 40)
    monkeypatch.setattr(following, "CHANGES_AT_ONCE", 30)
    number = (await far.state()).number
    values = ", ".join(
        f"({n}, 'booking', 0, NULL, 'Kim Nguyen', '', '', '', '2026-01-01 00:00:00.000000')"
        for n in range(number + 1, number + 101)
    )
    execute(store_url, "UPDATE head SET change = :n", n=number + 100)
    execute(
        store_url,
        f"INSERT INTO change (number, subject_kind, subject_id, booking_id, operator, via, source, effect, at) VALUES {values}",
    )
    first = await far.changes(number, LONG)
    await far.state()
    assert len(far._stream._kept) <= 40
    heard = [*first, *await hear(far, first[-1].number, number + 100)]
    assert [one.number for one in heard] == list(range(number + 1, number + 101))


@pytest.mark.full
async def test_a_page_comes_compressed_and_whole(far: FarDesk, between: Between, booking: Booking) -> None:
    await far.registry.load([make_incoming(line) for line in range(60)], KIM, "a test")
    query = BookingQuery((await far.state()).now)
    page = await far.page(query, 500, None, Direction.FORWARD)
    assert page == await far.behind.page(query, 500, None, Direction.FORWARD)
    ids = [row.booking.id for row in page.rows]
    assert {row.booking.id for row in await far.rows(ids * 7)} == set(ids)
