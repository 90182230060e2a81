"""One e-mail handed to a mail server, and what its answers mean.

Nothing is repeated here. The boundary that matters is the final dot: before it nothing has
been sent, after it an answer that is lost leaves an unknown outcome (RFC 1047).
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NoReturn

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from frontdesk import text
from frontdesk.addresses import look_up
from frontdesk.attempts import ATTEMPT_SECONDS, Ended, Result
from frontdesk.errors import FrontdeskError
from frontdesk.notify.envelope import Envelope
from frontdesk.tls import client_context

TALK_SECONDS = ATTEMPT_SECONDS - 2
"""So that a slow server ends here, where it is known whether the final dot was sent."""

GOODBYE_SECONDS = 2.0
_SAID = 70

_DOT = re.compile(rb"^\.", re.MULTILINE)
"""RFC 5321, 4.5.2."""

_OWN_FAULT = re.compile(r"relay|authenticat|log ?in|sign ?in", re.IGNORECASE)
_ABOUT_THE_MAILBOX = frozenset({521, 550, 551, 552, 553, 554, 556})
"""Answers to RCPT that are about the recipient (RFC 5321, 4.2.3; RFC 7504), unless they say otherwise."""

_WANTS_SIGN_IN = frozenset({530, 534, 535, 538})
"""RFC 4954, 6."""

_DETAIL = re.compile(r"^(?P<detail>[45]\.\d{1,3}\.\d{1,3})(?:\s|$)", re.MULTILINE)
"""The enhanced status code (RFC 2034)."""

_MEANINGS = {
    "1.1": "no such address",
    "1.2": "no such address",
    "1.3": "no such address",
    "1.6": "the address has moved",
    "1.10": "no such address",
    "2.1": "the mailbox is closed",
    "2.2": "the mailbox is full",
}
"""RFC 3463, 3.2 and 3.3; RFC 7505."""


class Encryption(Enum):
    """When a connection is encrypted. NONE is for this machine alone."""

    STARTTLS = "smtp+starttls"
    FROM_THE_START = "smtps"
    NONE = "smtp"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail leaves. `user` empty means the sender's address, where there is a password."""

    host: str
    port: int
    encryption: Encryption
    user: str = ""
    ca_file: Path | None = None


