"""FHIR's Appointment: what is read of it, what a change leaves alone, and what every answer means."""

import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.http_answers import Answer
from frontdesk.http_client import Lost, NotSent
from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.fhir import FhirPms
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
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    SlotsLeft,
    UnknownOutcome,
    Unsupported,
    WriteState,
)
from frontdesk.pms.profile import Auth
from frontdesk.pms.signing import SignIn
from tests.unit.scripted_fhir import BASE, BOOKED, DAY, ID, NOW, Reply, Server, answer, outcome, pms


async def test_an_appointment_is_read() -> None:
    server = Server(answer(BOOKED, etag='W/"5"'))
    found = await pms(server).appointment("Appointment/a-1")
    assert server.asked[0][:2] == ("GET", f"{BASE}/Appointment/a-1")
    assert server.asked[0][3] == {"Accept": "application/fhir+json", "Authorization": "Bearer t"}
    assert (found.ref, found.status, found.raw_status) == ("a-1", AppointmentStatus.BOOKED, "booked")
    assert found.starts_at == datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
    assert found.ends_at == datetime(2026, 11, 26, 0, 30, 0, 250_000, tzinfo=UTC)
    assert (found.practitioners, found.practitioner_name) == (One("3"), "Dr Mai Lee")
    assert (found.patients, found.patient_name) == (One("55"), "Rosalind Example")
    assert (found.appointment_type, found.version) == ("Check-up", "5")


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("proposed", "BOOKED"),
        ("pending", "BOOKED"),
        ("booked", "BOOKED"),
        ("arrived", "ARRIVED"),
        ("checked-in", "ARRIVED"),
        ("fulfilled", "COMPLETED"),
        ("noshow", "NO_SHOW"),
        ("cancelled", "CANCELLED"),
        ("entered-in-error", "OTHER"),
        ("waitlist", "OTHER"),
        ("Cancelled", "OTHER"),
    ],
)
def test_statuses(status: str, means: str) -> None:
    assert fhir.appointment(BOOKED | {"status": status}, BASE).status is AppointmentStatus[means]


@pytest.mark.parametrize(
    "broken",
    [
        {"start": "2026-11-26T10:30:00"},
        {"start": "2026-11-26"},
        {"start": "2026-11-26T25:30:00Z"},
        {"start": "0001-01-01T00:00:00+10:00"},
        {"start": None},
        {"start": 1_795_000_000},
        {"end": "soon"},
        {"status": None},
        {"status": 5},
        {"id": "b"},
        {"id": None},
        {"resourceType": "Patient"},
    ],
    ids=str,
)
async def test_what_the_contract_promises_must_be_there(broken: dict[str, Any]) -> None:
    with pytest.raises(ContractDrift):
        await pms(Server(BOOKED | broken)).appointment("a-1")


@pytest.mark.parametrize("ref", ["", "..", "a/../../Patient/1", "a?x=1", "Zoë", "a" * 65])
async def test_what_cannot_be_an_id_is_not_asked_for(ref: str) -> None:
    server = Server()
    with pytest.raises(Rejected):
        await pms(server).appointment(ref)
    assert server.asked == []


async def test_a_cancel_puts_the_whole_resource_back() -> None:
    server = Server(answer(BOOKED, etag='"v 5"'), BOOKED | {"status": "cancelled"})
    done = await pms(server).cancel("a-1", CancelRequest(ID, "Caught a cold", version="4"))
    assert (done.state, done.ref) == (WriteState.APPLIED, "a-1")
    method, url, _, headers = server.asked[1]
    assert (method, url) == ("PUT", f"{BASE}/Appointment/a-1")
    assert headers["Content-Type"] == "application/fhir+json"
    assert headers["If-Match"] == 'W/"4"'
    reason = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
                "code": "pat",
                "display": "Patient",
            }
        ],
        "text": "Caught a cold",
    }
    assert json.loads(server.written[0]) == BOOKED | {"status": "cancelled", "cancelationReason": reason}


async def test_the_etag_goes_back_as_it_came() -> None:
    server = Server(answer(BOOKED, etag='"strong-7"'), answer(status=204))
    await pms(server).cancel("a-1", CancelRequest(ID, version="strong-7"))
    assert server.asked[1][3]["If-Match"] == '"strong-7"'
    assert "text" not in json.loads(server.written[0])["cancelationReason"]


