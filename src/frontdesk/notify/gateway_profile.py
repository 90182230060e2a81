"""How a gateway that takes messages is spoken to, for SMS or the biller: one TOML file, strictly read."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from frontdesk.complaints import nearest, read_toml
from frontdesk.errors import FrontdeskError
from frontdesk.pointers import is_pointer
from frontdesk.templates import is_header_name, names_in

Pointer = Annotated[str, Meta(description="a JSON pointer such as /messages/0/id")]
Status = Annotated[int, Meta(ge=100, le=599)]

SECRET_NAMES = frozenset({"secret"})
ALWAYS = SECRET_NAMES | {"message_id"}
"""The names that the templates of every gateway may ask for."""


class UnusableProfile(FrontdeskError):
    """A gateway's profile does not say what is needed to send a message."""

    title = "The profile of a gateway cannot be used"
    exit_code = 2


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of a profile. A key that it does not know is refused."""


class Auth(Section, frozen=True, kw_only=True):
    """How requests are signed with `{secret}`: as `headers` say, by `basic` or `bearer`."""

    kind: Literal["none", "headers", "basic", "bearer"] = "none"
    headers: dict[str, str] = {}
    user: str = ""


class Success(Section, frozen=True, kw_only=True):
    """What proves that the gateway has taken a message: one of these statuses, and its id at `id`."""

    statuses: Annotated[tuple[Status, ...], Meta(min_length=1)] = (200, 201, 202)
    id: Annotated[str, Meta(min_length=1)]


class Errors(Section, frozen=True, kw_only=True):
    """Where an answer that is no success says what is wrong."""

    code: Pointer = ""
    message: Pointer = ""


class Outcome(Section, frozen=True, kw_only=True):
    """What an answer means, by its status and, if given, its error code; the first that fits counts.

    `refused`: never, for an SMS never to this number. `failed`: nothing was sent, try again. `locked-out`: our
    credential is not accepted. `unknown`: it may have been sent.
    """

    status: Status
    code: str = ""
    means: Literal["refused", "failed", "locked-out", "unknown"]
    said: Annotated[str, Meta(max_length=80)] = ""


class GatewayProfile(Section, frozen=True, kw_only=True):
    """A gateway. `json` or `form` is the body, a template with the `names` of what is sent and `{message_id}`.

    `repeats_are_ignored` says that the gateway knows a repeat by its `{message_id}`, in the
    body or a header, and does not take it twice. A body without one of `must_say` cannot be meant.
    """

    names: ClassVar[frozenset[str]]
    must_say: ClassVar[tuple[str, ...]]

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    url: Annotated[str, Meta(min_length=1)]
    method: Literal["POST", "PUT"] = "POST"
    repeats_are_ignored: bool = False
    headers: dict[str, str] = {}
    json: dict[str, Any] = {}
    form: dict[str, str] = {}
    auth: Auth = Auth()
    success: Success
    errors: Errors = Errors()
    outcomes: tuple[Outcome, ...] = ()
    ca_file: str = ""
    allow_http: bool = False
    allow_private: bool = False


class SmsProfile(GatewayProfile, frozen=True, kw_only=True):
    """A gateway for SMS. `numbers` are written +61491570006 (international), 61491570006 (digits) or 0491570006 (national)."""

    names: ClassVar[frozenset[str]] = frozenset({"to", "text"})
    must_say: ClassVar[tuple[str, ...]] = ("to", "text")

    numbers: Literal["international", "digits", "national"] = "international"
    country: Annotated[str, Meta(pattern="^[1-9][0-9]{0,2}$")] = "61"


class BillerProfile(GatewayProfile, frozen=True, kw_only=True):
    """The biller, who takes requests not to be charged. A withdrawal differs by its `{event}` alone."""

    names: ClassVar[frozenset[str]] = frozenset(
        {
            "event",
            "account",
            "practice",
            "practice_id",
            "reference",
            "starts_at",
            "patient",
            "ground",
            "answers",
            "text",
            "asked_by",
        }
    )
    must_say: ClassVar[tuple[str, ...]] = ("event", "practice_id", "reference")


Profile = TypeVar("Profile", bound=GatewayProfile)


def load(file: Path, shape: type[Profile]) -> Profile:
    """Return the profile in `file`. Raises UnusableProfile, which names file, key and reason."""
    return read_toml(file, shape, UnusableProfile, _check)


def _check(profile: GatewayProfile) -> None:
    """Refuse what has the right shape and cannot be meant. Raises ValueError."""
    _check_url(profile)
    if bool(profile.json) == bool(profile.form):
        raise ValueError("there must be one body: [json] or [form]")
    for where, template, known in (
        ("[json]", profile.json, profile.names | ALWAYS),
        ("[form]", profile.form, profile.names | ALWAYS),
        # A text in a header would have to be ASCII, and would be logged on its way.
        ("[headers]", profile.headers, frozenset({"message_id"})),
        ("[auth] headers", profile.auth.headers, SECRET_NAMES),
    ):
        for name in names_in(template):
            if name not in known:
                raise ValueError(f"{where} has no {{{name}}}, {nearest(name, known)}")
    for header in (*profile.headers, *profile.auth.headers):
        if not is_header_name(header):
            raise ValueError(f"[headers] {header!r} is not the name of a header")
    body = {*names_in(profile.json), *names_in(profile.form)}
    for name in profile.must_say:
        if name not in body:
            raise ValueError(f"the body must say {{{name}}} somewhere")
    if profile.repeats_are_ignored and "message_id" not in {*body, *names_in(profile.headers)}:
        raise ValueError(
            "repeats_are_ignored: by which {message_id}? No header and no key of the body has it"
        )
    if (profile.auth.kind == "headers") != bool(profile.auth.headers):
        raise ValueError('[auth] headers belong to kind "headers", and to no other')
    for where, pointer in (
        ("[success] id", profile.success.id),
        ("[errors] code", profile.errors.code),
        ("[errors] message", profile.errors.message),
    ):
        if not is_pointer(pointer):
            raise ValueError(f"{where} must begin with /, such as /{pointer}")
    if any(outcome.code for outcome in profile.outcomes) and not profile.errors.code:
        raise ValueError("[[outcomes]] have codes: [errors] code must say where they are")


def _check_url(profile: GatewayProfile) -> None:
    try:
        parts = urlsplit(profile.url)
        has_secret = bool(parts.password or parts.username)
    except ValueError:
        raise ValueError("url is not an address that can be read") from None
    if has_secret:
        raise ValueError("url holds a password: secrets never go into a profile, name one with credential")
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise ValueError("url must be an https:// address")
    if parts.scheme == "http" and not profile.allow_http:
        raise ValueError("url is http:// and would send without encryption; allow_http is not set")
