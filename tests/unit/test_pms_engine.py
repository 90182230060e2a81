"""What the engine sends for a profile, and how little it believes of the answers."""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from frontdesk.errors import FrontdeskError
from frontdesk.http_answers import Answer
from frontdesk.http_client import Lost, NotSent
from frontdesk.pms.cliniko import base_url
from frontdesk.pms.port import (
    Account,
    AlreadyCancelled,
    AppointmentStatus,
    Attendance,
    CancelRequest,
    ContractDrift,
    MoveRequest,
    NoShowRequest,
    PmsConflict,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    UnknownOutcome,
    Unsupported,
    WriteState,
)
from frontdesk.pms.profile import Auth
from frontdesk.pms.signing import SignIn
from tests.unit.pms_profiles import NOW, Wire, answer, connect, make_profile

START = "2026-11-26T10:30:00+10:30"
BOOKED: dict[str, Any] = {"id": "7", "start": START, "status": "Booked"}
GONE: dict[str, Any] = {**BOOKED, "status": "Gone"}
REQUEST = UUID("6d1f1a52-6d0e-4a0e-8a35-0d5f8f1a9b11")
CANCEL = CancelRequest(REQUEST, "Sick", version="v 1")
PAGE = answer(b"<!doctype html><p>Sign in", content_type="text/html")
BODY = 'body = { why = "{reason}" }'


async def test_what_a_cancel_sends() -> None:
    profile = make_profile(
        (
            "can_cancel",
            'headers = { "X-Practice" = "{tenant}", "X-Unused" = "{tenant}!" }\nquery = { v = "2" }\ncan_cancel',
        ),
        (
            'method = "POST"',
            'method = "PATCH"\nheaders = { "If-Match" = "{version}" }\nquery = { by = "{attendance}", note = "{note}" }',
        ),
        (
            BODY,
            'body = { state = "x", n = 1, deep = { why = "{reason}", key = "id-{request_id}" }, note = "{note}", code = "{reason_code}" }',
        ),
        ("[auth]", "[attendance]\nUTA = 5\n[reason]\nother_code = 50\ncodes = { sick = 30 }\n[auth]"),
    )
    pms, wire = connect(profile, answer({**GONE, "id": "a b?"}))
    with pytest.raises(Rejected):
        await pms.cancel("a b?", CANCEL)
    assert not wire.asked
    wire.answers[:] = [answer({**GONE, "id": "7:ü"})]
    assert (await pms.cancel("7:ü", CANCEL)).ref == "7:ü"
    asked = wire.asked[-1]
    assert (asked.method, asked.url) == ("PATCH", "https://pms.example/api/a/7%3A%C3%BC/cancel")
    assert asked.headers == {
        "X-Practice": "smile",
        "X-Unused": "smile!",
        "If-Match": "v 1",
        "Authorization": "Bearer <s1>",
    }
    assert asked.params == [("v", "2"), ("by", "5")]
    assert asked.json == {"state": "x", "n": 1, "deep": {"why": "Sick", "key": f"id-{REQUEST}"}, "code": 30}


@pytest.mark.parametrize(
    "ref", ["", ".", "..", "../7", "a/b", "a\\b", "7?x=1", "7#", "%2e", "7\n", "x" * 201]
)
async def test_what_is_no_reference_is_never_sent(ref: str) -> None:
    pms, wire = connect(make_profile())
    for asking in (pms.appointment(ref), pms.cancel(ref, CANCEL)):
        with pytest.raises(Rejected):
            await asking
    assert not wire.asked


async def test_an_empty_reason_is_left_out_or_sent_as_the_profile_says() -> None:
    for omit, body in (("", {}), ("\nomit_empty = false", {"why": ""})):
        pms, wire = connect(make_profile((BODY, BODY + omit)), answer(GONE))
        await pms.cancel("7", CancelRequest(REQUEST))
        assert wire.asked[0].json == body


async def test_what_a_profile_has_no_route_for_is_unsupported() -> None:
    pms, _ = connect(make_profile())
    end = NOW + timedelta(hours=1)
    for asking in (
        pms.ping(),
        pms.appointments(NOW, end),
        pms.practitioners(),
        pms.mark_no_show("7", NoShowRequest(REQUEST)),
        pms.take_back_no_show("7", NoShowRequest(REQUEST)),
        pms.reschedule("7", MoveRequest(REQUEST, NOW, end, "3")),
    ):
        with pytest.raises(Unsupported):
            await asking
    can = pms.capabilities
    assert not any((can.can_list, can.can_reschedule, can.has_versions))
    assert not any((can.can_mark_no_show, can.can_take_back_no_show))


