"""What one running program is given: the store, who sits at it, the clock, and its settings."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from traceback import walk_tb
from types import MappingProxyType
from typing import Protocol
from zoneinfo import ZoneInfo

from frontdesk.bookings import Booking, Operator, Pms, Practice, Practitioner, Standing, home_practice
from frontdesk.commands.cancel import ReasonAtHand
from frontdesk.errors import FrontdeskError, Unauthorised, Unavailable
from frontdesk.pms.port import Verified
from frontdesk.preflight import AskPms
from frontdesk.store.port import BookingStore, Change
from frontdesk.store_state import StoreState
from frontdesk.wrong_pins import WrongPins

NO_KEYS: Mapping[str, str] = MappingProxyType({})


class Clock(Protocol):
    """Seconds that only ever rise, for waits and deaf times; never for what is past."""

    def __call__(self) -> float:
        """Return the seconds since some fixed moment."""
        ...


class Dispatch(Protocol):
    """Carries out what follows from cancellations, beside the screen."""

    async def prepare(self) -> None:
        """Find out what can be carried out from here; what cannot stands in the desk's notices then."""
        ...

    async def run(self) -> None:
        """Carry out deliveries until cancelled. What is under way then is taken up again by another one."""
        ...

    def wake(self) -> None:
        """Look at once: something became due just now."""
        ...

    async def left_alone(self) -> int:
        """Return how many deliveries under way would wait if this dispatcher left now.

        Raises FrontdeskError while that cannot be known.
        """
        ...


class SignIn(Protocol):
    """Who may sit at a desk that several operators share, each with a short PIN."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in order. Raises FrontdeskError when they cannot be read."""
        ...

    async def check(self, name: str, pin: str) -> bool:
        """Return whether this is the operator's PIN.

        Raises Refused, with the seconds left in words, after too many wrong ones, and
        FrontdeskError when the operators cannot be read.
        """
        ...

    def wrong_before(self, name: str) -> WrongPins | None:
        """Return what went wrong before this operator's right PIN just now, and forget it."""
        ...


class CutOffs(Protocol):
    """Remembers from one run of the program to the next whose terminal went away, and when.

    It keeps an operator's name and a time, nothing else. Neither method raises: what cannot
    be remembered is no reason to stop.
    """

    def note(self, operator: str, at: datetime) -> None:
        """Remember that the terminal of `operator` went away at `at`. May be called by any thread."""
        ...

    def take(self, operator: str) -> datetime | None:
        """Return when a terminal of `operator` went away last, and forget it."""
        ...


@dataclass(frozen=True)
class FirstSteps:
    """What a store without bookings waits for.

    `commands` bring bookings in, as far as this installation allows: a command line and what
    it is for. Before that practices must be known: `config` is where they are written, the
    full path of a file in words, and `example` the lines that one practice needs there.
    `has_demonstration` is whether `frontdesk demo` is part of this installation.
    """

    commands: tuple[tuple[str, str], ...] = (("frontdesk import FILE", "from a CSV file"),)
    config: str = ""
    example: tuple[str, ...] = ()
    has_demonstration: bool = True


@dataclass(frozen=True)
class Settings:
    """What the config says to the screen.

    `home` is the practice whose time zone "here" is, empty for the first one. `keys` maps
    command ids to keys, as `[keys]` does. `first_steps` are what an empty list says. With `diff`
    only what changed on the screen is written to the terminal. After `lock_after` without a key
    the screen is locked, with None never. `reasons` are what Down in an empty reason offers.
    With `mouse` the terminal tells of its mouse.
    `theme` is the name of a look (`widgets/look.py`), or auto: the one that suits the terminal.
    `tell` is who is told of a mass change in a diary, empty where nobody is named.
    """

    home: str = ""
    keys: Mapping[str, str] = field(default_factory=lambda: NO_KEYS)
    first_steps: FirstSteps = field(default_factory=FirstSteps)
    diff: bool = True
    lock_after: timedelta | None = None
    reasons: tuple[ReasonAtHand, ...] = ()
    theme: str = "auto"
    mouse: bool = False
    tell: str = ""


