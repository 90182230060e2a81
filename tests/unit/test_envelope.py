"""No value may become a header of its own, on any Python (CVE-2024-6923, CVE-2026-1299)."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtplib.email import quote_address
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frontdesk import text
from frontdesk.bookings import Cancellation
from frontdesk.deliveries import Kind
from frontdesk.notify.envelope import (
    BadAddress,
    Envelope,
    UnsafeHeader,
    mailbox,
    message_id,
    plain_domain,
    seal,
    split_address,
)
from frontdesk.notify.messages import Letter, patient_letter
from frontdesk.notify.settings import Letterhead
from tests.making import KIM, make_booking, make_patient, make_practice
from tests.notifying import AT, COMMAND, LETTERHEAD

LETTER = Letter("Cancelled", "Hello\n", "<p>Hello\n")
ID = message_id(COMMAND.id, Kind.PATIENT_EMAIL, LETTERHEAD)
INJECTED = (
    "a =?UTF-8?Q?=0A?=Bcc: evil@example.com",
    "a =?utf-8?b?CkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=",
    "a\r\nBcc: evil@example.com",
    "a\nBcc: evil@example.com",
    "a\rBcc: evil@example.com",
    "a\x0bBcc: evil@example.com",
    "a\x85Bcc: evil@example.com",
    "a\u2028Bcc: evil@example.com",
    "a\x00b",
    "a =?UTF-8?Q?=0D=0A=0D=0Abody?=",
    "=?UTF-8?Q?harmless?=",
)
HEADERS = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]


def sealed(
    letter: Letter = LETTER, head: Letterhead = LETTERHEAD, to: str = "amelia@example.com"
) -> Envelope:
    return seal(letter, head, to, ID, AT)


def parsed(envelope: Envelope) -> EmailMessage:
    return message_from_bytes(envelope.content, policy=default)


@pytest.mark.parametrize("value", INJECTED)
def test_no_value_makes_a_header(value: str) -> None:
    with pytest.raises(UnsafeHeader):
        sealed(replace(LETTER, subject=value))
    with pytest.raises(UnsafeHeader):
        sealed(head=replace(LETTERHEAD, sender=f"{value} <bookings@smile.example>"))
    with pytest.raises(UnsafeHeader):
        sealed(head=replace(LETTERHEAD, reply_to=f"{value} <bookings@smile.example>"))
    with pytest.raises(BadAddress):
        sealed(to=f"{value}@example.com")
    with pytest.raises(BadAddress):
        sealed(to=f"amelia@example.com{value}")


def test_the_bytes_are_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(_: EmailMessage) -> bytes:
        return b"From: a\r\nTo: b\r\nSubject: c\r\nBcc: evil@example.com\r\n\r\nx\r\n"

    monkeypatch.setattr(EmailMessage, "as_bytes", leaky)
    with pytest.raises(UnsafeHeader):
        sealed()


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_no_lone_line_end_leaves(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    written = EmailMessage.as_bytes

    def smuggling(message: EmailMessage) -> bytes:
        return written(message) + end + b".\r\nMAIL FROM:<evil@example.com>\r\n"

    monkeypatch.setattr(EmailMessage, "as_bytes", smuggling)
    with pytest.raises(UnsafeHeader):
        sealed()


REFUSED = [
    "", "@", "a@", "@example.com", "a@b@example.com", "a b@example.com", "a@exa mple.com", "a@.com", "a@x..com",
    ".a@example.com", "a.@example.com", "a..b@example.com", "a@-x.com", "a@x-.com", "a@example.com.",
    "a@example.com,b@example.com", "a@example.com;b@example.com", "Amelia <a@example.com>", "<a@example.com>",
    '"a b"@example.com', '"a"@example.com', "a(comment)@example.com", "a@[127.0.0.1]", "a@example.com (Amelia)",
    "group: a@example.com;", "=?utf-8?q?a?=@example.com", "a@example.com\n", "a\u200b@example.com",
    "a@example。com", "a＠example.com", "ａ@example.com", "a@ｅxample.com", "a@example\u202e.com", "ﬁ@example.com",
    "x" * 65 + "@example.com", "a@" + ".".join(["x" * 60] * 5), "a@" + "x" * 64 + ".com",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        split_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com",
        "o'brien+dental@mail.example.com",
        "a_b-c.d@x1.example",
        "desk@localhost",
        "zoë@exämple.com",
        "用户@例子.example",
    ],
)
def test_plain_addresses_are_taken_apart(address: str) -> None:
    local, domain = split_address(address)
    assert f"{local}@{domain}" == address
    assert sealed(to=address).is_international is not local.isascii()


@pytest.mark.parametrize(
    ("domain", "plain"),
    [
        ("smile.example", "smile.example"),
        ("Smile.EXAMPLE", "Smile.EXAMPLE"),
        ("zahnärzte-müller.example", "xn--zahnrzte-mller-8hb40b.example"),
        ("ZAHNÄRZTE.example", "xn--zahnrzte-3za.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("例子.example", "xn--fsqu00a.example"),
    ],
)
def test_a_domain_has_a_form_that_every_server_takes(domain: str, plain: str) -> None:
    assert plain_domain(domain) == plain
    envelope = sealed(to=f"info@{domain}")
    assert envelope.recipient == f"info@{plain}"
    assert not envelope.is_international
    assert envelope.content.isascii()
    check(envelope, f"info@{plain}")


def test_a_domain_without_such_a_form_is_no_address() -> None:
    for domain in ("ä" * 60 + ".example", "xn--ä.example", "\u0628a.example"):
        with pytest.raises(BadAddress):
            sealed(to=f"info@{domain}")


def test_a_practice_writes_from_such_a_domain_too() -> None:
    head = Letterhead("Zahnärzte Müller <info@zahnärzte-müller.example>", "info@zahnärzte-müller.example")
    envelope = seal(LETTER, head, "amelia@example.com", ID, AT)
    assert envelope.sender == "info@xn--zahnrzte-mller-8hb40b.example"
    assert envelope.content.isascii()
    message = parsed(envelope)
    assert message["From"].addresses[0].addr_spec == envelope.sender
    assert message["From"].addresses[0].display_name == "Zahnärzte Müller"
    assert message["Reply-To"] == envelope.sender
    with pytest.raises(UnsafeHeader):
        mailbox("zoë@smile.example")


def check(envelope: Envelope, to: str) -> EmailMessage:
    """Whatever was put in, the e-mail has exactly the headers it should have."""
    message = parsed(envelope)
    assert message.keys() == HEADERS
    (address,) = message["To"].addresses
    # The parser keeps what RFC 6532 writes in UTF-8 as escaped bytes.
    assert address.addr_spec.encode("utf-8", "surrogateescape").decode() == to
    lines = envelope.content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", envelope.content)
    return message


ANY_TEXT = (
    st.text(max_size=60) | st.sampled_from(INJECTED) | st.text("=?_QqBb+/uUtTfF8-0AaDd:\r\n \t", max_size=40)
)

NEARLY_ADDRESSES = st.from_regex(
    r"[a-z0-9=?<>, .!#$%&'*+/^_`{|}~é用-]{1,20}@[a-z0-9.é例-]{1,20}", fullmatch=True
)


def injection(value: str, other: str) -> None:
    cleaned = text.clean(value) or "x"
    booking = make_booking(
        patient=make_patient(name=cleaned),
        practice=make_practice(name=text.clean(other) or "y"),
        cancellation=Cancellation(AT, KIM, cleaned),
    )
    letter = patient_letter(booking)
    try:
        message = check(sealed(letter), "amelia@example.com")
    except UnsafeHeader:
        assert "=?" in letter.subject
        return
    # Where a long line is folded the standard library adds or loses a space.
    assert "".join(message["Subject"].split()) == "".join(letter.subject.split())
    for part, body in zip(message.iter_parts(), (letter.text, letter.html), strict=True):
        assert part.get_content().splitlines() == body.splitlines()


def header_injection(value: str) -> None:
    for letter, head in (
        (replace(LETTER, subject=value), LETTERHEAD),
        (LETTER, replace(LETTERHEAD, sender=f"{value} <bookings@smile.example>")),
        (LETTER, replace(LETTERHEAD, reply_to=value)),
    ):
        try:
            envelope = seal(letter, head, "amelia@example.com", ID, AT)
        except UnsafeHeader:
            continue
        message = parsed(envelope)
        assert set(message.keys()) <= set(HEADERS)
        assert len(message.keys()) == len(set(message.keys()))
        assert envelope.sender == "bookings@smile.example"


def address_injection(value: str) -> None:
    try:
        envelope = sealed(to=value)
    except BadAddress:
        return
    check(envelope, envelope.recipient)
    local, domain = split_address(value)
    assert envelope.recipient == f"{local}@{plain_domain(domain)}"
    assert quote_address(envelope.recipient) == f"<{envelope.recipient}>"
    assert not re.search(r"[\s<>,;:\"()]", envelope.recipient)


@settings(max_examples=40, deadline=None)
@given(ANY_TEXT, ANY_TEXT)
@example("محمد 😀 e\u0301\u0301", "Zoë & Söhne")
@example("x" * 3000, "y" * 90)
def test_data_stays_in_the_body(value: str, other: str) -> None:
    injection(value, other)


@settings(max_examples=50, deadline=None)
@given(ANY_TEXT)
def test_a_header_is_as_it_was_or_refused(value: str) -> None:
    header_injection(value)


@settings(max_examples=50, deadline=None)
@given(ANY_TEXT | NEARLY_ADDRESSES)
def test_an_address_is_one_address_or_refused(value: str) -> None:
    address_injection(value)


@pytest.mark.full
@settings(max_examples=500, deadline=None)
@given(ANY_TEXT, ANY_TEXT, NEARLY_ADDRESSES)
def test_data_stays_in_the_body_in_depth(value: str, other: str, address: str) -> None:
    injection(value, other)
    header_injection(value)
    address_injection(other)
    address_injection(address)
