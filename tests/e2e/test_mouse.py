"""The mouse at a real terminal: heard at a desk of one's own, left alone over SSH, given back at the end."""

import sys

import pytest

from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

ON, OFF = b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l"


@pytest.mark.parametrize(
    ("ui", "ssh", "is_heard"),
    [("", None, True), ("", "10.0.0.1 22 10.0.0.2 22", False), ("[ui]\nmouse = true\n", "10.0.0.1", True)],
    ids=["at home", "over ssh", "asked for over ssh"],
)
def test_a_press_marks_a_row_where_the_mouse_is_heard(
    desk: LineDesk, ui: str, ssh: str | None, is_heard: bool
) -> None:
    desk.config_file.write_text(desk.config_file.read_text() + ui)
    program = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file)]
    with PtyDesk(program, env={"SSH_CONNECTION": ssh}) as shown:
        lines = shown.wait_for(lambda lines: any(line.startswith("> ") for line in lines[4:]))
        marked = next(place for place, line in enumerate(lines) if line.startswith("> "))
        other = marked + 1
        shown.send(f"\x1b[<0;20;{other + 1}M\x1b[<0;20;{other + 1}m".encode())
        if is_heard:
            shown.wait_for(lambda lines: lines[other].startswith("> "))
        shown.send(b"\x03")
        shown.wait_for("Leave frontdesk?")
        assert shown.screen_lines()[other if is_heard else marked].startswith("> ")
        shown.send(b"y")
        assert shown.wait_exit() == 0
        assert (ON in shown.output, OFF in shown.output) == (is_heard, is_heard)
