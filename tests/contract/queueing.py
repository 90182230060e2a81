"""A desk whose cancellations a dispatcher carries out, and what attempts bring."""

from datetime import timedelta
from typing import Any

from frontdesk.attempts import Claim, Ended, Result, RetryPolicy
from frontdesk.bookings import Booking
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Delivery, Kind
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import let_pass
from tests.making import KIM, cancel, cancel_of, make_incoming

ALL = ("smile", MAIL_CONNECTION, SMS_CONNECTION)
PMS = ("smile",)
MAIL = (MAIL_CONNECTION,)
POLICY = RetryPolicy()

DONE = Result(Ended.DONE, "confirmed by Praktika")
FAILED = Result(Ended.FAILED, "Praktika is busy")
AWAY = Result(Ended.FAILED, "Praktika does not answer", is_away=True)
UNKNOWN = Result(Ended.UNKNOWN, "no answer came back")
REFUSED = Result(Ended.REFUSED, "no such mailbox")
LOCKED_OUT = Result(Ended.LOCKED_OUT, "Praktika does not accept the key")


class Desk:
    """A store whose bookings are cancelled for the dispatchers, and whose time can pass."""

    def __init__(self, store: SqlStore, url: str) -> None:
        self.store, self.url, self.queue = store, url, store.queue
        self._line = 0

    async def cancel(self, away: timedelta = timedelta(days=3), **changes: Any) -> Booking:
        """Cancel a new booking that starts so long from now."""
        self._line += 1
        starts_at = (await self.store.state()).now + away
        line = make_incoming(self._line, starts_at=starts_at, **changes)
        await self.store.registry.load([line], KIM, "a test")
        (booking,) = await self.store.find(line.ref)
        return await cancel(self.store, cancel_of(booking, KIM))

    async def claim(self, *connections: str) -> Claim:
        claim = await self.queue.claim(connections or ALL, POLICY)
        assert claim is not None
        return claim

    async def finish(self, claim: Claim, result: Result) -> Delivery:
        delivery = await self.queue.finish(claim, result, POLICY)
        assert delivery is not None
        return delivery

    async def delivery(self, booking: Booking, kind: Kind = Kind.PMS_CANCEL) -> Delivery:
        found = await self.store.deliveries(booking.id)
        return next(one for one in found if one.kind == kind)

    def passes(self, time: timedelta) -> None:
        """Let time pass: every moment that the queue has noted is so much longer ago."""
        let_pass(self.url, time)
