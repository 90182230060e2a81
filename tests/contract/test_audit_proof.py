"""The audit proves each command both ways: what somebody changed past frontdesk is found and named."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, update

from frontdesk.api.asks import content_digest
from frontdesk.audit import GENESIS, Flaws, digest
from frontdesk.billing.adjustments import Review
from frontdesk.bookings import Operator
from frontdesk.commands import (
    Command,
    Pay,
    Subject,
)
from frontdesk.deliveries import MAIL_CONNECTION, Kind
from frontdesk.errors import Unavailable
from frontdesk.store.sql import selects
from frontdesk.store.sql.proving import planned_digest
from frontdesk.store.sql.selects import ADJUSTMENT, AUDIT, BOOKING, COMMAND, DELIVERY, HEAD
from frontdesk.store.sql.store import SqlStore
from tests.contract.billed import Billed
from tests.contract.queueing import POLICY, REFUSED
from tests.contract.raw import connected, execute
from tests.contract.test_adjustments import ABSENT, new_patient
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    LEE,
    cancel,
    cancel_of,
    do,
    make_incoming,
    settle,
)

NAMESAKE = Operator("frontdesk")
NOTHING = planned_digest([])
PLANNED = "pms.cancel, patient.email, desk.email"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A store with four commands, the numbers of their events and what is in the tables of it."""

    store: SqlStore
    url: str
    cancel: int
    no_show: int
    settle: int
    last: int
    delivery: int
    rows: dict[Any, list[dict[str, Any]]]

    def restore(self) -> None:
        """Make the tables what they were."""
        with connected(self.url) as connection:
            for table in (DELIVERY, ADJUSTMENT, COMMAND):
                connection.execute(delete(table))
            for table in (COMMAND, ADJUSTMENT, DELIVERY):
                connection.execute(insert(table).values(self.rows[table]))
            for row in self.rows[BOOKING]:
                values = {name: row[name] for name in row if name.startswith(("cancel", "attend", "intent"))}
                connection.execute(update(BOOKING).where(BOOKING.c.id == row["id"]).values(values))


@pytest.fixture
async def recorded(store: SqlStore, store_url: str) -> Recorded:
    """A1 was cancelled, N1 did not come, and A2's cancellation in the PMS was settled by a person."""
    absent = await new_patient(store)
    await store.registry.load([make_incoming(ref="A1"), make_incoming(ref="A2")], KIM, "a test")
    (one,), (two,) = await store.find("A1"), await store.find("A2")
    await cancel(store, cancel_of(one, LEE, "Sick"))
    await do(store, absent, ABSENT, KIM_AT_TWO)
    await cancel(store, cancel_of(two, KIM))
    update_ = (await store.deliveries(two.id))[0]
    execute(store_url, "UPDATE delivery SET state = 'attention' WHERE id = :id", id=update_.id)
    await settle(store, update_.id, LEE, "Cancelled it there by hand")
    by_number = select(AUDIT).order_by(AUDIT.c.number)
    events = {row.action: row.number for row in reversed(execute(store_url, by_number))}
    numbers = [row.number for row in execute(store_url, by_number)]
    rows = {
        table: [row._asdict() for row in execute(store_url, select(table).order_by(*table.primary_key))]
        for table in (COMMAND, DELIVERY, ADJUSTMENT, BOOKING)
    }
    return Recorded(
        store,
        store_url,
        events["booking.cancel"],
        events["booking.mark_no_show"],
        events["delivery.settle"],
        numbers[-1],
        update_.id,
        rows,
    )


def said(flaws: Flaws | None) -> list[str]:
    return [] if flaws is None else [one.said for one in flaws.found]


A1 = "(SELECT id FROM booking WHERE ref = 'A1')"
OF_A1 = f"(SELECT id FROM command WHERE booking_id = {A1})"
N1_LEFT = "booking adelaide/N1 is not as audit event {no_show} left it"
A1_LEFT = "booking adelaide/A1 is not as audit event {cancel} left it"
EVENT = "audit event {cancel} (booking.cancel of booking adelaide/A1): "
SETTLED = "delivery {delivery} (pms.cancel of booking adelaide/A2)"

