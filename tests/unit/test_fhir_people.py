"""Whom a FHIR Appointment names: nobody, one, several, or somebody who cannot be compared."""

from typing import Any

import pytest

from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.port import Nobody, One, Several, Unclear, Unsupported, Who
from tests.unit.scripted_fhir import BASE, BOOKED, DAY, NOW

DENTIST = {"actor": {"reference": "Practitioner/3"}}


def referring(**actor: Any) -> dict[str, Any]:
    """Return a participant with this actor."""
    return {"actor": actor}


def by(reference: str) -> dict[str, Any]:
    """Return a participant with an actor by this reference."""
    return referring(reference=reference)


def patients(*participants: Any, **more: Any) -> Who:
    """Return whom an appointment names as patients."""
    return fhir.appointment({**BOOKED, "participant": [DENTIST, *participants], **more}, BASE).patients


ONE = One("1")


@pytest.mark.parametrize(
    ("participant", "named"),
    [
        (by("Patient/1"), ONE),
        (by("Patient/1/_history/4"), ONE),
        (by(f"{BASE}/Patient/1"), ONE),
        (by("HTTPS://FHIR.example:443/fhir/R4/Patient/1"), ONE),
        (referring(reference="Patient/1", type="Patient", identifier={"value": "A-1"}), ONE),
        (referring(reference="Patient/1", type="http://hl7.org/fhir/StructureDefinition/Patient"), ONE),
        # Another base address, on the same server or not: another directory of people.
        (by("https://other.example/fhir/R4/Patient/1"), One("https://other.example/fhir/R4/Patient/1")),
        (by("https://fhir.example:8443/fhir/R4/Patient/1"), One("https://fhir.example:8443/fhir/R4/Patient/1")),
        (by("https://fhir.example/fhir/R5/Patient/1"), One("https://fhir.example/fhir/R5/Patient/1")),
        (by("https://pms-internal.example/fhir/Patient/1"), One("https://pms-internal.example/fhir/Patient/1")),
        (by("#p"), Unclear()),
        (by("Patient?identifier=A-1"), Unclear()),
        (by("Patient/1?x=1"), Unclear()),
        (by("Patient/1/2"), Unclear()),
        (by(f"{BASE}/Patient?identifier=A-1"), Unclear()),
        (by("Patient/"), Unclear()),
        (by("patient/1"), Unclear()),
        (by("urn:uuid:0b9f7c3e-5d0a-4a7e-9b1c-2f6f0e8a4d11"), Unclear()),
        (by("https://[/Patient/1"), Unclear()),
        (referring(type="Patient", identifier={"value": "A-1"}), Unclear()),
        (referring(type="Patient", display="Jo Example"), Unclear()),
        # Whose kind is not told may be anybody, a patient too.
        (referring(display="Jo Example"), Unclear()),
        (referring(identifier={"value": "A-1"}), Unclear()),
        (referring(reference=5), Unclear()),
        (referring(), Unclear()),
        ({"actor": None}, Unclear()),
        ({"actor": "Patient/1"}, Unclear()),
        ("Patient/1", Unclear()),
        (referring(reference="Patient/1", type="Practitioner"), Unclear()),
        (by("Group/7"), Several(frozenset(), is_whole=False)),
        # What is certainly no patient.
        (by("Location/1"), Nobody()),
        (by("RelatedPerson/1"), Nobody()),
        (by("#room"), Nobody()),
        (by("https://elsewhere.example/Device/1"), Nobody()),
        (referring(type="HealthcareService", display="Hygiene"), Nobody()),
        ({"type": [{"text": "some assistant"}]}, Nobody()),
    ],
)  # fmt: skip
def test_one_participant(participant: Any, named: Who) -> None:
    contained = [{"resourceType": "Patient", "id": "p"}, {"resourceType": "Location", "id": "room"}]
    assert patients(participant, contained=contained) == named


