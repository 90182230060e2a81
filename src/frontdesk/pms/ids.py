"""Ids out of a PMS's JSON: opaque text, and whose ids they are where there may be nobody, one or several."""

from collections.abc import Iterator, Sequence
from typing import Any

from frontdesk.pms.port import ContractDrift, Nobody, One, Several, Unclear, Who
from frontdesk.pointers import MISSING, find
from frontdesk.text import clean

_LONGEST_ID = 200


def id_at(document: Any, pointer: str) -> str:
    """Return the id at `pointer` as text, empty where there is none.

    Ids are text or whole numbers. Raises ContractDrift for anything else, and for an id that
    could not be told from another one.
    """
    value = find(document, pointer) if pointer else MISSING
    return "" if value is None or value is MISSING else _id(value, pointer)


def who_at(document: Any, pointer: str, links: str = "") -> Who:
    """Return whose ids are at `pointer`: all of them, wherever on the way there is a list.

    null, an empty text and an empty list mean nobody. An empty pointer means nobody too: the
    contract has no place for somebody then. Where the value is missing, nothing is known. `links`
    is how those addresses of the PMS begin whose last step is an id; other addresses stay whole.
    Raises ContractDrift as `id_at` does.
    """
    if not pointer:
        return Nobody()
    found = list(_all_at(document, pointer.split("/")[1:]))
    refs = frozenset(bare(_id(one, pointer), links) for one in found if one is not MISSING and one != "")
    if len(refs) > 1:
        return Several(refs, is_whole=MISSING not in found)
    if MISSING in found:
        return Unclear(refs)
    return One(*refs) if refs else Nobody()


def _all_at(here: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield every value that the steps lead to; a number is a place in a list, and all others count too."""
    if isinstance(here, list):
        for one in here:
            yield from _all_at(one, steps[1:] if steps and steps[0].isdigit() else steps)
    elif here is None:
        return
    elif not steps:
        yield here
    else:
        yield from _all_at(find(here, f"/{steps[0]}"), steps[1:]) if isinstance(here, dict) else (MISSING,)


def _id(value: Any, pointer: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ContractDrift(f"an id at {pointer} is neither text nor a whole number")
    found = str(value)
    if clean(found) != found or len(found) > _LONGEST_ID:
        raise ContractDrift(f"an id at {pointer} cannot be used")
    return found


def bare(ref: str, links: str) -> str:
    """Return the last step of an address that begins with `links`; every other id as it is."""
    if not links or not ref.startswith(links) or "?" in ref or "#" in ref:
        return ref
    return ref.rstrip("/").rpartition("/")[2]
