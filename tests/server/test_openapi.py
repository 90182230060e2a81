"""The API's description is true: what it shows conforms to it, and so does the server."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig

from frontdesk.api import wire
from frontdesk.server import limiting
from frontdesk.server.app import openapi_document
from frontdesk.store.sql.store import SqlStore
from tests.server.requests import OPEN, OPERATIONS
from tests.serving import Told, bearer, client_of, make_token, served, service_of

CONFIG = Path(__file__).with_name("schemathesis.toml")
DESCRIBED = json.loads(openapi_document())
LEAST_CASES = 2500
"""On each of the two databases."""

WITH_MUCH_TO_ASK = (
    ("/bookings", "GET"),
    ("/bookings/rows", "GET"),
    ("/bookings/{booking_id}/cancel", "POST"),
    ("/deliveries/{delivery_id}/settle", "POST"),
    ("/last-write", "GET"),
)


def contents(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every description of a body, asked or answered, with its place."""
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "content":
                for media in inner.values():
                    yield place, media
            elif key != "schemas":
                yield from contents(inner, f"{place}/{key}")


def test_every_operation_is_described_and_every_body_has_an_example() -> None:
    operations = [one for path in DESCRIBED["paths"].values() for one in path.values()]
    assert {one["operationId"] for one in operations} == OPERATIONS
    found = dict(contents(DESCRIBED))
    assert len(found) > len(OPERATIONS)
    for place, media in found.items():
        whole = {**media["schema"], "components": DESCRIBED["components"]}
        jsonschema_rs.validator_for(whole).validate(media["example"])
        assert media["example"] not in ("", None, {}), place


def test_every_answer_that_may_come_is_described() -> None:
    for path, operations in DESCRIBED["paths"].items():
        for one in operations.values():
            if one["operationId"] in OPEN:
                assert one["security"] == [], path
            else:
                assert one["responses"].keys() >= {"200", "401", "403", "422", "429", "503"}, path
                assert "security" not in one, path
    cancel = DESCRIBED["paths"]["/bookings/{booking_id}/cancel"]["post"]["responses"]
    assert cancel.keys() >= {"400", "401", "403", "404", "409", "412", "413", "422", "428", "429", "503"}
    for response in DESCRIBED["components"]["responses"].values():
        assert list(response["content"]) == [wire.PROBLEM_TYPE]


async def test_the_description_is_served_to_all(server: str) -> None:
    async with client_of(server) as client:
        assert (await client.get("/openapi.json")).json() == DESCRIBED


@pytest.fixture
def guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one address present bad tokens as often as it likes: a test of all operations does."""
    monkeypatch.setattr(limiting, "BAD_TOKENS_A_MINUTE", 1_000_000)


@pytest.mark.usefixtures("guessing")
async def test_a_few_requests_that_nobody_thought_of(filled: SqlStore, told: Told) -> None:
    headers = bearer(await make_token(filled))
    async with served(service_of(filled, told), has_streams=False) as url:
        await asyncio.to_thread(fuzz, url, headers, 2)
    assert not told.errors


def fuzz(url: str, headers: dict[str, str], number: int) -> None:
    """Send requests as the description allows, `number` of each operation that has much to ask, and check the answers."""
    schema = schemathesis.openapi.from_dict(DESCRIBED, config=SchemathesisConfig.from_path(CONFIG))
    for path, method in WITH_MUCH_TO_ASK:
        operation = schema[path][method]

        @settings(
            max_examples=number,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call(base_url=url, headers=headers)
            case.validate_response(response, headers=headers)

        ask()


@pytest.mark.usefixtures("guessing")
@pytest.mark.full
@pytest.mark.timeout(1500)
async def test_many_requests_that_nobody_thought_of(filled: SqlStore, told: Told, tmp_path: Path) -> None:
    token = await make_token(filled, practices=frozenset({"adelaide"}))
    report = tmp_path / "report.json"
    async with served(service_of(filled, told), has_streams=False) as url:
        running = await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)),
            *("run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {token}"),
            *("--checks", "all", "--max-examples", "100", "--continue-on-failure", "--no-color"),
            *("--report", "json", "--report-json-path", str(report)),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()[-20_000:]
    assert cases(json.loads(report.read_text())) >= LEAST_CASES
    assert not told.errors


def cases(report: dict[str, Any]) -> int:
    """Return how many requests a report is of."""
    return int(report["test_cases"]["generated"])
