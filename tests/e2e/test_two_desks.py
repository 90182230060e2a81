"""Two desks in two terminals on one PostgreSQL: what one does, the other sees, with who did it."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdesk.store.opening import open_store
from tests.e2e.pty_desk import PtyDesk
from tests.making import KIM, make_incoming, make_practice

FRONTDESK = [sys.executable, "-m", "frontdesk"]
TAB, F8 = b"\t", b"\x1b[19~"


async def filled(url: str) -> None:
    store = await open_store(url)
    await store.registry.apply_practices([make_practice()], KIM)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    await store.registry.load(
        [make_incoming(number, starts_at=start + timedelta(hours=number)) for number in (1, 2)], KIM, "tests"
    )
    await store.close()


@pytest.mark.full
def test_a_cancel_at_one_desk_is_seen_at_the_other_with_who_did_it(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    asyncio.run(filled(postgres_url))

    def program(operator: str) -> list[str]:
        config = tmp_path / f"{operator}.toml"
        config.write_text(f'operator = "{operator}"\n[store]\nurl = "{postgres_url}"\n')
        return [*FRONTDESK, "--config", str(config)]

    with PtyDesk(program("Kim Nguyen")) as kim, PtyDesk(program("Lee Tran")) as lee:
        kim.wait_for("2 bookings")
        lee.wait_for("2 bookings")
        kim.wait_still()
        lee.send(TAB)
        lee.wait_for("LIST")
        lee.send(b"c")
        lee.wait_for("This action cannot be undone.")
        lee.wait_still(1.0)  # longer than the dialog is deaf
        lee.send(F8)
        lee.wait_for("cancelled")
        kim.wait_for(lambda lines: any(one.startswith("Lee Tran cancelled ") for one in lines))
        kim.wait_for("x Cancelled")
        assert not any("Lee Tran cancelled" in line for line in lee.screen_lines())
        kim.send(b"x")
        kim.wait_for(lambda lines: not any("Lee Tran cancelled" in one for one in lines))
