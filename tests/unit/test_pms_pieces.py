"""The pieces that read and write for a profile: pointers, times, templates, pages, reasons, the pace."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.pms import paging
from frontdesk.pms.ids import id_at, who_at
from frontdesk.pms.instants import InstantFormat
from frontdesk.pms.port import ContractDrift, Nobody, One, Several, Unclear, Who
from frontdesk.pms.profile import Paging, Reason
from frontdesk.pms.rest_profile import carried_reason
from frontdesk.pms.token_bucket import TokenBucket
from tests.unit.pms_profiles import NOW

ADELAIDE = ZoneInfo("Australia/Adelaide")


# Ids


@pytest.mark.parametrize(
    ("value", "found"),
    [("88213", "88213"), (7001, "7001"), (2**70, str(2**70)), (None, ""), ("", ""), ("a b", "a b")],
)
def test_an_id_is_text(value: object, found: str) -> None:
    assert id_at({"id": value}, "/id") == found


@pytest.mark.parametrize(
    "value", [True, 1.0, [], {}, "a\nb", "x\x1b[2J", "\ud800", "\u202e1", "9" * 201, " 1"]
)
def test_what_is_no_id_is_drift(value: object) -> None:
    with pytest.raises(ContractDrift):
        id_at({"id": value}, "/id")


ROOT = "https://pms.example/v1/"
ELSEWHERE = "https://pms-internal.example/v1/patients/33"


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"who": {"id": "33"}}, One("33")),
        ({"who": {"id": 33}}, One("33")),
        ({"who": {"id": None}}, Nobody()),
        ({"who": {"id": ""}}, Nobody()),
        ({"who": {"id": []}}, Nobody()),
        ({"who": None}, Nobody()),
        ({"who": []}, Nobody()),
        ({"who": {}}, Unclear()),
        ({"who": "33"}, Unclear()),
        ({}, Unclear()),
        ([], Nobody()),
        ({"who": [{"id": "33"}]}, One("33")),
        ({"who": [{"id": "33"}, {"id": 33}]}, One("33")),
        ({"who": [{"id": "33"}, {"id": "34"}]}, Several(frozenset(("33", "34")))),
        ({"who": {"id": ["33", "34"]}}, Several(frozenset(("33", "34")))),
        ({"who": [{"id": "33"}, {}]}, Unclear(frozenset(("33",)))),
        ({"who": [{"id": "33"}, {"id": "34"}, {}]}, Several(frozenset(("33", "34")), is_whole=False)),
        ({"who": {"id": f"{ROOT}patients/33/"}}, One("33")),
        ({"who": {"id": f"{ROOT}patients?q=33"}}, One(f"{ROOT}patients?q=33")),
        ({"who": {"id": ELSEWHERE}}, One(ELSEWHERE)),
    ],
)
def test_nobody_one_several_and_unclear_are_told_apart(document: object, named: Who) -> None:
    assert who_at(document, "/who/id", ROOT) == named


def test_the_first_of_several_is_not_the_only_one() -> None:
    document = {"who": [{"id": "33"}, {"id": "34"}]}
    assert who_at(document, "/who/0/id") == Several(frozenset(("33", "34")))


def test_where_a_contract_has_no_place_for_somebody_there_is_nobody() -> None:
    assert who_at({"who": "33"}, "") == Nobody()


@pytest.mark.parametrize("value", [True, 1.0, {}, "a\nb", "9" * 201])
def test_whoever_is_named_by_no_id_is_drift(value: object) -> None:
    with pytest.raises(ContractDrift):
        who_at({"who": value}, "/who")


# Times


@pytest.mark.parametrize(
    ("form", "zone", "written", "instant"),
    [
        ("iso", None, "2026-11-26T10:30:00+10:30", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("iso", None, "2026-11-26T00:00:00Z", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("iso", "UTC", "2026-11-26T00:00:00Z", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("iso", "UTC", "2026-11-26T00:00:00", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("iso", "Australia/Adelaide", "2026-11-26T10:30:00", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        # Before and after the clocks go forward on 4 October 2026, and back on 5 April 2026.
        ("iso", "Australia/Adelaide", "2026-10-04T01:59:00", datetime(2026, 10, 3, 16, 29, tzinfo=UTC)),
        ("iso", "Australia/Adelaide", "2026-10-04T03:00:00", datetime(2026, 10, 3, 16, 30, tzinfo=UTC)),
        ("iso", "Australia/Adelaide", "2026-04-05T02:30:00", datetime(2026, 4, 4, 16, 0, tzinfo=UTC)),
        ("iso", "Australia/Adelaide", "2026-04-05T03:00:00", datetime(2026, 4, 4, 17, 30, tzinfo=UTC)),
        (
            "%d/%m/%Y %H:%M",
            "Australia/Adelaide",
            "26/11/2026 10:30",
            datetime(2026, 11, 26, 0, 0, tzinfo=UTC),
        ),
        ("%Y%m%d%H%M%z", None, "202611261030+1030", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("%Y-%m-%dT%H:%M:%SZ", None, "2026-11-26T00:00:00Z", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M UTC", "UTC", "2026-11-26 00:00 UTC", datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("epoch", None, 1795651200, datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        ("epoch-ms", None, 1795651200000, datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(form: str, zone: str | None, written: object, instant: datetime) -> None:
    read = InstantFormat(form, ZoneInfo(zone) if zone else None).read(written)
    assert (read, read.tzinfo) == (instant, UTC)


@pytest.mark.parametrize(
    ("form", "zone", "written"),
    [
        ("iso", None, "2026-11-26T10:30:00"),
        ("iso", None, "2026-11-26"),
        ("iso", None, "tomorrow"),
        ("iso", None, 1795651200),
        ("iso", None, None),
        ("iso", None, "0001-01-01T00:00:00+10:30"),
        ("iso", "Australia/Adelaide", "2026-11-26T10:30:00+10:30"),
        ("iso", "Australia/Adelaide", "2026-11-26T00:00:00Z"),
        ("iso", "Australia/Adelaide", "2026-10-04T02:30:00"),
        ("iso", "UTC", "2026-11-26T10:30:00+10:30"),
        ("%d/%m/%Y %H:%M", "Australia/Adelaide", "2026-11-26T10:30:00"),
        ("%Y%m%d%H%M%S", "Australia/Adelaide", "202611261030"),
        ("%a %d/%m/%Y %H:%M", "Australia/Adelaide", "Mon 26/11/2026 10:30"),
        ("%Y-%m-%d %H:%M %Z", None, "2026-11-26 10:30 ACDT"),
        ("%Y-%m-%d %H:%MZ", "Australia/Adelaide", "2026-11-26 10:30Z"),
        ("epoch", None, "1795651200"),
        ("epoch", None, True),
        ("epoch", None, 10**30),
        ("epoch", None, float("inf")),
    ],
)
def test_a_time_that_breaks_the_promise_is_drift(form: str, zone: str | None, written: object) -> None:
    with pytest.raises(ContractDrift):
        InstantFormat(form, ZoneInfo(zone) if zone else None).read(written)


@pytest.mark.parametrize(
    ("form", "zone", "written"),
    [
        ("iso", None, "2026-11-23T01:00:00+00:00"),
        ("iso", "UTC", "2026-11-23T01:00:00Z"),
        ("iso", "Australia/Adelaide", "2026-11-23T11:30:00"),
        ("%d/%m/%Y %H:%M", "Australia/Adelaide", "23/11/2026 11:30"),
        ("epoch", None, 1795395600),
        ("epoch-ms", None, 1795395600000),
    ],
)
def test_a_time_is_written_as_it_is_read(form: str, zone: str | None, written: object) -> None:
    rules = InstantFormat(form, ZoneInfo(zone) if zone else None)
    assert rules.write(NOW) == written
    assert rules.read(written) == NOW


@settings(max_examples=50)
@given(st.integers(-(10**9), 10**9), st.sampled_from(["iso", "epoch", "epoch-ms"]))
def test_every_time_with_an_offset_comes_back(seconds: int, form: str) -> None:
    instant = NOW + timedelta(seconds=seconds)
    rules = InstantFormat(form, None)
    assert rules.read(rules.write(instant)) == instant


# Pages

ITEMS = ["a", "b"]


def pages(rules: Paging, *documents: Any) -> list[list[tuple[str, str]]]:
    """Follow a list to its end and return what was asked for."""
    cursor, asked = None, []
    for document in documents:
        asked.append(paging.parameters(rules, cursor))
        cursor = paging.following(rules, document, document["items"], cursor, "https://pms.example/list")
    assert cursor is None
    return asked


def test_pages_by_number() -> None:
    told = Paging(kind="page", parameter="page", size_parameter="size", size=2, pages="/pages")
    assert pages(told, {"items": ITEMS, "pages": 2}, {"items": ITEMS, "pages": 2}) == [
        [("size", "2"), ("page", "1")],
        [("size", "2"), ("page", "2")],
    ]
    untold = Paging(kind="page", parameter="p", size=2, first=0)
    assert pages(untold, {"items": ITEMS}, {"items": ["c"]}) == [[("p", "0")], [("p", "1")]]


def test_pages_by_offset() -> None:
    told = Paging(kind="offset", parameter="skip", size=2, total="/total")
    assert pages(told, {"items": ITEMS, "total": 3}, {"items": ["c"], "total": 3}) == [
        [("skip", "0")],
        [("skip", "2")],
    ]
    untold = Paging(kind="offset", parameter="skip", size=2)
    assert pages(untold, {"items": ITEMS}, {"items": []}) == [[("skip", "0")], [("skip", "2")]]


def test_pages_by_cursor() -> None:
    rules = Paging(kind="cursor", parameter="after", next="/next")
    for end in (None, ""):
        asked = pages(
            rules, {"items": ITEMS, "next": "x y"}, {"items": ITEMS, "next": 7}, {"items": [], "next": end}
        )
        assert asked == [[], [("after", "x y")], [("after", "7")]]


def test_pages_by_link() -> None:
    rules = Paging(kind="next-link", next="/next")
    first = {"items": ITEMS, "next": "/list?page=2"}
    cursor = paging.following(rules, first, ITEMS, None, "https://pms.example/list")
    assert paging.place(cursor) == (2, "https://pms.example/list?page=2")
    for link in ("https://pms.example/list?page=2", "https://PMS.example:443/list"):
        paging.following(rules, {"next": link}, ITEMS, None, "https://pms.example/list")


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/list",
        "http://pms.example/list",
        "https://pms.example:8443/list",
        "//evil.example/list",
        "https://pms.example@evil.example/",
        "https://[::1/",
    ],
)
def test_a_link_to_another_server_is_never_followed(link: str) -> None:
    rules = Paging(kind="next-link", next="/next")
    with pytest.raises(ContractDrift):
        paging.following(rules, {"next": link}, ITEMS, None, "https://pms.example/list")


def test_a_list_that_repeats_itself_or_does_not_end_is_drift() -> None:
    rules = Paging(kind="cursor", parameter="after", next="/next")
    with pytest.raises(ContractDrift, match="repeats"):
        paging.following(rules, {"next": "x"}, ITEMS, "2 x", "https://pms.example/list")
    with pytest.raises(ContractDrift, match="does not end"):
        paging.following(rules, {"next": "y"}, ITEMS, f"{paging.MOST_PAGES} x", "https://pms.example/list")
    counted = Paging(kind="page", parameter="page", pages="/pages")
    with pytest.raises(ContractDrift, match="how long"):
        paging.following(counted, {"pages": "3"}, ITEMS, None, "https://pms.example/list")
    with pytest.raises(ContractDrift, match="before its end"):
        paging.following(counted, {"pages": 3}, [], None, "https://pms.example/list")
    assert paging.following(counted, {"pages": 1}, [], None, "https://pms.example/list") is None


# Reasons


def test_a_reason_within_the_limit_is_whole() -> None:
    rules = Reason(limit=5, overflow="cut", other_code=50, codes={"Sick": 30})
    assert carried_reason(rules, "") == ("", "", 50)
    assert carried_reason(rules, "12345") == ("12345", "", 50)
    assert carried_reason(rules, "sick") == ("sick", "", 30)
    assert carried_reason(rules, "123456") == ("1234…", "", 50)
    assert carried_reason(Reason(), "x" * 255) == ("x" * 255, "", "")


def test_a_longer_one_goes_whole_into_the_note() -> None:
    rules = Reason(limit=5, overflow="note", note_limit=8)
    assert carried_reason(rules, "123456") == ("", "123456", "")
    assert carried_reason(rules, "123456789") == ("", "1234567…", "")
    assert carried_reason(Reason(limit=0, overflow="cut"), "abc") == ("", "", "")


# The pace


def test_a_burst_passes_and_then_it_is_even() -> None:
    bucket = TokenBucket(per_minute=60, burst=3)
    waits = [bucket.take(NOW) for _ in range(5)]
    assert [wait.total_seconds() for wait in waits] == [0, 0, 0, 1, 2]
    bucket.give_back()
    assert bucket.take(NOW).total_seconds() == 2
    assert bucket.take(NOW + timedelta(minutes=1)).total_seconds() == 0
