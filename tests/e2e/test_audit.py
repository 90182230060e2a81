"""`audit`: a record that was altered and worked out anew as a whole is found by what was kept elsewhere."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from frontdesk import audit_heads
from frontdesk.audit import GENESIS, AuditEvent, digest
from frontdesk.bookings import Operator
from frontdesk.cli import frontdesk
from frontdesk.cli.audit import WHOLE
from frontdesk.commands import Subject
from tests.e2e.line_mode import LineDesk


@pytest.fixture
def heads(desk: LineDesk, tmp_path: Path) -> Path:
    """A file with the head of the audit before and after a cancellation; more is recorded after it."""
    file = tmp_path / "heads.jsonl"
    for reference in ("R00001", "R00003"):
        assert desk("audit", "export", str(file)).exit_code == 0
        desk("cancel", f"adelaide/{reference}", "--yes", "--reason", "patient ill")
    assert desk("audit", "export", str(file)).exit_code == 0
    desk("cancel", "2026/5", "--yes")
    return file


def tampered(desk: LineDesk, statement: str, *values: Any) -> None:
    """Change the audit past the database's guard."""
    with closing(sqlite3.connect(desk.store_file)) as database, database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute(statement, values)


def worked_out_anew(desk: LineDesk) -> None:
    """Give every event the digest that follows, as one who knows the program could."""
    with closing(sqlite3.connect(desk.store_file)) as database, database:
        previous = GENESIS
        columns = "number, at, operator, via, action, subject_kind, subject_id, booking_id, detail, proof"
        for (
            number,
            at,
            operator,
            via,
            action,
            subject_kind,
            subject_id,
            booking_id,
            detail,
            proof,
        ) in database.execute(f"SELECT {columns} FROM audit ORDER BY number").fetchall():
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
            by = Operator(operator, via)
            subject = Subject(subject_kind, subject_id) if subject_kind else None
            said, proven = json.loads(detail), json.loads(proof)
            event = AuditEvent(number, moment, by, action, subject, booking_id, said, proven)
            previous = digest(previous, event)
            database.execute("UPDATE audit SET digest = ? WHERE number = ?", (previous, number))
        database.execute("UPDATE head SET audit = ?, audit_digest = ?", (number, previous))


def cut_off(desk: LineDesk, number: int) -> None:
    """Take out events from a number on with all that they did, as one who knows every table could."""
    since = "FROM command WHERE at >= (SELECT at FROM audit WHERE number = ?)"
    tampered(desk, f"UPDATE booking SET cancelled = 0 WHERE id IN (SELECT booking_id {since})", number)
    tampered(desk, f"DELETE FROM delivery WHERE command_id IN (SELECT id {since})", number)
    tampered(desk, f"DELETE {since}", number)
    tampered(desk, "DELETE FROM audit WHERE number >= ?", number)


def cancelled(desk: LineDesk) -> list[int]:
    """The numbers of the events that are cancellations."""
    with closing(sqlite3.connect(desk.store_file)) as database:
        found = database.execute("SELECT number FROM audit WHERE action = 'booking.cancel' ORDER BY number")
        return [number for (number,) in found.fetchall()]


def test_what_was_kept_is_what_is_there(desk: LineDesk, heads: Path) -> None:
    lines = [json.loads(line) for line in heads.read_text().splitlines()]
    numbers = [line["number"] for line in lines]
    assert numbers == sorted(set(numbers))
    assert numbers[1:] == cancelled(desk)[:2]
    assert {line["store"] for line in lines} == {str(desk.store_file)}
    assert heads.stat().st_mode & 0o777 == 0o600

    result = desk("audit", "verify", "--against", str(heads))

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{WHOLE}. Up to event {numbers[-1]:,} the record is what it was on ")
    assert result.stdout.endswith(f" UTC: 3 lines in {heads}.\n")


def test_a_record_worked_out_anew_passes_alone_and_not_against_what_was_kept(
    desk: LineDesk, heads: Path
) -> None:
    first, second, last = cancelled(desk)
    tampered(desk, "UPDATE audit SET detail = '{}' WHERE number = ?", second)
    worked_out_anew(desk)

    assert desk("audit", "verify").stdout == f"{WHOLE}.\n"
    result = desk("audit", "verify", "--against", str(heads))

    assert result.exit_code == 1
    assert result.stderr.startswith("Not done: on ")
    assert f"the audit had another event {second:,}: it, or one before it, was changed since" in result.stderr
    assert first < second < last


