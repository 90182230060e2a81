"""Words of ours of which a newer program may have written more, in a store or at a server."""

from enum import StrEnum


class OpenWord(StrEnum):
    """An enumeration whose words come out of a store too: one that it does not have is kept as it was written.

    Such a word is no member. It is shown and written back as it is, and nothing is done that depends on
    what it means. Where a person, a file or a request gives a word, `is_known` has to be asked.
    """

    @classmethod
    def _missing_(cls, value: object) -> "OpenWord | None":
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_, word._value_ = "", value
        return word

    @property
    def is_known(self) -> bool:
        """Whether this program has this word."""
        return self.name != ""


def not_known_here(what: str) -> str:
    """Return what to say of something that only a newer program understands."""
    return f"this frontdesk does not know {what}: use the version that saved it"
