"""The documents name no link, file, target, command or dependency that is not there."""

import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest

from frontdesk.cli import frontdesk
from tests import docs
from tests.architecture.pages import PAGES, ROOT, anchors, code_lines, links, spans, text_of

SOURCE = ROOT / "src" / "frontdesk"
MODULES = sorted(path.stem for path in SOURCE.iterdir() if not path.name.startswith("__"))

_PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
_NAME_IN = re.compile(r"(\w+)\.(\w+)")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@every_page
def test_links_and_pictures_are_there(page: Path) -> None:
    for target in links(page):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}"


@every_page
def test_files_and_names_are_there(page: Path) -> None:
    tops = {path.name for folder in (ROOT, SOURCE) for path in folder.iterdir() if path.is_dir()}
    for span in spans(page):
        is_path = _PATH.fullmatch(span) and ("/" in span or span.endswith(".py"))
        if is_path and (span.split("/")[0] in tops or span.endswith(".py")):
            assert (ROOT / span).exists() or (SOURCE / span).exists(), f"{page.name} names {span}"
        elif (
            (name := _NAME_IN.fullmatch(span)) and name[1] in MODULES and name[2] not in ("md", "toml", "csv")
        ):
            module = import_module(f"frontdesk.{name[1]}")
            assert hasattr(module, name[2]), f"{page.name} names {span}"


def targets() -> dict[str, str]:
    """The targets of the Makefile and what `make help` says of each."""
    makefile = text_of(ROOT / "Makefile")
    return dict(re.findall(r"^([a-z][a-z-]*):(?!=)[^#\n]*(?:## (.+))?$", makefile, re.MULTILINE))


def test_every_target_has_its_line_in_make_help() -> None:
    known = targets()
    assert {"demo", "test", "check", "docs", "pictures"} <= known.keys()
    assert [name for name, line in known.items() if not line] == []
    phony = re.findall(r"^\.PHONY: (.+)$", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert set(phony[0].split()) == known.keys()


@every_page
def test_targets_are_there(page: Path) -> None:
    for line in code_lines(page):
        if named := re.match(r"make ([a-z][a-z-]*)", line):
            assert named[1] in targets(), f"{page.name}: {line}"


def parse(command_line: str) -> None:
    """Parse a command line as the program would. Raises UsageError, or KeyError for no such command."""
    command: click.Command = frontdesk
    context, rest = None, shlex.split(command_line, comments=True)[1:]
    while True:
        context = docs.context_of(command, context)
        _, rest, _ = command.make_parser(context).parse_args(rest)
        if not isinstance(command, click.Group) or not rest:
            return
        inner = command.get_command(context, rest[0])
        if inner is None:
            raise KeyError(rest[0])
        command, rest = inner, rest[1:]


def test_parse_knows_wrong_from_right() -> None:
    parse("frontdesk --config FILE list --day today --json  # comment")
    with pytest.raises(KeyError):
        parse("frontdesk synchronise")
    with pytest.raises(click.NoSuchOption):
        parse("frontdesk list --paitent x")
    with pytest.raises(KeyError):
        parse("frontdesk audit sign")


@every_page
def test_command_lines_can_be_typed(page: Path) -> None:
    for line in code_lines(page):
        # Two blanks begin the explanation in an example of --help; brackets are a usage line.
        command_line = line.partition("  ")[0]
        # as_server is how docs/deploy.md calls frontdesk as the server's account.
        if command_line.startswith(("frontdesk ", "as_server ")) and "[" not in command_line:
            parse(command_line)


def test_every_option_says_what_it_is_for() -> None:
    silent = [
        f"{context.command_path} {parameter.opts[-1]}"
        for context in docs.contexts(frontdesk)
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []


def test_every_command_is_in_the_documents() -> None:
    headings = set(re.findall(r"^## (.+)$", text_of(ROOT / "docs" / "commands.md"), re.MULTILINE))
    assert headings == {context.command_path for context in docs.contexts(frontdesk)}


def test_every_module_is_in_the_architecture() -> None:
    words = set(re.findall(r"\w+", text_of(ROOT / "docs" / "architecture.md")))
    assert [name for name in MODULES if name not in words] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    names = {re.split(r"[\[<>=;~! ]", one)[0] for one in wanted}
    said = re.findall(r"^\| `([\w-]+)` \| (.+) \|$", text_of(ROOT / "docs" / "dependencies.md"), re.MULTILINE)
    assert {name for name, _ in said} == names
    assert len(said) == len(names)
