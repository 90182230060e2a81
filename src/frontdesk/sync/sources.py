"""What is read: each practice whose PMS keeps a diary that this installation can read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from frontdesk.arrivals import Place
from frontdesk.pms.diary import Diary


@dataclass(frozen=True, slots=True)
class Source:
    """The diary of one practice.

    `shown` is what its PMS is called, `host` whose server it is: many accounts share one, and its bad days.
    `others` are the sites of the account that other practices name. `open` opens the diary; it loads much
    and may raise FrontdeskError, so it is called in a thread.
    """

    place: Place
    shown: str
    zone: ZoneInfo
    open: Callable[[], Diary]
    host: str = ""
    others: Collection[str] = ()

    def is_here(self, site: str) -> bool:
        """Whether an appointment at a site is this practice's: one that names none is, another practice's is not.

        A practice that names no site has an account with one site, whichever that is (`Reading` sees to it). It is
        not guessed whose an appointment is: that of a site which no practice names belongs to nobody.
        """
        return site in ("", self.place.location) or (not self.place.location and not self.others)

    def is_named(self, site: str) -> bool:
        """Whether a practice names this site."""
        return site == self.place.location or site in self.others
