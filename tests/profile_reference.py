"""`docs/pms/profile.md`: every key that a profile can have, from the structs that read it."""

import types
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import Enum
from inspect import getdoc
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from frontdesk.pms import profile_file
from frontdesk.pms.port import AppointmentStatus
from frontdesk.pms.profile import Profile
from frontdesk.pms.profile_keys import NeededPointer, Pointer, Template
from frontdesk.pms.profile_routes import Route, Routes

HEAD = """\
# Profiles

`make docs` makes this page from the program's own structures.

A profile is one TOML file that describes a PMS with a REST interface: where its API is, how to sign in,
which requests there are, where each value is in an answer, and what a refusal means. It contains no code.
[Adding a PMS](adding-a-pms.md) writes one step by step; the shipped ones are
`src/frontdesk/pms/praktika.toml`, `src/frontdesk/pms/core_practice.toml` and
`src/frontdesk/pms/cliniko.toml`.

A profile does not say what is the same for every PMS: frontdesk reads before a cancel, compares, sends once,
and proves. See [what frontdesk promises](README.md#what-frontdesk-promises).

## Correcting a shipped profile

When a vendor's answer, or `frontdesk doctor`, shows that an assumption is wrong:

1. Copy the shipped file beside the config, say as `praktika-smile.toml`. Its first lines say what is
   most likely to differ.
2. Change the keys. A key that does not exist, or that makes no sense, is refused with file, key and reason.
3. Name the copy as `kind` of the connection: `kind = "praktika-smile.toml"`. A relative path starts at the
   folder of the config; the other keys of the connection stay as they are.
4. Run `frontdesk doctor`: it tries the profile, changes nothing, and says which assumptions are right.
5. Cancel one test appointment and look in the PMS. If the account is the vendor's own, and everything is as
   it should be, set `verified = true`. Then `frontdesk doctor` and the page Connections say that it was tried
   with the vendor.

The program's own files stay as they are, so an update of frontdesk does not undo a correction.

## Kinds of values

- **pointer**: a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into an answer,
  such as `/data/id`. Empty means that there is no such value.
- **template**: text with names in braces, such as `"Bearer {secret}"`; frontdesk fills in their values.
  `{{` and `}}` are braces. In a path a value is quoted so that it stays one step.
- **means**: the meaning of a word of the PMS, one of
  STATUSES.
  A status that is in no list is `other`, and never counts as a cancel.

The names that templates can have:

| in | names |
|---|---|
NAMES
When a name has no value, such as `{reason}` when none was given, its key is left out of a body
(see `omit_empty`), and its header or query parameter out of a request.
"""

_NAMES = {
    "`base_url`, `prefix`, `[headers]`, `[query]`": profile_file.FOR_ALL,
    "`[routes.get]`": profile_file.FOR_ONE,
    "`[routes.list]`": profile_file.FOR_LIST,
    "`[routes.changes]`": profile_file.FOR_CHANGES,
    "`[routes.patient]`": profile_file.FOR_ONE,
    "`[routes.blocks]`": profile_file.FOR_BLOCKS,
    "`[routes.hours]`": profile_file.FOR_HOURS,
    "`[routes.cancel]`": profile_file.FOR_CANCEL,
    "`[routes.reschedule]`": profile_file.FOR_MOVE,
    "`[routes.no_show]`, `[routes.take_back_no_show]`": profile_file.FOR_NO_SHOW,
}
_OF_EVERY_ROUTE = Route.__struct_fields__


def document() -> str:
    """Return `docs/pms/profile.md`."""
    names = "".join(
        f"| {place} | {' '.join(f'`{{{name}}}`' for name in sorted(known))} |\n"
        for place, known in _NAMES.items()
    )
    statuses = ", ".join(f"`{one.value}`" for one in AppointmentStatus)
    parts = [HEAD.replace("NAMES\n", names + "\n").replace("STATUSES", statuses)]
    parts += _sections(Profile, [""])
    return "\n".join(parts)


def _sections(shape: type[Struct], names: Sequence[str]) -> Iterator[str]:
    """Yield the text about a table, and about every table in it; `names` are where such a table stands."""
    yield f"## {_heading(names)}\n\n{_words(shape)}\n"
    inner: dict[type[Struct], list[str]] = defaultdict(list)
    rows = []
    for field in msgspec.structs.fields(shape):
        place = f"{names[0]}.{field.encode_name}".lstrip(".")
        if struct := _struct_in(field.type):
            inner[struct].append(f"[{place}]" if get_origin(field.type) is tuple else place)
        elif shape is Route or field.name not in _OF_EVERY_ROUTE or not issubclass(shape, Route):
            rows.append(f"| `{field.encode_name}` | {_kind(field.type)} | {_default(field)} |")
    if rows:
        yield "\n".join(("| key | is | if left out |", "|---|---|---|", *rows, ""))
    if shape is Routes:
        yield from _sections(Route, ["routes.*"])
    for struct, places in inner.items():
        yield from _sections(struct, places)


def _heading(names: Sequence[str]) -> str:
    return ", ".join(f"`[{name}]`" for name in names) if names[0] else "The top of the file"


def _words(shape: type[Struct]) -> str:
    return getdoc(shape) or ""


def _kind(kind: Any) -> str:
    if kind in (Pointer, NeededPointer):
        return "pointer"
    if kind == Template:
        return "template"
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _kind(inside[0]) + _bounds(inside[1])
    if origin is Literal:
        return ", ".join(_toml(one) for one in inside)
    if origin in (types.UnionType, Union):
        return " or ".join(_kind(one) for one in inside if one is not types.NoneType)
    if origin is tuple:
        return f"list: {_kind(inside[0])}"
    if origin is dict:
        return f"table: {_kind(inside[1])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "means"
    return {str: "text", int: "whole number", bool: "true or false"}.get(kind, "any value")


def _bounds(meta: msgspec.Meta) -> str:
    if meta.ge is not None:
        return f", {meta.ge} to {meta.le}" if meta.le is not None else f", at least {meta.ge}"
    if meta.pattern is not None:
        return " that begins with /"
    return f", up to {meta.max_length} characters" if meta.max_length is not None else ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "**needed**"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "" if value in ("", (), {}, None) else _toml(value)


def _toml(value: Any) -> str:
    return (
        f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{msgspec.json.encode(value).decode()}`"
    )


def _struct_in(kind: Any) -> type[Struct] | None:
    choices = get_args(kind) or (kind,)
    return next((one for one in choices if isinstance(one, type) and issubclass(one, Struct)), None)
