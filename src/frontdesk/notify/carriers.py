"""The carriers of messages, opened from the config's `[notify]` and `[billing]`."""

from collections.abc import Mapping

from frontdesk.attempts import Carrier, Claim, Ended, Result
from frontdesk.credentials import Secrets
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, SMS_CONNECTION
from frontdesk.errors import FrontdeskError
from frontdesk.notify.settings import GatewaySettings, NotifySettings


def open_carriers(settings: NotifySettings, secrets: Secrets) -> Mapping[str, Carrier]:
    """Return a carrier for each way that messages leave, by its connection.

    An SMS profile that cannot be used is no reason to keep e-mail back: the carrier in its
    place says what is wrong with it. Nothing is reached yet, but heavy libraries are loaded:
    call it in a thread. Raises ValueError for a mail URL that the config would have refused.
    """
    carriers: dict[str, Carrier] = {}
    if settings.mail:
        from frontdesk.notify.mail import MailCarrier, open_post

        carriers[MAIL_CONNECTION] = MailCarrier(settings, open_post(settings.mail, secrets))
    if settings.sms:
        from frontdesk.notify.sms import open_sms

        try:
            carriers[SMS_CONNECTION] = open_sms(settings, settings.sms, secrets)
        except FrontdeskError as error:
            carriers[SMS_CONNECTION] = _Unusable(error)
    return carriers


def open_biller(biller: GatewaySettings, secrets: Secrets) -> Mapping[str, Carrier]:
    """Return the carrier of what the biller is told over HTTP, as `open_carriers` does."""
    from frontdesk.notify.biller import BillerContent
    from frontdesk.notify.gateway import open_gateway
    from frontdesk.notify.gateway_profile import BillerProfile, load

    try:
        profile = load(biller.profile, BillerProfile)
        return {BILLER_CONNECTION: open_gateway(biller, profile, secrets, BillerContent())}
    except FrontdeskError as error:
        return {BILLER_CONNECTION: _Unusable(error)}


class _Unusable:
    """Stands for a carrier whose settings are wrong, and says what is wrong with them."""

    def __init__(self, error: FrontdeskError) -> None:
        self._said = error.hint

    async def carry(self, claim: Claim) -> Result:
        return Result(Ended.LOCKED_OUT, self._said)

    async def close(self) -> None:
        """Do nothing: nothing is open."""
