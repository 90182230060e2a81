"""Listens for what systems push: one program at a time has an account, and only it takes messages in.

What the lease of a place is to a reader, it is here: another program listens when this one is gone, and a
message is answered once it is committed.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from frontdesk.arrivals import Place
from frontdesk.diary_runs import LEASE, Lease, LeaseLost
from frontdesk.errors import FrontdeskError
from frontdesk.pms.hl7 import appointments
from frontdesk.pms.hl7.listener import Listener
from frontdesk.pms.hl7.messages import Header, Message, NotNow, NotTaken
from frontdesk.pms.hl7.settings import Hl7
from frontdesk.store.diaries import Diaries, Taken

LOOK_SECONDS = 5.0
"""How often it is looked whether an account can be taken on."""

_REST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Account:
    """A system that pushes, and the practices that are at it: each place with its zone.

    `shown` is what the system is called. `open_tls` reads the certificates, in a thread; it may raise FrontdeskError, and
    returns None where nothing is encrypted.
    """

    settings: Hl7
    shown: str
    places: dict[Place, ZoneInfo]
    open_tls: Callable[[], ssl.SSLContext | None]

    def place_of(self, site: str) -> Place | None:
        """Return the place whose appointments are at a site, None where no practice names it."""
        named = next((place for place in self.places if site and site == place.location), None)
        if named is None and len(self.places) == 1:
            (only,) = self.places
            return only if not site or not only.location else None
        return named


class Hearing:
    """Listens for one account, whenever nobody else does.

    `report` writes an unexpected error to the log. `listening` is called with the port once it listens.
    """

    def __init__(
        self,
        diaries: Diaries,
        account: Account,
        report: Callable[[BaseException], object],
        *,
        listening: Callable[[int], object] = lambda _: None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.id = uuid4().hex
        self._diaries = diaries
        self._account = account
        self._report = report
        self._listening = listening
        self._sleep = sleep
        self._now = now
        self._leases: dict[Place, Lease] = {}
        self._lost = asyncio.Event()
        self._taking: set[asyncio.Future[Taken]] = set()

    async def run(self) -> None:
        """Listen until cancelled, whenever the account is free. A store that is away is asked again quietly."""
        is_known = False
        while True:
            try:
                if not is_known:
                    await self._diaries.keep(self._account.places, is_pushed=True)
                    is_known = True
                if await self._has_all():
                    await self._listen()
            except Exception as error:
                if not isinstance(error, FrontdeskError | LeaseLost):
                    self._report(error)
            finally:
                await self._give_up()
            await self._sleep(LOOK_SECONDS)

    async def _has_all(self) -> bool:
        """Take the places of the account on; whether all of them are ours."""
        while left := self._account.places.keys() - self._leases.keys():
            lease = await self._diaries.claim(self.id, left, is_listener=True)
            if lease is None:
                return False
            self._leases[lease.place] = lease
        for lease in self._leases.values():
            # A person has decided, and whoever carried that out is gone.
            while lease.state.is_believed and await self._diaries.apply(lease):
                pass
        return True

    async def _listen(self) -> None:
        """Take messages in until a lease is lost."""
        settings = self._account.settings
        self._lost.clear()
        try:
            tls = await asyncio.to_thread(self._account.open_tls)
            listener = Listener(settings, self._take, self._report, tls)
            await listener.open()
        except (OSError, FrontdeskError) as error:
            hint = error.hint if isinstance(error, FrontdeskError) else (error.strerror or "it cannot be had")
            await self._cannot(f"it cannot be listened on {settings.shown}: {hint.lower().removesuffix('.')}")
            return
        try:
            for lease in self._leases.values():
                await self._diaries.listens(lease)
            self._listening(listener.port)
            await self._until_lost()
        finally:
            await listener.close()

    async def _until_lost(self) -> None:
        """Renew the leases; return when one is lost."""
        renewed_at = asyncio.get_running_loop().time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEASE.total_seconds() / 3):
                    await self._lost.wait()
                return
            try:
                for lease in self._leases.values():
                    await self._diaries.renew(lease)
                renewed_at = asyncio.get_running_loop().time()
            except LeaseLost:
                return
            except FrontdeskError:
                # The store is away. Messages are sent again, to whoever listens then.
                if asyncio.get_running_loop().time() - renewed_at > LEASE.total_seconds():
                    return

    async def _cannot(self, why: str) -> None:
        for lease in self._leases.values():
            await self._diaries.rest_in_trouble(lease, _REST, why)
        self._leases.clear()

    async def _give_up(self) -> None:
        """Let the places go once all is kept that is being taken in; who has them by now keeps them."""
        if self._taking:
            await asyncio.wait(self._taking)
        leases, self._leases = self._leases, {}
        for lease in leases.values():
            with suppress(LeaseLost, FrontdeskError):
                await self._diaries.let_go(lease)

    def _taken(self, taking: asyncio.Future[Taken]) -> None:
        self._taking.discard(taking)
        if not taking.cancelled():
            # Else asyncio would write to the log what nobody waited for, with what was to be stored.
            taking.exception()

    async def _take(self, block: bytes, head: Header) -> None:
        """Take a message in. Raises NotTaken, and NotNow where it can be sent again."""
        message = await asyncio.to_thread(Message, block, head)
        place = self._account.place_of(appointments.site(message))
        if place is None:
            raise NotTaken(
                "AIL-3 names a site that no practice here has: set its location, or send it elsewhere"
            )
        pushed = appointments.pushed(message, self._account.places[place], self._now())
        if pushed is None:
            return
        lease = self._leases.get(place)
        if lease is None:
            raise NotNow
        taking = asyncio.ensure_future(self._diaries.take_in(lease, pushed))
        self._taking.add(taking)
        taking.add_done_callback(self._taken)
        try:
            # Who hangs up meanwhile sends it again, and it is known then.
            await asyncio.shield(taking)
        except LeaseLost:
            self._lost.set()
            raise NotNow from None
        except FrontdeskError:
            raise NotNow from None
