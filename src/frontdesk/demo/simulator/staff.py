"""What people at the practice do in their PMS meanwhile, as a fault of the simulator makes them do it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.faults import Kind
from frontdesk.demo.simulator.records import Entry, EntryStatus, Gone, Site

_HALF_AN_HOUR = timedelta(minutes=30)
_FAR = timedelta(days=400)
_LATE = timedelta(seconds=2)
OTHER_PATIENT, OTHER_SITE = "900001", "9"


class Staff:
    """The people of a practice; what they do is the fault's word, to which appointment the request's."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._doing: dict[Kind, Callable[[str, Entry, datetime], object]] = {
            Kind.STAFF_MOVE: lambda account, entry, now: self._move(account, entry, now, _HALF_AN_HOUR),
            Kind.STAFF_MOVE_FAR: lambda account, entry, now: self._move(account, entry, now, _FAR),
            Kind.STAFF_CHANGE: lambda account, entry, now: diary.change(
                account, entry, now, note="Rang about parking"
            ),
            Kind.STAFF_CANCEL: lambda account, entry, now: diary.change(
                account, entry, now, status=EntryStatus.CANCELLED
            ),
            Kind.STAFF_REINSTATE: lambda account, entry, now: diary.change(
                account, entry, now, status=EntryStatus.BOOKED
            ),
            Kind.STAFF_DELETE: lambda account, entry, now: diary.change(
                account, entry, now, gone=Gone.DELETED
            ),
            Kind.STAFF_ARCHIVE: lambda account, entry, now: diary.change(
                account, entry, now, gone=Gone.ARCHIVED
            ),
            Kind.STAFF_REBOOK: self._rebook,
            Kind.STAFF_REBOOK_SILENTLY: self._rebook_silently,
            Kind.STAFF_LATE: lambda account, entry, now: diary.change(
                account, entry, now - _LATE, note="Saved late"
            ),
            Kind.STAFF_SWAP_PATIENT: lambda account, entry, now: diary.change(
                account, entry, now, patient_ref=OTHER_PATIENT, patient_name="Noah Park"
            ),
            Kind.STAFF_MERGE_PATIENTS: self._merge,
            Kind.STAFF_RENAME: self._rename,
            Kind.STAFF_ELSEWHERE: self._elsewhere,
        }

    def do(self, kind: Kind, account: str, ref: str, now: datetime) -> None:
        """Do something to an appointment, or where none is named to the next one that is booked."""
        entry = self._diary.entry(account, ref) if ref else self._diary.earliest(account, now)
        if entry is not None:
            self._doing[kind](account, entry, now)

    def _move(self, account: str, entry: Entry, now: datetime, later: timedelta) -> None:
        starts_at, ends_at = entry.starts_at + later, entry.ends_at + later
        self._diary.change(account, entry, now, starts_at=starts_at, ends_at=ends_at)

    def _rebook(self, account: str, entry: Entry, now: datetime) -> None:
        starts_at, ends_at = entry.starts_at + _HALF_AN_HOUR, entry.ends_at + _HALF_AN_HOUR
        self._diary.rebook(account, entry, now, starts_at=starts_at, ends_at=ends_at)

    def _rebook_silently(self, account: str, entry: Entry, now: datetime) -> None:
        """Delete it and book the same again, which nothing connects with the first one."""
        starts_at, ends_at = entry.starts_at + _HALF_AN_HOUR, entry.ends_at + _HALF_AN_HOUR
        made = self._diary.rebook(account, entry, now, starts_at=starts_at, ends_at=ends_at)
        self._diary.put(account, replace(made, moved_from=""))
        self._diary.change(account, entry, now, gone=Gone.DELETED)

    def _merge(self, account: str, entry: Entry, now: datetime) -> None:
        """Make the patient another one, who has the appointment from now on."""
        known = self._diary.register.person(account, entry.patient_ref)
        if known is not None:
            self._diary.register.put_person(account, replace(known, ref=OTHER_PATIENT))
        self._diary.register.merge(account, entry.patient_ref, OTHER_PATIENT)
        self._diary.change(account, entry, now, patient_ref=OTHER_PATIENT)

    def _rename(self, account: str, entry: Entry, _: datetime) -> None:
        """Give the practitioner another name, in every appointment too."""
        self._diary.rename(account, entry.practitioner_ref, f"{entry.practitioner_name}-Marsh")

    def _elsewhere(self, account: str, entry: Entry, now: datetime) -> None:
        """Move it to a site that nobody has told anybody about."""
        self._diary.register.put_site(account, Site(OTHER_SITE, "The new site"))
        self._diary.change(account, entry, now, location_ref=OTHER_SITE)
