"""An appointment as a diary has it, as an entry for the mirror: one patient, one practitioner, one time."""

from collections.abc import Mapping

from frontdesk.arrivals import DiaryEntry
from frontdesk.bookings import Patient
from frontdesk.pms.port import Appointment, One, PmsPatient, PmsPractitioner, Several, Unclear

CONTACTS = frozenset({"patient_dob", "patient_mobile", "patient_email", "new_patient"})
"""What an appointment alone does not say of its patient, by the names of a CSV file's columns."""

_NEVER_SAID = frozenset({"created_at"})


def patient_ref(appointment: Appointment) -> str:
    """Return the id of the patient of an appointment, empty where it names none."""
    return appointment.patients.ref if isinstance(appointment.patients, One) else ""


def why_no_booking(appointment: Appointment) -> str:
    """Return why an appointment cannot be a booking of one patient, or nothing where it can."""
    if isinstance(appointment.patients, Several):
        return "it is of several patients"
    if isinstance(appointment.patients, Unclear):
        return "its patient is told in a way that is not understood"
    if not (patient_ref(appointment) or appointment.patient_name or appointment.patient):
        return "it has no patient"
    return ""


def entry(
    appointment: Appointment,
    patient: PmsPatient | None,
    practitioners: Mapping[str, PmsPractitioner],
) -> DiaryEntry:
    """Return an appointment as the mirror takes it; `patient` is None where nobody was asked."""
    found = appointment.patient or patient
    who = appointment.practitioners
    practitioner = who.ref if isinstance(who, One) else ""
    name = appointment.practitioner_name
    if not name and practitioner in practitioners:
        name = practitioners[practitioner].name
    return DiaryEntry(
        ref=appointment.ref,
        status=appointment.status,
        starts_at=appointment.starts_at,
        patient=_patient(appointment, found),
        practitioner_ref=practitioner,
        practitioner_name=name,
        ends_at=appointment.ends_at,
        appointment_type=appointment.appointment_type,
        fee=appointment.fee,
        reason=appointment.reason,
        time_text=appointment.time_text,
        raw_status=appointment.raw_status,
        since=appointment.since,
        version=appointment.version,
        updated_at=appointment.updated_at,
        previous_ref=appointment.previous,
        series_ref=appointment.series,
        unsaid=_unsaid(appointment, found),
    )


def _unsaid(appointment: Appointment, found: PmsPatient | None) -> frozenset[str]:
    """Return of what neither the appointment nor its patient says anything."""
    of_patient = CONTACTS if found is None else found.unsaid | _not_known(found)
    has_fee = frozenset[str]() if appointment.fee is not None else frozenset({"fee"})
    return _NEVER_SAID | has_fee | appointment.unsaid | of_patient


def _not_known(found: PmsPatient) -> frozenset[str]:
    """Return what a PMS does not know of a patient: that erases nothing which is known here."""
    known = {
        "patient_dob": found.birth_date,
        "patient_mobile": found.mobile,
        "patient_email": found.email,
        "new_patient": found.is_new is not None,
    }
    return frozenset(name for name, value in known.items() if not value)


def _patient(appointment: Appointment, found: PmsPatient | None) -> Patient:
    ref = patient_ref(appointment)
    if found is None:
        return Patient(appointment.patient_name, None, "", "", pms_ref=ref)
    return Patient(
        found.name or appointment.patient_name,
        found.birth_date,
        found.mobile,
        found.email,
        is_new=found.is_new,
        pms_ref=found.ref or ref,
    )
