"""JSON pointers (RFC 6901): where something stands in an answer."""

from typing import Any, Final

from frontdesk.pms.port import ContractDrift
from frontdesk.text import clean


class Missing:
    """What a pointer finds where there is nothing. JSON's null is something."""


MISSING: Final = Missing()

_TEXT_LIMIT = 1_000


def is_pointer(value: str) -> bool:
    """Whether `value` is a pointer: empty for the whole, else `/` before each step."""
    return not value or value.startswith("/")


def find(document: Any, pointer: str) -> Any:
    """Return what stands at `pointer`, or MISSING."""
    here = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(here):
            here = here[int(key[:9])]
        else:
            return MISSING
    return here


def text_at(document: Any, *pointers: str) -> str:
    """Return the texts at the pointers as one cleaned line, empty where there are none."""
    found = (find(document, pointer) for pointer in pointers if pointer)
    return clean(" ".join(value[:_TEXT_LIMIT] for value in found if isinstance(value, str)))


def id_at(document: Any, pointer: str, *, in_links: bool = False) -> str:
    """Return the id at `pointer` as text, empty where there is none.

    Ids are text or whole numbers; `in_links` takes the last step of an address for one. Raises
    ContractDrift for anything else, and for an id that could not be told from another one.
    """
    value = find(document, pointer) if pointer else MISSING
    if value is None or value is MISSING or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ContractDrift(f"an id at {pointer} is neither text nor a whole number")
    found = str(value)
    if in_links and "://" in found:
        found = found.rstrip("/").rpartition("/")[2]
    if clean(found) != found or len(found) > 200:
        raise ContractDrift(f"an id at {pointer} cannot be used")
    return found
