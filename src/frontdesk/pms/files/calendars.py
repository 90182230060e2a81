"""Calendars that a PMS publishes, as its diary."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from frontdesk.credentials import Secrets
from frontdesk.pms.diary import Abilities, Diary
from frontdesk.pms.files.calendar_reader import BYTES, CalendarReader, Run, run
from frontdesk.pms.files.diary import ExportDiary
from frontdesk.pms.files.feeds import Feeds, WatchedFeed, WebFeed
from frontdesk.pms.files.last_export import LastExport
from frontdesk.pms.files.reading import Reading
from frontdesk.pms.files.watch import Watch
from frontdesk.pms.opening import client_for
from frontdesk.pms.port import Account, UnusableSettings

ENDINGS = (".ics", ".ical")


class Calendars:
    """The newest calendar, read when it has changed and when a day has passed."""

    def __init__(
        self, feeds: Feeds, reader: CalendarReader, last: LastExport, now: Callable[[], datetime]
    ) -> None:
        self._feeds = feeds
        self._reader = reader
        self._last = last
        self._now = now
        self._read: tuple[bytes, datetime, Reading] | None = None
        self._one_reads = asyncio.Lock()

    async def ping(self) -> None:
        """Look whether there is a calendar. Raises PmsError."""
        await self._feeds.look()

    async def reading(self) -> Reading:
        """Return what the newest calendar says of the days to come. Raises PmsError."""
        async with self._one_reads:
            feed, now = await self._feeds.newest(), self._now()
            day, _ = self._reader.window(now)
            if self._read is None or self._read[:2] != (feed.content, day):
                reading, look = await self._reader.read(feed.content, feed.as_of, now)
                reading = replace(reading, name=feed.name)
                self._read = feed.content, day, reading.doubted(self._last.doubt(look))
            return replace(self._read[2], as_of=feed.as_of)

    async def close(self) -> None:
        """Let go of connections."""
        await self._feeds.close()


def open_ics(
    account: Account,
    secrets: Secrets,
    time_zone: str,
    now: Callable[[], datetime],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    run: Run = run,
) -> Diary:
    """Return the diary of an account whose PMS publishes a calendar. Raises UnusableSettings.

    `run` starts what reads one; tests that are about something else read it in their own process.
    """
    export = account.export
    where = f"[connections.{account.connection}]"
    if export is None or (export.path is None and not account.credentials):
        raise UnusableSettings(f"{where} needs a path, or a credential with the address of the calendar")
    feeds: Feeds
    if export.path is not None:
        feeds = WatchedFeed(Watch(export.path, ENDINGS, now, sleep), BYTES, now)
    else:
        credential = next(iter(account.credentials.values()))
        feeds = WebFeed(client_for(account, body_limit=BYTES), secrets, credential, now)
    abilities = Abilities("Calendar", shows_cancelled=False, answers_by_id=False, has_blocks=True)
    last = LastExport(export.memory, is_kept=export.is_remembered)
    return ExportDiary(abilities, Calendars(feeds, CalendarReader(export, time_zone, run), last, now))
