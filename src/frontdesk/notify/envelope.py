"""An e-mail as bytes, with nothing in its headers that was not put there on purpose.

Header values are checked here, on every Python: the standard library's own checks let an
encoded word smuggle in a line break (CVE-2024-6923, CVE-2026-1299).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from uuid import UUID, uuid5

from frontdesk.notify.messages import Letter
from frontdesk.notify.settings import Letterhead

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ASCII_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
"""Dot-string and domain of RFC 5321, 4.1.2; no quoted strings, no address literals."""

_NAMED = re.compile(r"(?P<name>[^<>@]*)<(?P<address>[^<>]+)>")
_LONE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_LONGEST_LOCAL, _LONGEST = 64, 254
"""Octets (RFC 5321, 4.5.3.1)."""

_TRANSMITTED = ("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")
_OF_MIME = ("MIME-Version", "Content-Type", "Content-Transfer-Encoding")


class BadAddress(ValueError):
    """This is not one plain e-mail address."""


class UnsafeHeader(ValueError):
    """A header's value could be read as more than itself."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An e-mail ready to leave: `content` has CRLF line ends and no line beyond 998 octets.

    `is_international` says that its recipient can be written in UTF-8 only (RFC 6531): the part
    before the @. A domain has a form in plain letters, which `recipient` and headers have.
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes
    is_international: bool = False


def seal(letter: Letter, letterhead: Letterhead, recipient: str, message_id: str, at: datetime) -> Envelope:
    """Return `letter` as an e-mail to one recipient, dated `at`.

    Raises UnsafeHeader when the letterhead or the subject cannot be a header, BadAddress
    when the recipient is not one plain address.
    """
    sender = mailbox(letterhead.sender)
    local, domain = split_address(recipient)
    domain = plain_domain(domain)
    is_international = not local.isascii()
    wire = policy.SMTPUTF8 if is_international else policy.SMTP
    # Seven bits pass through every server there is.
    message = EmailMessage(wire.clone(cte_type="7bit"))
    message["From"] = sender
    if letterhead.reply_to:
        message["Reply-To"] = mailbox(letterhead.reply_to)
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = safe_header(letter.subject)
    message["Date"] = at
    message["Message-ID"] = message_id
    # RFC 3834: out-of-office programs do not answer this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
        # A boundary is random otherwise, and a repeat would not be the same e-mail.
        message.set_boundary(f"=_{message_id.strip('<>').partition('@')[0]}")
    content = message.as_bytes()
    _check_transmitted(content, [name for name in _TRANSMITTED if name != "Reply-To" or letterhead.reply_to])
    return Envelope(sender.addr_spec, f"{local}@{domain}", message_id, content, is_international)


def message_id(command: UUID, kind: str, letterhead: Letterhead) -> str:
    """Return the Message-ID of what a command sends to one kind of reader: the same at every attempt."""
    return f"<{uuid5(command, kind)}@{mailbox(letterhead.sender).domain}>"


def split_address(address: str) -> tuple[str, str]:
    """Return local part and domain of one plain e-mail address. Raises BadAddress.

    Comments, quotes, lists and encoded words are refused, as is what only looks like ASCII
    (full-width letters, ideographic stops).
    """
    local, _, domain = address.rpartition("@")
    plain = address
    if not address.isascii():
        if unicodedata.normalize("NFKC", address) != address:
            raise BadAddress(address)
        plain = "".join("x" if not char.isascii() and _is_letter(char) else char for char in address)
    too_long = len(local.encode()) > _LONGEST_LOCAL or len(address.encode()) > _LONGEST
    if too_long or "=?" in address or not _ASCII_ADDRESS.fullmatch(plain):
        raise BadAddress(address)
    return local, domain


def plain_domain(domain: str) -> str:
    """Return a domain in plain letters, as every mail server takes it (IDNA 2008, RFC 5891).

    Raises BadAddress for one that has no such form.
    """
    if domain.isascii():
        return domain
    # A large table, and hardly ever needed.
    import idna

    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        raise BadAddress(domain) from None


def safe_header(value: str) -> str:
    """Return `value` when it is one printable line without encoded words. Raises UnsafeHeader."""
    if not value.isprintable() or "=?" in value:
        raise UnsafeHeader(value)
    return value


def _is_letter(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char) in ("Mn", "Mc")


def mailbox(said: str) -> Address:
    """Read an address of the config, with or without a name before it. Raises UnsafeHeader."""
    named = _NAMED.fullmatch(said.strip())
    name, address = (named["name"].strip().strip('"'), named["address"]) if named else ("", said.strip())
    try:
        local, domain = split_address(address)
        domain = plain_domain(domain)
    except BadAddress:
        raise UnsafeHeader(said) from None
    if not local.isascii():
        raise UnsafeHeader(said)
    return Address(display_name=safe_header(name), username=local, domain=domain)


def _check_transmitted(content: bytes, wanted: Sequence[str]) -> None:
    """Look at the bytes themselves: these headers, each once, no other, and no line end but CRLF."""
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode("latin-1") for line in lines if line[:1] not in (b" ", b"\t")]
    own = [name for name in names if name not in _OF_MIME]
    # A lone CR or LF is an end of line to some servers: what follows could be commands.
    if sorted(own) != sorted(wanted) or _LONE.search(content):
        raise UnsafeHeader("the e-mail is not the one that was written")
