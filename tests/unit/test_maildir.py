"""E-mail into a maildir: whole or not at all, once however often it is tried, for its owner alone."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from mailbox import Maildir
from pathlib import Path

import pytest

from frontdesk.attempts import Ended, Result
from frontdesk.deliveries import MAIL_CONNECTION, Kind
from frontdesk.notify.carriers import open_carriers
from frontdesk.notify.mail import MailCarrier, open_post
from frontdesk.notify.maildir import MaildirPost
from frontdesk.notify.settings import MailSettings
from tests.notifying import SETTINGS, make_claim


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A maildir that is not there yet."""
    return tmp_path / "desk" / "mail"


@pytest.fixture
def carrier(folder: Path) -> MailCarrier:
    """What writes into it."""
    return MailCarrier(SETTINGS, open_post(MailSettings(f"maildir://{folder}"), lambda _: ""))


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def modes(top: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"dir": set(), "file": set()}
    for path in (top, *top.rglob("*")):
        found["dir" if path.is_dir() else "file"].add(path.stat().st_mode & 0o777)
    return found


async def test_an_email_is_there_for_any_mail_program(carrier: MailCarrier, folder: Path) -> None:
    assert await carrier.carry(make_claim()) == Result(Ended.DONE, "e-mail put into the folder mail")
    (message,) = Maildir(folder)
    assert message["To"] == "amelia@example.com"
    await carrier.close()


async def test_a_repeat_overwrites_itself_however_often(carrier: MailCarrier, folder: Path) -> None:
    for unproven in range(4):
        assert (await carrier.carry(make_claim(unproven=unproven))).ended is Ended.DONE
    assert len(files(folder)) == 1


@pytest.mark.parametrize("flags", ["", ":2,S"])
async def test_a_repeat_of_what_was_read_already_is_not_new_again(
    flags: str, carrier: MailCarrier, folder: Path
) -> None:
    await carrier.carry(make_claim())
    (new,) = (folder / "new").iterdir()
    new.rename(folder / "cur" / (new.name + flags))
    assert (await carrier.carry(make_claim(unproven=1))).ended is Ended.DONE
    assert files(folder) == [f"cur/{new.name}{flags}"]


async def test_two_first_emails_at_the_same_moment_make_one_folder(
    carrier: MailCarrier, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await carrier.carry(make_claim())
    looked: set[Path] = set()

    def is_dir(path: Path) -> bool:
        """What the second one saw before the first one made them; then what is."""
        is_known = path in looked
        looked.add(path)
        return is_known and os.path.isdir(path)  # noqa: PTH112  Path's own is this very one

    monkeypatch.setattr(Path, "is_dir", is_dir)
    assert (await carrier.carry(make_claim(Kind.DESK_EMAIL))).ended is Ended.DONE
    assert len(files(folder)) == 2


async def test_only_its_owner_can_read_it(carrier: MailCarrier, folder: Path) -> None:
    before = os.umask(0)
    try:
        await carrier.carry(make_claim())
    finally:
        os.umask(before)
    assert modes(folder.parent) == {"dir": {0o700}, "file": {0o600}}


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from frontdesk.notify.maildir import MaildirPost
from tests.notifying import SETTINGS, make_claim
from frontdesk.notify.mail import MailCarrier
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(MailCarrier(SETTINGS, MaildirPost(Path(sys.argv[1]))).carry(make_claim()))
"""


def killed(folder: Path) -> int:
    """Write an e-mail in another process that is killed where it would be renamed; return its end."""
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], cwd=root, check=False, timeout=60
    ).returncode


async def test_killed_before_the_rename_nothing_is_there_and_a_repeat_makes_it_whole(
    carrier: MailCarrier, folder: Path
) -> None:
    assert killed(folder) == -signal.SIGKILL
    assert [Path(one).parts[0] for one in files(folder)] == ["tmp"]
    assert list(Maildir(folder)) == []
    await carrier.carry(make_claim(unproven=1))
    assert [Path(one).parts[0] for one in files(folder)] == ["new"]


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
async def test_a_full_disk_is_said_so_and_leaves_nothing(
    call: str, number: int, carrier: MailCarrier, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        if call == "replace":
            broken.setattr(Path, "replace", fail)
        else:
            broken.setattr(os, call, fail)
        result = await carrier.carry(make_claim())
    assert result == Result(Ended.FAILED, f"the mail folder mail cannot be written: {os.strerror(number)}")
    assert files(folder) == []
    assert (await carrier.carry(make_claim())).ended is Ended.DONE


@pytest.fixture
def file_in_the_way(folder: Path) -> None:
    """Where the folder should be there is a file."""
    folder.parent.mkdir()
    folder.write_text("", encoding="utf-8")


@pytest.mark.usefixtures("file_in_the_way")
async def test_a_file_in_the_way_is_said_so(carrier: MailCarrier) -> None:
    result = await carrier.carry(make_claim())
    assert result.ended is Ended.FAILED
    assert "cannot be written" in result.said


def test_the_config_s_url_names_the_folder(folder: Path) -> None:
    settings = replace(SETTINGS, mail=MailSettings(f"maildir://{folder}%20two"))
    (connection,) = open_carriers(settings, lambda _: "")
    assert connection == MAIL_CONNECTION
    assert isinstance(open_post(MailSettings("maildir:///x"), lambda _: ""), MaildirPost)
