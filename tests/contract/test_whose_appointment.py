"""Whose an appointment is: what is not proven to be the booking's is left to a person, at every PMS.

Over real HTTP, by the carrier that tells PMSs: what reaches them is in their ledgers.
"""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from frontdesk.attempts import Ended, Result
from frontdesk.bookings import Booking, Cancellation, Practitioner
from frontdesk.deliveries import Kind
from frontdesk.demo.simulator import Entry, EntryStatus, Fault, Operation
from frontdesk.demo.simulator import Kind as FaultKind
from frontdesk.pms.port import (
    CancelRequest,
    ContractDrift,
    MoveRequest,
    Nobody,
    NoShowRequest,
    One,
    Rejected,
    Several,
    Unclear,
)
from frontdesk.pms.telling import PmsCarrier
from frontdesk.preflight import Finding
from tests.contract.pms_accounts import HALF_AN_HOUR, NOW, PROMISES, REF, REQUEST, START, Connected, connected
from tests.making import KIM, make_booking, make_patient
from tests.notifying import make_claim

CASES = Path(__file__).parents[1] / "cases" / "fhir"
NOT_HERE = "not cancelled there: "
SEVERAL = f"{NOT_HERE}it is for several patients there, and a cancel would be for all of them"
UNCLEAR = f"{NOT_HERE}its patient there cannot be compared with this booking's"
ANOTHERS = f"{NOT_HERE}it is for another patient there"

FHIR = PROMISES[-1]


@pytest.fixture(params=PROMISES, ids=lambda promise: promise.kind)
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    """Each adapter in turn, with one appointment on Thursday."""
    async with connected(request.param) as made:
        yield made


@pytest.fixture
async def fhir() -> AsyncIterator[Connected]:
    """The FHIR adapter alone."""
    async with connected(FHIR) as made:
        yield made


def booking(
    ref: str = REF, patient: str = "55", practitioner: str = "3", starts_at: datetime = START
) -> Booking:
    """Return the booking whose appointment it is."""
    return make_booking(
        pms_ref=ref,
        starts_at=starts_at,
        patient=make_patient(pms_ref=patient),
        practitioner=Practitioner(1, "adelaide", "Dr Lee", pms_ref=practitioner),
        cancellation=Cancellation(NOW, KIM, "Sick"),
    )


async def told(at: Connected, about: Booking) -> Result:
    """Have a cancelled booking told to the PMS."""
    return await PmsCarrier(lambda _: at.pms).carry(make_claim(Kind.PMS_CANCEL, "the PMS", booking=about))


def patients(at: Connected, refs: Sequence[str | None] | None) -> dict[str, Any]:
    """Return how a kind shows these patients; None is one without an id, no list is nobody at all."""
    kind = at.promise.kind
    if kind == "fhir":
        dentist = {"actor": {"reference": "Practitioner/3", "display": "Dr Lee"}, "status": "accepted"}
        actors = [
            {"reference": f"Patient/{ref}"} if ref else {"type": "Patient", "identifier": {"value": "A-1"}}
            for ref in refs or ()
        ]
        return {"participant": [dentist, *({"actor": one, "status": "accepted"} for one in actors)]}
    if kind == "open-dental":
        numbers = [int(ref or 0) for ref in refs or ()]
        return {"PatNum": numbers[0] if len(numbers) == 1 else numbers or None}
    if refs is None:
        return {"patient": None}
    url = f"{at.simulator.url('smile')}/v1/patients"
    shown = [
        {} if ref is None else {"links": {"self": f"{url}/{ref}"}} if kind == "cliniko" else {"id": ref}
        for ref in refs
    ]
    return {"patient": shown[0] if len(shown) == 1 else shown}


async def test_who_is_named_is_told_apart(at: Connected) -> None:
    shown = {}
    for refs in (None, ("55",), ("55", "56"), (None,), ("55", None)):
        at.put(more=patients(at, refs))
        shown[refs] = (await at.pms.appointment(REF)).patients
    assert shown == {
        None: Nobody(),
        ("55",): One("55"),
        ("55", "56"): Several(frozenset(("55", "56"))),
        (None,): Unclear(),
        ("55", None): Unclear(frozenset(("55",))),
    }


