"""The carriers of messages, opened from the config's `[notify]`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from frontdesk.attempts import Carrier
from frontdesk.deliveries import MAIL_CONNECTION
from frontdesk.notify.settings import NotifySettings

if TYPE_CHECKING:
    from frontdesk.notify.mail import Secrets


def open_carriers(settings: NotifySettings, secrets: "Secrets") -> Mapping[str, Carrier]:
    """Return a carrier for each way that messages leave, by its connection.

    Nothing is reached yet, but heavy libraries are loaded: call it in a thread. Raises
    ValueError for a mail URL that the config would have refused.
    """
    carriers: dict[str, Carrier] = {}
    if settings.mail:
        from frontdesk.notify.mail import MailCarrier, open_post

        carriers[MAIL_CONNECTION] = MailCarrier(settings, open_post(settings.mail, secrets))
    return carriers
