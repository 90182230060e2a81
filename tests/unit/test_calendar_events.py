"""What stands in a calendar: series and what became of their instances, zones, whole days, and what is broken."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.pms.files.calendar_events import read
from frontdesk.pms.files.calendar_pieces import take_apart
from frontdesk.pms.files.calendar_shapes import Event, Found
from tests.unit.calendars import CASES, MIDNIGHT, asked, calendar, event, events, found

NINE_FIFTEEN = datetime(2026, 11, 25, 22, 45, tzinfo=UTC)
SERIES = event(
    "RRULE:FREQ=DAILY;COUNT=4", "DTSTART;TZID=Australia/Adelaide:20261126T091500", "DURATION:PT30M", uid="s"
)


def case(name: str, **other: Any) -> Found:
    return read((CASES / f"{name}.ics").read_bytes(), asked(**other))


def patients(said: Found | tuple[Event, ...]) -> list[Event]:
    return [one for one in (said.events if isinstance(said, Found) else said) if one.patient]


def blocks(said: Found) -> list[tuple[datetime, str]]:
    return [(one.starts_at, one.label) for one in said.events if not one.patient]


class TestExporters:
    def test_google(self) -> None:
        said = case("google")
        ann, gone = patients(said)

        assert (said.number, said.unread, said.is_whole) == (5, (), True)
        assert (ann.ref, ann.starts_at, ann.ends_at) == (
            "4v0q1ann@google.com",
            NINE_FIFTEEN,
            NINE_FIFTEEN + timedelta(minutes=30),
        )
        assert (ann.patient, ann.appointment_type) == ("Ann Lee", "Check-up and clean")
        assert (ann.mobile, ann.practitioner, ann.practitioner_ref) == ("0491 570 156", "Dr Rao", "")
        assert (ann.version, ann.status, ann.series) == ("1", "CONFIRMED", "")
        assert ann.updated_at == datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)
        assert (gone.is_cancelled, gone.status) == (True, "CANCELLED")
        assert gone.patient == "Mía Núñez-Herrera de la Cruz y Villalobos"
        assert gone.appointment_type == "Consultation with a very long name"
        noon = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
        assert blocks(said) == [(noon, "Lunch"), (noon + timedelta(days=2, minutes=30), "Lunch")]

    def test_outlook(self) -> None:
        said = case("outlook", practitioner="location")
        uid = "040000008200E00074C5B7101A82E00800000000ABCD"

        assert said.unread == ()
        assert [(one.ref, one.starts_at, one.practitioner) for one in patients(said)] == [
            (f"{uid}/20261125T224500Z", NINE_FIFTEEN, "Dr Roe"),
            (f"{uid}/20261202T224500Z", datetime(2026, 12, 3, 23, 30, tzinfo=UTC), "Dr Roe"),
            (f"{uid}/20261209T224500Z", NINE_FIFTEEN + timedelta(days=14), "Dr Roe"),
        ]
        assert {one.series for one in patients(said)} == {uid}
        assert blocks(said) == [(datetime(2026, 11, 30, 13, 30, tzinfo=UTC), "Away")]

    def test_apple(self) -> None:
        said = case("apple", practitioner="organizer")
        ann, kim = patients(said)

        assert (ann.starts_at, ann.practitioner, ann.practitioner_ref) == (
            NINE_FIFTEEN,
            "Dr Rao, Anita",
            "rao@smile.example",
        )
        # A time without a zone is by the practice's clock; an event without an organizer is the calendar's.
        assert (kim.starts_at, kim.practitioner) == (datetime(2026, 11, 26, 3, 45, tzinfo=UTC), "Practice")
        assert kim.ends_at == kim.starts_at + timedelta(minutes=30)

    def test_cliniko(self) -> None:
        said = case("cliniko", summary=("{patient} ({type})",), description=("Phone: {mobile}",))
        (ann,) = patients(said)

        assert (ann.patient, ann.appointment_type, ann.mobile) == ("Ann Lee", "Check", "0491 570 156")
        assert ann.practitioner == "Anita Rao's Cliniko appointments"
        assert blocks(said) == [(datetime(2026, 11, 26, 0, 30, tzinfo=UTC), "Unavailable")]

    def test_nookal(self) -> None:
        said = case(
            "nookal",
            summary=("{_} {patient} [{patient_ref}] / {type}",),
            description=("Provider: {practitioner}", "Email: {email}"),
        )
        (ann,) = patients(said)

        assert (ann.patient, ann.patient_ref, ann.appointment_type) == ("LEE, Ann", "4711", "Check")
        assert (ann.practitioner, ann.email, ann.version) == ("Dr Rao", "ann@example.org", "3")
        assert ann.starts_at == NINE_FIFTEEN


class TestTimes:
    @pytest.mark.parametrize(
        "start",
        [
            "DTSTART:20261125T224500Z",
            "DTSTART:20261126T091500",
            "DTSTART;TZID=Australia/Adelaide:20261126T091500",
            'DTSTART;TZID="Australia/Adelaide":20261126T091500',
            "DTSTART;tzid=Cen. Australia Standard Time:20261126T091500",
            "DTSTART;TZID=/Australia/Adelaide:20261126T091500",
            "DTSTART;TZID=/x.example/1/Australia/Adelaide:20261126T091500",
            "DTSTART;TZID=America/Argentina/Buenos_Aires:20261125T194500",
            "DTSTART;VALUE=DATE-TIME;TZID=UTC:20261125T224500",
        ],
    )
    def test_a_start_is_an_instant_however_it_is_written(self, start: str) -> None:
        (one,) = events(event(start))

        assert one.starts_at == NINE_FIFTEEN
        assert one.ends_at is None

    @pytest.mark.parametrize("zone", ["Nowhere", "", "../etc/passwd", "Australia/Nowhere", "zone.tab"])
    def test_a_clock_that_nobody_knows_is_not_guessed(self, zone: str) -> None:
        said = found(event(f"DTSTART;TZID={zone}:20261126T091500"), event(uid="2"))

        assert said.unread == (1,)
        assert [one.ref for one in said.events] == ["2"]

    def test_a_series_keeps_its_time_when_the_clocks_change(self) -> None:
        series = event("RRULE:FREQ=WEEKLY", "DTSTART;TZID=Australia/Adelaide:20260326T091500")
        found = events(series, start=datetime(2026, 3, 30, tzinfo=UTC), end=datetime(2026, 4, 12, tzinfo=UTC))

        assert [f"{one.starts_at:%d %H:%M}" for one in found] == ["01 22:45", "08 23:45"]
        assert [one.time_text for one in found] == [
            "20260402T091500 Australia/Adelaide",
            "20260409T091500 Australia/Adelaide",
        ]

    def test_what_is_outside_the_days_asked_for_is_left_out(self) -> None:
        days = [MIDNIGHT - timedelta(seconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=60)]
        starts = [f"{at:%Y%m%dT%H%M%SZ}" for at in (*days, days[-1] - timedelta(seconds=1))]

        said = events(*(event(uid=str(number), start=start) for number, start in enumerate(starts)))
        assert sorted(one.ref for one in said) == ["1", "3"]

    def test_a_time_off_counts_as_long_as_it_touches_them(self) -> None:
        said = found(
            event("DTEND;VALUE=DATE:20261127", "DTSTART;VALUE=DATE:20261101", summary="Leave", uid="1"),
            event("DTEND;VALUE=DATE:20261126", "DTSTART;VALUE=DATE:20261101", summary="Leave", uid="2"),
            event("DURATION:P40D", "DTSTART:20261101T000000Z", summary="Leave", uid="3"),
        )

        assert [one.ref for one in said.events] == ["1", "3"]

    def test_of_what_is_far_away_nothing_has_to_be_understood(self) -> None:
        far = "DTSTART;TZID=Nowhere:20200101T000000", "DTSTART;TZID=Nowhere:20300101T000000"

        assert found(*(event(one) for one in far)).unread == ()
        assert found(event(far[0], "RRULE:FREQ=YEARLY")).unread == (1,)

    def test_a_whole_day_is_never_an_appointment(self) -> None:
        (one,) = events(event("DTSTART;VALUE=DATE:20261126"))

        assert (one.patient, one.label) == ("", "Ann Lee - Check")
        assert (one.starts_at, one.ends_at) == (MIDNIGHT, MIDNIGHT + timedelta(days=1))


class TestSeries:
    def test_each_instance_is_an_appointment(self) -> None:
        said = events(SERIES)

        assert [one.ref for one in said] == [f"s/202611{day}T224500Z" for day in (25, 26, 27, 28)]
        assert {one.series for one in said} == {"s"}
        assert said[3].ends_at == NINE_FIFTEEN + timedelta(days=3, minutes=30)

    def test_a_moved_instance_keeps_its_ref(self) -> None:
        moved = event("RECURRENCE-ID:20261126T224500Z", "SEQUENCE:4", start="20261210T100000", uid="s")
        said = {one.ref: one for one in events(SERIES, moved)}

        assert len(said) == 4
        assert said["s/20261126T224500Z"].starts_at == datetime(2026, 12, 9, 23, 30, tzinfo=UTC)

    def test_a_cancelled_instance_is_there_and_a_left_out_one_is_not(self) -> None:
        cancelled = event(
            "RECURRENCE-ID:20261126T224500Z", "STATUS:CANCELLED", start="20261126T224500Z", uid="s"
        )
        without = SERIES.replace("RRULE", "EXDATE;TZID=Australia/Adelaide:20261128T091500\nRRULE")
        said = {one.ref: one.is_cancelled for one in events(without, cancelled)}

        assert said == {"s/20261125T224500Z": False, "s/20261126T224500Z": True, "s/20261128T224500Z": False}

    def test_an_instance_without_its_series_is_an_appointment(self) -> None:
        (one,) = events(event("RECURRENCE-ID:20261126T224500Z", uid="s"))

        assert (one.ref, one.series) == ("s/20261126T224500Z", "s")

    def test_a_series_whose_clock_is_the_practices_goes_on_over_the_days(self) -> None:
        said = events(event("RRULE:FREQ=DAILY;COUNT=2"))

        assert [one.starts_at for one in said] == [NINE_FIFTEEN, NINE_FIFTEEN + timedelta(days=1)]

    def test_days_off_may_repeat(self) -> None:
        said = found(event("RRULE:FREQ=WEEKLY;COUNT=2", "DTSTART;VALUE=DATE:20261126"))

        assert [one.starts_at for one in said.events] == [MIDNIGHT, MIDNIGHT + timedelta(days=7)]

    @pytest.mark.parametrize("frequency", ["SECONDLY", "MINUTELY", "hourly"])
    def test_what_repeats_all_the_time_is_no_series_of_appointments(self, frequency: str) -> None:
        said = found(event(f"RRULE:FREQ={frequency}"), event(uid="2"))

        assert said.unread == (1,)

    def test_no_more_comes_of_it_than_may(self) -> None:
        endless = event("RRULE:FREQ=DAILY")

        assert len(events(endless, most=60)) == 60
        assert found(endless, most=59).is_too_much
        assert found(*(event(uid=str(number)) for number in range(3)), most=2).is_too_much


class TestWhichCounts:
    @pytest.mark.parametrize("newest_first", [True, False])
    def test_of_one_event_the_highest_sequence_counts(self, newest_first: bool) -> None:
        both = [event("SEQUENCE:2", start="20261126T100000"), event("SEQUENCE:1")]
        (one,) = events(*(both if newest_first else reversed(both)))

        assert one.starts_at == NINE_FIFTEEN + timedelta(minutes=45)
        assert one.version == "2"

    def test_of_one_sequence_what_was_modified_last_counts(self) -> None:
        old, new = "LAST-MODIFIED:20261101T000000Z", "LAST-MODIFIED:20261102T000000Z"
        (one,) = events(event(new, start="20261126T100000"), event(old))

        assert one.starts_at == NINE_FIFTEEN + timedelta(minutes=45)

    def test_a_calendar_that_withdraws_its_events_cancels_them(self) -> None:
        (one,) = read(calendar("METHOD:CANCEL", event()), asked()).events

        assert one.is_cancelled

    def test_what_blocks_nobodys_time_is_no_time_off(self) -> None:
        assert found(event("TRANSP:TRANSPARENT", summary="Birthday")).events == ()
        assert found(event("STATUS:CANCELLED", summary="Lunch")).events == ()
        # An appointment stays one however its time is shown.
        assert len(found(event("TRANSP:TRANSPARENT")).events) == 1


class TestWhatIsBroken:
    @pytest.mark.parametrize(
        "broken",
        [
            event().replace("DTSTART", "DTSTRAT"),
            event(start="20261326T091500"),
            event(start="soon"),
            event().replace("UID:1\n", ""),
            event("RRULE:FREQ=SOMETIMES"),
            event("RRULE:FREQ=DAILY;COUNT=x"),
            event("DTEND:yesterday"),
            event("DTEND:20261126T081500"),
            event("RECURRENCE-ID:never"),
            event("SEQUENCE:x"),
            event("EXDATE:x", "RRULE:FREQ=DAILY;COUNT=2"),
            event("EXDATE:20261127T091500", "EXDATE:x", "RRULE:FREQ=DAILY;COUNT=3"),
            event("DTSTART:99991231T235959", "RRULE:FREQ=DAILY"),
        ],
    )
    def test_an_event_that_cannot_be_read_costs_only_itself(self, broken: str) -> None:
        said = found(event(uid="a"), broken, event(uid="b"))

        assert said.unread == (2,)
        assert [one.ref for one in said.events] == ["a", "b"]

    @pytest.mark.parametrize(
        "line", ["X-ODD", "ATTENDEE;=:x", "GEO:north", "no colon", "DTSTAMP:x", "CREATED:x"]
    )
    def test_what_nobody_needs_may_be_broken(self, line: str) -> None:
        assert len(events(event(line))) == 1

    def test_whom_an_event_is_with_must_be_known(self) -> None:
        said = read(calendar(event(), name=""), asked())

        assert (said.events, said.unread) == ((), (1,))

    def test_an_id_that_cannot_be_kept_becomes_one_that_can(self) -> None:
        (long,) = events(event(uid="x" * 300))
        (other,) = events(event(uid="x" * 301))

        assert long.ref != other.ref
        assert len(long.ref) == 40

    def test_text_comes_out_clean(self) -> None:
        (one,) = events(event(summary="Ann\x1b[31m Lee - Che\u202eck"))

        assert (one.patient, one.appointment_type) == ("Ann\ufffd[31m Lee", "Che\ufffdck")

    def test_a_letter_may_be_folded_through_its_middle(self) -> None:
        feed = calendar(event(summary="Kovač - Check")).replace("č".encode(), b"\xc4\r\n \x8d")

        assert read(feed, asked()).events[0].patient == "Kovač"

    @pytest.mark.parametrize(
        "feed", [b"", b"x", b"BEGIN:VEVENT\nEND:VEVENT", b"BEGIN:VCALENDAR\nEND:VEVENT", b"END:VCALENDAR"]
    )
    def test_what_is_no_calendar_is_not_whole(self, feed: bytes) -> None:
        assert not read(feed, asked()).is_whole


WHOLE = calendar(SERIES, event(uid="1"), event("DTSTART;VALUE=DATE:20261201", uid="2", summary="Leave"))
REFS = {one.ref for one in read(WHOLE, asked()).events}


@given(st.integers(0, len(WHOLE)))
@settings(max_examples=50, deadline=None)
def test_a_calendar_cut_anywhere_is_never_whole_with_less_in_it(at: int) -> None:
    said = read(WHOLE[:at], asked())

    assert not said.is_whole or said.unread or {one.ref for one in said.events} == REFS


LINES = st.lists(
    st.sampled_from(
        [
            *SERIES.split("\n"),
            *event("RECURRENCE-ID:20261126T224500Z", "STATUS:CANCELLED", uid="s").split("\n"),
            "BEGIN:VCALENDAR",
            "END:VCALENDAR",
            "BEGIN:VTIMEZONE",
            "END:VTIMEZONE",
            "TZID:Odd",
            "DTSTART;TZID=Odd:20261126T091500",
            "DTSTART;VALUE=DATE:20261126",
            "RDATE;VALUE=PERIOD:20261126T000000Z/PT1H",
            "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "EXDATE:20261126",
            "DURATION:-P1D",
        ]
    )
    | st.text(max_size=30),
    max_size=25,
)


@given(LINES, st.booleans())
@settings(max_examples=50, deadline=None)
def test_whatever_a_calendar_holds_something_can_be_said_of_it(lines: list[str], is_framed: bool) -> None:
    text = "\r\n".join(lines)
    feed = calendar(event(), text) if is_framed else text.encode("utf-8", "surrogatepass")
    said = read(feed, asked())

    assert said.number == len(take_apart(feed).events)
    assert set(said.unread) <= set(range(1, said.number + 1))
