"""Ids in the answers of a PMS; everything else about pointers is in `frontdesk.pointers`."""

from typing import Any

from frontdesk.pms.port import ContractDrift
from frontdesk.pointers import MISSING, find, is_pointer, text_at
from frontdesk.text import clean

__all__ = ["MISSING", "find", "id_at", "is_pointer", "text_at"]


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
