"""Finds out by reading alone how a FHIR server takes a search. For `frontdesk doctor`.

A server leaves out a parameter that it does not know, refuses the search, or answers with an empty list, which
looks like an empty diary (https://hl7.org/fhir/R4/search.html#errors; the last was seen of Medplum's router 4.5.2).
"""

from datetime import datetime, timedelta

from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.fhir_wire import FhirWire
from frontdesk.pms.port import PmsError, Rejected, Unsupported
from frontdesk.pms.probe import DAYS, Assumption, Held

UNKNOWN_PARAMETER = ("frontdesk-doctor", "1")
"""A parameter that no server knows."""

_NONE = f"how it takes a search was not tried: it lists no appointments for the next {DAYS} days"
_EMPTIES = "it answers a search that it does not understand with an empty list; what is missing is asked for one by one"


async def probe_searches(wire: FhirWire, now: datetime) -> tuple[Assumption, ...]:
    """Return what was found out about a server's searches. Changes nothing there, never raises."""
    try:
        return await _tried(wire, now)
    except PmsError as error:
        return (Assumption(Held.NOT_TRIED, f"how it takes a search was not tried: {error}"),)


async def _tried(wire: FhirWire, now: datetime) -> tuple[Assumption, ...]:
    window = [("date", f"ge{fhir.in_utc(now)}"), ("date", f"lt{fhir.in_utc(now + timedelta(days=DAYS))}")]
    found, _ = await wire.page("Appointment", window)
    if not found:
        return (Assumption(Held.NOT_TRIED, _NONE),)
    return (await _unknown(wire, window, len(found)), await _changed(wire, window, len(found)))


async def _unknown(wire: FhirWire, window: list[tuple[str, str]], expected: int) -> Assumption:
    try:
        found, _ = await wire.page("Appointment", [*window, UNKNOWN_PARAMETER])
    except (Rejected, Unsupported):
        return Assumption(Held.OK, "it refuses a search that it does not understand")
    if len(found) == expected:
        return Assumption(Held.OK, "it leaves out what it does not understand of a search")
    return Assumption(Held.FAILED, _EMPTIES)


async def _changed(wire: FhirWire, window: list[tuple[str, str]], expected: int) -> Assumption:
    """Everything changed since 1970; where that does not hold, the parameter is not understood."""
    try:
        found, _ = await wire.page("Appointment", [*window, ("_lastUpdated", "ge1970-01-01T00:00:00Z")])
    except (Rejected, Unsupported) as error:
        return Assumption(Held.FAILED, f"what has changed cannot be asked for (_lastUpdated): {error}")
    if len(found) != expected:
        return Assumption(
            Held.FAILED, "what has changed cannot be asked for: it does not understand _lastUpdated"
        )
    return Assumption(Held.OK, "it understands a search for what has changed")
