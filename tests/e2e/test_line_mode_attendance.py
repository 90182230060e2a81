"""`frontdesk attendance` and `frontdesk adjust`: what the screen marks and asks for, line by line."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdesk.cli import following
from frontdesk.demo.simulator import Entry
from frontdesk.demo.simulator.records import EntryStatus
from tests.e2e.line_mode import PRACTICES, LineDesk
from tests.e2e.world import World
from tests.making import make_incoming, make_patient, make_practice
from tests.notifying import Fault, Gateway, http, running

NEW = "N1"
ANSWERED = ("--answer", "within-3-years=yes", "--answer", "form-then=no")
ABSENT = tuple(
    part for answer in ("told-us", "other-time", "fee-charged") for part in ("--answer", f"{answer}=no")
)
BILLER = Path(__file__).parents[2] / "docs" / "examples" / "biller.toml"
BILLING = """
[billing]
account = "smile"
time_zone = "Australia/Sydney"
biller = "biller.toml"
[[billing.prices]]
price = "99.00"
"""


@pytest.fixture
def desk(desk: LineDesk) -> LineDesk:
    """A desk at practices with a billing account, and a new patient's booking that began an hour ago."""
    begun = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    practices = [replace(one, account="smile") for one in PRACTICES]
    desk.fill(
        [make_incoming(9, ref=NEW, pms_ref="P-9", starts_at=begun, patient=make_patient(is_new=True))],
        practices,
    )
    return desk


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits there and can be asked."""
    monkeypatch.setattr(following, "at_a_terminal", lambda: True)


def test_a_no_show_is_marked_and_shown(desk: LineDesk) -> None:
    result = desk("attendance", NEW, "no-show", "--yes")

    assert (result.exit_code, result.stdout) == (0, "did not come, Praktika waiting\n"), result.output
    document = desk.document("show", NEW)
    assert (document["attendance"], document["attendance_origin"], document["attendance_notice"]) == (
        "no-show",
        "here",
        "no",
    )
    assert (document["status"], document["version"]) == ("Completed", 2)
    assert [one["kind"] for one in document["deliveries"]] == ["pms.no_show"]
    shown = desk("show", NEW).stdout
    assert "Attendance    marked did not come " in shown
    assert "by Kim Nguyen" in shown
    assert desk("list", "--search", "amelia").stdout.count("did not come") == 1
    assert "did not come" in desk("history", NEW).stdout


def test_what_is_marked_is_taken_back(desk: LineDesk) -> None:
    desk("attendance", NEW, "no-show", "--yes")

    result = desk("attendance", NEW, "none", "--yes")

    assert (result.exit_code, result.stdout) == (0, "taken back, Praktika not told\n"), result.output
    assert desk.document("show", NEW)["attendance"] is None
    assert desk("attendance", NEW, "attended", "--yes", "--json").exit_code == 0
    assert desk.document("show", NEW)["attendance"] == "attended"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("R00001", "no-show"), "Not done: not before it starts, "),
        ((NEW, "none"), "Not done: nobody has marked whether the patient came"),
    ],
)
def test_a_rule_says_no(desk: LineDesk, arguments: tuple[str, str], said: str) -> None:
    result = desk("attendance", *arguments, "--yes")

    assert result.exit_code == 1
    assert result.stderr.startswith(said)
    assert result.stdout == ""


def test_without_a_terminal_nobody_can_be_asked(desk: LineDesk) -> None:
    for arguments in (("attendance", NEW, "no-show"), ("adjust", NEW, "not-new", *ANSWERED)):
        result = desk(*arguments, typed="y\n")
        assert result.exit_code == 2
        assert "without a terminal say --yes" in result.stderr
    assert desk.document("show", NEW)["version"] == 1


@pytest.mark.usefixtures("terminal")
def test_it_shows_the_booking_before_it_asks(desk: LineDesk) -> None:
    result = desk("attendance", NEW, "no-show", typed="n\n")

    assert result.exit_code == 1
    assert "Amelia Wilson" in result.stdout
    assert "Praktika      is told automatically" in result.stdout
    assert "nothing was marked" in result.stderr
    assert desk.document("show", NEW)["version"] == 1


def test_a_request_is_made_and_shown(desk: LineDesk) -> None:
    result = desk("adjust", NEW, "not-new", *ANSWERED, "--yes")

    assert (result.exit_code, result.stdout) == (
        0,
        "Adjustment    The patient attended this practice before: Awaiting Review\n",
    ), result.output
    (request,) = desk.document("show", NEW)["adjustments"]
    assert request["answers"] == {"within-3-years": True, "form-then": False}
    assert (request["name"], request["review"]) == ("Kim Nguyen", "Awaiting Review")
    assert "Awaiting Review" in desk("show", NEW).stdout
    again = desk("adjust", NEW, "not-new", *ANSWERED, "--yes")
    assert again.stderr.startswith("Not done: a request of Kim Nguyen awaits review")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("not-new", "--answer", "form-then=no"), 1, "answer with yes or no: Was the patient here"),
        (("not-new", "--answer", "form-then=perhaps"), 2, "--answer form-then=perhaps: it is one of"),
        (("not-new", "--answer", "told-us=yes"), 2, "--answer told-us=yes: it is one of"),
        (("other",), 1, "say why nothing is to be charged"),
    ],
)
def test_a_request_is_whole(desk: LineDesk, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = desk("adjust", NEW, *arguments, "--yes")

    assert result.exit_code == code
    assert said in result.stderr
    assert desk.document("show", NEW)["adjustments"] == []


@pytest.mark.usefixtures("terminal")
def test_questions_have_no_answer_of_their_own(desk: LineDesk) -> None:
    result = desk("adjust", NEW, "not-new", typed="\nyes\nn\ny\n")

    assert result.exit_code == 0, result.output
    (request,) = desk.document("show", NEW)["adjustments"]
    assert request["answers"] == {"within-3-years": True, "form-then": False}


async def a_booking_begun(world: World, biller: str = "billing@portal.example", **entry: object) -> datetime:
    """A new patient's booking that began an hour ago, at the desk and in Praktika."""
    begun = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    practices = [replace(one, account="smile", biller=biller) for one in PRACTICES]
    line = make_incoming(9, ref=NEW, pms_ref="P-9", starts_at=begun, patient=make_patient(is_new=True))
    await asyncio.to_thread(world.desk.fill, [line], practices)
    world.pms.put(Entry("P-9", begun, begun + timedelta(minutes=30), "3", **entry), "praktika-demo")  # type: ignore[arg-type]
    return begun


