"""The canonical CSV: its columns, and what protects a spreadsheet from a cell."""

import re

COLUMNS = (
    "ref",
    "pms_ref",
    "practice",
    "patient_name",
    "patient_dob",
    "patient_mobile",
    "patient_email",
    "new_patient",
    "pms_patient_ref",
    "practitioner",
    "pms_practitioner_ref",
    "appointment_type",
    "starts_at",
    "ends_at",
    "fee",
    "created_at",
    "cancelled_at",
    "cancellation_reason",
    "cancelled_origin",
    "attendance",
    "attendance_at",
    "attendance_notice",
    "attendance_origin",
)

NOTE_COLUMNS = ("cancellation_note", "cancellation_filed")
"""What is for the practice only: written when it is asked for, and never read from a file."""

_LIVE = re.compile("'*[=+@\t\r\n\0\uff0b\uff0d\uff1d\uff20-]")
"""Beginnings a spreadsheet may run as a formula, the full-width ones too, guarded or not."""


def guard(cell: str) -> str:
    """Return `cell` so that a spreadsheet shows it as text: `'` before a formula's beginning."""
    return f"'{cell}" if _LIVE.match(cell) else cell


def unguard(cell: str) -> str:
    """Take one guard away again: `unguard(guard(cell)) == cell` for every cell."""
    return cell[1:] if cell[:1] == "'" and _LIVE.match(cell) else cell