@dataclass(frozen=True)
class Desk:
    """Everything the UI stands on.

    `open_store` loads the backend, migrates if need be, and raises FrontdeskError with one
    sentence when it cannot; it is awaited after the first frame. `report` writes an
    unexpected error to the log, without patient data, and returns its reference id.
    `on_loaded` is called once, when everything that the program loads in the background has been loaded.
    `preflight` asks the PMS what it shows of a booking, `dispatch` carries deliveries out
    from then on; None where this desk does not. `verified` says how far what is assumed of a
    PMS has been proven, None where nothing is assumed or this desk cannot know it.
    `sign_in` knows the operators who share this desk, None where `operator` is the only one.
    `cut_offs` is None where nothing is kept from one run to the next. `wake_reader` has who reads diaries for
    this desk look at once.
    `notices` are sentences for line 3 that opening the store or preparing the
    dispatch may have left, such as that config and store name different practices.
    """

    open_store: Callable[[], Awaitable[BookingStore]]
    operator: Operator
    clock: Clock
    settings: Settings
    report: Callable[[BaseException], str]
    notices: Sequence[str] = ()
    on_loaded: Callable[[], None] = lambda: None
    preflight: AskPms | None = None
    dispatch: Dispatch | None = None
    verified: Callable[[Pms], Verified | None] = lambda _: None
    sign_in: SignIn | None = None
    cut_offs: CutOffs | None = None
    wake_reader: Callable[[], None] = lambda: None

    def wake_dispatch(self) -> None:
        """Have what became due just now carried out at once, if this desk does that."""
        if self.dispatch is not None:
            self.dispatch.wake()


RECENT = 5
"""How many of the bookings opened at a desk one can come back to by a key."""

DRAFT_KEPT = 15 * 60.0
"""Seconds for which what was typed into a dialog that the lock closed is kept."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator had typed into a dialog that the lock closed, and when, by the desk's clock."""

    operator: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class GivenReason:
    """The reason that an operator gave last: their words for the patient, and the one for the file."""

    operator: str
    reason: str
    filed: str


