"""How often one desk may ask, and how often one address may guess.

Counted in this process: several servers on one store each count for themselves.
"""

import ipaddress
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from frontdesk.server.answering import TooMany

BAD_TOKENS_A_MINUTE = 20
STREAMS_A_TOKEN = 100
"""A host that many log in to over SSH has one token for all of their screens."""

_FULL_STREAMS_SECONDS = 30


class Limits:
    """The counts. Each method raises TooMany beyond its limit."""

    def __init__(self, requests_a_minute: int) -> None:
        self._counts = FixedWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests_a_minute, namespace="requests")
        self._bad_tokens = RateLimitItemPerMinute(BAD_TOKENS_A_MINUTE, namespace="bad-tokens")
        self._streams: Counter[str] = Counter()

    async def count_request(self, token_id: str) -> None:
        """Count one more request of a desk."""
        await self._hit(self._requests, token_id, "this desk asks the server too often: wait a moment")

    async def count_bad_token(self, address: str) -> None:
        """Count one more token that is not accepted, presented from a client's address."""
        await self._hit(
            self._bad_tokens, _network(address), "too many tokens from here were not accepted: wait a minute"
        )

    async def _hit(self, limit: RateLimitItemPerMinute, who: str, text: str) -> None:
        if not await self._counts.hit(limit, who):
            window = await self._counts.get_window_stats(limit, who)
            raise TooMany(text, max(1, round(window.reset_time - time.time())))

    @contextmanager
    def stream(self, token_id: str) -> Iterator[None]:
        """Take one of a desk's places for streams of changes."""
        if self._streams[token_id] >= STREAMS_A_TOKEN:
            text = f"this desk has {STREAMS_A_TOKEN} streams of changes open already: close one"
            raise TooMany(text, _FULL_STREAMS_SECONDS)
        self._streams[token_id] += 1
        try:
            yield
        finally:
            self._streams[token_id] -= 1
            if not self._streams[token_id]:
                del self._streams[token_id]


def _network(address: str) -> str:
    """Return whose guesses are counted together: whoever has one IPv6 address has 2**64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))
