"""A server with FHIR's Appointment, R4 or R5 (https://hl7.org/fhir/R4/http.html).

An appointment is changed by reading it and putting the whole resource back with If-Match:
the one way that every server knows and that never overwrites what somebody else changed.
PATCH is not used: Medplum's router 4.5.2 carries out a stale one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit
from uuid import UUID

from frontdesk import text
from frontdesk.http_client import Answer, HttpClient, Lost, NotSent, Unreadable, retry_at
from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.fhir_resources import Resource
from frontdesk.pms.port import (
    Account,
    AlreadyCancelled,
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    CancelRequest,
    Capabilities,
    Conflict,
    ContractDrift,
    NotFound,
    PmsError,
    PmsPractitioner,
    RateLimited,
    Rejected,
    Unauthorised,
    Unavailable,
    UnknownOutcome,
    Unsupported,
    Verified,
    WriteResult,
    WriteState,
)

CAPABILITIES = Capabilities(
    name="FHIR",
    can_list=True,
    can_reschedule=True,
    can_mark_no_show=True,
    has_versions=True,
    verify_after_write=True,
    verified=Verified.CONTRACT,
)

PAGE_SIZE = 100
MOST_PAGES = 50
"""Of practitioners: no practice has that many, so a list that goes on longer repeats itself."""

_JSON = "application/fhir+json"

Headers = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns the headers that sign a request in. Raises PmsError."""


