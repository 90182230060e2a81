"""Accounts of the config, joined with the profile that describes their PMS."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from frontdesk.credentials import Secrets
from frontdesk.http_client import BODY_LIMIT, HttpClient
from frontdesk.pms.diary import Diary
from frontdesk.pms.fhir import CAPABILITIES, FhirPms
from frontdesk.pms.fhir_diary import FhirDiary
from frontdesk.pms.fhir_wire import FhirWire
from frontdesk.pms.kinds import profile_path
from frontdesk.pms.port import Account, Pms, UnusableSettings
from frontdesk.pms.profile import Auth, Profile
from frontdesk.pms.profile_file import load
from frontdesk.pms.rest_diary import RestDiary
from frontdesk.pms.rest_profile import RestPms
from frontdesk.pms.signing import SignIn
from frontdesk.templates import Values, fill, fill_path, names_in

OpenedT = TypeVar("OpenedT")

_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def open_profile(account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]) -> Pms:
    """Return the PMS of an account whose kind is a shipped profile, or the absolute path of one.

    Raises UnusableSettings, which names the connection and what it lacks.
    """
    return joined(RestPms, account, secrets, time_zone, now)


def open_profile_diary(
    account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]
) -> Diary:
    """Return the diary of an account whose kind is a shipped profile, or the absolute path of one.

    Raises UnusableSettings, which names the connection and what it lacks.
    """
    return joined(RestDiary, account, secrets, time_zone, now)


def joined(
    kind: Callable[[Profile, str, Values, HttpClient, SignIn, str, Callable[[], datetime]], OpenedT],
    account: Account,
    secrets: Secrets,
    time_zone: str,
    now: Callable[[], datetime],
) -> OpenedT:
    """Return an account joined with its profile, by what makes one of both. Raises UnusableSettings."""
    profile = load(profile_path(account.kind, Path()))
    root = _root(profile, account)
    client = client_for(account)
    sign_in = SignIn(profile.name, profile.auth, account, secrets, client, now)
    return kind(profile, root, {"tenant": account.tenant}, client, sign_in, time_zone, now)


def open_fhir(account: Account, secrets: Secrets, _: str, now: Callable[[], datetime]) -> Pms:
    """Return the FHIR server of an account: signed in to by a token it hands out, by a secret, or not at all.

    Raises UnusableSettings.
    """
    return FhirPms(_wire(account, secrets, now))


def open_fhir_diary(account: Account, secrets: Secrets, _: str, now: Callable[[], datetime]) -> Diary:
    """Return the diary of an account at a FHIR server, signed in to as `open_fhir` does. Raises UnusableSettings."""
    return FhirDiary(_wire(account, secrets, now))


def _wire(account: Account, secrets: Secrets, now: Callable[[], datetime]) -> FhirWire:
    name = CAPABILITIES.name
    if not account.base_url:
        raise _without_base_url(account, name)
    client = client_for(account)
    kind: Literal["client-credentials", "bearer", "none"] = "bearer" if account.credentials else "none"
    if account.auth:
        kind = "client-credentials"
    sign_in = SignIn(name, Auth(kind=kind), account, secrets, client, now)
    return FhirWire(account, client, sign_in, now)


def client_for(account: Account, body_limit: int = BODY_LIMIT) -> HttpClient:
    """Return what sends requests for an account, as far as its connection allows."""
    agent = f"frontdesk ({account.user_agent_email})" if account.user_agent_email else "frontdesk"
    return HttpClient(
        ca_file=account.ca_file,
        allow_http=account.allow_http,
        allow_private=account.allow_private,
        headers={"User-Agent": agent},
        body_limit=body_limit,
    )


def _without_base_url(account: Account, name: str) -> UnusableSettings:
    return UnusableSettings(
        f"[connections.{account.connection}] needs a base_url, the address of the API of {name}"
    )


def _root(profile: Profile, account: Account) -> str:
    """Return the address that every route begins with."""
    where, name = f"[connections.{account.connection}]", profile.name
    asked = (profile.base_url, profile.prefix, profile.headers, profile.query)
    if "tenant" in names_in(asked) and not account.tenant:
        raise UnusableSettings(f"{where} needs a tenant: {name} asks which practice is meant")
    if profile.needs_email and not account.user_agent_email:
        raise UnusableSettings(f"{where} needs a user_agent_email: {name} asks whom it may write to")
    if account.base_url:
        base = account.base_url
    elif profile.base_url:
        if "tenant" in names_in(profile.base_url) and not _HOST_LABEL.fullmatch(account.tenant):
            raise UnusableSettings(
                f"{where} tenant: it becomes part of an address, so only letters and digits"
            )
        base = fill(profile.base_url, {"tenant": account.tenant})
    else:
        raise _without_base_url(account, name)
    return base.rstrip("/") + fill_path(profile.prefix, {"tenant": account.tenant}).rstrip("/")
