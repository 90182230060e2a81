"""Every behaviour of a PMS with every behaviour of a mail server: each ends, and nothing is doubled.

Real store, dispatcher, adapters, HTTP and SMTP; only time is made to pass.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from shutil import copyfile

import pytest
import trustme

from frontdesk.attempts import Carrier, RetryPolicy
from frontdesk.bookings import Booking, Channel, Pms
from frontdesk.deliveries import MAIL_CONNECTION, OPEN_STATES, Delivery, Kind, State
from frontdesk.demo.simulator import Diary, Entry, EntryStatus, SimulatedAccount, Simulator
from frontdesk.demo.simulator.office import LATE
from frontdesk.notify.mail import MailCarrier
from frontdesk.notify.smtp import Encryption, SmtpPost
from frontdesk.notify.smtp import MailServer as Address
from frontdesk.outbox import Dispatcher
from frontdesk.pms.registry import open_pms
from frontdesk.pms.telling import PmsCarrier
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.pms_accounts import account_of, in_a_hurry
from tests.contract.raw import let_pass
from tests.faults.behaviours import (
    ALWAYS_TRIED,
    MAIL_BEHAVIOURS,
    OTHERWISE,
    PMS_BEHAVIOURS,
    MailBehaviour,
    PmsBehaviour,
)
from tests.making import KIM, cancel, cancel_of, make_incoming, make_patient, make_practice
from tests.notifying import SETTINGS, USER, MailServer, serving

POLICY = RetryPolicy()
CONNECTIONS = ("smile", MAIL_CONNECTION)
ZONE, REF = "Australia/Adelaide", "7001"
KINDS = ("praktika", "core-practice", "cliniko", "fhir")
MOST_ROUNDS = 40
START = datetime(2026, 11, 22, 22, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass
class World:
    """A store, and a way to let time pass for it and for the PMS."""

    store: SqlStore
    now: Callable[[], datetime]
    passes: Callable[[timedelta], None]


class Clock:
    """A time that passes when the test says so."""

    def __init__(self) -> None:
        self._now = START

    def __call__(self) -> datetime:
        return self._now

    def passes(self, time: timedelta) -> None:
        self._now += time


@dataclass(frozen=True)
class Trust:
    """What a mail server proves itself by, and what we believe."""

    certified: ssl.SSLContext
    ca_file: Path


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """A certificate for localhost, by somebody whom only this test trusts."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    file = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return Trust(context, file)