class FhirPms:
    """One account at a FHIR server; `account.base_url` is its service base, `headers` sign in."""

    capabilities = CAPABILITIES

    def __init__(
        self, account: Account, client: HttpClient, headers: Headers, clock: Callable[[], datetime]
    ) -> None:
        self._base = account.base_url.rstrip("/")
        self._release = account.fhir_version
        self._client = client
        self._sign_in = headers
        self._clock = clock

    async def ping(self) -> datetime | None:
        """Return the server's own time; that it speaks the configured release of FHIR is checked."""
        answer = await self._get("metadata")
        said = self._resource(answer, "CapabilityStatement").get("fhirVersion")
        if isinstance(said, str) and ("R4" if said.startswith("4") else "R5") != self._release:
            raise ContractDrift(
                f"The FHIR server speaks version {text.clean(said)[:12]}, the config says {self._release}."
            )
        return answer.sent_at

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None
    ) -> AppointmentPage:
        """Return appointments that start from `start` until before `end`, cancelled ones too.

        A day is never asked for by its date: servers were seen that take it for a day in UTC.
        """
        page, following = await self._page(
            cursor or "Appointment",
            "Appointment",
            () if cursor else (("date", f"ge{fhir.in_utc(start)}"), ("date", f"lt{fhir.in_utc(end)}")),
        )
        found = [fhir.appointment(one, self._base) for one in page]
        # A server may ignore a parameter, and its `lt` looks at ends in some.
        return AppointmentPage(tuple(one for one in found if start <= one.starts_at < end), following)

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment; its version is what If-Match compares."""
        resource, tag = await self._fresh(ref)
        return fhir.appointment(resource, self._base, tag)

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        """Cancel an appointment: read, compared with `request.version`, and put back cancelled."""
        resource, tag = await self._standing(ref)
        there = fhir.appointment(resource, self._base, tag)
        if request.version and there.version != request.version:
            raise Conflict("The appointment was changed there meanwhile.")
        if there.status is not AppointmentStatus.BOOKED:
            raise Rejected(f"The appointment is marked there as {there.raw_status[:40]}.")
        changed = fhir.cancelled(resource, request.reason, self._release, self._clock())
        return await self._put(changed, tag)

    async def reschedule(
        self, ref: str, start: datetime, end: datetime, practitioner_ref: str, request_id: UUID
    ) -> WriteResult:
        """Move an appointment: read, and put back with other times. The id stays."""
        resource, tag = await self._standing(ref)
        return await self._put(fhir.moved(resource, start, end, practitioner_ref), tag)

    async def mark_no_show(self, ref: str, request_id: UUID) -> WriteResult:
        """Say that the patient did not come: read, and put back with that status."""
        resource, tag = await self._standing(ref)
        return await self._put(fhir.missed(resource), tag)

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        page, following = await self._page("Practitioner", "Practitioner")
        found = list(page)
        for _ in range(MOST_PAGES):
            if following is None:
                return tuple(map(fhir.practitioner, found))
            page, following = await self._page(following, "Practitioner")
            found += page
        raise ContractDrift("The FHIR server's list of practitioners does not end.")

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        await self._client.close()

    async def _page(
        self, path: str, kind: str, params: Sequence[tuple[str, str]] = ()
    ) -> tuple[list[Resource], str | None]:
        """Return the resources of one page of a search, and the address of the next."""
        is_first = path == kind
        answer = await self._get(path, (*params, ("_count", str(PAGE_SIZE))) if is_first else ())
        bundle = self._resource(answer, "Bundle")
        following = fhir.next_link(bundle) or None
        if following == path:
            raise ContractDrift("The FHIR server's next page is the same again.")
        return list(fhir.resources(bundle, kind)), following

    async def _standing(self, ref: str) -> tuple[Resource, str]:
        """Return an appointment that is not cancelled, and the entity tag for If-Match."""
        resource, tag = await self._fresh(ref)
        if resource.get("status") == "cancelled":
            raise AlreadyCancelled("The appointment is cancelled there already.")
        return resource, tag

    async def _fresh(self, ref: str) -> tuple[Resource, str]:
        """Return an appointment as it is now, and its entity tag."""
        id_ = ref.removeprefix("Appointment/")
        if not fhir.is_id(id_):
            raise NotFound("That is no id of an appointment at a FHIR server.")
        answer = await self._get(f"Appointment/{id_}")
        resource = self._resource(answer, "Appointment")
        if resource.get("id") != id_:
            raise ContractDrift("The FHIR server answered with another appointment.")
        return resource, fhir.entity_tag(resource, answer.headers.get("etag", ""))

    async def _put(self, changed: Resource, tag: str) -> WriteResult:
        if not tag:
            # Putting back a whole resource could undo what somebody else changed meanwhile.
            raise Unsupported("The FHIR server tells no versions; change the appointment there by hand.")
        id_ = changed["id"]
        answer = await self._send(
            "PUT",
            f"Appointment/{id_}",
            headers={"If-Match": tag, "Content-Type": _JSON, "Prefer": "return=representation"},
            content=fhir.encoded(changed),
        )
        if answer.status not in (200, 202, 204):
            raise self._failure(answer, changed, is_write=True)
        if answer.status == 202:
            return WriteResult(WriteState.ACCEPTED, id_)
        self._check_written(answer, changed)
        return WriteResult(WriteState.APPLIED, id_)

    def _check_written(self, answer: Answer, changed: Resource) -> None:
        """A server may answer with the resource, an OperationOutcome or nothing, never with something else."""
        if not answer.body.strip():
            return
        try:
            said = answer.json(fhir.exact)
        except Unreadable:
            raise UnknownOutcome("The FHIR server's answer cannot be read.") from None
        if isinstance(said, dict) and said.get("resourceType") == "OperationOutcome":
            return
        shown = fhir.appointment(fhir.resource_of(said, "Appointment"), self._base)
        meant = fhir.appointment(changed, self._base)
        if (shown.status, shown.starts_at) != (meant.status, meant.starts_at):
            raise ContractDrift("The FHIR server took the change and does not show it.")

    async def _get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        answer = await self._send("GET", path, params=params)
        if answer.status != 200:
            raise self._failure(answer, {}, is_write=False)
        return answer

    async def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> Answer:
        url = self._address(path)
        signed = await self._sign_in()
        try:
            return await self._client.send(
                method, url, headers={"Accept": _JSON, **(headers or {}), **signed}, **rest
            )
        except NotSent as why:
            raise Unavailable(f"The FHIR server cannot be reached: {why}.") from None
        except Lost as why:
            if method == "GET":
                raise Unavailable(f"The FHIR server cannot be asked: {why}.") from None
            raise UnknownOutcome(f"No answer from the FHIR server: {why}.") from None

    def _address(self, path: str) -> str:
        """A link that a server gave is followed on that server only: our credential goes with it."""
        try:
            url = urljoin(f"{self._base}/", path)
            if _origin(urlsplit(url)) == _origin(urlsplit(self._base)):
                return url
        except ValueError:
            pass
        raise ContractDrift("The FHIR server's next page is at another address.")

    def _resource(self, answer: Answer, kind: str) -> Resource:
        try:
            return fhir.resource_of(answer.json(fhir.exact), kind)
        except Unreadable:
            raise ContractDrift("The FHIR server's answer cannot be read.") from None

    def _failure(self, answer: Answer, about: Resource, *, is_write: bool) -> PmsError:
        """Return what an answer means that is no success."""
        match answer.status:
            case 401 | 403:
                return Unauthorised("The FHIR server does not accept our credential.")
            case 404 | 410:
                return NotFound("The FHIR server has no such appointment.")
            case 409 | 412:
                return Conflict("The appointment was changed there meanwhile.")
            case 405 | 501:
                return Unsupported("The FHIR server does not let appointments be changed from outside.")
            case 429:
                again = retry_at(answer, self._clock())
                return RateLimited("The FHIR server was asked too often.", again)
            case status if status >= 500 or status == 408:
                if is_write:
                    return UnknownOutcome(f"The FHIR server failed ({status}).")
                return Unavailable(f"The FHIR server fails ({status}).")
            case status if status >= 400:
                words = _words(answer, about)
                return Rejected(f"The FHIR server refuses: {words}" if words else "The FHIR server refuses.")
        return ContractDrift(f"The FHIR server answered {answer.status}, which means nothing here.")


def _words(answer: Answer, about: Resource) -> str:
    try:
        return fhir.words_of(answer.json(), about)
    except Unreadable:
        return ""


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme)
