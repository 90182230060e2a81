"""How far a list has been read, and whether it was read whole.

A list that is short must never pass for the whole: what is missing from it would be taken for deleted.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from frontdesk.pms import paging
from frontdesk.pms.ids import id_at
from frontdesk.pms.port import ContractDrift, PmsUnavailable
from frontdesk.pms.profile import Paging
from frontdesk.shapes import decoded


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a list has been read: it is what a cursor holds, as JSON.

    `place` is where it goes on, None when all was read. `rows` were read so far, of which `left_out`
    were not meant. `total` is how many the list said that it has, `first` the id of the last page's first row.
    """

    place: str | None = None
    rows: int = 0
    left_out: int = 0
    total: int | None = None
    first: str = ""

    @classmethod
    def at(cls, cursor: str | None) -> "Walk":
        """Return how far a cursor has come. Raises ContractDrift for one that is none."""
        try:
            return cls() if cursor is None else decoded(cursor.encode(), cls)
        except msgspec.DecodeError:
            raise ContractDrift("nobody knows where its list was left") from None

    @property
    def cursor(self) -> str | None:
        """The cursor of the next page, None at the end."""
        return None if self.place is None else msgspec.json.encode(self).decode()

    def after(self, rules: Paging, document: Any, items: Sequence[Any], url: str, id_pointer: str) -> "Walk":
        """Return how far it has come with one more page, which came from `url`.

        Raises ContractDrift for a list that repeats itself, never ends, or ends with fewer or more rows than
        it said, PmsUnavailable for one that changed while it was read: it has to be read again.
        """
        total = paging.count(document, rules.total) if rules.total else None
        if self.total is not None and total != self.total:
            raise PmsUnavailable("its list changed while it was read")
        first = id_at(items[0], id_pointer) if items else ""
        if first and first == self.first:
            raise ContractDrift("a list repeats itself")
        rows = self.rows + len(items)
        place = paging.following(rules, document, items, self.place, url)
        if place is None and total is not None and rows != total:
            raise ContractDrift(f"a list of {total:,} ends after {rows:,}")
        return Walk(place, rows, self.left_out, total, first)