@pytest.fixture
async def sqlite_world(made_file: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A store on SQLite whose clock is the test's."""
    copyfile(made_file, tmp_path / "frontdesk.db")
    clock = Clock()
    store = await open_store(f"sqlite:///{tmp_path / 'frontdesk.db'}", clock=clock)
    yield World(store, clock, clock.passes)
    await store.close()


@pytest.fixture
async def postgres_world(postgres_url: str) -> AsyncIterator[World]:
    """A store on PostgreSQL: its clock is the server's, so what is noted is made older instead."""
    store = await open_store(postgres_url)
    yield World(store, lambda: datetime.now(UTC), lambda time: let_pass(postgres_url, time))
    await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    """Each kind of store in turn."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


async def at_once(_: float) -> None:
    """Pass any time."""


async def cancelled_booking(world: World, kind: str) -> Booking:
    """Cancel a booking in three days at a practice that has a PMS and writes e-mails to patients."""
    practice = make_practice(
        email="",
        pms=Pms("smile", kind, "Smile's PMS", can_cancel=True),
        patient_channels=(Channel.EMAIL,),
    )
    await world.store.registry.apply_practices([practice], KIM)
    booking = make_incoming(
        starts_at=world.now().replace(microsecond=0) + timedelta(days=3),
        pms_ref=REF,
        practitioner_pms_ref="3",
        patient=make_patient(pms_ref="55"),
    )
    await world.store.registry.load([booking], KIM, "a test")
    (found,) = await world.store.find(booking.ref)
    return await cancel(world.store, cancel_of(found, KIM, "Sick"))


@asynccontextmanager
async def simulated(world: World, kind: str, booking: Booking) -> AsyncIterator[Simulator]:
    """Yield a PMS that shows the booking."""
    diary = Diary()
    account = SimulatedAccount("smile", kind, "key-au1", "smile-adelaide", ZONE)
    async with Simulator(diary, [account], clock=world.now, sleep=at_once) as pms:
        pms.put(Entry(REF, booking.starts_at, booking.starts_at + HALF_AN_HOUR, "3"))
        yield pms
    diary.close()


class Case:
    """One cancellation, carried through by a dispatcher, round after round, until nothing is due."""

    def __init__(
        self,
        world: World,
        pms: Simulator,
        server: MailServer,
        ca_file: Path,
        behaviours: tuple[PmsBehaviour, MailBehaviour],
    ) -> None:
        self.world, self.pms, self.server, self.ca_file = world, pms, server, ca_file
        self.behaviour, self.mail = behaviours
        self.reported: list[BaseException] = []

    async def carried_through(self, booking: Booking, kind: str) -> Mapping[str, Delivery]:
        """Return the deliveries of the booking when each is done, or has called a person and been tried out."""
        self.pms.faults.set(*self.behaviour.faults)
        self.server.faults = self.mail.faults
        for place in range(MOST_ROUNDS):
            await self._prepare(place)
            await self._dispatcher(kind).run_once()
            deliveries = await self.world.store.deliveries(booking.id)
            if not any(_goes_on(one) for one in deliveries):
                await self.pms.release()
                assert not self.reported
                return {one.kind: one for one in deliveries}
            due = await self.world.store.queue.next_due(CONNECTIONS)
            assert due is not None, deliveries
            self.world.passes(timedelta(seconds=max(due, 0) + 1))
        raise AssertionError(f"stuck: {deliveries}")

    async def _prepare(self, place: int) -> None:
        if place == self.behaviour.late_at:
            await self.pms.release()
        if place < self.behaviour.away:
            await self.pms.stop_listening()
        else:
            await self.pms.listen()
        if self.mail.times is not None and self.server.heard.count("MAIL") >= self.mail.times:
            self.server.faults = {}

    def _dispatcher(self, kind: str) -> Dispatcher:
        def carriers() -> Mapping[str, Carrier]:
            (account,) = self.pms.accounts
            reached = account_of(account, self.pms)
            adapter = PmsCarrier(lambda zone: open_pms(reached, lambda name: name, zone, self.world.now))
            return {"smile": adapter, MAIL_CONNECTION: self._mail_carrier()}

        return Dispatcher(self.world.store.queue, CONNECTIONS, carriers, POLICY, self.reported.append)

    def _mail_carrier(self) -> MailCarrier:
        mail = self.mail
        encryption = Encryption.STARTTLS if mail.encrypted or mail.password else Encryption.NONE
        port = self.server.port if mail.is_there else 1
        address = Address("localhost", port, encryption, USER if mail.password else "", self.ca_file)
        password = (lambda: mail.password) if mail.password else None
        return MailCarrier(SETTINGS, SmtpPost(address, password, mail.seconds))


def _goes_on(delivery: Delivery) -> bool:
    is_tried_out = delivery.attempts >= POLICY.max_attempts
    return delivery.state in OPEN_STATES or (delivery.next_at is not None and not is_tried_out)


async def check(world: World, trust: Trust, kind: str, behaviour: PmsBehaviour, mail: MailBehaviour) -> None:
    """Carry one cancellation through, and hold the result against what both behaviours allow."""
    booking = await cancelled_booking(world, kind)
    starttls = trust.certified if mail.password else None
    async with (
        simulated(world, kind, booking) as pms,
        serving(MailServer(), starttls=starttls, with_password=bool(mail.password)) as server,
    ):
        with in_a_hurry():
            case = Case(world, pms, server, trust.ca_file, (behaviour, mail))
            deliveries = await case.carried_through(booking, kind)
        check_pms(pms, behaviour, deliveries[Kind.PMS_CANCEL])
        check_mail(server, mail, deliveries)


def check_pms(pms: Simulator, behaviour: PmsBehaviour, delivery: Delivery) -> None:
    """The PMS has cancelled once, or what it did not do is for a person; nothing was sent blindly."""
    ledger = pms.diary.ledger("smile")
    effective = [line for line in ledger if line.effective]
    assert (delivery.state, len(effective)) == (behaviour.ends, behaviour.cancels), (delivery, ledger)
    if delivery.state is State.DONE:
        assert pms.entry(REF).status is EntryStatus.CANCELLED
    asked = [line for line in ledger if line.operation in {"read", "cancel"} and line.answered != LATE]
    assert not any(first.operation == second.operation == "cancel" for first, second in pairwise(asked))
    assert len({line.request_id for line in ledger if line.operation == "cancel"}) <= 1
    assert not any(line.account == "" for line in pms.ledger)
    assert delivery.error if delivery.state is State.ATTENTION else not delivery.error


def check_mail(server: MailServer, mail: MailBehaviour, deliveries: Mapping[str, Delivery]) -> None:
    """The patient has at most two copies of one e-mail, or is to be phoned."""
    ids = [message_from_bytes(one.original_content or b"")["Message-ID"] for one in server.taken]
    email = deliveries[Kind.PATIENT_EMAIL]
    assert (email.state, len(ids)) == (mail.ends, mail.taken), email
    assert len(ids) <= 2
    assert len(set(ids)) <= 1


def beside(place: int) -> MailBehaviour:
    """Return what the mail server does while the PMS behaves as the one at this place."""
    return MAIL_BEHAVIOURS[place % len(MAIL_BEHAVIOURS)]


QUICK = [
    pytest.param(KINDS[place % 2], one, beside(place), id=f"{one}-{beside(place)}")
    for place, one in enumerate(PMS_BEHAVIOURS[:ALWAYS_TRIED])
]


@pytest.mark.parametrize(("kind", "behaviour", "mail"), QUICK)
async def test_each_behaviour_comes_to_its_end(
    sqlite_world: World, trust: Trust, kind: str, behaviour: PmsBehaviour, mail: MailBehaviour
) -> None:
    await check(sqlite_world, trust, kind, behaviour, mail)


@pytest.mark.full
@pytest.mark.parametrize("mail", MAIL_BEHAVIOURS, ids=str)
@pytest.mark.parametrize("behaviour", PMS_BEHAVIOURS, ids=str)
async def test_every_pair_comes_to_its_end(
    world: World, trust: Trust, behaviour: PmsBehaviour, mail: MailBehaviour
) -> None:
    await check(world, trust, "praktika", behaviour, mail)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("behaviour", PMS_BEHAVIOURS, ids=str)
async def test_every_kind_of_pms_comes_to_its_end(
    sqlite_world: World, trust: Trust, kind: str, behaviour: PmsBehaviour
) -> None:
    ends, cancels = OTHERWISE.get((kind, behaviour.name), (behaviour.ends, behaviour.cancels))
    expected = replace(behaviour, ends=ends, cancels=cancels)
    await check(sqlite_world, trust, kind, expected, MAIL_BEHAVIOURS[0])
