"""Line mode at a desk whose store is a server: the same commands, and in one sentence what is not for it."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from click.testing import Result

from frontdesk.billing.adjustments import Review
from frontdesk.bookings import Scope
from frontdesk.errors import Unavailable
from frontdesk.store.far.store import RemoteStore
from frontdesk.store.opening import open_store
from frontdesk.store.port import Change
from frontdesk.store.sql.store import SqlStore
from tests.e2e.line_mode import LineDesk
from tests.e2e.server_process import server_process
from tests.making import KIM_AT_TWO, cancel, cancel_of, make_incoming, make_patient, make_practice
from tests.server.test_listening import issue
from tests.serving import DESK_SCOPES, make_token, served, service_of


class FarLineDesk(LineDesk):
    """A line desk that knows no more than where the server is, and what its token is called."""

    def at(self, url: str, token: str) -> None:
        self.store_section = f'[store]\nurl = "{url}"\ncredential = "desk"'
        self.write_config()
        secrets = self.config_file.parent / "credentials"
        secrets.mkdir(exist_ok=True)
        (secrets / "desk").write_text(token)
        (secrets / "desk").chmod(0o600)

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(self, *arguments)

    async def said(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def far(tmp_path: Path) -> FarLineDesk:
    (tmp_path / "far").mkdir()
    return FarLineDesk(tmp_path / "far")


@pytest.fixture
async def behind(desk: LineDesk) -> AsyncIterator[SqlStore]:
    """The store of the server."""
    store = await open_store(f"sqlite:///{desk.store_file}")
    yield store
    await store.close()


@pytest.fixture
async def url(behind: SqlStore, far: FarLineDesk) -> AsyncIterator[str]:
    """A server, and the far desk at it."""
    token = await make_token(behind, KIM_AT_TWO.via)
    async with served(service_of(behind)) as address:
        far.at(address, token)
        yield address


async def test_line_mode_works_over_a_server(url: str, far: FarLineDesk, tmp_path: Path) -> None:
    assert "Amelia Wilson" in await far.said("list")
    assert "R00001" in await far.said("show", "R00001")
    done = await far.run("cancel", "R00001", "--yes", "--reason", "Sick")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Praktika waiting" in done.stdout
    assert "Kim Nguyen (Desk Two)" in await far.said("history", "R00001")
    assert (await far.run("cancel", "R00001", "--yes")).exit_code == 1
    assert (await far.said("attention")).startswith("Nothing needs a person.")
    assert "ADE" in await far.said("practices", "list")
    await far.said("export", str(tmp_path / "out.csv"), "--quiet")
    assert "Amelia Wilson" in (tmp_path / "out.csv").read_text()


async def test_the_late_call_over_a_server(url: str, far: FarLineDesk, behind: SqlStore) -> None:
    begun = (await behind.state()).now.replace(microsecond=0) - timedelta(hours=1)
    await behind.registry.apply_practices([make_practice(account="smile")], KIM_AT_TWO)
    line = make_incoming(9, ref="N1", starts_at=begun, patient=make_patient(is_new=True))
    await behind.registry.load([line], KIM_AT_TWO, "a test")

    assert await far.said("attendance", "N1", "no-show", "--yes") == "did not come, Praktika waiting\n"
    assert "Awaiting Review" in await far.said("adjust", "N1", "other", "--text", "Sick at home", "--yes")
    assert "marked did not come " in await far.said("show", "N1")
    assert await far.said("attendance", "N1", "none", "--yes") == "taken back, Praktika not told\n"
    (request,) = await behind.adjustments((await behind.find("N1"))[0].id)
    assert (str(request.by), request.review) == ("Kim Nguyen (Desk Two)", Review.AWAITING)


AT_THE_STORE = (
    ("import", __file__),
    ("seed",),
    ("backup", "copy.db"),
    ("practices", "apply"),
    ("audit", "verify"),
    ("deliver", "--once"),
    ("tokens", "list"),
    ("serve",),
)


@pytest.mark.parametrize("arguments", AT_THE_STORE, ids=" ".join)
def test_what_needs_the_store_itself_is_done_where_it_is(
    desk: LineDesk, far: FarLineDesk, arguments: tuple[str, ...]
) -> None:
    far.at("https://bookings.example", "fd_1")
    practice = '[[practices]]\nid = "a"\nname = "A"\nshort = "A"\ntime_zone = "Australia/Adelaide"\n'
    far.write_config(practice)
    result = far(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    (sentence,) = result.stderr.splitlines()
    assert sentence.endswith(" on the machine of https://bookings.example")


def test_a_desk_without_a_token_is_told_which_one_is_missing(desk: LineDesk, far: FarLineDesk) -> None:
    far.at("https://bookings.example", "fd_1")
    (far.config_file.parent / "credentials" / "desk").unlink()
    result = far("list")
    assert result.exit_code == 2
    assert "there is no credential desk" in result.stderr
    far.store_section = '[store]\nurl = "https://bookings.example"'
    far.write_config()
    result = far("list")
    assert result.exit_code == 2
    assert "[store] needs a credential" in result.stderr


async def test_a_server_that_is_away_and_a_token_that_is_none(url: str, far: FarLineDesk) -> None:
    far.at(url, "fd_00000000_" + "x" * 43)
    refused = await far.run("list")
    assert refused.exit_code == 1
    assert "does not know this desk's token" in refused.stderr
    far.at("http://127.0.0.1:9", "fd_1")
    away = await far.run("list")
    assert away.exit_code == 3
    assert "The server 127.0.0.1:9 cannot be reached, it refused the connection" in away.stderr


async def test_doctor_says_what_holds_of_a_server(url: str, far: FarLineDesk) -> None:
    said = await far.said("doctor")
    assert re.search(rf"^store +ok the server {url}: 6 bookings$", said, re.MULTILINE)
    assert re.search(r"^token +ok Desk Two, may cancel, read$", said, re.MULTILINE)
    assert "!!" not in said
    assert "clock" not in said


@pytest.mark.parametrize(("hours", "which"), [(1, "behind"), (-1, "ahead of")])
@pytest.mark.full
async def test_doctor_notices_a_clock_that_is_wrong_and_a_token_that_only_reads(
    desk: LineDesk, far: FarLineDesk, hours: int, which: str
) -> None:
    store = await open_store(
        f"sqlite:///{desk.store_file}", clock=lambda: datetime.now(UTC) + timedelta(hours=hours)
    )
    token = await make_token(store, "Desk Two", scopes=frozenset({Scope.READ}))
    async with served(service_of(store)) as address:
        far.at(address, token)
        result = await far.run("doctor")
    await store.close()
    assert result.exit_code == 1
    assert re.search(
        rf"^clock +!! this machine's clock is 3,[56]\d\d s {which} the server's", result.stdout, re.MULTILINE
    )
    assert "with this token bookings can be read, not cancelled" in result.stdout


@pytest.mark.full
async def test_a_server_that_is_killed_and_started_again_needs_no_desk_to_start_again(
    desk: LineDesk, tmp_path: Path
) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issue(authority, tmp_path)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    desk.write_config('[server]\ncert = "server.pem"\nkey = "server.key"')
    store = await open_store(f"sqlite:///{desk.store_file}")
    token = await make_token(store, KIM_AT_TWO.via, scopes=DESK_SCOPES)
    (first,), (second,) = await store.find("R00001"), await store.find("2026/5")
    async with server_process(desk.config_file) as server:
        address = server.url.replace("https://127.0.0.1", "https://localhost")
        stranger = RemoteStore(address, token)
        with pytest.raises(Unavailable, match="its certificate is not accepted"):
            await stranger.state()
        await stranger.close()
        far = RemoteStore(address, token, tmp_path / "ca.pem")
        port = server.url.rpartition(":")[2]
        number = (await far.state()).number
        hearing = asyncio.create_task(far.changes(number, 60))
        await cancel(far, cancel_of(first, KIM_AT_TWO))
        (heard,) = await hearing
        os.kill(server.process.pid, signal.SIGKILL)
        await server.process.wait()
    with pytest.raises(Unavailable):
        await far.get(first.id)
    with pytest.raises(Unavailable):
        await far.changes(heard.number, 60)
    await cancel(store, cancel_of(second, KIM_AT_TWO))
    async with server_process(desk.config_file, "--bind", f"127.0.0.1:{port}"):
        assert (await far.get(first.id)).cancellation is not None
        missed: tuple[Change, ...] = ()
        while not missed:
            try:
                missed = await far.changes(heard.number, 60)
            except Unavailable:
                await asyncio.sleep(0.05)
        assert [one.booking_id for one in missed] == [second.id]
        await far.close()
    await store.close()
