"""The tables, an audit that only grows, and the search over bookings."""

from uuid import uuid4

from alembic import op
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    Uuid,
    text,
)

from frontdesk.store.migrations.v0001_runs import create_run_tables
from frontdesk.store.search.fts5 import FTS5
from frontdesk.store.search.gin import GIN
from frontdesk.store.search.index import create_search
from frontdesk.store.sql.revisions import REVISIONS
from frontdesk.store.sql.tables import BY_CODE_POINTS, Instant

revision = REVISIONS[0]
down_revision = None

TEXT = String()

_SQLITE_GUARD = """
CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit only grows');
END
"""
_POSTGRESQL_GUARD = """
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit only grows';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
"""


def upgrade() -> None:
    """Make everything, in one transaction."""
    _create_tables()
    _create_diary_tables()
    create_run_tables(op)
    store_id = uuid4().hex
    op.execute(f"INSERT INTO head VALUES (1, 0, 0, '', 0, '{store_id}')")  # noqa: S608
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(_SQLITE_GUARD.format(verb=verb))
        create_search(op.get_bind(), FTS5)
    else:
        op.execute(_POSTGRESQL_GUARD)
        create_search(op.get_bind(), GIN)


def _create_tables() -> None:
    op.create_table(
        "audit",
        Column("number", Integer(), nullable=False),
        Column("at", Instant(), nullable=False),
        Column("operator", TEXT, nullable=False),
        Column("via", TEXT, nullable=False),
        Column("action", TEXT, nullable=False),
        Column("subject_kind", TEXT, nullable=False),
        Column("subject_id", Integer(), nullable=False),
        Column("booking_id", Integer(), nullable=True),
        Column("detail", JSON(), nullable=False),
        Column("proof", JSON(), nullable=False),
        Column("digest", TEXT, nullable=False),
        PrimaryKeyConstraint("number"),
    )
    op.create_index("audit_booking", "audit", ["booking_id", "number"])
    op.create_table(
        "change",
        Column("number", Integer(), nullable=False),
        Column("subject_kind", TEXT, nullable=False),
        Column("subject_id", Integer(), nullable=False),
        Column("booking_id", Integer(), nullable=True),
        Column("operator", TEXT, nullable=False),
        Column("via", TEXT, nullable=False),
        Column("at", Instant(), nullable=False),
        PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "connection",
        Column("name", TEXT, nullable=False),
        Column("shown", TEXT, nullable=False),
        Column("trouble_since", Instant(), nullable=True),
        Column("held_until", Instant(), nullable=True),
        Column("is_locked_out", Boolean(), nullable=False),
        Column("why", TEXT, nullable=False),
        Column("read_until", Instant(), nullable=True),
        PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "dispatcher",
        Column("id", TEXT, nullable=False),
        Column("connections", TEXT, nullable=False),
        Column("seen_at", Instant(), nullable=False),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "head",
        Column("id", Integer(), nullable=False),
        Column("change", Integer(), nullable=False),
        Column("audit", Integer(), nullable=False),
        Column("audit_digest", TEXT, nullable=False),
        Column("bookings", Integer(), nullable=False),
        Column("store_id", TEXT, nullable=False),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "practice",
        Column("id", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("short", TEXT, nullable=False),
        Column("time_zone", TEXT, nullable=False),
        Column("email", TEXT, nullable=False),
        Column("pms_connection", TEXT, nullable=False),
        Column("pms_kind", TEXT, nullable=False),
        Column("pms_name", TEXT, nullable=False),
        Column("pms_can_cancel", Boolean(), nullable=False),
        Column("pms_tells_patient", Boolean(), nullable=False),
        Column("pms_can_move", Boolean(), nullable=False),
        Column("pms_can_mark_no_show", Boolean(), nullable=False),
        Column("pms_can_take_back_no_show", Boolean(), nullable=False),
        Column("patient_channels", TEXT, nullable=False),
        Column("reason_channels", TEXT, nullable=False),
        Column("phone", TEXT, nullable=False),
        Column("account", TEXT, nullable=False),
        Column("no_show_after_minutes", Integer(), nullable=False),
        Column("biller", TEXT, nullable=False),
        Column("location", TEXT, nullable=False),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "token",
        Column("id", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("secret_sha256", TEXT, nullable=False),
        Column("scopes", TEXT, nullable=False),
        Column("practices", TEXT, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("expires_at", Instant(), nullable=True),
        Column("revoked_at", Instant(), nullable=True),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "given_up",
        Column("command_id", Uuid(), nullable=False),
        Column("via", TEXT, nullable=False),
        Column("at", Instant(), nullable=False),
        PrimaryKeyConstraint("command_id", "via"),
    )
    op.create_table(
        "appointment_type",
        Column("practice_id", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        ForeignKeyConstraint(["practice_id"], ["practice.id"]),
        PrimaryKeyConstraint("practice_id", "name"),
    )
    op.create_table(
        "practitioner",
        Column("id", Integer(), nullable=False),
        Column("practice_id", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("pms_ref", TEXT, nullable=False),
        ForeignKeyConstraint(["practice_id"], ["practice.id"]),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("practice_id", "name", "pms_ref"),
    )
    has_pms_ref = text("pms_ref <> ''")
    op.create_index(
        "practitioner_ref",
        "practitioner",
        ["practice_id", "pms_ref"],
        unique=True,
        sqlite_where=has_pms_ref,
        postgresql_where=has_pms_ref,
    )
    op.create_table(
        "booking",
        Column("id", Integer(), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("ref", TEXT, nullable=False),
        Column("pms_ref", TEXT, nullable=True),
        Column("practice_id", TEXT, nullable=False),
        Column("practitioner_id", Integer(), nullable=False),
        Column("patient_name", TEXT, nullable=False),
        Column("patient_birth_date", Date(), nullable=True),
        Column("patient_mobile", TEXT, nullable=False),
        Column("patient_email", TEXT, nullable=False),
        Column("patient_is_new", Boolean(), nullable=True),
        Column("patient_pms_ref", TEXT, nullable=False),
        Column("appointment_type", TEXT, nullable=False),
        Column("starts_at", Instant(), nullable=False),
        Column("ends_at", Instant(), nullable=True),
        Column("local_date", Date(), nullable=False),
        Column("fee_cents", Integer(), nullable=True),
        Column("created_at", Instant(), nullable=True),
        Column("cancelled", Boolean(), nullable=False),
        Column("cancelled_at", Instant(), nullable=True),
        Column("cancelled_by", TEXT, nullable=False),
        Column("cancelled_via", TEXT, nullable=False),
        Column("cancelled_origin", TEXT, nullable=False),
        Column("cancellation_reason", TEXT, nullable=False),
        Column("cancellation_note", TEXT, nullable=False),
        Column("cancellation_filed", TEXT, nullable=False),
        Column("intent_id", Uuid(), nullable=True),
        Column("intent_kind", TEXT, nullable=False),
        Column("intent_at", Instant(), nullable=True),
        Column("attendance", TEXT, nullable=False),
        Column("attendance_origin", TEXT, nullable=False),
        Column("attendance_by", TEXT, nullable=False),
        Column("attendance_via", TEXT, nullable=False),
        Column("attendance_at", Instant(), nullable=True),
        Column("attendance_notice", Boolean(), nullable=False),
        Column("has_deliveries", Boolean(), nullable=False),
        Column("changed_by", TEXT, nullable=False),
        Column("changed_via", TEXT, nullable=False),
        Column("changed_at", Instant(), nullable=True),
        Column("name_key", TEXT, nullable=False),
        Column("patient_key", TEXT, nullable=False),
        Column("patient_ref_key", TEXT, nullable=False),
        Column("search", TEXT, nullable=False),
        Column("tags", TEXT, nullable=False),
        ForeignKeyConstraint(["practice_id"], ["practice.id"]),
        ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"]),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("ref", "practice_id"),
    )
    op.create_index("booking_cancelled", "booking", ["cancelled", "starts_at", "id"])
    op.create_index(
        "booking_name",
        "booking",
        ["name_key", "cancelled", "starts_at", "patient_key", "patient_ref_key", "practice_id"],
    )
    new = text("patient_is_new")
    op.create_index(
        "booking_new",
        "booking",
        ["starts_at", "id", "practice_id", "cancelled"],
        sqlite_where=new,
        postgresql_where=new,
    )
    op.create_index("booking_order", "booking", ["starts_at", "id"])
    op.create_index("booking_patient", "booking", ["patient_key", "cancelled", "starts_at"])
    has_ref = text("patient_ref_key <> ''")
    op.create_index(
        "booking_patient_ref",
        "booking",
        ["patient_ref_key", "cancelled", "starts_at", "patient_key"],
        sqlite_where=has_ref,
        postgresql_where=has_ref,
    )
    op.create_index("booking_pms_ref", "booking", ["pms_ref", "practice_id"])
    op.create_index("booking_practice", "booking", ["practice_id", "cancelled", "starts_at", "id"])
    op.create_index("booking_practitioner", "booking", ["practitioner_id", "cancelled", "starts_at", "id"])
    op.create_table(
        "name_word",
        Column("word", BY_CODE_POINTS, nullable=False),
        PrimaryKeyConstraint("word"),
    )
    op.create_table(
        "adjustment",
        Column("id", Integer(), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("booking_id", Integer(), nullable=False),
        Column("ground", TEXT, nullable=False),
        Column("answers", JSON(), nullable=False),
        Column("text", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("asked_by", TEXT, nullable=False),
        Column("asked_via", TEXT, nullable=False),
        Column("asked_at", Instant(), nullable=False),
        Column("review", TEXT, nullable=False),
        Column("decided_by", TEXT, nullable=False),
        Column("decided_via", TEXT, nullable=False),
        Column("decided_at", Instant(), nullable=True),
        Column("note", TEXT, nullable=False),
        ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("adjustment_booking", "adjustment", ["booking_id", "id"])
    op.create_index("adjustment_review", "adjustment", ["review", "id"])
    op.create_table(
        "account",
        Column("id", Integer(), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("name", TEXT, nullable=False),
        Column("time_zone", TEXT, nullable=False),
        Column("prices", JSON(), nullable=False),
        Column("tax_percent", TEXT, nullable=False),
        Column("day_of_month", Integer(), nullable=False),
        Column("due_days", Integer(), nullable=False),
        Column("biller", TEXT, nullable=False),
        Column("first_period", TEXT, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("name"),
    )
    op.create_table(
        "invoice",
        Column("number", Integer(), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("account_id", Integer(), nullable=False),
        Column("period", TEXT, nullable=False),
        Column("issued_at", Instant(), nullable=False),
        Column("final_at", Instant(), nullable=False),
        Column("due_on", Date(), nullable=False),
        Column("overdue_at", Instant(), nullable=False),
        Column("net", Integer(), nullable=False),
        Column("tax", Integer(), nullable=False),
        Column("closed_at", Instant(), nullable=False),
        Column("paid_at", Instant(), nullable=True),
        Column("void_at", Instant(), nullable=True),
        ForeignKeyConstraint(["account_id"], ["account.id"]),
        PrimaryKeyConstraint("number"),
        UniqueConstraint("account_id", "period"),
    )
    op.create_table(
        "invoice_line",
        Column("number", Integer(), nullable=False),
        Column("position", Integer(), nullable=False),
        Column("booking_id", Integer(), nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("period", TEXT, nullable=False),
        Column("net", Integer(), nullable=False),
        Column("tax", Integer(), nullable=False),
        ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        ForeignKeyConstraint(["number"], ["invoice.number"]),
        PrimaryKeyConstraint("number", "position"),
    )
    op.create_index("invoice_line_booking", "invoice_line", ["booking_id", "kind"])
    op.create_table(
        "command",
        Column("id", Uuid(), nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("subject_kind", TEXT, nullable=False),
        Column("subject_id", Integer(), nullable=False),
        Column("booking_id", Integer(), nullable=True),
        Column("seen", Integer(), nullable=False),
        Column("payload", TEXT, nullable=False),
        Column("content", TEXT, nullable=False),
        Column("operator", TEXT, nullable=False),
        Column("via", TEXT, nullable=False),
        Column("at", Instant(), nullable=False),
        ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("command_operator", "command", ["operator", "via", "at"])
    op.create_index("command_subject", "command", ["subject_kind", "subject_id"])
    op.create_index("ix_command_booking_id", "command", ["booking_id"])
    op.create_table(
        "delivery",
        Column("id", Integer(), nullable=False),
        Column("command_id", Uuid(), nullable=False),
        Column("booking_id", Integer(), nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("state", TEXT, nullable=False),
        Column("target", TEXT, nullable=False),
        Column("connection", TEXT, nullable=False),
        Column("attempts", Integer(), nullable=False),
        Column("unproven", Integer(), nullable=False),
        Column("is_refused", Boolean(), nullable=False),
        Column("next_at", Instant(), nullable=True),
        Column("lease_until", Instant(), nullable=True),
        Column("fence", Integer(), nullable=False),
        Column("waits_for", Integer(), nullable=True),
        Column("proves", Boolean(), nullable=False),
        Column("error", TEXT, nullable=False),
        Column("note", TEXT, nullable=False),
        Column("settled_by", TEXT, nullable=False),
        Column("settled_via", TEXT, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("changed_at", Instant(), nullable=False),
        ForeignKeyConstraint(["booking_id"], ["booking.id"]),
        ForeignKeyConstraint(["waits_for"], ["delivery.id"]),
        ForeignKeyConstraint(["command_id"], ["command.id"]),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("command_id", "kind"),
    )
    op.create_index("delivery_booking", "delivery", ["booking_id"])
    due = text("next_at IS NOT NULL")
    op.create_index("delivery_due", "delivery", ["next_at", "id"], sqlite_where=due, postgresql_where=due)
    op.create_index("delivery_state", "delivery", ["state", "connection"])
    op.create_index("delivery_waiting", "delivery", ["waits_for"])


def _create_diary_tables() -> None:
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
