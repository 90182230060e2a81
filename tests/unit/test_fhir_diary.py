"""The diary of a FHIR server: what is listed, what is proven complete, and who and where everything is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from frontdesk.pms.diary import Block, Location, WeeklyHours
from frontdesk.pms.fhir_diary import ABILITIES, LONGEST_BLOCK, FhirDiary
from frontdesk.pms.fhir_probe import probe_searches
from frontdesk.pms.port import (
    AppointmentStatus,
    ContractDrift,
    PmsError,
    PmsNotFound,
    PmsPatient,
    PmsUnavailable,
    Rejected,
)
from frontdesk.pms.probe import Held
from tests.unit.scripted_fhir import BASE, BOOKED, DAY, NOW, Reply, Server, answer, outcome, wire

SINCE = datetime(2026, 11, 24, 0, 0, 0, 400_000, tzinfo=UTC)
NEXT = f"{BASE}?_getpages=7"


def bundle(
    *resources: Mapping[str, Any], total: object = None, following: str = "", kind: str = "searchset"
) -> dict[str, Any]:
    link = [{"relation": "next", "url": following}] if following else []
    entry = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    found = {"resourceType": "Bundle", "type": kind, "link": link, "entry": entry}
    return found if total is None else found | {"total": total}


def numbered(number: int, **changes: Any) -> dict[str, Any]:
    return BOOKED | {"id": f"a-{number}"} | changes


def diary(*replies: Reply, release: str = "R4") -> tuple[FhirDiary, Server]:
    server = Server(*replies)
    return FhirDiary(wire(server, release)), server


async def refs(asking: FhirDiary, **asked: Any) -> list[str]:
    """Read a day to its end and return the ids."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await asking.appointments(*DAY, cursor, **asked)
        found += [one.ref for one in page.appointments]
        if (cursor := page.cursor) is None:
            return found


async def test_a_day_is_read_by_its_instants_page_by_page() -> None:
    asking, server = diary(bundle(numbered(1), total=2, following=NEXT), bundle(numbered(2), total=2))
    assert await refs(asking) == ["a-1", "a-2"]
    assert server.asked[0][1:3] == (
        f"{BASE}/Appointment",
        (("date", "ge2026-11-25T13:30:00Z"), ("date", "lt2026-11-26T13:30:00Z"), ("_count", "100")),
    )
    assert server.asked[1][1:3] == (NEXT, ())


async def test_a_page_with_more_rows_than_it_shows_and_no_next_link_is_incomplete() -> None:
    """Medplum's router 4.5.2 answers so; rule 11 of what others met."""
    asking, _ = diary(bundle(numbered(1), numbered(2), total=7))
    with pytest.raises(ContractDrift, match="a list of 7 ends after 2"):
        await refs(asking)


async def test_an_empty_page_with_a_total_is_incomplete() -> None:
    asking, _ = diary(bundle(total=3))
    with pytest.raises(ContractDrift):
        await refs(asking)


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_list_that_is_refused_is_no_empty_list(status: int) -> None:
    """Rules 1 and 5: a 410 that was swallowed left a green status and an empty diary."""
    asking, _ = diary(answer(outcome(), status), answer(outcome(), status))
    with pytest.raises(PmsError):
        await refs(asking)
    with pytest.raises(PmsError):
        await asking.changes(SINCE)


async def test_an_empty_page_that_goes_on_is_followed() -> None:
    asking, _ = diary(bundle(total=1, following=NEXT), bundle(numbered(1), total=1))
    assert await refs(asking) == ["a-1"]


async def test_a_list_that_shifts_under_its_pages_is_incomplete() -> None:
    asking, _ = diary(
        bundle(numbered(1), numbered(2), total=3, following=NEXT),
        bundle(numbered(2), numbered(3), total=4),
    )
    with pytest.raises(PmsUnavailable, match="changed while it was read"):
        await refs(asking)


async def test_more_rows_than_the_total_are_no_proof_either() -> None:
    asking, _ = diary(bundle(numbered(1), numbered(2), total=1))
    with pytest.raises(ContractDrift):
        await refs(asking)


