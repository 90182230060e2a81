"""FHIR against a server that nobody here wrote: Medplum's router, installed from npm.

`fhir_server/server.mjs` is only the wire in front of it.
"""

import contextlib
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from frontdesk.attempts import Claim, Ended
from frontdesk.bookings import Cancellation, Practitioner
from frontdesk.deliveries import Kind
from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient
from frontdesk.pms.fhir import FhirPms
from frontdesk.pms.fhir_diary import FhirDiary
from frontdesk.pms.fhir_probe import probe_searches
from frontdesk.pms.fhir_wire import FhirWire
from frontdesk.pms.port import (
    Account,
    AlreadyCancelled,
    AppointmentStatus,
    CancelRequest,
    ContractDrift,
    MoveRequest,
    NoShowRequest,
    One,
    PmsConflict,
    PmsNotFound,
    PmsUnauthorised,
    WriteState,
)
from frontdesk.pms.probe import Held
from frontdesk.pms.profile import Auth
from frontdesk.pms.signing import SignIn
from frontdesk.pms.telling import PmsCarrier
from tests.making import KIM, make_booking, make_patient
from tests.notifying import make_claim

pytestmark = [pytest.mark.full, pytest.mark.timeout(400)]

SOURCE = Path(__file__).with_name("fhir_server")
TOKEN = "a-bearer-token"
NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)

BOOKED: dict[str, Any] = {
    "resourceType": "Appointment",
    "status": "booked",
    "start": "2026-11-23T09:00:00+11:00",
    "end": "2026-11-23T09:30:00+11:00",
    "comment": "Zoë wants the chair by the window",
    "extension": [{"url": "https://pms.example/chair", "valueInteger": 2}],
    "participant": [
        {"actor": {"reference": "Practitioner/3", "display": "Dr Mai Lee"}, "status": "accepted"},
        {"actor": {"reference": "Patient/55", "display": "Jo Example"}, "status": "accepted"},
    ],
}


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> Path:
    """The folder with Medplum's packages, installed once and kept in pytest's cache."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("there is no node, or no npm, to run the FHIR server with")
    assert pytestconfig.cache is not None
    wanted = SOURCE.joinpath("package.json").read_bytes()
    kept = pytestconfig.cache.mkdir("fhir-server") / hashlib.sha256(wanted).hexdigest()[:16]
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            fresh = Path(folder, "fresh")
            fresh.mkdir()
            fresh.joinpath("package.json").write_bytes(wanted)
            options = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
            done = subprocess.run(
                ["npm", "install", *options], cwd=fresh, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                pytest.skip(f"npm cannot install the FHIR server: {done.stderr[-300:]}")
            # Another worker may have been quicker; then its folder is as good.
            with contextlib.suppress(OSError):
                fresh.rename(kept)
    return kept


@pytest.fixture(scope="session")
def base_url(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server with nothing in it."""
    folder = tmp_path_factory.mktemp("fhir-server")
    # Node looks for packages beside the script.
    (folder / "node_modules").symlink_to(packages / "node_modules", target_is_directory=True)
    script = shutil.copy(SOURCE / "server.mjs", folder)
    with subprocess.Popen(["node", script, TOKEN], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, "the FHIR server did not start"
        yield f"http://127.0.0.1:{port}/fhir/R4"
        server.terminate()


class Wire(HttpClient):
    """The program's own client, which lets a test do something right before a change is sent."""

    def __init__(self) -> None:
        super().__init__(allow_http=True, allow_private=True)
        self.before_put: Callable[[], Awaitable[object]] | None = None
        self.sent: list[str] = []

    async def send(self, method: str, url: str, **rest: Any) -> Answer:
        if method == "PUT" and self.before_put is not None:
            meanwhile, self.before_put = self.before_put, None
            await meanwhile()
        self.sent.append(method)
        return await super().send(method, url, **rest)


class Clinic:
    """A server, an adapter on it, and another client that sees and does what the adapter does not."""

    def __init__(self, base_url: str, token: str = TOKEN) -> None:
        self.base_url = base_url
        self.wire = Wire()
        account = Account("clinic", "fhir", base_url=base_url, credentials={"secret": "fhir-clinic"})
        sign_in = SignIn("FHIR", Auth(kind="bearer"), account, lambda _: token, self.wire, lambda: NOW)
        wire = FhirWire(account, self.wire, sign_in, lambda: NOW)
        self.pms, self.diary = FhirPms(wire), FhirDiary(wire)
        self._other = HttpClient(
            allow_http=True, allow_private=True, headers={"Authorization": f"Bearer {TOKEN}"}
        )

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = await self._other.send(method, f"{self.base_url}/{path}", json=body)
        assert answer.status in (200, 201), answer.body
        return answer.json()

    async def book(self, **changes: Any) -> str:
        made = await self.ask("POST", "Appointment", BOOKED | changes)
        return str(made["id"])

    async def close(self) -> None:
        await self.pms.close()
        await self._other.close()


@pytest.fixture
async def clinic(base_url: str) -> AsyncIterator[Clinic]:
    """A clinic whose appointments are the test's own."""
    opened = Clinic(base_url)
    yield opened
    await opened.close()


async def request(clinic: Clinic, ref: str) -> CancelRequest:
    """Return a request to cancel an appointment as it stands now."""
    return CancelRequest(uuid4(), version=(await clinic.pms.appointment(ref)).version)


async def test_an_appointment_is_read(clinic: Clinic) -> None:
    ref = await clinic.book()
    found = await clinic.pms.appointment(ref)
    assert (found.ref, found.status) == (ref, AppointmentStatus.BOOKED)
    assert found.starts_at == datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    assert (found.practitioners, found.patients) == (One("3"), One("55"))
    assert found.version == (await clinic.ask("GET", f"Appointment/{ref}"))["meta"]["versionId"]


async def test_a_cancel_changes_what_it_says_and_nothing_else(clinic: Clinic) -> None:
    ref = await clinic.book()
    before = await clinic.ask("GET", f"Appointment/{ref}")
    seen = await clinic.pms.appointment(ref)
    done = await clinic.pms.cancel(ref, CancelRequest(uuid4(), "Caught a cold", version=seen.version))
    assert (done.state, done.ref) == (WriteState.APPLIED, ref)
    assert (await clinic.pms.appointment(ref)).status is AppointmentStatus.CANCELLED
    after = await clinic.ask("GET", f"Appointment/{ref}")
    assert after["cancelationReason"]["text"] == "Caught a cold"
    assert after["cancelationReason"]["coding"][0]["code"] == "pat"
    kept = before.keys() - {"status", "meta"}
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}


