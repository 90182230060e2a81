"""Cliniko as the simulator speaks it, after the vendor's documents.

Source: https://github.com/redguava/cliniko-api and https://docs.api.cliniko.com. What they
do not say is ours: how long a note may be, and what a second cancel is answered.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Window
from frontdesk.demo.simulator.wire import (
    Answer,
    Call,
    Operation,
    Refusal,
    Refused,
    Request,
    SimulatedAccount,
    instant,
    text,
)

NOTE_LIMIT = 1_000
_LARGEST_PAGE = 100
_REASONS = {
    10: "Feeling better",
    20: "Condition worse",
    30: "Sick",
    31: "COVID-19 related",
    40: "Away",
    50: "Other",
    60: "Work",
}

_STATUS_CODES = {
    Refused.UNAUTHORISED: 401,
    Refused.FORBIDDEN: 403,
    Refused.NOT_FOUND: 404,
    Refused.CHANGED: 409,
}
_AGENT = re.compile(r".+ \(.+@.+\)")
_FILTER = re.compile(r"starts_at:(>=|<|>|<=)(.+)")


class Cliniko:
    """Paths below `/v1`, the key as a user name, a User-Agent with an address, links between things."""

    status_keys = frozenset[str]()
    items_keys = frozenset({"individual_appointments"})
    page_parameters = frozenset({"page"})

    def __init__(self, account: SimulatedAccount, diary: Diary) -> None:
        self._account = account
        self._diary = diary
        self._authorization = "Basic " + b64encode(f"{account.key}:".encode()).decode()

    def call(self, request: Request) -> Call:
        """Return what a request asks for."""
        match request.method, request.path:
            case "GET", ("v1", "settings", "public"):
                return Call(Operation.PING)
            case "GET", ("v1", "practitioners"):
                return Call(Operation.PRACTITIONERS)
            case "GET", ("v1", "individual_appointments"):
                return Call(Operation.LIST)
            case "GET", ("v1", "individual_appointments", ref):
                return Call(Operation.READ, ref)
            case "PATCH", ("v1", "individual_appointments", ref, "cancel"):
                return Call(Operation.CANCEL, ref)
            case "PUT" | "PATCH", ("v1", "individual_appointments", ref):
                return Call(_meant(request.document()), ref)
        return Call(Operation.OTHER)

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        if request.headers.get("authorization") != self._authorization:
            raise Refusal(Refused.UNAUTHORISED)
        if not _AGENT.fullmatch(request.headers.get("user-agent", "")):
            raise Refusal(Refused.FORBIDDEN, message="the User-Agent has no address to write to")
        match call.operation:
            case Operation.PING:
                return Answer.of(200, {"account": {"country": "Australia"}})
            case Operation.READ:
                return Answer.of(200, self._document(self._entry(call.ref), request))
            case Operation.LIST:
                return self._list(request)
            case Operation.PRACTITIONERS:
                return self._practitioners(request)
            case Operation.OTHER:
                raise Refusal(Refused.NOT_FOUND)
        entry = self._entry(call.ref)
        document = request.document()
        if call.operation is Operation.CANCEL:
            self._cancel(entry, document, now)
            return Answer(204)
        changes = self._changes(entry, document)
        if any(getattr(entry, name) != value for name, value in changes.items()):
            entry = self._diary.change(self._account.name, entry, now, **changes)
        return Answer.of(200, self._document(entry, request))

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no; of what is invalid, by field."""
        status = _STATUS_CODES.get(refusal.why, 422)
        if status == 422:
            return Answer.of(422, {"errors": {refusal.field or "base": refusal.message}})
        return Answer.of(status, {"message": refusal.message})

    def pending(self, call: Call) -> Answer:
        """Say that a request was taken. Its documents have no such answer: a client has to doubt it."""
        return Answer.of(202, {"id": call.ref})

    def _entry(self, ref: str) -> Entry:
        entry = self._diary.entry(self._account.name, ref)
        if entry is None:
            raise Refusal(Refused.NOT_FOUND)
        return entry

    def _cancel(self, entry: Entry, document: Mapping[str, Any], now: datetime) -> None:
        code = document.get("cancellation_reason")
        if not isinstance(code, int) or code not in _REASONS:
            raise Refusal(Refused.INVALID, "cancellation_reason", "is not included in the list")
        note = text(document, "cancellation_note", NOTE_LIMIT)
        if entry.status is EntryStatus.CANCELLED:
            raise Refusal(Refused.ALREADY, "cancelled_at", "is already set")
        self._diary.change(
            self._account.name,
            entry,
            now,
            status=EntryStatus.CANCELLED,
            reason=note,
            more={**entry.more, "cancelled_at": _utc(now), "cancellation_reason": code},
        )

    def _changes(self, entry: Entry, document: Mapping[str, Any]) -> dict[str, Any]:
        if entry.status is EntryStatus.CANCELLED:
            raise Refusal(Refused.ALREADY, "cancelled_at", "is already set")
        if "did_not_arrive" in document:
            return {"status": EntryStatus.NO_SHOW if document["did_not_arrive"] else EntryStatus.BOOKED}
        start = instant(document.get("starts_at"), "starts_at")
        end = document.get("ends_at")
        practitioner = str(document.get("practitioner_id") or entry.practitioner_ref)
        name = self._diary.practitioner_name(self._account.name, practitioner)
        if name is None:
            raise Refusal(Refused.INVALID, "practitioner_id", "is not known")
        return {
            "starts_at": start,
            "ends_at": instant(end, "ends_at") if end else start + (entry.ends_at - entry.starts_at),
            "practitioner_ref": practitioner,
            "practitioner_name": name,
        }

    def _list(self, request: Request) -> Answer:
        start = end = None
        for asked in request.query.get("q[]", ()):
            wanted = _FILTER.fullmatch(asked)
            if wanted is None:
                raise Refusal(Refused.INVALID, "q", "has a filter that is not allowed")
            bound = instant(wanted[2], "starts_at")
            start, end = (bound, end) if wanted[1].startswith(">") else (start, bound)
        page, size = request.number("page", 1), request.number("per_page", 50)
        if page < 1 or not 1 <= size <= _LARGEST_PAGE:
            raise Refusal(Refused.INVALID, "page" if page < 1 else "per_page", "is out of range")
        entries, whole = self._diary.entries(self._account.name, Window(start, end), size, (page - 1) * size)
        links = {"self": self._url(request, "individual_appointments")}
        if page * size < whole:
            query = urlencode({**request.query, "page": page + 1}, doseq=True)
            links["next"] = f"{links['self']}?{query}"
        return Answer.of(
            200,
            {
                "individual_appointments": [self._document(entry, request) for entry in entries],
                "total_entries": whole,
                "links": links,
            },
        )

    def _practitioners(self, request: Request) -> Answer:
        people = self._diary.practitioners(self._account.name)
        found = [_practitioner(one) for one in people]
        links = {"self": self._url(request, "practitioners")}
        return Answer.of(200, {"practitioners": found, "total_entries": len(found), "links": links})

    def _url(self, request: Request, path: str) -> str:
        return f"http://{request.headers['host']}/{self._account.name}/v1/{path}"

    def _document(self, entry: Entry, request: Request) -> dict[str, Any]:
        code = entry.more.get("cancellation_reason")
        is_cancelled = entry.status is EntryStatus.CANCELLED
        return {
            "id": entry.ref,
            "starts_at": _utc(entry.starts_at),
            "ends_at": _utc(entry.ends_at),
            "cancelled_at": entry.more.get("cancelled_at", _utc(entry.updated_at)) if is_cancelled else None,
            "cancellation_reason": code,
            "cancellation_reason_description": _REASONS[code] if code else None,
            "cancellation_note": entry.reason or None,
            "deleted_at": None,
            "archived_at": None,
            "did_not_arrive": entry.status is EntryStatus.NO_SHOW,
            "patient_arrived": entry.status in {EntryStatus.ARRIVED, EntryStatus.COMPLETED},
            "patient_name": entry.patient_name,
            "updated_at": _utc(entry.updated_at),
            "patient": self._link(request, "patients", entry.patient_ref),
            "practitioner": self._link(request, "practitioners", entry.practitioner_ref),
            **{key: value for key, value in entry.more.items() if not key.startswith("cancel")},
        }

    def _link(self, request: Request, kind: str, ref: str) -> dict[str, Any]:
        return {"links": {"self": self._url(request, f"{kind}/{ref}")}}


def _meant(document: Mapping[str, Any]) -> Operation:
    if "did_not_arrive" not in document:
        return Operation.RESCHEDULE
    return Operation.NO_SHOW if document["did_not_arrive"] else Operation.TAKE_BACK_NO_SHOW


def _practitioner(one: Bookable) -> dict[str, Any]:
    title, _, names = one.name.rpartition(" ")[0].partition(" ")
    return {
        "id": one.ref,
        "title": title,
        "first_name": names,
        "last_name": one.name.rpartition(" ")[2],
        "label": one.name,
        "active": one.is_active,
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
