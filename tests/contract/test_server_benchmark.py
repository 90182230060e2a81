"""The server's benchmark runs on any size, loses nothing, and reports every kind of request."""

import pytest

from benchmarks import server
from frontdesk.store.opening import open_store
from tests.making import fill

DESKS = (1, 3)


@pytest.mark.full
async def test_every_kind_of_request_is_made_and_reported(
    migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ROUNDS", 1)
    monkeypatch.setattr(server, "DESKS", DESKS)
    monkeypatch.setattr(server, "READS", dict.fromkeys(DESKS, 6))
    monkeypatch.setattr(server, "CANCELS", dict.fromkeys(DESKS, 3))
    store = await open_store(migrated_postgres_url)
    await fill(store, 500)
    await store.close()

    measured = await server.measure(migrated_postgres_url)

    lost = measured[-1]
    # 6 pages, 6 searches and 3 cancels at each of three places, 6 hellos, and the cancels of those who listen;
    # all of it for one desk, and for three.
    assert lost.startswith("114 requests, 0 failed. 30 cancels were acknowledged, 30 of them")
    assert lost.endswith("0 lost; the audit chain is whole.")
    tables = server.report(*measured)
    for what in (server.PAGE, server.SEARCH, server.CANCEL, server.HEARD):
        assert f"## {what.capitalize()}" in tables
    assert sum(line.startswith("| one server |") for line in tables) == 4
