"""Heads of the audit: a line each, and what a signature is of."""

import json
from datetime import UTC, datetime

import pytest

from frontdesk import audit_heads
from frontdesk.audit import GENESIS, Head, first_lost_head
from frontdesk.audit_heads import NoHead, NoKey

AT = datetime(2026, 11, 28, 7, 30, tzinfo=UTC)
HEAD = Head("/var/lib/frontdesk/frontdesk.db", 42, "9c" * 32, AT)
PRIVATE, PUBLIC = (
    # RFC 8032, 7.1, test 1.
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
)
LINE = (
    '{"at": "2026-11-28T07:30:00+00:00", "digest": "' + "9c" * 32 + '", "number": 42, '
    '"store": "/var/lib/frontdesk/frontdesk.db"}'
)
SIGNED = audit_heads.line(HEAD, PRIVATE)


def altered(line: str, **changes: object) -> str:
    """The line with other values in it."""
    return json.dumps(json.loads(line) | changes)


def test_a_line_stays_what_it_was() -> None:
    """Files that exist must be read for ever."""
    assert audit_heads.line(HEAD) == LINE
    assert audit_heads.read([LINE]) == [HEAD]


def test_a_key_is_that_of_the_standard_and_a_new_one_is_new() -> None:
    assert audit_heads.public_key(PRIVATE) == PUBLIC
    one, other = audit_heads.new_key(), audit_heads.new_key()
    assert one != other
    assert audit_heads.public_key(one) != audit_heads.public_key(other)


def test_a_signed_line_says_the_same_and_is_taken_with_its_key() -> None:
    assert json.loads(SIGNED).items() >= {**json.loads(LINE), "key": PUBLIC}.items()
    assert audit_heads.read([SIGNED]) == audit_heads.read([SIGNED], PUBLIC) == [HEAD]


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        altered(SIGNED, number=43),
        altered(SIGNED, digest="ab" * 32),
        altered(SIGNED, store="/elsewhere"),
        altered(SIGNED, at="2026-11-29T07:30:00+00:00"),
        altered(SIGNED, signature="00" * 64),
        altered(SIGNED, signature=""),
        audit_heads.line(HEAD, "4c" * 32),
    ],
)
def test_what_this_key_has_not_signed_is_named_by_its_line(line: str) -> None:
    with pytest.raises(NoHead, match="line 2 is not signed by this key, or was altered"):
        audit_heads.read([SIGNED, line], PUBLIC)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nothing",
        "[]",
        "7",
        "{}",
        LINE[:-1],
        altered(LINE, at="yesterday"),
        altered(LINE, at="2026-11-28T07:30:00"),
        altered(LINE, number="42"),
        altered(LINE, number=True),
        altered(LINE, number=-1),
        altered(LINE, number=10**30),
        altered(LINE, signature="xyz"),
        altered(LINE, store="x" * 5000),
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_head_is_named(line: str) -> None:
    with pytest.raises(NoHead, match="line 1 is no head of an audit"):
        audit_heads.read([line])


@pytest.mark.parametrize("key", ["", "x", "ab", PUBLIC + "00", "zz" * 32])
def test_what_is_no_key_is_said(key: str) -> None:
    with pytest.raises(NoKey):
        audit_heads.read([SIGNED], key)
    with pytest.raises(NoKey):
        audit_heads.line(HEAD, key)


def test_the_earliest_head_that_the_chain_lost_is_named() -> None:
    def head(number: int, digest: str) -> Head:
        return Head("here", number, digest, AT)

    digests = {3: "c", 5: "e", 7: "g"}
    assert first_lost_head([head(0, GENESIS), head(3, "c"), head(7, "g")], digests) is None
    assert first_lost_head([head(7, "x"), head(3, "c"), head(5, "y")], digests) == head(5, "y")
    assert first_lost_head([head(9, "i")], digests) == head(9, "i")
    assert first_lost_head([head(0, "made up")], digests) == head(0, "made up")
