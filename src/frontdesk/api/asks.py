"""Asks as JSON: the body of a request, and the payload that a store keeps of a command."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from frontdesk.commands import KINDS, Ask, Command
from frontdesk.open_words import OpenWord
from frontdesk.shapes import converted


def fields_of(ask: Ask) -> dict[str, Any]:
    """Return an ask's fields as JSON values, without those that are at their default."""
    return {
        one.name: msgspec.to_builtins(value)
        for one in dataclasses.fields(ask)
        if (value := getattr(ask, one.name)) != one.default
    }


def ask_of(kind: str, fields: Mapping[str, Any]) -> Ask:
    """Return the ask of this kind that these fields are. Raises ValueError for what is not known here."""
    if not isinstance(fields, Mapping):
        raise ValueError(f"the content of {kind} is no JSON object")
    if kind not in KINDS:
        raise ValueError(f"there is no command of the kind {kind} here")
    ask = KINDS[kind]
    if unknown := set(fields) - {one.name for one in dataclasses.fields(ask)}:
        raise ValueError(f"{kind} has no {', '.join(sorted(unknown))} here")
    found = converted(dict(fields), ask)
    for name in fields:
        word = getattr(found, name)
        if isinstance(word, OpenWord) and not word.is_known:
            raise ValueError(f"{kind} has no {name} {word} here")
    return found


def payload_of(ask: Ask) -> str:
    """Return an ask as canonical JSON: sorted keys, no spaces."""
    return _canonical(fields_of(ask))


def content_of(command: Command) -> str:
    """Return the digest (SHA-256) of what a command asks for: it tells a repeat from a reused id."""
    return content_digest(
        command.ask.kind,
        command.subject.kind,
        command.subject.id,
        command.seen,
        command.operator.name,
        command.operator.via,
        payload_of(command.ask),
    )


def content_digest(
    kind: str, subject_kind: str, subject_id: int, seen: int, operator: str, via: str, payload: str
) -> str:
    """Return the digest of a command's content from the columns that keep it."""
    asked = [kind, subject_kind, subject_id, seen, operator, via, payload]
    return hashlib.sha256(_canonical(asked).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def body_fields(ask: type[Ask]) -> list[tuple[Any, ...]]:
    """Return an ask's fields for `msgspec.defstruct`, with their limits and descriptions."""
    return [_body_field(one) for one in dataclasses.fields(ask)]


def _body_field(one: "dataclasses.Field[Any]") -> tuple[Any, ...]:
    limits = {name: one.metadata[name] for name in ("min_length", "max_length") if name in one.metadata}
    kind: Any = Annotated[one.type, Meta(**limits, description=one.metadata.get("description"))]
    return (one.name, kind) if one.default is dataclasses.MISSING else (one.name, kind, one.default)


def path_of(kind: str, subject: object) -> str:
    """Return the path of a kind of command: `/bookings/17/cancel`, or with a `{booking_id}` in it."""
    noun, _, verb = kind.partition(".")
    nouns = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"/{nouns}/{subject}/{verb.replace('_', '-')}"