@pytest.mark.parametrize(
    ("refs", "said"),
    [
        (("56",), ANOTHERS),
        (("55", "56"), SEVERAL),
        (("56", "57"), f"{NOT_HERE}it is for other patients there"),
        ((None,), UNCLEAR),
        (("55", None), UNCLEAR),
    ],
    ids=["another", "several", "others", "unclear", "one of them unclear"],
)
async def test_only_its_own_patients_appointment_is_cancelled(
    at: Connected, refs: Sequence[str | None], said: str
) -> None:
    at.put(more=patients(at, refs))
    assert await told(at, booking()) == Result(Ended.REFUSED, said)
    assert [line.operation for line in at.simulator.ledger] == ["read"]
    assert at.simulator.entry(REF).status is EntryStatus.BOOKED
    found = await PmsCarrier(lambda _: at.pms).ask(booking())
    assert found.finding in (Finding.DIFFERENT, Finding.SEVERAL, Finding.UNCLEAR)


@pytest.mark.parametrize(("refs", "ours"), [(None, "55"), (("55",), "55"), (("55",), "")], ids=repr)
async def test_that_nobody_is_named_contradicts_nobody(
    at: Connected, refs: Sequence[str | None] | None, ours: str
) -> None:
    at.put(more=patients(at, refs))
    assert (await told(at, booking(patient=ours))).ended is Ended.DONE
    assert at.simulator.entry(REF).status is EntryStatus.CANCELLED


@pytest.mark.parametrize(
    "at",
    [one for one in PROMISES if one.kind in ("cliniko", "fhir")],
    ids=lambda one: one.kind,
    indirect=True,
)
async def test_an_id_at_another_address_is_compared_with_nothing(at: Connected) -> None:
    """Of those that name people by addresses."""
    elsewhere = "https://pms-internal.example/v1"
    shown = patients(at, (None,))
    if at.promise.kind == "fhir":
        shown["participant"][1]["actor"] = {"reference": f"{elsewhere}/Patient/55"}
    else:
        shown["patient"] = {"links": {"self": f"{elsewhere}/patients/55"}}
    at.put(more=shown)
    assert await told(at, booking()) == Result(Ended.REFUSED, UNCLEAR)
    assert await told(at, booking(patient="56")) == Result(Ended.REFUSED, UNCLEAR)
    assert not at.simulator.effective


async def test_several_are_several_without_an_id_here(at: Connected) -> None:
    at.put(more=patients(at, ("55", "56")))
    assert await told(at, booking(patient="")) == Result(Ended.REFUSED, SEVERAL)
    assert not at.simulator.effective


# The files that were seen, made anew with made-up people


def put_case(at: Connected, name: str, **more: Any) -> Booking:
    """Put a file of tests/cases/fhir into the diary, and return patient 1's booking of it."""
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8")) | more
    starts_at = datetime.fromisoformat(case["start"])
    shown = {key: case[key] for key in case.keys() - {"resourceType", "id", "status", "start", "end"}}
    at.simulator.put(Entry(case["id"], starts_at, starts_at + HALF_AN_HOUR, "9", more=shown))
    return booking(case["id"], "1", "", starts_at)


SEEN = {
    "group": (SEVERAL, Finding.SEVERAL),
    "two-others": (f"{NOT_HERE}it is for other patients there", Finding.DIFFERENT),
    "subject-other-R5": (ANOTHERS, Finding.DIFFERENT),
    "abs": (UNCLEAR, Finding.UNCLEAR),
}


@pytest.mark.parametrize("name", SEEN)
async def test_what_was_seen_is_left_to_a_person(fhir: Connected, name: str) -> None:
    about = put_case(fhir, name)
    said, finding = SEEN[name]
    assert await told(fhir, about) == Result(Ended.REFUSED, said)
    assert (await PmsCarrier(lambda _: fhir.pms).ask(about)).finding is finding
    assert not fhir.simulator.effective


async def test_what_was_seen_is_cancelled_and_nothing_stale_stays_beside_it(fhir: Connected) -> None:
    about = put_case(
        fhir, "ext", text={"status": "generated", "div": "<div>Booked</div>"}, comment="By the window"
    )
    assert await told(fhir, about) == Result(Ended.DONE, "cancelled there")
    entry = fhir.simulator.entry("ext")
    assert entry.status is EntryStatus.CANCELLED
    assert entry.more.keys() == {"participant", "comment"}