def effective(world: World) -> list[str]:
    """Return what has changed the PMS's diary."""
    return [line.operation for line in world.pms.ledger if line.effective]


async def test_the_pms_gets_one_no_show_and_takes_it_back(world: World) -> None:
    await a_booking_begun(world)

    said = await world.run("attendance", NEW, "no-show", "--yes")

    assert said == "did not come, Praktika waiting\ndid not come, Praktika told\n"
    assert effective(world) == ["no-show"]
    assert world.letters() == 0
    said = await world.run("attendance", NEW, "none", "--yes")
    assert said.endswith("taken back, Praktika told\n")
    assert effective(world) == ["no-show", "take-back-no-show"]


async def test_whoever_has_arrived_in_the_pms_is_never_marked_there(world: World) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=50)
    await a_booking_begun(world, status=EntryStatus.ARRIVED, updated_at=at)

    said = await world.run("attendance", NEW, "no-show", "--yes")

    assert said.endswith("did not come, Praktika refused\n")
    assert effective(world) == []
    (item,) = json.loads(await world.run("attention", "--json"))
    clock = at.astimezone(make_practice().zone)
    assert item["to_do"] == "CHECK PRAKTIKA"
    assert f"{clock:%H:%M}" in item["why"], item["why"]


async def test_the_biller_gets_a_letter(world: World) -> None:
    await a_booking_begun(world)

    await world.run("adjust", NEW, "not-new", *ANSWERED, "--yes")

    assert world.letters() == 1
    (letter,) = (world.mail / "new").iterdir()
    text = letter.read_text()
    assert "To: billing@portal.example" in text
    assert "Subject: Request not to be charged: N1, Smile Dental Adelaide" in text
    for expected in (
        "Patient:      Amelia Wilson",
        "within the last 3 years? Yes",
        "Asked by:     Kim Nguyen",
    ):
        assert expected in text


def told_over_http(world: World, gateway: Gateway) -> None:
    """Have the config name a biller's profile that leads to `gateway`."""
    address = f"http://127.0.0.1:{gateway.port}/requests"
    said = BILLER.read_text(encoding="utf-8").replace(
        "https://api.marketplace.example/v1/adjustments", address
    )
    said = said.replace('kind = "bearer"', 'kind = "none"')
    profile = world.desk.config_file.parent / "biller.toml"
    profile.write_text(f"allow_http = true\nallow_private = true\n{said}", encoding="utf-8")
    with world.desk.config_file.open("a", encoding="utf-8") as config:
        config.write(BILLING)


async def test_the_biller_is_told_over_http_of_a_request_and_of_its_withdrawal(world: World) -> None:
    await a_booking_begun(world, "biller.toml")
    async with running(Gateway(http(201, '{"id": "adj-1"}'))) as gateway:
        told_over_http(world, gateway)
        said = await world.run("doctor")
        await world.run("attendance", NEW, "no-show", "--yes")
        await world.run("adjust", NEW, "did-not-attend", *ABSENT, "--yes")
        await world.run("attendance", NEW, "none", "--yes")

    assert "Harbour Marketplace at 127.0.0.1: the profile can be used" in said
    told = [json.loads(body) for _, body in gateway.requests]
    assert [(one["event"], one["appointment"]["reference"]) for one in told] == [
        ("request", NEW),
        ("withdrawal", NEW),
    ]
    keys = [re.search("(?i)idempotency-key: (.*)", head) for head, _ in gateway.requests]
    assert len({key[1] for key in keys if key}) == len(keys)
    assert world.letters() == 0
    assert json.loads(await world.run("attention", "--json")) == []


async def test_a_biller_who_refuses_is_told_by_a_person(world: World) -> None:
    await a_booking_begun(world, "biller.toml")
    async with running(Gateway(http(409, '{"error": {"code": "invoice_final"}}'))) as gateway:
        told_over_http(world, gateway)
        await world.run("adjust", NEW, "not-new", *ANSWERED, "--yes")

    (item,) = json.loads(await world.run("attention", "--json"))
    assert (item["to_do"], item["why"]) == ("TELL THE BILLER", "message refused (the invoice is final)")
    assert len(gateway.requests) == 1


async def test_a_lost_answer_calls_a_person_and_a_retry_is_the_same_message(world: World) -> None:
    await a_booking_begun(world, "biller.toml")
    async with running(Gateway(Fault.DROP)) as gateway:
        told_over_http(world, gateway)
        await world.run("adjust", NEW, "not-new", *ANSWERED, "--yes")
        (item,) = json.loads(await world.run("attention", "--json"))
        assert item["to_do"] == "TELL THE BILLER"
        assert item["why"] == "nobody knows whether the message went out"
        gateway.answer = http(200, '{"id": "adj-1"}')
        await world.run("attention", "retry", str(item["id"]))
        await world.run("deliver", "--once")

    first, again = gateway.requests
    assert first == again
    assert json.loads(await world.run("attention", "--json")) == []
