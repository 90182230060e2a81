"""What the documents take from the program is what the program says now, on any machine."""

from pathlib import Path

import pytest

from tests import docs, pictures
from tests.architecture.pages import blocks


def test_generated_documents_say_what_the_program_says() -> None:
    assert docs.drifted() == []


def test_a_document_that_drifted_is_named(tmp_path: Path) -> None:
    docs.write(tmp_path)
    assert docs.drifted(tmp_path) == []
    keys = tmp_path / "keys.md"
    keys.write_text(keys.read_text(encoding="utf-8").replace("`F5`", "`F6`"), encoding="utf-8")
    (tmp_path / "commands.md").unlink()
    assert docs.drifted(tmp_path) == ["commands.md", "keys.md"]


def test_the_check_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert docs.main([]) is None
    monkeypatch.setattr(docs, "generated", lambda: {"keys.md": "something else"})
    complaint = docs.main([])
    assert complaint == "docs/keys.md differ from the program: make docs"


def test_documents_are_the_same_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = docs.commands_document()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    assert docs.commands_document() == here
    helps = blocks(docs.FOLDER / "commands.md", "text")
    assert helps
    assert max(len(line) for text in helps for line in text.splitlines()) <= docs.WIDTH


async def test_pictures_are_of_this_program_and_load_nothing() -> None:
    made = await pictures.pictures()
    assert {path.name for path in pictures.FOLDER.iterdir()} == made.keys()
    for name, svg in made.items():
        committed = (pictures.FOLDER / name).read_text(encoding="utf-8")
        assert committed == svg, f"docs/pictures/{name} differs from the program: make pictures"
        assert "url(http" not in svg
        assert "@font-face" not in svg
        assert "href" not in svg
