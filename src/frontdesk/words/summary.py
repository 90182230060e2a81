"""A booking in words: the dialog's summary, what follows a cancel, and the peek line.

Everything here is plain text, lines of a dialog with roles; what paints it never reads markup.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Booking, Cancellation, Patient, Practice
from frontdesk.deliveries import Kind, Planned, Reader, State, Way, reader
from frontdesk.words.fitting import SHORTEST_NAME, fitted, held, side_by_side
from frontdesk.words.told import TEXT_START, Part, Role, Told, labelled

SAME_NAME = "Same name"


def born_words(patient: Patient) -> str:
    """`born 14 Mar 1981`, or that it is not known."""
    return f"born {times.day_in_full(patient.birth_date)}" if patient.birth_date else "birth date not known"


def age_words(patient: Patient, now: datetime) -> str:
    """`, 45`: how old a patient is, to stand behind the birth date; empty where that is not known."""
    return f", {times.age(patient.birth_date, now.date())}" if patient.birth_date else ""


def fee_words(booking: Booking) -> str:
    """`$185.00`; empty where no fee is known."""
    return f"${booking.fee / 100:,.2f}" if booking.fee is not None else ""


def pms_ref_words(booking: Booking) -> str:
    """`Praktika ref A-17`: what the PMS calls the booking; empty where it is in none."""
    pms = booking.practice.pms
    return f"{pms.name} ref {booking.pms_ref}" if pms and booking.pms_ref else ""


def who(patient: Patient, room: int = sys.maxsize, age: str = "") -> str:
    """The patient as the dialog names them: name, birth date, mobile.

    In `room` cells the age is left out, then the name cut, and nothing else.
    """
    parts = _known_by(patient, "")
    for gap, shown in (("   ", _known_by(patient, age)), ("  ", _known_by(patient, age)), ("  ", parts)):
        whole = gap.join((held(patient.name), *shown))
        if cell_len(whole) <= room:
            return whole
    rest = "".join(f"  {part}" for part in parts)
    return fitted(patient.name, max(0, room - cell_len(rest))) + rest


def _known_by(patient: Patient, age: str) -> list[str]:
    return [part for part in (born_words(patient) + age, patient.mobile) if part]


def another_words(patient: Patient, namesakes: Sequence[Patient]) -> str:
    """Who else of this name is booked, and in what they differ; empty when nobody is."""
    if not namesakes:
        return ""
    if len(namesakes) > 1:
        return f"{len(namesakes)} others called {patient.name}"
    return f"another {patient.name}, {apart_words(patient, namesakes[0])}"


def apart_words(patient: Patient, other: Patient) -> str:
    """Return in what another patient of the same name differs from this one."""
    if other.birth_date is None or other.birth_date != patient.birth_date:
        return born_words(other)
    return f"same birth date, mobile {other.mobile}" if other.mobile else "same birth date, no mobile"


def time_words(booking: Booking, now: datetime, home: Practice | None, *, with_end: bool = False) -> str:
    """`Thu 26 Nov 2026 10:30   in 4 days   Adelaide time, 11:00 here`.

    The last part is there only when the clock on the desk's wall shows another time.
    """
    zone = booking.practice.zone
    parts = [times.when_in_full(booking.starts_at, zone)]
    if with_end and booking.ends_at:
        parts[0] += f" to {booking.ends_at.astimezone(zone):%H:%M}"
    if not with_end:
        parts.append(times.distance(booking.starts_at, now, zone))
    if home is not None:
        here = booking.starts_at.astimezone(home.zone)
        if here.utcoffset() != booking.starts_at.astimezone(zone).utcoffset():
            parts.append(f"{times.zone_name(zone)} time, {here:%H:%M} here")
    return "   ".join(parts)


def summary(
    booking: Booking,
    now: datetime,
    home: Practice | None,
    width: int = sys.maxsize,
) -> tuple[Told, Told, Told]:
    """Return the three lines about the booking, in `width` cells: the patient, the time, with whom."""
    room, patient = width - TEXT_START, booking.patient
    return (
        labelled("Patient", who(patient, room, age_words(patient, now)), Role.STRONG),
        labelled("Time", time_words(booking, now, home), Role.STRONG),
        labelled("With", _with(booking, room)),
    )


def _with(booking: Booking, room: int) -> str:
    """Return who sees the patient for what and where; in `room` cells the practice's name is the short one."""
    practice = booking.practice
    seen_by = booking.practitioner.name or "practitioner not known"
    known = (seen_by, booking.appointment_type, booking.ref)
    whole = side_by_side(*known, practice.name)
    if cell_len(whole) <= room:
        return whole
    in_short = [held(part) for part in (*known, practice.short) if part]
    return next(
        (one for gap in ("   ", "  ") if cell_len(one := gap.join(in_short)) <= room), "  ".join(in_short)
    )


AUTOMATICALLY = "is told automatically"
BY_HAND = "cancel it in {name} yourself as well"


