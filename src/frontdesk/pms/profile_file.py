"""Profiles as files: read, and refused where they cannot be meant."""

from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from frontdesk.complaints import nearest, read_toml
from frontdesk.formats import compiled
from frontdesk.pms import instants
from frontdesk.pms.port import AppointmentStatus, UnusableSettings
from frontdesk.pms.profile import Auth, Paging, Profile, Reason, Status, Times
from frontdesk.pms.profile_keys import NeededPointer, Pointer
from frontdesk.pms.profile_routes import List, Route, Write
from frontdesk.pointers import is_pointer
from frontdesk.private_files import why_changeable
from frontdesk.templates import is_header_name, names_in

FOR_ALL = frozenset({"tenant"})
FOR_ONE = FOR_ALL | {"id"}
FOR_WRITES = FOR_ONE | {"request_id", "version"}
FOR_CANCEL = FOR_WRITES | {"reason", "reason_code", "note", "attendance"}
FOR_MOVE = FOR_WRITES | {"start", "end", "minutes", "practitioner"}
FOR_NO_SHOW = FOR_WRITES | {"attendance"}
FOR_LIST = FOR_ALL | {"start", "end", "location"}
FOR_CHANGES = FOR_ALL | {"since", "location"}
FOR_BLOCKS = FOR_LIST | {"id"}
FOR_HOURS = FOR_ONE | {"location"}
"""The names that the templates of a place may ask for."""


def load(file: Path) -> Profile:
    """Return the profile in `file`. Raises UnusableSettings, which names file, key and reason.

    One that others can change is unusable.
    """
    if why := why_changeable(file):
        raise UnusableSettings(f"it says where a credential is sent, and {why}")
    return read_toml(file, Profile, UnusableSettings, _check)


def _check(profile: Profile) -> None:
    """Refuse what has the right shape and cannot be meant. Raises ValueError."""
    _check_pointers(msgspec.to_builtins(profile), Profile, "")
    _check_times(profile.times)
    _check_auth(profile.auth)
    _check_status(profile.status)
    _check_paging(profile.paging, profile.routes.list)
    _check_headers(profile.headers, "[headers]", FOR_ALL)
    for where, template in (("base_url", profile.base_url), ("prefix", profile.prefix)):
        _check_names(template, where, FOR_ALL)
    _check_names(profile.query, "[query]", FOR_ALL)
    _check_routes(profile)
    if profile.appointment_version.header and profile.appointment_version.field:
        raise ValueError("[appointment_version] has header and field: give only one of them")


def _check_routes(profile: Profile) -> None:
    routes = profile.routes
    known: tuple[tuple[str, Route | None, frozenset[str]], ...] = (
        ("ping", routes.ping, FOR_ALL),
        ("list", routes.list, FOR_LIST),
        ("get", routes.get, FOR_ONE),
        ("practitioners", routes.practitioners, FOR_ALL),
        ("changes", routes.changes, FOR_CHANGES),
        ("patient", routes.patient, FOR_ONE),
        ("locations", routes.locations, FOR_ALL),
        ("blocks", routes.blocks, FOR_BLOCKS),
        ("hours", routes.hours, FOR_HOURS),
        ("cancel", routes.cancel, FOR_CANCEL),
        ("reschedule", routes.reschedule, FOR_MOVE),
        ("no_show", routes.no_show, FOR_NO_SHOW),
        ("take_back_no_show", routes.take_back_no_show, FOR_NO_SHOW),
    )
    for name, route, names in known:
        where = f"[routes.{name}]"
        if route is None:
            continue
        _check_names(route.path, f"{where} path", names)
        _check_names(route.query, f"{where} query", names)
        _check_headers(route.headers, f"{where} headers", names)
        if isinstance(route, List):
            _check_names(route.also, f"{where} also", names)
        if not isinstance(route, Write):
            if route.method != "GET":
                raise ValueError(f"{where} method must be GET: it changes nothing")
            continue
        _check_names(route.body, f"{where} body", names)
        if route.method == "GET":
            raise ValueError(f"{where} method must not be GET: it changes something")
        if "id" not in {*names_in(route.path), *names_in(route.query), *names_in(route.body)}:
            raise ValueError(f"{where} must have {{id}} in it, the appointment")
        if not route.shows_result and not profile.verify_after_write:
            raise ValueError(
                f"{where} shows_result is false: set verify_after_write, or nothing is ever proven"
            )
    if "id" not in {*names_in(routes.get.path), *names_in(routes.get.query)}:
        raise ValueError("[routes.get] must have {id} in it, the appointment")
    _check_reading(profile)
    if profile.can_cancel and routes.cancel is None:
        raise ValueError("can_cancel is true, but there is no [routes.cancel]")
    if routes.cancel is not None:
        _check_reason(profile.reason, set(names_in(routes.cancel.body)) | set(names_in(routes.cancel.query)))


