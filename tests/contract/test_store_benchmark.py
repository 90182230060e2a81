"""The store's benchmark runs on any size, and reports every key that it pressed."""

import asyncio
from pathlib import Path

import pytest

from benchmarks import store, store_data


def test_every_key_is_pressed_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_data, "DATA", tmp_path)
    monkeypatch.setattr(store, "ROUNDS", 1)
    monkeypatch.setattr(store, "CANCELS", 2)
    monkeypatch.setattr("gc.freeze", lambda: None)
    sizes = {"small": store_data.sqlite("small", 60)}
    assert store_data.sqlite("small", 60) == sizes["small"]
    measured = asyncio.run(store.measure(sizes, "SQLite"))
    lines = store.report("SQLite", measured)
    for case in measured[0].cases:
        assert [line.count("|") for line in lines if line.startswith(f"| {case.name} |")] == [4]
    assert all(len(one.took["cancel"]) == 2 for one in measured)
