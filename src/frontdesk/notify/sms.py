"""What an SMS to a patient says to a gateway, and how its number is written."""

import re

from frontdesk.attempts import Claim
from frontdesk.credentials import Secrets
from frontdesk.notify import messages
from frontdesk.notify.gateway import BadTarget, GatewayCarrier, open_gateway
from frontdesk.notify.gateway_profile import SmsProfile, load
from frontdesk.notify.settings import GatewaySettings, NotifySettings

_PUNCTUATION = re.compile(r"[\s().\-]+")
_NUMBER = re.compile(r"\+?[0-9]{8,15}")


class BadNumber(BadTarget):
    """This is not a telephone number that the gateway can be told."""

    def __init__(self) -> None:
        super().__init__("the number is not a proper one")


class SmsContent:
    """The SMS of a claim: the number as the gateway wants it, and the practice's text."""

    what, todo = "SMS", "; phone the patient"

    def __init__(self, settings: NotifySettings, profile: SmsProfile) -> None:
        self._settings = settings
        self._profile = profile

    def values(self, claim: Claim) -> dict[str, str]:
        """Return number and text. Raises BadNumber, BadTemplate."""
        letterhead = self._settings.letterhead_of(claim.booking.practice.id)
        return {
            "to": as_dialled(claim.delivery.target, self._profile),
            "text": messages.patient_sms(claim.booking, letterhead.templates, messages.kind_of(claim)),
        }


def open_sms(settings: NotifySettings, sms: GatewaySettings, secrets: Secrets) -> GatewayCarrier:
    """Return the carrier that the config names. Raises gateway_profile.UnusableProfile."""
    profile = load(sms.profile, SmsProfile)
    return open_gateway(sms, profile, secrets, SmsContent(settings, profile))


def as_dialled(number: str, profile: SmsProfile) -> str:
    """Return a telephone number as the gateway wants it (ITU-T E.164). Raises BadNumber."""
    digits, home = _PUNCTUATION.sub("", number), f"+{profile.country}"
    if not _NUMBER.fullmatch(digits):
        raise BadNumber
    if digits.startswith(profile.country):
        digits = f"+{digits}"
    elif digits.startswith("0"):
        digits = home + digits[1:]
    # Anything else without a plus could be a number of some other country: nobody is to guess.
    if not digits.startswith("+") or digits.startswith(("+0", f"{home}0")):
        raise BadNumber
    if profile.numbers == "national" and not digits.startswith(home):
        raise BadNumber
    return {
        "international": digits,
        "digits": digits[1:],
        "national": "0" + digits.removeprefix(home),
    }[profile.numbers]
