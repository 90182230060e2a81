"""The program's own source, parsed once for all rules about it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import frontdesk

ROOT = Path(__file__).parents[2]
PACKAGE = Path(frontdesk.__file__).parent


@cache
def sources() -> dict[str, str]:
    """Return every source file's text by its path inside the package."""
    return {
        file.relative_to(PACKAGE).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(PACKAGE.rglob("*.py"))
    }


@cache
def parsed(source: str) -> ast.Module:
    """Return a source's syntax tree; nobody may change it."""
    return ast.parse(source)


def imports(source: str) -> Iterator[str]:
    """Yield the full name of everything imported anywhere in a source: `textual.widgets.Input`."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
