"""A biller that is told over HTTP and answers anything: nothing is asked twice, and nothing is claimed to be taken."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from frontdesk.attempts import Claim, Ended, Result
from frontdesk.billing.adjustments import TOLD_US, Answer, Ground
from frontdesk.commands import Ask, Command, MarkNoShow, Subject, TakeBackNoShow
from frontdesk.deliveries import BILLER_CONNECTION, Kind
from frontdesk.errors import FrontdeskError
from frontdesk.notify.carriers import open_biller
from frontdesk.notify.checking import check_biller
from frontdesk.notify.gateway_profile import BillerProfile, UnusableProfile, load
from frontdesk.notify.settings import GatewaySettings
from tests.making import KIM, make_booking, make_practice
from tests.notifying import AT, Fault, Gateway, http, make_claim, running

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "biller.toml"
URL = "https://api.marketplace.example/v1/adjustments"
SECRET = "kept apart"
BOOKING = make_booking(practice=make_practice(account="smile", biller="biller.toml"))
ABSENT = MarkNoShow(
    (Answer(TOLD_US, yes=True), Answer("other-time", yes=False), Answer("fee-charged", yes=True)),
    text='Rang "twice"',
    name="Kim Nguyen",
    ground=Ground.DID_NOT_ATTEND,
)
LOST = "Harbour Marketplace did not say whether it took the message"
NOT_NOW = "Harbour Marketplace does not take the message now"


def claim_of(ask: Ask = ABSENT, *, unproven: int = 0) -> Claim:
    command = Command(UUID(int=7), Subject("booking", 1), 1, KIM, ask)
    return make_claim(Kind.BILLER_POST, "biller.toml", booking=BOOKING, command=command, unproven=unproven)


def profile_for(gateway: Gateway, folder: Path, *, knows_repeats: bool = True) -> Path:
    """Write the documented profile so that it leads to `gateway`."""
    said = EXAMPLE.read_text(encoding="utf-8").replace(URL, f"http://127.0.0.1:{gateway.port}/v1/adjustments")
    if not knows_repeats:
        said = said.replace("repeats_are_ignored = true", "repeats_are_ignored = false")
    file = folder / "biller.toml"
    file.write_text(f"allow_http = true\nallow_private = true\n{said}", encoding="utf-8")
    return file


async def sent(profile: Path, claim: Claim) -> Result:
    carrier = open_biller(GatewaySettings(profile, "biller"), lambda _: SECRET)[BILLER_CONNECTION]
    try:
        return await carrier.carry(claim)
    finally:
        await carrier.close()


async def test_the_documented_biller_gets_what_the_example_says(tmp_path: Path) -> None:
    async with running(Gateway(http(201, '{"id": "adj-1"}'))) as gateway:
        profile = profile_for(gateway, tmp_path)
        result = await sent(profile, claim_of())
        again = await sent(profile, claim_of(unproven=1))
    assert result == again == Result(Ended.DONE, "message taken by Harbour Marketplace")
    (head, body), repeat = gateway.requests
    # The same at every attempt: by that the biller knows a repeat.
    assert (head, body) == repeat
    assert head.startswith("POST /v1/adjustments HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}\r\n" in head
    assert "Idempotency-Key: " in head
    assert json.loads(body) == {
        "event": "request",
        "account": "smile",
        "practice": {"id": "adelaide", "name": "Smile Dental Adelaide"},
        "appointment": {
            "reference": "SD-10482",
            "starts_at": "2026-11-26T10:30:00+10:30",
            "patient": "Amelia Wilson",
        },
        "reason": {
            "ground": "did-not-attend",
            "answers": "Did the patient tell you that they were not coming? Yes\n"
            "Did you give the patient another time? No\n"
            "Has the practice charged the patient a fee? Yes",
            "text": 'Rang "twice"',
        },
        "asked_by": "Kim Nguyen",
    }


async def test_a_withdrawal_is_told_in_the_same_way(tmp_path: Path) -> None:
    async with running(Gateway(http(200, '{"id": "adj-1"}'))) as gateway:
        result = await sent(profile_for(gateway, tmp_path), claim_of(TakeBackNoShow()))
    assert result.ended is Ended.DONE
    told = json.loads(gateway.requests[0][1])
    assert (told["event"], told["appointment"]["reference"]) == ("withdrawal", "SD-10482")
    assert (told["reason"], told["asked_by"]) == ({"ground": "", "answers": "", "text": ""}, "")


@pytest.mark.parametrize(
    ("answer", "ended", "said"),
    [
        (
            http(409, '{"error": {"code": "invoice_final"}}'),
            Ended.REFUSED,
            "message refused (the invoice is final)",
        ),
        (
            http(422, '{"error": {"message": "no such practice"}}'),
            Ended.REFUSED,
            "message refused (no such practice)",
        ),
        (
            http(404, '{"error": {"code": "unknown_account"}}'),
            Ended.LOCKED_OUT,
            "Harbour Marketplace does not accept our credential (it does not know the account)",
        ),
        (http(401, "{}"), Ended.LOCKED_OUT, "Harbour Marketplace does not accept our credential"),
        (http(423, "{}"), Ended.FAILED, f"{NOT_NOW} (a month is being closed)"),
        (http(503, "<html>busy"), Ended.FAILED, NOT_NOW),
        (http(500, "{}"), Ended.UNKNOWN, LOST),
        (http(409, "{}"), Ended.UNKNOWN, LOST),
        (http(200, "{}"), Ended.UNKNOWN, LOST),
        (http(201, '{"id": "a', content_length="90"), Ended.UNKNOWN, LOST),
        (b"", Ended.UNKNOWN, LOST),
        (Fault.DROP, Ended.UNKNOWN, LOST),
    ],
)
async def test_an_answer_proves_what_it_says_and_no_more(
    answer: bytes | Fault, ended: Ended, said: str, tmp_path: Path
) -> None:
    async with running(Gateway(answer)) as gateway:
        result = await sent(profile_for(gateway, tmp_path), claim_of())
    assert (result.ended, result.said) == (ended, said)
    assert len(gateway.requests) == 1


async def test_a_biller_says_when_to_come_back(tmp_path: Path) -> None:
    async with running(Gateway(http(503, "{}", retry_after="90"))) as gateway:
        result = await sent(profile_for(gateway, tmp_path), claim_of())
    assert (result.ended, result.not_before) == (Ended.FAILED, AT + timedelta(seconds=90))


async def test_an_unknown_fate_is_not_repeated_without_the_biller_s_promise(tmp_path: Path) -> None:
    async with running(Gateway(http(200, '{"id": 1}'))) as gateway:
        result = await sent(profile_for(gateway, tmp_path, knows_repeats=False), claim_of(unproven=1))
    assert result == Result(Ended.STUCK, "it is not known whether the message went out")
    assert gateway.requests == []


async def test_a_secret_that_is_missing_is_said_so(tmp_path: Path) -> None:
    def missing(name: str) -> str:
        raise FrontdeskError(name)

    async with running(Gateway()) as gateway:
        settings = GatewaySettings(profile_for(gateway, tmp_path), "biller")
        carrier = open_biller(settings, missing)[BILLER_CONNECTION]
        result = await carrier.carry(claim_of())
        await carrier.close()
    assert result == Result(
        Ended.LOCKED_OUT, "the password for Harbour Marketplace is missing on this machine"
    )
    assert gateway.requests == []


async def test_a_profile_that_cannot_be_used_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    result = await sent(tmp_path / "none.toml", claim_of())
    assert result == Result(Ended.LOCKED_OUT, f"there is no file {tmp_path / 'none.toml'}")
    assert check_biller(GatewaySettings(tmp_path / "none.toml")) == Result(Ended.FAILED, result.said)
    assert check_biller(GatewaySettings(EXAMPLE)) == Result(
        Ended.DONE,
        "Harbour Marketplace at api.marketplace.example: the profile can be used; whether it answers was not tried",
    )


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('event = "{event}"', 'event = "x"', "the body must say {event} somewhere"),
        ('reference = "{reference}"', 'reference = "x"', "the body must say {reference} somewhere"),
        ('id = "{practice_id}"', 'id = "x"', "the body must say {practice_id} somewhere"),
        ('text = "{text}"', 'text = "{to}"', "[json] has no {to}"),
        ('Idempotency-Key = "{message_id}"', 'X-Patient = "{patient}"', "[headers] has no {patient}"),
        ('Idempotency-Key = "{message_id}"', 'X-Key = "1"', "by which {message_id}?"),
        ("repeats_are_ignored = true", 'numbers = "national"', "has no key numbers"),
        ('url = "https:', 'url = "http:', "url is http:// and would send without encryption"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused_with_file_key_and_reason(
    right: str, wrong: str, complaint: str, tmp_path: Path
) -> None:
    said = EXAMPLE.read_text(encoding="utf-8")
    assert right in said
    file = tmp_path / "biller.toml"
    file.write_text(said.replace(right, wrong), encoding="utf-8")
    with pytest.raises(UnusableProfile) as refused:
        load(file, BillerProfile)
    assert refused.value.hint.startswith(f"{file}: ")
    assert complaint in refused.value.hint
