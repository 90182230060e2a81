"""FHIR as JSON (https://hl7.org/fhir/R4/json.html); no shape of it is believed before it was checked."""

from typing import Any

Resource = dict[str, Any]


def text_of(value: object) -> str:
    """Return a text, empty for anything else."""
    return value if isinstance(value, str) else ""


def table_of(value: object) -> Resource:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Return a list, an empty one for anything else."""
    return value if isinstance(value, list) else []


def tables_of(value: object) -> list[Resource]:
    """Return the objects in a list."""
    return [one for one in list_of(value) if isinstance(one, dict)]
