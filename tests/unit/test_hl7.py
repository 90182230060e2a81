"""What HL7 messages about appointments say, and how they are answered, whatever they are made of."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Pushed
from frontdesk.pms.hl7 import appointments
from frontdesk.pms.hl7.messages import MOST_SEPARATORS, Code, Message, NotTaken, Unreadable, answer, header
from tests.hl7_messages import Answer, answered, siu

ADELAIDE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
START = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


def read(block: bytes) -> Pushed | None:
    return appointments.pushed(Message(block, header(block)), ADELAIDE, NOW)


def said(event: str = "S12", **changes: str) -> Pushed:
    found = read(siu(event, **changes))
    assert found is not None
    return found


def entry(event: str = "S12", **changes: str) -> DiaryEntry:
    found = said(event, **changes).entry
    assert found is not None
    return found


def why_not(block: bytes) -> str:
    with pytest.raises(NotTaken) as refused:
        read(block)
    return str(refused.value)


def test_an_appointment_is_read_as_it_is_written() -> None:
    found = said()
    assert (found.sender, found.number, found.ref) == ("DENTIX/MAIN", "1", "A-1001")
    assert found.sent_at == datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    one = entry()
    assert (one.ref, one.status, one.starts_at, one.ends_at) == (
        "A-1001",
        AppointmentStatus.BOOKED,
        START,
        START + HALF_AN_HOUR,
    )
    assert one.time_text == "20261130103000"
    assert (one.practitioner_ref, one.practitioner_name) == ("D7", "Dr Priya Rao")
    assert one.appointment_type == "Check-up and clean"
    patient = one.patient
    assert (patient.name, patient.birth_date, patient.pms_ref) == ("Amelia Wilson", date(1981, 3, 14), "K77")
    assert (patient.mobile, patient.email) == ("0491 570 006", "amelia@example.com")
    assert one.unsaid == {"fee", "created_at", "new_patient"}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("S12", AppointmentStatus.BOOKED),
        ("S13", AppointmentStatus.BOOKED),
        ("S14", AppointmentStatus.BOOKED),
        ("S15", AppointmentStatus.CANCELLED),
        ("S16", AppointmentStatus.CANCELLED),
        ("S17", None),
        ("S26", AppointmentStatus.NO_SHOW),
    ],
)
def test_an_event_says_how_it_stands(event: str, status: AppointmentStatus | None) -> None:
    found = said(event)
    assert found.status is status
    assert (found.entry.status if found.entry else None) is status


@pytest.mark.parametrize("event", ["S18", "S19", "S20", "S21", "S22", "S23", "S24"])
def test_what_is_no_booking_is_none(event: str) -> None:
    assert read(siu(event)) is None


def test_blocked_time_is_no_booking() -> None:
    assert read(siu("S12", word="Blocked")) is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Booked", AppointmentStatus.BOOKED),
        ("Pending", AppointmentStatus.BOOKED),
        ("Started", AppointmentStatus.ARRIVED),
        ("COMPLETE", AppointmentStatus.COMPLETED),
        ("No-show", AppointmentStatus.NO_SHOW),
        ("Cancelled", AppointmentStatus.CANCELLED),
        ("Waitlist", AppointmentStatus.OTHER),
        ("Rung twice", AppointmentStatus.OTHER),
    ],
)
def test_failure_20_an_unknown_word_is_other(word: str, status: AppointmentStatus) -> None:
    found = said("S14", word=word)
    assert (found.status, found.raw_status) == (status, word)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("20261130103000", START),
        ("202611301030", START),
        ("20261130103000.5", START),
        ("20261130103000+1030", START),
        ("20261130000000+0000", START),
        ("20261129190000-0500", START),
        # Clocks go back at 3:00 on 4 April 2027: the first of the two instants.
        ("202704040230", datetime(2027, 4, 3, 16, 0, tzinfo=UTC)),
    ],
)
def test_failure_15_times_are_the_practices_or_bear_an_offset(written: str, instant: datetime) -> None:
    assert entry(start=written).starts_at == instant


@pytest.mark.parametrize(
    "written",
    ["20261130", "2026113010", "20261330103000", "20261130103000Z", "half past ten", "202610040230"],
)
def test_what_is_no_time_is_not_taken(written: str) -> None:
    assert "start" in why_not(siu(start=written))


def test_a_start_stands_in_other_segments_too() -> None:
    bare = "SCH||A-1001||||||NORMAL|45|MIN"
    for changes in (
        {"AIS": "AIS|1||CHECK^Check-up|20261130103000"},
        {"TQ1": "TQ1|1||||||20261130103000"},
        {"AIP": "AIP|1||D7^Rao^Priya|||20261130103000"},
    ):
        one = entry(SCH=bare, **changes)
        assert (one.starts_at, one.ends_at) == (START, START + timedelta(minutes=45))


def test_a_resource_names_the_practitioner_where_no_personnel_does() -> None:
    one = entry(AIP="", AIG="AIG|1||D7^Dr Priya Rao")
    assert (one.practitioner_ref, one.practitioner_name) == ("D7", "Dr Priya Rao")
    assert "AIP-3" in why_not(siu(AIP=""))
    changed = entry("S14", AIP="")
    assert {"practitioner", "pms_practitioner_ref"} <= changed.unsaid


def test_not_said_is_not_empty() -> None:
    bare = entry(PID="PID|1||K77||Wilson^Amelia")
    assert {"patient_dob", "patient_mobile", "patient_email"} <= bare.unsaid
    emptied = entry(PID='PID|1||K77||Wilson^Amelia||""||||||""')
    assert not {"patient_dob", "patient_mobile", "patient_email"} & emptied.unsaid
    assert (emptied.patient.birth_date, emptied.patient.mobile) == (None, "")
    future = entry(PID="PID|1||K77||Wilson^Amelia||20990101")
    assert (future.patient.birth_date, "patient_dob" in future.unsaid) == (None, True)


def test_what_ends_an_appointment_may_say_little() -> None:
    found = said("S15", PID="", AIS="", AIP="", SCH="SCH||A-1001||||SICK^unwell")
    assert (found.status, found.entry, found.reason) == (AppointmentStatus.CANCELLED, None, "unwell")


def test_the_placers_id_counts_where_the_filler_has_none() -> None:
    assert said(SCH="SCH|P-9^WEB||||||||30|MIN|^^^20261130103000").ref == "P-9"


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (siu(number=""), "MSH-10"),
        (siu(number="7" * 200), "MSH-10"),
        (siu(ref="7" * 200), "SCH-2"),
        (siu(sent_at=""), "MSH-7"),
        (siu(sent_at="20261126104600"), "future"),
        (siu(SCH=""), "SCH"),
        (siu(SCH="SCH|||||||||30|MIN|^^^20261130103000"), "SCH-2"),
        (siu(PID=""), "PID"),
        (siu(PID="PID|1||||"), "PID"),
        (siu(PID="PID|1||K1||Wilson^Amelia\rPID|2||K2||Nguyen^Kim"), "several patients"),
        (siu("S99"), "MSH-9"),
        (siu("A01").replace(b"SIU^A01", b"ADT^A01"), "MSH-9"),
        (siu(PID="PID|1||K77||Mu\xf1oz^Ana".encode().decode()).replace("ñ".encode(), b"\xf1"), "MSH-18"),
        (siu() + b"ZZZ" + b"|" * MOST_SEPARATORS, "too many"),
    ],
)
def test_what_cannot_be_taken_says_what_to_mend_and_nothing_of_a_patient(block: bytes, why: str) -> None:
    said = why_not(block)
    assert why in said
    assert not {"Wilson", "Amelia", "0491"} & set(said.split())


def test_character_sets_and_escapes_are_read() -> None:
    name = "PID|1||K77||Mu\xf1oz^Ana \\T\\ Eva\\X20\\\\Q\\"
    latin = siu(PID=name).replace(b"|P|2.4", b"|P|2.4||||||8859/1").decode().encode("latin-1")
    found = read(latin)
    assert found is not None
    assert found.entry is not None
    assert found.entry.patient.name.strip() == "Ana & Eva Muñoz"
    # As many blanks as it says would be a way to fill the memory.
    assert entry(PID="PID|1||K77||W\\.sp999999999\\W^A").patient.name == "A W W"


def test_lines_may_end_as_on_any_machine() -> None:
    for end in (b"\n", b"\r\n"):
        found = read(siu().replace(b"\r", end))
        assert found is not None
        assert found.entry is not None


def test_the_site_is_the_facility_or_the_point_of_care() -> None:
    for segment, site in (
        ("AIL|1||CHAIR2^^^SITE1&1.2.3", "SITE1"),
        ("AIL|1||SITE2", "SITE2"),
        ("", ""),
        ('AIL|1||""', ""),
    ):
        block = siu(AIL=segment)
        assert appointments.site(Message(block, header(block))) == site


def test_an_answer_names_the_message_and_turns_sender_and_receiver_round() -> None:
    head = header(siu(number="77"))
    frame = answer(head, Code.ERROR, "no|good^here", NOW)
    assert answered(frame) == Answer("AE", "77", "nogoodhere")
    assert frame.decode().startswith("MSH|^~\\&|FRONTDESK|ADELAIDE|DENTIX|MAIN|20261126000000+0000||ACK^S12|")


def test_what_has_no_header_is_nobodys_message() -> None:
    for block in (b"", b"MSH", b"PID|1", b"MSHMSHMSHMSH", b"MSH||||||||||", b"MSH|^^~\\&|A|B", b"\xff\xfe"):
        with pytest.raises(Unreadable):
            header(block)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A message of any event in which something was cut, doubled, or replaced."""
    block = bytearray(siu(draw(st.sampled_from(["S12", "S13", "S14", "S15", "S17", "S26", "S99"]))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(block)))
        until = min(len(block), at + draw(st.integers(0, 40)))
        block[at:until] = draw(
            st.binary(max_size=8) | st.sampled_from([b"|", b"^", b"~", b"\\", b"&", b"\r", b'""'])
        )
    return bytes(block)


