"""A day typed at a real terminal, in one write and byte by byte, and at the command line."""

import sys
from datetime import timedelta

from frontdesk import times
from frontdesk.bookings import Booking
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

FRONTDESK = [sys.executable, "-m", "frontdesk"]
CTRL_G = b"\x07"


def found(desk: LineDesk, reference: str) -> Booking:
    (booking,) = desk.ask(lambda store: store.find(reference, "perth"))
    return booking


def typed(booking: Booking) -> str:
    day = times.local_date(booking.starts_at, booking.practice.zone)
    return f"{day.day}/{day.month}/{day.year}"


def test_ctrl_g_a_day_and_enter_stand_on_its_first_booking(desk: LineDesk) -> None:
    booking = found(desk, "R00004")
    day = typed(booking)
    with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)]) as screen:
        screen.wait_for("6 bookings")
        screen.send(CTRL_G)
        screen.wait_for("Enter goes there")
        for letter in day:
            screen.send(letter.encode())
        echoed = screen.wait_for(lambda lines: any(f"{day} " in line and ", in " in line for line in lines))
        assert not any("Enter again" in line for line in echoed)
        screen.send(b"\r")
        screen.wait_for("Enter again: only that day.")
        # All in one write, typed on without waiting: back, there again, and that day alone.
        screen.send(b"\x1bOQ" + CTRL_G + day.encode() + b"\r\r")
        screen.wait_for("FILTER ")
        shown = "\n".join(screen.wait_for("1 of 6"))
        assert "Noah O'Brien" in shown
        assert "Amelia" not in shown


def test_line_mode_reads_the_same_days(desk: LineDesk) -> None:
    booking = found(desk, "R00004")
    day = times.local_date(booking.starts_at, booking.practice.zone)
    spellings = (day.isoformat(), typed(booking), f"{day.day} {times.MONTHS[day.month - 1]} {day.year}")
    for spelling in spellings:
        listed = desk.document("list", "--day", spelling)
        assert [one["ref"] for one in listed] == ["R00004"]
        assert desk.document("list", "--from", spelling, "--to", spelling) == listed
    wrong = f"{times.DAYS[(day + timedelta(1)).weekday()]} {typed(booking)}"
    result = desk("list", "--day", wrong)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"--day: {times.day_in_full(day)} is a ")
    assert result.stderr.endswith(". See: frontdesk list --help\n")
    assert result.stderr.count("\n") == 1
