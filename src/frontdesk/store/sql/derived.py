"""What a booking's row carries besides, for days, searches and filters: made in this one place."""

from collections.abc import Collection, Mapping
from typing import Any

from frontdesk import times
from frontdesk.bookings import Practice
from frontdesk.identity import name_key, patient_key, reference_key
from frontdesk.store.search.pages import search_tags, search_text

Values = dict[str, Any]

_MAKE_WORDS = frozenset(
    {
        "patient_name",
        "patient_mobile",
        "patient_birth_date",
        "ref",
        "practitioner_id",
        "appointment_type",
    }
)
_MAKE_REFERENCE = frozenset({"patient_pms_ref", "practice_id"})
_MAKE_DAYS = frozenset({"starts_at", "practice_id"})
_MAKE_TAGS = frozenset({"practice_id", "practitioner_id", "cancelled"})


def derived_from(
    changed: Collection[str], values: Values, practitioner_name: str, practice: Practice
) -> Values:
    """Return those columns that follow from the ones that have changed.

    Words that stay as they are are not written: the search index would be made anew for them.
    """
    if not _MAKE_WORDS.isdisjoint(changed):
        return derived(values, practitioner_name, practice)
    return {
        **({} if _MAKE_REFERENCE.isdisjoint(changed) else _reference(values, practice)),
        **({} if _MAKE_DAYS.isdisjoint(changed) else _days(values, practice)),
        **({} if _MAKE_TAGS.isdisjoint(changed) else _tags(values, practice)),
    }


def derived(values: Values, practitioner_name: str, practice: Practice) -> Values:
    """Return the columns of a booking that follow from its others."""
    return {
        "name_key": name_key(values["patient_name"]),
        "patient_key": patient_key(
            values["patient_name"], values["patient_birth_date"], values["patient_mobile"]
        ),
        "search": search_text(
            patient_name=values["patient_name"],
            ref=values["ref"],
            practitioner_name=practitioner_name,
            appointment_type=values["appointment_type"],
            mobile=values["patient_mobile"],
            birth_date=values["patient_birth_date"],
        ),
        **_reference(values, practice),
        **derived_days(values, practice),
    }


def derived_days(values: Mapping[str, Any], practice: Practice) -> Values:
    """Return those that follow from the time, the practice's zone and what filters go by."""
    return {**_days(values, practice), **_tags(values, practice)}


def _reference(values: Mapping[str, Any], practice: Practice) -> Values:
    return {"patient_ref_key": reference_key(practice, values["patient_pms_ref"])}


def _days(values: Mapping[str, Any], practice: Practice) -> Values:
    return {"local_date": times.local_date(values["starts_at"], practice.zone)}


def _tags(values: Mapping[str, Any], practice: Practice) -> Values:
    return {
        "tags": search_tags(
            practice_id=practice.id,
            practitioner_id=values["practitioner_id"],
            cancelled=values["cancelled"],
        )
    }
