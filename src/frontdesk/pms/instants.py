"""How a PMS writes points in time, and how they are read as UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.formats import compiled
from frontdesk.pms.port import ContractDrift

ISO, EPOCH, EPOCH_MILLISECONDS = "iso", "epoch", "epoch-ms"
OFFSET, PRACTICE = "offset", "practice"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InstantFormat:
    """A PMS's way to write an instant.

    `format` is `iso` (ISO 8601), `epoch` or `epoch-ms` (numbers since 1970), or a pattern of
    strptime. `zone` is the zone of what bears no offset, None where every text bears one.
    """

    format: str
    zone: ZoneInfo | None

    def read(self, value: object) -> datetime:
        """Return an instant in UTC.

        Of an hour that the clock change repeats the first is taken. Raises ContractDrift for
        what is no time, bears an offset against the rule, or lacks one.
        """
        try:
            return self._number(value) if self.format in (EPOCH, EPOCH_MILLISECONDS) else self._text(value)
        except (ValueError, OverflowError, TypeError):
            raise ContractDrift("a time in its answer cannot be read") from None

    def write(self, instant: datetime) -> str | int:
        """Return an instant as the PMS wants it; microseconds are dropped."""
        whole = instant.replace(microsecond=0)
        if self.format in (EPOCH, EPOCH_MILLISECONDS):
            seconds = (whole - _EPOCH) // timedelta(seconds=1)
            return seconds * (1000 if self.format == EPOCH_MILLISECONDS else 1)
        local = whole.astimezone(self.zone or UTC)
        if self.format != ISO:
            return local.strftime(self.format)
        if self.zone is None:
            return local.isoformat()
        return local.replace(tzinfo=None).isoformat() + ("Z" if self.zone.key == "UTC" else "")

    def _number(self, value: object) -> datetime:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        scale = 1000 if self.format == EPOCH_MILLISECONDS else 1
        return _EPOCH + timedelta(seconds=value / scale)

    def _text(self, value: object) -> datetime:
        if not isinstance(value, str):
            raise TypeError
        # A bare date is not an instant, though fromisoformat takes midnight for it.
        if self.format == ISO and len(value) < len("2026-11-26T10:30"):
            raise ValueError(value)
        moment = datetime.fromisoformat(value) if self.format == ISO else self._formatted(value)
        if self.zone is None:
            if moment.tzinfo is None:
                raise ContractDrift("a time in its answer says no offset from UTC")
            return moment.astimezone(UTC)
        if moment.tzinfo is None:
            return times.from_local(moment, self.zone)
        if self.zone.key == "UTC" and not moment.utcoffset():
            return moment.astimezone(UTC)
        raise ContractDrift("a time in its answer says an offset from UTC, which it should not")

    def _formatted(self, value: str) -> datetime:
        found = compiled(self.format).read(value)
        if found is None:
            raise ValueError(value)
        return found.moment
