"""Cliniko as the simulator speaks it, after the vendor's documents.

Source: https://github.com/redguava/cliniko-api and https://docs.api.cliniko.com. What they
do not say is ours: how long a note may be, and what a second cancel is answered.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from frontdesk.demo.simulator.cliniko_documents import REASONS, Documents
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
    person,
    text,
)

NOTE_LIMIT = 1_000
_LARGEST_PAGE = 100

_STATUS_CODES = {
    Refused.UNAUTHORISED: 401,
    Refused.FORBIDDEN: 403,
    Refused.NOT_FOUND: 404,
    Refused.CHANGED: 409,
}
_LISTS = {
    "practitioners": Operation.PRACTITIONERS,
    "businesses": Operation.LOCATIONS,
    "unavailable_blocks": Operation.BLOCKS,
    "daily_availabilities": Operation.HOURS,
}
_AGENT = re.compile(r".+ \(.+@.+\)")
_FILTER = re.compile(r"([a-z_]+):(>=|<=|>|<|=)(.+)")


class Cliniko:
    """Paths below `/v1`, the key as a user name, a User-Agent with an address, links between things."""

    status_keys = frozenset[str]()
    items_keys = frozenset({"individual_appointments"})
    total_keys = frozenset({"total_entries"})
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
            case "GET", ("v1", word) if word in _LISTS:
                return Call(_LISTS[word])
            case "GET", ("v1", "patients", ref):
                return Call(Operation.PATIENT, ref)
            case "GET", ("v1", "individual_appointments"):
                return Call(Operation.LIST)
            case "GET", ("v1", "individual_appointments", ref):
                return Call(Operation.READ, ref)
            case "PATCH", ("v1", "individual_appointments", ref, "cancel"):
                return Call(Operation.CANCEL, ref)
            case "PATCH", ("v1", "individual_appointments", ref):
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
                return Answer.of(200, self._documents(request).appointment(self._entry(call.ref)))
            case Operation.LIST:
                return self._list(request)
            case Operation.PATIENT:
                found = person(self._diary, self._account.name, call.ref)
                return Answer.of(200, self._documents(request).patient(found))
            case Operation.PRACTITIONERS | Operation.LOCATIONS | Operation.BLOCKS | Operation.HOURS:
                return self._around(request, call.operation)
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
        return Answer.of(200, self._documents(request).appointment(entry))

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
        if not isinstance(code, int) or code not in REASONS:
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
            more={**entry.more, "cancellation_reason": code},
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
        page, size = request.number("page", 1), request.number("per_page", 50)
        if page < 1 or not 1 <= size <= _LARGEST_PAGE:
            raise Refusal(Refused.INVALID, "page" if page < 1 else "per_page", "is out of range")
        entries, whole = self._diary.entries(
            self._account.name, self._window(request), size, (page - 1) * size
        )
        documents = self._documents(request)
        links = {"self": f"{documents.base}/individual_appointments"}
        if page * size < whole:
            query = urlencode({**request.query, "page": page + 1}, doseq=True)
            links["next"] = f"{links['self']}?{query}"
        return Answer.of(
            200,
            {
                "individual_appointments": [documents.appointment(entry) for entry in entries],
                "total_entries": whole,
                "links": links,
            },
        )

    def _window(self, request: Request) -> Window:
        """Return what the filters ask for; cancelled and archived ones only where a filter is about them.

        The vendor's documents contradict each other there, and this is the harder reading.
        """
        known: dict[str, Any] = {"with_cancelled": False}
        for field, way, value in self._filters(request):
            match field, way:
                case "business_id", "=":
                    known["location_ref"] = value
                case "starts_at", ">=" | ">":
                    known["start"] = instant(value, field)
                case "starts_at", "<" | "<=":
                    known["end"] = instant(value, field)
                case "updated_at" | "cancelled_at" | "archived_at", ">=":
                    known[f"{field.removesuffix('_at')}_since"] = instant(value, field)
                case _:
                    raise Refusal(Refused.INVALID, "q", "has a filter that is not allowed")
        return Window(**{**known, "with_cancelled": "archived_since" in known})

    def _filters(self, request: Request) -> Iterator[tuple[str, str, str]]:
        for asked in request.query.get("q[]", ()):
            wanted = _FILTER.fullmatch(asked)
            if wanted is None:
                raise Refusal(Refused.INVALID, "q", "has a filter that is not allowed")
            yield wanted[1], wanted[2], wanted[3]

    def _around(self, request: Request, operation: Operation) -> Answer:
        """List what is around the appointments, on one page."""
        documents, register, account = self._documents(request), self._diary.register, self._account.name
        people = register.practitioners(account)
        match operation:
            case Operation.LOCATIONS:
                found = [documents.business(one) for one in register.sites(account)]
            case Operation.BLOCKS:
                bounds = {field: instant(value, field) for field, _, value in self._filters(request)}
                found = [
                    documents.unavailable_block(one)
                    for one in register.times_off(account, bounds["ends_at"], bounds["starts_at"])
                ]
            case Operation.HOURS:
                shifts = [one for person in people for one in register.shifts(account, person.ref)]
                days = groupby(shifts, lambda one: (one.practitioner_ref, one.weekday, one.location_ref))
                found = [documents.daily_availability([*day]) for _, day in days]
            case _:
                found = [documents.practitioner(one) for one in people]
        return Answer.of(200, documents.listed(request.path[-1], found))

    def _documents(self, request: Request) -> Documents:
        base = f"http://{request.headers['host']}/{self._account.name}/v1"
        return Documents(base, self._account.time_zone)


def _meant(document: Mapping[str, Any]) -> Operation:
    if "did_not_arrive" not in document:
        return Operation.RESCHEDULE
    return Operation.NO_SHOW if document["did_not_arrive"] else Operation.TAKE_BACK_NO_SHOW
