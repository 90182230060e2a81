"""Praktika as the simulator speaks it: what frontdesk assumes, version 0; not the vendor's own reference."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.openings import openings
from frontdesk.demo.simulator.praktika_documents import Documents, hours, patient, provider
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
    marked,
    person,
    text,
)

REASON_LIMIT = 255
_LARGEST_PAGE = 100

_REFUSALS = {
    Refused.UNAUTHORISED: (401, "unauthorised"),
    Refused.FORBIDDEN: (403, "forbidden"),
    Refused.NOT_FOUND: (404, "not_found"),
    Refused.CHANGED: (409, "changed"),
    Refused.ALREADY: (409, "already_cancelled"),
    Refused.IN_PAST: (409, "in_past"),
    Refused.ARRIVED: (409, "arrived"),
    Refused.INVALID: (422, "invalid"),
}

_POSTS = {
    "cancel": Operation.CANCEL,
    "move": Operation.RESCHEDULE,
    "dna": Operation.NO_SHOW,
    "booked": Operation.TAKE_BACK_NO_SHOW,
}
_GETS = {
    "ping": Operation.PING,
    "appointments": Operation.LIST,
    "providers": Operation.PRACTITIONERS,
    "availability": Operation.OPENINGS,
    "locations": Operation.LOCATIONS,
    "blocks": Operation.BLOCKS,
}

_EVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""All times that an appointment can have, and room for a diary that is seen an hour off."""


