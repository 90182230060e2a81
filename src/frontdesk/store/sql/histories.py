"""What the history of a booking says of what a source made of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from frontdesk.audit import Action
from frontdesk.bookings import Operator
from frontdesk.store.sql.sealing import Deed


def of_cancelling(
    booking_id: int,
    there: Mapping[str, Any],
    changed: Mapping[str, Any],
    by: Operator,
    at: datetime,
    *,
    is_shown: bool,
) -> list[Deed]:
    """Return what a source says of a booking's cancellation, if it is another one: the row forgets what was.

    `there` is the booking before it is `changed`.
    """
    if "cancelled" not in changed:
        return []
    detail = {"version": str(there["version"] + 1)}
    action = Action.BOOKING_CANCELLED
    if there["cancelled"]:
        action = Action.BOOKING_REINSTATED
        detail |= {
            "cancelled_at": there["cancelled_at"].isoformat(),
            "cancelled_by": str(Operator(there["cancelled_by"], there["cancelled_via"])),
            "cancelled_origin": there["cancelled_origin"],
            "cancellation_reason": there["cancellation_reason"],
        }
    else:
        detail |= {
            "reason": changed.get("cancellation_reason", there["cancellation_reason"]),
            "cancelled_at": changed["cancelled_at"].isoformat(),
        }
    return [Deed(action, by, at, is_shown=is_shown, booking_id=booking_id, detail=detail)]
