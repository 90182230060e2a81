"""The tables of what diaries say and how they are read, as the first revision makes them."""

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
    text,
)

from frontdesk.store.sql.tables import Instant

TEXT = String()


def create_diary_tables(op: Any) -> None:
    """Make, with Alembic's `op`, the mirror, which booking an id means, places, runs and slices."""
    op.create_table(
        "mirror",
        Column("id", Integer(), nullable=False),
        Column("connection", TEXT, nullable=False),
        Column("location", TEXT, nullable=False),
        Column("ref", TEXT, nullable=False),
        Column("generation", Integer(), nullable=False),
        Column("digest", TEXT, nullable=False),
        Column("version", TEXT, nullable=False),
        Column("status", TEXT, nullable=False),
        Column("raw_status", TEXT, nullable=False),
        Column("starts_at", Instant(), nullable=False),
        Column("ends_at", Instant(), nullable=True),
        Column("time_text", TEXT, nullable=False),
        Column("practitioner_ref", TEXT, nullable=False),
        Column("patient_ref", TEXT, nullable=False),
        Column("previous_ref", TEXT, nullable=False),
        Column("said", JSON(), nullable=False),
        Column("first_seen", Instant(), nullable=False),
        Column("noted_at", Instant(), nullable=False),
        Column("changed_at", Instant(), nullable=False),
        Column("changed_run", Integer(), nullable=False),
        Column("gone_at", Instant(), nullable=True),
        Column("successor_ref", TEXT, nullable=False),
        Column("booking_id", Integer(), nullable=True),
        Column("was", TEXT, nullable=False),
        Column("state", TEXT, nullable=False),
        Column("effect", TEXT, nullable=False),
        Column("why", TEXT, nullable=False),
        Column("seen_version", Integer(), nullable=False),
        ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("connection", "location", "ref"),
    )
    op.create_index("mirror_booking", "mirror", ["booking_id"])
    has_previous = text("previous_ref <> ''")
    op.create_index(
        "mirror_previous",
        "mirror",
        ["connection", "location", "previous_ref"],
        sqlite_where=has_previous,
        postgresql_where=has_previous,
    )
    has_successor = text("successor_ref <> ''")
    op.create_index(
        "mirror_successor",
        "mirror",
        ["connection", "location", "successor_ref"],
        sqlite_where=has_successor,
        postgresql_where=has_successor,
    )
    op.create_index("mirror_start", "mirror", ["connection", "location", "starts_at", "ref", "digest"])
    op.create_index("mirror_state", "mirror", ["connection", "location", "state", "id"])
    op.create_table(
        "booking_ref",
        Column("id", Integer(), nullable=False),
        Column("connection", TEXT, nullable=False),
        Column("location", TEXT, nullable=False),
        Column("ref", TEXT, nullable=False),
        Column("generation", Integer(), nullable=False),
        Column("booking_id", Integer(), nullable=False),
        Column("since", Instant(), nullable=False),
        Column("until", Instant(), nullable=True),
        Column("how", TEXT, nullable=False),
        ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("booking_ref_booking", "booking_ref", ["booking_id"])
    current = text("until IS NULL AND how <> 'proposed'")
    op.create_index(
        "booking_ref_current",
        "booking_ref",
        ["connection", "location", "ref"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
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
