"""How often a PMS is asked: no oftener than its profile says, and a question that is not put takes no place."""

from datetime import timedelta

import pytest

from frontdesk.pms.port import RateLimited
from tests.unit.pms_profiles import NOW, answer, connect, make_profile
from tests.unit.test_pms_engine import BOOKED, CANCEL


async def test_we_do_not_ask_too_often() -> None:
    profile = make_profile(("[auth]", "[limits]\nper_minute = 20\nburst = 2\n[auth]"))
    pms, wire = connect(profile, *[answer(BOOKED)] * 9)
    await pms.appointment("7")
    await pms.appointment("7")
    with pytest.raises(RateLimited) as raised:
        await pms.cancel("7", CANCEL)
    assert raised.value.retry_at == NOW + timedelta(seconds=3)
    assert len(wire.asked) == 2


async def test_what_is_not_sent_takes_nobodys_place() -> None:
    profile = make_profile(("[auth]", "[limits]\nper_minute = 20\nburst = 2\n[auth]"))
    pms, wire = connect(profile, *[answer(BOOKED)] * 9)
    await pms.appointment("7")
    await pms.appointment("7")
    for _ in range(5):
        with pytest.raises(RateLimited) as raised:
            await pms.appointment("7")
        assert raised.value.retry_at == NOW + timedelta(seconds=3)
    assert len(wire.asked) == 2
