"""JSON pointers (RFC 6901): where something stands in an answer."""

from typing import Any, Final

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


def several(pointers: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return pointers as a tuple, where one of them may stand alone."""
    return (pointers,) if isinstance(pointers, str) else pointers


def text_at(document: Any, *pointers: str) -> str:
    """Return the texts at the pointers as one cleaned line, empty where there are none."""
    found = (find(document, pointer) for pointer in pointers if pointer)
    return clean(" ".join(value[:_TEXT_LIMIT] for value in found if isinstance(value, str)))
