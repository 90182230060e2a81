"""Texts and tables with `{names}` in them, filled in value by value, so that no value can change the JSON or the address around it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

Values = Mapping[str, str | int | None]
"""What the names stand for. An empty text means that there is no value; None becomes null in JSON."""

_NAME = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")


def is_header_name(value: str) -> bool:
    """Whether a table of headers may have this key: it is sent as it stands, not filled in."""
    return _HEADER_NAME.fullmatch(value) is not None


def names_in(template: Any) -> Iterator[str]:
    """Yield the names that a text, or a table or list of texts, asks for."""
    if isinstance(template, str):
        yield from (found[1] for found in _NAME.finditer(template) if found[1])
    elif isinstance(template, Mapping):
        for inner in template.values():
            yield from names_in(inner)
    elif isinstance(template, list | tuple):
        for inner in template:
            yield from names_in(inner)


def fill(template: str, values: Values) -> str:
    """Return a text with its names filled in; `{{` and `}}` are braces."""
    return _filled(template, values, str)


def fill_path(template: str, values: Values) -> str:
    """Return a path with its names filled in, each quoted so that it stays one step."""
    return _filled(template, values, lambda value: quote(str(value), safe=""))


def fill_table(template: Mapping[str, Any], values: Values, *, omit_empty: bool) -> dict[str, Any]:
    """Return a table for a JSON body.

    A text that is one name alone becomes its value, a number or null if that is one. With
    `omit_empty` keys whose name stands for nothing are left out; null is no such nothing.
    """
    table: dict[str, Any] = {}
    for key, inner in template.items():
        filled = _value(inner, values, omit_empty)
        if not (omit_empty and filled == "" and inner != ""):
            table[key] = filled
    return table


def is_empty(template: str, values: Values) -> bool:
    """Whether a template asks for something that there is not."""
    return any(values.get(name, "") in ("", None) for name in names_in(template))


def _value(template: Any, values: Values, omit_empty: bool) -> Any:
    if isinstance(template, str):
        alone = _NAME.fullmatch(template)
        return values[alone[1]] if alone and alone[1] else fill(template, values)
    if isinstance(template, Mapping):
        return fill_table(template, values, omit_empty=omit_empty)
    if isinstance(template, list | tuple):
        return [_value(inner, values, omit_empty) for inner in template]
    return template


def _filled(template: str, values: Values, written: Callable[[str | int], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        value = values[found[1]] if found[1] else found[0][0]
        return "" if value is None else written(value) if found[1] else str(value)

    return _NAME.sub(replaced, template)
