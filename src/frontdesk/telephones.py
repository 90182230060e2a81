"""Telephone numbers as Australians dial them, so that one number is one text however it was written."""

import re

ABROAD = re.compile(r"(?<!\w)(?:\+|00(?:11)?)[\s-]*61[\s-]*(?:\(?0\)?)?")
"""What is dialled before an Australian number from elsewhere."""

_NO_DIGITS = re.compile("[^0-9]+")
_BETWEEN = re.compile("[/,;]")
_COUNTRY, _WITH_COUNTRY = "61", 11
"""How a number begins that was written with its country and without a plus, and how many digits it has."""


def numbers(written: str) -> tuple[str, ...]:
    """Return the digits of each number in a field that may hold several: `0491570006` for `+61 491 570 006`."""
    return tuple(digits for one in _BETWEEN.split(written) if (digits := _national(one)))


def _national(number: str) -> str:
    digits = _NO_DIGITS.sub("", ABROAD.sub("0", number))
    has_country = digits.startswith(_COUNTRY) and len(digits) == _WITH_COUNTRY
    return "0" + digits[len(_COUNTRY) :] if has_country else digits
