"""The config in the documents: every example is accepted, and every key is in one."""

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from frontdesk import config
from frontdesk.actions import ACTIONS
from tests.architecture.pages import PAGES, ROOT, blocks

WITHOUT_CONFIGS = ("docs/import.md", "docs/messages.md", "docs/pms/adding-a-pms.md")
"""Their TOML is a map, a gateway and a profile; each is read by a test of its own."""

WITH_CONFIGS = [
    page
    for page in PAGES
    if blocks(page, "toml") and page.relative_to(ROOT).as_posix() not in WITHOUT_CONFIGS
]
Node = Mapping[str, Any]


@pytest.mark.parametrize("page", WITH_CONFIGS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_configs_in_the_documents_are_accepted(page: Path, tmp_path: Path) -> None:
    for name in (
        "hospital-ca.pem",
        "mail-ca.pem",
        "sms.toml",
        "biller.toml",
        "server.pem",
        "server-key.pem",
        "dentix.toml",
        "dentix-ca.pem",
    ):
        (tmp_path / name).touch()
    for name in ("letters", "port"):
        (tmp_path / name).mkdir()
    for number, example in enumerate(blocks(page, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(example, encoding="utf-8")
        assert config.load(file).keys.keys() <= {command.id for command in ACTIONS}


def test_the_example_config_has_every_key() -> None:
    example = tomllib.loads(blocks(ROOT / "docs" / "config.md", "toml")[0])
    assert unused(example) == set()
    del example["notify"]["email"]["url"]
    assert unused(example) == {"Email.url"}


def unused(document: Node) -> set[str]:
    """Return the keys that the schema has and a config does not use anywhere."""
    schema = json.loads(config.json_schema())
    used: dict[str, set[str]] = defaultdict(set)
    for section, table in tables(schema, schema["$defs"], document):
        used[section] |= table.keys()
    sections = {name: node["properties"] for name, node in schema["$defs"].items() if "properties" in node}
    return {f"{name}.{key}" for name, keys in sections.items() for key in keys.keys() - used[name]}


def tables(node: Node, sections: Node, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every table of a config with the name of the section that the schema has for it."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if isinstance(value, dict):
            yield name, value
        yield from tables(sections[name], sections, value)
    for choice in node.get("anyOf", ()):
        yield from tables(choice, sections, value)
    if isinstance(value, list) and isinstance(node.get("items"), dict):
        for item in value:
            yield from tables(node["items"], sections, item)
    if isinstance(value, dict):
        others = node.get("additionalProperties") or {}
        for key, inner in value.items():
            yield from tables(node.get("properties", {}).get(key, others), sections, inner)
