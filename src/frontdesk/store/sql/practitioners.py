"""Practitioners as sources name them: by their id in the PMS where there is one, else by their name.

The name of one who is known by an id is a label: with another one nothing changes but that name, and the
words by which the bookings to come are found.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from frontdesk.arrivals import IncomingBooking
from frontdesk.store.search.pages import search_text
from frontdesk.store.sql.selects import BOOKING, PRACTITIONER

_ROWS_AT_ONCE = 1000

_WORDS = (
    BOOKING.c.patient_name,
    BOOKING.c.ref,
    BOOKING.c.appointment_type,
    BOOKING.c.patient_mobile,
    BOOKING.c.patient_birth_date,
)


class Practitioners:
    """Those of some practices, in one transaction."""

    def __init__(self, tx: Connection, practice_ids: Iterable[str]) -> None:
        self._tx = tx
        self._by_name: dict[tuple[str, str], dict[str, int]] = {}
        self._by_ref: dict[tuple[str, str], int] = {}
        self.names: dict[int, str] = {}
        query = select(PRACTITIONER).where(PRACTITIONER.c.practice_id.in_(practice_ids))
        for row in tx.execute(query.order_by(PRACTITIONER.c.id)).all():
            self._note(row.practice_id, row.name, row.pms_ref, row.id)

    def _note(self, practice_id: str, name: str, ref: str, practitioner_id: int) -> None:
        self._by_name.setdefault((practice_id, name), {})[ref] = practitioner_id
        if ref:
            self._by_ref[practice_id, ref] = practitioner_id
        self.names[practitioner_id] = name

    def known(self, said: IncomingBooking, there: int | None) -> int | None:
        """Return who is meant, None for somebody new; `there` is who has the booking now."""
        named = self._by_name.get((said.practice_id, said.practitioner_name), {})
        if "pms_practitioner_ref" in said.unsaid:
            if there is not None and there in named.values():
                return there
            if len(named) == 1:
                return next(iter(named.values()))
        ref = said.practitioner_pms_ref
        if not ref and "practitioner" in said.unsaid and there is not None:
            return there
        return self._by_ref.get((said.practice_id, ref)) if ref else named.get("")

    def meant(self, said: IncomingBooking, there: int | None) -> int:
        """Return who is meant; somebody new is made."""
        if (known := self.known(said, there)) is not None:
            return known
        made = insert(PRACTITIONER).values(
            practice_id=said.practice_id, name=said.practitioner_name, pms_ref=said.practitioner_pms_ref
        )
        practitioner_id: int = self._tx.execute(made.returning(PRACTITIONER.c.id)).scalar_one()
        self._note(said.practice_id, said.practitioner_name, said.practitioner_pms_ref, practitioner_id)
        return practitioner_id

    def nameless(self, practice_id: str, name: str) -> int | None:
        """Return the one of this name who has no id in the PMS, where nobody else has the name."""
        named = self._by_name.get((practice_id, name), {})
        return named[""] if list(named) == [""] else None

    def give_ref(self, practice_id: str, practitioner_id: int, ref: str) -> None:
        """Note the id that somebody who was known by the name has in the PMS."""
        self._tx.execute(update(PRACTITIONER).where(PRACTITIONER.c.id == practitioner_id).values(pms_ref=ref))
        name = self.names[practitioner_id]
        del self._by_name[practice_id, name][""]
        self._note(practice_id, name, ref, practitioner_id)

    def renamed(self, batch: Iterable[IncomingBooking]) -> dict[int, str]:
        """Return those to whom a source gives another name, with the last that it gives."""
        names = {}
        for said in batch:
            if not said.practitioner_pms_ref or "practitioner" in said.unsaid:
                continue
            known = self._by_ref.get((said.practice_id, said.practitioner_pms_ref))
            if known is not None:
                names[known] = said.practitioner_name
        return {one: name for one, name in names.items() if name != self.names[one]}

    def rename(self, names: Mapping[int, str], now: datetime) -> None:
        """Give practitioners other names, and the bookings to come the words by which they are found."""
        for practitioner_id, name in sorted(names.items()):
            renaming = update(PRACTITIONER).where(PRACTITIONER.c.id == practitioner_id)
            self._tx.execute(renaming.values(name=name))
            for (practice_id, known), refs in list(self._by_name.items()):
                for ref in [ref for ref, one in refs.items() if one == practitioner_id]:
                    del self._by_name[practice_id, known][ref]
                    self._note(practice_id, name, ref, practitioner_id)
            self._word(practitioner_id, name, now)

    def _word(self, practitioner_id: int, name: str, now: datetime) -> None:
        theirs = BOOKING.c.practitioner_id == practitioner_id, BOOKING.c.starts_at > now
        query = select(BOOKING.c.id, *_WORDS).where(*theirs).order_by(BOOKING.c.id).limit(_ROWS_AT_ONCE)
        wording = update(BOOKING).where(BOOKING.c.id == bindparam("row_id")).values(search=bindparam("words"))
        last = 0
        while rows := self._tx.execute(query.where(BOOKING.c.id > last).with_for_update()).all():
            last = rows[-1].id
            self._tx.execute(
                wording,
                [
                    {
                        "row_id": row.id,
                        "words": search_text(
                            patient_name=row.patient_name,
                            ref=row.ref,
                            practitioner_name=name,
                            appointment_type=row.appointment_type,
                            mobile=row.patient_mobile,
                            birth_date=row.patient_birth_date,
                        ),
                    }
                    for row in rows
                ],
            )
