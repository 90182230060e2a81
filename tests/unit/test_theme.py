"""Which look a terminal gets, judged by another count of contrast than the program's own."""

import subprocess
import sys

import pytest

from frontdesk.widgets.look import DARK, LIGHT, LOOKS, PLAIN, QUIET_ROLES, Look
from frontdesk.widgets.theme import (
    AUTO,
    Ability,
    ability,
    follows_background,
    look_at_start,
    look_over,
    luminance,
)
from frontdesk.words.told import Role
from tests.contrast import contrast

WHOLE = Ability()
BACKGROUNDS = {
    "xterm": (0x000000, DARK),
    "VS Code": (0x1E1E1E, DARK),
    "Ubuntu": (0x300A24, DARK),
    "Dracula": (0x282A36, DARK),
    "Solarized, dark": (0x002B36, DARK),
    "Tango": (0x2E3436, DARK),
    "Nord": (0x2E3440, DARK),
    "xterm, light": (0xFFFFFF, LIGHT),
    "Solarized, light": (0xFDF6E3, LIGHT),
    "Gruvbox, light": (0xFBF1C7, LIGHT),
    "a grey": (0x808080, PLAIN),
    "a blue": (0x0000FF, PLAIN),
    "a dark grey": (0x555555, PLAIN),
}
STEPS = (0x00, 0x18, 0x30, 0x48, 0x60, 0x88, 0xB0, 0xD0, 0xE8, 0xFF)
MANY = [red << 16 | green << 8 | blue for red in STEPS for green in STEPS for blue in STEPS]


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_auto_takes_the_theme_that_suits_the_background(name: str) -> None:
    background, look = BACKGROUNDS[name]
    assert look_over(background, WHOLE) == look


def holds(look: Look, background: int) -> bool:
    """Whether all that a look draws on the terminal's own background can be read there."""
    for role, style in look.styles.items():
        if style.color is not None and style.bgcolor is None:
            red, green, blue = style.color.get_truecolor()
            least = 4.5 if role in QUIET_ROLES else 7.0
            if contrast(red << 16 | green << 8 | blue, background) < least:
                return False
    return True


def test_auto_takes_a_theme_where_and_only_where_its_contrast_holds() -> None:
    taken = [look_over(background, WHOLE) for background in MANY]
    for background, look in zip(MANY, taken, strict=True):
        if look == PLAIN:
            assert not holds(DARK, background), hex(background)
            assert not holds(LIGHT, background), hex(background)
        else:
            assert holds(look, background), hex(background)
    assert {look.name for look in taken} == set(LOOKS)


@pytest.mark.parametrize("look", [DARK, LIGHT], ids=lambda look: look.name)
def test_what_has_its_own_background_can_be_read_anywhere(look: Look) -> None:
    bars = (Role.TITLE, Role.BAR, Role.CURSOR, Role.CURSOR_QUIET)
    on_bars = {f"{role} on {bar}": (role, look.on(bar, role)) for bar in bars for role in Role}
    for name, (role, style) in (on_bars | {str(role): (role, look[role]) for role in Role}).items():
        if style.bgcolor is not None:
            assert style.color is not None, name
            (red, green, blue), (r, g, b) = style.color.get_truecolor(), style.bgcolor.get_truecolor()
            measured = contrast(red << 16 | green << 8 | blue, r << 16 | g << 8 | b)
            assert measured >= (4.5 if role in QUIET_ROLES else 7.0), name


@pytest.mark.parametrize("look", LOOKS.values(), ids=lambda look: look.name)
def test_colours_are_of_the_fixed_palette_only(look: Look) -> None:
    for role, style in look.styles.items():
        numbers = [colour.number for colour in (style.color, style.bgcolor) if colour is not None]
        assert all(number is not None and number >= 16 for number in numbers), role
        assert not numbers or look is not PLAIN


def test_luminance_is_as_wcag_says() -> None:
    for background in MANY:
        assert contrast(background, 0) == pytest.approx((luminance(background) + 0.05) / 0.05)


def can(term: str, colorterm: str = "", encoding: str = "utf-8", *, no_color: bool = False) -> Ability:
    return ability(term, colorterm, encoding, no_color=no_color)


@pytest.mark.parametrize(
    ("terminal", "by_itself", "if_told"),
    [
        (can("xterm-256color"), True, DARK),
        (can("tmux-256color"), True, DARK),
        (can("xterm-direct"), True, DARK),
        (can("xterm", "truecolor"), True, DARK),
        (can("xterm", "24bit"), True, DARK),
        (can("xterm"), False, DARK),
        (can("screen"), False, DARK),
        (can("no-such-terminal"), False, DARK),
        (can("xterm-256color", no_color=True), False, PLAIN),
        (can("linux"), False, PLAIN),
        (can("linux", "truecolor"), False, PLAIN),
        (can("vt220"), False, PLAIN),
        (can("vt220", "truecolor"), False, PLAIN),
        (can("ansi"), False, PLAIN),
    ],
)
def test_colours_go_only_where_they_are_understood(terminal: Ability, by_itself: bool, if_told: Look) -> None:
    assert follows_background(AUTO, terminal) is by_itself
    assert look_at_start(AUTO, terminal) == PLAIN
    assert look_at_start("dark", terminal) == if_told
    assert look_at_start("light", terminal) == (LIGHT if if_told is DARK else PLAIN)
    assert look_at_start("plain", terminal) == PLAIN


@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
def test_a_theme_that_the_config_names_asks_nothing(theme: str) -> None:
    assert not follows_background(theme, WHOLE)


def test_without_utf_8_the_colours_stay_and_the_signs_are_ascii() -> None:
    for encoding in ("ascii", "ISO-8859-1", ""):
        look = look_over(0, can("xterm-256color", encoding=encoding))
        assert (look.name, look.styles, look.has_signs) == ("dark", DARK.styles, False)
    assert look_over(0, can("xterm-256color", encoding="UTF8")).has_signs


@pytest.mark.parametrize(("term", "has_them"), [("xterm", False), ("xterm-256color", True), ("vt100", False)])
def test_the_description_of_a_terminal_tells_its_colours(term: str, has_them: bool) -> None:
    """In a process of its own: curses reads one description and keeps it."""
    code = f"from frontdesk.terminal import has_palette; print(has_palette({term!r}))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(has_them)
