"""SMS through a gateway that answers anything: one is never paid for twice, and none is claimed to be sent."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from frontdesk.attempts import Claim, Ended, Result
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Kind
from frontdesk.errors import FrontdeskError
from frontdesk.http_client import HttpClient
from frontdesk.notify.carriers import open_carriers
from frontdesk.notify.gateway import GatewayCarrier
from frontdesk.notify.gateway_profile import SmsProfile, UnusableProfile, load
from frontdesk.notify.settings import GatewaySettings, MailSettings, NotifySettings
from frontdesk.notify.sms import BadNumber, SmsContent, as_dialled
from tests.notifying import AT, LETTERHEAD, SETTINGS, Fault, Gateway, http, make_claim, running

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "sms-gateway.toml"
SECRET = "kept apart"

PLAIN = """
name = "Textline"
url = "http://127.0.0.1:{port}/send"
allow_http = true
allow_private = true
[success]
id = "/id"
[errors]
code = "/code"
message = "/message"
[form]
number = "{{to}}"
message = "{{text}}"
[[outcomes]]
status = 200
code = "13"
means = "refused"
said = "a landline"
"""


def make_sms(**changes: object) -> Claim:
    return make_claim(Kind.PATIENT_SMS, "0491 570 006", **changes)


@pytest.fixture
def profile_for(tmp_path: Path) -> Callable[[Gateway, str], Path]:
    """Writes a profile that leads to a gateway."""

    def write(gateway: Gateway, more: str = "") -> Path:
        file = tmp_path / "sms.toml"
        file.write_text(more + PLAIN.format(port=gateway.port), encoding="utf-8")
        return file

    return write


async def sent(profile: Path, claim: Claim | None = None) -> Result:
    settings = NotifySettings(LETTERHEAD, sms=GatewaySettings(profile, "sms"))
    carrier = open_carriers(settings, lambda _: SECRET)[SMS_CONNECTION]
    try:
        return await carrier.carry(claim or make_sms())
    finally:
        await carrier.close()


async def test_a_profile_that_cannot_be_used_keeps_no_mail_back(tmp_path: Path) -> None:
    mail = MailSettings(f"maildir://{tmp_path / 'mail'}")
    settings = NotifySettings(LETTERHEAD, mail=mail, sms=GatewaySettings(tmp_path / "none.toml", "sms"))
    carriers = open_carriers(settings, lambda _: SECRET)
    assert carriers.keys() == {MAIL_CONNECTION, SMS_CONNECTION}
    result = await carriers[SMS_CONNECTION].carry(make_sms())
    assert result == Result(Ended.LOCKED_OUT, f"there is no file {tmp_path / 'none.toml'}")
    for carrier in carriers.values():
        await carrier.close()


ProfileFor = Callable[..., Path]


async def test_the_documented_gateway_gets_what_the_example_says(tmp_path: Path) -> None:
    async with running(Gateway(http(202, '{"messages": [{"id": 4711}]}'))) as gateway:
        example = EXAMPLE.read_text(encoding="utf-8")
        address = f"http://127.0.0.1:{gateway.port}/v2/messages"
        (tmp_path / "sms.toml").write_text(
            "allow_http = true\nallow_private = true\n"
            + example.replace("https://api.textline.example/v2/messages", address),
            encoding="utf-8",
        )
        result = await sent(tmp_path / "sms.toml")
        again = await sent(tmp_path / "sms.toml", make_sms(unproven=1))
    assert result == again == Result(Ended.DONE, "SMS taken by Textline")
    (head, body), (head_again, body_again) = gateway.requests
    assert head.startswith("POST /v2/messages HTTP/1.1\r\n")
    assert f"X-Api-Key: {SECRET}\r\n" in head
    assert "Idempotency-Key: " in head
    assert (head, body) == (head_again, body_again)
    assert json.loads(body) == {
        "from": "SmileDental",
        "recipients": [{"number": "+61491570006"}],
        "content": {
            "type": "text",
            "body": "Smile Dental Adelaide: your appointment on Thu 26 Nov 2026 at 10:30 am, Adelaide time, "
            "has been cancelled. Please ring to make a new one.",
        },
        "track_clicks": False,
    }


async def test_a_form_is_sent_as_a_form(profile_for: ProfileFor) -> None:
    async with running(Gateway(http(200, '{"id": "a1"}'))) as gateway:
        result = await sent(profile_for(gateway))
    assert result.ended is Ended.DONE
    ((head, body),) = gateway.requests
    assert "Content-Type: application/x-www-form-urlencoded\r\n" in head
    form = parse_qs(body.decode())
    assert form["number"] == ["+61491570006"]
    assert form["message"][0].startswith("Smile Dental Adelaide: ")


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ("[auth]\nkind = 'basic'\nuser = 'smile'\n", "Authorization: Basic c21pbGU6a2VwdCBhcGFydA=="),
        ("[auth]\nkind = 'bearer'\n", f"Authorization: Bearer {SECRET}"),
    ],
)
async def test_requests_are_signed(auth: str, header: str, tmp_path: Path) -> None:
    async with running(Gateway(http(200, '{"id": "a1"}'))) as gateway:
        file = tmp_path / "sms.toml"
        file.write_text(PLAIN.format(port=gateway.port) + auth, encoding="utf-8")
        await sent(file)
    assert f"{header}\r\n" in gateway.requests[0][0]


LOST = "Textline did not say whether it took the SMS"
ANSWERS = {
    http(200, '{"code": 13}'): (Ended.REFUSED, "SMS refused (a landline)"),
    http(400, '{"message": "no such\\u001b number."}'): (Ended.REFUSED, "SMS refused (no such\ufffd number)"),
    http(422, "{}"): (Ended.REFUSED, "SMS refused"),
    http(401, '{"message": "bad key"}'): (
        Ended.LOCKED_OUT,
        "Textline does not accept our credential (bad key)",
    ),
    http(403, "<html>"): (Ended.LOCKED_OUT, "Textline does not accept our credential"),
    http(404, "{}"): (Ended.FAILED, "Textline does not take the SMS now"),
    http(503, '{"message": "busy"}'): (Ended.FAILED, "Textline does not take the SMS now (busy)"),
    http(200, "{}"): (Ended.UNKNOWN, LOST),
    http(200, '{"id": true}'): (Ended.UNKNOWN, LOST),
    http(200, '{"id": ""}'): (Ended.UNKNOWN, LOST),
    http(200, "<html>Sign in</html>", content_type="text/html"): (Ended.UNKNOWN, LOST),
    http(200, '{"id": "a1"', content_length="900"): (Ended.UNKNOWN, LOST),
    http(302, "", location="https://elsewhere.example/"): (Ended.UNKNOWN, LOST),
    http(500, "{}"): (Ended.UNKNOWN, LOST),
    http(502, "<html>Bad gateway"): (Ended.UNKNOWN, LOST),
    b"nonsense\r\n\r\n": (Ended.UNKNOWN, LOST),
    b"": (Ended.UNKNOWN, LOST),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_an_answer_proves_what_it_says_and_no_more(answer: bytes, profile_for: ProfileFor) -> None:
    async with running(Gateway(answer)) as gateway:
        result = await sent(profile_for(gateway))
    assert (result.ended, result.said) == ANSWERS[answer]
    assert len(gateway.requests) == 1


async def test_a_reset_after_the_request_is_unknown(profile_for: ProfileFor) -> None:
    async with running(Gateway(Fault.DROP)) as gateway:
        assert (await sent(profile_for(gateway))).ended is Ended.UNKNOWN


async def test_a_gateway_that_never_answers_is_unknown(profile_for: ProfileFor) -> None:
    async with running(Gateway(Fault.HANG)) as gateway:
        client = HttpClient(allow_http=True, allow_private=True, seconds=0.8)
        profile = load(profile_for(gateway), SmsProfile)
        carrier = GatewayCarrier(profile, lambda _: "", "", client, SmsContent(SETTINGS, profile))
        result = await carrier.carry(make_sms())
        await carrier.close()
    assert result == Result(Ended.UNKNOWN, LOST)


async def test_a_gateway_says_when_to_come_back(profile_for: ProfileFor) -> None:
    async with running(Gateway(http(429, "{}", retry_after="90"))) as gateway:
        result = await sent(profile_for(gateway))
    assert result.ended is Ended.FAILED
    assert result.not_before == AT + timedelta(seconds=90)


async def test_a_gateway_that_is_not_there_is_away(profile_for: ProfileFor) -> None:
    async with running(Gateway()) as gateway:
        pass
    result = await sent(profile_for(gateway))
    assert result.ended is Ended.FAILED
    assert result.is_away


async def test_an_unknown_fate_is_not_repeated_without_the_gateway_s_promise(profile_for: ProfileFor) -> None:
    async with running(Gateway(http(200, '{"id": 1}'))) as gateway:
        result = await sent(profile_for(gateway), make_sms(unproven=1))
    assert result == Result(Ended.STUCK, "it is not known whether the SMS went out; phone the patient")
    assert gateway.requests == []


async def test_a_secret_that_is_missing_is_said_so(profile_for: ProfileFor) -> None:
    def missing(name: str) -> str:
        raise FrontdeskError(name)

    async with running(Gateway()) as gateway:
        settings = NotifySettings(LETTERHEAD, sms=GatewaySettings(profile_for(gateway), "sms"))
        carrier = open_carriers(settings, missing)[SMS_CONNECTION]
        result = await carrier.carry(make_sms())
        await carrier.close()
    assert result == Result(Ended.LOCKED_OUT, "the password for Textline is missing on this machine")
    assert gateway.requests == []


def profile_with(**keys: object) -> SmsProfile:
    from msgspec.structs import replace

    return replace(load(EXAMPLE, SmsProfile), **keys)


@pytest.mark.parametrize(
    ("number", "international", "national"),
    [
        ("0491 570 006", "+61491570006", "0491570006"),
        ("(04) 9157-0006", "+61491570006", "0491570006"),
        ("+61 491 570 006", "+61491570006", "0491570006"),
        ("61491570006", "+61491570006", "0491570006"),
        ("+64 21 123 4567", "+64211234567", None),
        ("491 570 006", None, None),
        ("+61 0491 570 006", None, None),
        ("0011 64 21 123 4567", None, None),
        ("0491 570 006 or 0491 570 110", None, None),
        ("ask her mother", None, None),
        ("٠٤٩١٥٧٠٠٠٦", None, None),
        ("", None, None),
    ],
)
def test_numbers_are_written_as_the_gateway_wants_them_and_never_guessed(
    number: str, international: str | None, national: str | None
) -> None:
    wanted = {
        "international": international,
        "national": national,
        "digits": international and international[1:],
    }
    for form, expected in wanted.items():
        profile = profile_with(numbers=form)
        if expected is None:
            with pytest.raises(BadNumber):
                as_dialled(number, profile)
        else:
            assert as_dialled(number, profile) == expected


async def test_a_number_that_is_none_is_refused(profile_for: ProfileFor) -> None:
    async with running(Gateway()) as gateway:
        result = await sent(profile_for(gateway), make_claim(Kind.PATIENT_SMS, "ask her mother"))
    assert result == Result(Ended.REFUSED, "SMS refused (the number is not a proper one)", is_ours=True)
    assert gateway.requests == []


WRONG = {
    'nmae = "x"': "the top of the file has no key nmae, did you mean name?",
    'password = "x"': "secrets never go into a config",
    "[success]\nstatuses = []\nid = '/id'": "[success] statuses",
    "name = 3": "name must be text in quotes, not a whole number",
    "url = 'http://sms.example/'": "url is http:// and would send without encryption",
    "url = 'https://me:secret@sms.example/'": "url holds a password",
    "url = 'ftp://sms.example/'": "url must be an https:// address",
    "repeats_are_ignored = true": "by which {message_id}?",
    "country = '061'": "country",
    "[form]\nto = '{to}'": "the body must say {text} somewhere",
    "[json]\nto = '{to}'": "there must be one body",
    "[form]\nto = '{to}'\ntext = '{text}{mobile}'": "[form] has no {mobile}",
    "[headers]\nX-Text = '{text}'": "[headers] has no {text}",
    "[headers]\n'X Text' = 'x'": "not the name of a header",
    "[auth]\nkind = 'headers'": '[auth] headers belong to kind "headers"',
    "[auth]\nkind = 'bearer'\nheaders = { X-Key = '{secret}' }": '[auth] headers belong to kind "headers"',
    "[success]\nid = 'id'": "[success] id must begin with /",
    "[errors]\ncode = 'code'": "[errors] code must begin with /",
    "[[outcomes]]\nstatus = 200\ncode = '13'\nmeans = 'done'": "means: there is no done",
    "[[outcomes]]\nstatus = 200\ncode = '13'\nmeans = 'refused'": "[errors] code must say where they are",
}

TOP = {"name": "name = 'Textline'", "url": "url = 'https://sms.example/send'"}
RIGHT = {
    "[success]": "[success]\nid = '/id'",
    "[form]": "[form]\nto = '{to}'\ntext = '{text}'",
}


@pytest.mark.parametrize(("wrong", "complaint"), WRONG.items())
def test_a_profile_that_cannot_be_meant_is_refused_with_file_key_and_reason(
    wrong: str, complaint: str, tmp_path: Path
) -> None:
    if wrong.startswith("["):
        parts = {**TOP, **RIGHT, wrong.partition("\n")[0]: wrong}
    else:
        parts = {**TOP, wrong.partition(" =")[0]: wrong, **RIGHT}
    file = tmp_path / "sms.toml"
    file.write_text("\n".join(parts.values()), encoding="utf-8")
    with pytest.raises(UnusableProfile) as refused:
        load(file, SmsProfile)
    assert refused.value.hint.startswith(f"{file}: ")
    assert complaint in refused.value.hint


def test_a_profile_that_is_not_there_or_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableProfile, match=r"^there is no file .*/none\.toml$"):
        load(tmp_path / "none.toml", SmsProfile)
    (tmp_path / "sms.toml").write_bytes(b"\xff")
    with pytest.raises(UnusableProfile, match=r"sms\.toml: "):
        load(tmp_path / "sms.toml", SmsProfile)


def test_the_right_parts_alone_are_right(tmp_path: Path) -> None:
    file = tmp_path / "sms.toml"
    file.write_text("\n".join({**TOP, **RIGHT}.values()), encoding="utf-8")
    assert load(file, SmsProfile).name == "Textline"
