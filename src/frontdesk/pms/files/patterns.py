"""Patterns such as `{patient} - {type}`: what a text of a calendar has where, read back out of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from frontdesk.text import clean

FIELDS = ("patient", "type", "practitioner", "mobile", "email", "patient_ref", "_")
"""What a pattern may name; `_` is anything that nobody needs."""

_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Fields and what stands between them: `between` has one text more than there are `fields`."""

    fields: tuple[str, ...]
    between: tuple[str, ...]

    @classmethod
    def parse(cls, said: str) -> "Pattern":
        """Return the pattern that is written so. Raises ValueError with the rest of a sentence about it."""
        between = tuple(_FIELD.split(said)[::2])
        fields = tuple(_FIELD.findall(said))
        if any(brace in text for text in between for brace in "{}"):
            raise ValueError("has a { or } without its partner")
        if not fields:
            raise ValueError(f"names no field: {_known()}")
        for field in fields:
            if field not in FIELDS:
                raise ValueError(f"names {{{field}}}, which is none of {_known()}")
            if field != "_" and fields.count(field) > 1:
                raise ValueError(f"names {{{field}}} twice")
        if not all(between[1:-1]):
            raise ValueError("has two fields side by side: nobody could tell where one ends")
        return cls(fields, between)

    def read(self, text: str) -> Mapping[str, str] | None:
        """Return what a text has in each field, or None where it is not written so.

        A field ends where the text behind it stands for the first time, and is never empty; the last text
        ends the whole. So every text is read once from left to right, however it is made.
        """
        found: dict[str, str] = {}
        if not text.startswith(self.between[0]):
            return None
        at = len(self.between[0])
        last = len(self.fields) - 1
        for number, field in enumerate(self.fields):
            literal = self.between[number + 1]
            if number == last:
                end = len(text) - len(literal) if text.endswith(literal) else -1
            else:
                end = text.find(literal, at + 1)
            value = clean(text[at:end]) if end > at else ""
            if not value:
                return None
            if field != "_":
                found[field] = value
            at = end + len(literal)
        return found


def _known() -> str:
    return ", ".join(f"{{{field}}}" for field in FIELDS)
