"""What a booking's row carries besides, for days, searches and filters: made in this one place."""

from collections.abc import Mapping
from typing import Any

from frontdesk import times
from frontdesk.bookings import Practice
from frontdesk.store.search.pages import name_key, search_tags, search_text

Values = dict[str, Any]


def derived(values: Values, practitioner_name: str, practice: Practice) -> Values:
    """Return the columns of a booking that follow from its others."""
    return {
        "name_key": name_key(values["patient_name"]),
        "search": search_text(
            patient_name=values["patient_name"],
            ref=values["ref"],
            practitioner_name=practitioner_name,
            appointment_type=values["appointment_type"],
            mobile=values["patient_mobile"],
            birth_date=values["patient_birth_date"],
        ),
        **derived_days(values, practice),
    }


def derived_days(values: Mapping[str, Any], practice: Practice) -> Values:
    """Return those that follow from the time, the practice's zone and what filters go by."""
    return {
        "local_date": times.local_date(values["starts_at"], practice.zone),
        "tags": search_tags(
            practice_id=practice.id,
            practitioner_id=values["practitioner_id"],
            cancelled=values["cancelled"],
        ),
    }
