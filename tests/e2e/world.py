"""A desk in line mode with everything outside that a demonstration has: PMSs, an SMS gateway, a maildir."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import Result

from frontdesk.demo import world
from frontdesk.demo.simulator import Diary, Entry, Simulator
from frontdesk.demo.simulator.folder import read_settings
from tests.e2e.line_mode import LineDesk
from tests.making import make_incoming, make_patient


@dataclass
class World:
    """A desk and what is outside: the made-up PMSs and SMS gateway of a demonstration, and its mail."""

    desk: LineDesk
    pms: Simulator
    mail: Path

    async def try_(self, *arguments: str) -> Result:
        """Run `frontdesk` beside what it talks to."""
        return await asyncio.to_thread(self.desk, *arguments)

    async def run(self, *arguments: str) -> str:
        """Run `frontdesk`, which must succeed; return what it printed."""
        result = await self.try_(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def cancels(self) -> list[bool]:
        """Return of each request to cancel whether it took effect."""
        return [line.effective for line in self.pms.ledger if line.operation == "cancel"]

    def letters(self) -> int:
        """Count the e-mails."""
        return len(list((self.mail / "new").iterdir())) if self.mail.exists() else 0


@asynccontextmanager
async def opened_world(folder: Path) -> AsyncIterator[World]:
    """Bookings R00001 (e-mail) and R00002 (mobile only) at a practice on the simulated Praktika."""
    config = folder / "demo.toml"
    world.make(folder, config, datetime.now(UTC))
    settings = read_settings(folder / world.PMS_FOLDER)
    desk = LineDesk(folder)
    _, _, outside = config.read_text().partition("[notify]")
    desk.write_config(f"[notify]{outside}".replace("praktika-demo]", "smile]"))
    incoming = [make_incoming(), make_incoming(2, patient=make_patient(email=""))]
    await asyncio.to_thread(desk.fill, incoming)
    async with Simulator(Diary(), settings.accounts, port=settings.port) as pms:
        for one in incoming:
            end = one.starts_at + timedelta(minutes=30)
            pms.put(Entry(one.pms_ref, one.starts_at, end, "3"), "praktika-demo")
        yield World(desk, pms, folder / world.MAIL_FOLDER)
    pms.diary.close()
