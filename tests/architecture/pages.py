"""The documents, read for what tests check: links, code, names."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"^ {4}(\S.*)$", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    """Return a document's text."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [body for fence, body in _FENCE.findall(text_of(page)) if fence == language]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text_of(page))


def links(page: Path) -> list[str]:
    """Return what a page links to or shows."""
    text = prose(page)
    return _LINK.findall(text) + _PICTURE.findall(text)


def spans(page: Path) -> list[str]:
    """Return the code inside sentences."""
    return _SPAN.findall(prose(page))


def code_lines(page: Path) -> list[str]:
    """Return every line of code on a page: in blocks, indented, or inside a sentence."""
    fenced = [line for _, body in _FENCE.findall(text_of(page)) for line in body.splitlines()]
    lines = (*fenced, *_INDENTED.findall(prose(page)), *spans(page))
    return [line.strip().removeprefix("$ ") for line in lines]


def anchors(page: Path) -> set[str]:
    """Return what a link to a heading of this page can say after `#`."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
