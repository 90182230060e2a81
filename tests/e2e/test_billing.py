"""`frontdesk billing`: what new patients cost, line by line."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from frontdesk import config
from frontdesk.billing.adjustments import Ground
from frontdesk.billing.periods import Period, period_of
from frontdesk.bookings import Operator
from frontdesk.cli import following
from frontdesk.commands import RequestAdjustment
from frontdesk.store.sql.selects import ACCOUNT
from tests.contract.billed import SETTINGS, do
from tests.contract.raw import execute
from tests.e2e.line_mode import LineDesk
from tests.making import KIM, LEE, Store, make_incoming, make_patient, make_practice

CONFIG = """
[[practices]]
id = "adelaide"
name = "Smile Dental Adelaide"
time_zone = "Australia/Adelaide"
account = "smile"
[billing]
account = "smile"
time_zone = "Australia/Sydney"
tax_percent = 10
[[billing.prices]]
price = "99.00"
"""

THIS = period_of(datetime.now(UTC), SETTINGS.zone)
ENDED = THIS.previous.previous.previous


@pytest.fixture
def billed(desk: LineDesk) -> LineDesk:
    """A desk whose practice was billed for a month that ended, and is for this one: a patient in each."""
    desk.write_config(CONFIG)
    assert desk("practices", "list").exit_code == 0
    url = f"sqlite:///{desk.store_file}"
    execute(url, update(ACCOUNT).values(first_period=str(ENDED)))
    new = make_patient(is_new=True)
    bookings = [
        make_incoming(number, patient=new, ref=f"N{number}", starts_at=period.starts_at(SETTINGS.zone))
        for number, period in ((1, ENDED), (2, THIS))
    ]
    desk.fill(bookings, (make_practice(account="smile"),))
    return desk


def request(desk: LineDesk, ref: str) -> int:
    """Ask not to be charged for a booking, as Lee; return the request's id."""

    async def asked(store: Store) -> int:
        (booking,) = await store.find(ref)
        ask = RequestAdjustment(text="booked twice", name="Lee Tran", ground=Ground.OTHER)
        await do(store, "booking", booking.id, ask, by=LEE)
        (made,) = await store.adjustments(booking.id)
        return made.id

    return desk.ask(asked)


def test_it_lists_what_becomes_of_each_booking_with_the_sums(billed: LineDesk) -> None:
    first, second, practice, total = billed("billing", "list").stdout.splitlines()
    assert " ".join(first.split()).endswith("ADE N1 Amelia Wilson 1 Charged - - $108.90")
    assert " ".join(second.split()).endswith("ADE N2 Amelia Wilson - Upcoming - - $108.90")
    assert practice.endswith("2 bookings  $217.80 ($19.80 tax)")
    assert total.split() == ["Total", "2", "bookings", "$217.80", "($19.80", "tax)"]


def test_filters_and_pages(billed: LineDesk) -> None:
    def refs(*options: str) -> list[str]:
        return [one["ref"] for one in billed.document("billing", "list", *options)]

    assert refs() == ["N1", "N2"]
    assert refs("--period", str(ENDED)) == refs("--invoice", "1") == ["N1"]
    assert refs("--outcome", "Upcoming") == ["N2"]
    assert refs("--adjustment", "-", "--practice", "adelaide") == ["N1", "N2"]
    assert refs("--adjustment", "Approved") == refs("--practice", "nowhere") == []
    first = billed("billing", "list", "--limit", "1", "--json")
    after = first.stderr.splitlines()[-1].removeprefix("next: ")
    assert refs("--after", after) == ["N2"]


def test_the_document_has_amounts_as_decimals(billed: LineDesk) -> None:
    (one, _) = billed.document("billing", "list")
    assert (one["invoice"], one["invoice_state"] in ("Due", "Overdue")) == ("1", True)
    assert (one["net"], one["tax"], one["adjustment"]) == ("99.00", "9.90", None)
    first = billed.document("billing", "invoices")[-1]
    assert (first["number"], first["period"], first["total"]) == (1, str(ENDED), "108.90")


