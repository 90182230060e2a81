"""The judge of the screen's colours: it must know a bad one."""

import pytest

from tests.contrast import PALETTES, cell_contrast, contrast, least
from tests.emulator import Cell


def pen(*codes: str, **colours: str) -> Cell:
    return Cell("x", tuple(sorted((*((code, "") for code in codes), *colours.items()))))


def test_contrast_is_as_wcag_says() -> None:
    assert contrast(0x000000, 0xFFFFFF) == pytest.approx(21)
    assert contrast(0x777777, 0xFFFFFF) == pytest.approx(4.48, abs=0.01)
    assert contrast(0xFFFFFF, 0x767676) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("code", [*map(str, range(31, 37)), *map(str, range(91, 97)), "5:196", "2:220:50:47"])
def test_no_colour_is_readable_everywhere(code: str) -> None:
    """So the program has none."""
    of = {name: cell_contrast(pen(foreground=code), palette) for name, palette in PALETTES.items()}
    assert [name for name, ratio in of.items() if ratio < least(PALETTES[name])]


def test_dim_is_not_readable_everywhere() -> None:
    assert cell_contrast(pen("2"), PALETTES["Linux console"]) < least(PALETTES["Linux console"])


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_the_palettes_own_two_are_enough(palette: object) -> None:
    for codes in ((), ("1",), ("7",), ("1", "7"), ("4",)):
        assert cell_contrast(pen(*codes), palette) >= least(palette)  # type: ignore[arg-type]


def test_hidden_and_doubled_text_is_found() -> None:
    dark = PALETTES["xterm, dark"]
    assert cell_contrast(pen("8"), dark) == 1.0
    assert cell_contrast(pen(foreground="30"), dark) == pytest.approx(1)
    assert cell_contrast(pen("7", foreground="37"), dark) == pytest.approx(contrast(0xE5E5E5, 0))
    assert cell_contrast(pen("1", foreground="30"), dark) == pytest.approx(contrast(0x7F7F7F, 0))
