"""What a message about an appointment says (SIU_S12, HL7 version 2, chapter 10).

S12 is new, S13 moved, S14 changed, S15 cancelled, S16 ended before its time, S17 deleted since it was an error, S26
means that the patient did not come. S18 to S22 are about a service or a room within an appointment, S23 and S24
about times off: neither is a booking.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Pushed
from frontdesk.bookings import Patient
from frontdesk.pms.hl7.messages import EMPTY, Message, NotTaken, Segment
from frontdesk.telephones import numbers

AHEAD = timedelta(minutes=15)
"""How far a sender's clock may be ahead: a message from the future would make later ones count as old."""

LONGEST_ID = 199

_BOOKED = frozenset({"S12", "S13", "S14"})
_ENDED = {
    "S15": AppointmentStatus.CANCELLED,
    "S16": AppointmentStatus.CANCELLED,
    "S17": None,
    "S26": AppointmentStatus.NO_SHOW,
}
_NO_BOOKING = frozenset({"S18", "S19", "S20", "S21", "S22", "S23", "S24"})

_WORDS = {
    "booked": AppointmentStatus.BOOKED,
    "pending": AppointmentStatus.BOOKED,
    "overbook": AppointmentStatus.BOOKED,
    "started": AppointmentStatus.ARRIVED,
    "complete": AppointmentStatus.COMPLETED,
    "cancelled": AppointmentStatus.CANCELLED,
    "dc": AppointmentStatus.CANCELLED,
    "noshow": AppointmentStatus.NO_SHOW,
}
"""SCH-25, by table 0278; any other word is nobody's guess."""

_BLOCKED = "blocked"

_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?(?:([+-])(\d\d)(\d\d))?", re.ASCII
)
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)\d*(?:[.+-]\d+)*", re.ASCII)
_MINUTES = {"": 1.0, "min": 1.0, "m": 1.0, "minutes": 1.0, "s": 1 / 60, "sec": 1 / 60, "h": 60.0, "hr": 60.0}
_LONGEST = timedelta(days=1)

_CELLULAR, _TELEPHONES = "CP", ("", "PH")


def site(message: Message) -> str:
    """Return the site of the appointment: the facility of AIL-3, else its point of care; empty where none is named."""
    for segment in message.segments("AIL"):
        if found := segment.said(3, 4) or segment.said(3):
            return "" if found == EMPTY else found
    return ""


def pushed(message: Message, zone: ZoneInfo, now: datetime) -> Pushed | None:
    """Return what a message says, None where it is about no booking. Times without an offset are of `zone`.

    Raises NotTaken.
    """
    head = message.head
    event = head.event
    if event in _NO_BOOKING:
        return None
    if event not in _BOOKED and event not in _ENDED:
        raise NotTaken("MSH-9 is no event about an appointment that is known: SIU, S12 to S24 and S26 are")
    if not 0 < len(head.control_id) <= LONGEST_ID:
        raise NotTaken(f"MSH-10 is empty or longer than {LONGEST_ID}: every message needs an id")
    sent_at = _instant(head[7].strip(), zone)
    if sent_at is None:
        raise NotTaken("MSH-7 says no time: without it nobody knows which message is the later one")
    if sent_at > now + AHEAD:
        raise NotTaken("MSH-7 lies in the future: set the clock of the machine that sends")
    schedules = message.segments("SCH")
    if len(schedules) != 1:
        raise NotTaken("a message needs one SCH segment")
    (schedule,) = schedules
    ref = _filled(schedule.said(2)) or _filled(schedule.said(1))
    if not 0 < len(ref) <= LONGEST_ID:
        raise NotTaken(
            f"SCH-2 and SCH-1 are empty or longer than {LONGEST_ID}: every appointment needs an id"
        )
    word = schedule.said(25) or schedule.said(25, 2)
    said = "".join(letter for letter in word.casefold() if letter.isalpha())
    if said == _BLOCKED:
        return None
    if event in _ENDED:
        status = _ENDED[event]
    else:
        status = _WORDS.get(said, AppointmentStatus.OTHER) if said else AppointmentStatus.BOOKED
    reason = schedule.said(6, 2) or schedule.said(6)
    made = Pushed(
        f"{head.component(3)}/{head.component(4)}",
        head.control_id,
        sent_at,
        ref,
        status,
        raw_status=word or event,
        reason=_filled(reason) if status is AppointmentStatus.CANCELLED else "",
    )
    if status is None:
        return made
    return _with_entry(made, status, message, schedule, zone, now, is_needed=event in _BOOKED)