async def test_a_move_and_a_no_show() -> None:
    profile = make_profile(
        (
            "[routes.get]",
            '[routes.reschedule]\nmethod = "PUT"\npath = "/a/{id}"\nbody = { at = "{start}", min = "{minutes}", who = "{practitioner}" }\n[routes.get]',
        ),
        (
            "[routes.get]",
            '[routes.no_show]\nmethod = "PUT"\npath = "/a/{id}"\nbody = { came = "{attendance}" }\n[routes.get]',
        ),
        ('Gone = "cancelled"', 'Gone = "cancelled"\nMissed = "no-show"'),
    )
    start = NOW + timedelta(days=1)
    moved = {**BOOKED, "id": 8, "start": start.isoformat()}
    pms, wire = connect(
        profile, answer(moved, 201), answer(BOOKED), answer({**BOOKED, "status": "Missed"}), answer(BOOKED)
    )
    move = MoveRequest(REQUEST, start, start + timedelta(minutes=40), "3")
    result = await pms.reschedule("7", move)
    assert (result.state, result.ref) == (WriteState.APPLIED, "8")
    assert wire.asked[0].json == {"at": start.isoformat(), "min": 40, "who": "3"}
    with pytest.raises(UnknownOutcome):
        await pms.reschedule("7", move)
    assert (await pms.mark_no_show("7", NoShowRequest(REQUEST))).state is WriteState.APPLIED
    assert wire.asked[2].json == {"came": Attendance.FTA.name}
    with pytest.raises(UnknownOutcome):
        await pms.mark_no_show("7", NoShowRequest(REQUEST))


# Statuses


@pytest.mark.parametrize(
    ("item", "status"),
    [
        (BOOKED, AppointmentStatus.BOOKED),
        (GONE, AppointmentStatus.CANCELLED),
        ({**BOOKED, "status": "gone"}, AppointmentStatus.OTHER),
        ({**BOOKED, "status": "Cancelled"}, AppointmentStatus.OTHER),
        ({**BOOKED, "came": False}, AppointmentStatus.NO_SHOW),
        ({**BOOKED, "came": True}, AppointmentStatus.BOOKED),
        ({**BOOKED, "came": None}, AppointmentStatus.BOOKED),
        ({**BOOKED, "off": "2026"}, AppointmentStatus.OTHER),
        ({**BOOKED, "off": None}, AppointmentStatus.BOOKED),
        ({**GONE, "off": "2026", "came": False}, AppointmentStatus.CANCELLED),
    ],
)
async def test_a_status_is_what_word_and_marks_say(item: dict[str, Any], status: AppointmentStatus) -> None:
    marks = '[[status.marks]]\nfield = "/came"\nis = false\nmeans = "no-show"\n[[status.marks]]\nfield = "/off"\nmeans = "other"\n'
    pms, _ = connect(make_profile(("[routes.get]", f"{marks}[routes.get]")), answer(item))
    assert (await pms.appointment("7")).status is status


@pytest.mark.parametrize("came", [0, "no", [], 1.0])
async def test_a_mark_that_cannot_be_read_is_drift(came: object) -> None:
    mark = '[[status.marks]]\nfield = "/came"\nis = false\nmeans = "no-show"\n'
    pms, _ = connect(make_profile(("[routes.get]", f"{mark}[routes.get]")), answer({**BOOKED, "came": came}))
    with pytest.raises(ContractDrift):
        await pms.appointment("7")


async def test_without_a_version_nothing_is_sent_where_there_are_versions() -> None:
    profile = make_profile(("[auth]", '[appointment_version]\nfield = "/v"\n[auth]'))
    pms, wire = connect(profile)
    with pytest.raises(Unsupported):
        await pms.cancel("7", CancelRequest(REQUEST))
    assert not wire.asked


async def test_an_entry_without_a_time_is_left_out_of_a_list() -> None:
    listed = '[routes.list]\npath = "/a"\nquery = { day = "{start}" }\nitems = ""\n[routes.get]'
    profile = make_profile(("[routes.get]", listed))
    waiting = {**BOOKED, "id": "8", "start": None}
    pms, _ = connect(profile, answer([BOOKED, waiting]), answer([{"id": "8", "status": "Booked"}]))
    page = await pms.appointments(NOW, NOW + timedelta(days=7))
    assert ([one.ref for one in page.appointments], page.without_time) == (["7"], 1)
    with pytest.raises(ContractDrift):
        await pms.appointments(NOW, NOW + timedelta(days=7))


