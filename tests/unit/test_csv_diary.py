"""CSV files that appear in a folder: what they say as a diary, and when nothing counts as missing."""

import gzip
import lzma
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.arrivals import AppointmentStatus
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import (
    ContractDrift,
    Nobody,
    One,
    PmsError,
    PmsUnavailable,
    Span,
    Unsupported,
    UnusableSettings,
)
from tests.unit.exporting import (
    EIGHT,
    HEADING,
    LATE,
    LONG_AGO,
    ZONE,
    Clock,
    csv_diary,
    day,
    rows,
    whole,
    write,
)

MAP = """
[file]
delimiter = ";"
encoding = "windows-1252"
ignore = ["*"]
[columns]
pms_ref = "No"
patient_name = { template = "{First} {Last}" }
practitioner = "With"
pms_practitioner_ref = "WithNo"
practice = "Site"
starts_at = { column = "Day", formats = ["%d/%m/%Y"], time_column = "At" }
ends_at = { minutes_column = "Length" }
attendance = { column = "State", values = { Here = "arrived", Done = "attended", FTA = "no-show", Booked = "" } }
[[cancelled]]
column = "State"
values = ["Gone"]
[[skip]]
column = "Last"
values = ["Lunch"]
"""
MAPPED = "No;First;Last;With;WithNo;Site;Day;At;Length;State"


def mapped(folder: Path, *lines: str, clock: Clock | None = None) -> Diary:
    file = write(folder / "export.csv", rows(*lines, heading=MAPPED).encode("windows-1252"))
    map_file = write(folder / "map.toml", MAP)
    return csv_diary(file, clock, map_file=map_file)


async def test_a_row_is_an_appointment(tmp_path: Path) -> None:
    diary = mapped(tmp_path, "7;Mía;Kovač".replace("č", "c") + ";Dr Rao;R2;North;26/11/2026;09:15;30;Booked")

    (one,) = (await whole(diary)).appointments

    assert (one.ref, one.status, one.raw_status) == ("7", AppointmentStatus.BOOKED, "booked")
    assert one.starts_at == datetime(2026, 11, 25, 22, 45, tzinfo=UTC)
    assert one.ends_at == one.starts_at + timedelta(minutes=30)
    assert (one.practitioners, one.practitioner_name) == (One("R2"), "Dr Rao")
    assert (one.patients, one.patient_name) == (Nobody(), "Mía Kovac")
    assert (one.location, one.time_text) == ("North", "26/11/2026 09:15")
    assert one.patient is not None
    assert one.patient.name == "Mía Kovac"
    assert one.patient.unsaid == {"patient_dob", "patient_mobile", "patient_email", "new_patient"}
    assert "appointment_type" in one.unsaid
    assert not {"attendance", "cancelled_at"} & one.unsaid


async def test_who_the_patient_is_stands_beside_the_appointment(tmp_path: Path) -> None:
    heading = f"{HEADING},patient_dob,patient_mobile,patient_email,new_patient,pms_patient_ref,fee"
    file = write(
        tmp_path / "a.csv",
        rows(
            "P1,Ann,Rao,2026-11-26 09:00,1981-03-14,0491 570 156,ann@example.org,yes,C9,145.00",
            heading=heading,
        ),
    )

    (one,) = (await whole(csv_diary(file))).appointments

    assert one.patient is not None
    assert one.patient.unsaid == frozenset()
    assert (one.patient.ref, one.patient.birth_date) == ("C9", date(1981, 3, 14))
    assert (one.patient.mobile, one.patient.email) == ("0491 570 156", "ann@example.org")
    assert (one.patient.is_new, one.patients, one.fee) == (True, One("C9"), 14_500)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Booked", AppointmentStatus.BOOKED),
        ("Here", AppointmentStatus.ARRIVED),
        ("Done", AppointmentStatus.COMPLETED),
        ("FTA", AppointmentStatus.NO_SHOW),
        ("Gone", AppointmentStatus.CANCELLED),
        ("On Hold", AppointmentStatus.OTHER),
    ],
)
async def test_what_the_map_says_of_a_state_is_its_status(
    tmp_path: Path, word: str, status: AppointmentStatus
) -> None:
    (one,) = (await whole(mapped(tmp_path, f"7;A;B;Dr Rao;R2;;26/11/2026;09:15;30;{word}"))).appointments

    assert one.status is status


