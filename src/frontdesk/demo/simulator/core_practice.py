"""Core Practice as the simulator speaks it: what frontdesk assumes, version 0; not the vendor's own reference."""

from datetime import UTC, datetime, timedelta
from typing import Any

from frontdesk.demo.simulator.core_practice_documents import WORDS, Documents, calendar, hours, number
from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.openings import openings
from frontdesk.demo.simulator.records import Entry, EntryStatus, Window
from frontdesk.demo.simulator.wire import (
    Answer,
    Call,
    Operation,
    Refusal,
    Refused,
    Request,
    SimulatedAccount,
    marked,
    person,
    text,
)

REASON_LIMIT, NOTE_LIMIT = 120, 1_000
_LARGEST_PAGE = 50

_REFUSALS = {
    Refused.UNAUTHORISED: (401, "unauthorized"),
    Refused.FORBIDDEN: (403, "forbidden"),
    Refused.NOT_FOUND: (404, "not_found"),
    Refused.CHANGED: (412, "version_mismatch"),
    Refused.ALREADY: (409, "already_cancelled"),
    Refused.IN_PAST: (422, "starts_in_past"),
    Refused.ARRIVED: (422, "not_scheduled"),
    Refused.INVALID: (422, "invalid"),
}


class _Moved(Exception):
    """The appointment was rescheduled: another one is in its place."""

    def __init__(self, new_ref: str) -> None:
        super().__init__(new_ref)
        self.new_ref = new_ref


