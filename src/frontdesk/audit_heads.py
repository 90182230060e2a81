"""Heads of the audit to keep elsewhere: one a line, signed or not.

A chain of digests has no secret in it: who may write the database can work out all of it anew
from an altered event on. A head that was kept where that person cannot reach shows it. Signed
by Ed25519 (https://www.rfc-editor.org/rfc/rfc8032) it may lie anywhere: nobody without the key
can make a line or alter one, though anybody who can write the file can take lines out.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from frontdesk.audit import Head

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LONGEST = 4_096
"""Characters that a line may have."""

_LAST_EVENT = 2**62
_CONTEXT = b"frontdesk audit head\n"
"""Signed in front of each head: a signature that the same key made for another purpose never counts for a head."""


class NoHead(ValueError):
    """A line is no head, or not signed by the key that was asked for; the text says which line, and why."""


class NoKey(ValueError):
    """What was given is no key."""


def new_key() -> str:
    """Return a new private key, as one line of text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes_raw().hex()


def public_key(private: str) -> str:
    """Return the public key of a private one, 64 hexadecimal digits. Raises NoKey."""
    return _private(private).public_key().public_bytes_raw().hex()


def line(head: Head, private: str | None = None) -> str:
    """Return a head as a line without its end, signed if there is a private key. Raises NoKey."""
    content = _content(head)
    if private is not None:
        signature = _private(private).sign(_signed(head))
        content |= {"key": public_key(private), "signature": signature.hex()}
    return json.dumps(content, sort_keys=True)


def read(lines: Iterable[str], public: str | None = None) -> list[Head]:
    """Return the heads of a file, each signed by the key whose public half is given. Raises NoHead, NoKey."""
    is_signed = None if public is None else _verifier(public)
    heads = []
    for number, text in enumerate(lines, 1):
        try:
            content = json.loads(text)
            at = datetime.fromisoformat(content["at"])
            head = Head(str(content["store"]), content["number"], str(content["digest"]), at)
            signature = bytes.fromhex(str(content.get("signature", "")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise NoHead(f"line {number} is no head of an audit") from None
        is_event = type(head.number) is int and 0 <= head.number <= _LAST_EVENT
        if at.tzinfo is None or not is_event or len(text) > LONGEST:
            raise NoHead(f"line {number} is no head of an audit")
        if is_signed is not None and not is_signed(signature, head):
            raise NoHead(f"line {number} is not signed by this key, or was altered")
        heads.append(head)
    return heads


def are_signed(lines: Sequence[str]) -> bool:
    """Whether any line says that it is signed."""
    return any('"signature"' in one for one in lines)


def _verifier(public: str) -> Callable[[bytes, Head], bool]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    except ValueError:
        raise NoKey("a public key has 64 hexadecimal digits") from None

    def is_signed(signature: bytes, head: Head) -> bool:
        try:
            key.verify(signature, _signed(head))
        except InvalidSignature:
            return False
        return True

    return is_signed


def _private(private: str) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    except ValueError:
        raise NoKey("it is no key that signs heads of an audit") from None


def _content(head: Head) -> dict[str, str | int]:
    at = head.at.astimezone(UTC).isoformat(timespec="seconds")
    return {"at": at, "digest": head.digest, "number": head.number, "store": head.store}


def _signed(head: Head) -> bytes:
    return _CONTEXT + json.dumps(_content(head), sort_keys=True).encode()
