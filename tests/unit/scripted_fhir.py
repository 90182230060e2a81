"""A FHIR server that answers what it was told to, and an adapter that asks it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient
from frontdesk.pms.fhir import FhirPms
from frontdesk.pms.fhir_wire import FhirWire
from frontdesk.pms.port import Account
from frontdesk.pms.profile import Auth
from frontdesk.pms.signing import SignIn

BASE = "https://fhir.example/fhir/R4"
NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
ID = UUID("0b9f7c3e-5d0a-4a7e-9b1c-2f6f0e8a4d11")
DAY = (datetime(2026, 11, 25, 13, 30, tzinfo=UTC), datetime(2026, 11, 26, 13, 30, tzinfo=UTC))

BOOKED: dict[str, Any] = {
    "resourceType": "Appointment",
    "id": "a-1",
    "meta": {"versionId": "4"},
    "status": "booked",
    "start": "2026-11-26T10:30:00+10:30",
    "end": "2026-11-26T11:00:00.250+10:30",
    "minutesDuration": 30,
    "appointmentType": {"coding": [{"code": "CHECKUP", "display": "Check-up"}]},
    "participant": [
        {"actor": {"reference": f"{BASE}/Practitioner/3/_history/2", "display": "Dr Mai Lee"}},
        {"actor": {"reference": "Patient/55", "display": "Rosalind Example"}, "status": "accepted"},
        {"actor": {"reference": "Location/1", "display": "Adelaide"}},
    ],
}

Reply = Answer | Exception | Mapping[str, Any]


def answer(document: object = None, status: int = 200, **headers: str) -> Answer:
    body = b"" if document is None else json.dumps(document).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def outcome(diagnostics: str = "", text: str = "", severity: str = "error") -> dict[str, Any]:
    issue = {
        "severity": severity,
        "code": "processing",
        "diagnostics": diagnostics,
        "details": {"text": text},
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


class Server(HttpClient):
    """Answers what it was told to, one after the other, and keeps what it was asked.

    What it says of itself is `metadata`, where that is not one of the replies. `by_path` has what it answers
    at an address whenever it is asked.
    """

    def __init__(self, *replies: Reply) -> None:
        super().__init__()
        self.metadata: Mapping[str, Any] | None = None
        self.by_path: Mapping[str, Reply] = {}
        self.replies = list(replies)
        self.asked: list[tuple[str, str, Any, dict[str, str]]] = []
        self.written: list[bytes] = []

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        json: object = None,
    ) -> Answer:
        if url.endswith("/metadata") and self.metadata is not None:
            return answer(self.metadata)
        self.asked.append((method, url, params, dict(headers or {})))
        if content is not None:
            self.written.append(content)
        reply = self.by_path[url] if url in self.by_path else self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Answer) else answer(reply)


def pms(server: Server, release: str = "R4", *, says_release: bool = True) -> FhirPms:
    """Return an adapter; unless the test scripts that too, the server says that it speaks the release."""
    return FhirPms(wire(server, release, says_release=says_release))


def wire(server: Server, release: str = "R4", *, says_release: bool = True) -> FhirWire:
    """Return what asks a server; the arguments are those of `pms`."""
    if says_release:
        version = {"R4": "4.0.1", "R5": "5.0.0"}[release]
        server.metadata = {"resourceType": "CapabilityStatement", "fhirVersion": version}
    account = Account(
        "clinic",
        "fhir",
        base_url=f"{BASE}/",
        credentials={"secret": "fhir-clinic"},
        fhir_version=release,
    )
    sign_in = SignIn("FHIR", Auth(kind="bearer"), account, lambda _: "t", server, lambda: NOW)
    return FhirWire(account, server, sign_in, lambda: NOW)
