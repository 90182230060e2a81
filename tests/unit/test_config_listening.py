"""Connections of systems that call this machine: what is made of their keys."""

import ipaddress
from pathlib import Path

import pytest

from frontdesk import config
from frontdesk.cli.outside import Outside
from frontdesk.credentials import Credentials
from frontdesk.pms.hl7.settings import Hl7
from frontdesk.pms.kinds import describe, open_diary, open_pms
from frontdesk.pms.port import Account, UnusableSettings, Wake

HL7 = 'kind = "hl7"\nname = "Dentix"\nlisten = "127.0.0.1:2575"\nsender = "DENTIX/MAIN"\n'
OPEN = HL7.replace("127.0.0.1", "0.0.0.0")


def account(folder: Path, keys: str) -> Account | None:
    file = folder / "desk.toml"
    file.write_text(f"[connections.dentix]\n{keys}", encoding="utf-8")
    return config.load(file).accounts.get("dentix")


def why_not(folder: Path, keys: str) -> str:
    with pytest.raises(config.ConfigError) as refused:
        account(folder, keys)
    return refused.value.hint


def test_messages_come_in_from_this_machine(tmp_path: Path) -> None:
    found = account(tmp_path, HL7)
    assert found is not None
    peers = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert found.hl7 == Hl7("127.0.0.1", 2575, "DENTIX", "MAIN", peers)
    assert found.hl7.shown == "127.0.0.1:2575"


def test_without_listen_this_machine_takes_none(tmp_path: Path) -> None:
    assert account(tmp_path, 'kind = "hl7"\nname = "Dentix"\n') is None


def test_other_machines_need_certificates_of_both_sides(tmp_path: Path) -> None:
    for name in ("cert", "key", "client_ca"):
        (tmp_path / f"{name}.pem").touch(mode=0o600)
    files = {name: f'{name} = "{name}.pem"\n' for name in ("cert", "key", "client_ca")}
    peers = 'peers = ["10.1.2.3", "10.2.0.0/16"]\n'
    found = account(tmp_path, OPEN + peers + "".join(files.values()))
    assert found is not None
    assert found.hl7 is not None
    assert found.hl7.client_ca == tmp_path / "client_ca.pem"
    assert found.hl7.is_peer("10.2.9.9")
    for left_out in (*files, "peers"):
        keys = "".join(said for name, said in (*files.items(), ("peers", peers)) if name != left_out)
        assert f"needs {left_out}: who may connect" in why_not(tmp_path, OPEN + keys)
    assert "needs peers, cert, key, client_ca" in why_not(tmp_path, OPEN)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (HL7.replace("DENTIX/MAIN", "DENTIX"), "what MSH-3 and MSH-4"),
        (HL7.replace("DENTIX/MAIN", "/MAIN"), "what MSH-3 and MSH-4"),
        (HL7.replace("127.0.0.1:2575", "2575"), "listen must be HOST:PORT"),
        (HL7.replace('listen = "127.0.0.1:2575"\n', ""), "sender needs listen"),
        (HL7 + 'peers = ["dentix.example"]', "no IP address"),
        (HL7 + 'peers = ["10.1.2.3/8"]', "no IP address"),
        (HL7 + 'cert = "cert.pem"', "belong together"),
        (HL7 + 'base_url = "https://pms.example"', "it has no base_url"),
        (HL7 + 'credential = "dentix"', "it has no credential"),
        (HL7 + 'wake = { credential = "w", header = "X-Wake" }', "it has no wake"),
        (HL7 + 'path = "/srv"', "path is for kind"),
        ('kind = "manual"\nname = "Dentix"\nlisten = "127.0.0.1:1"', "listen is for kind hl7 only"),
        ('kind = "hl7"\nname = ""', "name"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(tmp_path: Path, keys: str, why: str) -> None:
    said = why_not(
        tmp_path, keys + '\n[[practices]]\nid = "a"\nname = "A"\ntime_zone = "UTC"\npms = "dentix"'
    )
    assert why in said


def test_nothing_is_asked_of_it_and_nothing_told(tmp_path: Path) -> None:
    told = describe("hl7", tmp_path)
    assert (told.can_cancel, told.can_be_read, told.is_pushed) == (False, False, True)
    for opens in (open_pms, open_diary):
        with pytest.raises(UnusableSettings, match="of the kind hl7"):
            opens(Account("dentix", "hl7"), lambda name: "", "UTC", lambda: None)  # type: ignore[arg-type, return-value]


API = 'kind = "praktika"\nbase_url = "https://pms.example"\ncredential = "key"\n'


def test_a_pms_may_ask_to_be_read(tmp_path: Path) -> None:
    found = account(tmp_path, API + 'wake = { credential = "w", header = "X-Sign", kind = "hmac-sha256" }')
    assert found is not None
    assert found.wake == Wake("w", "X-Sign", is_hmac=True)
    plain = account(tmp_path, API + 'wake = { credential = "w", header = "X-Wake" }')
    assert plain is not None
    assert plain.wake == Wake("w", "X-Wake")
    assert "name of a header" in why_not(tmp_path, API + 'wake = { credential = "w", header = "X Wake" }')


def test_without_the_secret_of_its_wake_a_pms_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_CREDENTIAL_KEY", "secret")
    file = tmp_path / "desk.toml"
    file.write_text(f'[connections.dentix]\n{API}wake = {{ credential = "w", header = "X-Wake" }}')
    outside = Outside(config.load(file), Credentials(tmp_path))
    assert outside.connections == {"dentix"}
    assert outside.wake_secrets == {"dentix": "w"}
