"""`frontdesk attention`: what needs a person, line by line."""

import pytest

from frontdesk.cli import following
from tests.e2e.line_mode import LineDesk
from tests.making import KIM, make_incoming


@pytest.fixture
def number(desk: LineDesk) -> int:
    """A cancellation at a practice whose paper diary somebody has to update."""
    desk.fill([make_incoming(9, ref="P9", practice_id="perth")])
    delivery, _ = desk.document("cancel", "P9", "--yes")["deliveries"]
    return int(delivery["id"])


def test_it_says_what_to_do_why_and_whom_to_ring(desk: LineDesk, number: int) -> None:
    result = desk("attention")

    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{number}  ")
    assert "Amelia Wilson" in line
    assert "0491570006" in line
    assert line.endswith("CANCEL IT IN PAPER DIARY BY HAND: Manual update required")


def test_the_document_has_the_delivery_with_its_bookings_reference(desk: LineDesk, number: int) -> None:
    assert desk.document("attention", "list") == desk.document("attention")
    (item,) = desk.document("attention")
    assert (item["id"], item["ref"], item["practice"]) == (number, "P9", "perth")
    assert (item["kind"], item["state"]) == ("pms.cancel", "attention")
    assert (item["to_do"], item["why"]) == ("CANCEL IT IN PAPER DIARY BY HAND", "Manual update required")


def test_settling_signs_with_a_name_and_takes_it_off_the_list(desk: LineDesk, number: int) -> None:
    result = desk("attention", "settle", str(number), "--note", " crossed\n out ")

    assert result.stdout == f"{number} is settled by {KIM.name}: crossed out\n"
    assert desk("attention").stdout == "Nothing needs a person.\n"
    assert desk.document("attention") == []
    (event, *_) = desk.document("history", "P9")
    assert (event["action"], event["operator"]) == ("delivery.settle", KIM.name)


def test_settling_asks_for_a_note(desk: LineDesk, number: int) -> None:
    assert desk("attention", "settle", str(number)).exit_code == 1
    empty = desk("attention", "settle", str(number), "--note", " ")
    assert (empty.exit_code, desk.document("attention")[0]["id"]) == (1, number)
    assert "say in a few words" in empty.stderr


def test_at_a_terminal_it_asks_what_was_done(
    desk: LineDesk, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "at_a_terminal", lambda: True)
    done = desk("attention", "settle", str(number), typed=f" \n{'x' * 256}\nrang Amelia\n")
    assert done.exit_code == 0
    assert done.stdout.count("What was done: ") == 3
    assert "say in a few words what was done" in done.stdout
    assert "the note has 256 characters, 255 are possible" in done.stdout
    assert done.stdout.endswith(f"{number} is settled by {KIM.name}: rang Amelia\n")


def test_what_only_a_person_can_do_is_not_tried_again(desk: LineDesk, number: int) -> None:
    result = desk("attention", "retry", str(number))

    assert result.exit_code == 1
    assert "by hand" in result.stderr


def test_a_number_that_is_none(desk: LineDesk, number: int) -> None:
    result = desk("attention", "retry", str(number + 100))

    assert result.exit_code == 1
    assert "There is no such delivery here" in result.stderr
