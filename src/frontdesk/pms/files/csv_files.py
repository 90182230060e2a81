"""CSV files that appear in a folder, one after the other, as the diary of a PMS."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from frontdesk.credentials import Secrets
from frontdesk.exchange.mapping import NO_MAP, MapProblem, Source, read_map
from frontdesk.exchange.sources import FileProblem
from frontdesk.pms.diary import Abilities, Diary
from frontdesk.pms.files.csv_rows import CsvExport
from frontdesk.pms.files.diary import ExportDiary
from frontdesk.pms.files.last_export import LastExport
from frontdesk.pms.files.reading import Reading
from frontdesk.pms.files.watch import Stamp, Watch
from frontdesk.pms.port import Account, ContractDrift, PmsUnavailable, UnusableSettings

ENDINGS = (".csv",)


class CsvFiles:
    """The newest CSV file, read once it stands still, and again when another one counts."""

    def __init__(self, watch: Watch, how: CsvExport, last: LastExport, now: Callable[[], datetime]) -> None:
        self._watch = watch
        self._how = how
        self._last = last
        self._now = now
        self._read: tuple[Stamp, Reading] | None = None
        self._one_reads = asyncio.Lock()

    async def ping(self) -> None:
        """Look whether there is a file that may be read. Raises PmsUnavailable."""
        await self._watch.newest()

    async def reading(self) -> Reading:
        """Return what the newest file says. Raises PmsUnavailable and ContractDrift."""
        async with self._one_reads:
            stamp = await self._watch.settled()
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, await asyncio.to_thread(self._whole, stamp)
            return self._read[1]

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _whole(self, stamp: Stamp) -> Reading:
        try:
            reading, look = self._how.read(stamp.path, min(stamp.written_at, self._now()))
        except (FileProblem, MapProblem, ContractDrift, OSError) as error:
            # Half a file, or none, has problems of its own: first of all it is not there as it was.
            stamp.check()
            if isinstance(error, OSError):
                raise PmsUnavailable(f"{stamp.path.name} cannot be read") from None
            raise ContractDrift(error.hint if not isinstance(error, ContractDrift) else str(error)) from None
        stamp.check()
        return reading.doubted(self._last.doubt(look))


def open_csv(
    account: Account,
    secrets: Secrets,
    time_zone: str,
    now: Callable[[], datetime],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Diary:
    """Return the diary of an account whose PMS exports CSV files. Raises UnusableSettings."""
    export = account.export
    if export is None or export.path is None:
        raise UnusableSettings(f"[connections.{account.connection}] needs a path, of a CSV file or a folder")
    try:
        mapping = read_map(export.map_file) if export.map_file else NO_MAP
    except MapProblem as problem:
        raise UnusableSettings(problem.hint) from None
    site = mapping.columns.practice
    # A fixed practice is the one of all rows, and no site of the account.
    has_sites = not isinstance(site, Source) or bool(site.column or site.template)
    how = CsvExport(mapping, export.map_file, ZoneInfo(time_zone), export.days, has_sites)
    last = LastExport(export.memory, is_kept=export.is_remembered)
    abilities = Abilities(
        "CSV",
        shows_cancelled=bool(mapping.cancelled or mapping.columns.cancelled_at or not export.map_file),
        answers_by_id=False,
        has_locations=has_sites,
    )
    return ExportDiary(abilities, CsvFiles(Watch(export.path, ENDINGS, now, sleep), how, last, now))
