"""What the HTTP API stands on; `frontdesk serve` puts it together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from frontdesk.preflight import AskPms
from frontdesk.server.waking import Waking
from frontdesk.store.port import DeskToken, ServedStore


@dataclass(frozen=True, slots=True)
class Service:
    """A store, and what a server does for the desks that reach it.

    `admit` is Registry.admit. `report` writes an unexpected error down and returns its reference
    id. `wake` tells the dispatcher that something may be due, `wake_readers` those who read diaries. Without
    `preflight` nobody here can ask a PMS. `waking` is who may ask to be read. `keep_alive_seconds` is how
    often an idle stream of changes says that it is
    alive, and whether its token still counts is looked up.
    """

    store: ServedStore
    admit: Callable[[str], Awaitable[DeskToken]]
    report: Callable[[BaseException], str]
    wake: Callable[[], None]
    wake_readers: Callable[[], None] = lambda: None
    preflight: AskPms | None = None
    requests_a_minute: int = 3000
    keep_alive_seconds: float = 10.0
    waking: Waking = field(default_factory=Waking)
