"""The tables of reading diaries, as the first migration makes them."""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)

from frontdesk.store.sql.tables import Instant

TEXT = String()


def create_run_tables(op: Any) -> None:
    """Make them by `op`, which carries migrations out."""
    op.create_table(
        "diary",
        Column("id", Integer(), nullable=False),
        Column("connection", TEXT, nullable=False),
        Column("location", TEXT, nullable=False),
        Column("next_at", Instant(), nullable=False),
        Column("asked", TEXT, nullable=False),
        Column("owner", TEXT, nullable=False),
        Column("fence", Integer(), nullable=False),
        Column("until", Instant(), nullable=True),
        Column("cursor", Instant(), nullable=True),
        Column("skew_seconds", Float(), nullable=False),
        Column("baseline_at", Instant(), nullable=True),
        Column("changes_at", Instant(), nullable=True),
        Column("near_at", Instant(), nullable=True),
        Column("full_at", Instant(), nullable=True),
        Column("answered_at", Instant(), nullable=True),
        Column("pause_seconds", Float(), nullable=False),
        Column("failures", Integer(), nullable=False),
        Column("failing_since", Instant(), nullable=True),
        Column("trouble", TEXT, nullable=False),
        Column("is_refused", Boolean(), nullable=False),
        Column("held_run", Integer(), nullable=True),
        Column("ignored", JSON(), nullable=False),
        Column("sites", JSON(), nullable=False),
        Column("words", JSON(), nullable=False),
        Column("unread", Integer(), nullable=False),
        Column("is_pushed", Boolean(), nullable=False),
        Column("woken_at", Instant(), nullable=True),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("connection", "location"),
    )
    op.create_table(
        "diary_run",
        Column("id", Integer(), nullable=False),
        Column("diary_id", Integer(), nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("starts_at", Instant(), nullable=True),
        Column("ends_at", Instant(), nullable=True),
        Column("started_at", Instant(), nullable=False),
        Column("began", Instant(), nullable=False),
        Column("by_name", TEXT, nullable=False),
        Column("by_via", TEXT, nullable=False),
        Column("state", TEXT, nullable=False),
        Column("ended_at", Instant(), nullable=True),
        Column("read", Integer(), nullable=False),
        Column("counts", JSON(), nullable=False),
        Column("held", JSON(), nullable=False),
        Column("digests", JSON(), nullable=False),
        Column("missing", JSON(), nullable=False),
        Column("why", TEXT, nullable=False),
        Column("examples", JSON(), nullable=False),
        Column("decision", TEXT, nullable=False),
        Column("decided_by", TEXT, nullable=False),
        Column("decided_via", TEXT, nullable=False),
        Column("decided_at", Instant(), nullable=True),
        Column("is_baseline", Boolean(), nullable=False),
        ForeignKeyConstraint(["diary_id"], ["diary.id"]),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("diary_run_place", "diary_run", ["diary_id", "id"])
    op.create_table(
        "pushed",
        Column("id", Integer(), nullable=False),
        Column("diary_id", Integer(), nullable=False),
        Column("sender", TEXT, nullable=False),
        Column("number", TEXT, nullable=False),
        Column("sent_at", Instant(), nullable=False),
        Column("ref", TEXT, nullable=False),
        Column("at", Instant(), nullable=False),
        Column("judged", JSON(), nullable=False),
        ForeignKeyConstraint(["diary_id"], ["diary.id"]),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("diary_id", "sender", "number"),
    )
    op.create_index("pushed_at", "pushed", ["diary_id", "at"])
    op.create_index("pushed_ref", "pushed", ["diary_id", "ref", "sent_at"])
    op.create_table(
        "diary_slice",
        Column("id", Integer(), nullable=False),
        Column("run_id", Integer(), nullable=False),
        Column("starts_at", Instant(), nullable=False),
        Column("ends_at", Instant(), nullable=False),
        Column("expected", Integer(), nullable=False),
        Column("seen", JSON(), nullable=False),
        Column("is_complete", Boolean(), nullable=False),
        ForeignKeyConstraint(["run_id"], ["diary_run.id"]),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("diary_slice_run", "diary_slice", ["run_id", "id"])
