"""What is asked of the process that reads a calendar, and what it answers."""

from datetime import datetime

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How a calendar is read: by whose clock, from when until when, and where its texts have what.

    `most` is how many appointments and times off may come of it.
    """

    time_zone: str
    start: datetime
    end: datetime
    summary: tuple[str, ...]
    description: tuple[str, ...]
    practitioner: str
    most: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment, or with an empty `patient` a time off. Text is cleaned, instants are UTC."""

    ref: str
    starts_at: datetime
    ends_at: datetime | None
    time_text: str
    patient: str = ""
    patient_ref: str = ""
    mobile: str = ""
    email: str = ""
    appointment_type: str = ""
    practitioner: str = ""
    practitioner_ref: str = ""
    series: str = ""
    is_cancelled: bool = False
    status: str = ""
    version: str = ""
    updated_at: datetime | None = None
    label: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a calendar: `number` events, those of them that could not be read by their places.

    `is_whole`: everything that begins in it ends in it too. `is_too_much`: more than may come of it.
    """

    events: tuple[Event, ...] = ()
    number: int = 0
    unread: tuple[int, ...] = ()
    is_whole: bool = True
    is_too_much: bool = False