def _check_reading(profile: Profile) -> None:
    """Refuse routes whose rows could not be told apart."""
    routes = profile.routes
    if routes.patient and "id" not in {*names_in(routes.patient.path), *names_in(routes.patient.query)}:
        raise ValueError("[routes.patient] must have {id} in it, the patient")
    if routes.changes and "since" not in {*names_in(routes.changes.path), *names_in(routes.changes.query)}:
        raise ValueError("[routes.changes] must have {since} in it, the time of the last look")
    for name, route in (("blocks", routes.blocks), ("hours", routes.hours)):
        if route and not route.practitioner and "id" not in names_in(route.path):
            raise ValueError(f"[routes.{name}] needs a practitioner, or {{id}} in its path")
    if routes.blocks and not (routes.blocks.end or routes.blocks.duration):
        raise ValueError("[routes.blocks] needs an end or a duration")
    if routes.locations and not profile.fields.location:
        raise ValueError("[routes.locations] needs [fields] location: which site an appointment is at")


def _check_reason(reason: Reason, names: set[str]) -> None:
    if reason.overflow == "note" and "note" not in names:
        raise ValueError('[reason] overflow is "note", but [routes.cancel] has no {note}')
    if reason.overflow == "note" and reason.limit is None:
        raise ValueError('[reason] overflow is "note": it needs a limit')
    if "reason_code" in names and reason.other_code == "":
        raise ValueError("[reason] needs an other_code: most reasons have no code of their own")


def _check_times(said: Times) -> None:
    if said.format not in (instants.ISO, instants.EPOCH, instants.EPOCH_MILLISECONDS):
        if "%" not in said.format:
            raise ValueError(
                "[times] format must be iso, epoch, epoch-ms, or a pattern such as %d/%m/%Y %H:%M"
            )
        _check_format(said)
    if said.zone not in (instants.OFFSET, instants.PRACTICE):
        try:
            ZoneInfo(said.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                "[times] zone must be offset, practice, or a name such as Australia/Adelaide or UTC"
            ) from None


def _check_format(said: Times) -> None:
    try:
        pattern = compiled(said.format)
    except ValueError as problem:
        raise ValueError(f"[times] format: {problem}") from None
    if not (pattern.has_date and pattern.has_time):
        raise ValueError("[times] format must have day, month, year and the time of day")
    if said.zone == instants.OFFSET and not pattern.names_zone:
        raise ValueError("[times] zone is offset, but format has no %z")
    if pattern.zone is not None and (pattern.zone is not UTC or said.zone not in (instants.OFFSET, "UTC")):
        raise ValueError("[times] format names a time zone, and zone another one: write the offset as %z")


def _check_auth(auth: Auth) -> None:
    if (auth.kind == "headers") != bool(auth.headers):
        raise ValueError('[auth] headers belong to kind "headers", and to no other')
    _check_headers(auth.headers, "[auth] headers", None)


def _check_status(status: Status) -> None:
    if bool(status.field) != bool(status.words):
        raise ValueError("[status] needs field and words, or neither")
    if any(mark.is_ is not None and mark.is_time for mark in status.marks):
        raise ValueError("[[status.marks]] has is and is_time: give only one of them")
    meanings = {*status.words.values(), *(mark.means for mark in status.marks)}
    if AppointmentStatus.CANCELLED not in meanings:
        raise ValueError("[status] never says cancelled: no cancellation could be proven")


def _check_paging(paging: Paging, route: List | None) -> None:
    if paging.kind != "none" and route is None:
        raise ValueError("[paging] needs [routes.list], which is missing")
    if paging.kind in ("page", "offset", "cursor") and not paging.parameter:
        raise ValueError(f"[paging] {paging.kind} needs a parameter")
    if paging.kind in ("cursor", "next-link") and not paging.next:
        raise ValueError(f"[paging] {paging.kind} needs next, the pointer to the next page")


def _check_headers(headers: dict[str, str], where: str, names: frozenset[str] | None) -> None:
    for header in headers:
        if not is_header_name(header):
            raise ValueError(f"{where} has {header!r}, which is not the name of a header")
    if names is not None:
        _check_names(headers, where, names)


def _check_names(template: Any, where: str, known: frozenset[str]) -> None:
    for name in names_in(template):
        if name not in known:
            raise ValueError(f"{where} has no {{{name}}}, {nearest(name, known)}")


def _check_pointers(table: dict[str, Any], shape: Any, where: str) -> None:
    """Every key that is a pointer by its type, wherever it stands."""
    for field in msgspec.structs.fields(shape):
        value, place = table.get(field.encode_name), f"{where}.{field.encode_name}".lstrip(".")
        inner = _struct_in(field.type)
        if inner is not None and isinstance(value, dict):
            _check_pointers(value, inner, place)
        elif inner is not None and isinstance(value, list | tuple):
            for one in value:
                _check_pointers(one, inner, place)
        elif field.type in _POINTERS:
            for pointer in value if isinstance(value, list | tuple) else [value]:
                if isinstance(pointer, str) and not is_pointer(pointer):
                    raise ValueError(f"{place} must begin with /, such as /{pointer}")


_POINTERS = (Pointer, NeededPointer, Pointer | tuple[Pointer, ...], tuple[NeededPointer, ...])


def _struct_in(kind: Any) -> Any:
    choices = getattr(kind, "__args__", None) or (kind,)
    return next((one for one in choices if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)