TAMPERING = [
    ("UPDATE booking SET cancelled = false WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancellation_reason = 'No fee' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancellation_note = 'x' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancellation_filed = 'x' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancelled_by = 'Somebody' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancelled_via = 'Somewhere' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancelled_at = starts_at WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancelled_origin = 'file' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET cancelled_origin = 'nonsense' WHERE ref = 'A1'", A1_LEFT),
    ("UPDATE booking SET attendance = 'attended' WHERE ref = 'N1'", N1_LEFT),
    ("UPDATE booking SET attendance_by = 'Somebody' WHERE ref = 'N1'", N1_LEFT),
    ("UPDATE booking SET attendance_notice = true WHERE ref = 'N1'", N1_LEFT),
    (
        "UPDATE booking SET intent_id = (SELECT id FROM command WHERE kind = 'delivery.settle'), intent_at = starts_at WHERE ref = 'A1'",
        A1_LEFT,
    ),
    (
        f"UPDATE adjustment SET review = '{Review.APPROVED.value}'",
        "adjustment {adjustment} of booking adelaide/N1 is not as audit event {no_show} left it",
    ),
    (
        "UPDATE adjustment SET review = 'nonsense'",
        "adjustment {adjustment} of booking adelaide/N1 is not as audit event {no_show} left it",
    ),
    (
        "UPDATE adjustment SET answers = '7'",
        "adjustment {adjustment} is not as audit event {no_show} left it",
    ),
    (
        "UPDATE adjustment SET text = 'x'",
        "adjustment {adjustment} of booking adelaide/N1 is not as audit event {no_show} left it",
    ),
    (
        f"UPDATE command SET payload = '{{}}' WHERE booking_id = {A1}",
        EVENT + "what its command asked for was changed",
    ),
    (
        f"UPDATE command SET content = 'x' WHERE booking_id = {A1}",
        EVENT + "what its command asked for was changed",
    ),
    (
        f"UPDATE command SET seen = 7 WHERE booking_id = {A1}",
        EVENT + "what its command asked for was changed",
    ),
    (
        f"UPDATE command SET operator = 'X' WHERE booking_id = {A1}",
        EVENT + "its command has another operator",
    ),
    (f"UPDATE command SET via = 'X' WHERE booking_id = {A1}", EVENT + "its command has another operator"),
    (f"UPDATE command SET kind = 'x' WHERE booking_id = {A1}", EVENT + "its command has another kind"),
    (f"UPDATE command SET subject_id = 9 WHERE booking_id = {A1}", EVENT + "its command has another subject"),
    (
        f"UPDATE command SET at = (SELECT starts_at FROM booking WHERE ref = 'A1') WHERE booking_id = {A1}",
        EVENT + "its command has another time",
    ),
    (
        f"UPDATE command SET booking_id = NULL WHERE booking_id = {A1}",
        EVENT + "its command has another booking",
    ),
    (
        "DELETE FROM command WHERE kind = 'delivery.settle'",
        "audit event {settle} (delivery.settle of booking adelaide/A2): its command is not there",
    ),
    (
        f"DELETE FROM delivery WHERE kind = 'patient.email' AND command_id = {OF_A1}",
        EVENT + f"{PLANNED} was to follow, and pms.cancel, desk.email is there",
    ),
    (
        f"DELETE FROM delivery WHERE command_id = {OF_A1}",
        EVENT + f"{PLANNED} was to follow, and nothing is there",
    ),
    (
        f"UPDATE delivery SET kind = 'patient.sms' WHERE kind = 'patient.email' AND command_id = {OF_A1}",
        EVENT + f"{PLANNED} was to follow, and pms.cancel, patient.sms, desk.email is there",
    ),
    (
        f"UPDATE delivery SET target = 'me@example.com' WHERE kind = 'patient.email' AND command_id = {OF_A1}",
        EVENT + "what follows it goes to somebody else than was planned",
    ),
    ("ADD pms.no_show", EVENT + "pms.no_show was not to follow, and is there"),
    ("ADD patient.sms", EVENT + "patient.sms was not to follow, and is there"),
    (
        f"UPDATE delivery SET state = 'settled', settled_by = 'Kim Nguyen', note = 'done', changed_at = "
        f"(SELECT starts_at FROM booking WHERE ref = 'A1') WHERE kind = 'desk.email' AND command_id = {OF_A1}",
        "(desk.email of booking adelaide/A1) was settled by Kim Nguyen, and no audit event says so",
    ),
    (
        "UPDATE delivery SET note = 'x' WHERE id = {delivery}",
        SETTLED + " is not as audit event {settle} left it",
    ),
    (
        "UPDATE delivery SET settled_by = 'X' WHERE id = {delivery}",
        SETTLED + " is not as audit event {settle} left it",
    ),
    (
        "UPDATE delivery SET state = 'done' WHERE id = {delivery}",
        SETTLED + " is not as audit event {settle} left it",
    ),
]


