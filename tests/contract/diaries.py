"""One diary of each kind that can be read, and how a test changes what stands in it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from frontdesk.demo.simulator import Diary as SimulatedDiary
from frontdesk.demo.simulator import Entry, Fault, SimulatedAccount, Simulator
from frontdesk.demo.simulator.faults import Kind
from frontdesk.demo.simulator.records import Person, Shift, Site, TimeOff
from frontdesk.demo.simulator.staff import Staff
from frontdesk.pms.diary import Diary
from frontdesk.pms.kinds import open_diary
from tests.contract.exports import Exporting, csv_of, ics_of, opened
from tests.contract.pms_accounts import HALF_AN_HOUR, NOW, REF, START, account_of, in_a_hurry


class Kept(Protocol):
    """A diary, and the hands of those who keep it. What it cannot keep is never asked of it: see its abilities."""

    @property
    def diary(self) -> Diary:
        """The diary as frontdesk reads it."""
        ...

    def put(self, ref: str = REF, starts_at: datetime = START, **changes: object) -> Entry:
        """Write half an hour of Amelia Wilson's with Dr Lee into the diary."""
        ...

    def do(self, kind: Kind, ref: str = REF) -> None:
        """Do to an appointment what `kind`, a fault of staff, says."""
        ...

    def put_around(self, *records: Person | Site | TimeOff | Shift) -> None:
        """Write patients, sites, times off and hours."""
        ...

    def go_wrong(self, *faults: Fault) -> None:
        """Put these faults in force; without any all is well again."""
        ...


@dataclass(frozen=True)
class KindOfDiary:
    """A kind of diary: how one is opened for a test, empty, and which faults it can have.

    `tells_names`: an appointment names its patient. `tells_time_zones`: a site has one. `tells_totals`: a list says
    how long it is. `tells_merges`: a patient who was merged says into whom.
    """

    name: str
    opened: Callable[[], AbstractAsyncContextManager[Kept]]
    has_faults: bool = True
    tells_names: bool = True
    tells_time_zones: bool = True
    tells_totals: bool = True
    tells_merges: bool = True

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class AtSimulator:
    """The diary of a simulated PMS."""

    diary: Diary
    simulator: Simulator

    def put(self, ref: str = REF, starts_at: datetime = START, **changes: object) -> Entry:
        """Write half an hour of Amelia Wilson's with Dr Lee into the diary."""
        entry = Entry(ref, starts_at, starts_at + HALF_AN_HOUR, "3", **changes)  # type: ignore[arg-type]
        self.simulator.put(entry)
        return entry

    def do(self, kind: Kind, ref: str = REF) -> None:
        """Do to an appointment what `kind` says."""
        Staff(self.simulator.diary).do(kind, "smile", ref, NOW)

    def put_around(self, *records: Person | Site | TimeOff | Shift) -> None:
        """Write patients, sites, times off and hours."""
        register = self.simulator.diary.register
        for one in records:
            match one:
                case Person():
                    register.put_person("smile", one)
                case Site():
                    register.put_site("smile", one)
                case TimeOff():
                    register.put_time_off("smile", one)
                case Shift():
                    register.put_shift("smile", one)

    def go_wrong(self, *faults: Fault) -> None:
        """Put these faults in force; without any all is well again."""
        self.simulator.faults.set(*faults)


@asynccontextmanager
async def at_simulator(kind: str, time_zone: str = "Australia/Adelaide") -> AsyncIterator[Kept]:
    """Yield the diary of a simulated PMS of a kind, read by what frontdesk has for it."""
    simulated = SimulatedAccount("smile", kind, "key-au1", "smile-adelaide", time_zone)
    kept = SimulatedDiary()
    async with Simulator(kept, [simulated], clock=lambda: NOW) as simulator:
        with in_a_hurry():
            account = account_of(simulated, simulator)
            diary = open_diary(account, lambda name: name, time_zone, lambda: NOW)
            try:
                yield AtSimulator(diary, simulator)
            finally:
                await diary.close()
    kept.close()


@dataclass
class AtExports:
    """The diary of a PMS that only exports it, anew after every change."""

    diary: Diary
    exporting: Exporting

    def put(self, ref: str = REF, starts_at: datetime = START, **changes: object) -> Entry:
        """Write half an hour of Amelia Wilson's with Dr Lee into the diary."""
        entry = Entry(ref, starts_at, starts_at + HALF_AN_HOUR, "3", **changes)  # type: ignore[arg-type]
        self.exporting.kept.put("smile", entry)
        self.exporting.export()
        return entry

    def do(self, kind: Kind, ref: str = REF) -> None:
        """Do to an appointment what `kind` says."""
        Staff(self.exporting.kept).do(kind, "smile", ref, NOW)
        self.exporting.export()

    def put_around(self, *records: Person | Site | TimeOff | Shift) -> None:
        """Write times off: nothing else that is around appointments is exported."""
        self.exporting.times_off += [one for one in records if isinstance(one, TimeOff)]
        self.exporting.export()

    def go_wrong(self, *faults: Fault) -> None:
        """Nothing of this kind goes wrong with files: see the tests of exports."""


@asynccontextmanager
async def at_exports(kind: str) -> AsyncIterator[Kept]:
    """Yield the diary of a PMS that exports files of a kind."""
    kept = SimulatedDiary()
    with TemporaryDirectory() as folder:
        exporting = Exporting(kept, Path(folder), {"csv": csv_of, "ics": ics_of}[kind])
        diary = opened(kind, exporting)
        try:
            yield AtExports(diary, exporting)
        finally:
            await diary.close()
    kept.close()


DIARIES: tuple[KindOfDiary, ...] = (
    KindOfDiary("praktika", partial(at_simulator, "praktika")),
    KindOfDiary("core-practice", partial(at_simulator, "core-practice", "Australia/Sydney")),
    KindOfDiary("cliniko", partial(at_simulator, "cliniko"), tells_merges=False),
    KindOfDiary(
        "open-dental",
        partial(at_simulator, "open-dental"),
        tells_names=False,
        tells_time_zones=False,
        tells_totals=False,
        tells_merges=False,
    ),
    KindOfDiary("fhir", partial(at_simulator, "fhir")),
    KindOfDiary("csv", partial(at_exports, "csv"), has_faults=False),
    KindOfDiary("ics", partial(at_exports, "ics"), has_faults=False),
)
"""Every kind of diary that can be read. A new one is added here, and nothing else has to be written for it."""
