"""A desk that works line by line: a store, a config beside it, and the command line on both."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner, Result

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Practice
from frontdesk.cli import frontdesk
from frontdesk.commands import Cancel
from frontdesk.store.opening import open_store
from frontdesk.words.deliveries import facts
from tests.making import BY_HAND, KIM, Store, make_practice

Answer = TypeVar("Answer")

PRACTICES = (
    make_practice(),
    make_practice("perth", time_zone="Australia/Perth", pms=BY_HAND, patient_channels=()),
)


class LineDesk:
    """Runs `frontdesk` on a store in `folder`, as Kim Nguyen."""

    def __init__(self, folder: Path) -> None:
        self.store_file = folder / "desk.db"
        self.config_file = folder / "desk.toml"
        self.log_file = folder / "desk.log"
        self.store_section = '[store]\nurl = "sqlite:///desk.db"'
        self.write_config()

    def write_config(self, more: str = "") -> None:
        """Write the config anew, with `more` at its end."""
        self.config_file.write_text(
            f'operator = "{KIM.name}"\n{self.store_section}\n[log]\nfile = "desk.log"\n{more}'
        )

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        """Run `frontdesk` with these arguments on this desk's config."""
        return CliRunner().invoke(frontdesk, ["--config", str(self.config_file), *arguments], input=typed)

    def begin_anew(self) -> None:
        """Take the store away, and make a new, empty one with what the config says."""
        self.store_file.unlink(missing_ok=True)
        made = self("store", "create")
        assert made.exit_code == 0, made.stderr

    def document(self, *arguments: str) -> Any:
        """Run a command that must succeed with `--json`; return what it printed."""
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def ask(self, question: Callable[[Store], Awaitable[Answer]]) -> Answer:
        """Open the store beside the command line, ask it something, close it."""

        async def asked() -> Answer:
            store = await open_store(f"sqlite:///{self.store_file}")
            try:
                return await question(store)
            finally:
                await store.close()

        return asyncio.run(asked())

    def facts(self, reference: str = "R00001") -> str:
        """Return what followed from a cancellation, in the Last line's words."""

        async def read(store: Store) -> str:
            (booking,) = await store.find(reference)
            return facts(Cancel.past, await store.deliveries(booking.id))

        return self.ask(read)

    def fill(self, bookings: Iterable[IncomingBooking], practices: Iterable[Practice] = PRACTICES) -> None:
        """Put practices and bookings into the store."""

        async def filled(store: Store) -> None:
            await store.registry.apply_practices(practices, KIM)
            outcomes = await store.registry.load(list(bookings), KIM, "tests")
            assert not any(outcome.problem for outcome in outcomes), outcomes

        self.ask(filled)
