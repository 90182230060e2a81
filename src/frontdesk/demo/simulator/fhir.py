"""A FHIR server with Appointment and what is around it, R4 or R5, as the simulator speaks it.

Sources: https://hl7.org/fhir/R4/http.html (versions, search, paging) and
https://hl7.org/fhir/R4/appointment.html. It demands If-Match, as Oracle's does.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.fhir_resources import CODES, Resources
from frontdesk.demo.simulator.records import Entry, EntryStatus, Person, Window
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
_LARGEST_PAGE, _MANY = 100, 10_000
_ALWAYS = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

_LISTS = {
    "Practitioner": Operation.PRACTITIONERS,
    "Location": Operation.LOCATIONS,
    "Slot": Operation.BLOCKS,
    "PractitionerRole": Operation.HOURS,
}
_WRITES = {"cancelled": Operation.CANCEL, "noshow": Operation.NO_SHOW}
_STATUSES = {code: status for status, code in CODES.items()}

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
        self._resources = Resources(account)

    def call(self, request: Request) -> Call:
        """Return what a request asks for; a PUT says it by the status of what is put, and what it was."""
        match request.method, request.path:
            case "GET", ("metadata",):
                return Call(Operation.PING)
            case "GET", ("Appointment",):
                return Call(Operation.LIST)
            case "GET", ("Appointment", "_history"):
                return Call(Operation.HISTORY)
            case "GET", ("Appointment", ref):
                return Call(Operation.READ, ref)
            case "GET", ("Slot" | "Schedule", ref):
                return Call(Operation.SLOT, ref)
            case "GET", ("Patient", ref):
                return Call(Operation.PATIENT, ref)
            case "GET", (kind,) if kind in _LISTS:
                return Call(_LISTS[kind])
            case "PUT", ("Appointment", ref):
                return Call(self._meant(request, ref), ref)
        return Call(Operation.OTHER)

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        if request.headers.get("authorization") != f"Bearer {self._account.key}":
            raise Refusal(Refused.UNAUTHORISED)
        match call.operation:
            case Operation.PING:
                return _resource(200, self._resources.statement())
            case Operation.SLOT if request.path[0] == "Schedule":
                return _resource(200, self._resources.schedule(call.ref))
            case Operation.SLOT:
                status = "free" if self._account.frees_slots else "busy"
                return _resource(200, {"resourceType": "Slot", "id": call.ref, "status": status})
            case Operation.PATIENT:
                return _resource(200, self._resources.patient(self._person(call.ref)))
            case Operation.HISTORY if self._account.keeps_history:
                return self._history(request)
            case Operation.READ:
                return self._shown(self._entry(call.ref))
            case Operation.LIST:
                return self._search(request)
            case Operation.PRACTITIONERS | Operation.LOCATIONS | Operation.BLOCKS | Operation.HOURS:
                return self._around(request, call.operation)
            case Operation.OTHER | Operation.HISTORY:
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
        if entry is None or entry.moved_to or entry.gone:
            raise Refusal(Refused.NOT_FOUND)
        return entry

    def _person(self, ref: str) -> Person:
        """Return a patient; one who was merged is still there, and says into whom."""
        found = self._diary.register.person(self._account.name, ref)
        if found is None:
            raise Refusal(Refused.NOT_FOUND)
        return found

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
            raise Refusal(Refused.ARRIVED, "status", f"is {CODES[entry.status]}")
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
        reason = resource.get(self._resources.reason_element)
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
        window = Window(
            *_bounds(request, "date"),
            updated_since=_bounds(request, "_lastUpdated")[0],
            location_ref=request.asked("location").removeprefix("Location/"),
        )
        offset, size = _page(request)
        entries, whole = self._diary.entries(self._account.name, window, size, offset)
        found = [{"resource": self._resources.appointment(entry)} for entry in entries]
        return self._listed(request, found, whole, offset)

    def _history(self, request: Request) -> Answer:
        """Answer what was changed and what was deleted, the last change first."""
        since = instant(request.asked("_since"), "_since")
        windows = (Window(deleted_since=since), Window(updated_since=since))
        entries = [
            one for window in windows for one in self._diary.entries(self._account.name, window, _MANY, 0)[0]
        ]
        found = [
            self._resources.version(one)
            for one in sorted(entries, key=lambda one: one.updated_at, reverse=True)
        ]
        offset, size = _page(request)
        return self._listed(request, found[offset : offset + size], len(found), offset, kind="history")

    def _around(self, request: Request, operation: Operation) -> Answer:
        """Answer with what is around the appointments, on one page."""
        account, register = self._account.name, self._diary.register
        people, made = register.practitioners(account), self._resources
        match operation:
            case Operation.LOCATIONS:
                found = [made.location(one) for one in register.sites(account)]
            case Operation.BLOCKS:
                found = [made.slot(one) for one in register.times_off(account, *_bounds(request, "start"))]
            case Operation.HOURS:
                shifts = [(person, register.shifts(account, person.ref)) for person in people]
                found = [made.role(person, shifts) for person, shifts in shifts]
            case _:
                found = [made.practitioner(one) for one in people]
        return self._listed(request, [{"resource": one} for one in found], len(found), 0)

    def _listed(
        self, request: Request, found: list[dict[str, Any]], whole: int, offset: int, kind: str = "searchset"
    ) -> Answer:
        url = f"http://{request.headers['host']}/{self._account.name}/{'/'.join(request.path)}"
        links = [{"relation": "self", "url": url}]
        if offset + len(found) < whole and self._account.links_pages:
            kept = {name: value for name, value in request.query.items() if name != "_offset"}
            query = urlencode({**kept, "_offset": offset + len(found)}, doseq=True)
            links.append({"relation": "next", "url": f"{url}?{query}"})
        bundle = {"resourceType": "Bundle", "type": kind, "total": whole, "link": links, "entry": found}
        return _resource(200, bundle)

    def _shown(self, entry: Entry) -> Answer:
        return _resource(200, self._resources.appointment(entry), ("ETag", _etag(entry)))


def _resource(status: int, resource: Mapping[str, Any], *headers: tuple[str, str]) -> Answer:
    return Answer.of(status, resource, *headers, content_type=_JSON)


def _etag(entry: Entry) -> str:
    return f'W/"{entry.version}"'


def _actor(resource: Mapping[str, Any], kind: str) -> str:
    for participant in resource.get("participant", ()):
        reference = str(participant.get("actor", {}).get("reference", ""))
        if reference.startswith(f"{kind}/"):
            return reference.removeprefix(f"{kind}/")
    return ""


def _bounds(request: Request, name: str) -> tuple[datetime, datetime]:
    """Return from when until when something is asked for. Raises Refusal."""
    found = dict(zip(("ge", "lt"), _ALWAYS, strict=True))
    for asked in request.query.get(name, ()):
        if asked[:2] not in found:
            raise Refusal(Refused.INVALID, name, "has a prefix that is not supported")
        found[asked[:2]] = instant(asked[2:], name)
    return found["ge"], found["lt"]


def _page(request: Request) -> tuple[int, int]:
    return request.number("_offset", 0), min(request.number("_count", _LARGEST_PAGE), _LARGEST_PAGE)
