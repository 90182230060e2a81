"""E-mail by real SMTP to a server that fails in every way: what is proven, and what is never claimed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import trustme

from frontdesk.attempts import Claim, Ended, Result
from frontdesk.deliveries import Kind
from frontdesk.errors import FrontdeskError as MissingCredential
from frontdesk.notify.carriers import open_carriers
from frontdesk.notify.mail import MailCarrier, open_post
from frontdesk.notify.maildir import MaildirPost
from frontdesk.notify.messages import CANCEL
from frontdesk.notify.settings import Letterhead, MailSettings, NotifySettings
from frontdesk.notify.smtp import Encryption, SmtpPost
from frontdesk.notify.smtp import MailServer as Address
from tests.notifying import (
    LETTERHEAD,
    PASSWORD,
    SETTINGS,
    USER,
    Fault,
    MailServer,
    certified,
    make_claim,
    serving,
)

A_MOMENT = 0.8
"""Seconds until a server that says nothing is given up."""


@pytest.fixture
def authority() -> trustme.CA:
    """Who certifies this test's servers; no system trusts it."""
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """The file by which a config can trust it."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


def carrier_to(
    server: MailServer,
    encryption: Encryption = Encryption.NONE,
    *,
    ca_file: Path | None = None,
    password: str = "",
    seconds: float = 30,
) -> MailCarrier:
    address = Address("localhost", server.port, encryption, USER if password else "", ca_file)
    return MailCarrier(SETTINGS, SmtpPost(address, (lambda: password) if password else None, seconds))


async def carried(carrier: MailCarrier, claim: Claim | None = None) -> Result:
    try:
        return await carrier.carry(claim or make_claim())
    finally:
        await carrier.close()


async def attempt(
    faults: Mapping[str, str | Fault] | None = None, *, claim: Claim | None = None
) -> tuple[Result, MailServer]:
    """Send one e-mail to a server with these faults."""
    hangs = faults and Fault.HANG in faults.values()
    async with serving(MailServer(faults=faults or {})) as server:
        return await carried(carrier_to(server, seconds=A_MOMENT if hangs else 30), claim), server


async def test_what_the_server_has_taken_is_done() -> None:
    result, server = await attempt()
    assert result == Result(Ended.DONE, "e-mail taken by localhost")
    (taken,) = server.taken
    assert taken.mail_from == "bookings@smile.example"
    assert taken.rcpt_tos == ["amelia@example.com"]
    assert isinstance(taken.content, bytes)
    message = message_from_bytes(taken.content, policy=default)
    assert message["To"] == "amelia@example.com"
    assert message["From"] == "Smile Dental <bookings@smile.example>"
    assert message["Reply-To"] == "desk@smile.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Sun, 22 Nov 2026 11:44:00 +1030"
    body = message.get_body(("plain",))
    assert body is not None
    assert "Thursday 26 November 2026 at 10:30 am, Adelaide time" in body.get_content()
    assert "Reason: patient ill" in body.get_content()


async def test_a_domain_of_any_letters_is_reached_through_a_server_that_knows_plain_ones_only() -> None:
    async with serving(MailServer()) as server:
        result = await carried(carrier_to(server), make_claim(target="info@zahnärzte-müller.example"))
        assert result == Result(Ended.DONE, "e-mail taken by localhost")
        (taken,) = server.taken
        assert taken.rcpt_tos == ["info@xn--zahnrzte-mller-8hb40b.example"]
        assert isinstance(taken.content, bytes)
        assert taken.content.isascii()
        assert message_from_bytes(taken.content, policy=default)["To"] == taken.rcpt_tos[0]
        refused = await carried(carrier_to(server), make_claim(target="zoë@smile.example"))
        assert refused.ended is Ended.REFUSED
        assert "knows only addresses of plain letters" in refused.said
        assert len(server.taken) == 1


async def test_a_local_part_of_other_letters_goes_where_the_server_takes_it() -> None:
    async with serving(MailServer(), takes_utf8=True) as server:
        result = await carried(carrier_to(server), make_claim(target="zoë@zahnärzte.example"))
        assert result.ended is Ended.DONE
        assert server.taken[0].rcpt_tos == ["zoë@xn--zahnrzte-3za.example"]


async def test_every_attempt_of_a_command_has_one_message_id_and_each_kind_its_own() -> None:
    async with serving(MailServer()) as server:
        carrier = carrier_to(server)
        for claim in (make_claim(), make_claim(fence=2, unproven=1), make_claim(Kind.DESK_EMAIL)):
            await carrier.carry(claim)
        await carrier.close()
    first, second, desk = (message_from_bytes(one.content)["Message-ID"] for one in server.taken)  # type: ignore[arg-type]
    assert first == second != desk
    assert first.endswith("@smile.example>")


TRY_AGAIN = {
    "MAIL": "451 4.3.0 come back later",
    "RCPT": "450 4.2.0 greylisted, try in 5 minutes",
    "DATA": "421 4.3.2 shutting down",
    "DOT": "452 4.3.1 no room",
}


@pytest.mark.parametrize(("stage", "said"), TRY_AGAIN.items())
async def test_a_passing_refusal_is_tried_again(stage: str, said: str) -> None:
    result, server = await attempt({stage: said})
    assert result.ended is Ended.FAILED
    assert result.said == f"localhost does not take the e-mail now ({said[10:]})"
    assert not result.is_away
    assert server.taken == []


REFUSALS = {
    "550 5.1.1 <amelia@example.com>: unknown in virtual mailbox table": "no such address",
    "556 5.1.10 nobody takes mail there": "no such address",
    "552 5.2.2 over quota": "the mailbox is full",
    "550 5.2.1 gone": "the mailbox is closed",
    "550 <amelia@example.com>: we do not know her": "we do not know her",
    "550 \x07odd\tcharacters in it": "\ufffdodd characters in it",
    "550 " + "z" * 300: "z" * 68 + "..",
}


@pytest.mark.parametrize("stage", ["RCPT", "DOT"])
@pytest.mark.parametrize(("said", "meaning"), REFUSALS.items())
async def test_a_recipient_refused_for_ever_is_not_tried_again(stage: str, said: str, meaning: str) -> None:
    result, server = await attempt({stage: said})
    assert result == Result(Ended.REFUSED, f"e-mail refused ({meaning})")
    assert server.taken == []


async def test_content_refused_as_spam_is_refused() -> None:
    result, _ = await attempt({"DOT": "554 5.7.1 looks like spam"})
    assert result == Result(Ended.REFUSED, "e-mail refused (looks like spam)")


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("MAIL", "553 5.7.1 sender address rejected: not owned by you"),
        ("RCPT", "554 5.7.1 <amelia@example.com>: Relay access denied"),
        ("RCPT", "550 relaying denied"),
        ("RCPT", "550 5.7.1 not for you"),
        ("RCPT", "503 5.5.1 bad sequence of commands"),
        ("DATA", "503 5.5.1 no valid recipients"),
    ],
)
async def test_what_is_our_own_fault_does_not_blame_the_address(stage: str, said: str) -> None:
    result, _ = await attempt({stage: said})
    assert result.ended is Ended.FAILED
    assert result.said.startswith("localhost does not take our e-mail (")
    assert "amelia" not in result.said


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DOT"])
async def test_a_server_that_wants_a_password_locks_us_out(stage: str) -> None:
    result, _ = await attempt({stage: "530 5.7.0 Authentication required"})
    assert result == Result(Ended.LOCKED_OUT, "localhost wants a user name and password")


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", Fault)
async def test_a_connection_lost_before_the_content_has_sent_nothing(stage: str, fault: Fault) -> None:
    result, server = await attempt({stage: fault})
    assert result.ended is Ended.FAILED
    assert server.heard[-1] == stage
    assert server.taken == []


@pytest.mark.parametrize("fault", [*Fault, "999 what", "nonsense", "354 go on"])
async def test_an_answer_lost_after_the_final_dot_is_unknown(fault: Fault | str) -> None:
    result, _ = await attempt({"DOT": fault})
    assert result == Result(Ended.UNKNOWN, "localhost did not say whether it took the e-mail")


async def test_an_unknown_fate_is_repeated_once_by_itself_and_then_a_person_is_called() -> None:
    async with serving(MailServer()) as server:
        carrier = carrier_to(server)
        assert (await carrier.carry(make_claim(unproven=1))).ended is Ended.DONE
        stuck = await carrier.carry(make_claim(unproven=2))
        desk = await carrier.carry(make_claim(Kind.DESK_EMAIL, unproven=2))
        await carrier.close()
    assert stuck == Result(Ended.STUCK, "it is not known whether the e-mail went out; phone the patient")
    assert desk == Result(Ended.STUCK, "it is not known whether the e-mail went out")
    assert len(server.taken) == 1


@pytest.mark.parametrize("fault", [*Fault, "421 too late", "500 what"])
async def test_what_happens_at_quit_changes_nothing_and_is_not_waited_for(fault: Fault | str) -> None:
    async with serving(MailServer(faults={"QUIT": fault})) as server:
        carrier = carrier_to(server)
        result = await carrier.carry(make_claim())
        assert result.ended is Ended.DONE
        assert not server.goodbye.is_set()
        await server.goodbye.wait()
        await carrier.close()
    assert len(server.taken) == 1


async def test_a_server_that_is_not_there_is_away() -> None:
    async with serving(MailServer()) as server:
        pass
    result = await carried(carrier_to(server))
    assert result == Result(Ended.FAILED, "localhost cannot be reached", is_away=True)


GREETINGS = {
    b"421 4.3.2 too many connections\r\n": "localhost does not take the e-mail now (too many connections)",
    b"554 no SMTP here\r\n": "localhost does not take our e-mail (no SMTP here)",
    b"HTTP/1.1 400 Bad Request\r\n\r\n": "localhost does not answer like a mail server",
    b"": "localhost cannot be reached",
}


@pytest.mark.parametrize(("greeting", "said"), GREETINGS.items())
async def test_an_unfriendly_greeting_has_sent_nothing(greeting: bytes, said: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(greet, "127.0.0.1", 0)
    server = MailServer(port=listener.sockets[0].getsockname()[1])
    result = await carried(carrier_to(server))
    listener.close()
    await listener.wait_closed()
    assert result.ended is Ended.FAILED
    assert result.said.startswith(said)


@pytest.fixture
async def black_hole() -> AsyncIterator[MailServer]:
    """Takes connections and never says a word."""
    server = MailServer()
    writers: list[asyncio.StreamWriter] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        server.met.set()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()
    for writer in writers:
        writer.transport.abort()
    await listener.wait_closed()


async def test_a_black_hole_is_given_up_in_time(black_hole: MailServer) -> None:
    result = await carried(carrier_to(black_hole, seconds=A_MOMENT))
    assert result == Result(Ended.FAILED, "localhost takes too long", is_away=True)


async def test_being_stopped_leaves_no_connection_behind() -> None:
    async with serving(MailServer(faults={"MAIL": Fault.HANG})) as server:
        carrier = carrier_to(server)
        sending = asyncio.create_task(carrier.carry(make_claim()))
        await server.hung.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        async with asyncio.timeout(30):
            await server.left.wait()
        await carrier.close()


async def test_lines_of_dots_arrive_as_they_were(tmp_path: Path) -> None:
    said = "one\n.\n..two\n.three"
    (tmp_path / CANCEL).mkdir()
    (tmp_path / CANCEL / "patient.text.j2").write_text(said, encoding="utf-8")
    settings = NotifySettings(replace(LETTERHEAD, templates=tmp_path))
    async with serving(MailServer()) as server:
        post = open_post(MailSettings(f"smtp://localhost:{server.port}"), lambda _: "")
        await carried(MailCarrier(settings, post))
    (taken,) = server.taken
    assert isinstance(taken.content, bytes)
    assert message_from_bytes(taken.content, policy=default).get_content().splitlines() == said.splitlines()


BOTH_WAYS = pytest.mark.parametrize(
    ("encryption", "option"), [(Encryption.STARTTLS, "starttls"), (Encryption.FROM_THE_START, "tls")]
)


@BOTH_WAYS
async def test_mail_leaves_encrypted(
    encryption: Encryption, option: str, authority: trustme.CA, ca_file: Path
) -> None:
    async with serving(MailServer(), **{option: certified(authority)}) as server:  # type: ignore[arg-type]
        result = await carried(carrier_to(server, encryption, ca_file=ca_file))
    assert result.ended is Ended.DONE
    assert len(server.taken) == 1


@BOTH_WAYS
@pytest.mark.parametrize(("name", "is_trusted"), [("localhost", False), ("other.example", True)])
async def test_a_server_that_cannot_prove_itself_gets_nothing(
    encryption: Encryption, option: str, name: str, is_trusted: bool, authority: trustme.CA, ca_file: Path
) -> None:
    async with serving(MailServer(), **{option: certified(authority, name)}) as server:  # type: ignore[arg-type]
        result = await carried(carrier_to(server, encryption, ca_file=ca_file if is_trusted else None))
    assert result.ended is Ended.FAILED
    assert result.is_away
    assert result.said.startswith("localhost did not prove who it is (")
    assert server.heard == []


async def test_no_encryption_offered_means_nothing_is_sent(ca_file: Path) -> None:
    async with serving(MailServer(), with_password=False) as server:
        result = await carried(carrier_to(server, Encryption.STARTTLS, ca_file=ca_file, password=PASSWORD))
    assert result == Result(Ended.FAILED, "localhost offers no encryption, so nothing was sent")
    assert server.heard == []


async def test_a_ca_file_that_is_none_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    async with serving(MailServer()) as server:
        result = await carried(carrier_to(server, Encryption.STARTTLS, ca_file=tmp_path / "ca.pem"))
    assert result.ended is Ended.FAILED
    assert server.heard == []


@pytest.mark.parametrize(
    ("password", "ended"), [(PASSWORD, Ended.DONE), ("another", Ended.LOCKED_OUT), ("", Ended.LOCKED_OUT)]
)
async def test_the_password_decides(
    password: str, ended: Ended, authority: trustme.CA, ca_file: Path
) -> None:
    async with serving(MailServer(), starttls=certified(authority), with_password=True) as server:
        carrier = carrier_to(server, Encryption.STARTTLS, ca_file=ca_file, password=password)
        result = await carried(carrier)
    assert result.ended is ended
    assert PASSWORD not in f"{result}{carrier!r}"


async def test_a_password_that_is_missing_is_said_so() -> None:
    def secrets(name: str) -> str:
        raise MissingCredential(name)

    async with serving(MailServer()) as server:
        settings = replace(SETTINGS, mail=MailSettings(f"smtp://localhost:{server.port}", "smtp"))
        (carrier,) = open_carriers(settings, secrets).values()
        result = await carrier.carry(make_claim())
        await carrier.close()
    assert result == Result(Ended.LOCKED_OUT, "the password for localhost is missing on this machine")


async def test_an_address_in_other_letters_needs_a_server_that_knows_them() -> None:
    result, server = await attempt(claim=make_claim(target="zoë@example.com"))
    assert result == Result(Ended.REFUSED, "e-mail refused (localhost knows only addresses of plain letters)")
    assert server.heard == []


@pytest.mark.parametrize(
    "target", ["a@example.com, b@example.com", "Amelia <a@example.com>", "a@b@example.com", ""]
)
async def test_what_is_not_one_address_is_refused(target: str) -> None:
    result, server = await attempt(claim=make_claim(target=target))
    assert result == Result(Ended.REFUSED, "e-mail refused (the address is not a proper one)", is_ours=True)
    assert server.heard == []


async def test_a_letterhead_that_is_no_address_sends_nothing() -> None:
    async with serving(MailServer()) as server:
        settings = NotifySettings(Letterhead(sender="Smile Dental"))
        post = open_post(MailSettings(f"smtp://127.0.0.1:{server.port}"), lambda _: "")
        result = await carried(MailCarrier(settings, post))
    assert result.ended is Ended.FAILED
    assert "[notify] from" in result.said


async def test_a_broken_template_is_tried_again_when_somebody_has_mended_it(tmp_path: Path) -> None:
    (tmp_path / CANCEL).mkdir()
    template = tmp_path / CANCEL / "patient.text.j2"
    template.write_text("Hello {{ pacient }}", encoding="utf-8")
    settings = NotifySettings(replace(LETTERHEAD, templates=tmp_path))
    async with serving(MailServer()) as server:
        carrier = MailCarrier(
            settings, open_post(MailSettings(f"smtp://localhost:{server.port}"), lambda _: "")
        )
        broken = await carrier.carry(make_claim())
        template.write_text("Hello {{ patient }}", encoding="utf-8")
        mended = await carrier.carry(make_claim())
        await carrier.close()
    assert broken.ended is Ended.FAILED
    assert broken.said.startswith("the template patient.text.j2, line 1: there is no pacient")
    assert mended.ended is Ended.DONE


@pytest.mark.parametrize("url", ["smtp://mail.example", "smtp://127.0.0.1.example", "ftp://localhost"])
def test_mail_in_the_clear_stays_on_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match=r"this machine|Encryption"):
        open_post(MailSettings(url), lambda _: "")


async def test_a_check_goes_as_far_as_the_sign_in_and_hands_nothing_over(tmp_path: Path) -> None:
    async with serving(MailServer()) as server:
        post = SmtpPost(Address("localhost", server.port, Encryption.NONE), None)
        assert await post.check("bookings@smile.example") == Result(Ended.DONE, "localhost lets us in")
        await post.close()
    assert server.taken == []
    there = await MaildirPost(tmp_path / "mail").check("bookings@smile.example")
    assert there == Result(Ended.DONE, "e-mail goes into the folder mail")
    assert not (tmp_path / "mail").exists()
