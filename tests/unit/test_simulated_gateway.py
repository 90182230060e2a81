"""The made-up SMS gateway of the demonstration, reached by the demonstration's own profile."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.attempts import Ended
from frontdesk.credentials import Credentials
from frontdesk.deliveries import SMS_CONNECTION, Kind
from frontdesk.demo import world
from frontdesk.demo.simulator import Diary, Simulator
from frontdesk.demo.simulator.folder import read_settings
from frontdesk.notify.carriers import open_carriers
from frontdesk.notify.settings import GatewaySettings, Letterhead, NotifySettings
from tests.notifying import make_claim


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a demonstration."""
    world.make(tmp_path, tmp_path / "config.toml", datetime(2026, 11, 22, tzinfo=UTC))
    return tmp_path


async def test_a_message_is_taken_once_however_often_it_is_handed_over(place: Path) -> None:
    settings = read_settings(place / world.PMS_FOLDER)
    sms = GatewaySettings(place / "sms.toml", world.SMS_ACCOUNT)
    carriers = open_carriers(NotifySettings(Letterhead(), sms=sms), Credentials(place))
    claim = make_claim(Kind.PATIENT_SMS, "0491 570 006")
    async with Simulator(Diary(), settings.accounts, port=settings.port) as outside:
        first = await carriers[SMS_CONNECTION].carry(claim)
        again = await carriers[SMS_CONNECTION].carry(replace(claim, unproven=1))
        ((number, words),) = outside.diary.ledger.messages()
        assert [line.effective for line in outside.ledger] == [True, False]
    assert (first.ended, again.ended) == (Ended.DONE, Ended.DONE)
    assert number == "+61491570006"
    assert "cancelled" in words
    await carriers[SMS_CONNECTION].close()
    outside.diary.close()


async def test_a_key_that_is_not_its_own_is_locked_out(place: Path) -> None:
    (place / "credentials" / world.SMS_ACCOUNT).write_text("another")
    settings = read_settings(place / world.PMS_FOLDER)
    sms = GatewaySettings(place / "sms.toml", world.SMS_ACCOUNT)
    carriers = open_carriers(NotifySettings(Letterhead(), sms=sms), Credentials(place))
    async with Simulator(Diary(), settings.accounts, port=settings.port) as outside:
        result = await carriers[SMS_CONNECTION].carry(make_claim(Kind.PATIENT_SMS, "0491 570 006"))
        assert outside.diary.ledger.messages() == []
    assert result.ended is Ended.LOCKED_OUT
    await carriers[SMS_CONNECTION].close()
    outside.diary.close()
