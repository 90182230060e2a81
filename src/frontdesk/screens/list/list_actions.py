"""Moving in the list and narrowing it: what the keys of commands do to the listing."""

import asyncio
from collections.abc import Awaitable, Callable

from textual import work
from textual.screen import Screen
from textual.widget import Widget

from frontdesk.bookings import Direction, Status
from frontdesk.desk import OpenDesk
from frontdesk.filters import Filters
from frontdesk.listing import Listing


class ListActions(Screen[None], inherit_bindings=False):
    """Base of a screen with a list: each action is one job of `perform`, in the order of the keys.

    The screen itself takes the jobs off `jobs` and does them.
    """

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self.desk = desk
        self.listing = Listing(
            desk.store, desk.now, desk.practices, desk.practitioners, desk.desk.settings.home
        )
        self.jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self.chooser_from: Widget | None = None
        """Where the focus was when a chooser was opened, until it has closed."""

    def perform(self, job: Callable[[], Awaitable[None]]) -> None:
        """Have a job done after all that were asked for before."""
        self.jobs.put_nowait(job)

    async def settled(self) -> None:
        """Return when everything asked of the list so far is done, and on screen."""
        await self.jobs.join()

    def action_move(self, step: int) -> None:
        self.perform(lambda: self.listing.move(step))

    def action_turn_page(self, step: int) -> None:
        self.perform(lambda: self.listing.turn_page(_direction(step)))

    def action_go_to_end(self, step: int) -> None:
        self.perform(lambda: self.listing.go_to_end(_direction(step)))

    def _filter(self, filters: Filters) -> None:
        self.perform(lambda: self.listing.filter(filters))

    def action_only(self, status: str) -> None:
        self._filter(self.listing.filters.with_status(Status(status)))

    def action_clear_filters(self) -> None:
        self.perform(self.listing.clear_filters)

    def action_days(self, first: int, last: int) -> None:
        self._filter(self.listing.day_filter(first, last))

    def action_any_day(self) -> None:
        self._filter(self.listing.filters.on_days(None, None))

    def action_move_day(self, days: int) -> None:
        self._filter(self.listing.filters.moved_by(days, self.listing.today))

    @work(exit_on_error=False, group="asking")
    async def action_choose_practitioner(self) -> None:
        # Here and below: the list does not wait until every screen that it opens is loaded.
        from frontdesk.screens.list.choosing import choose_practitioner

        self.chooser_from = self.focused
        if filters := await choose_practitioner(self.app, self.desk, self.listing.filters):
            self._filter(filters)

    @work(exit_on_error=False, group="asking")
    async def action_choose_practice(self) -> None:
        from frontdesk.screens.list.choosing import choose_practice

        self.chooser_from = self.focused
        if filters := await choose_practice(self.app, self.desk, self.listing.filters):
            self._filter(filters)


def _direction(step: int) -> Direction:
    return Direction.FORWARD if step > 0 else Direction.BACKWARD
