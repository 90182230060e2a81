"""Which look a terminal gets: what `[ui] theme` says, what the terminal can show, and its background.

A theme's colours are fixed, and most of its text stands on the terminal's own background. So
`auto` takes a theme only where its colours stand out from that background, as WCAG 2.2 counts
contrast; on a background in the middle none does, and the look is plain.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from rich.color import Color

from frontdesk.terminal import has_palette, is_old
from frontdesk.widgets.look import DARK, LIGHT, LOOKS, PLAIN, QUIET_ROLES, Look

AUTO: Final = "auto"
"""The theme that follows the terminal's background."""

READ: Final = 7.0
"""The least contrast of what is read (WCAG 2.2, success criterion 1.4.6, level AAA)."""
QUIET: Final = 4.5
"""The least contrast of what is quiet (the same, 1.4.3, level AA)."""


@dataclass(frozen=True)
class Ability:
    """What a terminal can show.

    `takes_colours` is whether colours may be sent at all; `has_colours` whether it is known to have 256 of
    them; `has_signs` whether it is UTF-8.
    """

    takes_colours: bool = True
    has_colours: bool = True
    has_signs: bool = True

    def show(self, look: Look) -> Look:
        """Return a look as far as the terminal can show it."""
        if not self.takes_colours:
            return PLAIN
        return look if self.has_signs else replace(look, has_signs=False)


def ability(term: str, colorterm: str, encoding: str, *, no_color: bool) -> Ability:
    """Return what a terminal can show, by TERM and COLORTERM, its encoding, and whether NO_COLOR is set.

    A wish to have no colours (https://no-color.org) counts more than the config, which may be every desk's.
    """
    return Ability(
        takes_colours=not (no_color or is_old(term)),
        has_colours=colorterm in {"truecolor", "24bit"} or has_palette(term),
        has_signs=encoding.lower().replace("-", "") == "utf8",
    )


def look_at_start(theme: str, can: Ability) -> Look:
    """Return the look as long as the terminal has not said what its background is."""
    return can.show(LOOKS.get(theme, PLAIN))


def follows_background(theme: str, can: Ability) -> bool:
    """Return whether the look depends on what the terminal says of its background."""
    return theme == AUTO and can.takes_colours and can.has_colours


def look_over(background: int, can: Ability) -> Look:
    """Return the look that `auto` takes over a background, 0xRRGGBB."""
    return can.show(next((look for look in (DARK, LIGHT) if stands_out(look, background)), PLAIN))


@cache
def _luminances(look_name: str) -> tuple[tuple[float, float], ...]:
    """Return luminance and least contrast of what a look draws on the terminal's own background."""
    found = []
    for role, style in LOOKS[look_name].styles.items():
        if style.color is not None and style.bgcolor is None:
            found.append((_luminance_of(style.color), QUIET if role in QUIET_ROLES else READ))
    return tuple(found)


def stands_out(look: Look, background: int) -> bool:
    """Return whether all that a look draws on the terminal's own background has the contrast it needs."""
    behind = luminance(background)
    return all(_contrast(own, behind) >= least for own, least in _luminances(look.name))


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def luminance(colour: int) -> float:
    """Return the relative luminance of 0xRRGGBB, 0 to 1 (WCAG 2.2)."""
    parts = ((colour >> shift & 0xFF) / 255 for shift in (16, 8, 0))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _luminance_of(colour: Color) -> float:
    red, green, blue = colour.get_truecolor()
    return luminance(red << 16 | green << 8 | blue)