@pytest.mark.parametrize(
    ("more", "finding", "said"),
    [
        ({"recurrenceTemplate": [{"weeklyTemplate": {}}]}, Finding.SERIES, "a whole series"),
        (
            {"extension": [{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.recurrenceTemplate"}]},
            Finding.SERIES,
            "a whole series",
        ),
        ({"modifierExtension": [{"url": "https://pms.example/not", "valueBoolean": True}]}, Finding.MARKED, "a mark"),
        ({"implicitRules": "https://pms.example/rules"}, Finding.MARKED, "a mark"),
        ({"meta": {"versionId": "1", "tag": [{"code": "SUBSETTED"}]}}, Finding.UNCLEAR, "only a part"),
    ],
    ids=["series", "series in R4", "modifier", "rules", "subsetted"],
)  # fmt: skip
async def test_what_a_program_must_not_change_is_left_to_a_person(
    fhir: Connected, more: dict[str, Any], finding: Finding, said: str
) -> None:
    about = put_case(fhir, "ext", **more)
    result = await told(fhir, about)
    assert (result.ended, said in result.said) == (Ended.REFUSED, True)
    assert (await PmsCarrier(lambda _: fhir.pms).ask(about)).finding is finding
    seen = await fhir.pms.appointment("ext")
    for change in (
        fhir.pms.cancel("ext", CancelRequest(REQUEST, version=seen.version)),
        fhir.pms.mark_no_show("ext", NoShowRequest(REQUEST, seen.version)),
        fhir.pms.take_back_no_show("ext", NoShowRequest(REQUEST, seen.version)),
        fhir.pms.reschedule("ext", MoveRequest(REQUEST, START, START + HALF_AN_HOUR, version=seen.version)),
    ):
        with pytest.raises(Rejected):
            await change
    assert not fhir.simulator.effective


@pytest.mark.parametrize(
    ("settings", "slot", "said"),
    [
        ({"frees_slots": True}, "Slot/s-1", ""),
        ({}, "Slot/s-1", "; its time there is still kept busy: free it there"),
        ({}, "https://elsewhere.example/Slot/s-1", "; look there whether its time is free"),
    ],
    ids=["freed", "busy", "elsewhere"],
)
async def test_slots_that_a_cancel_leaves_busy_are_said(
    settings: dict[str, Any], slot: str, said: str
) -> None:
    async with connected(FHIR, **settings) as at:
        about = put_case(at, "ext", slot=[{"reference": slot}])
        assert await told(at, about) == Result(Ended.DONE, f"cancelled there{said}")
        assert await told(at, about) == Result(Ended.DONE, f"was already cancelled there{said}")
        assert at.simulator.entry("ext").more["slot"] == [{"reference": slot}]
        at.put(more={"slot": [{"reference": slot}]})
        await at.pms.appointment(REF)
        # Of what is not cancelled no slot is looked at.
        assert at.simulator.ledger[-1].operation == "read"


async def test_a_slot_that_cannot_be_read_says_nothing_of_the_cancel(fhir: Connected) -> None:
    about = put_case(fhir, "ext", slot=[{"reference": "Slot/s-1"}])
    fhir.simulator.faults.set(Fault(FaultKind.FORBIDDEN, Operation.SLOT))
    result = await told(fhir, about)
    assert result == Result(Ended.DONE, "cancelled there; look there whether its time is free")


@pytest.mark.parametrize(
    ("release", "version"), [("R4", "4.0.1"), ("R4", "4.0.0"), ("R4", "4.3.0"), ("R5", "5.0.0")]
)
async def test_the_releases_that_are_spoken(release: str, version: str) -> None:
    async with connected(FHIR, release, fhir_version=version) as at:
        assert await at.pms.ping() == NOW
        about = put_case(at, "ext")
        assert await told(at, about) == Result(Ended.DONE, "cancelled there")
        assert at.simulator.entry("ext").reason == "Sick"


@pytest.mark.parametrize(
    "version",
    ["3.0.2", "1.0.2", "0.5.0", "6.0", "6.0.0-ballot2", "4.6.0", "4.1.0", "5.0.0-draft", "40.0.1", "R4"],
)
async def test_a_release_that_is_not_spoken_is_refused_in_a_sentence(version: str) -> None:
    for release in ("R4", "R5"):
        async with connected(FHIR, release, fhir_version=version) as at:
            with pytest.raises(ContractDrift) as raised:
                await at.pms.ping()
            said = f"it speaks FHIR {version[:12]}, and frontdesk only R4 (4.0, 4.3) and R5 (5.0)"
            assert str(raised.value) == said
            assert await told(at, booking()) == Result(Ended.REFUSED, said)
            assert not at.simulator.effective


async def test_another_release_than_the_configs_is_said() -> None:
    async with connected(FHIR, "R4", fhir_version="5.0.0") as at:
        with pytest.raises(ContractDrift) as raised:
            await at.pms.ping()
        assert str(raised.value) == "it speaks FHIR R5 (5.0.0), the config says R4: correct fhir_version"