@pytest.mark.parametrize(
    "item",
    [
        {**BOOKED, "status": None},
        {**BOOKED, "status": 1},
        {**BOOKED, "status": ""},
        {"id": "7", "start": START},
        {"id": "7", "status": "Booked"},
        {"start": START, "status": "Booked"},
        {**BOOKED, "id": "8"},
        {**BOOKED, "id": 7.0},
        [],
        None,
        "7",
    ],
    ids=repr,
)
async def test_an_appointment_without_what_is_needed_is_drift(item: object) -> None:
    pms, _ = connect(make_profile(), answer(item))
    with pytest.raises(ContractDrift):
        await pms.appointment("7")


async def test_a_version_that_was_promised_must_be_there() -> None:
    by_header = make_profile(("[auth]", '[appointment_version]\nheader = "ETag"\n[auth]'))
    pms, _ = connect(by_header, answer(BOOKED, etag='"4"'), answer(BOOKED))
    assert (await pms.appointment("7")).version == '"4"'
    with pytest.raises(ContractDrift, match="version"):
        await pms.appointment("7")


async def test_a_mark_that_must_be_there() -> None:
    marks = '[[status.marks]]\nfield = "/off"\nmeans = "cancelled"\nrequired = true\n'
    pms, _ = connect(make_profile(("[routes.get]", f"{marks}[routes.get]")), answer(BOOKED))
    with pytest.raises(ContractDrift, match="/off"):
        await pms.appointment("7")


# Outcomes


READS: list[tuple[Answer | Exception, type[PmsError]]] = [
    (NotSent("it refused the connection"), PmsUnavailable),
    (Lost("it did not answer in time"), PmsUnavailable),
    *((answer(BOOKED, status), PmsUnauthorised) for status in (301, 302, 303, 307, 308, 401, 403)),
    *((answer({}, status), PmsNotFound) for status in (404, 410)),
    *((answer({}, status), PmsUnavailable) for status in (408, 500, 502, 503, 504, 599)),
    (answer({}, 429), RateLimited),
    (answer({}, 405), Unsupported),
    (answer({}, 400), Rejected),
    (PAGE, PmsUnauthorised),
    (answer(b"{", 200), ContractDrift),
    (answer(b"", 204), ContractDrift),
    (answer(json.dumps(BOOKED).encode(), content_type="application/json; charset=latin-1"), ContractDrift),
]
WRITES: list[tuple[Answer | Exception, type[PmsError]]] = [
    (NotSent("it refused the connection"), PmsUnavailable),
    (Lost("it did not answer in time"), UnknownOutcome),
    *((answer(GONE, status), UnknownOutcome) for status in (301, 302, 307, 408, 500, 502, 503, 504, 599)),
    *((answer({}, status), PmsUnauthorised) for status in (401, 403)),
    *((answer({}, status), PmsNotFound) for status in (404, 410)),
    *((answer({}, status), PmsConflict) for status in (409, 412)),
    *((answer({}, status), Unsupported) for status in (405, 501)),
    *((answer({}, status), Rejected) for status in (400, 413, 415, 422, 428)),
    (answer({}, 429), RateLimited),
    *((answer(body), UnknownOutcome) for body in (b"", b"{", b"null", b"[]", b'{"id": "7"}', BOOKED)),
    (answer({**GONE, "id": "8"}), UnknownOutcome),
    (answer({**GONE, "status": "Cancelled"}), UnknownOutcome),
    (answer(b"", 204), UnknownOutcome),
    (PAGE, UnknownOutcome),
]


@pytest.mark.parametrize(("given", "error"), READS, ids=repr)
async def test_a_read_that_fails(given: Answer | Exception, error: type[PmsError]) -> None:
    pms, _ = connect(make_profile(), given)
    with pytest.raises(error) as raised:
        await pms.appointment("7")
    assert type(raised.value) is error
    # Whoever shows it names the PMS beside it.
    assert "Diary" not in str(raised.value)