class Praktika:
    """Paths below `/api/v0`, an API key and a practice in headers, instants with an offset."""

    status_keys = frozenset({"status"})
    items_keys = frozenset({"items"})
    total_keys = frozenset({"total"})
    page_parameters = frozenset({"page"})

    def __init__(self, account: SimulatedAccount, diary: Diary) -> None:
        self._account = account
        self._diary = diary
        self._documents = Documents(account)

    def call(self, request: Request) -> Call:
        """Return what a request asks for."""
        match request.method, request.path:
            case "GET", ("api", "v0", word) if word in _GETS:
                return Call(_GETS[word])
            case "GET", ("api", "v0", "appointments", ref):
                return Call(Operation.READ, ref)
            case "GET", ("api", "v0", "patients", ref):
                return Call(Operation.PATIENT, ref)
            case "GET", ("api", "v0", "providers", ref, "hours"):
                return Call(Operation.HOURS, ref)
            case "POST", ("api", "v0", "appointments", ref, word) if word in _POSTS:
                return Call(_POSTS[word], ref, str(request.document().get("requestId") or ""))
        return Call(Operation.OTHER)

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        if request.headers.get("x-api-key") != self._account.key:
            raise Refusal(Refused.UNAUTHORISED)
        if request.headers.get("x-practice", "") != self._account.tenant:
            raise Refusal(Refused.FORBIDDEN)
        match call.operation:
            case Operation.PING:
                return Answer.of(200, {"ok": True, "time": self._documents.instant(now)})
            case Operation.READ:
                return Answer.of(200, self._documents.appointment(self._entry(call.ref)))
            case Operation.LIST:
                return self._list(request)
            case Operation.PATIENT:
                return Answer.of(200, patient(person(self._diary, self._account.name, call.ref)))
            case Operation.PRACTITIONERS | Operation.LOCATIONS | Operation.BLOCKS | Operation.HOURS:
                return Answer.of(200, {"items": self._items(request, call)})
            case Operation.OPENINGS:
                return self._availability(request)
            case Operation.OTHER:
                raise Refusal(Refused.NOT_FOUND)
        return self._write(request, call, now)

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no with a code."""
        status, code = _REFUSALS[refusal.why]
        error = {"code": code}
        if refusal.why is Refused.INVALID:
            error |= {"field": refusal.field, "message": refusal.message}
        merged = {"merged_into": refusal.merged_into} if refusal.merged_into else {}
        return Answer.of(status, {"error": error, **merged})

    def pending(self, call: Call) -> Answer:
        """Say that a request was taken. The contract has no such answer: a client has to doubt it."""
        return Answer.of(202, {"id": call.ref, "accepted": True})

    def _entry(self, ref: str) -> Entry:
        entry = self._diary.entry(self._account.name, ref)
        if entry is None or entry.moved_to or entry.gone:
            raise Refusal(Refused.NOT_FOUND)
        return entry

    def _write(self, request: Request, call: Call, now: datetime) -> Answer:
        """Carry out a write once: the same request id again gets the same answer."""
        document = request.document()
        try:
            UUID(call.request_id)
        except ValueError:
            raise Refusal(Refused.INVALID, "requestId", "is not a UUID") from None
        about = f"{call.operation} {call.ref}"
        if known := self._diary.ledger.answer_to(self._account.name, call.request_id):
            if known[0] != about:
                raise Refusal(Refused.INVALID, "requestId", "was used for something else")
            return Answer(200, known[1], Answer.of(200, {}).headers)
        entry = self._entry(call.ref)
        answer = Answer.of(
            200, self._documents.appointment(self._changed(entry, call.operation, document, now))
        )
        self._diary.ledger.keep_answer(self._account.name, call.request_id, about, answer.body)
        return answer

    def _changed(self, entry: Entry, operation: Operation, document: dict[str, Any], now: datetime) -> Entry:
        if entry.status is EntryStatus.CANCELLED:
            raise Refusal(Refused.ALREADY)
        if operation in (Operation.NO_SHOW, Operation.TAKE_BACK_NO_SHOW):
            return marked(self._diary, self._account.name, entry, operation, now)
        reason = text(document, "reason", REASON_LIMIT)
        expected = document.get("expectedUpdatedAt")
        if expected and instant(expected, "expectedUpdatedAt") != entry.updated_at.replace(microsecond=0):
            raise Refusal(Refused.CHANGED)
        if entry.status is not EntryStatus.BOOKED:
            raise Refusal(Refused.ARRIVED)
        if entry.starts_at <= now:
            raise Refusal(Refused.IN_PAST)
        if operation is Operation.CANCEL:
            return self._diary.change(
                self._account.name, entry, now, status=EntryStatus.CANCELLED, reason=reason
            )
        return self._diary.change(self._account.name, entry, now, **self._move(document, now))

    def _move(self, document: dict[str, Any], now: datetime) -> dict[str, Any]:
        start, end = instant(document.get("start"), "start"), instant(document.get("end"), "end")
        if start <= now:
            raise Refusal(Refused.INVALID, "start", "has passed")
        if end <= start:
            raise Refusal(Refused.INVALID, "end", "is not after the start")
        provider = str(document.get("provider") or "")
        name = self._diary.practitioner_name(self._account.name, provider)
        if name is None:
            raise Refusal(Refused.INVALID, "provider", "is not known")
        return {
            "starts_at": start,
            "ends_at": end,
            "practitioner_ref": provider,
            "practitioner_name": name,
        }

    def _list(self, request: Request) -> Answer:
        since = request.asked("updatedSince")
        window = Window(
            *self._span(request),
            request.asked("provider"),
            instant(since, "updatedSince") if since else None,
            location_ref=request.asked("location"),
        )
        page, size = request.number("page", 1), request.number("pageSize", _LARGEST_PAGE)
        if page < 1 or not 1 <= size <= _LARGEST_PAGE:
            raise Refusal(Refused.INVALID, "page" if page < 1 else "pageSize", "is out of range")
        entries, whole = self._diary.entries(self._account.name, window, size, (page - 1) * size)
        items = [self._documents.appointment(entry) for entry in entries]
        pages = max(1, -(-whole // size))
        return Answer.of(200, {"items": items, "page": page, "pages": pages, "total": whole})

    def _items(self, request: Request, call: Call) -> list[dict[str, Any]]:
        account, register, documents = self._account.name, self._diary.register, self._documents
        match call.operation:
            case Operation.LOCATIONS:
                return [documents.location(one) for one in register.sites(account)]
            case Operation.BLOCKS:
                return [documents.block(one) for one in register.times_off(account, *self._span(request))]
            case Operation.HOURS:
                return [hours(one) for one in register.shifts(account, call.ref)]
        return [provider(one) for one in register.practitioners(account)]

    def _availability(self, request: Request) -> Answer:
        provider = request.asked("provider")
        found = openings(self._diary, self._account, provider, self._span(request))
        slots = [
            {
                "start": self._documents.instant(one.start),
                "end": self._documents.instant(one.end),
                "provider": provider,
            }
            for one in found
        ]
        return Answer.of(200, {"slots": slots})

    def _span(self, request: Request) -> tuple[datetime, datetime]:
        """Return the window that is asked for: a day without an end, and without either all that changed."""
        if request.asked("updatedSince") and not request.asked("from"):
            return _EVER
        start = instant(request.asked("from"), "from")
        end = request.asked("to")
        return start, instant(end, "to") if end else start + timedelta(days=1)
