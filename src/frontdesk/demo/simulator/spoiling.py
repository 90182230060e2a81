"""Answers that no contract allows, made out of one that it does."""

import gzip
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from typing import Any

from frontdesk.demo.simulator.wire import Answer, WireContract

_BOMB_BYTES = 64 * 1024 * 1024
_HUGE_BYTES = 8 * 1024 * 1024
_DEPTH = 100_000

BLOCK = "990001"
"""The id of a time off that stands where only appointments should."""
_OF_A_BLOCK: dict[str, Any] = {
    "id": BLOCK,
    "AptNum": int(BLOCK),
    "patient": None,
    "patient_name": None,
    "PatNum": None,
    "participant": [{"actor": {"reference": "Practitioner/3"}}],
}
"""What a time off has of its own, by the keys of all contracts."""


def emptied(answer: Answer) -> Answer:
    """Say that all is well, with nothing at all in the body."""
    return replace(answer, status=200, body=b"")


def without_content(answer: Answer) -> Answer:
    """Say that there is nothing to say."""
    return replace(answer, status=204, body=b"", headers=())


def not_json(answer: Answer) -> Answer:
    """Say something that only looks like JSON."""
    return replace(answer, body=b"{'status': 'OK', \x1b[31m")


def mislabelled(answer: Answer) -> Answer:
    """Say that the document is a page for people."""
    return replace(answer, headers=(("Content-Type", "text/html"),))


def in_another_charset(answer: Answer) -> Answer:
    """Put bytes into the document that its charset does not have."""
    return replace(answer, body=answer.body.replace(b"{", b'{"clinic": "Caf\xe9", ', 1))


def gzip_bomb(answer: Answer) -> Answer:
    """Send a small body that becomes 64 MiB when it is unpacked."""
    return replace(answer, body=_bomb(), headers=(*answer.headers, ("Content-Encoding", "gzip")))


def huge(answer: Answer) -> Answer:
    """Put 8 MiB of nothing in front of the document."""
    return replace(answer, body=b" " * _HUGE_BYTES + answer.body)


def nested(answer: Answer) -> Answer:
    """Send a list in a list in a list, deeper than a parser likes."""
    return replace(answer, body=b"[" * _DEPTH + b"]" * _DEPTH)


def mistyped(answer: Answer) -> Answer:
    """Turn every value of the document into one of another type."""
    return _mapped(answer, _other_type)


def with_values(answer: Answer, keys: Collection[str], value: str) -> Answer:
    """Give these keys this value, wherever in the document they are."""

    def change(document: Any) -> Any:
        if isinstance(document, list):
            return [change(one) for one in document]
        if isinstance(document, dict):
            return {key: value if key in keys else change(one) for key, one in document.items()}
        return document

    return _mapped(answer, change)


def with_larger(answer: Answer, keys: Collection[str]) -> Answer:
    """Make these numbers larger by one."""

    def change(document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        return {key: one + 1 if key in keys and type(one) is int else one for key, one in document.items()}

    return _mapped(answer, change)


def without_items(answer: Answer, keys: Collection[str]) -> Answer:
    """Empty the lists of a page, and leave what it says about other pages as it is.

    An empty key stands for a page that is nothing but a list.
    """

    def change(document: Any) -> Any:
        if not isinstance(document, dict):
            return [] if "" in keys and isinstance(document, list) else document
        return {key: [] if key in keys and isinstance(one, list) else one for key, one in document.items()}

    return _mapped(answer, change)


def with_block(answer: Answer, contract: WireContract) -> Answer:
    """Put a time off into a list of appointments: it has no patient, and a status of its own."""

    def change(document: Any) -> Any:
        if not (rows := rows_of(document, contract)):
            return document
        shown = rows[0].get("resource", rows[0])
        block = {key: _OF_A_BLOCK.get(key, value) for key, value in shown.items()}
        block |= dict.fromkeys(contract.status_keys, "Blocked")
        rows.append({**rows[0], "resource": block} if "resource" in rows[0] else block)
        if isinstance(document, dict):
            document |= {word: document[word] + 1 for word in contract.total_keys if word in document}
        return document

    return _mapped(answer, change)


def rows_of(document: Any, contract: WireContract) -> list[dict[str, Any]]:
    """Return the list in a document of a contract; an empty key stands for one that is nothing else."""
    if isinstance(document, list):
        return document if "" in contract.items_keys else []
    return next((document[key] for key in contract.items_keys if document.get(key)), [])


def _mapped(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    if not answer.body:
        return answer
    return replace(answer, body=json.dumps(change(json.loads(answer.body)), ensure_ascii=False).encode())


def _other_type(value: Any) -> Any:
    match value:
        case dict():
            return {key: _other_type(one) for key, one in value.items()}
        case list():
            return [_other_type(one) for one in value]
        case str():
            return len(value)
        case None:
            return []
    return f"about {value}"


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * _BOMB_BYTES, compresslevel=9)
