"""Requests to a FHIR server, and how far its answers can be trusted (https://hl7.org/fhir/R4/http.html).

A list is whole only where it proves it: servers were seen that leave out the link to the next page though
there are more rows (hapifhir/hapi-fhir#6549, Medplum's router 4.5.2).
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontdesk.http_answers import Answer, Unreadable
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms import fhir_bundles as bundles
from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.fhir_json import Resource, text_of
from frontdesk.pms.outcomes import judged, say
from frontdesk.pms.paging import MOST_PAGES, followed
from frontdesk.pms.port import Account, ContractDrift, PmsUnavailable, Rejected
from frontdesk.pms.signing import SignIn

PAGE_SIZE = 100

JSON = "application/fhir+json"

_NO_TOTAL = "-"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, as it came; `cursor` asks for the next one, None at the proven end.

    Where a full page has more behind it and the server does not say where, asking for the next one is refused.

    `total` is how many entries the whole list has, where the server says it.
    """

    bundle: Resource
    cursor: str | None = None
    total: int | None = None


class FhirWire:
    """One account at a FHIR server; `account.base_url` is its service base. `client` is closed with it."""

    def __init__(
        self, account: Account, client: HttpClient, sign_in: SignIn, clock: Callable[[], datetime]
    ) -> None:
        self.base = account.base_url.rstrip("/")
        self.release = account.fhir_version
        self.clock = clock
        self._page_size = PAGE_SIZE
        self._client = client
        self._sign_in = sign_in

    def in_pages_of(self, size: int) -> "FhirWire":
        """Return the same account, asked for pages of `size`; both are closed together."""
        other = copy(self)
        other._page_size = size
        return other

    async def statement(self) -> tuple[Resource, Answer]:
        """Return what the server says of itself, a CapabilityStatement, and the answer it came in."""
        answer = await self.get("metadata")
        return self.resource(answer, "CapabilityStatement"), answer

    async def hello(self) -> tuple[Resource, datetime | None]:
        """Return what the server says of itself, and its time; that it speaks the configured release is checked."""
        statement, answer = await self.statement()
        if why_not := fhir.why_not_spoken(text_of(statement.get("fhirVersion")), self.release):
            raise ContractDrift(say(why_not))
        return statement, answer.sent_at

    async def read(self, kind: str, ref: str) -> tuple[Resource, str]:
        """Return a resource as it is now, and its entity tag. `ref` is an id, with or without its type."""
        id_ = ref.removeprefix(f"{kind}/")
        if not fhir.is_id(id_):
            raise Rejected("the booking's reference there cannot be right")
        answer = await self.get(f"{kind}/{id_}")
        resource = self.resource(answer, kind)
        if resource.get("id") != id_:
            raise ContractDrift(say(f"it answers with another {kind}"))
        return resource, fhir.entity_tag(resource, answer.headers.get("etag", ""))

    async def page(
        self, kind: str, params: Sequence[tuple[str, str]], cursor: str | None = None
    ) -> tuple[list[Resource], Page]:
        """Return the resources of one kind on a page of a search, and the page.

        Raises ContractDrift where the list ends before its total, PmsUnavailable where its total changes.
        """
        bundle, link = await self._bundle(kind, params, cursor)
        found = list(bundles.resources(bundle, kind))
        return found, self._judged(bundle, len(found), cursor, link)

    async def deleted(self, kind: str, since: str, cursor: str | None = None) -> tuple[list[str], Page]:
        """Return the ids on a page of a history that says they were deleted. Raises as `page` does."""
        bundle, link = await self._bundle(f"{kind}/_history", (("_since", since),), cursor)
        found = list(bundles.deleted(bundle, kind, self.base))
        return found, self._judged(bundle, len(bundles.entries(bundle)), cursor, link)

    async def all(self, kind: str, params: Sequence[tuple[str, str]] = ()) -> list[Resource]:
        """Return every resource of one kind that a search finds. Raises as `page` does."""
        found: list[Resource] = []
        cursor: str | None = None
        while True:
            some, page = await self.page(kind, params, cursor)
            found += some
            if (cursor := page.cursor) is None:
                return found

    async def _bundle(
        self, path: str, params: Sequence[tuple[str, str]], cursor: str | None
    ) -> tuple[Resource, str]:
        """Return a page of a list, and the link that led to it, empty for the first page."""
        _, rows, total, link = _place(cursor)
        if cursor is not None and not link:
            raise ContractDrift(f"a list of {total:,} ends after {rows:,}")
        sized = (*params, ("_count", str(self._page_size)))
        answer = await self.get(link or path, () if link else sized)
        return self.resource(answer, "Bundle"), link

    def _judged(self, bundle: Resource, length: int, cursor: str | None, link: str) -> Page:
        """Return what a page of a list is in the whole of it; `length` is how much of the list it has."""
        number, rows_before, total_before, _ = _place(cursor)
        rows, total, following = rows_before + length, bundles.total(bundle), bundles.next_link(bundle)
        if None not in (total, total_before) and total != total_before:
            raise PmsUnavailable("its list changed while it was read")
        total = total_before if total is None else total
        if not following and (total is None or rows == total):
            return Page(bundle, None, total)
        if total is not None and not following and length < self._page_size:
            raise ContractDrift(f"a list of {total:,} ends after {rows:,}")
        if following and following == link:
            raise ContractDrift("a list repeats itself")
        if number >= MOST_PAGES:
            raise ContractDrift("a list does not end")
        return Page(bundle, f"{number + 1} {rows} {_NO_TOTAL if total is None else total} {following}", total)

    async def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        """Return the answer to a read, which is a success. Raises PmsError."""
        try:
            answer = await self.send("GET", path, params=params)
        except Lost as error:
            raise PmsUnavailable(str(error)) from None
        if problem := judged(answer, self.clock(), refusal=refusal(answer, {}), is_write=False):
            raise problem
        return answer

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> Answer:
        """Send one request and return what came back. Raises PmsError where it was not sent, and Lost.

        A link that a server gave is followed on that server only: our credential goes with it.
        """
        url, own = followed(f"{self.base}/", path), {"Accept": JSON, **(headers or {})}
        try:
            return await self._sign_in.signed(
                lambda signature: self._client.send(method, url, headers={**own, **signature}, **rest)
            )
        except NotSent as error:
            raise PmsUnavailable(str(error)) from None

    def resource(self, answer: Answer, kind: str) -> Resource:
        """Return the resource in an answer. Raises ContractDrift for anything else."""
        try:
            return fhir.resource_of(answer.json(fhir.exact), kind)
        except Unreadable as error:
            raise ContractDrift(str(error)) from None

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        await self._client.close()


def refusal(answer: Answer, about: Resource) -> str:
    """Return the words in which a server refuses, without the patient that `about` names."""
    try:
        return fhir.words_of(answer.json(), about) if answer.status >= 400 else ""
    except Unreadable:
        return ""


def _place(cursor: str | None) -> tuple[int, int, int | None, str]:
    """Return what a cursor says: the page's number, the rows before it, their total if known, and where it is."""
    if cursor is None:
        return 1, 0, None, ""
    number, rows, total, link = cursor.split(" ", 3)
    return int(number), int(rows), None if total == _NO_TOTAL else int(total), link