def test_an_end_that_was_cut_off_is_found(desk: LineDesk, heads: Path) -> None:
    first, second, _ = cancelled(desk)
    cut_off(desk, second)
    worked_out_anew(desk)

    assert desk("audit", "verify").exit_code == 0
    result = desk("audit", "verify", "--against", str(heads))

    assert result.exit_code == 1
    assert f"the audit ends with event {second - 1:,}, and on " in result.stderr
    assert f"it had {second:,}: its end was cut off, or an older backup is in its place" in result.stderr
    assert first < second


def test_what_is_changed_after_the_last_of_them_is_not_found(desk: LineDesk, heads: Path) -> None:
    """So the pages say."""
    *_, last = cancelled(desk)
    tampered(desk, "UPDATE audit SET detail = '{}' WHERE number = ?", last)
    worked_out_anew(desk)

    assert desk("audit", "verify", "--against", str(heads)).exit_code == 0


def test_a_broken_chain_is_said_first(desk: LineDesk, heads: Path) -> None:
    _, second, _ = cancelled(desk)
    tampered(desk, "UPDATE audit SET operator = 'Nobody' WHERE number = ?", second)

    result = desk("audit", "verify", "--against", str(heads))

    broken = f"audit event {second} was changed, or one before it was taken out"
    other = (
        f"audit event {second} (booking.cancel of booking adelaide/R00003): its command has another operator"
    )
    assert result.exit_code == 1
    assert result.stdout == f"{broken}\n{other}\n"
    assert result.stderr == f"Not done: {broken}; in all 2 things do not fit, they are listed above\n"


def test_of_many_things_that_do_not_fit_the_first_are_listed(desk: LineDesk, heads: Path) -> None:
    columns = "kind, subject_kind, subject_id, booking_id, seen, payload, content, operator, via, at"
    for number in range(25):
        command = f"SELECT '{number:032x}', {columns} FROM command LIMIT 1"
        tampered(desk, f"INSERT INTO command (id, {columns}) {command}")

    result = desk("audit", "verify")

    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert len(lines) == 20
    assert lines[0] in result.stderr
    assert result.stderr.endswith("; in all 25 things do not fit, the first 20 are listed above\n")


