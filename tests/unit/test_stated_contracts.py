"""What frontdesk assumes of two PMSs: the OpenAPI files agree with themselves, and the shipped profiles with them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdesk.pms import appointments, people, rosters
from frontdesk.pms.diary import Location, WeeklyHours
from frontdesk.pms.kinds import profile_path
from frontdesk.pms.port import Appointment, AppointmentStatus, One
from frontdesk.pms.profile import Profile
from frontdesk.pms.profile_file import load
from frontdesk.pms.profile_routes import Route, Write
from frontdesk.pointers import MISSING, find
from frontdesk.templates import names_in
from tests.architecture.pages import ROOT

START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
KINDS = ("praktika", "core-practice")
METHODS = ("get", "post", "put", "patch", "delete")

every_kind = pytest.mark.parametrize("kind", KINDS)


def document(kind: str) -> Any:
    return json.loads((ROOT / "docs" / "pms" / f"{kind}.openapi.json").read_text(encoding="utf-8"))


def profile(kind: str) -> Profile:
    return load(profile_path(kind, Path()))


class Contract:
    """An OpenAPI document, with its references followed."""

    def __init__(self, kind: str) -> None:
        self.document = document(kind)

    def followed(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            node = find(self.document, node["$ref"].removeprefix("#"))
            assert isinstance(node, dict)
        return node

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def operation(self, route: Route) -> dict[str, Any]:
        path = self.document["paths"][route.path]
        found: dict[str, Any] = path[route.method.lower()]
        return found

    def answers(self, operation: dict[str, Any]) -> Iterator[tuple[int, Any]]:
        """Yield the status and the document of every example of an answer."""
        for status, response in operation["responses"].items():
            for _, example in self.examples(self.followed(response)):
                yield int(status), example

    def examples(self, carrier: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
        """Yield the schema and the document of every example of a body."""
        for media in carrier.get("content", {}).values():
            if "example" in media:
                yield media["schema"], media["example"]
            for named in media.get("examples", {}).values():
                yield media["schema"], named["value"]

    def complaints(self, schema: Any, value: Any) -> Iterator[str]:
        """Yield where a document is not what a schema says, of the words that these contracts use."""
        schema = self.followed(schema)
        known = {
            "type", "properties", "required", "items", "enum", "const", "format", "pattern", "maxLength",
            "additionalProperties", "minimum", "maximum", "default", "description", "example",
        }  # fmt: skip
        assert schema.keys() <= known, schema.keys() - known
        if "enum" in schema and value not in schema["enum"]:
            yield f"{value!r} is none of {schema['enum']}"
        if "const" in schema and value != schema["const"]:
            yield f"{value!r} is not {schema['const']!r}"
        if "type" in schema and not _is(schema["type"], value):
            yield f"{value!r} is no {schema['type']}"
        if isinstance(value, str):
            if len(value) > schema.get("maxLength", len(value)):
                yield f"{value!r} is too long"
            if not re.search(schema.get("pattern", ""), value):
                yield f"{value!r} is not like {schema['pattern']}"
            if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
                yield f"{value!r} has no offset"
        if isinstance(value, dict) and "properties" in schema:
            for key in {*schema.get("required", ()), *value} - schema["properties"].keys():
                yield f"{key} is in no schema"
            for key in schema.get("required", ()):
                if key not in value:
                    yield f"{key} is missing"
            for key, inner in schema["properties"].items():
                if key in value:
                    yield from self.complaints(inner, value[key])
        if isinstance(value, list):
            for one in value:
                yield from self.complaints(schema["items"], one)


def _is(kinds: str | list[str], value: Any) -> bool:
    names = {
        dict: "object",
        list: "array",
        str: "string",
        int: "integer",
        bool: "boolean",
        type(None): "null",
    }
    return names[type(value)] in ([kinds] if isinstance(kinds, str) else kinds)


def test_the_schemas_can_be_broken() -> None:
    contract = Contract("praktika")
    (booked,) = [one for _, one in contract.answers(contract.document["paths"]["/appointments/{id}"]["get"])][
        :1
    ]
    schema = {"$ref": "#/components/schemas/Appointment"}
    assert not list(contract.complaints(schema, booked))
    for wrong in ({"status": "Lost"}, {"start": "2026-11-26T10:30:00"}, {"id": 88213}, {"colour": "red"}):
        assert list(contract.complaints(schema, booked | wrong))
    assert list(contract.complaints(schema, {key: booked[key] for key in booked.keys() - {"updatedAt"}}))


@every_kind
def test_a_contract_says_whose_it_is(kind: str) -> None:
    info = document(kind)["info"]
    assert document(kind)["openapi"].startswith("3.1.")
    assert info["title"].endswith(": what frontdesk assumes, version 0")
    assert (info["version"], info["x-verified"]) == (profile(kind).version, False)
    assert not profile(kind).verified
    assert f"{kind}.openapi.json" in (ROOT / "docs" / "pms" / f"{kind}.md").read_text(encoding="utf-8")


@every_kind
def test_a_contract_agrees_with_itself(kind: str) -> None:
    contract = Contract(kind)
    for reference in re.findall(r'"\$ref": "#([^"]+)"', json.dumps(contract.document)):
        assert isinstance(find(contract.document, reference), dict), reference
    ids = [operation["operationId"] for _, _, operation in contract.operations()]
    assert len(ids) == len(set(ids)) > 6
    for _, path, operation in contract.operations():
        parameters = [contract.followed(one) for one in operation.get("parameters", ())]
        in_path = {one["name"] for one in parameters if one["in"] == "path"}
        assert in_path == set(names_in(path))
        bodies = [contract.followed(one) for one in operation["responses"].values()]
        bodies.append(operation.get("requestBody", {}))
        for body in bodies:
            for schema, example in contract.examples(body):
                assert not list(contract.complaints(schema, example)), path


def routes(of: Profile) -> Iterator[tuple[str, Route]]:
    for name in of.routes.__struct_fields__:
        route = getattr(of.routes, name)
        if route is not None:
            yield name, route


@every_kind
def test_every_route_of_the_profile_is_in_the_contract(kind: str) -> None:
    contract, shipped = Contract(kind), profile(kind)
    assert contract.document["servers"][0]["url"] == "{base_url}" + shipped.prefix
    for _, route in routes(shipped):
        operation = contract.operation(route)
        parameters = [contract.followed(one) for one in operation.get("parameters", ())]
        known = {one["name"] for one in parameters}
        needed = {one["name"] for one in parameters if one.get("required") and one["in"] != "path"}
        sent = {*route.query, *route.headers, *shipped.headers}
        assert sent <= known
        assert needed <= sent
        if isinstance(route, Write):
            schema = contract.followed(operation["requestBody"]["content"]["application/json"]["schema"])
            assert route.body.keys() <= schema["properties"].keys()
            assert set(schema["required"]) <= route.body.keys()
    paging = contract.operation(shipped.routes.list)["parameters"] if shipped.routes.list else ()
    names = {contract.followed(one)["name"] for one in paging}
    assert {shipped.paging.parameter, shipped.paging.size_parameter} <= names


@every_kind
def test_the_profile_signs_in_and_limits_as_the_contract_says(kind: str) -> None:
    contract, shipped = Contract(kind), profile(kind)
    (scheme,) = contract.document["components"]["securitySchemes"].values()
    if scheme["type"] == "apiKey":
        assert shipped.auth.headers == {scheme["name"]: "{secret}"}
    else:
        assert (scheme["scheme"], shipped.auth.kind) == ("bearer", "bearer")
    assert shipped.routes.cancel is not None
    body = contract.operation(shipped.routes.cancel)["requestBody"]["content"]["application/json"]["schema"]
    limits = {
        key: one.get("maxLength")
        for key, one in contract.followed(body)["properties"].items()
        if shipped.routes.cancel.body.get(key) in ("{reason}", "{note}")
    }
    assert limits == {"reason": shipped.reason.limit} | (
        {"note": shipped.reason.note_limit} if shipped.reason.overflow == "note" else {}
    )


@every_kind
def test_every_word_of_the_contract_is_known_to_the_profile(kind: str) -> None:
    contract, shipped = Contract(kind), profile(kind)
    properties = contract.document["components"]["schemas"]["Appointment"]["properties"]
    words = properties[shipped.status.field.removeprefix("/")]["enum"]
    assert set(words) == shipped.status.words.keys()
    refused = {
        (status, find(said, shipped.errors.code))
        for _, _, operation in contract.operations()
        for status, said in contract.answers(operation)
        if status >= 400
    }
    by_http = {(404, "not_found"), (422, "invalid")}
    assert {(one.status, one.code) for one in shipped.outcomes} == refused - by_http


@every_kind
def test_the_profile_reads_every_example(kind: str) -> None:
    contract, shipped = Contract(kind), profile(kind)
    form = appointments.instant_format(shipped.times, "Australia/Adelaide")

    def listed(route: Any, pointer: str) -> Iterator[Appointment]:
        for status, said in contract.answers(contract.operation(route)):
            found = find(said, pointer)
            if status in (200, 201):
                for item in found if isinstance(found, list) else [found]:
                    yield appointments.appointment(shipped, form, item, {"ETag": '"4"'}, "")

    assert shipped.routes.list
    assert shipped.routes.cancel
    assert shipped.routes.reschedule
    assert shipped.routes.practitioners
    (one,) = listed(shipped.routes.get, shipped.routes.get.item)
    assert (one.status, one.starts_at) == (AppointmentStatus.BOOKED, datetime(2026, 11, 26, 0, 0, tzinfo=UTC))
    assert one.ends_at == datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    assert one.version
    assert isinstance(one.practitioners, One)
    assert isinstance(one.patients, One)
    assert list(listed(shipped.routes.list, shipped.routes.list.items)) == [one]
    changed = [*listed(shipped.routes.cancel, shipped.routes.cancel.item)]
    assert shipped.routes.no_show
    assert shipped.routes.take_back_no_show
    changed += listed(shipped.routes.no_show, shipped.routes.no_show.item)
    changed += listed(shipped.routes.take_back_no_show, shipped.routes.take_back_no_show.item)
    assert {one.status for one in changed} == {
        AppointmentStatus.BOOKED,
        AppointmentStatus.CANCELLED,
        AppointmentStatus.NO_SHOW,
    }
    (moved,) = listed(shipped.routes.reschedule, shipped.routes.reschedule.item)
    assert moved.starts_at == datetime(2026, 11, 26, 22, 30, tzinfo=UTC)
    for _, said in contract.answers(contract.operation(shipped.routes.practitioners)):
        (calendar,) = find(said, shipped.routes.practitioners.items)
        assert people.practitioner(shipped.routes.practitioners, calendar).name


@every_kind
def test_the_profile_reads_every_example_of_what_is_around_appointments(kind: str) -> None:
    contract, shipped = Contract(kind), profile(kind)
    form = appointments.instant_format(shipped.times, "Australia/Adelaide")
    routes = shipped.routes
    assert routes.patient
    assert routes.blocks
    assert routes.hours

    def shown(route: Route, pointer: str) -> Any:
        (found,) = [said for status, said in contract.answers(contract.operation(route)) if status == 200]
        return find(found, pointer)

    patient = people.patient(routes.patient, form, shown(routes.patient, routes.patient.item), START)
    assert (patient.name, patient.birth_date, patient.is_new) == ("Jo Example", date(1981, 3, 14), False)
    assert (patient.mobile, patient.unsaid) == ("0491 570 156", frozenset())
    (row,) = shown(routes.blocks, routes.blocks.items)
    block = rosters.block(routes.blocks, form, row, "3", "")
    assert block is not None
    assert (block.ref, block.label, block.starts_at) == ("901", "Lunch", START + timedelta(hours=2))
    assert block.ends_at == START + timedelta(hours=2, minutes=45)
    rows = shown(routes.hours, routes.hours.items)
    assert [one for row in rows for one in rosters.hours(routes.hours, row, "3", "")] == [
        WeeklyHours("3", 1, time(8, 30), time(12, 30)),
        WeeklyHours("3", 1, time(13, 15), time(17)),
    ]
    if routes.locations:
        (row,) = shown(routes.locations, routes.locations.items)
        location = rosters.location(routes.locations, row)
        assert location == Location("2", "Smile Adelaide", "Australia/Adelaide")
        assert find(shown(routes.get, routes.get.item), shipped.fields.location) == location.ref


@every_kind
def test_the_profile_finds_whom_a_patient_became(kind: str) -> None:
    contract, shipped = Contract(kind), profile(kind)
    assert shipped.routes.patient
    refused = [
        said for status, said in contract.answers(contract.operation(shipped.routes.patient)) if status == 404
    ]
    became = [find(said, shipped.errors.merged_into) for said in refused]
    assert [str(one) for one in became if one is not MISSING] in (["5531"], ["56"])
