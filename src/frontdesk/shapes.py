"""Values from outside, read into types of ours from several threads.

msgspec learns what a type holds when it first meets it, in C and without a lock: two threads
that meet one type for the first time together end the program (seen with msgspec 0.22). So
here every type is learnt once, by one thread at a time, before anything is read into it.
"""

import threading
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")

_learning = threading.Lock()
"""One for all types: different ones have parts in common."""

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def converted(value: Any, shape: type[Shape]) -> Shape:
    """Return `value`, made of tables, lists and plain values, as a `shape`. Raises msgspec.ValidationError."""
    _learnt(shape)
    return msgspec.convert(value, shape)


def decoded(data: bytes, shape: type[Shape]) -> Shape:
    """Return what JSON holds as a `shape`. Raises msgspec.DecodeError, UnicodeDecodeError."""
    found: Shape = _learnt(shape).decode(data)
    return found


def _learnt(shape: Any) -> msgspec.json.Decoder[Any]:
    if shape not in _decoders:
        with _learning:
            if shape not in _decoders:
                _decoders[shape] = msgspec.json.Decoder(shape)
    return _decoders[shape]
