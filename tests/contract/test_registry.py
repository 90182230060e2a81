"""The store as a whole: practices, desk tokens, copies, and an audit that proves itself."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from frontdesk.audit import Action
from frontdesk.bookings import Booking, BookingQuery, Channel, Direction, Scope, Standing
from frontdesk.errors import NotFound, Refused, Unauthorised, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.sql.selects import AUDIT, HEAD
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import count, execute
from tests.making import BY_HAND, KIM, LEE, cancel, cancel_of, fill, make_incoming, make_practice


async def test_practices_are_made_changed_and_left_alone(store: SqlStore, store_url: str) -> None:
    adelaide, perth = make_practice(), make_practice("perth")
    assert await store.registry.apply_practices([adelaide, perth], KIM) == (
        "Smile Dental Adelaide: new",
        "Smile Dental Perth: new",
    )
    changed = make_practice(pms=BY_HAND, patient_channels=(Channel.SMS,))
    (sentence,) = await store.registry.apply_practices([changed], LEE)
    assert sentence == (
        "Smile Dental Adelaide: pms_connection, pms_kind, pms_name, pms_can_cancel, "
        "pms_can_move, pms_can_mark_no_show, pms_can_take_back_no_show, patient_channels changed"
    )
    assert await store.practices() == (changed, perth)
    (event,) = execute(store_url, "SELECT * FROM audit WHERE number = 2")
    assert (event.action, event.operator, event.booking_id) == (Action.PRACTICE_APPLIED, LEE.name, None)
    assert [change.booking_id for change in await store.changes(0, 0)] == [None, None]


async def test_the_same_practices_again_change_nothing(store: SqlStore, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    assert await store.registry.apply_practices([make_practice()], LEE) == ()
    assert (count(store_url, "audit"), (await store.state()).number) == (1, 1)


async def test_practices_are_cleaned(store: SqlStore) -> None:
    await store.registry.apply_practices([make_practice(name="Smile\x1b[0m")], KIM)
    assert (await store.practices())[0].name == "Smile\ufffd[0m"


@pytest.mark.parametrize("zone", ["Australia/Nowhere", "", "../etc/passwd"])
async def test_a_practice_without_a_real_zone_is_refused(store: SqlStore, zone: str) -> None:
    with pytest.raises(Refused):
        await store.registry.apply_practices([make_practice("perth"), make_practice(time_zone=zone)], KIM)
    assert await store.practices() == ()


async def test_days_move_with_a_practices_zone(store: SqlStore) -> None:
    await store.registry.apply_practices([make_practice(), make_practice("perth")], KIM)
    midnight_in_adelaide = datetime(2031, 5, 6, 14, 30, tzinfo=UTC)
    batch = [
        make_incoming(line, practice_id=practice, starts_at=midnight_in_adelaide)
        for line, practice in enumerate(("adelaide", "perth"))
    ]
    await store.registry.load(batch, KIM, "a test")
    await store.registry.apply_practices([make_practice("perth", time_zone="Australia/Perth")], KIM)
    for day, practice in ((7, "adelaide"), (6, "perth")):
        on = date(2031, 5, day)
        query = BookingQuery((await store.state()).now, first_day=on, last_day=on)
        page = await store.page(query, 9, None, Direction.FORWARD)
        assert [row.booking.practice.id for row in page.rows] == [practice]


async def test_tokens_are_shown_once_and_kept_hashed(store: SqlStore, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    scopes = frozenset({Scope.READ, Scope.CANCEL})
    token, secret = await store.registry.create_token("Desk Two", scopes, frozenset({"adelaide"}), KIM)
    every, other_secret = await store.registry.create_token("Desk Three", scopes, None, KIM)
    assert len(secret) >= 43
    assert secret != other_secret
    assert await store.registry.tokens() == (token, every)
    assert (token.scopes, token.practices, every.practices) == (scopes, frozenset({"adelaide"}), None)
    rows = execute(store_url, "SELECT * FROM token ORDER BY created_at")
    kind, token_id, random = secret.split("_", 2)
    assert (kind, token_id) == ("fd", token.id)
    assert rows[0].secret_sha256 == hashlib.sha256(random.encode()).hexdigest()
    secret, other_secret = random, other_secret.split("_", 2)[2]
    assert all(secret not in str(row) for row in rows + execute(store_url, "SELECT * FROM audit"))


async def test_a_revoked_token_stays_in_the_list(store: SqlStore, store_url: str) -> None:
    token, _ = await store.registry.create_token("Desk Two", frozenset({Scope.READ}), None, KIM)
    revoked = await store.registry.revoke_token(token.id, LEE)
    assert revoked.revoked_at is not None
    assert await store.registry.revoke_token(token.id, LEE) == revoked
    assert await store.registry.tokens() == (revoked,)
    actions = [row.action for row in execute(store_url, "SELECT action FROM audit ORDER BY number")]
    assert actions == [Action.TOKEN_CREATED, Action.TOKEN_REVOKED]
    with pytest.raises(NotFound):
        await store.registry.revoke_token("nothing", KIM)


async def test_a_token_for_what_is_not_there_is_refused(store: SqlStore) -> None:
    for name, practices in (("Desk", frozenset({"nowhere"})), ("Desk", frozenset[str]()), (" ", None)):
        with pytest.raises(Refused):
            await store.registry.create_token(name, frozenset({Scope.READ}), practices, KIM)
    assert await store.registry.tokens() == ()


async def test_no_token_has_the_name_of_the_program(store: SqlStore) -> None:
    """What is done through it would be taken for what a dispatcher does."""
    with pytest.raises(Refused, match="frontdesk is what the program calls itself"):
        await store.registry.create_token(" frontdesk ", frozenset({Scope.READ}), None, KIM)
    assert await store.registry.tokens() == ()


@pytest.fixture
def umask_0() -> Iterator[None]:
    """A process that would let everybody read what it writes."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_0")
