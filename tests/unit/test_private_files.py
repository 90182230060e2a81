"""Who else could read a file, change it, or put another one in its place."""

import os
from pathlib import Path

import pytest

from frontdesk import private_files
from frontdesk.private_files import Exposed, why_changeable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "folder" / "file"
    made.parent.mkdir(mode=0o755)
    made.write_text("x")
    made.chmod(0o644)
    return made


@pytest.fixture
def _group_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "_is_own_group", lambda gid: False)


def test_a_file_of_the_user_alone(file: Path) -> None:
    assert why_changeable(file) == ""
    file.chmod(0o444)
    assert why_changeable(file) == ""


def test_one_that_everybody_may_write(file: Path) -> None:
    file.chmod(0o646)
    assert why_changeable(file) == f"others can change {file}: chmod go-w {file}"


def test_one_whose_folder_everybody_may_write(file: Path) -> None:
    file.parent.chmod(0o757)
    assert why_changeable(file) == f"others can change {file.parent}: chmod go-w {file.parent}"


@pytest.mark.usefixtures("_group_of_several")
def test_one_that_a_group_may_write(file: Path) -> None:
    file.chmod(0o664)
    assert str(file) in why_changeable(file)
    file.chmod(0o644)
    file.parent.chmod(0o775)
    assert f"chmod go-w {file.parent}" in why_changeable(file)


def test_the_group_of_a_user_alone_is_nobody_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        pw_gid, pw_name, gr_name = file.stat().st_gid, "kim", "kim"
        gr_mem: tuple[str, ...] = ()

    monkeypatch.setattr("pwd.getpwuid", lambda _: Entry)
    monkeypatch.setattr("grp.getgrgid", lambda _: Entry)
    file.chmod(0o664)
    assert why_changeable(file) == ""
    Entry.gr_mem = ("tom",)
    assert why_changeable(file) != ""
    Entry.gr_mem = ()
    Entry.gr_name = "staff"
    assert why_changeable(file) != ""


def test_a_folder_where_only_owners_may_is_shared_without_harm(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert why_changeable(file) == ""
    assert why_changeable(file, is_shared_folder_harmless=False) != ""


def test_a_link_is_as_safe_as_what_it_leads_to(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert why_changeable(link) == ""
    file.chmod(0o666)
    assert str(file) in why_changeable(link)


def test_what_is_not_there_is_no_matter(tmp_path: Path) -> None:
    assert why_changeable(tmp_path / "nowhere" / "file") == ""


def test_a_secret_in_a_folder_that_others_may_write_is_not_read(file: Path) -> None:
    file.chmod(0o600)
    assert private_files.read(file, 10) == b"x"
    file.parent.chmod(0o777)
    with pytest.raises(Exposed) as exposed:
        private_files.read(file, 10)
    assert exposed.value.how == f"chmod go-w {file.parent}"
    file.parent.chmod(0o755)
    file.chmod(0o640)
    with pytest.raises(Exposed) as exposed:
        private_files.read(file, 10)
    assert exposed.value.how == f"chmod 600 {file}"


def test_root_has_a_group_of_its_own_too() -> None:
    if os.geteuid() == 0:
        assert private_files._is_own_group(0)
    assert not private_files._is_own_group(2**30)
