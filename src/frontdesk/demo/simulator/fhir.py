"""A FHIR server with Appointment, Practitioner and Slot, R4 or R5, as the simulator speaks it.

Sources: https://hl7.org/fhir/R4/http.html (versions, search, paging) and
https://hl7.org/fhir/R4/appointment.html. It demands If-Match, as Oracle's does.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.records import Entry, EntryStatus, Window
from frontdesk.demo.simulator.wire import (
    Answer,
    Call,
    Operation,
    Refusal,
    Refused,
    Request,
    SimulatedAccount,
    instant,
)

_JSON = "application/fhir+json; charset=utf-8"
_LARGEST_PAGE = 100

_CODES = {
    EntryStatus.BOOKED: "booked",
    EntryStatus.ARRIVED: "arrived",
    EntryStatus.COMPLETED: "fulfilled",
    EntryStatus.CANCELLED: "cancelled",
    EntryStatus.NO_SHOW: "noshow",
}
_WRITES = {"cancelled": Operation.CANCEL, "noshow": Operation.NO_SHOW}
_STATUSES = {code: status for status, code in _CODES.items()}

_REFUSALS = {
    Refused.UNAUTHORISED: (401, "login"),
    Refused.FORBIDDEN: (403, "forbidden"),
    Refused.NOT_FOUND: (404, "not-found"),
    Refused.CHANGED: (412, "conflict"),
    Refused.ALREADY: (422, "business-rule"),
    Refused.IN_PAST: (422, "business-rule"),
    Refused.ARRIVED: (422, "business-rule"),
    Refused.INVALID: (422, "invalid"),
}

_UNDERSTOOD = frozenset(
    (
        "resourceType",
        "id",
        "meta",
        "status",
        "start",
        "end",
        "participant",
        "appointmentType",
        "cancelationReason",
        "cancellationReason",
    )
)


class FhirServer:
    """Paths below the service base, a bearer token, weak ETags, OperationOutcomes."""

    status_keys = frozenset({"status"})
    items_keys = frozenset({"entry"})
    total_keys = frozenset({"total"})
    page_parameters = frozenset({"_offset"})

    def __init__(self, account: SimulatedAccount, diary: Diary) -> None:
        self._account = account
        self._diary = diary
        self._reason_element = (
            "cancelationReason" if account.fhir_version.startswith("4") else "cancellationReason"
        )

    def call(self, request: Request) -> Call:
        """Return what a request asks for; a PUT says it by the status of what is put, and what it was."""
        match request.method, request.path:
            case "GET", ("metadata",):
                return Call(Operation.PING)
            case "GET", ("Appointment",):
                return Call(Operation.LIST)
            case "GET", ("Appointment", ref):
                return Call(Operation.READ, ref)
            case "GET", ("Slot", ref):
                return Call(Operation.SLOT, ref)
            case "GET", ("Practitioner",):
                return Call(Operation.PRACTITIONERS)
            case "PUT", ("Appointment", ref):
                return Call(self._meant(request, ref), ref)
        return Call(Operation.OTHER)

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        if request.headers.get("authorization") != f"Bearer {self._account.key}":
            raise Refusal(Refused.UNAUTHORISED)
        match call.operation:
            case Operation.PING:
                said = {"resourceType": "CapabilityStatement", "fhirVersion": self._account.fhir_version}
                return _resource(200, said)
            case Operation.SLOT:
                status = "free" if self._account.frees_slots else "busy"
                return _resource(200, {"resourceType": "Slot", "id": call.ref, "status": status})
            case Operation.READ:
                return self._shown(self._entry(call.ref))
            case Operation.LIST:
                return self._search(request)
            case Operation.PRACTITIONERS:
                return self._practitioners()
            case Operation.OTHER:
                raise Refusal(Refused.NOT_FOUND)
        return self._put(request, call, now)

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no with an OperationOutcome."""
        status, code = _REFUSALS[refusal.why]
        said = f"{refusal.field} {refusal.message}".strip()
        issue = {"severity": "error", "code": code, "details": {"text": said}}
        return _resource(status, {"resourceType": "OperationOutcome", "issue": [issue]})

    def pending(self, call: Call) -> Answer:
        """Say that a change was accepted, to be applied later."""
        issue = {
            "severity": "information",
            "code": "informational",
            "diagnostics": f"{call.operation} accepted",
        }
        return _resource(202, {"resourceType": "OperationOutcome", "issue": [issue]})

    def _entry(self, ref: str) -> Entry:
        entry = self._diary.entry(self._account.name, ref)
        if entry is None:
            raise Refusal(Refused.NOT_FOUND)
        return entry

    def _put(self, request: Request, call: Call, now: datetime) -> Answer:
        entry = self._entry(call.ref)
        resource = request.document()
        if (resource.get("resourceType"), resource.get("id")) != ("Appointment", call.ref):
            raise Refusal(Refused.INVALID, "id", "is not that of the address")
        if request.headers.get("if-match") != _etag(entry):
            raise Refusal(Refused.CHANGED)
        changes = self._changes(entry, resource)
        if entry.status is EntryStatus.CANCELLED and changes["status"] is entry.status:
            return self._shown(entry)
        expected = (
            EntryStatus.NO_SHOW if call.operation is Operation.TAKE_BACK_NO_SHOW else EntryStatus.BOOKED
        )
        if entry.status is not expected:
            raise Refusal(Refused.ARRIVED, "status", f"is {_CODES[entry.status]}")
        return self._shown(self._diary.change(self._account.name, entry, now, **changes))

    def _meant(self, request: Request, ref: str) -> Operation:
        status = str(request.document().get("status"))
        if status in _WRITES:
            return _WRITES[status]
        entry = self._diary.entry(self._account.name, ref)
        is_back = status == "booked" and entry is not None and entry.status is EntryStatus.NO_SHOW
        return Operation.TAKE_BACK_NO_SHOW if is_back else Operation.RESCHEDULE

    def _changes(self, entry: Entry, resource: Mapping[str, Any]) -> dict[str, Any]:
        status = _STATUSES.get(str(resource.get("status")))
        if status is None:
            raise Refusal(Refused.INVALID, "status", "is not known")
        practitioner = _actor(resource, "Practitioner") or entry.practitioner_ref
        name = self._diary.practitioner_name(self._account.name, practitioner)
        if name is None:
            raise Refusal(Refused.INVALID, "participant", "is not known")
        reason = resource.get(self._reason_element)
        return {
            "status": status,
            "starts_at": instant(resource.get("start"), "start"),
            "ends_at": instant(resource.get("end"), "end"),
            "practitioner_ref": practitioner,
            "practitioner_name": name,
            "reason": str(reason.get("text", "")) if isinstance(reason, dict) else "",
            "more": {
                key: value for key, value in resource.items() if key not in _UNDERSTOOD or key in entry.more
            },
        }

    def _search(self, request: Request) -> Answer:
        bounds = {"ge": datetime.min.replace(tzinfo=UTC), "lt": datetime.max.replace(tzinfo=UTC)}
        for asked in request.query.get("date", ()):
            if asked[:2] not in bounds:
                raise Refusal(Refused.INVALID, "date", "has a prefix that is not supported")
            bounds[asked[:2]] = instant(asked[2:], "date")
        offset = request.number("_offset", 0)
        size = min(request.number("_count", _LARGEST_PAGE), _LARGEST_PAGE)
        window = Window(bounds["ge"], bounds["lt"])
        entries, whole = self._diary.entries(self._account.name, window, size, offset)
        url = f"http://{request.headers['host']}/{self._account.name}/Appointment"
        links = [{"relation": "self", "url": url}]
        if offset + len(entries) < whole:
            kept = {name: value for name, value in request.query.items() if name != "_offset"}
            query = urlencode({**kept, "_offset": offset + len(entries)}, doseq=True)
            links.append({"relation": "next", "url": f"{url}?{query}"})
        found = [self._document(entry) for entry in entries]
        return _bundle(found, whole, links)

    def _practitioners(self) -> Answer:
        people = self._diary.practitioners(self._account.name)
        found = [
            {
                "resourceType": "Practitioner",
                "id": one.ref,
                "active": one.is_active,
                "name": [{"text": one.name}],
            }
            for one in people
        ]
        return _bundle(found, len(found), [])

    def _shown(self, entry: Entry) -> Answer:
        return _resource(200, self._document(entry), ("ETag", _etag(entry)))

    def _document(self, entry: Entry) -> dict[str, Any]:
        document = {
            "resourceType": "Appointment",
            "id": entry.ref,
            "meta": {"versionId": str(entry.version), "lastUpdated": entry.updated_at.isoformat()},
            "status": _CODES[entry.status],
            "appointmentType": {"text": entry.appointment_type},
            "start": self._instant(entry.starts_at),
            "end": self._instant(entry.ends_at),
            "participant": [
                _participant("Patient", entry.patient_ref, entry.patient_name),
                _participant("Practitioner", entry.practitioner_ref, entry.practitioner_name),
            ],
            **entry.more,
        }
        document = {key: value for key, value in document.items() if value is not None}
        if entry.reason:
            document[self._reason_element] = {"text": entry.reason}
        return document

    def _instant(self, at: datetime) -> str:
        return at.astimezone(self._account.zone).isoformat()


def _resource(status: int, resource: Mapping[str, Any], *headers: tuple[str, str]) -> Answer:
    return Answer.of(status, resource, *headers, content_type=_JSON)


def _bundle(found: list[dict[str, Any]], whole: int, links: list[dict[str, str]]) -> Answer:
    return _resource(
        200,
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": whole,
            "link": links,
            "entry": [{"resource": one, "search": {"mode": "match"}} for one in found],
        },
    )


def _etag(entry: Entry) -> str:
    return f'W/"{entry.version}"'


def _participant(kind: str, ref: str, name: str) -> dict[str, Any]:
    return {"actor": {"reference": f"{kind}/{ref}", "display": name}, "status": "accepted"}


def _actor(resource: Mapping[str, Any], kind: str) -> str:
    for participant in resource.get("participant", ()):
        reference = str(participant.get("actor", {}).get("reference", ""))
        if reference.startswith(f"{kind}/"):
            return reference.removeprefix(f"{kind}/")
    return ""