async def test_a_second_cancel_sends_nothing(clinic: Clinic) -> None:
    ref = await clinic.book()
    await clinic.pms.cancel(ref, await request(clinic, ref))
    with pytest.raises(AlreadyCancelled):
        await clinic.pms.cancel(ref, await request(clinic, ref))
    assert clinic.wire.sent.count("PUT") == 1
    history = await clinic.ask("GET", f"Appointment/{ref}/_history")
    assert len(history["entry"]) == 2


async def test_what_somebody_else_changed_is_not_overwritten(clinic: Clinic) -> None:
    ref = await clinic.book()
    moved = {"id": ref, "start": "2026-11-24T09:00:00+11:00", "end": "2026-11-24T09:30:00+11:00"}
    clinic.wire.before_put = lambda: clinic.ask("PUT", f"Appointment/{ref}", BOOKED | moved)
    with pytest.raises(PmsConflict):
        await clinic.pms.cancel(ref, await request(clinic, ref))
    assert clinic.wire.sent.count("PUT") == 1
    there = await clinic.ask("GET", f"Appointment/{ref}")
    assert (there["status"], there["start"]) == ("booked", moved["start"])


async def test_a_version_that_was_read_earlier_is_compared_before_anything_is_sent(clinic: Clinic) -> None:
    ref = await clinic.book()
    seen = await clinic.pms.appointment(ref)
    await clinic.ask("PUT", f"Appointment/{ref}", BOOKED | {"id": ref, "comment": "changed"})
    with pytest.raises(PmsConflict):
        await clinic.pms.cancel(ref, CancelRequest(uuid4(), version=seen.version))
    assert "PUT" not in clinic.wire.sent


async def test_a_stale_patch_is_carried_out_there(clinic: Clinic) -> None:
    """Why the adapter does not use PATCH; if this fails one day, it could."""
    ref = await clinic.book()
    answer = await clinic.wire.send(
        "PATCH",
        f"{clinic.base_url}/Appointment/{ref}",
        headers={"Authorization": f"Bearer {TOKEN}", "If-Match": 'W/"stale"'},
        json=[{"op": "replace", "path": "/status", "value": "cancelled"}],
    )
    assert answer.status == 200


async def test_a_time_is_searched_by_its_instants(clinic: Clinic) -> None:
    """The first Sunday of October 2027: at 02:00 the clocks of Sydney go forward."""
    starts = (
        "2027-10-02T23:30:00+10:00",
        "2027-10-03T00:00:00+10:00",
        "2027-10-03T23:30:00+11:00",
        "2027-10-04T00:00:00+11:00",
    )
    refs = [await clinic.book(start=start, end=start) for start in starts]
    await clinic.pms.cancel(refs[2], await request(clinic, refs[2]))
    day = datetime(2027, 10, 2, 14, 0, tzinfo=UTC), datetime(2027, 10, 3, 13, 0, tzinfo=UTC)
    page = await clinic.pms.appointments(*day)
    assert {one.ref for one in page.appointments} == {refs[1], refs[2]}
    assert page.cursor is None


