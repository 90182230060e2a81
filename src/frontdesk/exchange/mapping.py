"""The map: a TOML file that says where a foreign CSV file keeps what frontdesk wants.

Its tables and keys are described, with an example, in `docs/import.md`.
"""

import re
from datetime import UTC, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from frontdesk.complaints import read_toml
from frontdesk.errors import FrontdeskError
from frontdesk.formats import compiled

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
"""`{{` and `}}` are plain braces, `{Their column}` stands for that column's cell."""

_UNBALANCED = re.compile("[{}]")


class MapProblem(FrontdeskError):
    """A map that cannot be read, or that does not fit the file."""

    title = "The map cannot be used"
    exit_code = 2


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of the map. A key that it does not know is refused."""


class Source(Section, frozen=True):
    """Where a text comes from: a column or a template, then `values`, then `default` if empty."""

    column: str = ""
    template: Annotated[str, Meta(description="text with {Their column} in it")] = ""
    values: Annotated[dict[str, str], Meta(description="what their values mean")] = {}
    otherwise: Annotated[str | None, Meta(description="what any other value means")] = None
    default: Annotated[str, Meta(description="used where the cell is empty")] = ""

    def __post_init__(self) -> None:
        if not (self.column or self.template or self.default or self._has_other_origin()):
            raise ValueError("needs a column, a template or a default")
        if self.column and self.template:
            raise ValueError("has a column and a template: give only one of them")
        if _UNBALANCED.search(PLACEHOLDER.sub("", self.template)):
            raise ValueError("a { or } of the template has no partner: write a plain brace twice")
        if self.otherwise is not None and not self.values:
            raise ValueError("has otherwise without values")

    def _has_other_origin(self) -> bool:
        return False


class DateSource(Source, frozen=True):
    """Where a date comes from; `formats` as of strptime, tried in order. None: ISO 8601."""

    formats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for pattern in self.formats:
            if not compiled(pattern).has_date:
                raise ValueError(f"{pattern} has no day, month and year")


class InstantSource(DateSource, frozen=True):
    """Where a date and time comes from; the time can be in a column of its own, or fixed.

    `zone` is the time zone of times that name none; without it they are the practice's own.
    """

    time_column: str = ""
    time_formats: tuple[str, ...] = ()
    time: Annotated[str, Meta(description='the time where the file has none: "08:00"')] = ""
    zone: Annotated[str, Meta(description='the time zone of times that name none: "UTC"')] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for pattern in self.time_formats:
            if not compiled(pattern).has_time:
                raise ValueError(f"{pattern} has no time of day")
        for pattern in (*self.formats, *self.time_formats):
            self._check_zone_in(pattern)
        try:
            time.fromisoformat(self.time or "00:00")
        except ValueError:
            raise ValueError('time must be a time of day, such as "08:00"') from None
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f'there is no time zone {self.zone}: one looks like "Australia/Adelaide"'
            ) from None

    def _check_zone_in(self, pattern: str) -> None:
        said = compiled(pattern)
        if said.abbreviation and not self.zone:
            raise ValueError(
                f"{pattern} names the time zone {said.abbreviation}, which is not the same time everywhere: "
                'say beside it which one is meant, such as zone = "Australia/Adelaide"'
            )
        if said.zone and self.zone and not (said.zone is UTC and self.zone == "UTC"):
            raise ValueError(f"{pattern} names a time zone, and so does zone: leave one of them out")


class EndSource(InstantSource, frozen=True):
    """Where the end comes from: like any time, or so many minutes after the start."""

    minutes_column: str = ""
    minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None

    def _has_other_origin(self) -> bool:
        return bool(self.minutes_column or self.minutes or self.time_column)


class Columns(Section, frozen=True):
    """Where each canonical column comes from; a plain text is the name of their column."""

    ref: str | Source | None = None
    pms_ref: str | Source | None = None
    practice: str | Source | None = None
    patient_name: str | Source | None = None
    patient_dob: str | DateSource | None = None
    patient_mobile: str | Source | None = None
    patient_email: str | Source | None = None
    new_patient: str | Source | None = None
    pms_patient_ref: str | Source | None = None
    practitioner: str | Source | None = None
    pms_practitioner_ref: str | Source | None = None
    appointment_type: str | Source | None = None
    starts_at: str | InstantSource | None = None
    ends_at: str | EndSource | None = None
    fee: str | Source | None = None
    created_at: str | InstantSource | None = None
    cancelled_at: str | InstantSource | None = None
    cancellation_reason: str | Source | None = None
    cancelled_origin: str | Source | None = None
    attendance: str | Source | None = None
    attendance_at: str | InstantSource | None = None
    attendance_notice: str | Source | None = None
    attendance_origin: str | Source | None = None


class Marks(Section, frozen=True):
    """A column and the values in it that say something of a line: that it was cancelled, or is no booking."""

    column: str
    values: Annotated[tuple[str, ...], Meta(min_length=1)]


class FileFormat(Section, frozen=True):
    """How the file is written."""

    encoding: Annotated[str, Meta(description="such as windows-1252")] = "utf-8"
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    decimal: Literal["point", "comma"] = "point"
    whole_numbers: Annotated[tuple[str, ...], Meta(description="columns where 12.0 means 12")] = ()
    ignore: Annotated[tuple[str, ...], Meta(description='columns to leave out; "*" is all that is left')] = ()
    heading: Annotated[int, Meta(ge=1, description="the line that the heading is on")] | None = None


class MapFile(Section, frozen=True):
    """A map from a foreign CSV file to frontdesk's columns."""

    file: FileFormat = FileFormat()
    columns: Columns = Columns()
    cancelled: Marks | tuple[Marks, ...] = ()
    skip: Marks | tuple[Marks, ...] = ()


NO_MAP = MapFile()


def read_map(path: Path) -> MapFile:
    """Read a map. Raises MapProblem, one sentence that names the file and the table."""
    return read_toml(path, MapFile, MapProblem, _check_encoding)


def _check_encoding(said: MapFile) -> None:
    try:
        "".encode(said.file.encoding)
    except LookupError:
        raise ValueError("[file] encoding: there is no encoding of that name") from None