class _Over(Exception):
    """The conversation has come to its result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.said)
        self.result = result


class SmtpPost:
    """Hands e-mails to one mail server, each over its own connection.

    `password` is asked at each sign-in, so that a changed one is used at once; None means
    that the server wants none.
    """

    repeats_are_harmless = False

    def __init__(
        self, server: MailServer, password: Callable[[], str] | None, seconds: float = TALK_SECONDS
    ) -> None:
        self._server = server
        self._password = password
        self._seconds = seconds
        self._context: ssl.SSLContext | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()

    async def send(self, envelope: Envelope) -> Result:
        """Hand over one e-mail, once."""
        return await self._talk(lambda talk: talk.hand_over(envelope))

    async def check(self, sender: str) -> Result:
        """Go as far as the sign-in, and hand nothing over."""
        return await self._talk(lambda talk: talk.come_in(sender))

    async def _talk(self, about: Callable[["_Talk"], Awaitable[Result]]) -> Result:
        try:
            # Reading the system's certificates takes longer than a frame may.
            self._context = self._context or await asyncio.to_thread(self._trust)
        except (OSError, ValueError):
            return Result(
                Ended.FAILED, f"the file of trusted certificates for {self._server.host} cannot be used"
            )
        talk = _Talk(self._server, self._password, self._context)
        try:
            async with asyncio.timeout(self._seconds):
                result = await about(talk)
        except TimeoutError:
            result = talk.broken("takes too long")
        except BaseException:
            talk.hang_up()
            raise
        if result.ended is Ended.DONE:
            # It is taken: nothing that follows may delay that being written down.
            goodbye = asyncio.create_task(talk.say_goodbye())
            self._goodbyes.add(goodbye)
            goodbye.add_done_callback(self._goodbyes.discard)
        else:
            talk.hang_up()
        return result

    async def close(self) -> None:
        """End what is left of conversations whose e-mail was taken."""
        for goodbye in tuple(self._goodbyes):
            goodbye.cancel()
        await asyncio.gather(*self._goodbyes, return_exceptions=True)

    def _trust(self) -> ssl.SSLContext | None:
        if self._server.encryption is Encryption.NONE:
            return None
        return client_context(self._server.ca_file)


class _Talk:
    """One conversation with a mail server."""

    def __init__(
        self, server: MailServer, password: Callable[[], str] | None, context: ssl.SSLContext | None
    ) -> None:
        self._server = server
        self._password = password
        self._is_connected = self._is_handed_over = False
        self._transport: asyncio.WriteTransport | None = None
        self._smtp = SMTP(
            hostname=server.host,
            timeout=None,
            use_tls=server.encryption is Encryption.FROM_THE_START,
            start_tls=False,
            tls_context=context,
            # Otherwise aiosmtplib asks the DNS for this machine's name.
            local_hostname="[127.0.0.1]",
        )

    async def come_in(self, sender: str) -> Result:
        async def nothing() -> Result:
            return Result(Ended.DONE, f"{self._server.host} lets us in")

        return await self._led(sender, nothing)

    async def hand_over(self, envelope: Envelope) -> Result:
        return await self._led(envelope.sender, lambda: self._transfer(envelope), envelope.recipient)

    async def _led(
        self, sender: str, business: Callable[[], Awaitable[Result]], recipient: str = ""
    ) -> Result:
        """Connect, sign in, do the business; whatever goes wrong is a result."""
        host = self._server.host
        try:
            await self._connect()
            await self._sign_in(sender)
            return await business()
        except _Over as over:
            return over.result
        except ssl.SSLError as error:
            return self._untrusted(error)
        except SMTPConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                return self._untrusted(error.__cause__)
            if isinstance(error, SMTPResponseException):
                return _put_off(host, error)
            return Result(Ended.FAILED, f"{host} cannot be reached", is_away=True)
        except SMTPAuthenticationError as error:
            if 500 <= error.code < 600:
                return Result(Ended.LOCKED_OUT, f"{host} does not accept our user name and password")
            return _put_off(host, error)
        except SMTPResponseException as error:
            if self._is_handed_over and not 400 <= error.code < 600:
                return self.broken("gave an answer that cannot be read")
            if error.code in _WANTS_SIGN_IN:
                return Result(Ended.LOCKED_OUT, f"{host} wants a user name and password")
            if isinstance(error, SMTPRecipientRefused) and _is_about_the_mailbox(error):
                return _refused(error, recipient)
            if isinstance(error, SMTPDataError) and 500 <= error.code < 600:
                return _refused(error, recipient)
            return _put_off(host, error, recipient)
        except (SMTPException, OSError):
            return self.broken("broke the connection off")

    def broken(self, what: str) -> Result:
        """Return the result of a conversation that ended without an answer."""
        host = self._server.host
        if self._is_handed_over:
            return Result(Ended.UNKNOWN, f"{host} did not say whether it took the e-mail")
        return Result(Ended.FAILED, f"{host} {what}", is_away=not self._is_connected)

    async def say_goodbye(self) -> None:
        """End the conversation as RFC 5321, 4.1.1.10 asks for."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._smtp.quit()
        except (SMTPException, OSError):
            # The e-mail is taken: how the server says goodbye changes nothing.
            return
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """Drop the connection at once."""
        self._smtp.close()
        # Closing alone would wait for the other side's end of TLS.
        if self._transport:
            self._transport.abort()

    async def _connect(self) -> None:
        smtp = self._smtp
        await smtp.connect(sock=await self._dialled())
        self._keep_transport()
        self._is_connected = True
        name = str(smtp.get_transport_info("sockname")[0])
        # An address literal, for a desk's machine has no name that a server could know (RFC 5321, 4.1.4).
        smtp.local_hostname = f"[IPv6:{name.partition('%')[0]}]" if ":" in name else f"[{name}]"
        await smtp.ehlo()
        if self._server.encryption is Encryption.STARTTLS:
            if not smtp.supports_extension("starttls"):
                self._end(Ended.FAILED, f"{self._server.host} offers no encryption, so nothing was sent")
            await smtp.starttls()
            self._keep_transport()
            await smtp.ehlo()

    async def _dialled(self) -> socket.socket:
        """Return a connection to the first of the server's addresses that takes one."""
        host, port = self._server.host, self._server.port
        refused: OSError | None = None
        try:
            addresses = await look_up(host, port)
        except OSError as error:
            raise SMTPConnectError(f"{host} is not known") from error
        for address in addresses:
            dialling = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            dialling.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(dialling, (address, port))
            except OSError as error:
                dialling.close()
                refused = error
            except BaseException:
                dialling.close()
                raise
            else:
                return dialling
        raise SMTPConnectError(f"{host} refuses the connection") from refused

    async def _sign_in(self, sender: str) -> None:
        smtp, user = self._smtp, self._server.user or sender
        if self._password is None:
            return
        try:
            password = await asyncio.to_thread(self._password)
        except FrontdeskError:
            self._end(Ended.LOCKED_OUT, f"the password for {self._server.host} is missing on this machine")
        # One way only: each refusal counts towards the account's being locked.
        for method, sign_in in (
            ("plain", smtp.auth_plain),
            ("login", smtp.auth_login),
            ("cram-md5", smtp.auth_crammd5),
        ):
            if method in smtp.server_auth_methods:
                await sign_in(user, password)
                return
        self._end(Ended.LOCKED_OUT, f"{self._server.host} offers no way to sign in")

    async def _transfer(self, envelope: Envelope) -> Result:
        smtp, host = self._smtp, self._server.host
        options, encoding = [], "ascii"
        if envelope.is_international:
            if not smtp.supports_extension("smtputf8"):
                self._end(Ended.REFUSED, f"e-mail refused ({host} knows only addresses of plain letters)")
            options, encoding = ["SMTPUTF8"], "utf-8"
        await smtp.mail(envelope.sender, options=options, encoding=encoding)
        await smtp.rcpt(envelope.recipient, encoding=encoding)
        # aiosmtplib's own DATA would not tell on which side of the final dot it failed.
        ready = await smtp.execute_command(b"DATA")
        if ready.code != 354 or smtp.protocol is None:
            raise SMTPResponseException(ready.code, ready.message)
        self._is_handed_over = True
        smtp.protocol.write(_DOT.sub(b"..", envelope.content) + b".\r\n")
        answer = await smtp.protocol.read_response()
        if 200 <= answer.code < 300:
            return Result(Ended.DONE, f"e-mail taken by {host}")
        raise SMTPDataError(answer.code, answer.message)

    def _keep_transport(self) -> None:
        if isinstance(self._smtp.transport, asyncio.WriteTransport):
            self._transport = self._smtp.transport

    def _end(self, ended: Ended, said: str) -> NoReturn:
        raise _Over(Result(ended, said))

    def _untrusted(self, error: ssl.SSLError) -> Result:
        why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "no TLS"
        said = f"{self._server.host} did not prove who it is{_quoted(why)}"
        return Result(Ended.FAILED, said, is_away=True)