async def test_r5_spells_the_reason_with_two_l_and_has_a_date() -> None:
    server = Server(BOOKED, outcome(severity="information"))
    await pms(server, "R5").cancel("a-1", CancelRequest(ID, "Sick", version="4"))
    written = json.loads(server.written[0])
    assert written["cancellationReason"]["text"] == "Sick"
    assert written["cancellationDate"] == "2026-11-24T01:30:00Z"
    assert "cancelationReason" not in written


numbers = st.one_of(
    st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.just(Decimal("1.50"))
)
documents = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.text("abc_", min_size=1, max_size=3), documents))
def test_elements_that_are_not_known_are_kept(unknown: dict[str, Any]) -> None:
    body = fhir.encoded(unknown | BOOKED)
    resource = Answer(200, {}, body).json(fhir.exact)
    for changed in (
        fhir.cancelled(resource, "Sick", "R4", NOW),
        fhir.missed(resource),
        fhir.moved(resource, BASE, *DAY, "9"),
    ):
        again = json.loads(fhir.encoded(changed), parse_float=str, parse_int=str)
        before = json.loads(body, parse_float=str, parse_int=str)
        touched = {"status", "cancelationReason", "start", "end", "minutesDuration", "participant"}
        assert {key: again[key] for key in before.keys() - touched} == {
            key: before[key] for key in before.keys() - touched
        }


LOOKED_AT = (
    "status", "start", "end", "participant", "subject", "extension", "modifierExtension", "contained", "meta",
    "recurrenceTemplate", "slot", "appointmentType", "serviceType",
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(LOOKED_AT), st.lists(documents, max_size=3) | documents))
def test_whatever_stands_where_something_is_looked_for_is_read_or_refused(odd: dict[str, Any]) -> None:
    resource = BOOKED | odd
    fhir.is_without_time(resource)
    fhir.slots(resource, BASE)
    fhir.words_of(outcome("", "No"), resource)
    with contextlib.suppress(ContractDrift):
        found = fhir.appointment(resource, BASE)
        # The only patient of it is named among its participants.
        assert found.patients == One("55") or odd.keys() & {"participant", "subject"}


def test_a_number_keeps_its_digits() -> None:
    body = b'{"a":1.50,"b":0.10000000000000000000000001,"c":123456789012345678901234567890,"d":2}'
    assert fhir.encoded(Answer(200, {}, body).json(fhir.exact)) == body


async def test_a_cancel_keeps_the_digits_of_numbers() -> None:
    body = json.dumps(BOOKED).replace('"minutesDuration": 30', '"minutesDuration": 30, "x": 1.50').encode()
    server = Server(Answer(200, {}, body), answer(status=204))
    await pms(server).cancel("a-1", CancelRequest(ID, version="4"))
    assert b'"x":1.50,' in server.written[0]


async def test_a_number_beyond_measure_is_no_answer() -> None:
    with pytest.raises(ContractDrift):
        await pms(Server(Answer(200, {}, b'{"a":1e9999999999999999999999}'))).appointment("a-1")


async def test_text_that_cannot_be_written_back_is_not_tried() -> None:
    server = Server(BOOKED | {"comment": "\ud800"})
    with pytest.raises(Unsupported):
        await pms(server).cancel("a-1", CancelRequest(ID, version="4"))
    assert len(server.asked) == 1


async def test_no_version_no_write() -> None:
    server = Server(answer(BOOKED | {"meta": {}}, etag="W/5"))
    with pytest.raises(Unsupported):
        await pms(server).cancel("a-1", CancelRequest(ID, version="4"))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("there", "error"),
    [
        ({"status": "cancelled", "start": None}, AlreadyCancelled),
        ({"status": "arrived"}, Rejected),
        ({"status": "entered-in-error"}, Rejected),
        ({"meta": {"versionId": "5"}}, PmsConflict),
    ],
)
async def test_nothing_is_sent_for_an_appointment_that_is_not_as_it_was(
    there: dict[str, Any], error: type[PmsError]
) -> None:
    server = Server(BOOKED | there)
    with pytest.raises(error):
        await pms(server).cancel("a-1", CancelRequest(ID, version="4"))
    assert len(server.asked) == 1


