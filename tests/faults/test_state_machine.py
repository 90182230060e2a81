"""Whatever fails, and in whatever order: nothing is lost, doubled, or claimed too early."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy import Connection, delete, select, update

from frontdesk.attempts import Claim, Ended, Result, RetryPolicy
from frontdesk.deliveries import Delivery
from frontdesk.pms.port import CancelRequest, PmsError
from frontdesk.pms.telling import PmsCarrier
from frontdesk.store.opening import open_store
from frontdesk.store.sql import doing
from frontdesk.store.sql.queue import SqlQueue
from frontdesk.store.sql.selects import DELIVERY
from tests import postgres
from tests.faults.machine import Machine, PostgresMachine, SqliteMachine


@pytest.fixture
def on_sqlite(tmp_path: Path) -> type[Machine]:
    """The machine on copies of one empty store."""

    class OnSqlite(SqliteMachine):
        empty = tmp_path / "empty.db"
        folder = tmp_path

    async def make() -> None:
        await (await open_store(f"sqlite:///{OnSqlite.empty}")).close()

    asyncio.run(make())
    return OnSqlite


@pytest.fixture
def on_postgres(postgres_url: str, worker_id: str) -> type[Machine]:
    """The machine on a database that is emptied each time."""

    class OnPostgres(PostgresMachine):
        def __init__(self) -> None:
            self.url = postgres.emptied_database(worker_id)
            super().__init__()

    return OnPostgres


def run(machine: type[RuleBasedStateMachine], examples: int, steps: int, *, is_known: bool = False) -> None:
    """Let the machine do its worst; with a bug that `is_known` the same every time, without explaining it."""
    phases = [Phase.explicit, Phase.generate, *([] if is_known else [Phase.shrink])]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=phases,
            derandomize=is_known,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_few_bad_days(on_sqlite: type[Machine]) -> None:
    run(on_sqlite, 4, 20)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_many_bad_days(on_sqlite: type[Machine]) -> None:
    run(on_sqlite, 90, 50)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_bad_days_on_postgresql(on_postgres: type[Machine]) -> None:
    run(on_postgres, 40, 40)


claim_as_it_is, finish_as_it_is = SqlQueue.claim, SqlQueue.finish


async def done_before_it_is_sent(self: SqlQueue, *given: Any, **named: Any) -> Claim | None:
    claim = await claim_as_it_is(self, *given, **named)
    if claim is not None:
        await finish_as_it_is(self, claim, Result(Ended.DONE), RetryPolicy())
    return claim


async def deleted_when_taken(self: SqlQueue, *given: Any, **named: Any) -> Claim | None:
    claim = await claim_as_it_is(self, *given, **named)
    if claim is not None:
        gone = delete(DELIVERY).where(DELIVERY.c.id == claim.delivery.id)
        await self._database.write(lambda connection: connection.execute(gone))
    return claim


async def anybody_is_believed(
    self: SqlQueue, claim: Claim, result: Result, policy: RetryPolicy
) -> Delivery | None:
    mine = DELIVERY.c.id == claim.delivery.id

    def work(connection: Connection) -> Delivery | None:
        fence = connection.execute(select(DELIVERY.c.fence).where(mine)).scalar_one()
        connection.execute(update(DELIVERY).where(mine).values(lease_until=claim.at))
        return self._finish(connection, replace(claim, fence=fence), result, policy)

    return await self._database.write(work)


async def sent_without_reading(self: PmsCarrier, claim: Claim) -> Result:
    pms = await self._pms(claim.booking.practice.time_zone)
    try:
        await pms.cancel(claim.booking.pms_ref, CancelRequest(claim.command.id))
    except PmsError as error:
        return Result(Ended.UNKNOWN, str(error))
    return Result(Ended.DONE)


write_as_it_is = doing._write_command


def in_two_transactions(connection: Connection, *given: Any) -> None:
    write_as_it_is(connection, *given)
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


BUGS: dict[str, tuple[object, str, object]] = {
    "done before it is sent": (SqlQueue, "claim", done_before_it_is_sent),
    "deleted when it is taken": (SqlQueue, "claim", deleted_when_taken),
    "no fence": (SqlQueue, "finish", anybody_is_believed),
    "sent again without reading": (PmsCarrier, "carry", sent_without_reading),
    "a cancel in two transactions": (doing, "_write_command", in_two_transactions),
}


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("bug", BUGS)
def test_the_machine_finds_it(bug: str, on_sqlite: type[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BUGS[bug])
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(on_sqlite, 100, 40, is_known=True)
