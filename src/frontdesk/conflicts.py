"""What a diary's word does to a booking, and what stands against it: the conflict table.

A row is what the diary shows, a column what was done here: nothing, a cancel, a change that waits for the
PMS, or the mark that the patient did not come. Time, practitioner, type and status are the diary's. What was
cancelled here is cancelled for ever; booked again there is another booking. Another patient is always another
booking. Whatever is still on its way to the PMS is settled first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from frontdesk import attendance
from frontdesk.arrivals import AppointmentStatus, Effect, IncomingBooking
from frontdesk.bookings import Origin, Presence
from frontdesk.identity import patient_key
from frontdesk.merging import NO_INTENT, OF_SOURCES, Merged, Reading, cancelled, merge
from frontdesk.text import fold

PAGE_AGE = timedelta(minutes=2)
"""A page may have been read so long before it is noted: what was done since then is not on it."""

_CAME = frozenset({AppointmentStatus.ARRIVED, AppointmentStatus.COMPLETED})
_CAME_HERE = frozenset({Presence.ARRIVED, Presence.ATTENDED})


class Verdict(Enum):
    """What becomes of a diary's word."""

    NOTHING = "it is so here already"
    WRITE = "the booking gets what is said"
    BEGIN = "a booking begins"
    FOLLOW = "a booking begins under the same id, and the one that had it stays as it is"
    REPLACE = "the booking ends, and another patient's begins under the same id"
    WAITS = "what is under way is settled first"
    STALE = "it may be older than what was done here, and is read again first"
    PERSON = "a person has to look"


@dataclass(frozen=True, slots=True)
class Word:
    """What a diary called `source` says now of one of its ids, noted at `noted_at`.

    `status` and `said` are None for one that is gone for certain. `was_off` says that what was dealt with
    last was that it is cancelled there, or gone. `has_our_refs` says that the ids of patients there are of the
    connection that the booking has them of.
    """

    status: AppointmentStatus | None
    said: IncomingBooking | None
    source: str
    noted_at: datetime
    was_off: bool = False
    has_our_refs: bool = True


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How far the PMS has been told of what was done here with a booking.

    `is_sent` says that what is under way may have reached it already. `cancelled_there_at` is when our cancel
    was proven.
    """

    is_open: bool = False
    is_sent: bool = False
    cancelled_there_at: datetime | None = None


NOTHING_UNDER_WAY = UnderWay()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a booking and of the id.

    `merged` is for the booking that is there, `begins` is the one that begins. `note` is what the diary says
    and the booking does not take over, for its history. `why` says why it waits, or what a person has to look at.
    """

    verdict: Verdict
    effects: frozenset[Effect] = frozenset()
    merged: Merged = field(default_factory=Merged)
    begins: Merged | None = None
    ends_intent: bool = False
    note: str = ""
    why: str = ""


_NOTHING = Decision(Verdict.NOTHING)


def decide(
    there: Mapping[str, Any] | None,
    word: Word,
    under_way: UnderWay,
    practitioner_id: int,
    read: Reading,
) -> Decision:
    """Return what `word` does to the booking of its id, which stands `there`, None where it has none.

    The practitioner is the one that the diary names.
    """
    case = _Case(there or {}, word, under_way, practitioner_id, read)
    if there is None:
        return case.begun()
    if word.said is not None and is_another_patient(there, word.said, has_our_refs=word.has_our_refs):
        return case.of_another_patient()
    if there["cancelled"] and there["cancelled_origin"] not in OF_SOURCES:
        return case.against_a_cancel()
    if there["intent_id"] is not None:
        return case.against_an_intent()
    if there["attendance"] == Presence.NO_SHOW and there["attendance_origin"] not in OF_SOURCES:
        return case.against_a_no_show()
    return case.plain()


def is_another_patient(there: Mapping[str, Any], said: IncomingBooking, *, has_our_refs: bool) -> bool:
    """Whether one id of a diary has another patient now than the booking which had it.

    Where an id of the patient is missing on one side, the words of the name decide, as long as the birth dates
    do not contradict.
    """
    patient = said.patient
    if not patient.name and not patient.pms_ref:
        return False
    ours, theirs = there["patient_pms_ref"] if has_our_refs else "", patient.pms_ref
    if ours and ours == theirs:
        return False
    name = patient.name or there["patient_name"]
    known = patient_key(there["patient_name"], there["patient_birth_date"], there["patient_mobile"])
    if known and known == patient_key(name, patient.birth_date, patient.mobile):
        return False
    if ours and theirs:
        return True
    same_words = sorted(fold(name)) == sorted(fold(there["patient_name"]))
    return not same_words or _contradict(there["patient_birth_date"], patient.birth_date)