async def test_a_total_that_only_the_first_page_says_counts_for_all() -> None:
    asking, _ = diary(bundle(numbered(1), total=3, following=NEXT), bundle(numbered(2)))
    with pytest.raises(ContractDrift):
        await refs(asking)
    asking, _ = diary(bundle(numbered(1), following=NEXT), bundle(numbered(2), total=2))
    assert await refs(asking) == ["a-1", "a-2"]


@pytest.mark.parametrize("total", [-1, "2", True, 1.5, [2]])
async def test_a_length_that_cannot_be_read(total: object) -> None:
    asking, _ = diary(bundle(numbered(1), total=total))
    with pytest.raises(ContractDrift):
        await refs(asking)


async def test_what_came_along_does_not_count() -> None:
    patient = {"resourceType": "Patient", "id": "55"}
    said = outcome("One of the parameters was ignored", severity="warning")
    asking, _ = diary(bundle(numbered(1), patient, said, total=1))
    assert await refs(asking) == ["a-1"]


@pytest.mark.parametrize("status", ["proposed", "waitlist", "entered-in-error"])
async def test_what_is_no_booking_is_left_out_and_not_found(status: str) -> None:
    asking, _ = diary(bundle(numbered(1, status=status), numbered(2), total=2), numbered(1, status=status))
    assert await refs(asking) == ["a-2"]
    with pytest.raises(PmsNotFound):
        await asking.appointment("a-1")


async def test_an_unknown_word_is_shown_and_never_a_cancel() -> None:
    """Rules 20 and 21: the server's own word is kept, so that a new one is noticed."""
    asking, _ = diary(bundle(numbered(1, status="on-hold"), total=1))
    (shown,) = (await asking.appointments(*DAY)).appointments
    assert (shown.status, shown.raw_status) == (AppointmentStatus.OTHER, "on-hold")


async def test_a_cancelled_one_without_a_time_is_left_out_and_not_found() -> None:
    gone = {key: value for key, value in numbered(1, status="cancelled").items() if key != "start"}
    asking, _ = diary(bundle(gone, total=1), gone)
    page = await asking.appointments(*DAY)
    assert (page.appointments, page.without_time) == ((), 1)
    with pytest.raises(PmsNotFound):
        await asking.appointment("a-1")


async def test_changes_are_asked_for_from_the_second_on() -> None:
    asking, server = diary(bundle(numbered(1), total=1))
    page = await asking.changes(SINCE)
    assert ([one.ref for one in page.appointments], page.cursor, page.gone) == (["a-1"], None, ())
    assert server.asked[0][2] == (("_lastUpdated", "ge2026-11-24T00:00:00Z"), ("_count", "100"))


STATEMENT = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [
        {
            "mode": "server",
            "resource": [
                {"type": "Appointment", "interaction": [{"code": "search-type"}, {"code": "history-type"}]},
                {"type": "Patient", "interaction": [{"code": "read"}]},
            ],
        }
    ],
}


def done(method: str, ref: str) -> dict[str, Any]:
    """Return an entry of a history."""
    entry: dict[str, Any] = {"request": {"method": method, "url": f"Appointment/{ref}"}}
    return entry if method == "DELETE" else entry | {"resource": numbered(9, id=ref)}


def history(*entries: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "history", "entry": list(entries), **more}


async def changed(asking: FhirDiary) -> tuple[list[str], list[str]]:
    """Read what changed to the end; return the ids of what is there, and of what is gone."""
    there: list[str] = []
    gone: list[str] = []
    cursor: str | None = None
    while True:
        page = await asking.changes(SINCE, cursor)
        there += [one.ref for one in page.appointments]
        gone += page.gone
        if (cursor := page.cursor) is None:
            return there, gone


