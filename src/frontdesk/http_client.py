"""The one place that speaks HTTP, and believes nothing of what comes back.

It uses only the transport of httpx. The client of httpx adds what must not happen here: proxies
and secrets from the environment, redirects, cookies, decompression without a limit.
A request has its own connection: on a reused one that the other side has just given up,
nobody can say whether a write arrived. Only `fetch` uses connections that are kept open.
"""

import asyncio
import contextlib
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from frontdesk.addresses import is_public, look_up
from frontdesk.http_answers import Answer, Unreadable, read
from frontdesk.tls import client_context

SECONDS = 12.0
"""The deadline of one request, its name's look-up, connection and answer included."""

CONNECT_SECONDS = 5.0
BODY_LIMIT = 1 << 20

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host. Raises OSError when there are none."""

Pairs = Mapping[str, str] | Sequence[tuple[str, str]]

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_ALONE = {"Accept-Encoding": "identity", "Connection": "close"}
_NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
_KEPT = httpx.Limits(max_keepalive_connections=4, keepalive_expiry=55)
_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For connections that are not encrypted: reading the certificates would cost time for nothing."""

_UNHEARD_MILLISECONDS = 4_000
_SOCKET_OPTIONS = (
    # A kept connection that a router has forgotten would take everything and answer nothing.
    [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_MILLISECONDS)]
    if hasattr(socket, "TCP_USER_TIMEOUT")
    else []
)


class NotSent(Exception):
    """Nothing reached the other side. The text is for the operator and names no secret."""


class Lost(Exception):
    """The request was sent, and there is no answer that can be read. It may have been carried out."""


