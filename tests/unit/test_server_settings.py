"""Where the server may listen."""

from pathlib import Path

import pytest

from frontdesk.config.server import ServerSettings, address, why_not_listen


@pytest.mark.parametrize(
    ("bind", "meant"),
    [
        ("127.0.0.1:8411", ("127.0.0.1", 8411)),
        ("[::1]:80", ("::1", 80)),
        ("desk.example:0", ("desk.example", 0)),
    ],
)
def test_an_address_is_host_and_port(bind: str, meant: tuple[str, int]) -> None:
    assert address(bind, "--bind") == meant


@pytest.mark.parametrize("bind", ["", "8411", "localhost", "::1:80", "a b:80", "host:99999", "kim@host:80"])
def test_anything_else_is_none(bind: str) -> None:
    with pytest.raises(ValueError, match="--bind must be HOST:PORT"):
        address(bind, "--bind")


def test_in_the_clear_only_this_machine_hears_it() -> None:
    pem = Path("server.pem")
    for host in ("127.0.0.1", "::1", "localhost"):
        assert why_not_listen(ServerSettings(host)) == ""
    for host in ("0.0.0.0", "::", "10.0.0.5", "desk.example", "127.0.0.1.example"):
        assert "cert and key" in why_not_listen(ServerSettings(host))
        assert why_not_listen(ServerSettings(host, cert=pem, key=pem)) == ""
        assert why_not_listen(ServerSettings(host, behind_proxy=True)) == ""
