"""Bundles as FHIR servers answer with: pages of a search and of a history.

Sources: https://hl7.org/fhir/R4/bundle.html, https://hl7.org/fhir/R4/http.html#paging and #history.
"""

from collections.abc import Iterator

from frontdesk.pms.fhir_json import Resource, table_of, tables_of, text_of
from frontdesk.pms.fhir_people import read_reference
from frontdesk.pms.port import ContractDrift


def entries(bundle: Resource) -> list[Resource]:
    """Return the entries of a bundle. Raises ContractDrift for what is no list of entries."""
    found = bundle.get("entry", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ContractDrift("a list holds something that is no resource")
    return found


def resources(bundle: Resource, kind: str) -> Iterator[Resource]:
    """Yield the resources of one kind that a searchset found; what came along with them is left out.

    Raises ContractDrift for what is no resource at all.
    """
    for entry in entries(bundle):
        resource = table_of(entry.get("resource"))
        there = text_of(resource.get("resourceType"))
        if not there:
            raise ContractDrift("a list holds something that is no resource")
        if there == kind:
            yield resource


def deleted(bundle: Resource, kind: str, base: str) -> Iterator[str]:
    """Yield the ids of the resources of one kind that a page of a history says were deleted.

    Raises ContractDrift for a history that does not say what was done.
    """
    for entry in entries(bundle):
        request = table_of(entry.get("request"))
        if not text_of(request.get("method")):
            raise ContractDrift("a history that does not say what was done")
        if request.get("method") != "DELETE":
            continue
        there, ref = read_reference(text_of(request.get("url")), {}, base)
        if there == kind and "://" not in ref:
            yield ref.removeprefix(f"{kind}/")


def next_link(bundle: Resource) -> str:
    """Return the address of a searchset's next page, or nothing (https://hl7.org/fhir/R4/http.html#paging)."""
    links = (
        text_of(link.get("url")) for link in tables_of(bundle.get("link")) if link.get("relation") == "next"
    )
    return next(links, "")


def total(bundle: Resource) -> int | None:
    """Return how many a searchset says that it found on all pages, None where it does not say.

    Raises ContractDrift (https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.total).
    """
    said = bundle.get("total")
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int) or said < 0:
        raise ContractDrift("a list whose length cannot be read")
    return said