async def test_what_was_deleted_stands_behind_what_changed() -> None:
    """Rule 7: deletes are invisible to incremental reads, unless a history tells them."""
    asking, server = diary(
        bundle(numbered(1), total=1),
        history(done("DELETE", "a-8"), done("PUT", "a-1"), total=3, link=[{"relation": "next", "url": NEXT}]),
        answer(outcome(), 410),
        history(done("DELETE", f"{BASE}/a-9"), total=3),
    )
    server.metadata = STATEMENT
    await asking.ping()
    assert await changed(asking) == (["a-1"], ["a-8"])
    assert server.asked[1][1:3] == (
        f"{BASE}/Appointment/_history",
        (("_since", "2026-11-24T00:00:00Z"), ("_count", "100")),
    )


async def test_what_was_deleted_and_put_back_is_not_gone() -> None:
    asking, server = diary(bundle(total=0), history(done("DELETE", "a-1")), numbered(1))
    server.metadata = STATEMENT
    await asking.ping()
    assert await changed(asking) == ([], [])


async def test_whether_a_deleted_one_is_gone_is_not_guessed() -> None:
    asking, server = diary(bundle(total=0), history(done("DELETE", "a-1")), answer(outcome(), 503))
    server.metadata = STATEMENT
    await asking.ping()
    with pytest.raises(PmsError):
        await changed(asking)


async def test_a_history_that_does_not_say_what_was_done() -> None:
    asking, server = diary(bundle(total=0), history({"resource": numbered(1)}))
    server.metadata = STATEMENT
    await asking.ping()
    with pytest.raises(ContractDrift):
        await changed(asking)


async def test_a_history_that_is_promised_and_not_there_is_not_asked_for_again() -> None:
    asking, server = diary(bundle(total=0), answer(outcome(), 404), bundle(total=0))
    server.metadata = STATEMENT
    await asking.ping()
    assert await changed(asking) == ([], [])
    assert not asking.abilities.shows_deleted
    assert await changed(asking) == ([], [])


async def test_a_server_says_what_can_be_read_of_it() -> None:
    asking, server = diary()
    await asking.ping()
    assert asking.abilities == ABILITIES
    server.metadata = STATEMENT
    await asking.ping()
    assert asking.abilities == replace(
        ABILITIES, shows_deleted=True, has_locations=False, has_blocks=False, has_hours=False
    )


async def test_a_site_is_asked_for_and_proven() -> None:
    elsewhere = numbered(2, participant=[{"actor": {"reference": "Location/2"}}])
    nowhere = numbered(3, participant=BOOKED["participant"][:2])
    rooms = numbered(4, participant=[{"actor": {"reference": f"{BASE}/Location/{id_}"}} for id_ in (1, 7)])
    there = (numbered(1), elsewhere, nowhere, rooms)
    asking, server = diary(bundle(*there, total=4), bundle(*there, total=4))
    assert await refs(asking, location="1") == ["a-1", "a-4"]
    assert ("location", "Location/1") in server.asked[0][2]
    shown = {one.ref: one.location for one in (await asking.appointments(*DAY)).appointments}
    assert shown == {"a-1": "1", "a-2": "2", "a-3": "", "a-4": ""}
    with pytest.raises(Rejected):
        await asking.appointments(*DAY, location="1,Location/2")


async def test_what_an_appointment_was_before_a_move() -> None:
    """R5's previousAppointment is another one of the same series, which still stands."""
    five = numbered(
        1,
        replaces=[{"reference": "Appointment/a-0"}],
        previousAppointment={"reference": "Appointment/a-7"},
        originatingAppointment={"reference": f"{BASE}/Appointment/a-6"},
        meta={"lastUpdated": "2026-11-20T09:00:00.123+10:30"},
    )
    asking, _ = diary(five, release="R5")
    shown = await asking.appointment("a-1")
    assert (shown.previous, shown.series, shown.time_text) == ("a-0", "a-6", BOOKED["start"])
    assert shown.updated_at == datetime(2026, 11, 19, 22, 30, 0, 123_000, tzinfo=UTC)
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces"
    four = {"extension": [{"url": url, "valueReference": {"reference": "Appointment/a-0"}}]}
    asking, _ = diary(
        numbered(1, **four),
        numbered(1, replaces=[{"reference": "Appointment/a-0"}, {"reference": "Appointment/a-2"}]),
        numbered(1, replaces=[{"reference": "https://other.example/Appointment/a-0"}]),
    )
    assert [(await asking.appointment("a-1")).previous for _ in range(3)] == ["a-0", "", ""]


