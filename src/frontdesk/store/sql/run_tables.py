"""The tables of reading diaries: places, runs and slices. What a diary says is in tables of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from frontdesk.store.sql.tables import Instant


class DiaryRow(SQLModel, table=True):
    """A place, one row each: how it stands, and who reads it; see `diary_runs.PlaceState`.

    `owner` has the place until `until`, as long as `fence` is the one that it was given. `ignored` maps the
    word of an effect to a digest of what a person wants to hear nothing more of until it changes.
    """

    __tablename__ = "diary"
    __table_args__ = (UniqueConstraint("connection", "location"),)

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    location: str = ""
    next_at: datetime = Field(sa_type=Instant)
    asked: str = ""
    owner: str = ""
    fence: int = 0
    until: datetime | None = Field(default=None, sa_type=Instant)
    cursor: datetime | None = Field(default=None, sa_type=Instant)
    skew_seconds: float = 0.0
    baseline_at: datetime | None = Field(default=None, sa_type=Instant)
    changes_at: datetime | None = Field(default=None, sa_type=Instant)
    near_at: datetime | None = Field(default=None, sa_type=Instant)
    full_at: datetime | None = Field(default=None, sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    pause_seconds: float = 0.0
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=Instant)
    trouble: str = ""
    is_refused: bool = False
    held_run: int | None = None
    ignored: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    sites: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    words: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    unread: int = 0
    is_pushed: bool = False
    woken_at: datetime | None = Field(default=None, sa_type=Instant)


class DiaryRunRow(SQLModel, table=True):
    """A run over a place; see `diary_runs.Run`.

    `digests` maps the word of an effect to a digest of what is held of it, and `missing` are ids that nobody
    has asked the diary for.
    """

    __tablename__ = "diary_run"
    __table_args__ = (Index("diary_run_place", "diary_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    diary_id: int = Field(foreign_key="diary.id")
    kind: str
    starts_at: datetime | None = Field(default=None, sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)
    started_at: datetime = Field(sa_type=Instant)
    began: datetime = Field(sa_type=Instant)
    by_name: str
    by_via: str = ""
    state: str
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    read: int = 0
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    held: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digests: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    missing: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    why: str = ""
    examples: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    decision: str = ""
    decided_by: str = ""
    decided_via: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    is_baseline: bool = False


class PushedRow(SQLModel, table=True):
    """A message that a place was pushed, for 30 days; see `arrivals.Pushed`.

    `judged` is what it was to change here, whether that was done or held: `effects`, `taken_away` and `offsets` as in
    `brake.Mass`.
    """

    __tablename__ = "pushed"
    __table_args__ = (
        UniqueConstraint("diary_id", "sender", "number"),
        Index("pushed_at", "diary_id", "at"),
        Index("pushed_ref", "diary_id", "ref", "sent_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    diary_id: int = Field(foreign_key="diary.id")
    sender: str
    number: str
    sent_at: datetime = Field(sa_type=Instant)
    ref: str
    at: datetime = Field(sa_type=Instant)
    judged: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class DiarySliceRow(SQLModel, table=True):
    """A part of a run's window, until the run has ended. `seen` is an array of ids.

    It spares a write to every appointment that is as it was: that it was seen stands here.
    """

    __tablename__ = "diary_slice"
    __table_args__ = (Index("diary_slice_run", "run_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="diary_run.id")
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    expected: int = 0
    seen: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    is_complete: bool = False