def _contradict(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one != other


@dataclass(frozen=True, slots=True)
class _Case:
    """One word and one booking: each method is a column of the table."""

    there: Mapping[str, Any]
    word: Word
    under_way: UnderWay
    practitioner_id: int
    read: Reading

    def begun(self) -> Decision:
        """The id has no booking yet."""
        said = self.word.said
        if said is None:
            return _NOTHING
        if not said.patient.name:
            return self._person("it does not say who the patient is")
        return Decision(Verdict.BEGIN, self._with_word(Effect.NEW), begins=self._new(said))

    def plain(self) -> Decision:
        """Nothing was done here that stands against it."""
        said = self.word.said
        if said is None:
            return self._gone()
        merged = merge(self.there, said, self.practitioner_id, self.read)
        note = "" if self.under_way.is_open else self._evidence(merged)
        effects = self._with_word(*merged.effects, *([Effect.ATTENDANCE] if note else []))
        return Decision(_verdict(merged, note), effects, merged, note=note)

    def against_a_cancel(self) -> Decision:
        """It was cancelled here, for ever."""
        if self.word.status is AppointmentStatus.CANCELLED:
            return _NOTHING
        said = self.word.said
        if self.under_way.is_open:
            if said is not None and self.word.status is AppointmentStatus.BOOKED and self._is_same(said):
                return _NOTHING
            return self._waits(f"it was cancelled here, and {self.word.source} shows {self._shown()}")
        if said is None or self.word.status is AppointmentStatus.NO_SHOW:
            return _NOTHING
        if (proven_at := self.under_way.cancelled_there_at) is not None and not self.word.was_off:
            if self.word.noted_at < proven_at + PAGE_AGE:
                return replace(self._waits("it may have been read before"), verdict=Verdict.STALE)
        elif not self.word.was_off:
            return self._person(f"it was cancelled here, and {self.word.source} shows {self._shown()}")
        return Decision(Verdict.FOLLOW, self._with_word(Effect.NEW), begins=self._new(said))

    def against_an_intent(self) -> Decision:
        """A change waits here for the PMS."""
        said = self.word.said
        if self.word.status is AppointmentStatus.CANCELLED and not self.under_way.is_sent:
            decision = self.plain()
            values = decision.merged.values | NO_INTENT
            return replace(decision, merged=replace(decision.merged, values=values), ends_intent=True)
        if said is not None and self.word.status is AppointmentStatus.BOOKED and self._is_same(said):
            return self.plain()
        return self._waits(f"a change is under way, and {self.word.source} shows {self._shown()}")

    def against_a_no_show(self) -> Decision:
        """It was marked here that the patient did not come."""
        said, is_open = self.word.said, self.under_way.is_open
        if self.word.status is AppointmentStatus.CANCELLED:
            note = f"{self.word.source} shows it as cancelled"
            return Decision(Verdict.WRITE, frozenset({Effect.ATTENDANCE}), note=note)
        is_unclear = is_open and self.word.status is AppointmentStatus.OTHER
        if said is None or self.word.status in _CAME or is_unclear:
            why = f"it is marked that the patient did not come, and {self.word.source} shows {self._shown()}"
            return self._waits(why) if is_open else self._person(why)
        if self.under_way.is_sent and said.starts_at != self.there["starts_at"]:
            return self._waits(f"the mark is under way, and {self.word.source} shows {self._shown()}")
        return self.plain()

    def of_another_patient(self) -> Decision:
        """The id is another patient's now."""
        said = self.word.said
        assert said is not None  # noqa: S101 - what is gone is nobody's
        why = f"{self.word.source} has another patient at this appointment now"
        if self.under_way.is_open or self.there["intent_id"] is not None:
            return self._waits(why)
        effects = self._with_word(Effect.REPLACED)
        if self.there["cancelled"]:
            return Decision(Verdict.FOLLOW, effects, begins=self._new(said))
        if self.there["attendance"] == Presence.NO_SHOW and self.there["attendance_origin"] not in OF_SOURCES:
            return self._person(why)
        reason = f"the appointment is another patient's now in {self.word.source}"
        ended = Merged(cancelled(self.read.at, Origin.PMS, reason, self.read))
        return Decision(Verdict.REPLACE, effects, ended, self._new(said))

    def _new(self, said: IncomingBooking) -> Merged:
        return merge(None, said, self.practitioner_id, self.read)

    def _gone(self) -> Decision:
        if self.there["cancelled"]:
            return _NOTHING
        reason = f"deleted in {self.word.source}"
        values = cancelled(self.read.at, Origin.PMS, reason, self.read)
        return Decision(Verdict.WRITE, frozenset({Effect.GONE}), Merged(values))

    def _evidence(self, merged: Merged) -> str:
        """What the diary says of whether the patient came where the desk has said otherwise: it is kept in mind."""
        said = self.word.said.attendance if self.word.said else None
        here = Presence(self.there["attendance"])
        if said is None or "attendance" in merged.values or said.presence is here:
            return ""
        if here in _CAME_HERE and said.presence in _CAME_HERE:
            return ""
        return f"{self.word.source} says: {attendance.word_of(said.presence)}"

    def _with_word(self, *effects: Effect) -> frozenset[Effect]:
        is_unknown = self.word.status is AppointmentStatus.OTHER
        return frozenset({*effects, Effect.UNKNOWN_WORD} if is_unknown else effects)

    def _is_same(self, said: IncomingBooking) -> bool:
        here = self.there["starts_at"], self.there["practitioner_id"]
        return self._has_id(said) and here == (said.starts_at, self.practitioner_id)

    def _has_id(self, said: IncomingBooking) -> bool:
        return self.there["pms_ref"] in (None, "", said.pms_ref)

    def _shown(self) -> str:
        said = self.word.said
        if said is None:
            return "it no more"
        shown = {
            AppointmentStatus.ARRIVED: "that the patient arrived",
            AppointmentStatus.COMPLETED: "that the patient attended",
            AppointmentStatus.NO_SHOW: "that the patient did not come",
            AppointmentStatus.CANCELLED: "it as cancelled",
            AppointmentStatus.OTHER: "a status that frontdesk does not know",
        }
        if self.word.status in shown:
            return shown[self.word.status]
        if said.starts_at != self.there["starts_at"]:
            return "it at another time"
        if not self._has_id(said):
            return "it under another id"
        return "it as booked" if self._is_same(said) else "it with another practitioner"

    def _waits(self, why: str) -> Decision:
        return Decision(Verdict.WAITS, frozenset({Effect.WAITS}), why=why)

    def _person(self, why: str) -> Decision:
        return Decision(Verdict.PERSON, frozenset({Effect.PERSON}), why=why)


def _verdict(merged: Merged, note: str) -> Verdict:
    return Verdict.WRITE if merged.values or note else Verdict.NOTHING