async def test_what_the_map_skips_is_no_appointment_and_no_fault(tmp_path: Path) -> None:
    page = await whole(mapped(tmp_path, "7;;Lunch;Dr Rao;R2;;26/11/2026;12:00;30;Booked"))

    assert (page.appointments, page.incomplete) == ((), "")


async def test_sites_are_told_apart(tmp_path: Path) -> None:
    line = "{};A;B;Dr Rao;R2;{};26/11/2026;09:15;30;Booked"
    diary = mapped(tmp_path, line.format(1, "North"), line.format(2, "South"), line.format(3, "North"))

    assert diary.abilities.has_locations
    assert [one.ref for one in await diary.locations()] == ["North", "South"]
    assert [one.ref for one in (await whole(diary, location="North")).appointments] == ["1", "3"]
    assert [one.ref for one in (await whole(diary)).appointments] == ["1", "2", "3"]


async def test_one_number_at_two_sites_is_two_appointments(tmp_path: Path) -> None:
    line = "1;A;B;Dr Rao;R2;{};26/11/2026;09:15;30;Booked"
    page = await whole(mapped(tmp_path, line.format("North"), line.format("South")))

    assert (len(page.appointments), page.incomplete) == (2, "")


async def test_without_a_column_of_sites_any_site_has_all(tmp_path: Path) -> None:
    diary = csv_diary(write(tmp_path / "a.csv", rows(*day(2))))

    assert len((await whole(diary, location="1")).appointments) == 2
    assert await diary.locations() == ()


async def test_a_practice_that_is_the_same_for_every_line_is_no_site(tmp_path: Path) -> None:
    map_file = write(tmp_path / "map.toml", '[columns]\npractice = { default = "adelaide" }')
    diary = csv_diary(write(tmp_path / "a.csv", rows(*day(2))), map_file=map_file)

    assert not diary.abilities.has_locations
    assert {one.location for one in (await whole(diary)).appointments} == {""}
    with pytest.raises(Unsupported):
        await diary.locations()
    with pytest.raises(Unsupported):
        await whole(diary, location="1")


async def test_pages_and_slices_have_everything_once(tmp_path: Path) -> None:
    diary = csv_diary(write(tmp_path / "a.csv", rows(*day(60, day=27, first=60), *day(60))))
    half_past_ten = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)

    page = await diary.appointments(LONG_AGO, LATE)
    everything = await whole(diary)

    assert (len(page.appointments), page.total, everything.total) == (100, 120, 120)
    assert [one.ref for one in everything.appointments] == [f"P{number}" for number in range(120)]
    early, late = await whole(diary, end=half_past_ten), await whole(diary, start=half_past_ten)
    assert early.appointments + late.appointments == everything.appointments
    assert early.appointments[-1].starts_at < half_past_ten == late.appointments[0].starts_at


async def test_whom_appointments_are_with_is_told_by_id_or_by_name(tmp_path: Path) -> None:
    heading = f"{HEADING},pms_practitioner_ref"
    lines = ("1,A,Dr Rao,2026-11-26 09:00,R2", "2,A,Dr Roe,2026-11-26 09:00,")
    found = await csv_diary(write(tmp_path / "a.csv", rows(*lines, heading=heading))).practitioners()

    assert [(one.ref, one.name) for one in found] == [("Dr Roe", "Dr Roe"), ("R2", "Dr Rao")]


async def test_only_the_file_as_a_whole_can_be_asked(tmp_path: Path) -> None:
    diary = csv_diary(write(tmp_path / "a.csv", rows(*day(1))))

    assert not diary.abilities.answers_by_id
    assert await diary.ping() is None
    for question in (
        diary.appointment("P0"),
        diary.patient("C1"),
        diary.changes(EIGHT),
        diary.blocks(EIGHT, LATE),
        diary.hours(),
    ):
        with pytest.raises(Unsupported):
            await question
    await diary.close()
    await diary.close()


