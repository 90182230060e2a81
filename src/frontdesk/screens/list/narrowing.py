"""What narrows the list of bookings, or goes to a day in it: the keys for it, and whom a search means."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from textual import work
from textual.widget import Widget
from textual.widgets import Input

from frontdesk import times
from frontdesk.bookings import Row, Status
from frontdesk.desk import OpenDesk
from frontdesk.filters import Filters
from frontdesk.screens.list.day_jump import DayJump
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.screens.list.meant import Meant
from frontdesk.screens.list.screen import ListScreen
from frontdesk.sources.bookings import BookingSource
from frontdesk.widgets.find_bar import FindField
from frontdesk.words import lists

NO_BOOKING = "There is no booking here to act on."


class Narrowing(ListScreen[Filters, Row], inherit_bindings=False):
    """A list of bookings that these keys narrow, with a Find that a jump to a day empties."""

    def __init__(self, desk: OpenDesk, source: BookingSource, key_line: KeyLine) -> None:
        super().__init__(desk, source, key_line)
        self.source = source
        self.chooser_from: Widget | None = None
        """Where the focus was when a chooser was opened, until it has closed."""
        self.meant = Meant(desk, source, self.listing)
        self.days = DayJump(source, self.listing, key_line)

    @property
    def find(self) -> FindField:
        """The field that a name is typed into."""
        return self.query_one("#find", FindField)

    def action_go_to_day(self) -> None:
        """Ask which day; one that the empty list names is gone to at once."""
        if (day := self.days.named) is not None:
            self._day_chosen(day)
            return
        self.chooser_from = self.focused
        keys_line = self.size.height - 1 - self.key_line.region.y
        self.app.push_screen(self.days.asked(self.app, self.find.region.y, keys_line), self._day_chosen)

    def _day_chosen(self, day: date | None) -> None:
        if day is None:
            return
        self.empty_find()
        only = partial(self._only_day, day)
        self.key_line.offer(only)
        self.perform(lambda: self.days.go(day, only))

    def _only_day(self, day: date) -> None:
        self.filter(self.listing.filters.on_days(day, day))

    def key_comes(self) -> None:
        super().key_comes()
        self.meant.key_comes()

    def offer_nearest(self) -> None:
        """Where a search found nobody and means no day, offer who is called nearly so, once the keys rest."""
        if self.meant.is_unasked and self.days.named is None:
            self._look_for_nearest()

    @work(exclusive=True, exit_on_error=False, group="nearest")
    async def _look_for_nearest(self) -> None:
        try:
            await self.meant.look()
        except Exception as error:
            self.desk.fault(error)
        self.show_table()

    def action_only(self, status: str) -> None:
        self.filter(self.listing.filters.with_status(Status(status)))

    def action_days(self, first: int, last: int) -> None:
        self.filter(self.source.on_days(self.listing.filters, first, last))

    def action_any_day(self) -> None:
        self.filter(self.listing.filters.on_days(None, None))

    def action_move_day(self, days: int) -> None:
        self.filter(self.listing.filters.moved_by(days, self.source.today))

    @work(exit_on_error=False, group="asking")
    async def action_choose_practitioner(self) -> None:
        beside = self.meant.practitioners
        names = sorted((beside or lists.practitioners(self.desk)).items())
        choices = [(name, lists.where_works(self.desk, ids)) for name, ids in names]
        chosen = 0 if len(beside) == 1 else await self._choose("Show one practitioner", choices)
        if chosen is None:
            return
        filters = self.listing.filters.for_practitioner(*names[chosen])
        if beside:
            self.leave_search(filters)
        else:
            self.filter(filters)

    def leave_search(self, filters: Filters) -> None:
        """Show what `filters` let through, and no longer what a search finds."""
        self.empty_find()
        self.perform(lambda: self.listing.leave_search(filters))

    @work(exit_on_error=False, group="asking")
    async def action_choose_practice(self) -> None:
        practices = self.desk.practices
        chosen = await self._choose("Show one practice", [(one.name, one.short) for one in practices])
        if chosen is not None:
            self.filter(self.listing.filters.for_practice(practices[chosen].id))

    @work(exit_on_error=False, group="asking")
    async def action_choose_recent(self) -> None:
        opened, now = self.desk.recent, self.desk.now()
        if not opened:
            self.say("No booking was opened here yet.")
            return
        choices = [
            (
                f"{booking.patient.name}  {times.birth(booking.patient.birth_date).strip()}",
                f"{times.when_in_words(booking.starts_at, booking.practice.zone, now)} {booking.practice.short}",
            )
            for booking in opened
        ]
        chosen = await self._choose("Opened here last", choices)
        if chosen is not None:
            self.find.value = opened[chosen].ref
            self.find.focus()

    def action_show_household(self) -> None:
        row = self.listing.current
        if row is None:
            self.say(NO_BOOKING)
        elif not row.booking.patient.mobile:
            self.say(f"No mobile is known of {row.booking.patient.name}.")
        else:
            self.leave_search(self.source.unfiltered.on_mobile(row.booking.patient.mobile))

    def empty_find(self) -> None:
        """Take the text out of Find, for a list that is asked for without a search."""
        with self.prevent(Input.Changed):
            self.find.value = ""

    async def _choose(self, title: str, choices: Sequence[tuple[str, str]]) -> int | None:
        """Return which of some words, each with something that tells it apart, the operator chose."""
        # Here and below: the list does not wait until every screen that it opens is loaded.
        from frontdesk.screens.chooser import Choice, ChooserScreen

        self.chooser_from = self.focused
        return await self.app.push_screen_wait(
            ChooserScreen(title, [Choice(label, hint) for label, hint in choices])
        )
