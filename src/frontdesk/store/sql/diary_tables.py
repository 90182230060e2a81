"""The tables of what diaries say: their appointments, and which booking each of their ids means."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from frontdesk.store.sql.tables import Instant

_CURRENT = text("until IS NULL AND how <> 'proposed'")
_HAS_PREVIOUS = text("previous_ref <> ''")
_HAS_SUCCESSOR = text("successor_ref <> ''")


class MirrorRow(SQLModel, table=True):
    """What a diary said last of one of its ids, one row each, whatever became of it here.

    `generation` counts the bookings that the id has had. `digest` is of what the diary said, `said` the rest of
    it as JSON (see `mirrored`). `was` is the status that was dealt with last, `gone` for one that was not there. `state` is
    `closed` once that is dealt with; else `open`, `stale` until it is read again, `waits` for a command under way, or
    needs a `person`; `why` says for what. `effect` is what it would change here, as far as that was found to be held back. `seen_version` is the
    booking's version that a person was called to.
    """

    __tablename__ = "mirror"
    __table_args__ = (
        UniqueConstraint("connection", "location", "ref"),
        Index("mirror_start", "connection", "location", "starts_at", "ref", "digest"),
        Index("mirror_state", "connection", "location", "state", "id"),
        Index("mirror_booking", "booking_id"),
        Index(
            "mirror_previous",
            "connection",
            "location",
            "previous_ref",
            sqlite_where=_HAS_PREVIOUS,
            postgresql_where=_HAS_PREVIOUS,
        ),
        Index(
            "mirror_successor",
            "connection",
            "location",
            "successor_ref",
            sqlite_where=_HAS_SUCCESSOR,
            postgresql_where=_HAS_SUCCESSOR,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    location: str = ""
    ref: str
    generation: int = 1
    digest: str
    version: str = ""
    status: str
    raw_status: str = ""
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)
    time_text: str = ""
    practitioner_ref: str = ""
    patient_ref: str = ""
    previous_ref: str = ""
    said: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    first_seen: datetime = Field(sa_type=Instant)
    noted_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    changed_run: int = 0
    gone_at: datetime | None = Field(default=None, sa_type=Instant)
    successor_ref: str = ""
    booking_id: int | None = Field(default=None, foreign_key="booking.id")
    was: str = ""
    state: str = "open"
    effect: str = ""
    why: str = ""
    seen_version: int = 0


class BookingRefRow(SQLModel, table=True):
    """Which booking an id of a diary means, from when until when.

    `how` says whence that is known: `imported`, `moved` (a new id of the same appointment), `rebooked` (the id
    of a booking that was cancelled here), `replaced` (the id of another patient's), or `proposed` for one
    that a person has to accept. A booking's `pms_ref` is a copy of its current one.
    """

    __tablename__ = "booking_ref"
    __table_args__ = (
        Index(
            "booking_ref_current",
            "connection",
            "location",
            "ref",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        Index("booking_ref_booking", "booking_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    location: str = ""
    ref: str
    generation: int = 1
    booking_id: int = Field(foreign_key="booking.id")
    since: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    how: str
