"""What `key_reader`, `frame_writer`, `terminal`, `app` and `screens/sheets` take from inside Textual.

It may change without notice. A failure here says: read Textual's change, then these
modules, before the pin moves.
"""

import inspect
from importlib.metadata import version

import pytest
from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys, _character_to_key
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets.text_area import TextAreaTheme


def test_the_version_read() -> None:
    assert version("textual") == "8.2.8"


def test_the_tables_of_keys() -> None:
    assert ANSI_SEQUENCES_KEYS["\x1b[19~"] == (Keys.F8,)
    assert ANSI_SEQUENCES_KEYS["\x1bOp"] == "0"
    assert FUNCTIONAL_KEYS["19~"] == "f8"
    assert FUNCTIONAL_KEYS["1R"] == "f3"
    assert "left_shift" in MODIFIER_FUNCTIONAL_KEYS
    assert _character_to_key("?") == "question_mark"


def test_the_kitty_keys() -> None:
    keys = XTermParser()._parse_extended_key("\x1b[107;5u")
    assert keys is not None
    assert [(key.key, key.character) for key in keys] == [("ctrl+k", None)]
    assert XTermParser()._parse_extended_key("\x1b[1~~") is None


@pytest.mark.parametrize(
    ("part", "relied_on"),
    [
        (LinuxDriver.__init__, ["self._file = sys.__stderr__", "self.fileno = ", "signal.SIGTSTP"]),
        (LinuxDriver.start_application_mode, ["WriterThread(self._file)", "target=self._run_input_thread"]),
        (LinuxDriver._run_input_thread, ["self.run_input_thread()"]),
        (LinuxDriver.disable_input, ["self.exit_event.set()", "self._key_thread.join()"]),
        (LinuxDriver.process_message, ["InBandWindowResize", "self._enable_in_band_window_resize()"]),
        (LinuxDriver._enable_mouse_support, ["if not self._mouse:"]),
        (LinuxDriver.stop_application_mode, [r'"\x1b[<u"', r'"\x1b[?1049l"']),
        (Driver.__init__, ["self._loop = asyncio.get_running_loop()", "self._app = app"]),
        (App.copy_to_clipboard, [r'self._driver.write(f"\x1b]52;']),
        (App.action_suspend_process, ["self._driver.can_suspend"]),
        (App._handle_exception, ["self._return_code = 1", "self._exception = error"]),
        (App._display, ["renderable is None", "self._batch_count", "self._running", "not self._closed"]),
        (App._display, ["self.screen.outer_size.clamp_offset(", "self.post_display_hook()"]),
        (App._begin_update, ["if self._sync_available"]),
        (LayoutUpdate.__init__, ["self.strips = strips", "self.region = region"]),
        (LayoutUpdate.render_segments, ["move_to(x, y)", "[strip.render(console) for strip in line]"]),
        (ChopsUpdate.__init__, ["self.chops = chops", "self.spans = spans", "self.chop_ends = chop_ends"]),
        (ChopsUpdate.render_segments, ["if x > x2 or end <= x1:", "if x2 > x >= x1 and end <= x2:"]),
        (ChopsUpdate.render_segments, ["strip.crop(0, min(end, x2) - x)"]),
        (Strip.render, ["console._color_system or ColorSystem.TRUECOLOR"]),
        (Screen._compositor_refresh, ["app._display("]),
        (Screen._on_screen_resume, ["self.stack_updates += 1", "self._update_auto_focus()"]),
        (
            Screen._on_screen_resume,
            ["if event.refresh_styles:", "self._refresh_layout(size)", "self.refresh()"],
        ),
        (Screen._on_resize, ["self._screen_resized(event.size)"]),
        (Screen._on_timer_update, ["if self._layout_required:", "self._refresh_layout("]),
        (Screen._extend_compose, ["app._disable_tooltips", "app._disable_notifications"]),
        (Stylesheet._process_component_classes, ["node._get_component_classes()"]),
        (
            TextAreaTheme.apply_css,
            ['if not configured("cursor_style"):', 'if not configured("selection_style"):'],
        ),
        (App._get_screen, ["if not _screen.is_running:", "AwaitMount(_screen, widgets)"]),
        (Compositor._render_chops, ["if not is_rendered_line(y):"]),
        (App.on_event, ["forward_target._forward_event(event)", "not event.is_forwarded"]),
        (MessagePump.call_later, ["self.post_message("]),
        (MessagePump.__init__, ["self._parent = parent"]),
    ],
)
def test_the_code_built_upon(part: object, relied_on: list[str]) -> None:
    assert inspect.isfunction(part)
    source = inspect.getsource(part)
    assert [line for line in relied_on if line not in source] == []


def test_the_messages() -> None:
    assert messages.InBandWindowResize.from_setting_parameter(2).supported
    assert events.Resize.from_dimensions((80, 24), (640, 480)).size == (80, 24)
