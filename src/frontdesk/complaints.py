"""TOML files, strictly read: what is wrong with one, in a sentence about its own sections and keys."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from frontdesk.shapes import converted

_SECRET_KEY = re.compile(r"(pass(word|wd|phrase)?|secret|token|pwd|(api|private)[_-]?key)$", re.IGNORECASE)
_PLAIN_TYPES = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
}

_NOT_TOML = {
    "Invalid value": 'no value can be read there: text stands in straight quotes, as in name = "Smile Dental"',
    "Expected '=' after a key": "a key and its value are written KEY = VALUE, a section [NAME]",
    "Invalid statement": "a key and its value are written KEY = VALUE, a section [NAME]",
    "Invalid initial character for a key": "a key and its value are written KEY = VALUE, a section [NAME]",
    "Expected newline or end of document": "something is left over behind the value: a line has one key",
    "Cannot declare": "this section is there twice: put its keys under one of them",
    "Cannot overwrite a value": "this key is there twice: take one of them out",
    "Expected ']": "a bracket is missing: a section is written [NAME] or [[NAME]]",
    "Unclosed array": "a list has no closing ]",
    "Illegal character": "a text has no closing quote on its line, or something in it that cannot be shown",
    "Unterminated string": "a text has no closing quote",
    'Expected "': "a text has no closing quote",
    "Unescaped": "a backslash in a text is written twice",
}
"""What is meant by the beginnings of tomllib's complaints, and what to do."""

SECRET_ADVICE = 'name it there with credential = "NAME", and keep it with: frontdesk credentials set NAME'  # noqa: S105
PASSWORD_ADVICE = "a PostgreSQL password goes into ~/.pgpass or the file that PGPASSFILE names"  # noqa: S105

Step = str | int
Shape = TypeVar("Shape")


def read_toml(
    file: Path,
    shape: type[Shape],
    failure: Callable[[str], Exception],
    check: Callable[[Shape], object] = lambda _: None,
) -> Shape:
    """Return what a file holds, if it has this shape and `check` finds nothing wrong with it.

    `check` raises ValueError with the rest of a sentence about the file. Raises what
    `failure` makes of one sentence that names the file.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        found = converted(raw, shape)
        check(found)
    except FileNotFoundError:
        said = f"there is no file {file}"
    except OSError as error:
        said = f"{file} cannot be read: {error.strerror or 'no reason was given'}"
    except UnicodeDecodeError:
        said = f"{file}: is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        said = f"{file}: is not TOML {_not_toml(error)}"
    except msgspec.ValidationError as error:
        said = f"{file}: {explain(error, raw, shape)}"
    except ValueError as error:
        said = f"{file}: {error}"
    else:
        return found
    raise failure(said)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "did you mean X?" for a near miss, else the known words themselves."""
    words = sorted(known)
    lowered = {one.casefold(): one for one in words}
    close = difflib.get_close_matches(word.casefold(), lowered, 1)
    if close:
        return f"did you mean {lowered[close[0]]}?"
    return f"known are: {', '.join(words)}" if words else "there are none"


def _not_toml(error: tomllib.TOMLDecodeError) -> str:
    """Say where a file is no TOML, and what is to be written there."""
    said, _, place = str(error).partition(" (at ")
    meant = next((words for beginning, words in _NOT_TOML.items() if said.startswith(beginning)), said)
    return f"at {place.rstrip(')')}: {meant}"


def explain(error: msgspec.ValidationError, raw: dict[str, Any], shape: type) -> str:
    """Put msgspec's complaint that `raw`, a file's content, has not `shape` into plain words.

    Values are not repeated, except a word that should have been one of a few: any other
    could be a secret in the wrong place.
    """
    said, _, path = str(error).partition(" - at `")
    steps = _steps(path.rstrip("`"), raw, shape)
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", said):
        return _unknown_key(unknown[1], steps, shape)
    if missing := re.fullmatch(r"Object missing required field `(.*)`", said):
        return f"{_section(steps)} needs a {missing[1]}{_described(missing[1], steps, shape)}"
    where = f"a name in {_section(steps)}" if path.startswith("key`") else _place(steps)
    if types := re.fullmatch(r"Expected `(.*)`, got `(.*)`", said):
        wanted = " or ".join(_PLAIN_TYPES.get(one, one) for one in types[1].split(" | ") if one != "null")
        given = _PLAIN_TYPES.get(types[2], types[2])
        spelling = f": write [[{where}]]" if types[1] == "array" and types[2] == "object" else ""
        return f"{where} must be {wanted}, not {given}{spelling}"
    if wrong := re.fullmatch(r"Invalid enum value '(.*)'", said):
        return f"{where}: there is no {wrong[1]}, {nearest(wrong[1], _choices(steps, shape))}"
    if length := re.fullmatch(r"Expected `str` of length (<=|>=) (\d+)", said):
        bound = "at most" if length[1] == "<=" else "at least"
        return f"{where} must have {bound} {length[2]} characters"
    if limit := re.fullmatch(r"Expected `(?:int|float)` (<=|>=) (\S+)", said):
        return f"{where} must be {'at most' if limit[1] == '<=' else 'at least'} {limit[2]}"
    if re.fullmatch(r"Expected `array` of length >= 1", said):
        return f"{where} must not be empty"
    if most := re.fullmatch(r"Expected `array` of length <= (\d+)", said):
        return f"{where}: there may be at most {most[1]}"
    if "matching regex" in said:
        letters = "letters" if "A-Z" in said else "small letters"
        return f"{where} may hold {letters}, digits and - only"
    return f"{where}: {said}"