@pytest.mark.parametrize(
    ("participants", "more", "named"),
    [
        ([], {}, Nobody()),
        ([by("Patient/1"), by(f"{BASE}/Patient/1")], {}, ONE),
        ([by("Patient/1"), by("Patient/2")], {}, Several(frozenset("12"))),
        ([by("Patient/1"), by("#q")], {}, Unclear(frozenset("1"))),
        ([by("Patient/1"), by("Patient/2"), by("#q")], {}, Several(frozenset("12"), is_whole=False)),
        ([by("Patient/1"), by("Group/7")], {}, Several(frozenset("1"), is_whole=False)),
        ([], {"subject": {"reference": "Patient/1"}}, ONE),
        ([by("Patient/1")], {"subject": {"reference": "Patient/1"}}, ONE),
        ([by("Patient/1")], {"subject": {"reference": "Patient/2"}}, Several(frozenset("12"))),
        ([by("Patient/1")], {"subject": {"reference": "Group/7"}}, Several(frozenset("1"), is_whole=False)),
        ([by("Patient/1")], {"subject": {"display": "a class"}}, Unclear(frozenset("1"))),
        ([by("Patient/1")], {"subject": None}, Unclear(frozenset("1"))),
        (
            [],
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.subject",
                        "valueReference": {"reference": "Patient/2"},
                    }
                ]
            },
            One("2"),
        ),
    ],
)
def test_all_together(participants: list[Any], more: dict[str, Any], named: Who) -> None:
    assert patients(*participants, **more) == named


@pytest.mark.parametrize("participant", [None, [], {}, "Patient/1"])
def test_participants_that_are_not_told_are_not_nobody(participant: Any) -> None:
    found = fhir.appointment({**BOOKED, "participant": participant}, BASE)
    assert (found.patients, found.practitioners) == (Unclear(), Unclear())
    without = {key: value for key, value in BOOKED.items() if key != "participant"}
    assert fhir.appointment(without, BASE).patients == Unclear()


def test_practitioners_and_their_names() -> None:
    second = referring(type="Practitioner", reference="#p", display="Dr Chan")
    found = fhir.appointment({**BOOKED, "participant": [*BOOKED["participant"], second]}, BASE)
    assert (found.practitioners, found.practitioner_name) == (Unclear(frozenset("3")), "Dr Mai Lee, Dr Chan")
    role = by("PractitionerRole/3")
    assert fhir.appointment({**BOOKED, "participant": [role]}, BASE).practitioners == One(
        "PractitionerRole/3"
    )
    both = fhir.appointment({**BOOKED, "participant": [role, DENTIST]}, BASE).practitioners
    assert both == Several(frozenset(("PractitionerRole/3", "3")))


STALE = {
    "_status": {"extension": [{"url": "https://pms.example/original", "valueCode": "Scheduled"}]},
    "_start": {"id": "s"},
    "_end": {"id": "e"},
    "_minutesDuration": {"id": "m"},
    "_cancellationDate": {"id": "d"},
    "text": {"status": "generated", "div": "<div>Booked</div>"},
    "slot": [{"reference": "Slot/s-1"}],
    "_comment": {"id": "c"},
}


def test_what_is_written_leaves_nothing_stale_beside_it() -> None:
    before = {**BOOKED, **STALE}
    cancelled = fhir.cancelled(before, "Sick", "R4", NOW)
    assert STALE.keys() - cancelled.keys() == {"_status", "text"}
    assert STALE.keys() - fhir.cancelled(before, "", "R5", NOW).keys() == {
        "_status",
        "_cancellationDate",
        "text",
    }
    assert STALE.keys() - fhir.missed(before).keys() == {"_status", "text"}
    moved = fhir.moved(before, BASE, *DAY, "")
    assert STALE.keys() - moved.keys() == {"_start", "_end", "_minutesDuration", "text", "slot"}
    assert cancelled["slot"] == STALE["slot"]


def test_whom_a_move_replaces_must_be_plain() -> None:
    for participants in ([DENTIST, DENTIST], [DENTIST, referring(display="Dr Chan")], [by("Patient/1")]):
        with pytest.raises(Unsupported):
            fhir.moved({**BOOKED, "participant": participants}, BASE, *DAY, "9")
