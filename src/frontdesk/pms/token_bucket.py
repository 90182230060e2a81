"""How often a server is asked: evenly, with a few requests at once now and then."""

from datetime import datetime, timedelta


class TokenBucket:
    """Lets `per_minute` requests pass on average, and up to `burst` at once."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self._pause = timedelta(minutes=1) / per_minute
        self._burst = burst
        self._full_at: datetime | None = None

    def take(self, now: datetime) -> timedelta:
        """Take a place and return how long to wait for it."""
        full_at = max(now, self._full_at or now) + self._pause
        self._full_at = full_at
        return max(timedelta(0), full_at - now - self._burst * self._pause)

    def give_back(self) -> None:
        """Return a place that was not used."""
        if self._full_at is not None:
            self._full_at -= self._pause
