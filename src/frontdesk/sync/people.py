"""Who appointments are for and with: asked of a diary once for a new appointment, and when one changes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from frontdesk.arrivals import DiaryEntry
from frontdesk.bookings import Patient
from frontdesk.diary_runs import Lease
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import Appointment, PmsNotFound, PmsPatient, PmsPractitioner
from frontdesk.store.diaries import Diaries, Mirrored
from frontdesk.sync.entries import entry, patient_ref


class People:
    """The patients and practitioners of one run. `pace` waits until so many requests may be sent."""

    def __init__(
        self, diaries: Diaries, diary: Diary, lease: Lease, pace: Callable[[int], Awaitable[None]]
    ) -> None:
        self._diaries = diaries
        self._diary = diary
        self._lease = lease
        self._pace = pace
        self._asked: dict[str, PmsPatient | None] = {}
        self._practitioners: Mapping[str, PmsPractitioner] | None = None

    async def entries(self, appointments: Sequence[Appointment]) -> list[DiaryEntry]:
        """Return appointments as the mirror takes them.

        One that is in the mirror as it is keeps the patient that it has there: nobody is asked again.
        """
        practitioners = await self._who_can_be_booked(appointments)
        asks = self._diary.abilities.has_patients
        if not asks or all(one.patient for one in appointments):
            return [entry(one, None, practitioners) for one in appointments]
        mirrored = await self._diaries.patients(self._lease, [one.ref for one in appointments])
        as_before = {
            one.ref: entry(one, _known(mirrored.get(one.ref), patient_ref(one)), practitioners)
            for one in appointments
        }
        news = await self._diaries.news(self._lease, list(as_before.values()))
        found = []
        for one in appointments:
            if one.ref in news and one.patient is None and (ref := patient_ref(one)):
                patient = await self._patient(ref)
                found.append(entry(one, patient or _known(mirrored.get(one.ref), ref), practitioners))
            else:
                found.append(as_before[one.ref])
        return found

    async def _patient(self, ref: str) -> PmsPatient | None:
        """Ask who a patient is, once a run; whoever was merged into another one is that one. None where nobody is."""
        if ref not in self._asked:
            found = await self._ask(ref)
            if found is not None and found.merged_into and found.merged_into != ref:
                found = await self._ask(found.merged_into)
            self._asked[ref] = found
        return self._asked[ref]

    async def _ask(self, ref: str) -> PmsPatient | None:
        await self._pace(1)
        try:
            return await self._diary.patient(ref)
        except PmsNotFound as gone:
            return PmsPatient(ref, merged_into=gone.successor) if gone.successor else None

    async def _who_can_be_booked(self, appointments: Sequence[Appointment]) -> Mapping[str, PmsPractitioner]:
        """Return the practitioners by their ids, where the appointments themselves do not name them."""
        if all(one.practitioner_name for one in appointments):
            return {}
        if self._practitioners is None:
            await self._pace(1)
            self._practitioners = {one.ref: one for one in await self._diary.practitioners()}
        return self._practitioners


def _known(mirrored: Mirrored | None, ref: str) -> PmsPatient | None:
    """Return the patient that the mirror has, unless the appointment is another one's by now."""
    if mirrored is None or mirrored.patient.pms_ref != ref:
        return None
    known: Patient = mirrored.patient
    return PmsPatient(
        ref, known.name, known.birth_date, known.mobile, known.email, known.is_new, unsaid=mirrored.unsaid
    )
