"""One request over real sockets: what was certainly not sent, what is lost, and what is never done."""

import asyncio
import gzip
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from frontdesk.addresses import is_public
from frontdesk.http_answers import Answer, Unreadable, retry_at
from frontdesk.http_client import HttpClient, Lost, NotSent

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Keeps what was asked of it, byte for byte, and answers as it was told to."""

    def __init__(self, reply: bytes | Reply) -> None:
        self.reply = reply
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            length = next(
                (int(line[15:]) for line in head.lower().split("\r\n") if line[:15] == "content-length:"), 0
            )
            self.bodies.append(await reader.readexactly(length))
            if isinstance(self.reply, bytes):
                writer.write(self.reply)
            else:
                await self.reply(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    reply: bytes | Reply = OK, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    server = Server(reply)
    listening = await asyncio.start_server(server, host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def client(**settings: Any) -> HttpClient:
    return HttpClient(**{"allow_http": True, "allow_private": True, **settings})


async def ask(server: Server, path: str = "/", **settings: Any) -> Answer:
    asking = client(**settings)
    try:
        return await asking.send("GET", f"http://127.0.0.1:{server.port}{path}")
    finally:
        await asking.close()


async def test_a_request_and_its_answer() -> None:
    async with serving() as server:
        asking = client(headers={"X-Api-Key": "k"})
        answer = await asking.send(
            "POST",
            f"http://127.0.0.1:{server.port}/a?one=1",
            headers={"If-Match": '"4"'},
            params=[("two", "2&3")],
            json={"reason": "Zoë"},
        )
        await asking.close()
        await asking.close()
    assert (answer.status, answer.headers["CONTENT-TYPE"], answer.json()) == (
        200,
        "application/json",
        {"ok": True},
    )
    head = server.heads[0]
    assert head.startswith("POST /a?one=1&two=2%263 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n" in head
    for sent in ("X-Api-Key: k", 'If-Match: "4"', "Accept-Encoding: identity", "Connection: close"):
        assert f"{sent}\r\n" in head
    assert server.bodies == ['{"reason":"Zoë"}'.encode()]


async def test_a_second_request_has_its_own_connection() -> None:
    async with serving() as server:
        asking = client()
        for _ in range(2):
            assert (await asking.send("GET", f"http://127.0.0.1:{server.port}/")).status == 200
        await asking.close()
    assert len(server.heads) == 2


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving() as other:
        away = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{other.port}/\r\nContent-Length: 0\r\n\r\n"
        async with serving(away.encode()) as server:
            assert (await ask(server)).status == 302
    assert other.heads == []


async def test_nothing_comes_from_the_environment_and_no_cookie_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        serving() as proxy,
        serving(OK.replace(b"200 OK\r\n", b"200 OK\r\nSet-Cookie: a=b\r\n")) as server,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        asking = client()
        for _ in range(2):
            await asking.send("GET", f"http://127.0.0.1:{server.port}/")
        await asking.close()
    assert proxy.heads == []
    assert "cookie" not in server.heads[1].lower()


async def test_a_refused_connection_is_not_sent() -> None:
    async with serving() as server:
        port = server.port
    with pytest.raises(NotSent, match="refused the connection"):
        await client().send("GET", f"http://127.0.0.1:{port}/")


async def test_a_name_nobody_knows_is_not_sent() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        raise OSError

    async def nothing(_: str, __: int) -> list[str]:
        return []

    for way in (resolve, nothing):
        with pytest.raises(NotSent):
            await client(resolve=way).send("GET", "http://pms.example/")


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(hang_up, "broke", id="hangs up"),
        pytest.param(b"", "broke", id="nothing"),
        pytest.param(b"nonsense\r\n\r\n", "broke", id="not HTTP"),
        pytest.param(OK.replace(b"11", b"12"), "broke", id="truncated"),
        pytest.param(OK.replace(b"h: 11", b"h: 1200000") + b"x" * 1_200_000, "too large", id="huge"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 100_000),
            "compressed",
            id="gzip bomb",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", "broke", id="huge head"),
    ],
)
async def test_an_answer_that_cannot_be_had_is_lost(reply: bytes | Reply, said: str) -> None:
    async with serving(reply) as server:
        with pytest.raises(Lost, match=said):
            await ask(server)
    assert len(server.heads) == 1


@pytest.mark.full
async def test_a_drip_is_cut_off_by_the_total_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving(drip) as server:
        with pytest.raises(Lost, match="did not answer in time"):
            await ask(server, seconds=3)


async def test_a_slow_look_up_is_not_sent() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(NotSent, match="did not answer in time"):
        await client(resolve=resolve, seconds=0.05).send("GET", "http://pms.example/")


# Addresses


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://pms.example/", "http://"),
        ("ftp://pms.example/", "https://"),
        ("https:///", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://kim:secret@pms.example/", "password"),
        ("https://pms.example:port/", "read"),
        ("https://[::1/", "read"),
    ],
)
async def test_an_address_that_will_not_do_is_not_sent(url: str, said: str) -> None:
    with pytest.raises(NotSent, match=said) as refused:
        await HttpClient().send("GET", url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_private_addresses_need_a_word_in_the_config(host: str) -> None:
    async with serving() as server:
        with pytest.raises(NotSent, match="private network"):
            await client(allow_private=False).send("GET", f"http://{host}:{server.port}/")
    assert server.heads == []


async def test_one_private_address_among_others_is_enough() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["1.1.1.1", "10.0.0.5"]

    with pytest.raises(NotSent, match="private network"):
        await HttpClient(resolve=resolve).send("GET", "https://pms.example/")


async def test_what_was_checked_is_what_is_connected_to() -> None:
    asked = []

    async def resolve(name: str, _: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"]

    async with serving() as server:
        asking = client(resolve=resolve)
        assert (await asking.send("GET", f"http://pms.example:{server.port}/")).status == 200
        await asking.close()
    # The name does not exist: whoever looked it up once more would have failed.
    assert asked == ["pms.example"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700:4700::1111", True),
        *((address, False) for address in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "127.9.9.9", "0.0.0.0")),
        *((address, False) for address in ("169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1")),
        *(
            (address, False)
            for address in ("::1", "::", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1")
        ),
        *((address, False) for address in ("::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::")),
        ("64:ff9b::101:101", True),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("name", "value"), [("X-Key", "a\r\nX: y"), ("X-Key", "é"), ("X Key", "a"), ("X", "\x00")]
)
async def test_a_header_cannot_smuggle_another(name: str, value: str) -> None:
    async with serving() as server:
        with pytest.raises(NotSent):
            await ask(server, headers={name: value})
    assert server.heads == []


async def test_neither_repr_nor_error_has_a_secret() -> None:
    asking = client(headers={"X-Api-Key": "hunter2"}, seconds=5)
    with pytest.raises(NotSent) as refused:
        await asking.send("GET", "http://127.0.0.1:1/?key=hunter2", headers={"Authorization": "hunter2"})
    assert "hunter2" not in f"{asking!r} {refused.value!r} {refused.value.__cause__!r}"
    answer = Answer(200, httpx.Headers({"Set-Cookie": "hunter2"}), b"hunter2")
    assert "hunter2" not in repr(answer)


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


async def loopback(_: str, __: int) -> list[str]:
    return ["127.0.0.1"]


async def get(server: Server, **settings: Any) -> Answer:
    asking = HttpClient(allow_private=True, resolve=loopback, **settings)
    try:
        return await asking.send("GET", f"https://pms.example:{server.port}/")
    finally:
        await asking.close()


async def test_an_own_authority_is_trusted_for_the_name_in_the_address(
    authority: trustme.CA, ca_file: Path
) -> None:
    names = []
    tls = context(authority.issue_cert("pms.example"))
    tls.sni_callback = lambda _, name, __: names.append(name)
    async with serving(tls=tls) as server:
        assert (await get(server, ca_file=ca_file)).json() == {"ok": True}
    assert names == ["pms.example"]
    assert f"Host: pms.example:{server.port}\r\n" in server.heads[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("weakness", "said"),
    [
        ("unknown", "certificate"),
        ("other name", "certificate"),
        ("expired", "certificate"),
        ("old", "encrypted"),
    ],
)
async def test_what_cannot_be_verified_is_never_sent(
    weakness: str, said: str, authority: trustme.CA, ca_file: Path
) -> None:
    issuer = trustme.CA() if weakness == "unknown" else authority
    name = "other.example" if weakness == "other name" else "pms.example"
    expiry = datetime(2020, 1, 2, tzinfo=UTC) if weakness == "expired" else None
    tls = context(
        issuer.issue_cert(name, not_before=expiry and datetime(2020, 1, 1, tzinfo=UTC), not_after=expiry)
    )
    if weakness == "old":
        tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(tls=tls) as server:
        with pytest.raises(NotSent, match=said):
            await get(server, ca_file=ca_file)
    assert server.heads == []


async def test_the_environment_does_not_decide_who_is_trusted(
    authority: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    async with serving(tls=context(authority.issue_cert("pms.example"))) as server:
        with pytest.raises(NotSent, match="certificate"):
            await get(server)
    assert not (tmp_path / "keys").exists()


async def test_a_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    for file in ("ca.pem", "missing.pem"):
        with pytest.raises(NotSent, match=file):
            await HttpClient(ca_file=tmp_path / file).send("GET", "https://pms.example/")


# JSON


def answer(body: bytes, kind: str = "application/json", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, httpx.Headers({"Content-Type": kind, **named}), body)


@pytest.mark.parametrize("kind", ["application/json", "application/json; Charset=UTF-8", "text/plain", ""])
def test_json_of_any_type_in_utf_8(kind: str) -> None:
    assert answer('\ufeff {"name": "Zoë"}'.encode(), kind).json() == {"name": "Zoë"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b"NaN",
        b"[Infinity]",
        b'"\xff"',
        '{"a": "é"}'.encode("utf-16"),
        b"<!doctype html><p>Sign in",
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000,
        b"9" * 5000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_plain_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        answer(body).json()


def test_another_charset_or_a_page_is_unreadable() -> None:
    for kind in ("application/json; charset=iso-8859-1", 'application/json; charset="utf-16"', "text/html"):
        with pytest.raises(Unreadable):
            answer(b"{}", kind).json()
    assert answer(b"[" * 63 + b"]" * 63).json()


# When to ask again


def test_retry_after_in_seconds_and_as_a_date() -> None:
    assert retry_at(answer(b"", retry_after="30"), NOW) == NOW + timedelta(seconds=30)
    dated = answer(b"", retry_after="Mon, 23 Nov 2026 01:02:00 GMT")
    assert retry_at(dated, NOW) == NOW + timedelta(minutes=2)
    assert retry_at(answer(b"", retry_after="soon"), NOW) is None
    assert retry_at(answer(b""), NOW) is None


def test_the_other_sides_clock_may_be_wrong() -> None:
    skewed = answer(b"", retry_after="Mon, 23 Nov 2026 05:02:00 GMT", date="Mon, 23 Nov 2026 05:00:00 GMT")
    assert retry_at(skewed, NOW) == NOW + timedelta(minutes=2)


def test_an_epoch_reset() -> None:
    def reset(moment: datetime) -> Answer:
        return answer(b"", x_ratelimit_reset=str(int(moment.timestamp())))

    assert retry_at(reset(NOW + timedelta(seconds=40)), NOW) == NOW + timedelta(seconds=40)
    assert retry_at(reset(NOW - timedelta(seconds=40)), NOW) == NOW
    assert retry_at(answer(b"", x_ratelimit_reset="later"), NOW) is None
    first = replace(reset(NOW), headers=httpx.Headers({"Retry-After": "5", "X-RateLimit-Reset": "0"}))
    assert retry_at(first, NOW) == NOW + timedelta(seconds=5)


@pytest.mark.parametrize("said", ["999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_capped(said: str) -> None:
    assert retry_at(answer(b"", retry_after=said), NOW) == NOW + timedelta(hours=1)


_FIRST_REQUEST = """
import asyncio, builtins, socket, sys, threading
from frontdesk.http_client import HttpClient, NotSent

load, late = builtins.__import__, []

def watch(name, *rest, **named):
    known = set(sys.modules)
    try:
        return load(name, *rest, **named)
    finally:
        if threading.current_thread() is threading.main_thread():
            late.extend(set(sys.modules) - known)

async def ask(port):
    try:
        await HttpClient(allow_http=True, allow_private=True).send("GET", f"http://127.0.0.1:{port}/")
    except NotSent as why:
        return str(why)

with socket.create_server(("127.0.0.1", 0)) as closed:
    port = closed.getsockname()[1]
builtins.__import__ = watch
said = asyncio.run(ask(port))
print(said, sorted({name.partition(".")[0] for name in late} & {"httpcore", "h11", "anyio"}))
"""


def test_the_first_request_loads_nothing_in_the_event_loop() -> None:
    """Keys would wait for it: it takes as long as five to ten frames."""
    done = subprocess.run([sys.executable, "-c", _FIRST_REQUEST], capture_output=True, text=True, check=True)
    assert done.stdout == "it refused the connection []\n"
