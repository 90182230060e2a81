"""Carries messages, SMS or requests to the biller, to a gateway that a profile describes."""

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import uuid5

from frontdesk import text
from frontdesk.attempts import Claim, Ended, Result
from frontdesk.credentials import Secrets
from frontdesk.errors import FrontdeskError
from frontdesk.http_answers import Answer, Unreadable, retry_at
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.notify import messages
from frontdesk.notify.gateway_profile import GatewayProfile
from frontdesk.notify.settings import GatewaySettings
from frontdesk.pointers import find, text_at
from frontdesk.templates import fill, fill_table

_ENDED = {
    "refused": Ended.REFUSED,
    "failed": Ended.FAILED,
    "locked-out": Ended.LOCKED_OUT,
    "unknown": Ended.UNKNOWN,
}
_REFUSED, _LOCKED_OUT = frozenset({400, 422}), frozenset({401, 403})
_UNKNOWN = frozenset({409, 500, 502, 504})
"""What a status means where the profile does not say it; RFC 9110, 15. A success without an id
and a redirect are unknown too; any other error is certainly without effect, and ours to mend."""

_SAID = 70


class BadTarget(ValueError):
    """The gateway cannot be told to whom this goes; the words say why."""


class Content(Protocol):
    """What is sent: `what` it is in words, as in `deliveries.MEANS`, and what a person does when it is stuck."""

    what: str
    todo: str

    def values(self, claim: Claim) -> dict[str, str]:
        """Return what the `names` of the profile stand for. It may read files. Raises BadTarget, BadTemplate."""
        ...


class GatewayCarrier:
    """Writes the message of a claim and gives it to the gateway, once an attempt.

    `secret` is asked at each attempt, so that a changed one is used at once.
    """

    def __init__(
        self,
        profile: GatewayProfile,
        secrets: Secrets,
        credential: str,
        client: HttpClient,
        content: Content,
    ) -> None:
        self._profile = profile
        self._secrets = secrets
        self._credential = credential
        self._client = client
        self._content = content

    async def carry(self, claim: Claim) -> Result:
        """Make one attempt, unless it could make a second message."""
        name, what = self._profile.name, self._content.what
        if claim.unproven and not self._profile.repeats_are_ignored:
            return Result(Ended.STUCK, f"it is not known whether the {what} went out{self._content.todo}")
        try:
            # Templates and secrets are files: a desk's keys must not wait for them.
            headers, body = await asyncio.to_thread(self._write, claim)
        except messages.BadTemplate as problem:
            return Result(Ended.FAILED, problem.brief, is_ours=True)
        except BadTarget as problem:
            return Result(Ended.REFUSED, f"{what} refused ({problem})", is_ours=True)
        except FrontdeskError:
            return Result(Ended.LOCKED_OUT, f"the password for {name} is missing on this machine")
        try:
            answer = await self._client.send(
                self._profile.method, self._profile.url, headers=headers, content=body[0], json=body[1]
            )
        except NotSent as why:
            return Result(Ended.FAILED, f"{name} cannot be reached ({why})", is_away=True)
        except Lost:
            return Result(Ended.UNKNOWN, f"{name} did not say whether it took the {what}")
        return self._read(answer, claim)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _write(self, claim: Claim) -> tuple[dict[str, str], tuple[bytes | None, dict[str, Any] | None]]:
        profile = self._profile
        secret = self._secrets(self._credential) if self._credential else ""
        values = {
            **self._content.values(claim),
            "message_id": str(uuid5(claim.command.id, claim.delivery.kind)),
            "secret": secret,
        }
        headers = {key: fill(value, values) for key, value in profile.headers.items()}
        headers |= _signed(profile, secret)
        if profile.json:
            return headers, (None, fill_table(profile.json, values, omit_empty=False))
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        form = {key: fill(value, values) for key, value in profile.form.items()}
        return headers, (urlencode(form).encode(), None)

    def _read(self, answer: Answer, claim: Claim) -> Result:
        """Say what an answer proves."""
        profile, what = self._profile, self._content.what
        try:
            document = answer.json()
        except Unreadable:
            document = None
        ended, words = self._ended(answer.status, document)
        not_before = retry_at(answer, claim.at) if ended in (Ended.FAILED, Ended.UNKNOWN) else None
        match ended:
            case Ended.DONE:
                return Result(ended, f"{what} taken by {profile.name}")
            case Ended.REFUSED:
                return Result(ended, f"{what} refused{words}")
            case Ended.LOCKED_OUT:
                return Result(ended, f"{profile.name} does not accept our credential{words}")
            case Ended.UNKNOWN:
                return Result(ended, f"{profile.name} did not say whether it took the {what}", not_before)
        return Result(ended, f"{profile.name} does not take the {what} now{words}", not_before)

    def _ended(self, status: int, document: Any) -> tuple[Ended, str]:
        profile = self._profile
        code = find(document, profile.errors.code) if profile.errors.code else ""
        said = text_at(document, profile.errors.message)
        for outcome in profile.outcomes:
            if outcome.status == status and outcome.code in ("", str(code)):
                return _ENDED[outcome.means], _in_brackets(outcome.said or said)
        if status in profile.success.statuses:
            taken = find(document, profile.success.id)
            is_id = isinstance(taken, str | int) and not isinstance(taken, bool) and taken != ""
            return (Ended.DONE if is_id else Ended.UNKNOWN), ""
        if status in _REFUSED:
            return Ended.REFUSED, _in_brackets(said)
        if status in _LOCKED_OUT:
            return Ended.LOCKED_OUT, _in_brackets(said)
        if status < 400 or status in _UNKNOWN:
            return Ended.UNKNOWN, ""
        return Ended.FAILED, _in_brackets(said)


def open_gateway(
    settings: GatewaySettings, profile: GatewayProfile, secrets: Secrets, content: Content
) -> GatewayCarrier:
    """Return the carrier to the gateway that `profile`, read from the file of `settings`, describes."""
    client = HttpClient(
        ca_file=settings.profile.parent / Path(profile.ca_file).expanduser() if profile.ca_file else None,
        allow_http=profile.allow_http,
        allow_private=profile.allow_private,
    )
    return GatewayCarrier(profile, secrets, settings.credential, client, content)


def _signed(profile: GatewayProfile, secret: str) -> Mapping[str, str]:
    auth = profile.auth
    match auth.kind:
        case "headers":
            return {key: fill(value, {"secret": secret}) for key, value in auth.headers.items()}
        case "bearer":
            return {"Authorization": f"Bearer {secret}"}
        case "basic":
            pair = base64.b64encode(f"{auth.user}:{secret}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
    return {}


def _in_brackets(words: str) -> str:
    said = text.clean(words).strip(" .")
    short = said if len(said) <= _SAID else said[: _SAID - 2].rstrip() + ".."
    return f" ({short})" if short else ""