@pytest.mark.parametrize(("given", "error"), WRITES, ids=repr)
async def test_a_write_that_is_no_success(given: Answer | Exception, error: type[PmsError]) -> None:
    pms, wire = connect(make_profile(), given)
    with pytest.raises(error) as raised:
        await pms.cancel("7", CANCEL)
    assert type(raised.value) is error
    # Whoever shows it names the PMS beside it.
    assert "Diary" not in str(raised.value)
    assert len(wire.asked) == 1


OUTCOMES = """
[errors]
code = "/error/code"
message = "/error/text"
[[outcomes]]
status = 409
code = "gone"
means = "already-cancelled"
[[outcomes]]
status = 409
code = "past"
means = "rejected"
said = "its time has passed there"
[[outcomes]]
status = 200
code = "false"
means = "conflict"
[[outcomes]]
status = 400
means = "not-found"
[auth]"""


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (answer({"error": {"code": "gone"}}, 409), AlreadyCancelled, "it is cancelled there already"),
        (answer({"error": {"code": "past"}}, 409), Rejected, "its time has passed there"),
        (answer({"error": {"code": "other"}}, 409), PmsConflict, "it was changed there meanwhile"),
        (answer({"error": {"code": False}}), PmsConflict, "it was changed there meanwhile"),
        (answer({"error": "x"}, 400), PmsNotFound, "there is no such appointment; was it moved or deleted?"),
        (
            answer({"error": {"text": "no\n\x1b[2J way"}}, 422),
            Rejected,
            'it refuses and says "no \ufffd[2J way"',
        ),
        (answer({"error": {"code": 17}}, 422), Rejected, 'it refuses and says "17"'),
        (answer(b"no", 422), Rejected, "it refuses"),
    ],
)
async def test_an_error_code_can_mean_something_else(given: Answer, error: type[PmsError], said: str) -> None:
    pms, _ = connect(make_profile(("[auth]", OUTCOMES)), given)
    with pytest.raises(error) as raised:
        await pms.cancel("7", CANCEL)
    assert str(raised.value) == said


async def test_what_a_pms_says_is_cut() -> None:
    pms, _ = connect(make_profile(("[auth]", OUTCOMES)), answer({"error": {"text": "x" * 10_000}}, 422))
    with pytest.raises(Rejected) as raised:
        await pms.cancel("7", CANCEL)
    assert len(str(raised.value)) == 120


async def test_taken_to_be_done_later() -> None:
    profile = make_profile((BODY, BODY + '\npending = "/pending"'))
    pms, _ = connect(profile, answer({}, 202), answer({"pending": True}), answer({**GONE, "pending": False}))
    states = [(await pms.cancel("7", CANCEL)).state for _ in range(3)]
    assert states == [WriteState.ACCEPTED, WriteState.ACCEPTED, WriteState.APPLIED]


async def test_when_to_ask_again_is_handed_on() -> None:
    pms, _ = connect(make_profile(), answer({}, 429, retry_after="30"))
    with pytest.raises(RateLimited) as raised:
        await pms.cancel("7", CANCEL)
    assert raised.value.retry_at == NOW + timedelta(seconds=30)


# Signing


def sign_in(auth: Auth, *answers: Answer | Exception, **settings: Any) -> tuple[SignIn, Wire]:
    wire = Wire(list(answers))
    account = Account("diary", "x", credentials={"secret": "s1", "key2": "s2"}, **settings)
    return SignIn("Diary", auth, account, lambda name: f"<{name}>", wire, lambda: NOW), wire


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (Auth(), {}),
        (Auth(kind="bearer"), {"Authorization": "Bearer <s1>"}),
        (Auth(kind="headers", headers={"X-Key": "{secret}"}), {"X-Key": "<s1>"}),
        (
            Auth(kind="headers", headers={"X-Key": "{secret}", "X-Other": "{key2}"}),
            {"X-Key": "<s1>", "X-Other": "<s2>"},
        ),
        (
            Auth(kind="headers", headers={"Authorization": "ODFHIR {secret}/{key2}"}),
            {"Authorization": "ODFHIR <s1>/<s2>"},
        ),
        (Auth(kind="basic"), {"Authorization": "Basic " + b64encode(b"<s1>:").decode()}),
        (
            Auth(kind="basic", user="kim", password="{key2}"),
            {"Authorization": "Basic " + b64encode(b"kim:<s2>").decode()},
        ),
    ],
)
async def test_a_signature(auth: Auth, headers: dict[str, str]) -> None:
    signing, wire = sign_in(auth)
    assert await signing.headers() == headers
    assert not wire.asked
    assert "<s1>" not in repr(signing)


