"""The carriers of messages, opened from the config's `[notify]`."""

from collections.abc import Mapping

from frontdesk.attempts import Carrier
from frontdesk.credentials import Secrets
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION
from frontdesk.notify.settings import NotifySettings


def open_carriers(settings: NotifySettings, secrets: Secrets) -> Mapping[str, Carrier]:
    """Return a carrier for each way that messages leave, by its connection.

    Nothing is reached yet, but heavy libraries are loaded: call it in a thread. Raises
    sms_profile.UnusableProfile, and ValueError for a mail URL that the config would have refused.
    """
    carriers: dict[str, Carrier] = {}
    if settings.mail:
        from frontdesk.notify.mail import MailCarrier, open_post

        carriers[MAIL_CONNECTION] = MailCarrier(settings, open_post(settings.mail, secrets))
    if settings.sms:
        from frontdesk.notify.sms import open_sms

        carriers[SMS_CONNECTION] = open_sms(settings, settings.sms, secrets)
    return carriers
