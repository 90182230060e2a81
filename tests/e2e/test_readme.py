"""The README's own steps, from its config to a cancel that the PMS and the patient hear of.

Its lines are typed as they stand. Only the addresses of the PMS and the mail server are
examples there; here they are those of a simulated PMS and a real SMTP server on loopback.
"""

import asyncio
import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import trustme

from frontdesk.config import PRACTICE_EXAMPLE
from frontdesk.demo.simulator import Diary, Entry, SimulatedAccount, Simulator
from tests.architecture.pages import ROOT, text_of
from tests.e2e.pty_desk import PtyDesk
from tests.notifying import PASSWORD, MailServer, certified, serving

F8 = b"\x1b[19~"
SECTION = re.search(r"^## Use it\n(.*?)^## ", text_of(ROOT / "README.md"), re.DOTALL | re.MULTILINE)
STEPS = SECTION[1] if SECTION else ""
PLACE = "~/Library/Application Support/frontdesk/" if sys.platform == "darwin" else "~/.config/frontdesk/"
KEY = "the key that the vendor gave us"
SECRETS = {"praktika-smile": KEY, "smtp": PASSWORD}
PROVEN = ("cancelled", "Praktika told", "e-mail sent")


def blocks() -> Iterator[tuple[str, str]]:
    """Yield the blocks of the steps with their languages, in the order in which they are read."""
    yield from re.findall(r"^```(\w+)\n(.*?)^```$", STEPS, re.DOTALL | re.MULTILINE)


def appointment() -> dict[str, str]:
    """Return the booking of the README's CSV file."""
    (block,) = (text for language, text in blocks() if language == "csv")
    (row,) = csv.DictReader(block.splitlines())
    return row


class Newcomer:
    """Somebody who has an empty home and follows the README to the letter."""

    def __init__(self, folder: Path, pms_port: int, mail_port: int) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.ports = pms_port, mail_port
        self.said: dict[str, str] = {}
        (folder / "bin").mkdir()
        program = folder / "bin" / "frontdesk"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m frontdesk "$@"\n')
        program.chmod(0o755)
        self.environment: dict[str, str] = {
            "HOME": str(self.home),
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
        }

    def follow(self) -> None:
        """Do what the steps say, block by block, line by line."""
        for language, block in blocks():
            if language == "toml":
                self._write_config(block)
            elif language == "csv":
                (self.home / "bookings.csv").write_text(block, encoding="utf-8")
            else:
                assert language == "sh"
                for line in block.splitlines():
                    self._type(line)

    def _write_config(self, block: str) -> None:
        assert f"`{PLACE}config.toml`" in STEPS
        pms_port, mail_port = self.ports
        reached = block.replace(
            '"https://pms.example"',
            f'"http://127.0.0.1:{pms_port}/smile"\nallow_http = true\nallow_private = true\n#',
        ).replace('@mail.example:587"', f'@localhost:{mail_port}"\nca_file = "ca.pem"')
        place = Path(PLACE.replace("~", str(self.home)))
        place.mkdir(parents=True)
        (place / "config.toml").write_text(reached, encoding="utf-8")
        (place / "ca.pem").write_bytes((self.home.parent / "ca.pem").read_bytes())

    def _type(self, line: str) -> None:
        command = line.partition("#")[0].strip()
        if command.startswith("pipx"):
            return
        if command == "frontdesk":
            self._cancel_on_the_screen()
            return
        secret = SECRETS.get(command.removeprefix("frontdesk credentials set "), "")
        done = subprocess.run(
            ["sh", "-c", line],
            input=f"{secret}\n",
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.home,
            timeout=60,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        self.said[command] = done.stdout

    def _cancel_on_the_screen(self) -> None:
        assert "Type `mirela`, press Enter, then `c`, give a reason, press F8" in STEPS
        environment = dict.fromkeys(("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"))
        with PtyDesk(["sh", "-c", "frontdesk"], env=environment | self.environment, cwd=self.home) as desk:
            desk.wait_for("Mirela Kovač")
            desk.send(b"mirela\rc")
            desk.wait_for("This action cannot be undone.")
            desk.send(b"patient ill")
            desk.wait_for("11/255")
            while not any("Praktika" in line for line in desk.screen_lines()[-2:]):
                desk.send(F8)
                desk.wait_for(
                    lambda lines: any("Too early: " in line for line in lines) or "Praktika" in lines[-2]
                )
                desk.wait_still(0.05)
            assert ", ".join(f"`{fact}`" for fact in PROVEN) in STEPS
            desk.wait_for(lambda lines: all(fact in lines[-2] for fact in PROVEN))


@pytest.mark.long
async def test_a_newcomer_gets_from_the_config_to_a_cancel_that_reaches_everybody(tmp_path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    row = appointment()
    start = datetime.fromisoformat(row["starts_at"]).replace(tzinfo=ZoneInfo("Australia/Adelaide"))
    account = SimulatedAccount("smile", "praktika", KEY, "smile")
    async with (
        Simulator(Diary(), [account]) as pms,
        serving(MailServer(), starttls=certified(authority), with_password=True, user="bookings") as mail,
    ):
        pms.put(Entry(row["pms_ref"], start, start + timedelta(minutes=30)), "smile")
        newcomer = Newcomer(tmp_path, pms.port, mail.port)
        await asyncio.to_thread(newcomer.follow)
        cancels = [line for line in pms.ledger if line.operation == "cancel"]
    pms.diary.close()

    assert [(line.effective, line.ref) for line in cancels] == [(True, row["pms_ref"])]
    letters = [message_from_bytes(one.original_content or b"", policy=default) for one in mail.taken]
    assert sorted(letter["To"] for letter in letters) == ["desk@smile.example", row["patient_email"]]
    assert "!!" not in newcomer.said["frontdesk doctor"]
    assert "it accepts our key" in newcomer.said["frontdesk doctor"]
    assert newcomer.said["frontdesk import bookings.csv"] == (
        "1 read: 1 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 0 bad\n"
    )
    assert newcomer.said["frontdesk deliver --once"] == "0 done\n"
    assert newcomer.said["frontdesk attention"] == "Nothing needs a person.\n"


def test_without_a_config_the_screen_names_the_file_to_write_and_what_goes_into_it(tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path, 0, 0)
    with PtyDesk(["sh", "-c", "frontdesk"], env=newcomer.environment, cwd=newcomer.home) as desk:
        lines = desk.wait_for("frontdesk demo")

    shown = [line.strip() for line in lines]
    whole = PLACE.replace("~", str(newcomer.home)) + "config.toml, which does not exist yet"
    assert re.sub(r"\s", "", whole) in re.sub(r"\s", "", "".join(shown))
    assert "\n".join(PRACTICE_EXAMPLE.splitlines()) in "\n".join(shown)