class HttpClient:
    """Sends requests to servers that the config names, with `headers` on each.

    `ca_file` is trusted besides the system's certificates. `allow_http` lets `http://` pass,
    `allow_private` addresses that are not public: private, loopback, link-local. `seconds`
    is the deadline of one request, `body_limit` what an answer may have in bytes once it is
    unpacked. `resolve` looks names up; only tests give their own.
    """

    def __init__(
        self,
        *,
        ca_file: Path | None = None,
        allow_http: bool = False,
        allow_private: bool = False,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        body_limit: int = BODY_LIMIT,
        resolve: Resolve | None = None,
    ) -> None:
        self._ca_file = ca_file
        self._allow_http = allow_http
        self._allow_private = allow_private
        self._headers = dict(headers or {})
        self._seconds = seconds
        self._body_limit = body_limit
        self._resolve = resolve or look_up
        self._context: ssl.SSLContext | None = None
        self._transports: dict[tuple[str, bool], httpx.AsyncHTTPTransport] = {}
        self._found: dict[tuple[str, int], Sequence[str]] = {}

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Pairs = (),
        content: bytes | None = None,
        json: object = None,
    ) -> Answer:
        """Send one request, once, and return the answer, whatever its status.

        `params` are added to the query that `url` has; `json` is sent as `content` with its
        type. Raises NotSent or Lost.
        """
        fields = {**(headers or {}), **_ALONE}
        request = self._request(method, url, fields, params, content, json)
        sending = _Sending()
        with sending.words():
            async with asyncio.timeout(self._seconds):
                return await self._on_its_own(request, sending)

    async def fetch(
        self, url: str, *, headers: Mapping[str, str] | None = None, params: Pairs = ()
    ) -> Answer:
        """Return the answer to a GET that may be sent twice without harm.

        It uses a connection that was kept open, if there is one, and asks once more on
        another when no answer comes. The answer may come compressed. Raises NotSent or Lost.
        """
        fields = {**(headers or {}), "Accept-Encoding": "gzip"}
        request = self._request("GET", url, fields, params, None, None)
        sending = _Sending()
        with sending.words():
            async with asyncio.timeout(self._seconds):
                try:
                    return await self._on_kept(request, sending)
                except (httpx.TransportError, OSError):
                    self._found.clear()
                    if not sending.begun:
                        raise
                return await self._on_its_own(request, sending)

    @contextlib.asynccontextmanager
    async def listen(
        self, url: str, *, headers: Mapping[str, str] | None = None, params: Pairs = (), idle_seconds: float
    ) -> AsyncIterator["Lines"]:
        """Open an answer that goes on and on, and yield its lines as they come.

        Leaving the context hangs up. Raises NotSent or Lost, the latter also from the lines:
        when the other side hangs up, or no line comes for `idle_seconds`.
        """
        fields = {**(headers or {}), **_ALONE}
        request = self._request("GET", url, fields, params, None, None)
        sending = _Sending()
        async with contextlib.AsyncExitStack() as stack:
            with sending.words():
                async with asyncio.timeout(self._seconds):
                    transport = await self._opened(request.url.scheme)
                    addresses = await self._addresses(request.url)
                    exchange = self._exchange(transport, request, addresses, sending)
                    response = await stack.enter_async_context(exchange)
            yield Lines(response, idle_seconds, self._body_limit, lambda: self._read(response, request))

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        while self._transports:
            _, transport = self._transports.popitem()
            await transport.aclose()

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Pairs,
        content: bytes | None,
        body: object,
    ) -> httpx.Request:
        fields = {"Accept": "application/json", "User-Agent": "frontdesk", **self._headers, **headers}
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
            raise NotSent("its address is http:// and would send without encryption; allow_http is not set")
        if url.scheme not in ("http", "https") or not url.host:
            raise NotSent("its address must begin with https://")

    async def _opened(self, scheme: str, *, kept: bool = False) -> httpx.AsyncHTTPTransport:
        key = scheme, kept
        if key not in self._transports:
            # Reading the system's certificates takes longer than a frame may, as does what httpx loads.
            made = await asyncio.to_thread(self._made, *key)
            self._transports.setdefault(key, made)
        return self._transports[key]

    def _made(self, scheme: str, kept: bool) -> httpx.AsyncHTTPTransport:
        # Without this anyio would load it in the event loop, at the first connection.
        import_module("anyio._backends._asyncio")
        return httpx.AsyncHTTPTransport(
            verify=self._tls() if scheme == "https" else _TRUSTS_NOBODY,
            trust_env=False,
            limits=_KEPT if kept else _NONE_KEPT,
            socket_options=_SOCKET_OPTIONS if kept else None,
        )

    def _tls(self) -> ssl.SSLContext:
        try:
            self._context = self._context or client_context(self._ca_file)
        except (OSError, ValueError):
            name = self._ca_file.name if self._ca_file else "this machine"
            raise NotSent(f"the certificates in {name} cannot be read") from None
        return self._context

    async def _on_its_own(self, request: httpx.Request, sending: "_Sending") -> Answer:
        transport = await self._opened(request.url.scheme)
        addresses = await self._addresses(request.url)
        async with self._exchange(transport, request, addresses, sending) as response:
            return await self._read(response, request)

    async def _on_kept(self, request: httpx.Request, sending: "_Sending") -> Answer:
        transport = await self._opened(request.url.scheme, kept=True)
        place = request.url.host, request.url.port or 0
        if place not in self._found:
            self._found[place] = await self._addresses(request.url)
        async with self._exchange(transport, request, self._found[place], sending) as response:
            return await self._read(response, request)

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """Return where to connect: what was checked is what is connected to, whatever the name says next."""
        name = url.raw_host.decode("ascii")
        found = await self._resolve(name, url.port or (443 if url.scheme == "https" else 80))
        if not found:
            raise NotSent("the name of its server is not known")
        if not self._allow_private and not all(map(is_public, found)):
            raise NotSent("its address is inside a private network; allow_private is not set")
        return found

    @contextlib.asynccontextmanager
    async def _exchange(
        self,
        transport: httpx.AsyncHTTPTransport,
        request: httpx.Request,
        addresses: Sequence[str],
        sending: "_Sending",
    ) -> AsyncIterator[httpx.Response]:
        name = request.url.raw_host.decode("ascii")
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS).as_dict()
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
                break
            except httpx.TransportError:
                if sending.begun or position == len(addresses):
                    raise
        async with contextlib.aclosing(response):
            yield response

    async def _read(self, response: httpx.Response, request: httpx.Request) -> Answer:
        return await read(
            response.status_code,
            response.headers,
            response.aiter_raw(),
            limit=self._body_limit,
            gzip=request.headers["accept-encoding"] == "gzip",
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """An answer that is still coming: `status` and `headers` are there, its lines come one by one."""

    _response: httpx.Response = field(repr=False)
    _idle_seconds: float
    _limit: int
    _read: Callable[[], Awaitable[Answer]] = field(repr=False)

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    async def answer(self) -> Answer:
        """Read it to its end instead, as an ordinary answer. Raises Lost."""
        with _Sending.answered().words():
            async with asyncio.timeout(self._idle_seconds):
                return await self._read()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield whole lines without their ends, LF or CR LF. Raises Lost when they end."""
        rest = b""
        with _Sending.answered().words():
            parts = self._response.aiter_raw()
            while True:
                async with asyncio.timeout(self._idle_seconds):
                    while b"\n" not in rest:
                        rest += await anext(parts, b"") or _hung_up()
                        if len(rest) > self._limit:
                            raise Lost("a line of its answer is too long")
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    yield line.removesuffix(b"\r").decode(errors="replace")


def _hung_up() -> bytes:
    raise Lost("it closed the connection")


class _Sending:
    """Knows whether a byte of the request can have left."""

    def __init__(self, *, begun: bool = False) -> None:
        self.begun = begun

    @classmethod
    def answered(cls) -> "_Sending":
        """Return one whose request has been answered, in part at least."""
        return cls(begun=True)

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        """Listen to httpcore, which says so before it writes the first byte."""
        if event.endswith("send_request_headers.started"):
            self.begun = True

    @contextlib.contextmanager
    def words(self) -> Iterator[None]:
        """Raise NotSent or Lost for what goes wrong on the way."""
        try:
            yield
        except TimeoutError:
            raise self._failure("it did not answer in time") from None
        except (httpx.TransportError, OSError) as error:
            raise self._failure(_in_words(error)) from None
        except Unreadable as error:
            raise Lost(str(error)) from None

    def _failure(self, said: str) -> NotSent | Lost:
        return Lost(said) if self.begun else NotSent(said)


def _in_words(error: Exception) -> str:
    """Say what went wrong in a few words; never the error's own, which may hold an address with a key."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "its certificate is not accepted"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "no encrypted connection could be made"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "the name of its server is not known"
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