async def test_a_deleted_appointment_is_not_found() -> None:
    for status in (404, 410):
        asking, _ = diary(answer(outcome(), status))
        with pytest.raises(PmsNotFound):
            await asking.appointment("a-1")


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "55",
    "name": [{"use": "old", "text": "Zoë Klein"}, {"use": "official", "given": ["Zoë"], "family": "Groß"}],
    "birthDate": "1981-03-14",
    "telecom": [
        {"system": "phone", "use": "home", "value": "08 8100 0000"},
        {"system": "phone", "use": "mobile", "value": "0400 000 001", "period": {"end": "2026-11-23"}},
        {"system": "phone", "use": "mobile", "value": "0400 000 002"},
        {"system": "phone", "use": "mobile", "value": "0400 000 003", "rank": 1},
        {"system": "email", "use": "old", "value": "klein@example.com"},
        {"system": "email", "value": "zoe@example.com", "period": {"end": "2026-12"}},
    ],
}


async def test_who_a_patient_is() -> None:
    asking, server = diary(PATIENT)
    found = await asking.patient("55")
    assert found == PmsPatient(
        "55",
        "Zoë Groß",
        date(1981, 3, 14),
        "0400 000 003",
        "zoe@example.com",
        unsaid=frozenset({"new_patient"}),
    )
    assert server.asked[0][1] == f"{BASE}/Patient/55"


async def test_a_number_that_is_no_longer_theirs_is_not_theirs() -> None:
    for place, mobile in ((3, "0400 000 002"), (2, "")):
        asking, _ = diary(PATIENT | {"telecom": PATIENT["telecom"][:place]})
        assert (await asking.patient("55")).mobile == mobile


@pytest.mark.parametrize("born", ["1981", "1981-03", "14/03/1981", "1981-02-30", None, 1981])
async def test_a_birth_date_is_whole_or_unknown(born: object) -> None:
    asking, _ = diary(PATIENT | {"birthDate": born})
    assert (await asking.patient("55")).birth_date is None


async def test_a_patient_who_was_merged_says_into_whom() -> None:
    """Rule 17: appointments point elsewhere then, and the loser looks deleted."""
    link = [
        {"type": "seealso", "other": {"reference": "Patient/9"}},
        {"type": "replaced-by", "other": {"reference": f"{BASE}/Patient/56"}},
    ]
    asking, _ = diary(PATIENT | {"active": False, "link": link})
    with pytest.raises(PmsNotFound) as merged:
        await asking.patient("55")
    assert merged.value.successor == "56"
    asking, _ = diary(answer(outcome(), 404), PATIENT | {"id": "56"})
    with pytest.raises(PmsNotFound):
        await asking.patient("55")
    with pytest.raises(ContractDrift):
        await asking.patient("55")


async def test_sites_say_their_time_zone() -> None:
    zone = [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "Australia/Sydney"}]
    asking, _ = diary(
        bundle(
            {"resourceType": "Location", "id": "1", "name": "Harbour", "extension": zone},
            {"resourceType": "Location", "id": "2", "name": "Adelaide", "status": "active"},
            {"resourceType": "Location", "id": "3", "name": "Closed", "status": "inactive"},
        )
    )
    assert await asking.locations() == (
        Location("1", "Harbour", "Australia/Sydney"),
        Location("2", "Adelaide"),
    )


def slot(id_: str, hour: int, hours: int, schedule: int, status: str = "busy-unavailable") -> dict[str, Any]:
    start = DAY[0] + timedelta(hours=hour)
    return {
        "resourceType": "Slot",
        "id": id_,
        "status": status,
        "start": start.isoformat(),
        "end": (start + timedelta(hours=hours)).isoformat(),
        "schedule": {"reference": f"Schedule/{schedule}"},
        "comment": "Lunch",
    }