def _is_about_the_mailbox(error: SMTPResponseException) -> bool:
    """Whether a refused recipient is the recipient's fault, not that we may not send to it."""
    if (detail := _DETAIL.search(error.message)) and detail["detail"].startswith("5.7."):
        return False
    return error.code in _ABOUT_THE_MAILBOX and not _OWN_FAULT.search(error.message)


def _refused(error: SMTPResponseException, recipient: str) -> Result:
    detail = _DETAIL.search(error.message)
    meaning = _MEANINGS.get(detail["detail"][2:]) if detail else ""
    return Result(Ended.REFUSED, f"e-mail refused{_quoted(meaning or error.message, recipient)}")


def _put_off(host: str, error: SMTPResponseException, recipient: str = "") -> Result:
    if not 400 <= error.code < 600:
        return Result(Ended.FAILED, f"{host} does not answer like a mail server")
    verb = "does not take the e-mail now" if error.code < 500 else "does not take our e-mail"
    return Result(Ended.FAILED, f"{host} {verb}{_quoted(error.message, recipient)}")


def _quoted(words: str, recipient: str = "") -> str:
    """Return a server's words in brackets: without its codes and the address, cleaned and cut."""
    said = _DETAIL.sub("", words)
    for address in (f"<{recipient}>:", f"<{recipient}>", recipient) if recipient else ():
        said = said.replace(address, "")
    said = text.clean(said).strip(" .:")
    short = said if len(said) <= _SAID else said[: _SAID - 2].rstrip() + ".."
    return f" ({short})" if short else ""