def _with_entry(
    made: Pushed,
    status: AppointmentStatus,
    message: Message,
    schedule: Segment,
    zone: ZoneInfo,
    now: datetime,
    *,
    is_needed: bool,
) -> Pushed:
    """Return it with all that it says of the appointment; what only ends one may say little."""
    patients = message.segments("PID")
    if len({(one.said(3), one.said(5)) for one in patients}) > 1:
        raise NotTaken("it is of several patients: a booking has one")
    start = next(_starts(message, schedule), "")
    starts_at = _instant(start, zone)
    who = _practitioner(message)
    if start and starts_at is None:
        raise NotTaken("its start is no day and time as the standard has them")
    is_whole = bool(patients) and starts_at is not None
    if not is_whole or starts_at is None:
        if is_needed:
            raise NotTaken("it does not say for whom (PID), and from when (SCH-11, TQ1-7 or AIS-4)")
        return made
    patient, unsaid = _patient(patients[0], now.astimezone(zone).date())
    if not patient.name and not patient.pms_ref:
        if is_needed:
            raise NotTaken("PID has neither an id nor a name")
        return made
    if who is None and is_needed and message.head.event == "S12":
        raise NotTaken("it does not say with whom: AIP-3 or AIG-3")
    practitioner_ref, practitioner_name = who or ("", "")
    kind = _kind(message, schedule)
    ends_at = _end(message, schedule, starts_at, zone)
    entry = DiaryEntry(
        ref=made.ref,
        status=status,
        starts_at=starts_at,
        patient=patient,
        practitioner_ref=practitioner_ref,
        practitioner_name=practitioner_name,
        ends_at=ends_at,
        appointment_type=kind,
        time_text=start,
        raw_status=made.raw_status,
        reason=made.reason,
        since=made.sent_at if status in _SINCE else None,
        updated_at=made.sent_at,
        unsaid=unsaid
        | _NEVER_SAID
        | (frozenset() if kind else {"appointment_type"})
        | (frozenset() if ends_at else {"ends_at"})
        | (frozenset() if who else {"practitioner", "pms_practitioner_ref"}),
    )
    return Pushed(
        made.sender, made.number, made.sent_at, made.ref, status, entry, made.raw_status, made.reason
    )


_SINCE = frozenset({AppointmentStatus.ARRIVED, AppointmentStatus.NO_SHOW})
_NEVER_SAID = frozenset({"fee", "created_at", "new_patient"})


def _filled(value: str) -> str:
    return "" if value == EMPTY else value


