"""Listening for HL7 messages: frames, limits, who may connect, and what comes back whatever is sent."""

import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.cli.diaries import encryption
from frontdesk.pms.hl7.listener import LARGEST, MOST_CONNECTIONS, Listener
from frontdesk.pms.hl7.messages import Header, NotNow
from frontdesk.pms.hl7.settings import Hl7
from tests.hl7_messages import END, START, Answer, Sender, sending, siu

SETTINGS = Hl7("127.0.0.1", 0, "DENTIX", "MAIN", (ipaddress.ip_network("127.0.0.0/8"),))


@asynccontextmanager
async def listener(
    settings_: Hl7 = SETTINGS, tls: ssl.SSLContext | None = None, idle: float = 30.0
) -> AsyncIterator[tuple[int, list[Header]]]:
    """Listen, and keep the headers of what comes in; a message numbered `now` cannot be kept."""
    heads: list[Header] = []
    errors: list[BaseException] = []

    async def take(block: bytes, head: Header) -> None:
        if head.control_id == "never":
            raise NotNow
        heads.append(head)

    made = Listener(settings_, take, errors.append, tls, idle_seconds=idle)
    await made.open()
    try:
        yield made.port, heads
    finally:
        await made.close()
    assert errors == []


@pytest.mark.parametrize(
    "frame",
    [
        siu() + END,
        START + b"nothing of HL7" + END,
        START + siu(ZZZ="ZZZ|" + "x" * LARGEST) + END,
        START + START + siu() + END,
    ],
    ids=["no-start", "no-message", "too-large", "two-starts"],
)
async def test_a_broken_frame_ends_the_connection(frame: bytes) -> None:
    async with listener() as (port, heads):
        async with sending(port) as sender:
            with suppress(ConnectionError):
                await sender.raw(frame)
            assert await sender.answer() is None
        assert heads == []
        async with sending(port) as sender:
            assert await sender.send(siu()) == Answer("AA", "1")


async def test_a_message_of_the_largest_size_is_taken() -> None:
    block = siu(ZZZ="ZZZ|" + "x" * (LARGEST - len(siu()) - 20))
    async with listener() as (port, _), sending(port) as sender:
        assert await sender.send(block) == Answer("AA", "1")


async def test_who_says_nothing_is_hung_up_on() -> None:
    async with listener(idle=0.05) as (port, _), sending(port) as sender:
        await sender.raw(START + siu())
        assert await sender.answer() is None


async def test_more_connections_than_ten_are_hung_up_on() -> None:
    async with listener() as (port, _), AsyncExitStack() as stack:
        senders: Sequence[Sender] = [
            await stack.enter_async_context(sending(port)) for _ in range(MOST_CONNECTIONS)
        ]
        for sender in senders:
            assert await sender.send(siu()) == Answer("AA", "1")
        async with sending(port) as one_more:
            assert await one_more.answer() is None


async def test_who_is_no_peer_is_hung_up_on() -> None:
    elsewhere = replace(SETTINGS, peers=(ipaddress.ip_network("10.1.0.0/16"),))
    async with listener(elsewhere) as (port, heads), sending(port) as sender:
        assert await sender.answer() is None
    assert heads == []


def test_a_peer_is_an_address_or_a_network() -> None:
    some = replace(SETTINGS, peers=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("::1")))
    assert [some.is_peer(one) for one in ("10.1.2.3", "::ffff:10.1.2.3", "::1", "10.2.0.1", "me")] == [
        True,
        True,
        True,
        False,
        False,
    ]


async def test_only_a_certificate_of_the_right_authority_is_let_in(tmp_path: Path) -> None:
    ours, theirs, strangers = trustme.CA(), trustme.CA(), trustme.CA()
    server = ours.issue_cert("localhost")
    cert, key, client_ca = (tmp_path / f"{name}.pem" for name in ("cert", "key", "client_ca"))
    server.cert_chain_pems[0].write_to_path(cert)
    server.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    theirs.cert_pem.write_to_path(client_ca)
    encrypted = replace(SETTINGS, cert=cert, key=key, client_ca=client_ca)

    def client(authority: trustme.CA | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ours.configure_trust(context)
        if authority is not None:
            authority.issue_cert("dentix.example").configure_cert(context)
        return context

    async def answered(tls: ssl.SSLContext | None) -> Answer | None:
        try:
            async with sending(port, tls) as sender:
                return await sender.send(siu())
        except (OSError, ssl.SSLError):
            return None

    async with listener(encrypted, encryption(encrypted)) as (port, heads):
        assert await answered(client(theirs)) == Answer("AA", "1")
        assert await answered(client(strangers)) is None
        assert await answered(client(None)) is None
        assert await answered(None) is None
    assert len(heads) == 1


FRAMES = st.binary(max_size=60) | st.sampled_from(
    [START, END, siu(), siu(number="never"), START + siu() + END]
)


@given(st.lists(FRAMES, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_is_answered_properly_or_hung_up_on(pieces: list[bytes]) -> None:
    async with listener(idle=0.2) as (port, _), sending(port) as sender:
        with suppress(ConnectionError):
            for piece in pieces:
                await sender.raw(piece)
            await sender.raw(START + b"MSH|" + END)
        while (found := await sender.answer()) is not None:
            assert found.code in {"AA", "AE", "AR"}
            assert found.number in {"1", "never", ""}