def test_a_request_is_decided_by_somebody_else(billed: LineDesk) -> None:
    assert billed("billing", "requests").stdout == "No request awaits review.\n"
    number = request(billed, "N2")
    (line,) = billed("billing", "requests").stdout.splitlines()
    assert line.startswith(f"{number}  ")
    assert line.endswith("Lee Tran  Other  booked twice")

    no_note = billed("billing", "decide", str(number), "reject")
    assert (no_note.exit_code, "say why" in no_note.stderr) == (1, True)
    done = billed("billing", "decide", str(number), "approve")
    assert done.stdout == f"Request {number} is approved by {KIM.name}.\n"
    again = billed("billing", "decide", str(number), "approve")
    assert (again.exit_code, "approved already" in again.stderr) == (1, True)
    assert [one["outcome"] for one in billed.document("billing", "list")] == ["Charged", "No Charge"]
    assert billed("billing", "decide", "999", "approve").exit_code == 1


def test_at_a_terminal_it_asks_why_a_request_is_rejected(
    billed: LineDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note on the command line is seen by all who are logged in to the machine."""
    monkeypatch.setattr(following, "at_a_terminal", lambda: True)
    number = request(billed, "N2")
    typed = f" \n{'x' * 501}\nAmelia  came twice\n"
    done = billed("billing", "decide", str(number), "reject", "--json", typed=typed)
    assert done.exit_code == 0
    assert done.stderr.count("Why it is rejected. The practice reads it: ") == 3
    assert "say why it is rejected" in done.stderr
    assert "the note has 501 characters, 500 are possible" in done.stderr
    assert json.loads(done.stdout)["note"] == "Amelia came twice"
    (asked,) = [one["adjustment"] for one in billed.document("billing", "list") if one["adjustment"]]
    assert (asked["review"], asked["note"]) == ("Rejected", "Amelia came twice")


@pytest.mark.parametrize(
    "command", [("cancel",), ("adjust",), ("billing", "decide"), ("attention", "settle")]
)
def test_its_help_says_who_can_read_the_command_line(desk: LineDesk, command: tuple[str, ...]) -> None:
    said = " ".join(desk(*command, "--help").stdout.split())
    assert "can be read by others who are logged in to this machine while the command runs" in said


def test_nobody_decides_without_a_name(billed: LineDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = request(billed, "N2")
    nobody = replace(config.load(billed.config_file), operator=Operator(""))
    monkeypatch.setattr(config, "load", lambda _: nobody)
    refused = billed("billing", "decide", str(number), "approve")
    assert (refused.exit_code, "nobody decides without a name" in refused.stderr) == (1, True)
    assert billed("billing", "requests").stdout


def test_nobody_decides_a_request_of_their_own(billed: LineDesk) -> None:
    number = request(billed, "N2")
    billed.config_file.write_text(billed.config_file.read_text().replace(KIM.name, LEE.name))
    own = billed("billing", "decide", str(number), "approve")
    assert (own.exit_code, "of their own" in own.stderr) == (1, True)


def test_invoices_are_closed_paid_and_void(billed: LineDesk) -> None:
    closed = billed("billing", "close", str(ENDED))
    assert closed.stdout.startswith(f"Invoice 1 of {ENDED} is ")
    assert billed("billing", "close", str(ENDED)).stdout == closed.stdout
    early = billed("billing", "close", str(THIS))
    assert (early.exit_code, "requests can be made until" in early.stderr) == (1, True)
    assert billed("billing", "close", "2026-13").exit_code == 2

    paid = billed("billing", "paid", "1")
    assert paid.stdout == f"Invoice 1 of {ENDED} is paid: $108.90 ($9.90 tax).\n"
    assert billed("billing", "void", "1").exit_code == 1
    assert billed.document("billing", "void", "2")["state"] == "Void"
    assert billed("billing", "paid", "999").exit_code == 1


def test_settings_are_applied_at_the_start_and_doctor_knows(billed: LineDesk) -> None:
    billed.config_file.write_text(billed.config_file.read_text().replace("99.00", "120.00"))
    assert "the next start takes [billing] from the config" in billed("doctor").stdout
    assert billed("list").exit_code == 0
    assert "what is charged is in the store as the config says" in billed("doctor").stdout
    amounts = [one["net"] for one in billed.document("billing", "list")]
    assert amounts[-1] == "120.00"


def test_nothing_is_billed_without_an_account(desk: LineDesk) -> None:
    assert "No invoices here" in desk("billing", "invoices").stdout
    assert desk("billing", "close", str(Period(2026, 1))).exit_code == 1
    assert desk("billing", "list").stdout == ""
