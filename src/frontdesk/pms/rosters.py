"""Sites, times off and working hours out of a PMS's JSON, as a profile says where everything stands."""

from collections.abc import Iterator
from datetime import time
from typing import Any

from frontdesk.pms.appointments import A_DAY, end_of, is_gone
from frontdesk.pms.diary import Block, Location, WeeklyHours
from frontdesk.pms.ids import bare, id_at
from frontdesk.pms.instants import InstantFormat
from frontdesk.pms.people import is_named
from frontdesk.pms.port import ContractDrift
from frontdesk.pms.profile_routes import Blocks, Hours, Locations
from frontdesk.pointers import find, text_at

_SUNDAY = 7
_LONGEST_LEAVE = 366 * A_DAY


def location(route: Locations, item: Any) -> Location:
    """Return the site in a JSON value. Raises ContractDrift for one without an id or a name."""
    ref = id_at(item, route.id)
    if not ref or not is_named(item, route.name):
        raise ContractDrift("a location without an id or a name")
    return Location(ref, text_at(item, route.name), text_at(item, route.time_zone))


def block(route: Blocks, form: InstantFormat, item: Any, practitioner: str, links: str) -> Block | None:
    """Return the time off in a JSON value, None for a deleted one.

    `practitioner` is whose list it stands in, `links` how addresses begin whose last step is an id.
    Raises ContractDrift for one without an id, a practitioner, a start or an end.
    """
    if is_gone(form, item, route.gone):
        return None
    whose = bare(id_at(item, route.practitioner), links) or practitioner
    ref, starts_at = id_at(item, route.id), form.read(find(item, route.start))
    ends_at = end_of(form, item, starts_at, route.end, route.duration, _LONGEST_LEAVE)
    if not ref or not whose or ends_at is None:
        raise ContractDrift("a time off without an id, a practitioner or an end")
    return Block(ref, whose, starts_at, ends_at, text_at(item, route.label))


def hours(route: Hours, item: Any, practitioner: str, links: str) -> Iterator[WeeklyHours]:
    """Yield when somebody works on the day in a JSON value; the arguments are as for `block`.

    Raises ContractDrift for what cannot be read.
    """
    whose = bare(id_at(item, route.practitioner), links) or practitioner
    weekday = find(item, route.weekday)
    if not whose or isinstance(weekday, bool) or not isinstance(weekday, int) or not 0 <= weekday <= _SUNDAY:
        raise ContractDrift("working hours without a practitioner or a weekday")
    parts = find(item, route.parts) if route.parts else [item]
    if not isinstance(parts, list):
        raise ContractDrift("working hours that are no list")
    for part in parts:
        yield WeeklyHours(whose, weekday or _SUNDAY, _time(part, route.starts), _time(part, route.ends))


def _time(item: Any, pointer: str) -> time:
    try:
        return time.fromisoformat(str(find(item, pointer)))
    except ValueError:
        raise ContractDrift("a time of day in its answer cannot be read") from None
