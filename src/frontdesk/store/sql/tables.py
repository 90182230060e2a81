"""The tables, the same on SQLite and PostgreSQL. Instants are UTC; `fee_cents` is in cents."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, DateTime, Dialect, Index, String, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database.

    SQLite keeps no zone, so UTC is put on and taken off here; PostgreSQL keeps
    `timestamptz` and answers in its session's zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    # A list reads hundreds of instants for each key: on SQLite they are read and written in one step.
    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _to_sqlite if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _from_sqlite if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _to_sqlite(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_sqlite(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


BY_CODE_POINTS = String().with_variant(String(collation="C"), "postgresql")
"""Text whose order is that of its code points, so that all with one beginning lie side by side."""


class PracticeRow(SQLModel, table=True):
    """A clinic. `patient_channels` is a comma-separated order, `reason_channels` a set of them.

    No PMS is an empty `pms_kind`.
    """

    __tablename__ = "practice"

    id: str = Field(primary_key=True)
    name: str
    short: str
    time_zone: str
    email: str = ""
    pms_connection: str = ""
    pms_kind: str = ""
    pms_name: str = ""
    pms_can_cancel: bool = False
    pms_tells_patient: bool = False
    pms_can_move: bool = False
    pms_can_mark_no_show: bool = False
    pms_can_take_back_no_show: bool = False
    patient_channels: str = ""
    reason_channels: str = ""
    phone: str = ""
    account: str = ""
    no_show_after_minutes: int = 15
    biller: str = ""
    location: str = ""


_HAS_PMS_REF = text("pms_ref <> ''")


class PractitionerRow(SQLModel, table=True):
    """Who treats the patient, at one practice; known by the PMS's id where there is one, else by the name."""

    __tablename__ = "practitioner"
    __table_args__ = (
        UniqueConstraint("practice_id", "name", "pms_ref"),
        Index(
            "practitioner_ref",
            "practice_id",
            "pms_ref",
            unique=True,
            sqlite_where=_HAS_PMS_REF,
            postgresql_where=_HAS_PMS_REF,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: str = Field(foreign_key="practice.id")
    name: str
    pms_ref: str = ""


class AppointmentTypeRow(SQLModel, table=True):
    """The names of a practice's appointment types, so that listing them never walks the bookings."""

    __tablename__ = "appointment_type"

    practice_id: str = Field(foreign_key="practice.id", primary_key=True)
    name: str = Field(primary_key=True)


_NEW = text("patient_is_new")
"""Billing lists new patients only: their index is a fraction of all bookings."""


_HAS_REF = text("patient_ref_key <> ''")
"""Bookings of patients without a reference would all stand under the same one."""


class BookingRow(SQLModel, table=True):
    """One appointment of one patient.

    `local_date` is the start's calendar date in the practice's zone. `name_key` is the
    patient's folded name, `patient_key` and `patient_ref_key` are what only bookings of one patient have in
    common, all three made by `identity`; `search` are the folded words a search matches, `tags` what filters
    match beside them, both made by `store.search`. `has_deliveries` spares a list to look
    for deliveries where there never were any. An absent reference is NULL,
    so that uniqueness holds for present ones only.

    What an index begins with is the way into it for the lists that `store.search_streams`
    reads, whatever it is meant for: those that make references unique begin with these.
    """

    __tablename__ = "booking"
    __table_args__ = (
        UniqueConstraint("ref", "practice_id"),
        Index("booking_pms_ref", "pms_ref", "practice_id"),
        Index("booking_order", "starts_at", "id"),
        Index("booking_cancelled", "cancelled", "starts_at", "id"),
        Index("booking_practice", "practice_id", "cancelled", "starts_at", "id"),
        Index("booking_practitioner", "practitioner_id", "cancelled", "starts_at", "id"),
        Index(
            "booking_name",
            "name_key",
            "cancelled",
            "starts_at",
            "patient_key",
            "patient_ref_key",
            "practice_id",
        ),
        Index("booking_patient", "patient_key", "cancelled", "starts_at"),
        Index(
            "booking_patient_ref",
            "patient_ref_key",
            "cancelled",
            "starts_at",
            "patient_key",
            sqlite_where=_HAS_REF,
            postgresql_where=_HAS_REF,
        ),
        Index(
            "booking_new",
            "starts_at",
            "id",
            "practice_id",
            "cancelled",
            sqlite_where=_NEW,
            postgresql_where=_NEW,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    version: int = 1
    ref: str
    pms_ref: str | None = None
    practice_id: str = Field(foreign_key="practice.id")
    practitioner_id: int = Field(foreign_key="practitioner.id")
    patient_name: str
    patient_birth_date: date | None = None
    patient_mobile: str = ""
    patient_email: str = ""
    patient_is_new: bool | None = None
    patient_pms_ref: str = ""
    appointment_type: str = ""
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)
    local_date: date
    fee_cents: int | None = None
    created_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled: bool = False
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_by: str = ""
    cancelled_via: str = ""
    cancelled_origin: str = ""
    cancellation_reason: str = ""
    cancellation_note: str = ""
    cancellation_filed: str = ""
    intent_id: UUID | None = None
    intent_kind: str = ""
    intent_at: datetime | None = Field(default=None, sa_type=Instant)
    attendance: str = "none"
    attendance_origin: str = "here"
    attendance_by: str = ""
    attendance_via: str = ""
    attendance_at: datetime | None = Field(default=None, sa_type=Instant)
    attendance_notice: bool = False
    has_deliveries: bool = False
    changed_by: str = ""
    changed_via: str = ""
    changed_at: datetime | None = Field(default=None, sa_type=Instant)
    name_key: str
    patient_key: str = ""
    patient_ref_key: str = ""
    search: str = ""
    tags: str = ""


class NameWordRow(SQLModel, table=True):
    """A word of some patient's folded name, each once: what names there are, without walking the bookings.

    The database itself puts it there with a booking (`store.search`); it stays when the last
    patient of that name has another. Words compare by their code points on every database.
    """

    __tablename__ = "name_word"

    word: str = Field(sa_column=Column(BY_CODE_POINTS, primary_key=True))


class AdjustmentRow(SQLModel, table=True):
    """A request not to be charged for a booking; `answers` is a JSON object: question to yes or no.

    Of a booking's requests the one with the largest id is the latest.
    """

    __tablename__ = "adjustment"
    __table_args__ = (
        Index("adjustment_booking", "booking_id", "id"),
        Index("adjustment_review", "review", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    version: int = 1
    booking_id: int = Field(foreign_key="booking.id")
    ground: str
    answers: dict[str, bool] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    text: str = ""
    name: str
    asked_by: str
    asked_via: str = ""
    asked_at: datetime = Field(sa_type=Instant)
    review: str
    decided_by: str = ""
    decided_via: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    note: str = ""


class AccountRow(SQLModel, table=True):
    """Who pays for new patients, by whose clock and how much: see `billing.settings`.

    `prices` is an array of [practice, from day, cents], `tax_percent` a decimal number, and
    `first_period` the first month that is billed, as `2026-11`.
    """

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    version: int = 1
    name: str = Field(unique=True)
    time_zone: str
    prices: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    tax_percent: str
    day_of_month: int
    due_days: int
    biller: str = ""
    first_period: str


class InvoiceRow(SQLModel, table=True):
    """A final invoice. Drafts are no rows: they are what their bookings make them.

    `number` counts without gaps, under the lock of the head row. Days, `net` and `tax` are kept
    as they were when it was closed.
    """

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("account_id", "period"),)

    number: int = Field(primary_key=True)
    version: int = 1
    account_id: int = Field(foreign_key="account.id")
    period: str
    issued_at: datetime = Field(sa_type=Instant)
    final_at: datetime = Field(sa_type=Instant)
    due_on: date
    overdue_at: datetime = Field(sa_type=Instant)
    net: int
    tax: int
    closed_at: datetime = Field(sa_type=Instant)
    paid_at: datetime | None = Field(default=None, sa_type=Instant)
    void_at: datetime | None = Field(default=None, sa_type=Instant)


class InvoiceLineRow(SQLModel, table=True):
    """A line of a final invoice, its price fixed. `period` is that of the invoice which charged it."""

    __tablename__ = "invoice_line"
    __table_args__ = (Index("invoice_line_booking", "booking_id", "kind"),)

    number: int = Field(foreign_key="invoice.number", primary_key=True)
    position: int = Field(primary_key=True)
    booking_id: int = Field(foreign_key="booking.id")
    kind: str
    period: str
    net: int
    tax: int


class CommandRow(SQLModel, table=True):
    """A write that succeeded, whole: `payload` is the ask as JSON, `content` a digest of all that was asked.

    `booking_id` is the booking that it concerns, where it concerns one.
    """

    __tablename__ = "command"
    __table_args__ = (
        Index("command_operator", "operator", "via", "at"),
        Index("command_subject", "subject_kind", "subject_id"),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    subject_kind: str
    subject_id: int
    booking_id: int | None = Field(default=None, foreign_key="booking.id", index=True)
    seen: int
    payload: str
    content: str
    operator: str
    via: str = ""
    at: datetime = Field(sa_type=Instant)


class GivenUpRow(SQLModel, table=True):
    """A command that was asked about before it arrived: should it still arrive, it is refused.

    `via` is the desk token through which it was given up: it stops no other desk's command.
    """

    __tablename__ = "given_up"

    command_id: UUID = Field(primary_key=True)
    via: str = Field(default="", primary_key=True)
    at: datetime = Field(sa_type=Instant)


_DUE = text("next_at IS NOT NULL")
"""Of a million deliveries that are done, none is in the way of the few that are not."""


class DeliveryRow(SQLModel, table=True):
    """The transactional outbox: one thing that must follow a command.

    `waits_for` is the delivery that must be done before this one is begun; until then
    `next_at` is NULL.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("command_id", "kind"),
        Index("delivery_state", "state", "connection"),
        Index("delivery_due", "next_at", "id", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("delivery_booking", "booking_id"),
        Index("delivery_waiting", "waits_for"),
    )

    id: int | None = Field(default=None, primary_key=True)
    command_id: UUID = Field(foreign_key="command.id")
    booking_id: int = Field(foreign_key="booking.id")
    kind: str
    state: str
    target: str = ""
    connection: str = ""
    attempts: int = 0
    unproven: int = 0
    is_refused: bool = False
    next_at: datetime | None = Field(default=None, sa_type=Instant)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = 0
    waits_for: int | None = Field(default=None, foreign_key="delivery.id")
    proves: bool = False
    error: str = ""
    note: str = ""
    settled_by: str = ""
    settled_via: str = ""
    created_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)


class ConnectionRow(SQLModel, table=True):
    """Whom deliveries go through, once there was trouble: since when, and until when it is left alone.

    `shown` is its name for operators. `why` is why it does not let us in, in their words. `read_until` is until when
    those who read its diaries have used up their share of its requests.
    """

    __tablename__ = "connection"

    name: str = Field(primary_key=True)
    shown: str
    trouble_since: datetime | None = Field(default=None, sa_type=Instant)
    held_until: datetime | None = Field(default=None, sa_type=Instant)
    is_locked_out: bool = False
    why: str = ""
    read_until: datetime | None = Field(default=None, sa_type=Instant)


class DispatcherRow(SQLModel, table=True):
    """A program that carries deliveries out; `connections` is a JSON array of what it reaches."""

    __tablename__ = "dispatcher"

    id: str = Field(primary_key=True)
    connections: str
    seen_at: datetime = Field(sa_type=Instant)


class AuditRow(SQLModel, table=True):
    """One link of the audit chain. Triggers refuse UPDATE and DELETE."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_booking", "booking_id", "number"),)

    number: int = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    operator: str
    via: str = ""
    action: str
    subject_kind: str = ""
    subject_id: int = 0
    booking_id: int | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    proof: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digest: str


class ChangeRow(SQLModel, table=True):
    """What other desks ask for: numbered in commit order."""

    __tablename__ = "change"

    number: int = Field(primary_key=True)
    subject_kind: str
    subject_id: int = 0
    booking_id: int | None = None
    operator: str
    via: str = ""
    at: datetime = Field(sa_type=Instant)


class HeadRow(SQLModel, table=True):
    """One row, locked last in every write: the latest numbers and digest, and how many bookings.

    `store_id` is drawn when the store is made, and stays with its copies.
    """

    __tablename__ = "head"

    id: int = Field(default=1, primary_key=True)
    change: int = 0
    audit: int = 0
    audit_digest: str = ""
    bookings: int = 0
    store_id: str = ""


class TokenRow(SQLModel, table=True):
    """A desk token of the server: the secret only as SHA-256. Empty `practices` means all."""

    __tablename__ = "token"

    id: str = Field(primary_key=True)
    name: str
    secret_sha256: str
    scopes: str
    practices: str = ""
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