def schedule(id_: int, *actors: str) -> dict[str, Any]:
    return {
        "resourceType": "Schedule",
        "id": str(id_),
        "actor": [{"reference": reference} for reference in actors],
    }


async def test_only_what_is_busy_without_a_booking_is_a_block() -> None:
    listed = bundle(
        slot("s-1", 1, 1, 1),
        slot("s-2", 2, 1, 1, "busy"),
        slot("s-3", 3, 1, 1, "free"),
        slot("s-4", -30, 48, 2),
        slot("s-5", -3, 2, 2),
        slot("s-6", 4, 1, 3),
    )
    schedules = {
        1: schedule(1, "Practitioner/3", "Location/1"),
        2: schedule(2, "Practitioner/4", "Practitioner/5", "Location/2"),
    }
    for location in ("", "1"):
        asking, server = diary(listed)
        server.by_path = {
            f"{BASE}/Schedule/1": schedules[1],
            f"{BASE}/Schedule/2": schedules[2],
            f"{BASE}/Schedule/3": answer(outcome(), 404),
        }
        found = {one.ref: one for one in await asking.blocks(*DAY, location)}
        assert found["s-1"] == Block(
            "s-1", "3", DAY[0] + timedelta(hours=1), DAY[0] + timedelta(hours=2), "Lunch"
        )
        two = {"s-4 4", "s-4 5"} if not location else set[str]()
        assert found.keys() == {"s-1", "s-6"} | two
        asked = dict(server.asked[0][2][1:2])
        assert asked == {"start": f"ge{(DAY[0] - LONGEST_BLOCK).isoformat().replace('+00:00', 'Z')}"}


async def test_hours_stand_in_roles_and_free_slots_are_none() -> None:
    four = {
        "resourceType": "PractitionerRole",
        "id": "r-1",
        "practitioner": {"reference": "Practitioner/3"},
        "location": [{"reference": "Location/1"}],
        "availableTime": [
            {
                "daysOfWeek": ["mon", "sun"],
                "availableStartTime": "08:30:00",
                "availableEndTime": "17:00:00",
            }
        ],
    }
    whole = [{"availableTime": [{"daysOfWeek": ["wed"], "allDay": True}]}]
    five = four | {"id": "r-2", "location": [], "availableTime": [], "availability": whole}
    idle = four | {"id": "r-3", "active": False}
    for location, expected in (("", 3), ("1", 3), ("2", 1)):
        asking, server = diary(bundle(four, five, idle, total=3))
        found = await asking.hours(location)
        assert len(found) == expected
        assert WeeklyHours("3", 3, time(0), time(23, 59)) in found
        assert (WeeklyHours("3", 7, time(8, 30), time(17)) in found) == (expected == 3)
        assert [asked[1] for asked in server.asked] == [f"{BASE}/PractitionerRole"]
    asking, _ = diary(bundle(four | {"availableTime": [{"daysOfWeek": ["mon"]}]}))
    with pytest.raises(ContractDrift):
        await asking.hours()


@pytest.mark.parametrize(
    ("replies", "held"),
    [
        ((bundle(), ()), [Held.NOT_TRIED]),
        ((bundle(numbered(1)), bundle(numbered(1)), bundle(numbered(1))), [Held.OK, Held.OK]),
        ((bundle(numbered(1)), answer(outcome(), 400), bundle()), [Held.OK, Held.FAILED]),
        ((bundle(numbered(1)), bundle(), answer(outcome(), 400)), [Held.FAILED, Held.FAILED]),
        ((answer(outcome(), 503), ()), [Held.NOT_TRIED]),
    ],
)
async def test_how_a_server_takes_a_search_is_found_out(replies: tuple[Reply, ...], held: list[Held]) -> None:
    asking, server = diary(*replies)
    found = await probe_searches(asking.wire, NOW)
    assert [one.held for one in found] == held
    assert {method for method, *_ in server.asked} == {"GET"}
