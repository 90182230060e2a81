"""Whether messages could leave, found out without sending one."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from frontdesk.attempts import Ended, Result
from frontdesk.credentials import Secrets
from frontdesk.errors import FrontdeskError
from frontdesk.notify.envelope import mailbox
from frontdesk.notify.gateway_profile import BillerProfile, GatewayProfile, SmsProfile, load
from frontdesk.notify.mail import open_post
from frontdesk.notify.messages import check_templates
from frontdesk.notify.settings import GatewaySettings, Letterhead, MailSettings, NotifySettings


async def check(settings: NotifySettings, secrets: Secrets) -> AsyncIterator[tuple[str, Result]]:
    """Yield what was looked at and how it is: DONE is well, anything else says what is wrong."""
    if settings.mail:
        yield "e-mail", await _check_mail(settings, settings.mail, secrets)
    if settings.sms:
        yield "SMS", _check_profile(settings.sms, SmsProfile)
    letterheads = (settings.letterhead, *settings.practices.values())
    for folder in sorted({one.templates for one in letterheads if one.templates}):
        wrong = check_templates(folder)
        yield f"texts in {folder.name}", Result(Ended.FAILED if wrong else Ended.DONE, "; ".join(wrong))


def check_biller(biller: GatewaySettings) -> Result:
    """Return whether the biller's profile can be used, as `check` does for the others."""
    return _check_profile(biller, BillerProfile)


async def _check_mail(settings: NotifySettings, mail: MailSettings, secrets: Secrets) -> Result:
    try:
        for letterhead in settings.practices.values():
            _sender(letterhead)
        sender = _sender(settings.letterhead)
        post = open_post(mail, secrets)
    except ValueError:
        return Result(Ended.FAILED, "from and reply_to must be plain addresses")
    try:
        return await post.check(sender)
    finally:
        await post.close()


def _sender(letterhead: Letterhead) -> str:
    return mailbox(letterhead.sender).addr_spec


def _check_profile(gateway: GatewaySettings, shape: type[GatewayProfile]) -> Result:
    try:
        profile = load(gateway.profile, shape)
    except FrontdeskError as error:
        return Result(Ended.FAILED, error.hint)
    host = urlsplit(profile.url).hostname
    return Result(
        Ended.DONE, f"{profile.name} at {host}: the profile can be used; whether it answers was not tried"
    )
