"""Data reaches the screen as plain text only, and nothing leaves it behind the operator's back."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import imports, parsed, sources

PLAIN_WIDGETS = {"Input", "TextArea", "text_area.TextAreaTheme"}
"""The only widgets of Textual's own in use, and the colours of one: what they show, they never read as markup."""

FORBIDDEN_CALLS = {
    # These read a string as markup, or as escape sequences.
    *("from_markup", "from_ansi", "notify", "render_str"),
    # These put text where the desk's lock does not reach: a clipboard, a file, a browser.
    *("copy_to_clipboard", "save_screenshot", "export_screenshot", "deliver_screenshot"),
    *("deliver_text", "deliver_binary", "open_url"),
    # A suspended program leaves the screen to whoever comes next.
    *("suspend", "action_suspend_process"),
}
MARKUP_ATTRIBUTES = {"border_title", "border_subtitle", "BORDER_TITLE", "BORDER_SUBTITLE", "tooltip"}
FORBIDDEN_MODULES = ("rich.markup", "textual.markup", "textual.notifications", "rich.traceback", "webbrowser")


def offences(source: str) -> Iterator[str]:
    """Yield what a source of the UI does that could show data as markup or carry it away."""
    for name in imports(source):
        if name.startswith("textual.widgets") and name.removeprefix("textual.widgets.") not in PLAIN_WIDGETS:
            yield name
        if f"{name}.".startswith(tuple(f"{module}." for module in FORBIDDEN_MODULES)):
            yield name
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in FORBIDDEN_CALLS:
                yield name
            for keyword in node.keywords:
                if keyword.arg == "markup" and getattr(keyword.value, "value", True):
                    yield "markup"
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in MARKUP_ATTRIBUTES:
                yield name


UI = [path for path in sources() if path.startswith(("screens/", "widgets/", "app.py"))]


@pytest.mark.parametrize("path", UI)
def test_data_never_becomes_markup(path: str) -> None:
    assert not list(offences(sources()[path]))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from textual.widgets import Input, TextArea", []),
        ("from textual.widgets import Input, Static", ["textual.widgets.Static"]),
        ("from textual.widgets import Label", ["textual.widgets.Label"]),
        (
            "from textual.widgets import Button, RichLog",
            ["textual.widgets.Button", "textual.widgets.RichLog"],
        ),
        ("from textual.widgets._markdown import Markdown", ["textual.widgets._markdown.Markdown"]),
        ("from textual import widgets", ["textual.widgets"]),
        ("import textual.widgets as w", ["textual.widgets"]),
        ("from rich.markup import render", ["rich.markup.render"]),
        ("self.notify(f'{name}')", ["notify"]),
        ("self.app.copy_to_clipboard(name)", ["copy_to_clipboard"]),
        ("Text.from_markup(name)", ["from_markup"]),
        ("Content.from_markup(name)", ["from_markup"]),
        ("with self.suspend(): pass", ["suspend"]),
        ("box.border_title = name", ["border_title"]),
        ("class A:\n  BORDER_TITLE = 'a'", ["BORDER_TITLE"]),
        ("row.tooltip: str = name", ["tooltip"]),
        ("Option(name, markup=True)", ["markup"]),
        ("Option(name, markup=False)", []),
        ("Binding('x', 'y', tooltip='z')", []),
        ("print(box.border_title, box.tooltip)", []),
    ],
)
def test_the_rule_can_fail(source: str, found: list[str]) -> None:
    assert list(offences(source)) == found