ON_A_READ = [
    (answer(status=400), Rejected),
    (answer(status=401), PmsUnauthorised),
    (answer(status=403), PmsUnauthorised),
    (answer(outcome(), 404), PmsNotFound),
    (answer(outcome(), 410), PmsNotFound),
    (answer(status=429), RateLimited),
    (answer(status=500), PmsUnavailable),
    (answer(status=503), PmsUnavailable),
    (answer(status=302, location="https://login.example/"), PmsUnauthorised),
    (Answer(200, {"content-type": "text/html"}, b"<html>Sign in</html>"), PmsUnauthorised),
    (Answer(200, {}, b'{"resourceType":"Appoin'), ContractDrift),
    (answer(outcome()), ContractDrift),
    (answer([]), ContractDrift),
    (NotSent("it refused the connection"), PmsUnavailable),
    (Lost("it did not answer in time"), PmsUnavailable),
]


CHANGES: list[Callable[[FhirPms], Awaitable[object]]] = [
    lambda one: one.cancel("a-1", CancelRequest(ID, version="4")),
    lambda one: one.mark_no_show("a-1", NoShowRequest(ID, "4")),
    lambda one: one.reschedule("a-1", MoveRequest(ID, *DAY, version="4")),
]
QUESTIONS: list[Callable[[FhirPms], Awaitable[object]]] = [
    lambda one: one.appointment("a-1"),
    lambda one: one.appointments(*DAY),
    lambda one: one.practitioners(),
]


@pytest.mark.parametrize(("reply", "error"), ON_A_READ)
async def test_what_an_answer_to_a_question_means(reply: Reply, error: type[PmsError]) -> None:
    for ask in (*QUESTIONS, *CHANGES):
        with pytest.raises(PmsError) as raised:
            await ask(pms(Server(reply)))
        assert type(raised.value) is error
    with pytest.raises(PmsError) as raised:
        await pms(Server(reply), says_release=False).ping()
    assert type(raised.value) is error


@pytest.mark.parametrize(
    "said", [answer(status=403), answer(status=404), Lost("it broke"), answer(outcome())]
)
async def test_a_server_that_does_not_say_what_it_speaks_is_believed_to_speak_it(said: Reply) -> None:
    for change in CHANGES:
        server = Server(said, BOOKED, answer(status=204))
        await change(pms(server, says_release=False))
        assert len(server.written) == 1


async def test_what_a_server_speaks_is_asked_once() -> None:
    server = Server(answer(status=403), BOOKED, answer(status=204), BOOKED, answer(status=204))
    asking = pms(server, says_release=False)
    await asking.mark_no_show("a-1", NoShowRequest(ID, "4"))
    await asking.mark_no_show("a-1", NoShowRequest(ID, "4"))
    assert [url.rpartition("/")[2] for _, url, *_ in server.asked] == ["metadata", *["a-1"] * 4]


async def test_nothing_is_changed_for_several_patients_at_once() -> None:
    group = BOOKED | {"participant": [*BOOKED["participant"], {"actor": {"reference": "Patient/56"}}]}
    for change in CHANGES:
        server = Server(group)
        with pytest.raises(Rejected, match="it is for several patients there"):
            await change(pms(server))
        assert not server.written


@pytest.mark.parametrize("version", ["3.0.2", "1.0.2", "6.0.0", "5.0.0"])
async def test_nothing_is_changed_on_a_server_that_speaks_something_else(version: str) -> None:
    metadata = {"resourceType": "CapabilityStatement", "fhirVersion": version}
    for change in CHANGES:
        server = Server(metadata, metadata)
        asking = pms(server, says_release=False)
        for _ in range(2):
            with pytest.raises(Rejected, match=f"it speaks FHIR .*{version}"):
                await change(asking)
        assert not server.written


ON_A_WRITE = [
    (answer(outcome(), 400), Rejected),
    (answer(status=401), PmsUnauthorised),
    (answer(status=403), PmsUnauthorised),
    (answer(status=404), PmsNotFound),
    (answer(status=405), Unsupported),
    (answer(status=409), PmsConflict),
    (answer(status=412), PmsConflict),
    (answer(status=422), Rejected),
    (answer(status=429), RateLimited),
    (answer(status=408), UnknownOutcome),
    (answer(status=500), UnknownOutcome),
    (answer(status=503), UnknownOutcome),
    (answer(status=504), UnknownOutcome),
    (answer(status=302), UnknownOutcome),
    (answer(BOOKED), UnknownOutcome),
    (answer([]), UnknownOutcome),
    (Answer(200, {}, b"<html>"), UnknownOutcome),
    (Answer(200, {}, b'{"resourceType"'), UnknownOutcome),
    (NotSent("the name of its server is not known"), PmsUnavailable),
    (Lost("it did not answer in time"), UnknownOutcome),
]


