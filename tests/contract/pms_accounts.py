"""One account for each shipped kind of PMS, on the simulator, and what each of them promises."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from frontdesk import http_client, tls
from frontdesk.demo.simulator import Diary, Entry, SimulatedAccount, Simulator
from frontdesk.notify import smtp
from frontdesk.pms import opening, profile_file
from frontdesk.pms.kinds import open_pms
from frontdesk.pms.port import Account, CancelRequest, MoveRequest, NoShowRequest, Pms
from frontdesk.pms.profile import Profile

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
REF = "7001"
REQUEST = UUID("6d1f1a52-6d0e-4a0e-8a35-0d5f8f1a9b11")

_TRUST = cache(tls.client_context)


@dataclass(frozen=True)
class Promise:
    """What one kind's contract promises beyond what its capabilities say.

    `names_practitioner`, `names_type` and `names_patient`: it shows more than ids. `refuses_past`: it takes no
    cancel of an appointment that has begun. `keeps_id`: a move leaves the id as it is.
    """

    kind: str
    time_zone: str = "Australia/Adelaide"
    names_practitioner: bool = True
    names_type: bool = True
    names_patient: bool = True
    refuses_past: bool = True
    keeps_id: bool = True

    def __str__(self) -> str:
        return self.kind


PROMISES = (
    Promise("praktika"),
    Promise("core-practice", "Australia/Sydney", keeps_id=False),
    Promise("cliniko", names_practitioner=False, names_type=False, refuses_past=False),
    Promise("open-dental", names_patient=False, refuses_past=False),
    Promise("fhir", refuses_past=False),
)


@dataclass(frozen=True)
class Connected:
    """An adapter, the simulated PMS behind it, and what was promised."""

    pms: Pms
    simulator: Simulator
    promise: Promise

    def put(self, ref: str = REF, starts_at: datetime = START, **changes: object) -> Entry:
        """Write half an hour of Amelia Wilson's with Dr Lee into the diary."""
        entry = Entry(ref, starts_at, starts_at + HALF_AN_HOUR, "3", **changes)  # type: ignore[arg-type]
        self.simulator.put(entry)
        return entry

    async def request(self, reason: str = "", request_id: UUID = REQUEST) -> CancelRequest:
        """Return a request to cancel the appointment as it stands now."""
        version = (await self.pms.appointment(REF)).version
        return CancelRequest(request_id, reason, version=version)

    async def move(self, start: datetime, request_id: UUID = REQUEST) -> MoveRequest:
        """Return a request to move the appointment as it stands now to half an hour from `start`."""
        version = (await self.pms.appointment(REF)).version
        return MoveRequest(request_id, start, start + HALF_AN_HOUR, "3", version)

    async def no_show(self, request_id: UUID = REQUEST) -> NoShowRequest:
        """Return a request to mark the appointment as it stands now, or to take the mark back."""
        return NoShowRequest(request_id, (await self.pms.appointment(REF)).version)


def account_of(simulated: SimulatedAccount, simulator: Simulator) -> Account:
    """Return how a config would name a simulated account; its secret is named by its key."""
    return Account(
        connection=simulated.name,
        kind=simulated.contract,
        base_url=simulator.url(simulated.name),
        tenant=simulated.tenant,
        credentials={"secret": simulated.key, "key2": simulated.tenant},
        allow_http=True,
        allow_private=True,
        user_agent_email="desk@smile.example",
    )


def _without_limits(file: Path) -> Profile:
    return msgspec.structs.replace(profile_file.load(file), limits=None)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Let adapters ask as often as they like, and read the system's certificates once for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "load", _without_limits)
        for module in (http_client, smtp):
            patch.setattr(module, "client_context", _TRUST)
        yield


@asynccontextmanager
async def connected(promise: Promise, release: str = "R4", **settings: Any) -> AsyncIterator[Connected]:
    """Yield an adapter that is connected to a simulated PMS of its kind, with one appointment there.

    `settings` are those of the simulated account, `release` is what the config says of a FHIR server.
    """
    simulated = SimulatedAccount(
        "smile", promise.kind, "key-au1", "smile-adelaide", promise.time_zone, **settings
    )
    diary = Diary()
    async with Simulator(diary, [simulated], clock=lambda: NOW) as simulator:
        account = replace(account_of(simulated, simulator), fhir_version=release)
        with in_a_hurry():
            pms = open_pms(account, lambda name: name, promise.time_zone, lambda: NOW)
            try:
                made = Connected(pms, simulator, promise)
                made.put()
                yield made
            finally:
                await pms.close()
    diary.close()
