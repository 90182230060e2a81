"""A simulated PMS and clients of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from frontdesk.demo.simulator import Diary, Entry, Simulator
from tests.unit.simulated import ACCOUNTS, BEARER, HEADERS, NOW, START


@pytest.fixture
async def pms() -> AsyncIterator[Simulator]:
    """Both contracts on one port, with appointment 7001 on Thursday in each diary."""
    async with Simulator(Diary(), ACCOUNTS, clock=lambda: NOW) as simulator:
        for account in ACCOUNTS:
            simulator.put(Entry("7001", START, START + timedelta(minutes=30), "3"), account.name)
        yield simulator
    simulator.diary.close()


@pytest.fixture
async def client(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Praktika account."""
    async with httpx.AsyncClient(
        base_url=f"{pms.base_url}/api/v0", headers=HEADERS, verify=False, trust_env=False, timeout=5
    ) as opened:
        yield opened


@pytest.fixture
async def harbour(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Core Practice account."""
    async with httpx.AsyncClient(
        base_url=f"{pms.url('harbour')}/v1/harbour", headers=BEARER, verify=False, trust_env=False, timeout=5
    ) as opened:
        yield opened
