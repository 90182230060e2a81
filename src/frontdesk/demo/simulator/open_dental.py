"""Open Dental as the simulator speaks it, after the vendor's documents.

Source: https://www.opendental.com/site/apispecification.html. What they do not say is ours: the words of a refusal, the
order of a list, and that the days of a history are those on which it was written.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from frontdesk import times
from frontdesk.demo.simulator import open_dental_documents as documents
from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.open_dental_documents import Documents
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
    text,
)

NOTE_LIMIT = 10_000
_LARGEST_PAGE = 100
_ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

_STATUS_CODES = {Refused.UNAUTHORISED: 401, Refused.FORBIDDEN: 401, Refused.NOT_FOUND: 404}
_LISTS = {
    "appointments": Operation.LIST,
    "providers": Operation.PRACTITIONERS,
    "clinics": Operation.LOCATIONS,
    "operatories": Operation.LOCATIONS,
    "histappointments": Operation.HISTORY,
}
_SCHEDULES = {"Blockout": Operation.BLOCKS, "Provider": Operation.HOURS}
_MINUTE = timedelta(minutes=1)


class OpenDental:
    """Paths below `/api/v1`, two keys in one header, wall clock times, a bare list for every list."""

    status_keys = frozenset({"AptStatus"})
    items_keys = frozenset({""})
    total_keys = frozenset[str]()
    page_parameters = frozenset({"Offset"})

    def __init__(self, account: SimulatedAccount, diary: Diary) -> None:
        self._account = account
        self._diary = diary
        self._authorization = f"ODFHIR {account.key}/{account.tenant}"

    def call(self, request: Request) -> Call:
        """Return what a request asks for."""
        match request.method, request.path[2:]:
            case "GET", ("providers",) if request.asked("Limit") == "1":
                return Call(Operation.PING)
            case "GET", ("schedules",):
                return Call(_SCHEDULES.get(request.asked("SchedType"), Operation.OTHER))
            case "GET", (word,) if word in _LISTS:
                return Call(_LISTS[word])
            case "GET", ("appointments", "Slots"):
                return Call(Operation.OPENINGS)
            case "GET", ("appointments", ref):
                return Call(Operation.READ, ref)
            case "GET", ("patients", ref):
                return Call(Operation.PATIENT, ref)
            case "PUT", ("appointments", ref, "Break"):
                is_missed = request.document().get("breakType") == "Missed"
                return Call(Operation.NO_SHOW if is_missed else Operation.CANCEL, ref)
            case "PUT", ("appointments", ref, "Note"):
                return Call(Operation.NOTE, ref)
            case "PUT", ("appointments", ref):
                is_back = "AptStatus" in request.document()
                return Call(Operation.TAKE_BACK_NO_SHOW if is_back else Operation.RESCHEDULE, ref)
        return Call(Operation.OTHER)

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        if request.path[:2] != ("api", "v1"):
            raise Refusal(Refused.NOT_FOUND)
        if request.headers.get("authorization") != self._authorization:
            raise Refusal(Refused.UNAUTHORISED)
        if request.headers.get("content-type") != "application/json":
            raise Refusal(Refused.INVALID, message="Content-Type must be application/json.")
        rows = Documents(
            self._account.zone, now, has_offset=request.asked("DateTimeFormatString").endswith(" zzz")
        )
        match call.operation:
            case Operation.READ:
                return Answer.of(200, rows.appointment(self._entry(call.ref)))
            case Operation.PATIENT:
                found = self._diary.register.person(self._account.name, call.ref)
                if found is None or found.merged_into:
                    raise Refusal(Refused.NOT_FOUND, message="Patient not found.")
                return Answer.of(200, documents.patient(found))
            case Operation.OTHER:
                raise Refusal(Refused.NOT_FOUND)
            case Operation.LIST | Operation.HISTORY:
                return Answer.of(200, self._appointments(request, call.operation, rows))
            case operation if request.method == "GET":
                found_rows = self._around(request, operation, rows)
                offset, size = _page(request)
                return Answer.of(200, found_rows[offset : offset + size])
        self._write(self._entry(call.ref), call.operation, request.document(), now)
        return Answer(200)

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no, with an explanation that is a text."""
        status = _STATUS_CODES.get(refusal.why, 400)
        said = f"{refusal.field} {refusal.message}".strip()
        return Answer.of(status, said)

    def pending(self, call: Call) -> Answer:
        """Say that a request was taken. Its documents have no such answer: a client has to doubt it."""
        return Answer(202)

    def _entry(self, ref: str) -> Entry:
        entry = self._diary.entry(self._account.name, ref)
        if entry is None or entry.gone:
            raise Refusal(Refused.NOT_FOUND, message="Appointment not found.")
        return entry

    def _write(self, entry: Entry, operation: Operation, document: Mapping[str, Any], now: datetime) -> None:
        match operation:
            case Operation.CANCEL | Operation.NO_SHOW:
                changes = self._broken(entry, operation, document)
            case Operation.NOTE:
                note = text(document, "Note", NOTE_LIMIT)
                changes = {"note": f"{entry.note}\r\n{note}" if entry.note else note}
            case Operation.TAKE_BACK_NO_SHOW:
                if document["AptStatus"] != "Scheduled":
                    raise Refusal(Refused.INVALID, "AptStatus", "is invalid.")
                changes = {"status": EntryStatus.BOOKED, "attendance": ""}
            case _:
                changes = self._moved(entry, document)
        if any(getattr(entry, name) != value for name, value in changes.items()):
            self._diary.change(self._account.name, entry, now, **changes)

    def _broken(self, entry: Entry, operation: Operation, document: Mapping[str, Any]) -> dict[str, Any]:
        if document.get("sendToUnscheduledList") not in ("true", "false"):
            raise Refusal(Refused.INVALID, "sendToUnscheduledList", "is required.")
        if entry.status not in (EntryStatus.BOOKED, EntryStatus.ARRIVED):
            raise Refusal(
                Refused.ALREADY, message="Only appointments with a status of Scheduled can be broken."
            )
        if operation is Operation.NO_SHOW:
            return {"status": EntryStatus.NO_SHOW}
        is_in_place = document["sendToUnscheduledList"] == "false"
        return {
            "status": EntryStatus.CANCELLED,
            "attendance": documents.IN_PLACE if is_in_place else "",
        }

    def _moved(self, entry: Entry, document: Mapping[str, Any]) -> dict[str, Any]:
        start = self._instant(document.get("AptDateTime"), "AptDateTime")
        steps = len(str(document.get("Pattern") or "")) or (entry.ends_at - entry.starts_at) // documents.STEP
        practitioner = str(document.get("ProvNum") or entry.practitioner_ref)
        name = self._diary.practitioner_name(self._account.name, practitioner)
        if name is None:
            raise Refusal(Refused.INVALID, "ProvNum", "is invalid.")
        return {
            "starts_at": start,
            "ends_at": start + steps * documents.STEP,
            "practitioner_ref": practitioner,
            "practitioner_name": name,
        }

    def _appointments(self, request: Request, operation: Operation, rows: Documents) -> list[dict[str, Any]]:
        offset, size = _page(request)
        stamp = request.asked("DateTStamp")
        # What was altered after the second that is named.
        since = self._instant(stamp, "DateTStamp") + timedelta(seconds=1) if stamp else None
        start, end = self._days(request)
        if operation is Operation.LIST:
            window = Window(start, end, updated_since=since, location_ref=request.asked("ClinicNum"))
            entries, _ = self._diary.entries(self._account.name, window, size, offset)
            return [rows.appointment(one) for one in entries]
        if ref := request.asked("AptNum"):
            return [rows.history(1, self._entry(ref))]
        deleted, _ = self._diary.entries(self._account.name, Window(deleted_since=start), size, offset)
        return [rows.history(offset + place, one) for place, one in enumerate(deleted, 1)]

    def _around(self, request: Request, operation: Operation, rows: Documents) -> list[dict[str, Any]]:
        """Return what is around the appointments."""
        account, register = self._account, self._diary.register
        people = register.practitioners(account.name)
        match operation:
            case Operation.PRACTITIONERS | Operation.PING:
                return [rows.provider(one) for one in people]
            case Operation.LOCATIONS if request.path[-1] == "clinics":
                return [documents.clinic(one) for one in register.sites(account.name)]
            case Operation.LOCATIONS:
                return [documents.operatory(one, self._site_of(one.ref)) for one in people]
            case Operation.BLOCKS:
                off = register.times_off(account.name, *self._days(request))
                return [row for one in off for row in rows.blockouts(one)]
            case Operation.HOURS:
                shifts = [one for person in people for one in register.shifts(account.name, person.ref)]
                start, end = (one.astimezone(account.zone).date() for one in self._days(request))
                days = [start + timedelta(days=place) for place in range((end - start).days)]
                found = [(day, one) for day in days for one in shifts if one.weekday == day.isoweekday()]
                return [rows.shift(place, one, day) for place, (day, one) in enumerate(found, 1)]
        return self._slots(request, rows)

    def _site_of(self, practitioner_ref: str) -> str:
        shifts = self._diary.register.shifts(self._account.name, practitioner_ref)
        return shifts[0].location_ref

    def _slots(self, request: Request, rows: Documents) -> list[dict[str, Any]]:
        least = request.number("lengthMinutes", 0) * _MINUTE
        found = openings(self._diary, self._account, request.asked("ProvNum"), self._days(request))
        return [
            {
                "DateTimeStart": rows.moment(one.start),
                "DateTimeEnd": rows.moment(one.end),
                "ProvNum": documents.number(one.practitioner_ref),
                "OpNum": documents.number(one.practitioner_ref),
            }
            for one in found
            if one.end - one.start >= least
        ]

    def _days(self, request: Request) -> tuple[datetime, datetime]:
        """Return the days that are asked for, the last one included, and otherwise all of them."""
        start = request.asked("dateStart") or request.asked("date")
        end = request.asked("dateEnd") or request.asked("date")
        if not start or not end:
            return _ALWAYS
        first, last = self._midnight(start), self._midnight(end, later=timedelta(days=1))
        return first, last

    def _midnight(self, said: str, later: timedelta = timedelta(0)) -> datetime:
        try:
            day = date.fromisoformat(said) + later
        except ValueError:
            raise Refusal(Refused.INVALID, "date", "format must be yyyy-MM-dd.") from None
        return times.from_local(datetime.combine(day, time(0)), self._account.zone)

    def _instant(self, said: object, field: str) -> datetime:
        try:
            local = datetime.strptime(str(said), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  the practice's wall clock
        except ValueError:
            raise Refusal(Refused.INVALID, field, "format must be yyyy-MM-dd HH:mm:ss.") from None
        return times.from_local(local, self._account.zone)


def _page(request: Request) -> tuple[int, int]:
    offset, size = request.number("Offset", 0), request.number("Limit", _LARGEST_PAGE)
    if offset < 0 or size < 1:
        raise Refusal(Refused.INVALID, "Offset", "is invalid.")
    return offset, min(size, _LARGEST_PAGE)
