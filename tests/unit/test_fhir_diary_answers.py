"""Whatever a FHIR server answers, its diary is read or the answer is refused."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.pms.fhir_diary import FhirDiary
from frontdesk.pms.port import PmsError
from tests.unit.scripted_fhir import BASE, BOOKED, DAY, answer, outcome
from tests.unit.test_fhir_diary import PATIENT, SINCE, diary

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "a-1", "Patient/55", BASE, "DELETE"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(sorted(BOOKED)), inner, max_size=2)
    ),
    max_leaves=5,
)
KINDS = (
    "Bundle",
    "Appointment",
    "Patient",
    "Location",
    "Slot",
    "Schedule",
    "PractitionerRole",
    "Practitioner",
)
FIELDS = (
    "id", "status", "start", "end", "participant", "meta", "name", "telecom", "link", "birthDate", "extension",
    "schedule", "actor", "availableTime", "availability", "practitioner", "location", "replaces", "subject",
)  # fmt: skip


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    made = draw(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6))
    return {
        "resourceType": draw(st.sampled_from(KINDS)),
        **draw(st.sampled_from((BOOKED, PATIENT, {}))),
        **made,
    }


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    entry = draw(st.lists(st.builds(lambda one: {"resource": one}, resources()) | json_values, max_size=3))
    listed = {"resourceType": "Bundle", "entry": entry, "total": draw(json_values), "link": draw(json_values)}
    return draw(st.sampled_from((listed, draw(resources()))))


QUESTIONS: tuple[Callable[[FhirDiary], Awaitable[object]], ...] = (
    lambda asking: asking.ping(),
    lambda asking: asking.appointments(*DAY),
    lambda asking: asking.changes(SINCE),
    lambda asking: asking.changes(SINCE, "history"),
    lambda asking: asking.appointment("a-1"),
    lambda asking: asking.patient("55"),
    lambda asking: asking.practitioners(),
    lambda asking: asking.locations(),
    lambda asking: asking.blocks(*DAY),
    lambda asking: asking.hours(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(answers(), min_size=3, max_size=3), st.sampled_from(QUESTIONS))
async def test_whatever_comes_it_is_read_or_refused(
    replies: list[dict[str, Any]], ask: Callable[[FhirDiary], Awaitable[object]]
) -> None:
    asking, server = diary(*replies)
    server.metadata = replies[0]
    server.replies += [answer(outcome(), 404)] * 20
    with suppress(PmsError):
        await ask(asking)