class CorePractice:
    """Paths below `/v1/{tenant}`, a bearer token, wall clock times, and ETags."""

    status_keys = frozenset({"state"})
    items_keys = frozenset({"data"})
    total_keys = frozenset({"total"})
    page_parameters = frozenset({"cursor"})

    def __init__(self, account: SimulatedAccount, diary: Diary) -> None:
        self._account = account
        self._diary = diary
        self._documents = Documents(account)

    def call(self, request: Request) -> Call:
        """Return what a request asks for; a PATCH says it in its body."""
        if request.path[:2] != ("v1", self._account.tenant):
            return Call(Operation.OTHER)
        match request.method, request.path[2:]:
            case "GET", ("status",):
                return Call(Operation.PING)
            case "GET", ("appointments",):
                return Call(Operation.LIST)
            case "GET", ("appointments", ref):
                return Call(Operation.READ, ref)
            case "PATCH", ("appointments", ref):
                return Call(_meant(request.document()), ref)
            case "POST", ("appointments", ref, "reschedule"):
                return Call(Operation.RESCHEDULE, ref)
            case "GET", ("patients", ref):
                return Call(Operation.PATIENT, ref)
            case "GET", ("calendars",):
                return Call(Operation.PRACTITIONERS)
            case "GET", ("calendars", ref, "blocks"):
                return Call(Operation.BLOCKS, ref)
            case "GET", ("calendars", ref, "hours"):
                return Call(Operation.HOURS, ref)
            case "GET", ("calendars", ref, "openings"):
                return Call(Operation.OPENINGS, ref)
        return Call(Operation.OTHER)

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        if request.headers.get("authorization") != f"Bearer {self._account.key}":
            raise Refusal(Refused.UNAUTHORISED)
        try:
            return self._answer(request, call, now)
        except _Moved as moved:
            return Answer.of(410, {"error": "moved", "new_id": number(moved.new_ref)})

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no with a word, and which fields are wrong."""
        status, word = _REFUSALS[refusal.why]
        document: dict[str, Any] = {"error": word}
        if status == 422:
            document["fields"] = {refusal.field: refusal.message} if refusal.field else {}
        if refusal.merged_into:
            document["merged_into"] = number(refusal.merged_into)
        return Answer.of(status, document)

    def pending(self, call: Call) -> Answer:
        """Say that a change was accepted, to be applied later."""
        return Answer.of(202, {"data": {"pending": True}})

    def _answer(self, request: Request, call: Call, now: datetime) -> Answer:
        match call.operation:
            case Operation.PING:
                return Answer.of(200, {"data": {"healthy": True, "now": self._documents.local(now)}})
            case Operation.READ:
                return self._shown(self._entry(call.ref))
            case Operation.LIST:
                return self._list(request)
            case Operation.PATIENT:
                found = person(self._diary, self._account.name, call.ref)
                return Answer.of(200, {"data": self._documents.patient(found, now)})
            case Operation.PRACTITIONERS | Operation.BLOCKS | Operation.HOURS:
                return Answer.of(200, {"data": self._data(request, call)})
            case Operation.OPENINGS:
                return self._openings(request, call.ref)
            case Operation.OTHER:
                raise Refusal(Refused.NOT_FOUND)
        entry = self._entry(call.ref)
        expected = request.headers.get("if-match")
        if expected is not None and expected != f'"{entry.version}"':
            raise Refusal(Refused.CHANGED)
        if entry.status is EntryStatus.CANCELLED:
            raise Refusal(Refused.ALREADY)
        document = request.document()
        if call.operation is Operation.RESCHEDULE:
            return self._shown(self._rescheduled(entry, document, now), status=201)
        return self._shown(self._patched(entry, call.operation, document, now))

    def _entry(self, ref: str) -> Entry:
        entry = self._diary.entry(self._account.name, ref)
        if entry is None or entry.gone:
            raise Refusal(Refused.NOT_FOUND)
        if entry.moved_to:
            raise _Moved(entry.moved_to)
        return entry

    def _patched(self, entry: Entry, operation: Operation, document: dict[str, Any], now: datetime) -> Entry:
        attendance = text(document, "attendance", 3)
        if operation is Operation.NO_SHOW and attendance != "FTA":
            raise Refusal(Refused.INVALID, "attendance", "is not FTA")
        if operation is not Operation.CANCEL:
            return marked(self._diary, self._account.name, entry, operation, now, attendance=attendance)
        reason, note = text(document, "reason", REASON_LIMIT), text(document, "note", NOTE_LIMIT)
        if attendance not in {"UTA", "FTA"}:
            raise Refusal(Refused.INVALID, "attendance", "is neither UTA nor FTA")
        _check_open(entry, now)
        return self._diary.change(
            self._account.name,
            entry,
            now,
            status=EntryStatus.CANCELLED,
            attendance=attendance,
            reason=reason,
            note=note or entry.note,
        )

    def _rescheduled(self, entry: Entry, document: dict[str, Any], now: datetime) -> Entry:
        _check_open(entry, now)
        start = self._from_local(document.get("starts_at"), "starts_at")
        duration, calendar = document.get("duration"), str(document.get("calendar_id") or "")
        if start <= now:
            raise Refusal(Refused.INVALID, "starts_at", "has passed")
        if not isinstance(duration, int) or duration <= 0:
            raise Refusal(Refused.INVALID, "duration", "is not a number of minutes")
        name = self._diary.practitioner_name(self._account.name, calendar)
        if name is None:
            raise Refusal(Refused.INVALID, "calendar_id", "is not known")
        return self._diary.rebook(
            self._account.name,
            entry,
            now,
            starts_at=start,
            ends_at=start + timedelta(minutes=duration),
            practitioner_ref=calendar,
            practitioner_name=name,
        )

    def _list(self, request: Request) -> Answer:
        window = Window(
            *self._span(request, "starts_after", "starts_before"),
            request.asked("calendar_id"),
            with_cancelled=request.asked("include_cancelled") == "true",
        )
        size = request.number("limit", _LARGEST_PAGE)
        if not 1 <= size <= _LARGEST_PAGE:
            raise Refusal(Refused.INVALID, "limit", "is out of range")
        offset = _reached(request.asked("cursor", _cursor(0)))
        entries, whole = self._diary.entries(self._account.name, window, size, offset)
        reached = offset + len(entries)
        data = [self._documents.appointment(entry) for entry in entries]
        following = _cursor(reached) if reached < whole else None
        return Answer.of(200, {"data": data, "next_cursor": following, "total": whole})

    def _data(self, request: Request, call: Call) -> list[dict[str, Any]]:
        account, register = self._account.name, self._diary.register
        match call.operation:
            case Operation.BLOCKS:
                window = self._span(request, "from", "to")
                return [self._documents.block(one) for one in register.times_off(account, *window, call.ref)]
            case Operation.HOURS:
                return [hours(one) for one in register.shifts(account, call.ref)]
        return [calendar(one) for one in register.practitioners(account)]

    def _openings(self, request: Request, calendar: str) -> Answer:
        found = openings(self._diary, self._account, calendar, self._span(request, "from", "to"))
        return Answer.of(
            200, {"data": [{"starts_at": self._documents.local(one.start), "duration": 30} for one in found]}
        )

    def _span(self, request: Request, first: str, last: str) -> tuple[datetime, datetime]:
        # An hour that comes twice belongs to the window as a whole.
        start = self._from_local(request.asked(first), first)
        return start, self._from_local(request.asked(last), last, fold=1)

    def _from_local(self, value: object, field: str, fold: int = 0) -> datetime:
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            raise Refusal(Refused.INVALID, field, "is not a time") from None
        if found.tzinfo is not None:
            raise Refusal(Refused.INVALID, field, "has an offset")
        return found.replace(tzinfo=self._account.zone, fold=fold).astimezone(UTC)

    def _shown(self, entry: Entry, status: int = 200) -> Answer:
        return Answer.of(status, {"data": self._documents.appointment(entry)}, ("ETag", f'"{entry.version}"'))


def _cursor(reached: int) -> str:
    return f"after-{reached}"


def _reached(cursor: str) -> int:
    try:
        return int(cursor.removeprefix("after-"))
    except ValueError:
        raise Refusal(Refused.INVALID, "cursor", "is not known") from None


def _meant(document: dict[str, Any]) -> Operation:
    if document.get("state") == "cancelled":
        return Operation.CANCEL
    is_nothing = "attendance" in document and document["attendance"] is None
    return Operation.TAKE_BACK_NO_SHOW if is_nothing else Operation.NO_SHOW


def _check_open(entry: Entry, now: datetime) -> None:
    if entry.status is not EntryStatus.BOOKED:
        raise Refusal(Refused.ARRIVED, "state", f"is {WORDS[entry.status]}")
    if entry.starts_at <= now:
        raise Refusal(Refused.IN_PAST, "starts_at", "has passed")