def what_follows(
    booking: Booking, planned: Sequence[Planned], pms_says: str = AUTOMATICALLY
) -> tuple[Told, ...]:
    """Return a line each: what becomes of the PMS, who tells the patient how, the practice's own e-mail.

    `pms_says` is the sentence for a PMS that is told automatically.
    """
    return (pms_line(planned, pms_says, BY_HAND), _patient_line(booking, planned), *_practice_line(planned))


def pms_line(planned: Sequence[Planned], pms_says: str, by_hand: str) -> Told:
    """Return what becomes of the PMS. `by_hand` is what a person has to do there, with a place for its name."""
    for delivery in planned:
        if delivery.way is Way.PMS:
            if delivery.state is State.ATTENTION:
                name = delivery.target
                return labelled(name, f"! {delivery.note}: {by_hand.format(name=name)}")
            return labelled(delivery.target, pms_says)
    return labelled("Practice", "has no connected system. Nothing to do there")


def _patient_line(booking: Booking, planned: Sequence[Planned]) -> Told:
    label, patient = "The patient", booking.patient
    for delivery in planned:
        if delivery.kind == Kind.PATIENT_EMAIL:
            return labelled(label, f"e-mail to {delivery.target}")
        if delivery.kind == Kind.PATIENT_SMS:
            without = "" if patient.email else "   (no e-mail on file)"
            return labelled(label, f"SMS to {delivery.target}{without}")
        if delivery.kind == Kind.PATIENT_PHONE:
            number = f" {delivery.target}" if delivery.target else ""
            return labelled(label, f"! {delivery.note}: please ring{number}")
    pms = booking.practice.pms
    if pms is not None and pms.tells_patient:
        return labelled(label, f"is told by {pms.name}")
    return labelled(label, "is told by you: no e-mail or SMS is set up here")


def _practice_line(planned: Sequence[Planned]) -> Iterator[Told]:
    for delivery in planned:
        if delivery.kind == Kind.DESK_EMAIL:
            yield labelled("The practice", f"e-mail to {delivery.target}")


PATIENT_READS = "THE PATIENT READS THIS"


def reason_label(booking: Booking, room: int = sys.maxsize) -> tuple[str, str]:
    """Return what stands above the reason, in `room` cells: the field's name, and who will read it.

    The reader is always named whole. Where there is no room, the words say neither that the reason is
    optional nor by which way it is sent.
    """
    short, whole = "Cancellation Reason.", "Cancellation Reason, optional."
    match reader(booking, booking.practice):
        case Reader.PATIENT:
            reads = [f"{PATIENT_READS}."]
        case Reader.PERHAPS:
            name = booking.practice.pms.name if booking.practice.pms else ""
            reads = [f"{name} gets it, the patient may read it.", "The patient may read it."]
        case Reader.PRACTICE:
            reads = ["For the practice only."]
    labels = [(name, who_reads) for who_reads in reads for name in (whole, short)]
    return next((one for one in labels if cell_len(" ".join(one)) <= room), labels[-1])


def private_lines(done: Cancellation) -> tuple[Told, ...]:
    """Return what is for the practice only, as far as there is any: what it is filed as, and the note."""
    said = (("Filed as", done.filed), ("Note", done.note))
    return tuple(labelled(name, text) for name, text in said if text)


def needs_phone_call(planned: Sequence[Planned]) -> bool:
    """Whether nobody but the desk can tell the patient, so that the dialog offers the tick."""
    return any(delivery.kind == Kind.PATIENT_PHONE for delivery in planned)


def peek(booking: Booking, width: int) -> Told:
    """The line of the cursor's booking: what its row has no room for, as much as there is room for."""
    patient = booking.patient
    known = (
        born_words(patient),
        patient.mobile,
        booking.appointment_type,
        booking.ref,
    )
    for shown in (known, (*known[:2], booking.ref), known[:2], known[:1]):
        rest = "   ".join(held(part) for part in shown if part)
        room = width - len("   ") - cell_len(rest)
        if room >= min(cell_len(patient.name), SHORTEST_NAME):
            break
    name = fitted(patient.name, min(cell_len(patient.name), max(0, room)))
    return Told((Part(f" {held(name)}", Role.STRONG), Part(f"  {rest}")))


def is_same(one: Booking, other: Booking) -> bool:
    """Whether both are one booking as it stands.

    In a store that was put back versions begin anew, and an id may be another patient's.
    """
    return one.version == other.version and not changed_parts(one, other)


def changed_parts(old: Booking, new: Booking) -> tuple[str, ...]:
    """Return which parts of a booking differ, in the words of the dialog's labels."""
    parts = (
        ("time", (old.starts_at, old.ends_at) != (new.starts_at, new.ends_at)),
        ("practitioner", old.practitioner != new.practitioner),
        ("patient", old.patient != new.patient),
        ("type", old.appointment_type != new.appointment_type),
        ("attendance", old.attendance != new.attendance),
    )
    return tuple(name for name, differs in parts if differs)
