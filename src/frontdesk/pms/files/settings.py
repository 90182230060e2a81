"""What a connection says of the file, or the calendar feed, that its PMS exports."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Export:
    """Where an export lies and how it is read.

    `path` is a file, a folder, or a pattern such as `/srv/diary/bookings-*.csv`; without it the secret of
    the account is the address of a feed. `map_file` says what the columns of a CSV file mean. `days`: the
    export holds everything from its own day on for so many days; None: from the day of its first row to the
    day of its last. `summary` and `description` are templates of a calendar's texts, `practitioner` is
    where it names whom the appointment is with. `memory` is the file that keeps what the last export
    looked like; None: only as long as the program runs. With `is_remembered` False nothing is written there.
    """

    path: Path | None = None
    map_file: Path | None = None
    days: int | None = 60
    summary: tuple[str, ...] = ()
    description: tuple[str, ...] = ()
    practitioner: str = "calendar"
    memory: Path | None = None
    is_remembered: bool = True
