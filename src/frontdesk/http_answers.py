"""Answers that come over HTTP; nothing in them is believed before it was checked."""

import email.utils
import json
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from frontdesk.attempts import LONGEST_WAIT

NESTING_LIMIT = 64

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


class Unreadable(Exception):
    """The body of an answer is not what it should be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `headers` are found in any case, `body` is as long as the client allows at most."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Whether it is a page for a browser, such as a sign-in or an error page of a proxy."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind in ("text/html", "application/xhtml+xml") or self.body.lstrip()[:1] == b"<"

    @property
    def sent_at(self) -> datetime | None:
        """The other side's own time, from the `Date` header (RFC 9110, 6.6.1)."""
        return _http_date(self.headers.get("date", ""))

    def json(self, parse_float: Callable[[str], Any] | None = None) -> Any:
        """Return the body as JSON (RFC 8259) that means one thing only.

        `parse_float` makes something else than a float of a number with a fraction or an
        exponent, or raises ValueError. Raises Unreadable for another charset than UTF-8, a page,
        duplicate keys, NaN and the like, and nesting beyond `NESTING_LIMIT`.
        """
        charset = _CHARSET.search(self.headers.get("content-type", ""))
        if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
            raise Unreadable("the answer is not in UTF-8")
        if self.is_html:
            raise Unreadable("the answer is a web page")
        try:
            # Some servers begin UTF-8 with a byte order mark; a reader may ignore it.
            value = json.loads(
                self.body.decode("utf-8-sig"),
                object_pairs_hook=_distinct,
                parse_constant=_no_number,
                parse_float=parse_float,
            )
        except (ValueError, RecursionError):
            raise Unreadable("the answer is not JSON") from None
        if _is_deeper(value, NESTING_LIMIT):
            raise Unreadable("the answer is nested too deep")
        return value


async def read(
    status: int, headers: Mapping[str, str], parts: AsyncIterator[bytes], *, limit: int, gzip: bool
) -> Answer:
    """Read an answer to its end. Raises Unreadable above `limit` bytes, unpacked ones too.

    With `gzip` it may have come compressed (RFC 9110, 8.4.1.3).
    """
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip" if gzip else "identity"):
        raise Unreadable("its answer is compressed, which was not asked for")
    unpack = _Gunzip() if coding == "gzip" else None
    body = bytearray()
    async for part in parts:
        body += unpack(part, limit + 1 - len(body)) if unpack else part
        if len(body) > limit:
            raise Unreadable("its answer is too large")
    if unpack is not None:
        unpack.check_end()
    return Answer(status, headers, bytes(body))


class _Gunzip:
    """Unpacks gzip (RFC 1952) bit by bit, never more than is wanted."""

    def __init__(self) -> None:
        self._unpacking = zlib.decompressobj(wbits=31)

    def __call__(self, part: bytes, most: int) -> bytes:
        """Return at most `most` bytes of what a part holds. Raises Unreadable."""
        try:
            return self._unpacking.decompress(part, most)
        except zlib.error:
            raise Unreadable("its answer cannot be unpacked") from None

    def check_end(self) -> None:
        """Raise Unreadable unless it ended where it should."""
        if not self._unpacking.eof or self._unpacking.unused_data:
            raise Unreadable("its answer cannot be unpacked")


def retry_at(answer: Answer, now: datetime) -> datetime | None:
    """Return when to ask again, by `Retry-After` (RFC 9110, 10.2.3) or `X-RateLimit-Reset` (UNIX seconds).

    Dates are by the other side's clock, as its `Date` header tells it. Never in the past,
    never later than `LONGEST_WAIT`; None when it does not say.
    """
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return now + min(timedelta(seconds=int(said)), LONGEST_WAIT)
    moment = _http_date(said)
    if moment is None:
        reset = answer.headers.get("x-ratelimit-reset", "").strip()
        if not re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,9})?", reset):
            return None
        moment = datetime.fromtimestamp(float(reset), UTC)
    wait = moment - (answer.sent_at or now)
    return now + max(timedelta(0), min(wait, LONGEST_WAIT))


def _http_date(said: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError
    return table


def _no_number(_: str) -> None:
    raise ValueError


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