async def test_what_is_missing_or_deleted_is_not_found(clinic: Clinic) -> None:
    with pytest.raises(PmsNotFound):
        await clinic.pms.appointment("no-such-appointment")
    ref = await clinic.book()
    await clinic.ask("DELETE", f"Appointment/{ref}")
    with pytest.raises(PmsNotFound):
        await clinic.pms.cancel(ref, CancelRequest(uuid4(), version="1"))


async def test_a_wrong_token_is_not_accepted(base_url: str) -> None:
    clinic = Clinic(base_url, "another-token")
    with pytest.raises(PmsUnauthorised):
        await clinic.pms.ping()
    await clinic.close()


async def test_ping_no_show_move_and_practitioners(clinic: Clinic) -> None:
    assert await clinic.pms.ping() is not None
    ref = await clinic.book()
    start = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    seen = (await clinic.pms.appointment(ref)).version
    move = MoveRequest(uuid4(), start, start + timedelta(minutes=30), "4", seen)
    await clinic.pms.reschedule(ref, move)
    there = await clinic.pms.appointment(ref)
    assert (there.starts_at, there.practitioners) == (start, One("4"))
    await clinic.pms.mark_no_show(ref, NoShowRequest(uuid4(), there.version))
    missed = await clinic.pms.appointment(ref)
    assert missed.status is AppointmentStatus.NO_SHOW
    await clinic.pms.take_back_no_show(ref, NoShowRequest(uuid4(), missed.version))
    assert (await clinic.pms.appointment(ref)).status is AppointmentStatus.BOOKED
    name = [{"prefix": ["Dr"], "given": ["Mai"], "family": "Lee"}]
    made = await clinic.ask("POST", "Practitioner", {"resourceType": "Practitioner", "name": name})
    assert (made["id"], "Dr Mai Lee") in {(one.ref, one.name) for one in await clinic.pms.practitioners()}


def claim(ref: str, unproven: int = 0) -> Claim:
    """Return a claim to cancel there what `Clinic.book` has booked, as the desk knows it."""
    booking = make_booking(
        pms_ref=ref,
        starts_at=datetime(2026, 11, 22, 22, 0, tzinfo=UTC),
        patient=make_patient(pms_ref="55"),
        practitioner=Practitioner(1, "adelaide", "Dr Mai Lee", pms_ref="3"),
        cancellation=Cancellation(NOW, KIM, "Caught a cold"),
    )
    return make_claim(Kind.PMS_CANCEL, "FHIR", booking=booking, unproven=unproven)


async def test_a_delivery_is_carried_there_once(clinic: Clinic) -> None:
    ref = await clinic.book()
    carrier = PmsCarrier(lambda _: clinic.pms)
    assert (await carrier.carry(claim(ref))).ended is Ended.DONE
    assert (await carrier.carry(claim(ref, unproven=1))).ended is Ended.DONE
    assert clinic.wire.sent.count("PUT") == 1
    there = await clinic.ask("GET", f"Appointment/{ref}")
    assert (there["status"], there["cancelationReason"]["text"]) == ("cancelled", "Caught a cold")


async def test_a_delivery_that_meets_a_move_calls_a_person(clinic: Clinic) -> None:
    ref = await clinic.book()
    carrier = PmsCarrier(lambda _: clinic.pms)
    moved = {"id": ref, "start": "2026-11-24T09:00:00+11:00", "end": "2026-11-24T09:30:00+11:00"}
    clinic.wire.before_put = lambda: clinic.ask("PUT", f"Appointment/{ref}", BOOKED | moved)
    assert (await carrier.carry(claim(ref))).ended is Ended.FAILED
    second = await carrier.carry(claim(ref))
    assert (second.ended, "Tue 24 Nov 08:30" in second.said) == (Ended.REFUSED, True)
    assert (await clinic.ask("GET", f"Appointment/{ref}"))["status"] == "booked"


def at_hour(day: int, hour: int) -> dict[str, str]:
    """Return the times of half an hour in January 2028, in which no other test books anything."""
    start = datetime(2028, 1, day, hour, tzinfo=UTC)
    return {"start": start.isoformat(), "end": (start + timedelta(minutes=30)).isoformat()}


async def day_of(clinic: Clinic, day: int, location: str = "") -> list[str]:
    """Return the ids of what a day in January 2028 has."""
    start = datetime(2028, 1, day, tzinfo=UTC)
    page = await clinic.diary.appointments(start, start + timedelta(days=1), location=location)
    assert page.cursor is None
    return sorted(one.ref for one in page.appointments)


