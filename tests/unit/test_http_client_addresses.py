"""A host of several addresses: the next one is for what was not sent, and for nothing else."""

import pytest

from frontdesk.http_client import Lost
from tests.unit.test_http_client import Reply, client, hang_up, serving


async def test_the_next_address_of_a_name_is_tried() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with serving() as server:
        asking = client(resolve=resolve)
        assert (await asking.send("GET", f"http://pms.example:{server.port}/")).status == 200
        await asking.close()
    assert f"Host: pms.example:{server.port}\r\n" in server.heads[0]


@pytest.mark.parametrize(
    "reply", [hang_up, b"", b"nonsense\r\n\r\n"], ids=["hangs up", "nothing", "not HTTP"]
)
async def test_what_was_sent_to_one_address_goes_to_no_other(reply: bytes | Reply) -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["127.0.0.1", "127.0.0.2", "127.0.0.3"]

    async with serving(reply, host="0.0.0.0") as server:
        asking = client(resolve=resolve)
        with pytest.raises(Lost, match="broke"):
            await asking.send("POST", f"http://pms.example:{server.port}/cancel", json={"reason": "Sick"})
        await asking.close()
    assert len(server.heads) == 1
