"""A stateful PMS over real HTTP on loopback, for the demonstration and for tests.

It speaks the wire contracts of the shipped adapters, keeps a ledger of what it did, and
fails in every scripted way. It is ours, so it proves nothing about a vendor.
"""

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.faults import Effect, Fault, Kind
from frontdesk.demo.simulator.folder import (
    fault_in_force,
    read_faults,
    write_faults,
    write_settings,
)
from frontdesk.demo.simulator.named_faults import NamedFault, named_faults
from frontdesk.demo.simulator.process import fill, serve, start
from frontdesk.demo.simulator.records import Entry, EntryStatus, LedgerLine
from frontdesk.demo.simulator.server import Simulator
from frontdesk.demo.simulator.wire import Operation, SimulatedAccount

__all__ = [
    "Diary",
    "Effect",
    "Entry",
    "EntryStatus",
    "Fault",
    "Kind",
    "LedgerLine",
    "NamedFault",
    "Operation",
    "SimulatedAccount",
    "Simulator",
    "fault_in_force",
    "fill",
    "named_faults",
    "read_faults",
    "serve",
    "start",
    "write_faults",
    "write_settings",
]
