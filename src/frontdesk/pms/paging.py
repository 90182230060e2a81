"""How a list that comes in pages goes on. A cursor counts its pages, so that no list is endless."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from frontdesk.pms.port import ContractDrift
from frontdesk.pms.profile import Paging
from frontdesk.pointers import find

MOST_PAGES = 1_000

_PORTS = {"http": 80, "https": 443}


def place(cursor: str | None) -> tuple[int, str]:
    """Return which page a cursor asks for, counted from 1, and what the PMS said of it."""
    number, _, token = (cursor or "1 ").partition(" ")
    return int(number), token


def parameters(paging: Paging, cursor: str | None) -> list[tuple[str, str]]:
    """Return the query parameters that ask for a page."""
    if paging.kind == "none":
        return []
    number, token = place(cursor)
    asked = [(paging.size_parameter, str(paging.size))] if paging.size_parameter else []
    if paging.kind == "page":
        asked.append((paging.parameter, str(paging.first + number - 1)))
    elif paging.kind == "offset":
        asked.append((paging.parameter, str((number - 1) * paging.size)))
    elif paging.kind == "cursor" and token:
        asked.append((paging.parameter, token))
    return asked


def following(
    paging: Paging, document: Any, items: Sequence[Any], cursor: str | None, url: str
) -> str | None:
    """Return the cursor of the page after this one, None at the end.

    `url` is where this page came from. Raises ContractDrift for a list that repeats itself,
    never ends, ends before its end, or goes on at another server.
    """
    number, token = place(cursor)
    if paging.kind in ("none", "page", "offset"):
        following_token = ""
        if paging.kind == "none" or not _has_more(paging, document, len(items), number):
            return None
        if not items:
            raise ContractDrift("a list ends before its end")
    else:
        said = find(document, paging.next)
        if not isinstance(said, str | int) or isinstance(said, bool) or said == "":
            return None
        following_token = str(said)
        if paging.kind == "next-link":
            following_token = followed(url, following_token)
        if following_token == (token or url):
            raise ContractDrift("a list repeats itself")
    if number >= MOST_PAGES:
        raise ContractDrift("a list does not end")
    return f"{number + 1} {following_token}"


def _has_more(paging: Paging, document: Any, length: int, number: int) -> bool:
    if paging.kind == "page" and paging.pages:
        return number < count(document, paging.pages)
    if paging.kind == "offset" and paging.total:
        return (number - 1) * paging.size + length < count(document, paging.total)
    return length >= paging.size


def count(document: Any, pointer: str) -> int:
    """Return how long a list says that it is. Raises ContractDrift."""
    value = find(document, pointer)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContractDrift(f"a list does not say how long it is at {pointer}")
    return value


def followed(url: str, link: str) -> str:
    """Return the address that a link on the page at `url` leads to, on the same server only.

    A credential goes with it. Raises ContractDrift.
    """
    try:
        address = urljoin(url, link)
        same = is_same_server(address, url)
    except ValueError:
        raise ContractDrift("the next page of a list has an address that cannot be read") from None
    if not same:
        raise ContractDrift("the next page of a list is on another server")
    return address


def is_same_server(one: str, other: str) -> bool:
    """Whether two addresses are on the same server. Raises ValueError for what is no address."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