async def test_a_backup_is_the_whole_store(store: SqlStore, store_url: str, tmp_path: Path) -> None:
    await fill(store, 30)
    upcoming = BookingQuery((await store.state()).now)
    booking = (await store.page(upcoming, 30, None, Direction.FORWARD)).rows[-1].booking
    await cancel(store, cancel_of(booking, KIM, "Sick"))
    await store.registry.create_token("Desk Two", frozenset({Scope.READ}), None, KIM)
    target = tmp_path / "copies" / "today.db"
    await store.registry.backup(target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(target.parent.iterdir()) == [target]
    with pytest.raises(Refused):
        await store.registry.backup(target)

    copy = await open_store(f"sqlite:///{target}")
    try:
        head = await store.registry.head()
        for desk in (store, copy):
            assert await desk.registry.verify() is None
            assert await desk.registry.digests([head.number, 10**6]) == {head.number: head.digest}
            assert replace(await desk.registry.head(), store=head.store, at=head.at) == head
        assert await copy.page(upcoming, 50, None, Direction.FORWARD) == await store.page(
            upcoming, 50, None, Direction.FORWARD
        )
        assert await copy.history(booking.id) == await store.history(booking.id)
        assert await copy.deliveries(booking.id) == await store.deliveries(booking.id)
        assert await copy.changes(0, 0) == await store.changes(0, 0)
        assert await copy.registry.tokens() == await store.registry.tokens()
        ours, theirs = await store.state(), await copy.state()
        assert (ours.number, ours.bookings) == (theirs.number, theirs.bookings)
        named = BookingQuery(upcoming.as_of, text=booking.patient.name)
        assert await copy.count(named, 50) == await store.count(named, 50)
    finally:
        await copy.close()


async def test_a_backup_that_cannot_be_written_says_so(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as unavailable:
        await store.registry.backup(tmp_path / "file" / "today.db")
    assert str(tmp_path / "file" / "today.db") in unavailable.value.hint


@pytest.fixture
async def audited(store: SqlStore, booking: Booking) -> SqlStore:
    """A store with an audit of seven events."""
    for reason in ("Sick", "Work", "Away", "Travel", "Other"):
        await store.registry.load([make_incoming(ref=reason)], KIM, "a test")
        if reason == "Away":
            (one,) = await store.find(reason)
            await cancel(store, cancel_of(one, LEE, reason))
    return store


async def test_an_untouched_audit_proves_itself(audited: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await audited.registry.verify() is None
    monkeypatch.setattr("frontdesk.store.sql.verifying.ROWS", 3)
    assert await audited.registry.verify() is None


TAMPERING = [
    ("UPDATE audit SET operator = 'Somebody' WHERE number = 4", 4),
    ("UPDATE audit SET via = 'x' WHERE number = 1", 1),
    ("UPDATE audit SET action = 'booking.changed' WHERE number = 8", 8),
    ("UPDATE audit SET action = 'nonsense' WHERE number = 5", 5),
    ("UPDATE audit SET booking_id = 1 WHERE number = 6", 6),
    ("UPDATE audit SET detail = '{}' WHERE number = 6", 6),
    ("UPDATE audit SET detail = '[7]' WHERE number = 6", 6),
    ("UPDATE audit SET digest = digest || '0' WHERE number = 8", 8),
    ("DELETE FROM audit WHERE number = 1", 1),
    ("DELETE FROM audit WHERE number = 4", 4),
    ("DELETE FROM audit WHERE number >= 7", 7),
    ("DELETE FROM audit", 1),
    ("UPDATE audit SET number = CASE number WHEN 3 THEN 14 WHEN 4 THEN 13 END WHERE number IN (3, 4)", 3),
    ("UPDATE head SET audit_digest = ''", 8),
]


@pytest.fixture
def disarmed(audited: SqlStore, store_url: str) -> Iterator[None]:
    """The audit without what keeps it from being changed, as somebody with the file could make it."""
    if store_url.startswith("sqlite"):
        for verb in ("update", "delete"):
            execute(store_url, f"DROP TRIGGER audit_no_{verb}")
        yield
    else:
        execute(store_url, "ALTER TABLE audit DISABLE TRIGGER USER")
        yield
        execute(store_url, "ALTER TABLE audit ENABLE TRIGGER USER")


@pytest.mark.usefixtures("disarmed")
@pytest.mark.parametrize("portion", [2, 1000])
async def test_any_tampering_with_the_audit_is_found(
    audited: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr("frontdesk.store.sql.verifying.ROWS", portion)
    assert count(store_url, "audit") == 8
    events = [row._asdict() for row in execute(store_url, select(AUDIT))]
    (head,) = execute(store_url, select(HEAD))
    for statement, broken in TAMPERING:
        execute(store_url, statement)
        flaws = await audited.registry.verify()
        assert flaws is not None, statement
        assert flaws.found[0].event == broken, statement
        assert f"audit event {broken} was changed" in flaws.found[0].said, statement
        execute(store_url, delete(AUDIT))
        execute(store_url, insert(AUDIT).values(events))
        execute(store_url, update(HEAD).values(audit_digest=head.audit_digest))
    assert await audited.registry.verify() is None


@pytest.mark.parametrize("statement", ["UPDATE audit SET operator = 'X'", "DELETE FROM audit"])
async def test_the_database_refuses_to_change_the_audit(
    audited: SqlStore, store_url: str, statement: str
) -> None:
    with pytest.raises(Exception, match="the audit only grows"):
        execute(store_url, statement)
    assert await audited.registry.verify() is None


async def test_a_desk_is_admitted_by_what_was_shown_once(store: SqlStore) -> None:
    token, presented = await store.registry.create_token("Desk Two", frozenset({Scope.READ}), None, KIM)
    assert await store.registry.admit(presented) == token
    assert token.standing == Standing(scopes=frozenset({Scope.READ}), via="Desk Two")


async def test_a_store_that_is_kept_out_itself_says_nothing_of_a_token(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, presented = await store.registry.create_token("Desk", frozenset({Scope.READ}), None, KIM)

    async def kept_out(work: object) -> None:
        raise Unauthorised("The database does not accept this user any more.")

    monkeypatch.setattr(store._database, "read_one", kept_out)
    with pytest.raises(Unavailable):
        await store.registry.admit(presented)


async def test_nothing_else_is_admitted(store: SqlStore) -> None:
    token, presented = await store.registry.create_token("Desk Two", frozenset({Scope.READ}), None, KIM)
    _, other = await store.registry.create_token("Desk Three", frozenset({Scope.READ}), None, KIM)
    wrong = presented[:-1] + ("A" if presented[-1] != "A" else "B")
    mixed = f"fd_{token.id}_{other.split('_', 2)[2]}"
    for bad in (
        "",
        "fd_",
        token.id,
        wrong,
        mixed,
        presented + "A",
        f" {presented}",
        "fd_00000000_" + "A" * 43,
    ):
        with pytest.raises(Unauthorised):
            await store.registry.admit(bad)
    await store.registry.revoke_token(token.id, LEE)
    with pytest.raises(Unauthorised, match="revoked"):
        await store.registry.admit(presented)


async def test_a_token_is_useless_at_the_moment_it_expires(sqlite_url: str) -> None:
    moments = [datetime(2026, 11, 2, 9, tzinfo=UTC)]
    store = await open_store(sqlite_url, clock=lambda: moments[-1])
    expires_at = moments[-1] + timedelta(hours=1)
    _, presented = await store.registry.create_token("Desk", frozenset({Scope.READ}), None, KIM, expires_at)
    moments.append(expires_at - timedelta(microseconds=1))
    assert (await store.registry.admit(presented)).expires_at == expires_at
    moments.append(expires_at)
    with pytest.raises(Unauthorised, match="expired"):
        await store.registry.admit(presented)
    with pytest.raises(Refused, match="still to come"):
        await store.registry.create_token("Desk", frozenset({Scope.READ}), None, KIM, expires_at)
    await store.close()


async def test_a_token_is_good_until_it_expires(store: SqlStore, store_url: str) -> None:
    now = (await store.state()).now
    scopes = frozenset({Scope.READ})
    token, presented = await store.registry.create_token(
        "Desk Two", scopes, None, KIM, now + timedelta(hours=1)
    )
    assert token.expires_at == now + timedelta(hours=1)
    assert await store.registry.admit(presented) == token
    past = (now - timedelta(seconds=1)).replace(tzinfo=None).isoformat(" ", "microseconds")
    execute(store_url, "UPDATE token SET expires_at = :at", at=past)
    with pytest.raises(Unauthorised, match="expired"):
        await store.registry.admit(presented)
    with pytest.raises(Refused):
        await store.registry.create_token("Desk Two", scopes, None, KIM, now)
