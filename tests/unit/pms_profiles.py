"""A small profile to change, and a wire that answers what a test tells it to."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient
from frontdesk.pms.port import Account
from frontdesk.pms.profile import Profile
from frontdesk.pms.rest_profile import RestPms
from frontdesk.pms.signing import SignIn

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ZONE = "Australia/Adelaide"

MINIMAL = """
name = "Diary"
can_cancel = true
[auth]
kind = "bearer"
[fields]
id = "/id"
start = "/start"
[status]
field = "/status"
[status.words]
Booked = "booked"
Gone = "cancelled"
[routes.get]
path = "/a/{id}"
[routes.cancel]
path = "/a/{id}/cancel"
method = "POST"
body = { why = "{reason}" }
"""


def changed(*changes: tuple[str, str]) -> str:
    """Return the small profile with each first text replaced by the second, once."""
    text = MINIMAL
    for old, new in changes:
        text = text.replace(old, new, 1)
    return text


def write_profile(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the small profile, changed, as `diary.toml`."""
    file = folder / "diary.toml"
    file.write_text(changed(*changes), encoding="utf-8")
    return file


def make_profile(*changes: tuple[str, str]) -> Profile:
    """Return the small profile, changed."""
    return msgspec.convert(tomllib.loads(changed(*changes)), Profile)


@dataclass
class Asked:
    """A request that reached the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    params: list[tuple[str, str]]
    json: Any
    content: bytes | None


def answer(body: object = None, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a JSON body, or the bytes given."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json"} | {
        key.replace("_", "-"): value for key, value in headers.items()
    }
    return Answer(status, httpx.Headers(named), content)


@dataclass
class Wire(HttpClient):
    """Answers each request with the next of `answers`, raising those that are errors."""

    answers: list[Answer | Exception]
    asked: list[Asked] = field(default_factory=list)

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
        pairs = list(params.items()) if isinstance(params, Mapping) else list(params)
        self.asked.append(Asked(method, url, dict(headers or {}), pairs, json, content))
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    async def close(self) -> None:
        """Nothing is open."""


def connect(profile: Profile, *answers: Answer | Exception, **settings: Any) -> tuple[RestPms, Wire]:
    """Return a PMS of a profile and the wire behind it."""
    wire = Wire(list(answers))
    account = Account(
        "diary", "praktika", tenant="smile", credentials={"secret": "s1", "key2": "s2"}, **settings
    )
    sign_in = SignIn(profile.name, profile.auth, account, lambda name: f"<{name}>", wire, lambda: NOW)
    root = "https://pms.example/api"
    return RestPms(profile, root, {"tenant": "smile"}, wire, sign_in, ZONE, lambda: NOW), wire
