"""What the config says about the world outside: accounts at PMSs, and how messages leave."""

from collections.abc import Mapping
from pathlib import Path

from frontdesk import text
from frontdesk.bookings import Channel
from frontdesk.complaints import nearest
from frontdesk.config import sections
from frontdesk.config.exports import export
from frontdesk.config.files import existing_file, existing_folder
from frontdesk.config.listening import hl7, wake
from frontdesk.config.practices import templates_of
from frontdesk.config.sections import ConfigFile
from frontdesk.config.urls import check_mail_url, check_web_address, mail_url
from frontdesk.deliveries import is_profile as is_biller_profile
from frontdesk.mail_addresses import check_mail_address, check_sender
from frontdesk.notify.messages import why_not_by_kind
from frontdesk.notify.settings import GatewaySettings, Letterhead, MailSettings, NotifySettings
from frontdesk.pms.kinds import MANUAL, is_profile, profile_path
from frontdesk.pms.port import Account

SECRET = "secret"  # noqa: S105
"""The role of the secret that `credential` names; `credentials` names others."""


def accounts(said: ConfigFile, folder: Path) -> Mapping[str, Account]:
    """Return the accounts that this machine can reach, by connection.

    Relative files lie in `folder`. Raises ValueError with the rest of a sentence about the file.
    """
    found = {
        name: _account(section, name, f"[connections.{name}]", folder)
        for name, section in said.connections.items()
    }
    for number, practice in enumerate(said.practices, start=1):
        if isinstance(practice.pms, sections.Connection):
            where = f"[[practices]] {number} pms"
            if practice.id in found:
                raise ValueError(f"{where}: there is a [connections.{practice.id}] too: rename one")
            found[practice.id] = _account(practice.pms, practice.id, where, folder)
    return {
        name: one for name, one in found.items() if one.base_url or one.credentials or one.export or one.hl7
    }


def _account(section: sections.Connection, name: str, where: str, folder: Path) -> Account:
    if section.base_url:
        check_web_address(section.base_url, f"{where} base_url", allow_http=section.allow_http)
    if section.auth and section.auth.token_url:
        check_web_address(section.auth.token_url, f"{where} auth token_url", allow_http=section.allow_http)
    if section.kind == MANUAL and (section.base_url or section.credential):
        raise ValueError(f"{where}: a manual system is updated by hand, it has no base_url or credential")
    secrets = dict(section.credentials)
    if section.credential:
        secrets[SECRET] = section.credential
    if section.user_agent_email:
        check_mail_address(section.user_agent_email, f"{where} user_agent_email")
    auth = section.auth
    return Account(
        connection=name,
        kind=str(profile_path(section.kind, folder)) if is_profile(section.kind) else section.kind,
        base_url=section.base_url.rstrip("/"),
        tenant=section.tenant,
        credentials=secrets,
        auth={"token_url": auth.token_url, "client_id": auth.client_id, "scope": auth.scope} if auth else {},
        ca_file=existing_file(section.ca_file, f"{where} ca_file", folder),
        allow_http=section.allow_http,
        allow_private=section.allow_private,
        user_agent_email=section.user_agent_email,
        fhir_version=section.fhir_version,
        export=export(section, name, where, folder),
        hl7=hl7(section, where, folder),
        wake=wake(section, where),
    )


def notify_settings(said: ConfigFile, folder: Path) -> NotifySettings | None:
    """Return how messages are sent, or None where the staff tell patients.

    Raises ValueError with the rest of a sentence about the file.
    """
    notify = said.notify
    if notify is None:
        for number, practice in enumerate(said.practices, start=1):
            if practice.notify != sections.Letterhead():
                raise ValueError(
                    f"[[practices]] {number} notify needs a [notify] that says how messages are sent"
                )
        return None
    if notify.email is not None:
        check_mail_url(notify.email.url, "[notify.email] url")
        check_sender(notify.from_, "[notify] from")
    if notify.reply_to:
        check_sender(notify.reply_to, "[notify] reply_to")
    for channel in notify.patient:
        if not channel.is_known:
            raise ValueError(f"[notify] patient: there is no {channel}, {nearest(channel, Channel)}")
    if len(set(notify.patient)) < len(notify.patient):
        raise ValueError("[notify] patient names a channel twice")
    return NotifySettings(
        Letterhead(
            text.clean(notify.from_),
            text.clean(notify.reply_to),
            _letters(notify.templates, "[notify] templates", folder),
        ),
        {
            practice.id: _letterhead(practice, notify, f"[[practices]] {number} notify", folder)
            for number, practice in enumerate(said.practices, start=1)
        },
        _mail(notify.email, folder),
        _sms(notify.sms, folder),
    )


def biller_gateway(said: ConfigFile, folder: Path) -> GatewaySettings | None:
    """Return how the biller is told over HTTP, or None where `[billing] biller` names no profile.

    Raises ValueError with the rest of a sentence about the file.
    """
    billing = said.billing
    if billing is None:
        return None
    if is_biller_profile(billing.biller):
        profile = existing_file(billing.biller, "[billing] biller", folder)
        return GatewaySettings(profile, billing.biller_credential or "") if profile else None
    if billing.biller_credential:
        raise ValueError(
            "[billing] biller_credential is for a biller that a file such as biller.toml describes"
        )
    return None


def _mail(email: sections.Email | None, folder: Path) -> MailSettings | None:
    if email is None:
        return None
    ca_file = existing_file(email.ca_file, "[notify.email] ca_file", folder)
    return MailSettings(mail_url(email.url, folder), email.credential or "", ca_file)


def _sms(sms: sections.Sms | None, folder: Path) -> GatewaySettings | None:
    if sms is None:
        return None
    profile = existing_file(sms.profile, "[notify.sms] profile", folder)
    return GatewaySettings(profile, sms.credential or "") if profile else None


def _letters(given: str, where: str, folder: Path) -> Path | None:
    """Return a folder of templates. Raises ValueError for one that is not there, or not laid out by kind."""
    letters = existing_folder(given, where, folder)
    if letters and (why := why_not_by_kind(letters)):
        raise ValueError(f"{where}: {why}")
    return letters


def _letterhead(practice: sections.Practice, notify: sections.Notify, where: str, folder: Path) -> Letterhead:
    own = practice.notify
    for key, given in (("from", own.from_), ("reply_to", own.reply_to)):
        if given:
            check_sender(given, f"{where} {key}")
    _letters(own.templates, f"{where} templates", folder)
    return Letterhead(
        text.clean(own.from_ or notify.from_),
        text.clean(own.reply_to or notify.reply_to or practice.email),
        templates_of(practice, notify, folder),
    )