@pytest.mark.parametrize("portion", [2, pytest.param(1000, marks=pytest.mark.full)])
async def test_what_was_changed_past_frontdesk_is_found(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr("frontdesk.store.sql.verifying.ROWS", portion)
    numbers = {
        "cancel": recorded.cancel,
        "no_show": recorded.no_show,
        "settle": recorded.settle,
        "delivery": recorded.delivery,
        "adjustment": recorded.rows[ADJUSTMENT][0]["id"],
    }
    assert said(await recorded.store.registry.verify()) == []
    for statement, words in TAMPERING:
        if statement.startswith("ADD "):
            first = next(row for row in recorded.rows[DELIVERY] if row["kind"] == Kind.PMS_CANCEL)
            added = {**first, "id": 10_000, "kind": statement.removeprefix("ADD ")}
            execute(recorded.url, insert(DELIVERY).values(added))
        else:
            execute(recorded.url, statement.replace("{delivery}", str(recorded.delivery)))
        found = said(await recorded.store.registry.verify())
        assert any(words.format(**numbers) in one for one in found) if words else not found, (
            statement,
            found,
        )
        assert not any("Wilson" in one for one in found)
        recorded.restore()
    assert said(await recorded.store.registry.verify()) == []


@pytest.fixture
def disarmed(recorded: Recorded) -> Iterator[Recorded]:
    """The audit without what keeps it from being changed, as somebody with the file could make it."""
    if recorded.url.startswith("sqlite"):
        for verb in ("update", "delete"):
            execute(recorded.url, f"DROP TRIGGER audit_no_{verb}")
        yield recorded
    else:
        execute(recorded.url, "ALTER TABLE audit DISABLE TRIGGER USER")
        yield recorded
        execute(recorded.url, "ALTER TABLE audit ENABLE TRIGGER USER")


def calculated_anew(url: str, rows: list[dict[str, Any]]) -> None:
    """Put these events in the place of those that are there, numbered and linked as the program would."""
    previous = GENESIS
    with connected(url) as connection:
        connection.execute(delete(AUDIT))
        for number, row in enumerate(rows, 1):
            connection.execute(insert(AUDIT).values({**row, "number": number, "digest": ""}))
            event = selects.event(connection.execute(select(AUDIT).where(AUDIT.c.number == number)).one())
            previous = digest(previous, event)
            connection.execute(update(AUDIT).where(AUDIT.c.number == number).values(digest=previous))
        connection.execute(update(HEAD).values(audit=len(rows), audit_digest=previous))


def events(url: str) -> list[dict[str, Any]]:
    return [row._asdict() for row in execute(url, select(AUDIT).order_by(AUDIT.c.number))]


async def test_an_event_that_is_gone_is_missed_by_the_chain_and_by_its_command(disarmed: Recorded) -> None:
    execute(disarmed.url, f"DELETE FROM audit WHERE number = {disarmed.cancel}")
    chain, command, *deliveries = said(await disarmed.store.registry.verify())
    assert chain == f"audit event {disarmed.cancel} was changed, or one before it was taken out"
    assert command.startswith("no audit event has the command ")
    assert command.endswith(" (booking.cancel of booking adelaide/A1)")
    assert len(deliveries) == len(PLANNED.split(", "))


async def test_an_end_that_was_cut_off_leaves_its_command_behind(disarmed: Recorded) -> None:
    calculated_anew(disarmed.url, events(disarmed.url)[:-1])
    command, delivery = said(await disarmed.store.registry.verify())
    assert command.startswith("no audit event has the command ")
    assert command.endswith(" (delivery.settle of booking adelaide/A2)")
    assert delivery.endswith(
        "(pms.cancel of booking adelaide/A2) was settled by Lee Tran (Desk Two), and no audit event says so"
    )


async def test_events_that_were_calculated_anew_still_have_to_fit_their_commands(disarmed: Recorded) -> None:
    there = events(disarmed.url)
    first = there[disarmed.cancel - 1]
    about = f"audit event {disarmed.cancel} (booking.cancel of booking adelaide/A1): "
    for changed, words in (
        ({"operator": "Somebody"}, "its command has another operator"),
        ({"at": first["at"] + timedelta(seconds=1)}, "its command has another time"),
        ({"proof": {}}, "its command is not there"),
        ({"proof": {**first["proof"], "command": "none"}}, "its command is not there"),
        (
            {"proof": {**first["proof"], "wrote": "nothing at all"}},
            "what it says of what it wrote cannot be read",
        ),
        ({"proof": {"effect of": there[-1]["proof"]["command"]}}, "it is no effect of its command"),
        (
            {"proof": {**first["proof"], "deliveries": "", "planned": NOTHING}},
            f"{PLANNED} was not to follow, and is there",
        ),
    ):
        altered = [row if row is not first else {**row, **changed} for row in there]
        calculated_anew(disarmed.url, altered)
        assert about + words in said(await disarmed.store.registry.verify()), changed
    calculated_anew(disarmed.url, [*there, first])
    twice = f"audit event {len(there) + 1} (booking.cancel of booking adelaide/A1): event {disarmed.cancel} has the same command"
    assert twice in said(await disarmed.store.registry.verify())
    calculated_anew(disarmed.url, there)
    assert await disarmed.store.registry.verify() is None


async def test_what_only_commands_make_is_not_there_without_one(recorded: Recorded) -> None:
    (request,) = recorded.rows[ADJUSTMENT]
    execute(recorded.url, insert(ADJUSTMENT).values({**request, "id": 999, "review": Review.APPROVED.value}))
    assert said(await recorded.store.registry.verify()) == [
        "adjustment 999 of booking adelaide/N1 is in the store, and no audit event made it"
    ]


async def test_a_person_who_is_called_as_the_program_settles_like_anybody(
    store: SqlStore, store_url: str
) -> None:
    """An account of the machine is soon called frontdesk, and so is then whoever works under it."""
    marked = await do(store, await new_patient(store, pms=BY_HAND), ABSENT)
    by_hand, to_biller = await store.deliveries(marked.id)
    settled = await settle(store, by_hand.id, NAMESAKE, "Marked it there")
    assert settled.settled_by == "frontdesk"
    assert await store.registry.verify() is None
    execute(store_url, "UPDATE delivery SET note = 'x' WHERE id = :id", id=by_hand.id)
    called = f"delivery {by_hand.id} (pms.no_show of booking adelaide/N1)"
    (flaw,) = said(await store.registry.verify())
    assert flaw.startswith(f"{called} is not as audit event ")
    execute(store_url, "UPDATE delivery SET note = 'Marked it there' WHERE id = :id", id=by_hand.id)
    assert await store.registry.verify() is None
    forged = {"state": "settled", "settled_by": "frontdesk", "changed_at": marked.starts_at}
    execute(store_url, update(DELIVERY).where(DELIVERY.c.id == to_biller.id).values(**forged))
    (flaw,) = said(await store.registry.verify())
    assert flaw.endswith(" was settled by frontdesk, and no audit event says so")


async def test_the_first_flaws_are_told_and_all_are_counted(recorded: Recorded) -> None:
    (command,) = [row for row in recorded.rows[COMMAND] if row["kind"] == "delivery.settle"]
    execute(recorded.url, insert(COMMAND).values([{**command, "id": uuid4()} for _ in range(25)]))
    flaws = await recorded.store.registry.verify()
    assert flaws is not None
    assert (len(flaws.found), flaws.number) == (20, 25)


async def test_a_message_that_took_the_place_of_a_refused_one_fits(recorded: Recorded) -> None:
    for _ in range(2):
        claim = await recorded.store.queue.claim([MAIL_CONNECTION], POLICY)
        assert claim is not None
        await recorded.store.queue.finish(claim, REFUSED, POLICY)
    assert await recorded.store.registry.verify() is None
    execute(recorded.url, "UPDATE delivery SET kind = 'pms.no_show' WHERE kind = 'patient.sms'")
    flaws = said(await recorded.store.registry.verify())
    assert flaws
    assert all(one.endswith(": pms.no_show was not to follow, and is there") for one in flaws)


async def test_a_command_that_was_made_to_fit_its_own_digest_does_not_fit_its_event(
    recorded: Recorded,
) -> None:
    (row,) = [row for row in execute(recorded.url, select(COMMAND)) if row.payload == '{"reason":"Sick"}']
    payload = '{"reason":"No fee"}'
    by = row.operator, row.via
    content = content_digest(row.kind, row.subject_kind, row.subject_id, row.seen, *by, payload)
    changed = update(COMMAND).where(COMMAND.c.id == row.id).values(payload=payload, content=content)
    execute(recorded.url, changed)
    assert said(await recorded.store.registry.verify()) == [
        f"audit event {recorded.cancel} (booking.cancel of booking adelaide/A1): what its command asked for was changed"
    ]


async def test_desks_may_work_while_it_is_verified(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.store.sql.verifying.ROWS", 2)
    store = recorded.store
    await store.registry.load([make_incoming(line) for line in range(8)], KIM, "a test")
    shares: list[float] = []

    async def work() -> None:
        for line in range(8):
            (booking,) = await store.find(f"R{line:05}")
            await cancel(store, cancel_of(booking, KIM))

    flaws, _ = await asyncio.gather(store.registry.verify(shares.append), work())
    assert flaws is None
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


async def test_a_full_disk_for_its_notes_is_said(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __init__(self) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("frontdesk.store.sql.verifying._Notes", Full)
    with pytest.raises(Unavailable, match="database or disk is full"):
        await store.registry.verify()


INVOICE_LEFT = "invoice 1 is not as audit event {number} left it"


async def test_an_invoice_stays_as_it_was_closed(store: SqlStore, store_url: str) -> None:
    billed = await Billed.make(store, store_url)
    await billed.book("B1")
    await billed.rows()
    assert said(await store.registry.verify()) == []
    closed = next(row["number"] for row in events(store_url) if row["action"] == "invoice.closed")
    for statement, undo in (
        (
            "UPDATE invoice_line SET net = 1 WHERE number = 1",
            "UPDATE invoice_line SET net = 9900 WHERE number = 1",
        ),
        ("UPDATE invoice SET paid_at = closed_at WHERE number = 1", "UPDATE invoice SET paid_at = NULL"),
        ("UPDATE invoice SET void_at = closed_at WHERE number = 1", "UPDATE invoice SET void_at = NULL"),
    ):
        execute(store_url, statement)
        assert INVOICE_LEFT.format(number=closed) in said(await store.registry.verify()), statement
        execute(store_url, undo)
        assert said(await store.registry.verify()) == [], undo
    await store.do(Command(uuid4(), Subject("invoice", 1), 0, KIM, Pay()))
    assert said(await store.registry.verify()) == []
    execute(store_url, "UPDATE invoice SET paid_at = NULL WHERE number = 1")
    paid = next(row["number"] for row in events(store_url) if row["action"] == "invoice.pay")
    assert said(await store.registry.verify()) == [INVOICE_LEFT.format(number=paid)]
