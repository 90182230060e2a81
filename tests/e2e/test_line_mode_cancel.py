"""`frontdesk cancel`: the same rules and the same transaction as on the screen."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import UUID

import click
import pytest

from frontdesk.bookings import Reason
from frontdesk.cli import following, one_booking
from frontdesk.commands import Command, Done
from frontdesk.errors import CommitLost, FrontdeskError, Refused, Unauthorised, Unavailable
from frontdesk.store.sql.store import SqlStore
from tests.e2e.line_mode import LineDesk
from tests.making import LEE, Store, cancel, cancel_of, make_incoming, make_patient, make_practice


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits there and can be asked."""
    monkeypatch.setattr(following, "at_a_terminal", lambda: True)


def rows(desk: LineDesk, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.store_file)) as database:
        return database.execute(query).fetchall()


def status(desk: LineDesk, reference: str = "R00001") -> str:
    return str(desk.document("show", reference)["status"])


class TestYes:
    def test_the_row_in_the_database_is_cancelled(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", "--yes", "--reason", "  patient\n ill ")

        assert result.exit_code == 0
        assert result.stdout == desk.facts() + "\n"
        assert "Praktika" in result.stdout
        assert result.stderr == ""
        found = rows(
            desk,
            "SELECT cancelled, cancelled_by, cancellation_reason, version FROM booking WHERE ref = 'R00001'",
        )
        assert found == [(1, "Kim Nguyen", "patient ill", 2)]
        assert rows(desk, "SELECT action, operator FROM audit ORDER BY number DESC LIMIT 1") == [
            ("booking.cancel", "Kim Nguyen")
        ]

    def test_the_document_says_what_follows(self, desk: LineDesk) -> None:
        document = desk.document("cancel", "R00001", "--yes")

        assert (document["status"], document["version"]) == ("Cancelled", 2)
        assert document["cancelled_at"] is not None
        assert document["cancellation_reason"] is None
        assert [
            (one["kind"], one["state"], one["attempts"], one["error"]) for one in document["deliveries"]
        ] == [
            ("pms.cancel", "pending", 0, ""),
            ("patient.email", "pending", 0, ""),
            ("desk.email", "pending", 0, ""),
        ]
        assert {**document, "adjustments": []} == desk.document("show", "R00001")

    def test_a_pms_that_cannot_cancel_is_said_to_need_a_hand(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00004", "--yes")

        assert "Paper diary by hand" in result.stdout

    @pytest.mark.parametrize(
        ("reference", "said"),
        [
            ("R00002", "Not done: it started 1 h "),
            ("R00001", "Not done: cancelled by Kim Nguyen "),
        ],
    )
    def test_a_rule_says_no(self, desk: LineDesk, reference: str, said: str) -> None:
        desk("cancel", "R00001", "--yes")

        result = desk("cancel", reference, "--yes")

        assert result.exit_code == 1
        assert result.stderr.startswith(said)
        assert "Did not come: f" not in result.stderr
        assert result.stdout == ""

    def test_a_reason_of_255_characters_after_cleaning_is_possible(self, desk: LineDesk) -> None:
        assert desk("cancel", "R00001", "--yes", "--reason", "  " + "ä" * 255 + "\n").exit_code == 0

    def test_a_longer_one_is_not(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", "--yes", "--reason", "ä" * 256)

        assert result.exit_code == 2
        assert result.stderr.startswith("the reason has 256 characters, 255 are possible.")
        assert status(desk) == "Upcoming"

    def test_a_note_is_for_the_practice_only(self, desk: LineDesk) -> None:
        document = desk.document(
            "cancel", "R00001", "--yes", "--reason", "ill", "--note", " owes us\n a call "
        )

        assert document["cancellation_reason"] == "ill"
        assert "cancellation_note" not in document
        assert desk.document("show", "R00001", "--notes")["cancellation_note"] == "owes us a call"

    def test_a_longer_note_is_not_possible(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", "--yes", "--note", "x" * 256)

        assert result.exit_code == 2
        assert result.stderr.startswith("the note has 256 characters, 255 are possible.")
        assert status(desk) == "Upcoming"


class TestAsking:
    def test_without_a_terminal_nobody_can_be_asked(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", typed="reason\ny\n")

        assert result.exit_code == 2
        assert "without a terminal say --yes" in result.stderr
        assert status(desk) == "Upcoming"

    @pytest.mark.usefixtures("terminal")
    def test_it_shows_the_booking_and_what_follows_before_it_asks(self, desk: LineDesk) -> None:
        desk.fill([make_incoming(7, ref="R7", patient=make_patient(mobile="0491570156"))])

        result = desk("cancel", "R00001", typed="patient ill\ny\n")

        before = result.stdout[: result.stdout.index("Cancellation Reason, optional")]
        for expected in (
            "Amelia Wilson   born 14 Mar 1981, 45   0491570006",
            "another Amelia Wilson, ",
            "in 3 days",
            "Dr Priya Rao",
            "Check-up and clean   R00001   Smile Dental Adelaide",
            "Praktika",
            "e-mail to amelia@example.com",
            "The practice  e-mail to desk@adelaide.example",
        ):
            assert expected in before
        assert "Cancellation Reason, optional. THE PATIENT READS THIS:" in result.stdout
        assert "Cancel Booking? This action cannot be undone. [y/N]" in result.stdout
        assert result.stdout.endswith(desk.facts() + "\n")
        assert desk.document("show", "R00001")["cancellation_reason"] == "patient ill"

    @pytest.mark.usefixtures("terminal")
    def test_what_cannot_be_cancelled_is_not_asked_about(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00002", typed="\ny\n")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "it started" in result.stderr
        assert result.stderr.endswith("for a patient who did not come: frontdesk attendance R00002 no-show\n")

    @pytest.mark.usefixtures("terminal")
    @pytest.mark.parametrize("answer", ["n\n", "\n"])
    def test_anything_but_yes_keeps_it(self, desk: LineDesk, answer: str) -> None:
        result = desk("cancel", "R00001", typed=f"\n{answer}")

        assert result.exit_code == 1
        assert result.stderr == "Not done: the booking is kept, nothing was cancelled\n"
        assert status(desk) == "Upcoming"

    @pytest.mark.usefixtures("terminal")
    def test_what_was_shown_of_one_store_is_not_cancelled_in_another(
        self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def confirmed_late(*_: object, **__: object) -> bool:
            with closing(sqlite3.connect(desk.store_file)) as database, database:
                database.execute("UPDATE head SET store_id = 'another'")
                database.execute("UPDATE booking SET patient_name = 'Somebody Else' WHERE ref = 'R00001'")
            return True

        monkeypatch.setattr(one_booking, "confirm", confirmed_late)

        result = desk("cancel", "R00001", "--reason", "ill")

        assert result.exit_code == 1
        assert "another store has taken the place of this one" in result.stderr
        assert status(desk) == "Upcoming"

    @pytest.mark.usefixtures("terminal")
    def test_the_end_of_what_is_typed_keeps_it(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", typed="\n")

        assert result.exit_code == 130
        assert status(desk) == "Upcoming"

    @pytest.mark.usefixtures("terminal")
    def test_a_reason_that_is_too_long_is_asked_for_again(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", typed="x" * 256 + "\nshorter\ny\n")

        assert "the reason has 256 characters, 255 are possible" in result.stdout
        assert desk.document("show", "R00001")["cancellation_reason"] == "shorter"

    @pytest.mark.usefixtures("terminal")
    def test_with_json_only_the_document_goes_to_the_output(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", "--json", "--reason", "ill", typed="y\n")

        assert result.stdout.startswith("{\n")
        assert result.stdout.endswith("}\n")
        assert "Cancel Booking?" in result.stderr


class TestToldByPhone:
    @pytest.fixture
    def unreachable(self, desk: LineDesk) -> LineDesk:
        patient = make_patient(name="Nobody Tells", email="", mobile="")
        desk.fill([make_incoming(8, ref="R8", patient=patient)], [make_practice()])
        return desk

    def test_it_is_written_down(self, unreachable: LineDesk) -> None:
        result = unreachable("cancel", "R8", "--yes", "--told-by-phone")

        assert result.stdout == unreachable.facts("R8") + "\n"
        assert "told by phone" in result.stdout

    def test_without_it_the_patient_is_to_be_phoned(self, unreachable: LineDesk) -> None:
        assert "phone the patient" in unreachable("cancel", "R8", "--yes").stdout

    @pytest.mark.usefixtures("terminal")
    def test_it_is_asked_for(self, unreachable: LineDesk) -> None:
        result = unreachable("cancel", "R8", typed="y\n\ny\n")

        assert "no e-mail, no mobile: please ring" in result.stdout
        assert "Cancellation Reason, optional. For the practice only:" in result.stdout
        assert "Told by you on the phone just now? [y/N]" in result.stdout
        assert "told by phone" in result.stdout.splitlines()[-1]

    def test_where_the_patient_gets_a_message_it_is_refused(self, desk: LineDesk) -> None:
        result = desk("cancel", "R00001", "--yes", "--told-by-phone")

        assert result.exit_code == 2
        assert "--told-by-phone is only for patients without an address for a message" in result.stderr
        assert status(desk) == "Upcoming"


@pytest.mark.usefixtures("terminal")
def test_who_was_first_is_named(desk: LineDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_desk_is_faster(*_: object, **__: object) -> bool:
        async def cancelled(store: Store) -> None:
            (booking,) = await store.find("R00001")
            await cancel(store, cancel_of(booking, LEE))

        # The command's own event loop is not running while it asks.
        desk.ask(cancelled)
        return True

    monkeypatch.setattr(click, "confirm", other_desk_is_faster)
    result = desk("cancel", "R00001", "--reason", "mine")

    assert result.exit_code == 4
    assert result.stderr.startswith("Somebody else was first: Lee Tran (Desk Two) cancelled this booking ")
    assert desk.document("show", "R00001")["cancellation_reason"] is None


class TestLostAnswer:
    """The answer to the write does not come: exactly one of saved, not saved, not known yet."""

    @pytest.fixture
    def lose(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        do = SqlStore.do

        def losing(arrives: bool, can_be_asked: bool, answer: FrontdeskError | None = None) -> None:
            async def lost(store: SqlStore, command: Command) -> Done[Any]:
                if arrives:
                    await do(store, command)
                raise Unavailable("the line was cut.")

            async def unknown(store: SqlStore, command_id: UUID) -> Done[Any] | None:
                assert answer is not None
                raise answer

            monkeypatch.setattr(SqlStore, "do", lost)
            if not can_be_asked:
                monkeypatch.setattr(SqlStore, "outcome", unknown)

        return losing

    def test_saved(self, desk: LineDesk, lose: Callable[..., None]) -> None:
        lose(True, True)

        result = desk("cancel", "R00001", "--yes")

        assert result.exit_code == 0
        assert result.stdout == desk.facts() + "\n"

    def test_not_saved(self, desk: LineDesk, lose: Callable[..., None]) -> None:
        lose(False, True)

        result = desk("cancel", "R00001", "--yes")

        assert result.exit_code == 3
        assert "not saved, nothing has happened: the line was cut." in result.stderr
        assert status(desk) == "Upcoming"

    @pytest.mark.parametrize(
        "answer",
        [
            Unavailable("the line is still cut."),
            Refused(Reason("too-many", "this desk asks the server too often")),
            Unauthorised("The desk token was revoked."),
        ],
        ids=lambda one: type(one).__name__,
    )
    def test_not_known_yet(self, desk: LineDesk, lose: Callable[..., None], answer: FrontdeskError) -> None:
        lose(True, False, answer)

        result = desk("cancel", "R00001", "--yes")

        assert result.exit_code == 3
        assert "not known yet whether it was saved. Do not tell the patient yet" in result.stderr
        assert "frontdesk show R00001" in result.stderr
        assert "not saved, nothing" not in result.stderr

    def test_not_saved_is_never_not_known_in_one_sentence(
        self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def lost(store: SqlStore, command: Command) -> Done[Any]:
            raise CommitLost(Unavailable("the disk is full: nothing was changed; free some space."))

        monkeypatch.setattr(SqlStore, "do", lost)

        result = desk("cancel", "R00001", "--yes")

        assert result.exit_code == 3
        assert result.stderr == (
            f"{Unavailable.title}: not saved, nothing has happened: "
            "the disk is full: nothing was changed; free some space.\n"
        )

    @pytest.mark.parametrize("arrives", [True, False])
    def test_a_bug_on_the_way_is_looked_into(
        self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch, arrives: bool
    ) -> None:
        do = SqlStore.do

        async def breaks(store: SqlStore, command: Command) -> Done[Any]:
            if arrives:
                await do(store, command)
            raise FileNotFoundError(2, "Amelia Wilson")

        monkeypatch.setattr(SqlStore, "do", breaks)

        result = desk("cancel", "R00001", "--yes")

        if arrives:
            assert (result.exit_code, result.stdout) == (0, desk.facts() + "\n")
        else:
            assert result.exit_code == 3
            assert "not saved, nothing has happened: Something went wrong in frontdesk, reference" in (
                result.stderr
            )
        assert "Amelia" not in result.stderr + desk.log_file.read_text()

    def test_a_bug_in_the_question_leaves_it_not_known(
        self, desk: LineDesk, lose: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def breaks(store: SqlStore, command_id: UUID) -> Done[Any] | None:
            raise OSError(5, "Input/output error")

        lose(True, True)
        monkeypatch.setattr(SqlStore, "outcome", breaks)

        result = desk("cancel", "R00001", "--yes")

        assert result.exit_code == 3
        assert "not known yet whether it was saved. Do not tell the patient yet" in result.stderr

    @pytest.mark.parametrize("error", [Unavailable("the line was cut."), RuntimeError("Amelia Wilson")])
    def test_saved_but_what_follows_cannot_be_read(
        self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        async def unreadable(store: SqlStore, booking_id: int) -> None:
            raise error

        monkeypatch.setattr(SqlStore, "deliveries", unreadable)

        assert desk("cancel", "R00001", "--yes").stdout == ("cancelled. What follows cannot be read now\n")
        assert desk.document("cancel", "perth/R00003", "--yes")["deliveries"] is None