class TestWhatIsMissing:
    async def test_a_file_from_today_on_speaks_for_so_many_days_since_it_was_written(
        self, tmp_path: Path
    ) -> None:
        file = write(tmp_path / "a.csv", rows(*day(4)), EIGHT - timedelta(days=1))
        page = await whole(csv_diary(file, days=60))
        end = datetime(2027, 1, 24, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)

        assert page.as_of == EIGHT - timedelta(days=1)
        assert page.spans == (Span(page.as_of, end),)
        assert page.would_have("Dr Rao", EIGHT)
        assert not page.would_have("Dr Rao", page.as_of - timedelta(seconds=1))
        assert not page.would_have("Dr Rao", end)

    async def test_a_file_from_the_future_speaks_from_now_on(self, tmp_path: Path) -> None:
        clock = Clock()
        page = await whole(
            csv_diary(write(tmp_path / "a.csv", rows(*day(1)), EIGHT + timedelta(hours=3)), clock)
        )

        assert page.as_of == clock.at

    async def test_otherwise_it_speaks_for_the_days_that_it_has_of_each_practitioner(
        self, tmp_path: Path
    ) -> None:
        lines = (
            "1,A,Dr Rao,2026-11-26 09:00",
            "2,A,Dr Rao,2026-11-28 09:00",
            "3,A,Dr Roe,2026-11-27 09:00",
        )
        page = await whole(csv_diary(write(tmp_path / "a.csv", rows(*lines)), days=None))

        for practitioner, on, is_there in (
            ("Dr Rao", 25, False),
            ("Dr Rao", 26, True),
            ("Dr Rao", 28, True),
            ("Dr Rao", 29, False),
            ("Dr Roe", 26, False),
            ("Dr Roe", 27, True),
            ("Dr Roe", 28, False),
            ("Dr Kaur", 27, False),
        ):
            for hour, minute in ((0, 0), (23, 59)):
                at = datetime(2026, 11, on, hour, minute, tzinfo=ZoneInfo(ZONE))
                assert page.would_have(practitioner, at) is is_there, (practitioner, on)

    async def test_a_line_that_cannot_be_read_makes_it_incomplete(self, tmp_path: Path) -> None:
        lines = [*day(3), "P9,Ann Lee,Dr Rao,soon"]
        page = await whole(csv_diary(write(tmp_path / "a.csv", rows(*lines))))

        assert page.incomplete == "line 5, starts_at could not be read"
        assert len(page.appointments) == 3
        assert page.spans == ()
        assert not page.would_have("Dr Rao", EIGHT)

    @pytest.mark.parametrize(
        "line",
        [
            "P9,Ann Lee",
            "P0,Ann Lee,Dr Rao,2026-11-26 09:00",
            ",Ann Lee,Dr Rao,2026-11-26 09:00",
            "P9,,Dr Rao,2026-11-26 09:00",
            "P9,Ann Lee,Dr Rao,9999-12-31 09:00",
            f"{'9' * 201},Ann Lee,Dr Rao,2026-11-26 09:00",
            'P9,"Ann Lee,Dr Rao,2026-11-26 09:00',
            "P9,Ann\0Lee,Dr Rao,2026-11-26 09:00",
        ],
        ids=["cut", "twice", "no number", "nobody", "far year", "long number", "open quote", "NUL"],
    )
    async def test_no_line_is_left_out_in_silence(self, tmp_path: Path, line: str) -> None:
        page = await whole(csv_diary(write(tmp_path / "a.csv", rows(*day(3), line))))

        assert page.incomplete.startswith("line 5")
        assert len(page.appointments) == 3

    async def test_several_lines_are_counted_and_say_nothing_of_patients(self, tmp_path: Path) -> None:
        lines = [*day(2), "P8,Ann Lee,Dr Rao,soon", "P9,Ann Lee"]
        page = await whole(csv_diary(write(tmp_path / "a.csv", rows(*lines))))

        assert page.incomplete == "2 lines could not be read, the first of them: line 4, starts_at"

    async def test_a_cell_that_cannot_be_read_leaves_the_rest_whole(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.csv", rows(f"{day(1)[0]},none", heading=f"{HEADING},patient_email"))
        page = await whole(csv_diary(file))

        assert page.incomplete == ""
        assert page.appointments[0].patient is not None
        assert "patient_email" in page.appointments[0].patient.unsaid


class TestBesideTheLastOne:
    async def read(self, folder: Path, content: str, *, later: int) -> str:
        """What a process that begins now says of a file, and what it says of it once more."""
        clock = Clock(EIGHT + timedelta(minutes=later))
        file = write(folder / "a.csv", content, clock.at)
        first, second = [
            (await whole(csv_diary(file, clock, memory=folder / "state" / "last.json"))).incomplete
            for _ in range(2)
        ]
        assert first == second
        return first

    async def test_fewer_than_half_of_the_rows_are_not_believed(self, tmp_path: Path) -> None:
        assert await self.read(tmp_path, rows(*day(20)), later=0) == ""
        assert await self.read(tmp_path, rows(*day(10)), later=1) == ""
        said = await self.read(tmp_path, rows(*day(4)), later=2)
        assert said == "it has 4 rows where the one before it had 10"
        # Whoever exports fewer days on purpose is believed the next time.
        assert await self.read(tmp_path, rows(*day(5)), later=3) == ""

    async def test_another_heading_is_not_believed(self, tmp_path: Path) -> None:
        assert await self.read(tmp_path, rows(*day(2)), later=0) == ""
        other = rows(*(f"{line},x" for line in day(3)), heading=f"{HEADING},appointment_type")
        assert await self.read(tmp_path, other, later=1) == "it has another heading than the one before it"

    async def test_a_last_line_without_an_end_is_not_believed_where_the_one_before_had_one(
        self, tmp_path: Path
    ) -> None:
        assert await self.read(tmp_path, rows(*day(2)).rstrip("\n"), later=0) == ""
        assert await self.read(tmp_path, rows(*day(3)), later=1) == ""
        said = await self.read(tmp_path, rows(*day(4)).rstrip("\n"), later=2)
        assert said == "its last line has no end, as if it were cut off"
        assert await self.read(tmp_path, rows(*day(5)).rstrip("\n"), later=3) == ""

    async def test_an_older_file_never_comes_back(self, tmp_path: Path) -> None:
        memory, clock = tmp_path / "last.json", Clock()
        write(tmp_path / "1.csv", rows(*day(2)), EIGHT - timedelta(hours=1))
        newer = write(tmp_path / "2.csv", rows(*day(2, day=27)), EIGHT)
        diary = csv_diary(tmp_path, clock, memory=memory)
        await whole(diary)
        newer.unlink()

        for reader in (diary, csv_diary(tmp_path, clock, memory=memory)):
            with pytest.raises(
                PmsUnavailable, match="older than the one read before it, which was taken away"
            ):
                await whole(reader)
        write(tmp_path / "1.csv", rows(*day(3)), EIGHT + timedelta(minutes=1))
        assert len((await whole(diary)).appointments) == 3

    async def test_who_only_looks_leaves_no_trace(self, tmp_path: Path) -> None:
        memory = tmp_path / "state" / "last.json"
        await whole(csv_diary(write(tmp_path / "a.csv", rows(*day(4))), memory=memory, is_remembered=False))

        assert not memory.exists()

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b'{"rows": 1}', b'{"digest":1,"heading":1,"rows":""}']
    )
    async def test_a_memory_that_cannot_be_read_is_none(self, tmp_path: Path, content: bytes) -> None:
        memory = tmp_path / "last.json"
        memory.write_bytes(content)
        memory.chmod(0o600)

        page = await whole(csv_diary(write(tmp_path / "a.csv", rows(*day(4))), memory=memory))
        assert page.incomplete == ""

    async def test_a_memory_that_cannot_be_kept_stops_nothing(self, tmp_path: Path) -> None:
        memory = write(tmp_path / "file", "x") / "last.json"

        page = await whole(csv_diary(write(tmp_path / "a.csv", rows(*day(4))), memory=memory))
        assert page.incomplete == ""


