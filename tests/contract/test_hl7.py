"""Messages over MLLP into a store: answered once they are kept, from the right sender alone, by one listener."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from frontdesk import brake
from frontdesk.arrivals import Place, Pushed
from frontdesk.bookings import Booking, BookingQuery, Direction
from frontdesk.diary_runs import LEASE, Lease
from frontdesk.errors import Unavailable
from frontdesk.pms.hl7.settings import Hl7
from frontdesk.store.diaries import Taken
from frontdesk.store.sql.store import SqlStore
from frontdesk.sync.listening import Account, Hearing
from tests.contract.raw import let_pass
from tests.contract.reads import ON_SQLITE_FIRST
from tests.hl7_messages import END, START, Answer, sending, siu
from tests.making import KIM, make_practice

pytestmark = ON_SQLITE_FIRST

HERE = Place("smile")
ADELAIDE = ZoneInfo("Australia/Adelaide")
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
SETTINGS = Hl7("127.0.0.1", 0, "DENTIX", "MAIN", LOOPBACK)


@dataclass
class Ears:
    """A practice that listens, and what went wrong there."""

    store: SqlStore
    account: Account
    errors: list[BaseException] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @asynccontextmanager
    async def listening(self, diaries: Any = None) -> AsyncIterator[int]:
        """Listen as long as the context lasts; return the port."""
        opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        hearing = self.hearing(opened.set_result, diaries)
        task = asyncio.ensure_future(hearing.run())
        try:
            yield await opened
        finally:
            task.cancel()
            await asyncio.wait([task])

    def hearing(self, listening: Callable[[int], object], diaries: Any = None) -> Hearing:
        return Hearing(
            diaries or self.store.diaries, self.account, self.errors.append, listening=listening, sleep=pause
        )

    def message(self, event: str = "S12", number: str = "1", minutes: int = 0, **changes: str) -> bytes:
        """Return a message of so many minutes after the first, about an appointment in three days."""
        local = self.now.astimezone(ADELAIDE) - timedelta(hours=1) + timedelta(minutes=minutes)
        start = changes.pop(
            "start", (self.now + timedelta(days=3)).astimezone(ADELAIDE).strftime("%Y%m%d%H%M")
        )
        return siu(event, number, sent_at=local.strftime("%Y%m%d%H%M%S"), start=start, **changes)

    async def bookings(self) -> dict[str, Booking]:
        page = await self.store.page(BookingQuery(as_of=self.now), 1000, None, Direction.FORWARD)
        return {row.booking.pms_ref: row.booking for row in page.rows}

    async def upcoming(self) -> set[str]:
        return {ref for ref, one in (await self.bookings()).items() if one.cancellation is None}


async def pause(_: float) -> None:
    """Look again soon."""
    await asyncio.sleep(0.01)


@pytest.fixture
async def ears(store: SqlStore) -> Ears:
    """A practice whose PMS pushes its changes to this machine."""
    await store.registry.apply_practices([make_practice()], KIM)
    return Ears(store, Account(SETTINGS, "Dentix", {HERE: ADELAIDE}, lambda: None))


async def test_an_appointment_comes_moves_and_is_cancelled(ears: Ears) -> None:
    async with ears.listening() as port, sending(port) as sender:
        assert await sender.send(ears.message()) == Answer("AA", "1")
        made = (await ears.bookings())["A-1001"]
        assert (made.patient.name, made.practitioner.name) == ("Amelia Wilson", "Dr Priya Rao")
        moved = (ears.now + timedelta(days=4)).astimezone(ADELAIDE).strftime("%Y%m%d%H%M")
        assert await sender.send(ears.message("S13", "2", 1, start=moved)) == Answer("AA", "2")
        assert (await ears.bookings())["A-1001"].starts_at - made.starts_at == timedelta(days=1)
        assert await sender.send(ears.message("S15", "3", 2, PID="", AIP="")) == Answer("AA", "3")
        assert await ears.upcoming() == set()
    assert ears.errors == []


async def test_a_lost_answer_brings_the_message_again_and_it_is_one(ears: Ears) -> None:
    async with ears.listening() as port:
        async with sending(port) as sender:
            await sender.raw(START + ears.message() + END)
            assert (await sender.answer()) == Answer("AA", "1")
        async with sending(port) as sender:
            assert await sender.send(ears.message()) == Answer("AA", "1")
            assert await sender.send(ears.message("S15", "2", -5)) == Answer("AA", "2")
    assert await ears.upcoming() == {"A-1001"}


async def test_several_messages_in_one_packet_are_answered_in_order(ears: Ears) -> None:
    async with ears.listening() as port, sending(port) as sender:
        frames = [START + ears.message("S12", str(one), one, ref=f"A-{one}") + END for one in range(5)]
        await sender.raw(b"".join(frames))
        assert [await sender.answer() for _ in frames] == [Answer("AA", str(one)) for one in range(5)]
    assert await ears.upcoming() == {f"A-{one}" for one in range(5)}


async def test_what_has_to_be_mended_is_an_error_and_changes_nothing(ears: Ears) -> None:
    async with ears.listening() as port, sending(port) as sender:
        await sender.send(ears.message())
        bad = await sender.send(ears.message("S13", "2", 1, SCH="SCH||A-1001|||||||30|MIN|^^^tomorrow"))
        assert bad is not None
        assert (bad.code, bad.number) == ("AE", "2")
        assert "start" in bad.said
        # Once it is mended it comes again under its number.
        assert await sender.send(ears.message("S13", "2", 1)) == Answer("AA", "2")


async def test_another_sender_is_refused_and_nothing_is_kept(ears: Ears) -> None:
    async with ears.listening() as port, sending(port) as sender:
        for wrong in (b"DENTIX|OTHER", b"OTHER|MAIN", b"|"):
            found = await sender.send(ears.message().replace(b"DENTIX|MAIN", wrong))
            assert found is not None
            assert found.code == "AR"
    assert await ears.bookings() == {}


@pytest.mark.parametrize("event", ["S18", "S22", "S23", "S24"])
async def test_what_is_no_booking_is_accepted_and_changes_nothing(ears: Ears, event: str) -> None:
    async with ears.listening() as port, sending(port) as sender:
        assert await sender.send(ears.message(event)) == Answer("AA", "1")
    assert await ears.bookings() == {}


async def test_a_site_that_no_practice_names_is_never_guessed(store: SqlStore) -> None:
    practices = [make_practice(location="SITE1"), make_practice("perth", location="SITE2")]
    await store.registry.apply_practices(practices, KIM)
    places = {Place("smile", "SITE1"): ADELAIDE, Place("smile", "SITE2"): ZoneInfo("Australia/Perth")}
    ears = Ears(store, Account(SETTINGS, "Dentix", places, lambda: None))
    async with ears.listening() as port, sending(port) as sender:
        for number, (site, code) in enumerate(
            [("SITE1", "AA"), ("SITE2", "AA"), ("SITE3", "AE"), ("", "AE")]
        ):
            found = await sender.send(
                ears.message(
                    number=str(number),
                    minutes=-180,
                    ref=f"A-{number}",
                    AIL=f"AIL|1||CHAIR^^^{site}" if site else "",
                )
            )
            assert found is not None
            assert found.code == code
    practices_of = {ref: one.practice.id for ref, one in (await ears.bookings()).items()}
    assert practices_of == {"A-0": "adelaide", "A-1": "perth"}


async def test_the_only_practice_has_a_site_of_its_own_too(store: SqlStore) -> None:
    await store.registry.apply_practices([make_practice(location="SITE1")], KIM)
    ears = Ears(store, Account(SETTINGS, "Dentix", {Place("smile", "SITE1"): ADELAIDE}, lambda: None))
    async with ears.listening() as port, sending(port) as sender:
        for number, (site, code) in enumerate([("SITE1", "AA"), ("", "AA"), ("SITE9", "AE")]):
            found = await sender.send(
                ears.message(
                    number=str(number), ref=f"A-{number}", AIL=f"AIL|1||CHAIR^^^{site}" if site else ""
                )
            )
            assert found is not None
            assert found.code == code
    assert await ears.upcoming() == {"A-0", "A-1"}


class Away:
    """Diaries whose store goes away when a message is to be kept, before or after it is committed."""

    def __init__(self, diaries: Any, *, is_kept: bool) -> None:
        self._diaries, self._is_kept = diaries, is_kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._diaries, name)

    async def take_in(self, lease: Lease, pushed: Pushed) -> Taken:
        if self._is_kept:
            await self._diaries.take_in(lease, pushed)
        raise Unavailable("The store is away.")


@pytest.mark.parametrize("is_kept", [False, True])
async def test_no_message_is_accepted_before_it_is_committed(ears: Ears, is_kept: bool) -> None:
    away = Away(ears.store.diaries, is_kept=is_kept)
    async with ears.listening(away) as port, sending(port) as sender:
        found = await sender.send(ears.message())
        assert found is not None
        assert (found.code, found.number) == ("AR", "1")
    async with ears.listening() as port, sending(port) as sender:
        assert await sender.send(ears.message()) == Answer("AA", "1")
    assert await ears.upcoming() == {"A-1001"}
    assert ears.errors == []


async def test_a_program_that_is_killed_before_its_commit_has_not_answered(
    ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bug(Exception):
        pass

    def die(*_: object, **__: object) -> None:
        raise Bug

    async with ears.listening() as port, sending(port) as sender:
        with monkeypatch.context() as patched:
            patched.setattr(brake, "held", die)
            found = await sender.send(ears.message())
        assert found is not None
        assert found.code == "AR"
        assert await ears.bookings() == {}
        assert await sender.send(ears.message()) == Answer("AA", "1")
    assert [type(error) for error in ears.errors] == [Bug]


async def test_one_program_listens_and_another_when_it_is_gone(ears: Ears) -> None:
    later: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with ears.listening() as port, sending(port) as sender:
        second = asyncio.ensure_future(ears.hearing(later.set_result).run())
        assert await sender.send(ears.message()) == Answer("AA", "1")
        assert await ears.store.diaries.claim("another", [HERE], is_listener=True) is None
        assert not later.done()
    async with sending(await later) as sender:
        assert await sender.send(ears.message("S15", "2", 1)) == Answer("AA", "2")
    second.cancel()
    await asyncio.wait([second])


async def test_who_lost_the_place_accepts_nothing_more(ears: Ears, store_url: str) -> None:
    async with ears.listening() as port, sending(port) as sender:
        let_pass(store_url, LEASE)
        assert await ears.store.diaries.claim("another", [HERE], is_listener=True) is not None
        found = await sender.send(ears.message())
        assert found is None or found.code == "AR"
        assert await sender.answer() is None
    assert await ears.bookings() == {}


async def test_a_port_that_is_taken_is_said_until_it_is_free(ears: Ears, store_url: str) -> None:
    other = Place("other")

    async def trouble() -> str:
        (state,) = [one for one in await ears.store.diaries.states() if one.place == other]
        return state.trouble

    tried, opened = asyncio.Event(), asyncio.Event()

    async def rest(_: float) -> None:
        tried.set()
        await pause(0)

    async with ears.listening() as port:
        taken = replace(ears.account, settings=replace(SETTINGS, port=port), places={other: ADELAIDE})
        hearing = Hearing(
            ears.store.diaries,
            taken,
            ears.errors.append,
            listening=lambda _: opened.set(),
            sleep=rest,
        )
        task = asyncio.ensure_future(hearing.run())
        await tried.wait()
        assert (await trouble()).startswith(f"it cannot be listened on 127.0.0.1:{port}")
    let_pass(store_url, LEASE)
    await opened.wait()
    assert await trouble() == ""
    task.cancel()
    await asyncio.wait([task])