def _unknown_key(key: str, steps: list[Step], shape: type) -> str:
    where = _section(steps)
    if _SECRET_KEY.search(key):
        return f"{where} has {key}: secrets never go into a config; {SECRET_ADVICE}"
    kind = _type_at(steps, shape)
    known = [field.encode_name for field in kind.fields] if isinstance(kind, inspect.StructType) else []
    return f"{where} has no key {key}, {nearest(key, known)}"


def _described(key: str, steps: list[Step], shape: type) -> str:
    """Return what a key is for, as its section describes it."""
    kind = _type_at(steps, shape)
    fields = kind.fields if isinstance(kind, inspect.StructType) else ()
    found = next((field.type for field in fields if field.encode_name == key), None)
    schema = (isinstance(found, inspect.Metadata) and found.extra_json_schema) or {}
    return f": {schema['description']}" if "description" in schema else ""


def _steps(path: str, raw: dict[str, Any], shape: type) -> list[Step]:
    """Split `$.practices[0].short`. msgspec says `[...]` for some key of a table: look for it."""
    steps: list[Step] = []
    for name, index in re.findall(r"\.([^.\[\]]+)|\[([^\]]+)\]", path):
        if name:
            steps.append(name)
        elif index == "...":
            steps.append(_culprit(steps, raw, shape))
        else:
            steps.append(int(index))
    return steps


def _culprit(steps: list[Step], raw: dict[str, Any], shape: type) -> str:
    table: Any = raw
    for step in steps:
        table = table[step]
    for key, value in table.items():
        alone: Any = {key: value}
        for step in reversed(steps):
            alone = {step: alone}
        try:
            converted(alone, shape)
        except msgspec.ValidationError as error:
            if "[...]" in str(error):
                return str(key)
    raise AssertionError(steps)


def _section(steps: list[Step]) -> str:
    """Name a section as the file spells it: `[store]`, or `[[practices]] 2` for the second."""
    if not steps:
        return "the top of the file"
    for place, step in enumerate(steps):
        if isinstance(step, int):
            inner = "".join(f" {one}" for one in steps[place + 1 :])
            return f"[[{'.'.join(map(str, steps[:place]))}]] {step + 1}{inner}"
    return "[" + ".".join(str(step) for step in steps) + "]"


def _place(steps: list[Step]) -> str:
    *section, key = steps
    if isinstance(key, int):
        return _place(section)
    return f"{_section(section)} {key}" if section else key


def _type_at(steps: list[Step], shape: type) -> inspect.Type:
    kind: inspect.Type = inspect.type_info(shape)
    for step in steps:
        kind = _bare(kind, inspect.VarTupleType if isinstance(step, int) else inspect.StructType)
        if isinstance(kind, inspect.StructType):
            kind = next(field.type for field in kind.fields if field.encode_name == step)
        elif isinstance(kind, inspect.VarTupleType):
            kind = kind.item_type
        elif isinstance(kind, inspect.DictType):
            kind = kind.value_type
    return _bare(kind)


def _bare(kind: inspect.Type, wanted: type[inspect.Type] = inspect.StructType) -> inspect.Type:
    """Return a type without its bounds; where it is a union, its member that is `wanted`."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        return next((one for one in kind.types if isinstance(one, wanted)), kind)
    return kind


def _choices(steps: list[Step], shape: type) -> list[str]:
    kind = _type_at(steps, shape)
    if isinstance(kind, inspect.EnumType):
        return [str(one.value) for one in kind.cls]
    return [str(one) for one in kind.values] if isinstance(kind, inspect.LiteralType) else []
