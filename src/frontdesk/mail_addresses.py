"""What counts as an e-mail address in the config and in files that come in.

Whether a mail server takes it is asked when a message is made; see `notify.envelope`.
"""

import re

_ADDRESS = r"[^@\s<>,;]+@[^@\s<>,;]+"
_SENDER = re.compile(rf"{_ADDRESS}|[^<>@]+<{_ADDRESS}>")


def check_mail_address(address: str, where: str) -> None:
    """Refuse what is not one plain e-mail address."""
    if not re.fullmatch(_ADDRESS, address):
        raise ValueError(f"{where} must be an e-mail address, such as desk@smile.example")


def check_sender(sender: str, where: str) -> None:
    """Refuse what is not an e-mail address, with or without a name before it."""
    if not _SENDER.fullmatch(sender) or not sender.isprintable():
        raise ValueError(f"{where} must be an address such as Smile Dental <bookings@smile.example>")
