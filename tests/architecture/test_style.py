"""The house's rules about its files, names and docstrings."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import parsed, sources
from tests.architecture.test_imports import DOMAIN

MOST_LINES = 500

SAYS_NOTHING = {"manager", "managers", "helper", "helpers", "util", "utils", "common", "misc", "stuff"}

Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def undocumented(source: str, *, methods: bool = False) -> Iterator[str]:
    """Yield what is public and has no docstring: the module, its classes, its functions."""
    module = parsed(source)
    if module.body and not ast.get_docstring(module):
        yield "the module"
    yield from _undocumented(module.body, methods)


def _undocumented(body: list[ast.stmt], methods: bool) -> Iterator[str]:
    for node in body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node.name
            if isinstance(node, ast.ClassDef):
                inner: list[ast.stmt] = [one for one in node.body if methods or isinstance(one, ast.ClassDef)]
                yield from _undocumented(inner, methods)


def empty_names(path: str, source: str) -> Iterator[str]:
    """Yield names of files, classes and functions with a word in them that says nothing."""
    names = [*re.split(r"[/.]", path)]
    names += [node.name for node in ast.walk(parsed(source)) if isinstance(node, Named)]
    for name in names:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
        if SAYS_NOTHING.intersection(word.lower() for word in words):
            yield name


@pytest.mark.parametrize("path", sources())
def test_house_rules(path: str) -> None:
    source = sources()[path]
    assert source.count("\n") < MOST_LINES
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", source)
    assert not list(undocumented(source))
    assert not list(empty_names(path, source))


@pytest.mark.parametrize("module", DOMAIN)
def test_the_domain_says_what_every_method_is_for(module: str) -> None:
    assert not list(undocumented(sources()[f"{module}.py"], methods=True))


def test_the_rules_can_fail() -> None:
    assert list(undocumented("x = 1")) == ["the module"]
    assert list(
        undocumented('"""M."""\nclass A:\n  def b(self): ...\nasync def c(): ...\ndef _d(): ...')
    ) == [
        "A",
        "c",
    ]
    assert list(undocumented('"""M."""\nclass A:\n  """A."""\n  class B: ...\n  def c(self): ...')) == ["B"]
    assert list(undocumented('"""M."""\nclass A:\n  """A."""\n  def b(self): ...', methods=True)) == ["b"]
    source = "class StoreManager: ...\ndef date_utils(): ...\ndef commonly(): ...\nclass HTTPHelper: ..."
    assert list(empty_names("a/helpers.py", source)) == [
        "helpers",
        "StoreManager",
        "date_utils",
        "HTTPHelper",
    ]
