"""The one gate for text from outside, and the words a search is made of.

Textual and Rich let escape bytes through to the terminal, so nothing that came from a
CSV file, a PMS, a config or another operator may reach a screen before `clean`.
"""

import dataclasses
import re
import unicodedata
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

REPLACEMENT = "\ufffd"
MAX_MARKS = 4
"""Combining marks kept on one character; more is a stacked-accent attack on the layout."""

_BLANK_LOOKALIKES = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")
_APOSTROPHES = re.compile(r"['\u2018\u2019\u02bc\u0060\u00b4]")
_WORD = re.compile(r"[^\W_]+")


def clean(value: str) -> str:
    """Return `value` as one line of harmless, printable text.

    White space of every kind becomes single spaces and is trimmed at both ends. Controls,
    escape, C1, bidi and tag characters and unassigned code points become U+FFFD;
    zero-width characters go, except joiners between two letters (Persian and Indic names
    need them). Text is composed (NFC) and more than four marks on a character are cut.
    `clean(clean(x)) == clean(x)` for every `x`.
    """
    if value.isascii() and value.isprintable():
        return " ".join(value.split())
    composed = unicodedata.normalize("NFC", value)
    kept: list[str] = []
    marks = 0
    for index, char in enumerate(composed):
        if char.isspace() or char in _BLANK_LOOKALIKES:
            kept.append(" ")
            marks = 0
        elif unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"}:
            marks += 1
            if marks <= MAX_MARKS and kept and kept[-1] != " ":
                kept.append(char)
        elif char in _JOINERS:
            before = kept[-1] if kept else ""
            after = composed[index + 1 : index + 2]
            if _carries_joiner(before) and _carries_joiner(after):
                kept.append(char)
        elif char.isprintable():
            kept.append(char)
            marks = 0
        elif not _is_invisible(char):
            kept.append(REPLACEMENT)
            marks = 0
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def _carries_joiner(char: str) -> bool:
    return bool(char) and unicodedata.category(char) in {"Lo", "Mn", "Mc"}


def _is_invisible(char: str) -> bool:
    """Zero-width marks that carry no meaning by themselves: they go without a trace."""
    return char in "\u00ad\u200b\u2060\ufeff"


def clean_fields(record: Record) -> Record:
    """Return a copy of a dataclass with every `str` in it cleaned, nested ones too.

    Fields are found by the type of their value, not by name, so a field added later is
    cleaned without anyone remembering to.
    """
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if type(value) is str:
            fresh: Any = clean(value)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            fresh = clean_fields(value)
        else:
            continue
        if fresh != value:
            changed[field.name] = fresh
    return dataclasses.replace(record, **changed) if changed else record


def fold(value: str) -> tuple[str, ...]:
    """Split text into the words a search compares: no case, accents, or apostrophes.

    `fold("O'Brien-Kovač") == ("obrien", "kovac")`.
    """
    value = _APOSTROPHES.sub("", value)
    if not value.isascii():
        decomposed = unicodedata.normalize("NFKD", value)
        value = "".join(char for char in decomposed if not unicodedata.combining(char))
    return tuple(_WORD.findall(value.casefold()))
