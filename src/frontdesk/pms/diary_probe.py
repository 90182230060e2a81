"""Finds out by reading alone how far a diary can be followed.

For `frontdesk doctor`, after what `pms.probe` has found out of the same PMS. What is said never has a patient in it.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta

from frontdesk.pms.diary import Diary, Pageable, Peculiar
from frontdesk.pms.port import Appointment, One, PmsError, PmsNotFound
from frontdesk.pms.probe import Assumption, Held

AHEAD = timedelta(days=7)
"""How far ahead appointments are looked at, which the program follows later."""

_A_DAY = timedelta(days=1)
_FEW, _PAGES = 10, 20


async def probe_diary(diary: Diary, named: Collection[str], now: datetime) -> tuple[Assumption, ...]:
    """Return what was found out about a diary. Changes nothing there, never raises.

    `named` are the ids of the locations that practices name.
    """
    found: list[Assumption] = []
    try:
        found += [one async for one in _asked(diary, named, now)]
    except PmsError as error:
        found.append(Assumption(Held.FAILED, f"its diary: {error}"))
    return tuple(found)


async def _asked(diary: Diary, named: Collection[str], now: datetime) -> AsyncIterator[Assumption]:
    listed = await _whole(diary, now, now + AHEAD)
    if diary.abilities.changed_since:
        for one in await _changes(diary, now):
            yield one
    else:
        said = "it does not tell what has changed: its diary is read day by day"
        yield Assumption(Held.NOT_TRIED, said)
    if not listed:
        yield Assumption(Held.NOT_TRIED, f"its pages and patients: it lists nothing for {AHEAD.days} days")
        return
    if isinstance(diary, Pageable):
        yield await _pages(diary, listed)
    if isinstance(diary, Peculiar):
        for one in await diary.peculiarities(now):
            yield one
    if diary.abilities.has_patients:
        yield await _patient(diary, listed)
    if diary.abilities.has_locations:
        yield await _locations(diary, listed, named)


async def _whole(diary: Diary, start: datetime, end: datetime) -> list[Appointment]:
    """Return a window, as far as some pages hold it."""
    page = await diary.appointments(start, end)
    found, pages = [*page.appointments], 1
    while page.cursor is not None and pages < _PAGES:
        page, pages = await diary.appointments(start, end, page.cursor), pages + 1
        found += page.appointments
    return found


async def _changes(diary: Diary, now: datetime) -> list[Assumption]:
    ahead = await diary.changes(now + _A_DAY)
    if ahead.appointments:
        said = f"asked what changes tomorrow, it tells {len(ahead.appointments):,}: it does not heed the question"
        return [Assumption(Held.FAILED, said)]
    since = now - _A_DAY
    told = (await diary.changes(since)).appointments
    if not told:
        said = "whether it tells what has changed is not known: nothing was changed since yesterday"
        return [Assumption(Held.NOT_TRIED, said)]
    older = sum(one.updated_at is not None and one.updated_at < since.replace(microsecond=0) for one in told)
    if older:
        return [Assumption(Held.FAILED, f"{older:,} of {len(told):,} changes are older than was asked for")]
    found = [Assumption(Held.OK, "it tells what was changed since yesterday, and nothing of tomorrow")]
    if diary.abilities.answers_by_id:
        try:
            await diary.appointment(told[0].ref)
        except PmsNotFound:
            found.append(Assumption(Held.FAILED, "an appointment that it tells as changed is not there"))
    return found


async def _pages(diary: Pageable, listed: Sequence[Appointment]) -> Assumption:
    """Read some appointments one by one, which must be the same ones as on one page."""
    first, *later = sorted({one.starts_at for one in listed})
    end = later[0] if later else first
    few = {one.ref for one in listed if one.starts_at <= end}
    if not 2 <= len(few) <= _FEW:
        return Assumption(
            Held.NOT_TRIED,
            "its pages were not tried: the next two times have fewer than two appointments, or too many",
        )
    alone = await _whole(diary.in_pages_of(1), first, end + timedelta(seconds=1))
    if len(alone) == len(few) and {one.ref for one in alone} == few:
        return Assumption(Held.OK, "in pages of one it lists the same appointments")
    said = (
        f"in pages of one it lists {len(alone):,} appointments, and {len(few):,} else: is the paging right?"
    )
    return Assumption(Held.FAILED, said)


async def _patient(diary: Diary, listed: Sequence[Appointment]) -> Assumption:
    known = next((one.patients.ref for one in listed if isinstance(one.patients, One)), "")
    if not known:
        return Assumption(Held.NOT_TRIED, "its patients were not read: no appointment names exactly one")
    try:
        found = await diary.patient(known)
    except PmsError as error:
        return Assumption(Held.FAILED, f"a patient read by the id: {error}")
    lacking = ", ".join(sorted(found.unsaid))
    return Assumption(Held.OK, f"a patient can be read by the id{f', without {lacking}' if lacking else ''}")


async def _locations(diary: Diary, listed: Sequence[Appointment], named: Collection[str]) -> Assumption:
    names = {one.ref: one.name for one in await diary.locations()}
    there = sorted({one.location for one in listed} - {""})
    if not named:
        said = ", ".join(f"{names.get(ref, 'no name')} ({ref})" for ref in there) or "none"
        return Assumption(
            Held.NOT_TRIED, f"no practice names a location; its appointments are at: {said[:300]}"
        )
    strange = [ref for ref in there if ref not in named]
    if not strange:
        return Assumption(Held.OK, "every appointment is at a location that a practice names")
    rows = sum(one.location in strange for one in listed)
    said = ", ".join(f"{names.get(ref, 'no name')} ({ref})" for ref in strange)
    return Assumption(
        Held.FAILED, f"{rows:,} appointments are at locations that no practice names: {said[:300]}"
    )