class TestTheFileItself:
    @pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
    async def test_a_compressed_one_is_read_and_a_cut_one_is_none(
        self, tmp_path: Path, pack: Callable[[bytes], bytes]
    ) -> None:
        packed = pack(rows(*day(40)).encode())
        assert len((await whole(csv_diary(write(tmp_path / "a.csv", packed)))).appointments) == 40
        with pytest.raises(ContractDrift, match="damaged or cut off"):
            await whole(csv_diary(write(tmp_path / "a.csv", packed[:-9])))

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "is empty"),
            ("PK\x03\x04x", "Excel workbook"),
            (rows(heading="a,b"), "has no column patient_name"),
            (rows(heading=f"{HEADING},colour"), "a column that is not known here, colour"),
            (rows(heading=HEADING.replace("pms_ref,", "")), "no column has the numbers of the appointments"),
        ],
    )
    async def test_what_is_no_diary_is_refused_with_a_sentence(
        self, tmp_path: Path, content: str, said: str
    ) -> None:
        with pytest.raises(ContractDrift, match=said):
            await whole(csv_diary(write(tmp_path / "a.csv", content)))

    async def test_pages_are_never_of_two_files(self, tmp_path: Path) -> None:
        file, clock = write(tmp_path / "a.csv", rows(*day(60), *day(60, day=27, first=60))), Clock()
        diary = csv_diary(file, clock)
        page = await diary.appointments(LONG_AGO, LATE)
        write(file, rows(*day(60), *day(59, day=28, first=60)), EIGHT + timedelta(minutes=1))

        # Who has begun goes on with the file that was there, who begins now gets the newer one.
        assert len((await diary.appointments(LONG_AGO, LATE, page.cursor)).appointments) == 20
        assert len((await whole(diary)).appointments) == 119
        with pytest.raises(PmsUnavailable, match="a newer export has come since"):
            await diary.appointments(LONG_AGO, LATE, page.cursor)

    async def test_another_process_goes_on_where_one_stopped(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.csv", rows(*day(60), *day(60, day=27, first=60)))
        page = await csv_diary(file).appointments(LONG_AGO, LATE)

        assert len((await csv_diary(file).appointments(LONG_AGO, LATE, page.cursor)).appointments) == 20

    async def test_a_cursor_that_is_none_is_refused(self, tmp_path: Path) -> None:
        diary = csv_diary(write(tmp_path / "a.csv", rows(*day(60), *day(60, day=27, first=60))))
        cursor = (await diary.appointments(LONG_AGO, LATE)).cursor
        assert cursor is not None

        with pytest.raises(ContractDrift):
            await diary.appointments(LONG_AGO, LATE, cursor.replace(":", ":-"))

    async def test_an_unchanged_file_is_read_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from frontdesk.pms.files import csv_rows

        diary = csv_diary(write(tmp_path / "a.csv", rows(*day(3))))
        await whole(diary)
        monkeypatch.setattr(csv_rows, "CsvSource", None)

        assert len((await whole(diary)).appointments) == 3

    async def test_too_many_rows_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("frontdesk.pms.files.csv_rows.MOST_ROWS", 5)

        with pytest.raises(ContractDrift, match="it has more than 5 rows: export a shorter time"):
            await whole(csv_diary(write(tmp_path / "a.csv", rows(*day(6)))))

    @pytest.mark.parametrize("what", ["gone", "longer", "another"])
    async def test_what_changes_while_it_is_read_is_not_believed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        file = write(tmp_path / "a.csv", rows(*day(3)))
        memory = tmp_path / "last.json"
        from frontdesk.pms.files.csv_rows import CsvExport

        reads = CsvExport.read

        def meanwhile(how: CsvExport, path: Path, as_of: datetime) -> object:
            found = reads(how, path, as_of)
            if what == "another":
                write(tmp_path / "b.csv", rows(*day(3))).replace(file)
            elif what == "longer":
                write(file, rows(*day(4)))
            else:
                file.unlink()
            return found

        monkeypatch.setattr(CsvExport, "read", meanwhile)
        with pytest.raises(PmsUnavailable, match="while it was read"):
            await whole(csv_diary(file, memory=memory))
        assert not memory.exists()


async def test_a_map_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings):
        csv_diary(tmp_path, map_file=write(tmp_path / "map.toml", "[columns]\nnothing = 1"))