@pytest.mark.parametrize(("reply", "error"), ON_A_WRITE)
async def test_what_an_answer_to_a_change_means(reply: Reply, error: type[PmsError]) -> None:
    for change in CHANGES:
        server = Server(BOOKED, reply)
        with pytest.raises(PmsError) as raised:
            await change(pms(server))
        assert type(raised.value) is error
        assert len(server.written) == 1


async def test_a_token_that_is_refused_is_fetched_anew_once() -> None:
    token = answer({"access_token": "fresh", "expires_in": 3600})
    server = Server(token, answer(status=401), token, answer(status=401))
    auth = {"token_url": "https://login.example/token", "client_id": "frontdesk"}
    account = Account("clinic", "fhir", base_url=BASE, credentials={"secret": "fhir-clinic"}, auth=auth)
    sign_in = SignIn("FHIR", Auth(kind="client-credentials"), account, lambda _: "t", server, lambda: NOW)
    with pytest.raises(PmsUnauthorised):
        await FhirPms(FhirWire(account, server, sign_in, lambda: NOW)).appointment("a-1")
    assert [url for _, url, *_ in server.asked] == [auth["token_url"], f"{BASE}/Appointment/a-1"] * 2
    assert server.asked[3][3]["Authorization"] == "Bearer fresh"


async def test_accepted_is_not_done() -> None:
    done = await pms(Server(BOOKED, answer(status=202))).cancel("a-1", CancelRequest(ID, version="4"))
    assert done.state is WriteState.ACCEPTED


async def test_too_many_says_when_to_come_back() -> None:
    with pytest.raises(RateLimited) as raised:
        await pms(Server(answer(status=429, retry_after="40"))).appointment("a-1")
    assert raised.value.retry_at == NOW + timedelta(seconds=40)


async def test_a_refusal_is_in_the_servers_words_without_the_patient() -> None:
    said = "Rosalind\u001b[1m EXAMPLE (Patient/55, 0491 570 006, r@example.com) owes 3 visits"
    server = Server(BOOKED, answer(outcome(text=said), 422))
    with pytest.raises(Rejected) as raised:
        await pms(server).cancel("a-1", CancelRequest(ID, version="4"))
    shown = str(raised.value)
    assert "owes 3 visits" in shown
    for hidden in ("Rosalind", "EXAMPLE", "Example", "55", "0491", "example.com", "\u001b"):
        assert hidden not in shown


@pytest.mark.parametrize(
    "actor",
    [
        {"type": "Patient"},
        {},
        {"reference": "Patient/1", "type": "Practitioner"},
        {"reference": "Group/1"},
        {"reference": "RelatedPerson/1"},
    ],
)
def test_whoevers_name_may_tell_of_a_patient_is_hidden(actor: dict[str, Any]) -> None:
    about = {"participant": [{"actor": {**actor, "display": "Rosalind Example"}}]}
    said = fhir.words_of(outcome("", "Rosalind Example owes 3 visits"), about)
    assert "owes 3 visits" in said
    assert "Rosalind" not in said
    assert "Example" not in said


@pytest.mark.parametrize("status", [[], {}, 5, None])
async def test_a_slot_of_another_shape_cannot_be_read(status: object) -> None:
    gone = BOOKED | {"status": "cancelled", "slot": [{"reference": "Slot/s-1"}]}
    slot = {"resourceType": "Slot", "id": "s-1", "status": status}
    assert (await pms(Server(gone, slot)).appointment("a-1")).slots is SlotsLeft.UNKNOWN


def test_only_errors_count() -> None:
    both = {"resourceType": "OperationOutcome", "issue": [*outcome("x", severity="warning")["issue"], 5]}
    assert fhir.words_of(both, {}) == ""
    assert fhir.words_of({"resourceType": "Patient"}, {}) == ""