async def test_a_secret_that_is_not_there_is_not_let_in() -> None:
    def missing(_: str) -> str:
        raise FrontdeskError("it lies nowhere")

    signing = SignIn(
        "Diary",
        Auth(kind="bearer"),
        Account("d", "x", credentials={"secret": "s1"}),
        missing,
        Wire([]),
        lambda: NOW,
    )
    with pytest.raises(PmsUnauthorised, match="no secret called s1"):
        await signing.headers()


CLIENT = Auth(
    kind="client-credentials", token_url="https://id.example/token", client_id="c&1", scope="a b", margin=60
)
TOKEN = answer({"access_token": "t1", "expires_in": 3600})


async def test_a_token_is_fetched_once_and_renewed_before_its_end() -> None:
    now = NOW
    wire = Wire([TOKEN, answer({"access_token": "t2"}), TOKEN])
    account = Account("d", "x", credentials={"secret": "s1"}, auth={"client_id": "own"})
    signing = SignIn("Diary", CLIENT, account, lambda name: f"<{name}>", wire, lambda: now)
    for _ in range(2):
        assert await signing.headers() == {"Authorization": "Bearer t1"}
    assert len(wire.asked) == 1
    assert (
        wire.asked[0].content
        == b"grant_type=client_credentials&scope=a+b&client_id=own&client_secret=%3Cs1%3E"
    )
    now = NOW + timedelta(seconds=3600 - 60)
    assert await signing.headers() == {"Authorization": "Bearer t2"}
    now += timedelta(minutes=5)
    assert await signing.headers() == {"Authorization": "Bearer t1"}
    assert "t1" not in repr(signing)


async def test_a_client_in_the_header_is_quoted() -> None:
    header = Auth(
        kind="client-credentials", token_url="https://id.example/token", client_id="c:1", client_in="header"
    )
    signing, wire = sign_in(header, TOKEN)
    await signing.headers()
    assert wire.asked[0].headers["Authorization"] == "Basic " + b64encode(b"c%3A1:%3Cs1%3E").decode()
    assert wire.asked[0].content == b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (NotSent("x"), PmsUnavailable),
        (Lost("x"), PmsUnavailable),
        *((answer({}, status), PmsUnauthorised) for status in (400, 401, 403)),
        (answer({}, 429), RateLimited),
        *((answer({}, status), PmsUnavailable) for status in (302, 500)),
        *(
            (answer(body), PmsUnavailable)
            for body in (
                b"",
                b"[]",
                b"{}",
                {"access_token": 1},
                {"access_token": ""},
                {"access_token": "a\r\nb"},
            )
        ),
    ],
    ids=repr,
)
async def test_a_sign_in_that_fails_sends_nothing_to_the_pms(
    given: Answer | Exception, error: type[PmsError]
) -> None:
    profile = make_profile(
        ('kind = "bearer"', 'kind = "client-credentials"\ntoken_url = "https://id.example"\nclient_id = "c"')
    )
    pms, wire = connect(profile, given)
    with pytest.raises(error) as raised:
        await pms.cancel("7", CANCEL)
    assert type(raised.value) is error
    assert [one.url for one in wire.asked] == ["https://id.example"]


async def test_a_refused_token_is_renewed_once() -> None:
    profile = make_profile(
        ('kind = "bearer"', 'kind = "client-credentials"\ntoken_url = "https://id.example"\nclient_id = "c"')
    )
    no = answer({}, 401)
    pms, wire = connect(profile, TOKEN, no, answer({"access_token": "t2"}), answer(GONE))
    assert (await pms.cancel("7", CANCEL)).state is WriteState.APPLIED
    assert wire.asked[-1].headers["Authorization"] == "Bearer t2"
    pms, wire = connect(profile, TOKEN, no, TOKEN, no, TOKEN, no)
    with pytest.raises(PmsUnauthorised):
        await pms.cancel("7", CANCEL)
    assert len(wire.asked) == 4


@pytest.mark.parametrize(
    ("key", "shard"),
    [
        ("abc-au4", "au4"),
        ("MS0x-uk2", "uk2"),
        ("a-b-c-au12", "au12"),
        ("abc", "au1"),
        ("abc-evil.example/", "au1"),
        ("", "au1"),
    ],
)
def test_a_key_of_cliniko_says_where_its_account_is(key: str, shard: str) -> None:
    assert base_url(key) == f"https://api.{shard}.cliniko.com"
