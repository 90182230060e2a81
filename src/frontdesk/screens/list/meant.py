"""Whom a text at Find means: who shares the name of the patients found, and who has nearly the name of nobody."""

import asyncio

from frontdesk.bookings import Row
from frontdesk.desk import OpenDesk
from frontdesk.filters import Filters
from frontdesk.listing import Listing
from frontdesk.sources.bookings import BookingSource
from frontdesk.sources.port import Asked
from frontdesk.words import finding, lists

REST = 0.4
"""Seconds without a key after which an operator is taken to look at the screen."""

OFFERED = 3
"""Names that are offered at most."""


class Meant:
    """Follows the question on screen: what is known of an older one is not said."""

    def __init__(self, desk: OpenDesk, source: BookingSource, listing: Listing[Filters, Row]) -> None:
        self._desk, self._source, self._listing = desk, source, listing
        self._asked: Asked[Filters] | None = None
        """What was last asked about the nearest names of."""
        self._nearest: tuple[str, ...] = ()
        self._rests_at = 0.0

    # -- who shares the name ------------------------------------------------------------

    @property
    def practitioners(self) -> dict[str, frozenset[int]]:
        """The practitioners who have the name of the patients listed, with their ids; none beside a filter."""
        listing = self._listing
        names = () if listing.filter_words else self._source.beside(listing.query).names
        return {name: ids for name, ids in lists.practitioners(self._desk).items() if name in names}

    def called(self, keys: str) -> str:
        """Say that patients alone are listed, and which `keys` show the practitioner; empty where that is not so."""
        listing, beside = self._listing, self._source.beside(self._listing.query)
        if listing.filter_words or not beside.names:
            return ""
        practitioners = self.practitioners
        said = finding.called(listing.text, beside.names, practitioners, beside.number)
        return f"{said}: {keys}" if keys and practitioners else said

    async def count(self) -> None:
        """Count the bookings of the practitioner, if there is only one. Raises FrontdeskError."""
        practitioners = self.practitioners
        if len(practitioners) == 1 and (asked := self._listing.query) is not None:
            (ids,) = practitioners.values()
            await self._source.count_beside(asked, ids)

    # -- who has nearly the name --------------------------------------------------------

    def key_comes(self) -> None:
        """Wait anew until the keys rest."""
        self._rests_at = asyncio.get_running_loop().time() + REST

    def nearest(self, typed: str) -> tuple[str, ...]:
        """Return the names near to what is `typed`, if they are known and the list shows that it found nobody."""
        listing = self._listing
        is_this = listing.query is self._asked and typed.strip() == listing.text
        return self._nearest if is_this and not listing.view.rows else ()

    def notice(self, typed: str) -> tuple[str, ...]:
        """Offer these names in the place of rows; empty without any."""
        names = self.nearest(typed)
        return finding.nobody_called(self._listing.text, names) if names else ()

    @property
    def is_unasked(self) -> bool:
        """Whether the text on screen has found nobody, was looked for everywhere, and was not asked about yet."""
        view, query = self._listing.view, self._listing.query
        if query is None or query is self._asked or view.rows or self._listing.filter_words:
            return False
        return bool(self._listing.text) and not view.is_given_up

    async def look(self) -> None:
        """Ask for the names, once the keys rest; one that is still under way must be cancelled. Raises FrontdeskError."""
        asked = self._asked = self._listing.query
        self._nearest = ()
        loop = asyncio.get_running_loop()
        self.key_comes()
        while (rest := self._rests_at - loop.time()) > 0:  # noqa: ASYNC110 - a key puts it off
            await asyncio.sleep(rest)
        if asked is not None and self._listing.query is asked:
            self._nearest = await self._desk.store.nearest(asked.text, OFFERED)
