"""How far the list can be trusted to be the diary, and what keeps it from that."""

from datetime import datetime, timedelta
from enum import Enum

from frontdesk.store_state import DiaryState

COMPARED_WITHIN = timedelta(hours=26)
"""A diary whose last compare of all days began longer ago is late."""

FAILURES, FAILING_FOR = 3, timedelta(minutes=10)
"""So many failures in a row, over so long, are more than a bad moment."""

_LEEWAY = timedelta(minutes=2)
"""What a read itself may take, and a reader that is busy with another diary."""


class Health(Enum):
    """How a diary stands, the worst first."""

    HELD = "a mass change waits for a decision"
    REFUSED = "only a person can have it read again"
    FAILING = "it cannot be read"
    PUSHED = "it is pushed, and whether all came cannot be checked"
    UNATTENDED = "nobody reads it"
    INCOMPLETE = "it was not read completely yet"
    LATE = "it was read too long ago"
    NOT_COMPARED = "all of it was compared too long ago"
    WELL = "nothing is wrong"


WORST_FIRST = tuple(Health)

SAID = frozenset(Health) - {Health.PUSHED, Health.NOT_COMPARED, Health.WELL}
"""What changes what an operator may say to a patient."""


def health(diary: DiaryState, now: datetime) -> Health:
    """Return how a diary stands: the worst that is true of it."""
    since = diary.failing_since
    if diary.held is not None:
        return Health.HELD
    if diary.is_refused:
        return Health.REFUSED
    if diary.failures >= FAILURES and since is not None and now - since >= FAILING_FOR:
        return Health.FAILING
    if diary.is_pushed:
        return Health.PUSHED
    if diary.is_unattended:
        return Health.UNATTENDED
    if not diary.is_complete:
        return Health.INCOMPLETE
    if diary.read_at is None or now - diary.read_at > 2 * diary.pause + _LEEWAY:
        return Health.LATE
    if diary.compared_at is None or now - diary.compared_at > COMPARED_WITHIN:
        return Health.NOT_COMPARED
    return Health.WELL
