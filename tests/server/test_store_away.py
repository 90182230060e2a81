"""A store that went away under the server: every route says so in a problem, and so does /health."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.api import wire
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import bring_back, take_away
from tests.server.requests import CASES, OPEN, Asking
from tests.server.test_commands import problem
from tests.serving import Told, client_of, make_token, served, service_of


@pytest.fixture
def store_url(tmp_path: Path, filled_file: Path) -> str:
    """Only SQLite is a file."""
    return f"sqlite:///{tmp_path / filled_file.name}"


@pytest.fixture
def store_file(store_url: str) -> Path:
    return Path(store_url.removeprefix("sqlite:///"))


async def test_a_store_file_that_is_gone_is_503_on_every_route(
    desk: httpx.AsyncClient, filled: SqlStore, store_file: Path, told: Told
) -> None:
    about = await Asking.about(filled, 33)
    assert (await desk.get("/health")).status_code == 200
    take_away(store_file)
    for name, case in CASES.items():
        if name not in OPEN:
            response = await case.send(desk, about, {})
            assert response.status_code == 503, name
            assert problem(response).type.startswith("urn:frontdesk:problem:")
    assert told.errors == []
    bring_back(store_file)
    assert (await desk.get("/bookings/33")).status_code == 200


async def test_health_says_that_the_store_file_is_gone(
    desk: httpx.AsyncClient, store_file: Path, told: Told
) -> None:
    take_away(store_file)
    response = await desk.get("/health")
    assert response.status_code == 503
    assert problem(response).detail == "The server cannot reach its store now: try again in a moment."
    assert told.errors == []


class Broken:
    """A store in front of the real one that raises what no store should."""

    def __init__(self, store: SqlStore) -> None:
        self._store: Any = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def changes(self, after: int, wait: float, store_id: str = "") -> None:
        raise RuntimeError("Amelia Wilson")


async def test_health_says_it_whatever_the_store_raises(filled: SqlStore, told: Told) -> None:
    broken: Any = Broken(filled)
    async with (
        served(service_of(broken, told)) as url,
        client_of(url, await make_token(filled)) as client,
    ):
        response = await client.get("/health")
        assert response.status_code == 503
        assert response.headers["Content-Type"] == wire.PROBLEM_TYPE
        assert "Amelia" not in response.text
        assert [type(one) for one in told.errors] == [RuntimeError]
