"""The one gate for text from outside, and the words a search is made of.

Textual and Rich let escape bytes through to the terminal, so nothing that came from a
CSV file, a PMS, a config or another operator may reach a screen before `clean`.
"""

import dataclasses
import functools
import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

REPLACEMENT = "\ufffd"
_WITHOUT_TEXT = frozenset((type(None), bool, int, float, date, datetime))
MAX_MARKS = 4
"""Combining marks kept on one character, as many again beside it; more is an attack on the layout."""

_BLANK = re.compile("[\\s\u115f\u1160\u2800\u3164\uffa0]+")
"""White space, and what prints as nothing but counts as a letter or a picture."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u17b4\u17b5\u180b-\u180f\u200b\u2060\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]+"
)
"""Zero-width characters, skin tones too: no desk sees them, and two names must not differ only in them."""

LEFT_TO_RIGHT = "\u200e"
"""A mark of no width (UAX 9) that we put behind text from right to left, so that it stays in its column."""

_SPOKEN = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without the letters that are taken for a digit on paper or on the phone."""

_PIECE = re.compile(f"[^ {LEFT_TO_RIGHT}]+")
_JOINERS = "\u200c\u200d"
_JOINER = re.compile(f"[{_JOINERS}]+")
_STROKES = str.maketrans(
    {
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
    }
)
"""Letters that Unicode does not take apart into a plain one and a mark, though a keyboard must."""

_UNTYPED = str.maketrans(
    dict.fromkeys("'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u2032\ua78c\uff07`\u00b4" + _JOINERS)
)
"""Apostrophes of every kind and joiners: inside a word they end nothing."""

_WORD = re.compile(r"[^\W_]+")


def clean(value: str) -> str:
    """Return `value` as one line of harmless, printable text.

    White space and blank look-alikes become single spaces, trimmed at both ends. Controls,
    escape, C1, bidi and tag characters, lone surrogates, and private or unassigned code
    points become U+FFFD; other zero-width characters go. Joiners stay where they shape a
    name, between two letters of the scripts from Arabic to Sinhala; between pictures they
    go, and an emoji family stands side by side, as wide as every terminal draws it. Text
    is composed (NFC); marks on nothing go, and so does what exceeds `MAX_MARKS` on one
    character. `clean(clean(x)) == clean(x)` for every `x`.
    """
    # Latin letters and ASCII are as they should be already; U+0300 is the first mark.
    if value.isprintable() and (value.isascii() or max(value) < "\u0300"):
        return " ".join(value.split())
    visible = _INVISIBLE.sub("", _BLANK.sub(" ", value))
    harmless = "".join(char if char.isprintable() or char in _JOINERS else REPLACEMENT for char in visible)
    # Marks are counted on composed text; what is cut away then leaves new neighbours behind.
    capped = _without_stray_joiners(_with_few_marks(unicodedata.normalize("NFC", harmless)))
    return unicodedata.normalize("NFC", " ".join(capped.split()))


def clean_line(value: str) -> str:
    """Return `value` as one harmless line, as `clean` does, with what lines it up left in.

    That is spaces, and left-to-right marks: one has no end that could be missing.
    """
    if value.isprintable() and value.isascii():
        return value
    return _PIECE.sub(lambda piece: clean(piece[0]), value)


def _without_stray_joiners(value: str) -> str:
    def kept(joiners: re.Match[str]) -> str:
        start, end = joiners.span()
        joined = _is_joined(value[start - 1 : start]) and _is_joined(value[end : end + 1])
        return joiners[0][0] if joined else ""

    return _JOINER.sub(kept, value)


def _is_joined(char: str) -> bool:
    """Whether `char` is of a script from Arabic to Sinhala, where joiners shape letters and marks."""
    return "\u0620" <= char <= "\u0dff" and unicodedata.category(char) in ("Lo", "Mn", "Mc")


def _with_few_marks(value: str) -> str:
    kept: list[str] = []
    above = beside = 0
    for char in value:
        category = unicodedata.category(char)
        if category == "Mc":
            beside -= 1
            if beside < 0:
                continue
        elif category in ("Mn", "Me") or char in _JOINERS or _is_inner_jamo(char):
            above -= 1
            if above < 0:
                continue
        else:
            above = beside = 0 if char == " " else MAX_MARKS
        kept.append(char)
    return "".join(kept)


def _is_inner_jamo(char: str) -> bool:
    """Whether `char` is a vowel or final of a Hangul syllable, which takes no cells of its own."""
    return "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"


def clean_fields(record: Record) -> Record:
    """Return a copy of a dataclass with every `str` in it cleaned, in nested ones and tuples too.

    Fields are found by the type of their value, not by name, so a field added later is
    cleaned without anyone remembering to.
    """
    changed: dict[str, Any] = {}
    for name in _field_names(type(record)):
        value = getattr(record, name)
        kind = type(value)
        if kind in _WITHOUT_TEXT:
            continue
        fresh = clean(value) if kind is str else cleaned(value)
        if fresh is not value and fresh != value:
            changed[name] = fresh
    return dataclasses.replace(record, **changed) if changed else record


@functools.cache
def _field_names(kind: type["DataclassInstance"]) -> tuple[str, ...]:
    """A bulk load cleans a million records of two kinds."""
    return tuple(field.name for field in dataclasses.fields(kind))


def cleaned(value: Any) -> Any:
    """Return `value` with every `str` in it cleaned: a text, a record, or a tuple or dict of them."""
    # An enum's member may be a str too, but it is one of ours.
    kind = type(value)
    if kind is str:
        return clean(value)
    if kind is tuple:
        return tuple(map(cleaned, value))
    if kind is dict:
        return {clean(key): cleaned(one) for key, one in value.items()}
    if hasattr(kind, "__dataclass_fields__"):
        return clean_fields(value)
    return value


def fold(value: str) -> tuple[str, ...]:
    """Split text into the words a search compares: no case, accents, strokes, or apostrophes.

    Every mark goes, also the vowel signs of Thai and Hindi, so that a word stays one word.
    `fold("O'Brien-Kovač") == ("obrien", "kovac")`, and folding folded words changes nothing.
    """
    if value.isascii():
        return tuple(_WORD.findall(value.replace("'", "").replace("`", "").lower()))
    decomposed = unicodedata.normalize("NFKD", value.translate(_UNTYPED))
    letters = "".join(char for char in decomposed if unicodedata.category(char)[0] != "M")
    folded = letters.casefold().translate(_STROKES).translate(_UNTYPED)
    return tuple(_WORD.findall(folded.casefold()))


def begins(parts: Iterable[str], words: Sequence[str]) -> bool:
    """Return whether each of `parts` is the beginning of one of `words`; both are folded."""
    return all(any(word.startswith(part) for word in words) for part in parts)


def made_up_code(length: int = 6) -> str:
    """Return a random code that can be read out on the phone: digits and capital letters."""
    return "".join(secrets.choice(_SPOKEN) for _ in range(length))
