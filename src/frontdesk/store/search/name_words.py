"""Which words the names of patients have: one small table beside a million bookings."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from frontdesk.store.search.terms import LONGEST_WORD
from frontdesk.store.sql.tables import NameWordRow

_OF = NameWordRow.__table__.c  # type: ignore[attr-defined]
_BEGUN = select(_OF.word).where(_OF.word >= bindparam("first"), _OF.word < bindparam("beyond")).limit(1)
_AMONG = select(_OF.word).where(_OF.word.in_(bindparam("words", expanding=True)))
_LAST = "\U0010ffff"


def begun_by(tx: Connection, beginning: str) -> bool:
    """Whether some patient's name has a word with this beginning."""
    beginning = beginning[:LONGEST_WORD]
    return tx.execute(_BEGUN, {"first": beginning, "beyond": beginning + _LAST}).first() is not None


def begun_by_all(tx: Connection, beginnings: Iterable[str]) -> bool:
    """Whether each of these begins a word of some patient's name, not necessarily of the same one."""
    return all(begun_by(tx, one) for one in beginnings)


def among(tx: Connection, words: Sequence[str]) -> list[str]:
    """Return those of these words that some patient's name has, in the order they are given."""
    there = set(tx.execute(_AMONG, {"words": list(words)}).scalars()) if words else set()
    return [word for word in words if word in there]