def holds_of(block: bytes) -> None:
    """Whatever comes is answered, or is nobody's; a cancel is only what says so with its event or its word."""
    try:
        head = header(block)
    except Unreadable:
        return
    answer(head, Code.ERROR, "why")
    try:
        message = Message(block, head)
        appointments.site(message)
        found = appointments.pushed(message, ADELAIDE, NOW)
    except NotTaken:
        return
    if found is not None and found.status in (None, AppointmentStatus.CANCELLED):
        assert head.event in {"S15", "S16", "S17"} or found.raw_status.casefold().strip(". ") in {
            "cancelled",
            "dc",
        }
        assert found.ref
        assert found.number


@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"MSH|^~\\&|".__add__))
@settings(max_examples=60)
def test_random_bytes_raise_nothing(block: bytes) -> None:
    holds_of(block)


@given(spoilt())
@settings(max_examples=60)
def test_spoilt_messages_raise_nothing_and_cancel_nothing(block: bytes) -> None:
    holds_of(block)


@pytest.mark.full
@given(spoilt() | st.binary(max_size=2000).map(b"MSH|^~\\&|".__add__))
@settings(max_examples=3000, deadline=None)
def test_nothing_that_was_spoilt_is_a_cancel(block: bytes) -> None:
    holds_of(block)
