"""Who a FHIR Patient is (https://hl7.org/fhir/R4/patient.html); R5's says the same."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from frontdesk import text
from frontdesk.pms.fhir_json import Resource, table_of, tables_of, text_of
from frontdesk.pms.fhir_people import PATIENTS, read_reference
from frontdesk.pms.fhir_resources import id_of, name_of
from frontdesk.pms.port import PmsPatient

_UNSAID = frozenset(("new_patient",))
_NO_RANK = 1 << 31
"""Behind every rank that FHIR has: a positiveInt (https://hl7.org/fhir/R4/datatypes.html#positiveInt)."""


def patient(resource: Resource, base: str, today: date) -> PmsPatient:
    """Return who a Patient is; `base` is the server's address, and what ended before `today` is left out.

    Raises ContractDrift without an id. A birth date of which only the year is known is none.
    """
    return text.clean_fields(
        PmsPatient(
            ref=id_of(resource),
            name=name_of(resource),
            birth_date=_birth_date(resource.get("birthDate")),
            mobile=next(_reached(resource, today, _is_mobile), ""),
            email=next(_reached(resource, today, _is_email), ""),
            merged_into=_merged_into(resource, base),
            unsaid=_UNSAID,
        )
    )


def _birth_date(value: object) -> date | None:
    try:
        return (
            date.fromisoformat(value) if isinstance(value, str) and len(value) == len("1981-03-14") else None
        )
    except ValueError:
        return None


def _is_mobile(contact: Resource) -> bool:
    system, use = contact.get("system"), contact.get("use")
    return system == "sms" or (system == "phone" and use == "mobile")


def _is_email(contact: Resource) -> bool:
    return contact.get("system") == "email"


def _reached(resource: Resource, today: date, fits: Any) -> Iterator[str]:
    """Yield where somebody can be reached, the best first (https://hl7.org/fhir/R4/datatypes.html#ContactPoint)."""
    there: Iterable[Resource] = (
        one
        for one in tables_of(resource.get("telecom"))
        if fits(one) and one.get("use") != "old" and not _has_ended(one, today)
    )
    for one in sorted(there, key=_rank):
        if value := text_of(one.get("value")):
            yield value


def _rank(contact: Resource) -> int:
    rank = contact.get("rank")
    return rank if isinstance(rank, int) and not isinstance(rank, bool) else _NO_RANK


def _has_ended(contact: Resource, today: date) -> bool:
    end = text_of(table_of(contact.get("period")).get("end"))
    return bool(end) and end[: len("2026-11-26")] < today.isoformat()[: len(end)]


def _merged_into(resource: Resource, base: str) -> str:
    """Return the id of the Patient that replaces this one, empty where there is none on this server."""
    others = [
        read_reference(text_of(table_of(link.get("other")).get("reference")), resource, base)
        for link in tables_of(resource.get("link"))
        if link.get("type") == "replaced-by"
    ]
    refs = {ref for kind, ref in others if kind in PATIENTS and ref and "://" not in ref}
    return refs.pop() if len(refs) == 1 else ""