HOSTILE = st.text(st.sampled_from('abP0129,;"\n\r\0:- \ufeff\u202e=é') | st.characters(), max_size=200)


@given(HOSTILE)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_file_holds_nothing_but_a_pms_error_comes_of_it(
    tmp_path: Path, content: str
) -> None:
    file = write(tmp_path / "a.csv", content.encode("utf-8", "surrogatepass"))
    for beginning in (b"", f"{HEADING}\n".encode()):
        write(file, beginning + file.read_bytes())
        with suppress(PmsError):
            page = await whole(csv_diary(file, days=None))
            assert page.total == len(page.appointments)


WHOLE = rows(*day(12)).encode()


@given(st.integers(0, len(WHOLE) - 1))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_file_cut_within_a_line_or_below_half_is_never_whole(tmp_path: Path, at: int) -> None:
    """Only one cut between two lines of the second half looks like a shorter file: what is missing is asked then."""
    memory, clock = tmp_path / "last.json", Clock()
    file = write(tmp_path / "a.csv", WHOLE)
    memory.unlink(missing_ok=True)
    before = await whole(csv_diary(file, memory=memory))
    write(file, WHOLE[:at], EIGHT + timedelta(seconds=1))

    try:
        page = await whole(csv_diary(file, clock, memory=memory))
    except PmsError:
        return
    is_shorter_file = WHOLE[:at].endswith(b"\n") and len(page.appointments) * 2 >= len(before.appointments)
    assert page.incomplete or is_shorter_file
    # What is new or changed goes in, and what was cut is no new start of an appointment.
    assert {one.ref: one for one in page.appointments}.items() <= {
        one.ref: replace(one) for one in before.appointments
    }.items() or page.incomplete