def _instant(written: str, zone: ZoneInfo) -> datetime | None:
    """Return a time (2.A.22) in UTC, None for what is none, or has no hour."""
    found = _TIME.fullmatch(written)
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001
        if sign is None:
            return times.from_local(local, zone)
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
        return local.replace(tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return None


def _starts(message: Message, schedule: Segment) -> Iterator[str]:
    """Yield where a message says from when the appointment is."""
    places = [(schedule, 11, 4)]
    for name, field in (("TQ1", 7), ("AIS", 4), ("AIP", 6), ("AIG", 8), ("AIL", 6)):
        places += [(segment, field, 1) for segment in message.segments(name)]
    for segment, field, component in places:
        if found := _filled(segment.said(field, component)):
            yield found


def _end(message: Message, schedule: Segment, starts_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return until when it is, None where the message does not tell it in a way that can be."""
    written = [schedule.said(11, 5), *(one.said(8) for one in message.segments("TQ1"))]
    ends_at = next((end for one in written if (end := _instant(one, zone))), None)
    if ends_at is None:
        lengths = [(schedule, 9, 10)]
        for name, field in (("AIS", 7), ("AIP", 9)):
            lengths += [(segment, field, field + 1) for segment in message.segments(name)]
        for segment, field, unit in lengths:
            number, factor = segment.said(field), _MINUTES.get(segment.said(unit).casefold())
            if factor and number.isascii() and number.isdecimal() and len(number) < 7:
                ends_at = starts_at + timedelta(minutes=int(number) * factor)
                break
    return ends_at if ends_at is not None and starts_at < ends_at <= starts_at + _LONGEST else None


def _practitioner(message: Message) -> tuple[str, str] | None:
    """Return the id and the name of whom it is with: the first AIP, else the first AIG. None where nobody is named."""
    for segment in message.segments("AIP"):
        ref, name = segment.said(3), _name(segment, 3, 2)
        if ref or name:
            return _filled(ref), name or ref
    for segment in message.segments("AIG"):
        ref, name = segment.said(3), _filled(segment.said(3, 2))
        if ref or name:
            return _filled(ref), name or ref
    return None


def _name(segment: Segment, field: int, first: int) -> str:
    """Return `Given Family` of a name that begins at a component; a title stands before it."""
    family, given = segment.said(field, first), segment.said(field, first + 1)
    title = segment.said(field, first + 4) if first > 1 else ""
    return " ".join(filter(None, map(_filled, (title, given, family))))


def _kind(message: Message, schedule: Segment) -> str:
    """Return the type of the appointment: the service (AIS-3), else SCH-8 or SCH-7."""
    places = [(segment, 3) for segment in message.segments("AIS")] + [(schedule, 8), (schedule, 7)]
    named = (_filled(segment.said(field, 2)) or _filled(segment.said(field)) for segment, field in places)
    return next(filter(None, named), "")


def _patient(segment: Segment, today: date) -> tuple[Patient, frozenset[str]]:
    """Return who a PID is, and what it does not say; what is empty there on purpose is said."""
    unsaid = set()
    born = segment.said(7)
    birth_date = _day(born, today)
    if birth_date is None and born != EMPTY:
        unsaid.add("patient_dob")
    mobile, email = _mobile(segment), _email(segment)
    is_emptied = segment.said(13) == EMPTY
    if not mobile and not is_emptied:
        unsaid.add("patient_mobile")
    if not email and not is_emptied:
        unsaid.add("patient_email")
    patient = Patient(_name(segment, 5, 1), birth_date, mobile, email, pms_ref=_filled(segment.said(3)))
    return patient, frozenset(unsaid)


def _day(written: str, today: date) -> date | None:
    found = _DAY.fullmatch(written)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
    return day if day is None or day <= today else None


def _numbers(segment: Segment) -> Iterator[tuple[str, str]]:
    """Yield the equipment and the number of each telephone in PID-13, PID-14 and PID-40."""
    for field in (13, 14, 40):
        for repetition in range(1, segment.repetitions(field) + 1):
            number = segment.said(field, 1, repetition)
            if not number:
                number = segment.said(field, 6, repetition) + segment.said(field, 7, repetition)
            number = number or segment.said(field, 12, repetition)
            if number and number != EMPTY and "@" not in number:
                yield segment.said(field, 3, repetition).upper(), number


def _mobile(segment: Segment) -> str:
    """Return the mobile: what is marked so, else the first telephone."""
    found = [(kind, number) for kind, number in _numbers(segment) if numbers(number)]
    cellular = [number for kind, number in found if kind == _CELLULAR]
    return next(iter(cellular or [number for kind, number in found if kind in _TELEPHONES]), "")


def _email(segment: Segment) -> str:
    for field in (13, 14, 40):
        for repetition in range(1, segment.repetitions(field) + 1):
            for component in (4, 1):
                if "@" in (found := segment.said(field, component, repetition)):
                    return found
    return ""
