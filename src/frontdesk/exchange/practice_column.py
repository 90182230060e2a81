"""What the column `practice` of a row means: a practice of the store, or a site of an account, each with its clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from frontdesk.bookings import Practice
from frontdesk.complaints import nearest
from frontdesk.exchange.layout import BadCell
from frontdesk.exchange.sources import FileProblem

_LONGEST_HINT = 100


class PracticeColumn(Protocol):
    """Whom the rows of a file may be of."""

    def check(self, file: Path, *, has_column: bool) -> None:
        """Refuse a file whose rows could not be told apart. Raises FileProblem."""
        ...

    def find(self, said: str) -> tuple[str, ZoneInfo]:
        """Return the practice or site that a row names, and its clock. Raises BadCell."""
        ...


class Practices:
    """The practices of a store, by their ids; `otherwise` is that of rows which name none."""

    def __init__(self, practices: Iterable[Practice], otherwise: str = "") -> None:
        self._practices = {practice.id: practice for practice in practices}
        self._otherwise = otherwise

    def check(self, file: Path, *, has_column: bool) -> None:
        if has_column or self._otherwise:
            return
        if len(self._practices) != 1:
            raise FileProblem(f"{file} has no column practice: say which one with --practice ID")
        self._otherwise = next(iter(self._practices))

    def find(self, said: str) -> tuple[str, ZoneInfo]:
        practice_id = said or self._otherwise
        if not practice_id:
            raise BadCell("practice", "is empty")
        try:
            return practice_id, self._practices[practice_id].zone
        except KeyError:
            known = nearest(practice_id, self._practices)
            hint = known if len(known) <= _LONGEST_HINT else "see: frontdesk practices list"
            raise BadCell(
                "practice", f"is {practice_id[:64]}, which is no practice of the store, {hint}"
            ) from None


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of one account, whichever they are: all go by one clock. A row may name none.

    Where `are_told` is False all rows are of one site, whatever the column says.
    """

    zone: ZoneInfo
    are_told: bool = True

    def check(self, file: Path, *, has_column: bool) -> None:
        """Any file will do."""

    def find(self, said: str) -> tuple[str, ZoneInfo]:
        return said if self.are_told else "", self.zone
