"""Text in a number of cells; without Textual, since the command line shows bookings in the same words."""

from rich.cells import cell_len, set_cell_size


def fitted(value: str, width: int) -> str:
    """Return `value` in exactly `width` cells: padded, or cut with `..` at its end."""
    if value.isascii() and len(value) <= width:
        return value.ljust(width)
    if cell_len(value) <= width or width <= 2:
        return set_cell_size(value, width)
    return set_cell_size(set_cell_size(value, width - 2).rstrip() + "..", width)