@dataclass
class OpenDesk:
    """A desk whose store is open: what the screens work with.

    `program` is what the running program was given. `state` is the store's latest answer; the
    store's clock runs on between two answers.
    `away_since` is since when the store does not answer, as a time on the desk's wall, empty
    while it does; `shut_out` is what the store says to a desk that it does not accept any more.
    `changed_elsewhere` are bookings that other desks or diaries changed and that no list here has shown yet
    (None stands for a bulk load), by their ids, each with the change; `own_changes` those that this desk is changing itself. `store_id` is the store
    that the lists on the screen were read from. `drafts` are by kind of dialog and what it is
    about; see `keep_draft`. `recent` are the bookings opened last, newest first; see `note_opened`. `last_reason` is the one that was given last; see `own_last_reason`. `signed_in` is who signed in at a shared account, empty at a desk of
    one operator.
    `key_arrived_at` is when the key being handled came in, by the desk's clock: a key typed
    ahead is handled later than it was pressed.
    """

    program: Desk
    store: BookingStore
    practices: tuple[Practice, ...]
    practitioners: tuple[Practitioner, ...]
    state: StoreState
    asked_at: float
    key_arrived_at: float = 0.0
    away_since: str = ""
    shut_out: str = ""
    changed_elsewhere: dict[int | None, Change] = field(default_factory=dict)
    own_changes: set[int] = field(default_factory=set)
    signed_in: str = ""
    store_id: str = ""
    last_reason: GivenReason | None = None
    recent: tuple[Booking, ...] = ()
    drafts: dict[tuple[str, Hashable], Draft] = field(default_factory=dict)
    _reported: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    async def opened(cls, desk: Desk) -> "OpenDesk":
        """Open the desk's store and read what every screen needs. Raises FrontdeskError."""
        store = await desk.open_store()
        try:
            state = await store.state()
            asked_at = desk.clock()
            practices, practitioners = await store.practices(), await store.practitioners()
            return cls(desk, store, practices, practitioners, state, asked_at, store_id=state.store_id)
        except BaseException:
            await store.close()
            raise

    @property
    def operator(self) -> Operator:
        """The operator who sits here and signs what is written, with the name of the desk token."""
        return Operator(self.signed_in or self.program.operator.name, self.state.standing.via)

    @property
    def standing(self) -> Standing:
        """What this desk may do now, as far as it knows."""
        if self.away_since:
            return replace(
                self.state.standing, why_not_writable=f"no connection to the bookings since {self.away_since}"
            )
        if self.shut_out:
            return replace(self.state.standing, why_not_writable=self.shut_out)
        return self.state.standing

    def lost(self, error: FrontdeskError) -> None:
        """Take note that the store did not answer, or does not accept this desk any more."""
        if isinstance(error, Unauthorised):
            self.away_since, self.shut_out = "", error.hint
        elif not self.away_since:
            self.away_since, self.shut_out = f"{self.now().astimezone(self.here):%H:%M}", ""

    def found(self) -> None:
        """Take note that the store answers."""
        self.away_since = self.shut_out = ""

    def fault(self, error: Exception) -> FrontdeskError:
        """Return what the operator is told of an error that a question to the store ended with.

        One outside the family is written to the log, once however often it comes back, and
        told with its reference: whoever waits for the answer must not wait for ever.
        """
        if isinstance(error, FrontdeskError):
            return error
        reference = self._reported.get(kind := _kind_of(error))
        if reference is None:
            reference = self._reported[kind] = self.program.report(error)
        return Unavailable(
            f"Something went wrong in frontdesk, reference {reference}: tell the person who looks after it."
        )

    def keep_draft(self, dialog: str, about: Hashable, text: str) -> None:
        """Keep what was typed into a dialog about something, for who sits here now.

        `about` says whose it is besides its id, which may be another patient's in a store that was put back.
        """
        if text:
            self.drafts[dialog, about] = Draft(self.operator.name, text, self.program.clock())

    def take_draft(self, dialog: str, about: Hashable) -> str:
        """Return what the operator had typed there, unless it is too old or another one's, and forget it."""
        oldest, me = self.program.clock() - DRAFT_KEPT, self.operator.name
        self.drafts = {key: one for key, one in self.drafts.items() if one.at >= oldest}
        draft = self.drafts.get((dialog, about))
        if draft is None or draft.operator != me:
            return ""
        return self.drafts.pop((dialog, about)).text

    def keep_reason(self, reason: str, filed: str) -> None:
        """Keep a reason that was given, for who sits here now to give again; one without words is none."""
        if reason or filed:
            self.last_reason = GivenReason(self.operator.name, reason, filed)

    def note_opened(self, booking: Booking) -> None:
        """Remember that a booking was opened, for who sits here to come back to."""
        others = [one for one in self.recent if one.id != booking.id]
        self.recent = (booking, *others)[:RECENT]

    @property
    def own_last_reason(self) -> GivenReason | None:
        """The reason that the operator who sits here gave last, until the screen is locked."""
        last = self.last_reason
        return last if last is not None and last.operator == self.operator.name else None

    def now(self) -> datetime:
        """The store's time of now."""
        return self.state.now + timedelta(seconds=self.program.clock() - self.asked_at)

    async def ask_state(self) -> None:
        """Read the store's state again."""
        self.state = await self.store.state()
        self.asked_at = self.program.clock()

    async def read_all_anew(self) -> None:
        """Read what every screen needs again: the store is another one, or an earlier copy of itself.

        What was kept by a booking's id is forgotten: the id may be that of another booking now.
        """
        practices, practitioners = await self.store.practices(), await self.store.practitioners()
        await self.ask_state()
        self.practices, self.practitioners = practices, practitioners
        self.changed_elsewhere.clear()
        self.own_changes.clear()
        self.drafts.clear()
        self.recent = ()

    @property
    def here(self) -> ZoneInfo:
        """The time zone of the clock on the desk's wall; UTC as long as there is no practice."""
        return self.home.zone if self.home else ZoneInfo("UTC")

    @property
    def home(self) -> Practice | None:
        """The practice whose time zone "here" is, if there is any practice."""
        return home_practice(self.practices, self.program.settings.home)


def _kind_of(error: Exception) -> str:
    """Return what tells one bug from another: the type of an error and where it was raised."""
    places = [f"{frame.f_code.co_filename}:{line}" for frame, line in walk_tb(error.__traceback__)]
    return " ".join((type(error).__qualname__, *places[-1:]))
