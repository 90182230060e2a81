"""What a PMS proves itself by when it asks to be read: a secret, or a signature of its request's body."""

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

_SCHEME = "sha256="


async def _nothing(_: str) -> None:
    """Nothing is read from here."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the header called `header` must hold: `secret` itself, or the body's HMAC-SHA256 by it."""

    header: str
    secret: bytes = field(repr=False)
    is_hmac: bool = False

    def is_given(self, presented: str, body: bytes) -> bool:
        """Whether a request proves who sends it. It takes as long for a wrong proof as for the right one."""
        given = presented.strip().encode("utf-8", "surrogateescape")
        if not self.is_hmac:
            return hmac.compare_digest(given, self.secret)
        signed = hmac.digest(self.secret, body, "sha256")
        bare = given.removeprefix(_SCHEME.encode())
        # Some write it in hexadecimal digits, some in Base64.
        in_digits = hmac.compare_digest(bare.lower(), signed.hex().encode())
        return hmac.compare_digest(bare, base64.b64encode(signed)) or in_digits


@dataclass(frozen=True, slots=True)
class Waking:
    """The connections that may ask to be read, each with its proof, and what has one read soon."""

    proofs: Mapping[str, Proof] = field(default_factory=dict)
    read_soon: Callable[[str], Awaitable[None]] = _nothing

    def is_proven(self, connection: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a request is a connection's own; of one that is not there nothing is."""
        proof = self.proofs.get(connection, _NOBODYS)
        presented = headers.get(proof.header, "")
        return proof.is_given(presented, body) and connection in self.proofs and bool(presented)


_NOBODYS = Proof("X-Signature", b"nobody has this secret", is_hmac=True)