async def test_a_day_of_the_diary_is_whole_and_of_one_site(clinic: Clinic) -> None:
    at = [{"actor": {"reference": f"Location/{number}"}, "status": "accepted"} for number in (1, 2)]
    here = await clinic.book(**at_hour(3, 1), participant=[*BOOKED["participant"], at[0]])
    there = await clinic.book(**at_hour(3, 2), participant=[*BOOKED["participant"], at[1]])
    await clinic.book(**at_hour(3, 3), status="proposed")
    assert await day_of(clinic, 3) == sorted((here, there))
    assert await day_of(clinic, 3, "1") == [here]
    assert await day_of(clinic, 3, "2") == [there]


async def test_a_page_that_does_not_say_where_it_goes_on_is_incomplete(clinic: Clinic) -> None:
    """The router's memory store counts them all, shows a page, and links to no other."""
    for minute in range(101):
        start = datetime(2028, 1, 5, tzinfo=UTC) + timedelta(minutes=minute)
        await clinic.book(start=start.isoformat(), end=start.isoformat())
    day = datetime(2028, 1, 5, tzinfo=UTC), datetime(2028, 1, 6, tzinfo=UTC)
    first = await clinic.diary.appointments(*day)
    assert (len(first.appointments), first.cursor is not None) == (100, True)
    with pytest.raises(ContractDrift, match="a list of 101 ends after 100"):
        await clinic.diary.appointments(*day, first.cursor)


async def test_what_changed_is_listed_and_what_was_deleted_is_only_missing(clinic: Clinic) -> None:
    """Rule 7: it has no history, so a delete shows in the whole list alone, and is proven by its id."""
    at = [{"actor": {"reference": "Location/77"}, "status": "accepted"}]
    there = {"participant": [*BOOKED["participant"], *at]}
    kept, gone = await clinic.book(**at_hour(7, 1), **there), await clinic.book(**at_hour(7, 2), **there)

    async def changed(since: datetime) -> set[str]:
        page = await clinic.diary.changes(since, location="77")
        assert (page.gone, page.cursor) == ((), None)
        return {one.ref for one in page.appointments}

    since = datetime.now(UTC) - timedelta(minutes=5)
    assert await changed(since) == {kept, gone}
    assert await changed(datetime.now(UTC) + timedelta(days=1)) == set()
    await clinic.ask("DELETE", f"Appointment/{gone}")
    assert await changed(since) == {kept}
    assert await day_of(clinic, 7) == [kept]
    with pytest.raises(PmsNotFound):
        await clinic.diary.appointment(gone)


async def test_who_where_and_when_nobody_is_free(clinic: Clinic) -> None:
    person = {
        "resourceType": "Patient",
        "name": [{"given": ["Zoë"], "family": "Groß"}],
        "birthDate": "1981-03-14",
        "telecom": [{"system": "phone", "use": "mobile", "value": "0491 570 006"}],
    }
    made = await clinic.ask("POST", "Patient", person)
    found = await clinic.diary.patient(made["id"])
    assert (found.name, str(found.birth_date), found.mobile) == ("Zoë Groß", "1981-03-14", "0491 570 006")
    site = await clinic.ask("POST", "Location", {"resourceType": "Location", "name": "Harbour"})
    assert (site["id"], "Harbour") in {(one.ref, one.name) for one in await clinic.diary.locations()}
    plan = {"resourceType": "Schedule", "actor": [{"reference": "Practitioner/3"}]}
    plan = await clinic.ask("POST", "Schedule", plan)
    for status, hour in (("busy-unavailable", 1), ("busy", 2), ("free", 3)):
        slot = {"resourceType": "Slot", "schedule": {"reference": f"Schedule/{plan['id']}"}, "status": status}
        await clinic.ask("POST", "Slot", slot | at_hour(9, hour))
    (block,) = await clinic.diary.blocks(datetime(2028, 1, 9, tzinfo=UTC), datetime(2028, 1, 10, tzinfo=UTC))
    assert (block.practitioner, block.starts_at) == ("3", datetime(2028, 1, 9, 1, tzinfo=UTC))


async def test_a_search_that_it_does_not_understand_is_empty_there(clinic: Clinic) -> None:
    """Why an empty list proves nothing, and what `doctor` says of it."""
    now = datetime(2028, 2, 1, tzinfo=UTC)
    assert [one.held for one in await probe_searches(clinic.diary.wire, now)] == [Held.NOT_TRIED]
    await clinic.book(start="2028-02-02T00:00:00Z", end="2028-02-02T00:30:00Z")
    found = await probe_searches(clinic.diary.wire, now)
    assert [one.held for one in found] == [Held.FAILED, Held.OK]
    assert "with an empty list" in found[0].said
