"""A store that a test can cut off."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from frontdesk.errors import FrontdeskError
from frontdesk.store.port import BookingStore

Front = TypeVar("Front")


class Cut:
    """A store in front of the real one; while there is an error, everything raises it, or `all_but` one, or what it `refuses`."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store
        self.error: FrontdeskError | None = None
        self.all_but = ""
        self.refuses: set[str] = set()
        self.refused = Counter[str]()
        self.error_after: dict[str, FrontdeskError] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(*arguments: Any, **named: Any) -> Any:
            if (
                self.error is not None
                and name not in {"close", self.all_but}
                and name in (self.refuses or {name})
            ):
                self.refused[name] += 1
                raise self.error
            if name == "changes":
                arguments = (arguments[0], 0.02, *arguments[2:])  # else a cut is noticed when a change comes
            answer = await getattr(self._store, name)(*arguments, **named)
            self.error = self.error_after.get(name, self.error)
            return answer

        return ask


def in_front(made: list[Front], make: Callable[[BookingStore], Front]) -> Callable[[BookingStore], Any]:
    """Return what puts a test's own store in front of each one that is opened, and keeps it in `made`."""

    def wrap(store: BookingStore) -> Any:
        made.append(make(store))
        return made[-1]

    return wrap


def wrapped(made: list[Cut]) -> Callable[[BookingStore], Any]:
    return in_front(made, Cut)
