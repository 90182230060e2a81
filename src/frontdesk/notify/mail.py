"""Carries e-mail to patients and to practices' desks."""

import asyncio
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from frontdesk.addresses import LOOPBACK
from frontdesk.attempts import Claim, Ended, Result
from frontdesk.credentials import Secrets
from frontdesk.deliveries import Kind
from frontdesk.notify import messages
from frontdesk.notify.biller import biller_letter
from frontdesk.notify.envelope import BadAddress, Envelope, UnsafeHeader, message_id, seal
from frontdesk.notify.maildir import MaildirPost
from frontdesk.notify.settings import MailSettings, NotifySettings
from frontdesk.notify.smtp import Encryption, MailServer, SmtpPost

MOST_COPIES = 2
"""An e-mail whose fate is unknown is sent again once, automatically; a person decides about a third copy."""

_PORTS = {Encryption.STARTTLS: 587, Encryption.FROM_THE_START: 465, Encryption.NONE: 25}


class Post(Protocol):
    """A way for e-mail to leave."""

    repeats_are_harmless: bool

    async def send(self, envelope: Envelope) -> Result:
        """Make one attempt."""
        ...

    async def check(self, sender: str) -> Result:
        """Go as far as one can without sending anything; `sender` is an address alone."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class MailCarrier:
    """Writes the e-mail of a claim and posts it."""

    def __init__(self, settings: NotifySettings, post: Post) -> None:
        self._settings = settings
        self._post = post

    async def carry(self, claim: Claim) -> Result:
        """Make one attempt, unless it could make a third copy."""
        if claim.unproven >= MOST_COPIES and not self._post.repeats_are_harmless:
            todo = "; phone the patient" if claim.delivery.kind == Kind.PATIENT_EMAIL else ""
            return Result(Ended.STUCK, f"it is not known whether the e-mail went out{todo}")
        try:
            # Templates are files, and Jinja takes its time: a desk's keys must not wait for them.
            envelope = await asyncio.to_thread(self._write, claim)
        except messages.BadTemplate as problem:
            return Result(Ended.FAILED, problem.brief, is_ours=True)
        except BadAddress:
            return Result(Ended.REFUSED, "e-mail refused (the address is not a proper one)", is_ours=True)
        except UnsafeHeader:
            return Result(
                Ended.FAILED, "the sender's name or address cannot be used: see [notify] from", is_ours=True
            )
        return await self._post.send(envelope)

    async def close(self) -> None:
        """Let go of connections."""
        await self._post.close()

    def _write(self, claim: Claim) -> Envelope:
        booking, delivery = claim.booking, claim.delivery
        letterhead = self._settings.letterhead_of(booking.practice.id)
        return seal(
            _letter(claim, letterhead.templates),
            letterhead,
            delivery.target,
            message_id(claim.command.id, delivery.kind, letterhead),
            claim.at.astimezone(booking.practice.zone),
        )


def _letter(claim: Claim, templates: Path | None) -> messages.Letter:
    if claim.delivery.kind == Kind.BILLER_EMAIL:
        return biller_letter(claim)
    write = messages.desk_letter if claim.delivery.kind == Kind.DESK_EMAIL else messages.patient_letter
    return write(claim.booking, templates, messages.kind_of(claim))


def open_post(settings: MailSettings, secrets: Secrets) -> Post:
    """Return the way out that the config names. Raises ValueError for a URL that names none."""
    parts = urlsplit(settings.url)
    if parts.scheme == "maildir":
        return MaildirPost(Path(unquote(parts.path)))
    encryption = Encryption(parts.scheme)
    if not parts.hostname or (encryption is Encryption.NONE and parts.hostname not in LOOPBACK):
        raise ValueError("e-mail without encryption is sent to this machine only")
    server = MailServer(
        parts.hostname,
        parts.port or _PORTS[encryption],
        encryption,
        unquote(parts.username or ""),
        settings.ca_file,
    )
    name = settings.credential
    return SmtpPost(server, (lambda: secrets(name)) if name else None)
