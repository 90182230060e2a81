"""Which export counts: the newest file, once nobody writes to it, and only where nobody else could change it."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.pms.files.watch import STILL, Stamp, Watch
from frontdesk.pms.port import PmsUnavailable
from tests.unit.exporting import EIGHT, Clock, write


def watch(path: Path, clock: Clock | None = None) -> Watch:
    clock = clock or Clock()
    return Watch(path, (".csv",), clock.now, clock.sleep)


async def settled(path: Path, clock: Clock | None = None) -> Stamp:
    return await watch(path, clock).settled()


async def refused(path: Path) -> str:
    with pytest.raises(PmsUnavailable) as said:
        await settled(path)
    return str(said.value)


async def test_a_file_counts_once_it_stood_still_for_five_seconds(tmp_path: Path) -> None:
    file, clock = write(tmp_path / "a.csv", "one"), Clock()

    assert (await settled(file, clock)).path == file
    assert clock.slept == [STILL] == [5.0]


@pytest.mark.parametrize("later", ["one more", "two"], ids=["longer", "written again"])
async def test_a_file_that_is_still_written_to_is_not_read(tmp_path: Path, later: str) -> None:
    file, clock = write(tmp_path / "a.csv", "one"), Clock()

    async def goes_on() -> None:
        write(file, later, clock.now().replace(second=1))

    clock.meanwhile = goes_on
    watched = watch(file, clock)

    with pytest.raises(PmsUnavailable, match=r"^a\.csv is still being written$"):
        await watched.settled()


async def test_what_was_seen_before_is_waited_for_no_longer_than_it_needs(tmp_path: Path) -> None:
    file, clock = write(tmp_path / "a.csv", "one"), Clock()
    watched = watch(file, clock)

    async def goes_on() -> None:
        write(file, "one more")
        clock.meanwhile = Clock().meanwhile

    clock.meanwhile = goes_on
    with pytest.raises(PmsUnavailable):
        await watched.settled()
    await clock.sleep(3)
    del clock.slept[:]

    assert (await watched.settled()).size == len("one more")
    assert clock.slept == [2.0]
    await watched.settled()
    assert clock.slept == [2.0]


async def test_in_a_folder_the_newest_file_of_that_kind_counts(tmp_path: Path) -> None:
    write(tmp_path / "z.csv", "old", EIGHT.replace(hour=9))
    write(tmp_path / "a.CSV.gz", "new", EIGHT.replace(hour=20))
    for other in ("later.xlsx", ".hidden.csv", "a.csv.part"):
        write(tmp_path / other, "x", EIGHT)
    (tmp_path / "folder.csv").mkdir()

    assert (await settled(tmp_path)).path.name == "a.CSV.gz"
    write(tmp_path / "b.csv", "newer", EIGHT)
    assert (await settled(tmp_path)).path.name == "b.csv"


async def test_a_pattern_tells_files_of_one_folder_apart(tmp_path: Path) -> None:
    write(tmp_path / "diary-1.txt", "x", EIGHT.replace(hour=9))
    write(tmp_path / "recalls.txt", "x", EIGHT)

    assert (await settled(tmp_path / "diary-*.txt")).path.name == "diary-1.txt"


async def test_of_files_written_at_one_moment_the_last_by_name_counts(tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        write(tmp_path / f"{name}.csv", "x")

    assert (await settled(tmp_path)).path.name == "c.csv"


async def test_where_nothing_lies_it_is_said_what_is_missing(tmp_path: Path) -> None:
    assert await refused(tmp_path / "a.csv") == f"there is no a.csv in {tmp_path}"
    assert await refused(tmp_path) == f"no export lies in {tmp_path} yet"
    assert await refused(tmp_path / "no" / "a.csv") == f"there is no a.csv in {tmp_path / 'no'}"
    os.mkfifo(tmp_path / "pipe")
    assert await refused(tmp_path / "pipe") == "pipe cannot be looked at: it is no plain file"


async def test_a_file_from_the_future_would_hide_all_that_come(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "x", EIGHT + timedelta(days=1))
    assert (await settled(tmp_path)).path.name == "a.csv"
    write(tmp_path / "b.csv", "x", EIGHT + timedelta(days=1, minutes=1))
    assert await refused(tmp_path) == "b.csv is from the future: is the clock right where it is exported?"


async def test_a_file_that_others_could_change_is_not_read(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "x")
    file.chmod(0o666)

    assert await refused(file) == f"others can change {file}: chmod go-w {file}"


@pytest.mark.parametrize("mode", [0o777, 0o1777], ids=["open", "open, each to their own files"])
async def test_a_folder_in_which_others_could_put_a_newer_file_is_not_read(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    write(folder / "a.csv", "x")
    folder.chmod(mode)

    assert await refused(folder) == f"others can change {folder}: chmod go-w {folder}"


async def test_a_link_is_no_way_around_that(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    write(shared / "a.csv", "x")
    (tmp_path / "a.csv").symlink_to(shared / "a.csv")
    shared.chmod(0o777)

    assert "others can change" in await refused(tmp_path / "a.csv")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_file_must_be_ours_or_of_who_has_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    file = write(folder / "a.csv", "x")
    shutil.chown(file, 65_533)

    assert "belongs to another account than its folder" in await refused(file)
    shutil.chown(folder, 65_533)
    assert (await settled(file)).path == file


async def test_a_file_that_changed_while_it_was_read_is_known(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "one")
    stamp = await settled(file)
    stamp.check()

    write(tmp_path / "b.csv", "one").replace(file)
    with pytest.raises(PmsUnavailable, match=r"a\.csv was written to while it was read"):
        stamp.check()
    file.unlink()
    with pytest.raises(PmsUnavailable, match=r"a\.csv vanished while it was read"):
        stamp.check()
