"""The bookings the screen tests work on: those of the design's pictures, and their neighbours."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Channel, Operator, Origin, Patient, Pms, Practice

ADELAIDE = ZoneInfo("Australia/Adelaide")
SYDNEY = ZoneInfo("Australia/Sydney")
NOW = datetime(2026, 11, 22, 9, 14, tzinfo=ADELAIDE).astimezone(UTC)
KIM = Operator("Kim Nguyen")
TOM = Operator("Tom Reid")
BOTH = (Channel.EMAIL, Channel.SMS)
HOSTILE_NAME = "[@click=app.quit]Smith[/] \x1b]0;x\x07"
HOSTILE_NAMES = (
    HOSTILE_NAME,
    "[/",
    "[bold]x[/bold]",
    "Smith [DOB=1.2]",
    "\u202eevil\u202c \u200bx",
    "\x9b31mred",
    "$variable [@click=app.simulate_key('y')]y[/]",
    "名前 テスト 漢字漢字漢字漢字漢字漢字",
)

PRACTICES = (
    Practice(
        "adelaide",
        "Smile Dental Adelaide",
        "ADL",
        "Australia/Adelaide",
        pms=Pms("smile", "praktika", "Praktika", can_cancel=True),
        patient_channels=BOTH,
    ),
    Practice(
        "port",
        "Port Dental",
        "PRT",
        "Australia/Adelaide",
        pms=Pms("dentix", "manual", "Dentix", can_cancel=False),
        patient_channels=BOTH,
    ),
    Practice("sydney", "Smile Dental Sydney", "SYD", "Australia/Sydney", patient_channels=BOTH),
)

MIRELA = Patient("Mirela Kovač", date(1981, 3, 14), "0491 570 006", "mirela.kovac@example.com", True)
OTHER_MIRELA = Patient("Mirela Kovač", date(2007, 8, 30), "0491 570 156", "", True)


def _at(practice: str, *moment: int) -> datetime:
    zone = SYDNEY if practice == "sydney" else ADELAIDE
    year, month, day, hour, minute = moment
    return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


def _booking(
    ref: str,
    practice: str,
    patient: Patient,
    practitioner: str,
    moment: tuple[int, int, int, int, int],
    cancelled_at: datetime | None = None,
) -> IncomingBooking:
    starts_at = _at(practice, *moment)
    return IncomingBooking(
        line=0,
        practice_id=practice,
        patient=patient,
        practitioner_name=practitioner,
        appointment_type="Check-up and clean",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        ref=ref,
        pms_ref=f"8{ref[-4:]}",
        fee=18900,
        created_at=_at(practice, 2026, 11, 2, 20, 11),
        cancelled_at=cancelled_at,
        cancellation_reason="holiday" if cancelled_at else "",
        cancelled_origin=Origin.HERE,
    )


def kovacs() -> Iterator[IncomingBooking]:
    """The eight bookings of the design's picture, refs SD-10481 to SD-10488."""
    ante = Patient("Ante Kovačević", date(1958, 2, 2), "0491 570 157", "ante@example.com")
    petra = Patient("Petra Kovalenko", date(1990, 6, 19), "", "")
    ivan = Patient("Ivan Kovac", None, "0491 570 158", "")
    siew = Patient("Siew Ling Kovac-Tan", date(1972, 10, 11), "0491 570 159", "siew@example.com")
    yesterday = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    yield _booking("SD-10481", "adelaide", MIRELA, "Dr Lee", (2025, 3, 12, 9, 0))
    yield _booking("SD-10483", "sydney", ante, "Dr Okafor", (2026, 11, 12, 14, 0), yesterday)
    yield _booking("SD-10484", "adelaide", MIRELA, "Ms Brandt", (2026, 11, 16, 11, 30))
    yield _booking("SD-10485", "sydney", OTHER_MIRELA, "Dr Okafor", (2026, 11, 26, 10, 30))
    yield _booking("SD-10482", "adelaide", MIRELA, "Dr Lee", (2026, 11, 26, 10, 30))
    yield _booking("SD-10486", "port", petra, "Dr Papadopoulos", (2026, 11, 27, 8, 15))
    yield _booking("SD-10487", "adelaide", ivan, "Dr Lee", (2026, 11, 30, 15, 0))
    yield _booking("SD-10488", "sydney", siew, "Dr Okafor", (2026, 12, 1, 16, 45))


def neighbours() -> Iterator[IncomingBooking]:
    """Sixty other bookings: one every six hours from ten days ago on, at the three practices."""
    first = datetime(2026, 11, 12, 9, 0, tzinfo=ADELAIDE)
    for index in range(60):
        local = first + timedelta(hours=6 * index)
        patient = Patient(
            f"Patient{index:02} Neighbour", date(1960, 1, 1) + timedelta(days=97 * index), "0491 570 110"
        )
        practice = PRACTICES[index % 3].id
        moment = (local.year, local.month, local.day, local.hour, local.minute)
        yield _booking(f"SD-2{index:04}", practice, patient, "Dr Lee", moment)


def everything() -> list[IncomingBooking]:
    """All bookings of the screen tests."""
    return [*kovacs(), *neighbours()]
