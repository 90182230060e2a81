"""Every behaviour of a PMS with every behaviour of a mail server: each ends, and nothing is doubled.

Real store, dispatcher, adapters, HTTP and SMTP; only time is made to pass.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
from frontdesk.demo.simulator import Diary, Entry, EntryStatus, Operation, SimulatedAccount, Simulator
from frontdesk.demo.simulator.office import LATE
from frontdesk.notify.mail import MailCarrier
from frontdesk.notify.smtp import Encryption, SmtpPost
from frontdesk.notify.smtp import MailServer as Address
from frontdesk.outbox import Dispatcher
from frontdesk.pms import telling
from frontdesk.pms.kinds import open_pms
from frontdesk.pms.telling import PmsCarrier
from frontdesk.pms.writes import Move, NoShow, PmsWrite, TakeBackNoShow
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.pms_accounts import account_of, in_a_hurry
from tests.contract.raw import let_pass
from tests.faults.behaviours import (
    ALWAYS_TRIED,
    MAIL_BEHAVIOURS,
    PMS_BEHAVIOURS,
    MailBehaviour,
    PmsBehaviour,
    ending,
)
from tests.making import KIM, cancel, cancel_of, make_incoming, make_patient, make_practice
from tests.notifying import SETTINGS, USER, MailServer, serving

POLICY = RetryPolicy()
CONNECTIONS = ("smile", MAIL_CONNECTION)
ZONE, REF = "Australia/Adelaide", "7001"
KINDS = ("praktika", "core-practice", "cliniko", "open-dental", "fhir")
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
async def simulated(
    world: World, kind: str, booking: Booking, status: EntryStatus = EntryStatus.BOOKED
) -> AsyncIterator[Simulator]:
    """Yield a PMS that shows the booking."""
    diary = Diary()
    account = SimulatedAccount("smile", kind, "key-au1", "smile-adelaide", ZONE)
    async with Simulator(diary, [account], clock=world.now, sleep=at_once) as pms:
        attendance = "FTA" if status is EntryStatus.NO_SHOW else ""
        end = booking.starts_at + HALF_AN_HOUR
        pms.put(Entry(REF, booking.starts_at, end, "3", status=status, attendance=attendance))
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


async def check(
    world: World,
    trust: Trust,
    kind: str,
    behaviour: PmsBehaviour,
    mail: MailBehaviour,
    told: "Told | None" = None,
) -> None:
    """Carry one write through, a cancel unless it is told, and hold it against what both behaviours allow."""
    booking = await cancelled_booking(world, kind)
    starttls = trust.certified if mail.password else None
    async with (
        simulated(world, kind, booking, told.before if told else EntryStatus.BOOKED) as pms,
        serving(MailServer(), starttls=starttls, with_password=bool(mail.password)) as server,
    ):
        with in_a_hurry():
            case = Case(world, pms, server, trust.ca_file, (behaviour, mail))
            deliveries = await case.carried_through(booking, kind)
        operation, after = (told.operation, told.after) if told else (Operation.CANCEL, EntryStatus.CANCELLED)
        check_pms(pms, behaviour, deliveries[Kind.PMS_CANCEL], operation, after)
        check_mail(server, mail, deliveries)


def check_pms(
    pms: Simulator, behaviour: PmsBehaviour, delivery: Delivery, operation: Operation, after: EntryStatus
) -> None:
    """The PMS has done it once, or what it did not do is for a person; nothing was sent blindly."""
    ledger = pms.diary.ledger.lines("smile")
    # A reason that is a request of its own is a part of the cancel.
    effective = [line for line in ledger if line.effective and line.operation != Operation.NOTE]
    assert (delivery.state, len(effective)) == (behaviour.ends, behaviour.writes), (delivery, ledger)
    if delivery.state is State.DONE:
        entry = pms.entry(REF)
        entry = pms.entry(entry.moved_to) if entry.moved_to else entry
        assert entry.status is after
    asked = [line for line in ledger if line.operation in {"read", operation} and line.answered != LATE]
    assert not any(first.operation == second.operation == operation for first, second in pairwise(asked))
    assert len({line.request_id for line in ledger if line.operation == operation}) <= 1
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
    await check(sqlite_world, trust, kind, ending(kind, Operation.CANCEL, behaviour), MAIL_BEHAVIOURS[0])


@dataclass(frozen=True)
class Told:
    """A write besides the cancel, and how an appointment stands before it and after it."""

    operation: Operation
    before: EntryStatus
    after: EntryStatus

    def __str__(self) -> str:
        return self.operation

    def write(self, booking: Booking) -> PmsWrite:
        """Return what is to be done about a booking."""
        match self.operation:
            case Operation.RESCHEDULE:
                start = booking.starts_at + HALF_AN_HOUR * 4
                return Move(booking.starts_at, start, start + HALF_AN_HOUR)
            case Operation.NO_SHOW:
                return NoShow()
        return TakeBackNoShow()


MOVE = Told(Operation.RESCHEDULE, EntryStatus.BOOKED, EntryStatus.BOOKED)
MARK = Told(Operation.NO_SHOW, EntryStatus.BOOKED, EntryStatus.NO_SHOW)
TAKE_BACK = Told(Operation.TAKE_BACK_NO_SHOW, EntryStatus.NO_SHOW, EntryStatus.BOOKED)

TELLINGS = [
    (kind, told, behaviour)
    for told in (MOVE, MARK, TAKE_BACK)
    for kind in KINDS
    if kind != "cliniko" or told is MOVE
    for behaviour in PMS_BEHAVIOURS
]
QUICK_TELLINGS = {
    "works",
    "somebody moved it",
    "drops before it has done it",
    "drops after it has done it",
    "drops and does it after the next try",
}


def in_quick(kind: str, told: Told, behaviour: PmsBehaviour) -> bool:
    """Whether the quick suite takes a telling: Praktika's no-shows, and moves that make a new id."""
    return behaviour.name in QUICK_TELLINGS and (kind, told) in (("praktika", MARK), ("core-practice", MOVE))


@pytest.mark.parametrize(
    ("kind", "told", "behaviour"),
    [pytest.param(*one, marks=() if in_quick(*one) else pytest.mark.full) for one in TELLINGS],
    ids=str,
)
async def test_every_write_comes_to_its_end(
    sqlite_world: World,
    trust: Trust,
    kind: str,
    told: Told,
    behaviour: PmsBehaviour,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telling, "write_of", lambda claim: told.write(claim.booking))
    expected = ending(kind, told.operation, behaviour)
    await check(sqlite_world, trust, kind, expected, MAIL_BEHAVIOURS[0], told)


@pytest.mark.parametrize("status", [EntryStatus.ARRIVED, EntryStatus.COMPLETED, EntryStatus.CANCELLED])
async def test_a_no_show_of_somebody_who_is_there_is_left_to_a_person(
    sqlite_world: World, trust: Trust, status: EntryStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "write_of", lambda _: NoShow())
    there = Told(Operation.NO_SHOW, status, status)
    expected = PmsBehaviour("shows otherwise", ends=State.ATTENTION, writes=0)
    await check(sqlite_world, trust, "praktika", expected, MAIL_BEHAVIOURS[0], there)
