"""From a day to its first booking: a jump in the list, no filter."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from textual.app import App

from frontdesk.actions import ACTIONS
from frontdesk.bookings import Row
from frontdesk.filters import Filters
from frontdesk.keys import key_name
from frontdesk.listing import Listing
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.sources.bookings import BookingSource
from frontdesk.words.lists import MARGIN

if TYPE_CHECKING:
    from frontdesk.screens.list.go_to_day import GoToDayScreen

KEY = key_name(next(action for action in ACTIONS if action.does == "go_to_day").everywhere[0])
"""The key that works from Find and the list alike."""


class DayJump:
    """Stands the cursor of `listing` on the first booking of a day; `key_line` says where that is.

    What reads days and asks for them is loaded when it is first needed, not before the list is painted.
    """

    def __init__(self, source: BookingSource, listing: Listing[Filters, Row], key_line: KeyLine) -> None:
        self._source = source
        self._listing = listing
        self._key_line = key_line
        self._line: GoToDayScreen | None = None

    def asked(self, app: App[None], line: int, keys_line: int) -> "GoToDayScreen":
        """Return the line that asks for a day, to stand in the place of these lines of the app's window."""
        from frontdesk.screens.list.go_to_day import GoToDayScreen

        if self._line is None:
            self._line = GoToDayScreen()
            app.install_screen(self._line, "go-to-day")
        self._line.ask(self._source.today, line, keys_line)
        return self._line

    @property
    def named(self) -> date | None:
        """The day that is meant by the text of a search that has found nobody."""
        listing = self._listing
        found_nobody = listing.query is not None and not listing.view.rows and not listing.view.is_given_up
        if not listing.text or not found_nobody or listing.filter_words:
            return None
        from frontdesk.words.days import day_at_find

        return day_at_find(listing.text, self._source.today)

    def notice(self, width: int) -> tuple[str, ...]:
        """Return what an empty list of this width says of the day that is `named`; nothing where none is."""
        day = self.named
        if day is None:
            return ()
        from frontdesk.words.days import nobody_called

        said = nobody_called(self._listing.text, day, self._source.today, KEY, width - len(MARGIN))
        return tuple(f"{MARGIN}{line}" for line in said)

    async def go(self, day: date, only: Callable[[], None]) -> None:
        """Show the list from the first booking of `day`, and say so, with the offer of `only` that day.

        Days that were filtered are shown again, what else is filtered stays so. Letters typed
        meanwhile do not wait for a day: then nothing is said of it.
        """
        from frontdesk.words.days import stands_on

        filters = self._listing.resting.on_days(None, None)
        found = None
        try:
            await self._listing.stand_on_first(self._source.first_of_day(filters, day), filters)
            found = self._day_found
            if self._key_line.offers(only):
                today = self._source.today
                self._key_line.answer(stands_on(day, found, today, is_filtered=not filters.is_empty))
        finally:
            if found != day:
                self._key_line.withdraw(only)

    @property
    def _day_found(self) -> date | None:
        row = self._listing.current
        return self._source.day_of(row) if row is not None else None