class TestSigned:
    @pytest.fixture
    def public(self, desk: LineDesk) -> str:
        """The public half of a key that was made as `audit`."""
        made = desk("audit", "key", "audit")
        assert made.exit_code == 0, made.stderr
        file = desk.config_file.parent / "credentials" / "audit"
        assert made.stderr == f"The private key audit is in {file} now; this is the public one:\n"
        assert file.stat().st_mode & 0o777 == 0o600
        return made.stdout.strip()

    @pytest.fixture
    def signed(self, desk: LineDesk, tmp_path: Path, public: str) -> Path:
        """A file with two signed heads."""
        file = tmp_path / "signed.jsonl"
        for reference in ("R00001", "2026/5"):
            desk("cancel", f"adelaide/{reference}", "--yes")
            assert desk("audit", "export", str(file), "--sign", "audit").exit_code == 0
        return file

    def test_they_are_taken_with_the_key(self, desk: LineDesk, signed: Path, public: str) -> None:
        result = desk("audit", "verify", "--against", str(signed), "--public-key", public)

        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.endswith(f"2 lines in {signed}, all signed by this key.\n")

    def test_without_it_nobody_claims_that_they_were_looked_at(self, desk: LineDesk, signed: Path) -> None:
        result = desk("audit", "verify", "--against", str(signed))

        assert result.exit_code == 0
        assert "signed by" not in result.stdout
        assert result.stderr == "The lines are signed; to check their signatures give --public-key.\n"

    def test_a_record_and_a_file_altered_by_somebody_without_the_key(
        self, desk: LineDesk, signed: Path, public: str
    ) -> None:
        first, _ = cancelled(desk)
        tampered(desk, "UPDATE audit SET detail = '{}' WHERE number = ?", first)
        worked_out_anew(desk)
        (now,) = audit_heads.read([desk("audit", "export").stdout])
        signed.write_text(audit_heads.line(now, audit_heads.new_key()) + "\n")

        assert desk("audit", "verify", "--against", str(signed)).exit_code == 0
        result = desk("audit", "verify", "--against", str(signed), "--public-key", public)

        assert result.exit_code == 1
        assert result.stderr == f"Not done: {signed}: line 1 is not signed by this key, or was altered\n"

    def test_a_key_that_is_there_stays(self, desk: LineDesk, public: str) -> None:
        again = desk("audit", "key", "audit")

        assert (again.exit_code, again.stdout, again.stderr) == (0, f"{public}\n", "")

    def test_another_secret_is_not_taken_for_one(self, desk: LineDesk) -> None:
        desk("credentials", "set", "smtp", "--file", typed="geheim\n")

        for command in (("audit", "key", "smtp"), ("audit", "export", "--sign", "smtp")):
            result = desk(*command)
            assert result.exit_code == 1
            assert "no key that signs heads of an audit" in result.stderr
            assert "geheim" not in result.output
        assert (desk.config_file.parent / "credentials" / "smtp").read_text() == "geheim\n"

    def test_a_key_that_is_missing_says_so(self, desk: LineDesk) -> None:
        result = desk("audit", "export", "--sign", "nowhere")

        assert result.exit_code == 2
        assert "there is no credential nowhere" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "has no line to compare with"),
        (b"\xff\xfe", "is no file that audit export wrote"),
        (b"nothing\n", "line 1 is no head of an audit"),
    ],
)
def test_a_file_that_is_none_is_said(
    desk: LineDesk, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "heads.jsonl"
    if content is not None:
        file.write_bytes(content)

    result = desk("audit", "verify", "--against", str(file))

    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_cannot_be_written_stays_as_it_is(desk: LineDesk, tmp_path: Path) -> None:
    result = desk("audit", "export", str(tmp_path / "nowhere" / "heads.jsonl"))

    assert result.exit_code == 1
    assert "cannot be written: No such file or directory; nothing was added to it" in result.stderr


def test_a_line_that_was_cut_short_does_not_spoil_the_next(desk: LineDesk, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    file.write_text('{"at": "20')

    desk("audit", "export", str(file))

    cut, whole = file.read_text().splitlines()
    assert cut == '{"at": "20'
    assert audit_heads.read([whole])


@pytest.mark.parametrize(
    "arguments", [("--public-key", "ab" * 32), ("--against", "FILE", "--public-key", "hello")]
)
def test_a_public_key_that_is_no_use_is_a_usage_error(
    desk: LineDesk, heads: Path, arguments: tuple[str, ...]
) -> None:
    result = desk("audit", "verify", *(str(heads) if word == "FILE" else word for word in arguments))

    assert result.exit_code == 2
    assert "--public-key" in result.stderr


def test_a_store_without_events_has_a_head_too(desk: LineDesk, tmp_path: Path) -> None:
    desk.begin_anew()
    file = tmp_path / "heads.jsonl"

    assert desk("audit", "export", str(file)).stdout == f"Event 0 is the last one in {file} now.\n"
    desk("seed", "--bookings", "3")
    assert desk("audit", "verify", "--against", str(file)).exit_code == 0


def test_nothing_is_written_into_the_store(desk: LineDesk, bytes_of: Callable[[], bytes]) -> None:
    desk.write_config(
        '[[practices]]\nid = "hobart"\nname = "Hobart"\nshort = "HOB"\ntime_zone = "Australia/Hobart"\n'
    )
    before = bytes_of()

    assert desk("audit", "export").exit_code == 0
    assert desk("audit", "verify").exit_code == 0

    assert bytes_of() == before


@pytest.fixture
def bytes_of(desk: LineDesk) -> Callable[[], bytes]:
    """What the store's file holds."""
    return desk.store_file.read_bytes


def test_it_says_what_it_is_for() -> None:
    helped = CliRunner().invoke(frontdesk, ["audit", "--help"]).output
    assert all(word in helped for word in ("verify", "export", "key"))
