"""How well a screen can be read: WCAG's contrast of every cell, under the palettes of real terminals."""

from dataclasses import dataclass
from typing import Final

from tests.emulator import Cell

READABLE: Final = 4.5
"""WCAG 2.2, success criterion 1.4.3 (level AA), for text of any size."""


@dataclass(frozen=True)
class Palette:
    """A terminal's sixteen colours and its own two, as 0xRRGGBB.

    `bold_is_bright` is whether bold text in one of the first eight colours takes the bright one.
    `dim` is how much of the way from the background to the colour dim text keeps.
    """

    text: int
    background: int
    colours: tuple[int, ...]
    bold_is_bright: bool = False
    dim: float = 0.5


_XTERM = (
    *(0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5),
    *(0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF),
)
_VGA = (
    *(0x000000, 0xAA0000, 0x00AA00, 0xAA5500, 0x0000AA, 0xAA00AA, 0x00AAAA, 0xAAAAAA),
    *(0x555555, 0xFF5555, 0x55FF55, 0xFFFF55, 0x5555FF, 0xFF55FF, 0x55FFFF, 0xFFFFFF),
)
_SOLARIZED = (
    *(0x073642, 0xDC322F, 0x859900, 0xB58900, 0x268BD2, 0xD33682, 0x2AA198, 0xEEE8D5),
    *(0x002B36, 0xCB4B16, 0x586E75, 0x657B83, 0x839496, 0x6C71C4, 0x93A1A1, 0xFDF6E3),
)
_CAMPBELL = (
    *(0x0C0C0C, 0xC50F1F, 0x13A10E, 0xC19C00, 0x0037DA, 0x881798, 0x3A96DD, 0xCCCCCC),
    *(0x767676, 0xE74856, 0x16C60C, 0xF9F1A5, 0x3B78FF, 0xB4009E, 0x61D6D6, 0xF2F2F2),
)

PALETTES: Final = {
    "xterm, dark": Palette(0xE5E5E5, 0x000000, _XTERM, bold_is_bright=True),
    "xterm, light": Palette(0x000000, 0xFFFFFF, _XTERM, bold_is_bright=True),
    "Linux console": Palette(0xAAAAAA, 0x000000, _VGA, bold_is_bright=True, dim=0.4),
    "Solarized, dark": Palette(0x839496, 0x002B36, _SOLARIZED),
    "Solarized, light": Palette(0x657B83, 0xFDF6E3, _SOLARIZED),
    "Windows Terminal": Palette(0xCCCCCC, 0x0C0C0C, _CAMPBELL),
    "VT220, one colour": Palette(0x33FF33, 0x101010, (0x33FF33,) * 16),
}


def contrast(one: int, other: int) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def cell_contrast(cell: Cell, palette: Palette) -> float:
    """Return how much a cell's sign differs from what is behind it."""
    pen = dict(cell.pen)
    text = _colour(pen.get("foreground"), palette.text, palette, bright="1" in pen and palette.bold_is_bright)
    behind = _colour(pen.get("background"), palette.background, palette)
    if "2" in pen:
        text = _mixed(text, behind, palette.dim)
    if "7" in pen:
        text, behind = behind, text
    return 1.0 if "8" in pen else contrast(text, behind)


def least(palette: Palette) -> float:
    """Return what is asked of every cell: readable, or as readable as the palette's own text."""
    return min(READABLE, contrast(palette.text, palette.background))


def _luminance(colour: int) -> float:
    parts = [(colour >> shift & 0xFF) / 255 for shift in (16, 8, 0)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(text: int, behind: int, share: float) -> int:
    mixed = 0
    for shift in (16, 8, 0):
        one, other = text >> shift & 0xFF, behind >> shift & 0xFF
        mixed |= round(one * share + other * (1 - share)) << shift
    return mixed


def _colour(code: str | None, default: int, palette: Palette, *, bright: bool = False) -> int:
    """Return the colour of a pen's code as `tests.emulator` keeps it: "31", "91", "5:196", "2:1:2:3"."""
    if code is None:
        return default
    kind, *numbers = (int(part) for part in code.split(":"))
    if kind == 2 and numbers:
        red, green, blue = numbers
        return red << 16 | green << 8 | blue
    number = numbers[0] if numbers else kind % 10 + (8 if kind >= 90 else 0)
    if number < 8 and bright:
        number += 8
    if number < 16:
        return palette.colours[number]
    if number >= 232:
        grey = 8 + (number - 232) * 10
        return grey << 16 | grey << 8 | grey
    steps = (0, 95, 135, 175, 215, 255)
    red, green, blue = ((number - 16) // size % 6 for size in (36, 6, 1))
    return steps[red] << 16 | steps[green] << 8 | steps[blue]
