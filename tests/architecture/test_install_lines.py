"""What the documents say to install can be installed, and is enough for what the same page uses."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.pages import PAGES, ROOT, code_lines, text_of

EXTRAS = frozenset(
    tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["optional-dependencies"],
)
INSTALL = re.compile(r"(?:\S*/)?(?:pipx|pip|uv tool) install (?:--?\S+ )*(\S+)")
USES = {
    "server": re.compile(r"^ *frontdesk serve(?!\w)", re.MULTILINE),
    "postgres": re.compile(r'^ *url = "postgresql', re.MULTILINE),
}
"""Lines to type or to write that cannot do without an extra."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def installed(page: Path) -> list[str]:
    """Return what the page says to install, of the lines that a reader types."""
    return [found[1].strip("'") for line in code_lines(page) if (found := INSTALL.match(line))]


def extras(target: str) -> set[str]:
    """Return the extras of what is installed: `{"server"}` of `.[server]`."""
    return set(filter(None, re.split(r"[^\w-]+", target.removeprefix("."))))


@every_page
def test_what_is_installed_is_this_repository_and_extras_that_it_has(page: Path) -> None:
    for target in installed(page):
        assert re.fullmatch(r"\.(\[[a-z,]+\])?", target), f"{page.name}: nothing is published as {target}"
        assert extras(target) <= EXTRAS
        assert "clone of" in text_of(page), f"{page.name}: in which folder is {target} typed?"


@every_page
def test_each_extra_that_a_page_uses_is_in_its_install_line(page: Path) -> None:
    used = {extra for extra, sign in USES.items() if sign.search(text_of(page))}
    lines = installed(page)
    there = {extra for target in lines for extra in extras(target)}

    if lines:
        assert used <= there, f"{page.name} uses {used - there} and does not say how to install it"


def test_each_extra_is_installed_somewhere() -> None:
    assert {extra for page in PAGES for target in installed(page) for extra in extras(target)} == EXTRAS


@pytest.mark.parametrize(
    "page", ["README.md", "docs/deploy.md", "docs/ssh.md", "docs/server/README.md", "docs/config.md"]
)
def test_pages_that_set_something_up_say_how_to_install_it(page: str) -> None:
    assert installed(ROOT / page)
