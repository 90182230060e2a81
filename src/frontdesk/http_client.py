"""The one place that speaks HTTP to somebody else's server, and believes nothing of what comes back.

Of httpx only the transport is used. What its client adds (proxies and secrets from the
environment, redirects, cookies, decompression) is what must not happen here. Every request
has its own connection: on a reused one that the other side has just given up, nobody can
say whether a write arrived.
"""

import asyncio
import contextlib
import email.utils
import ipaddress
import json
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from frontdesk.addresses import look_up
from frontdesk.attempts import LONGEST_WAIT
from frontdesk.tls import client_context

SECONDS = 12.0
"""The deadline of one request, its name's look-up, connection and answer included."""

CONNECT_SECONDS = 5.0
BODY_LIMIT = 1 << 20
NESTING_LIMIT = 64

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host. Raises OSError when there are none."""

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotSent(Exception):
    """Nothing reached the other side. The text is for the operator and names no secret."""


class Lost(Exception):
    """The request was sent, and there is no answer that can be read. It may have been carried out."""


class Unreadable(Exception):
    """The body of an answer is not the JSON it should be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `headers` are found in any case, `body` has at most `BODY_LIMIT` bytes."""

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
        exponent, or raises ValueError. Raises Unreadable for another charset than UTF-8, a page, duplicate keys, numbers
        that are none, and nesting beyond `NESTING_LIMIT`.
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


class HttpClient:
    """Sends requests to servers that the config names, with `headers` on each.

    `ca_file` is trusted besides the system's certificates. `allow_http` lets `http://` pass,
    `allow_private` addresses that are not public: private, loopback, link-local. `seconds`
    is the deadline of one request. `resolve` looks names up; only tests give their own.
    """

    def __init__(
        self,
        *,
        ca_file: Path | None = None,
        allow_http: bool = False,
        allow_private: bool = False,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        resolve: Resolve | None = None,
    ) -> None:
        self._ca_file = ca_file
        self._allow_http = allow_http
        self._allow_private = allow_private
        self._headers = dict(headers or {})
        self._seconds = seconds
        self._resolve = resolve or look_up
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        json: object = None,
    ) -> Answer:
        """Send one request, once, and return the answer, whatever its status.

        `params` are added to the query that `url` has; `json` is sent as `content` with its
        type. Raises NotSent or Lost.
        """
        request = self._request(method, url, headers or {}, params, content, json)
        sending = _Sending()
        try:
            async with asyncio.timeout(self._seconds):
                transport = await self._opened()
                addresses = await self._addresses(request.url)
                return await self._exchange(transport, request, addresses, sending)
        except TimeoutError:
            raise sending.failure("it did not answer in time") from None
        except (httpx.TransportError, OSError) as error:
            raise sending.failure(_in_words(error)) from None

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | Sequence[tuple[str, str]],
        content: bytes | None,
        body: object,
    ) -> httpx.Request:
        fields = {
            "Accept": "application/json",
            "User-Agent": "frontdesk",
            **self._headers,
            **headers,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if body is not None:
            content = _dumped(body)
            fields["Content-Type"] = "application/json"
        for name, value in fields.items():
            if not _FIELD_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
                raise NotSent("a header for it has characters that cannot be sent")
        try:
            address = httpx.URL(url)
            if params:
                pairs = params.items() if isinstance(params, Mapping) else params
                address = address.copy_merge_params(httpx.QueryParams(tuple(pairs)))
            request = httpx.Request(method, address, headers=fields, content=content)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise NotSent("its address cannot be read") from None
        self._check_address(request.url)
        return request

    def _check_address(self, url: httpx.URL) -> None:
        if url.userinfo:
            raise NotSent("its address holds a password")
        if url.scheme == "http" and not self._allow_http:
            raise NotSent("its address is http:// and would send in the clear; allow_http is not set")
        if url.scheme not in ("http", "https") or not url.host:
            raise NotSent("its address must begin with https://")

    async def _opened(self) -> httpx.AsyncHTTPTransport:
        if self._transport is None:
            # Reading the system's certificates takes longer than a frame may, as does what httpx loads.
            made = await asyncio.to_thread(self._made)
            self._transport = self._transport or made
        return self._transport

    def _made(self) -> httpx.AsyncHTTPTransport:
        # Without this anyio would load it in the event loop, at the first connection.
        import_module("anyio._backends._asyncio")
        return httpx.AsyncHTTPTransport(
            verify=self._tls(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def _tls(self) -> ssl.SSLContext:
        try:
            return client_context(self._ca_file)
        except (OSError, ValueError):
            name = self._ca_file.name if self._ca_file else "this machine"
            raise NotSent(f"the certificates in {name} cannot be read") from None

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """Return where to connect: what was checked is what is connected to, whatever the name says next."""
        name = url.raw_host.decode("ascii")
        found = await self._resolve(name, url.port or (443 if url.scheme == "https" else 80))
        if not found:
            raise NotSent("its name is not known")
        if not self._allow_private and not all(map(is_public, found)):
            raise NotSent("its address is inside a private network; allow_private is not set")
        return found

    async def _exchange(
        self,
        transport: httpx.AsyncHTTPTransport,
        request: httpx.Request,
        addresses: Sequence[str],
        sending: "_Sending",
    ) -> Answer:
        name = request.url.raw_host.decode("ascii")
        timeout = httpx.Timeout(self._seconds, connect=CONNECT_SECONDS).as_dict()
        extensions = {"timeout": timeout, "trace": sending.trace, "sni_hostname": name}
        for position, address in enumerate(addresses, start=1):
            one = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                content=request.content,
                extensions=extensions,
            )
            try:
                response = await transport.handle_async_request(one)
            except httpx.TransportError:
                if sending.begun or position == len(addresses):
                    raise
            else:
                async with contextlib.aclosing(response):
                    return await _read(response)
        raise AssertionError("there is at least one address")


class _Sending:
    """Knows whether a byte of the request can have left."""

    def __init__(self) -> None:
        self.begun = False

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        """Listen to httpcore, which says so before it writes the first byte."""
        if event.endswith("send_request_headers.started"):
            self.begun = True

    def failure(self, said: str) -> NotSent | Lost:
        return Lost(said) if self.begun else NotSent(said)


async def _read(response: httpx.Response) -> Answer:
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Lost("its answer is compressed, which was not asked for")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > BODY_LIMIT:
            raise Lost("its answer is too large")
    return Answer(response.status_code, response.headers, bytes(body))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, also when it is an IPv4 address in IPv6's clothes."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


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


def _in_words(error: Exception) -> str:
    """Say what went wrong in a few words; never the error's own, which may hold an address with a key."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "its certificate is not accepted"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "no encrypted connection could be made"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "its name is not known"
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "it refused the connection"
    return "the connection broke"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _dumped(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise NotSent("the text for it cannot be written") from None


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
