"""Hebrew and Arabic names stay in their columns, on terminals that draw them from right to left too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Operator, Position
from frontdesk.cli.lines import aligned, booking_cells
from frontdesk.screens.list.booking_columns import booking_columns
from frontdesk.store.opening import open_store
from frontdesk.widgets.list_table import placed
from frontdesk.words.fitting import fitted, held
from frontdesk.words.summary import peek, summary, who
from tests.bidi import drawn, places
from tests.making import make_booking, make_patient
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import NOW, PRACTICES, kovacs
from tests.screens.test_painting import Oracle

NAMES = ("דוד לוי", "محمد العلي", "רחל 2", "אברהם בן דוד הלוי מירושלים", "Ann לוי", "ל.ד.", "נָעֳמִי")
LINES = dict(zip(range(1, 8), NAMES, strict=True))


@pytest.fixture
async def names_store(tmp_path: Path) -> Path:
    """A store whose patients, practitioners and types are written from right to left."""
    path = tmp_path / "names.db"
    store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    await store.registry.apply_practices(PRACTICES, Operator("x"))
    template = next(iter(kovacs()))
    bookings = [
        replace(
            template,
            ref=f"4{line}",
            pms_ref=f"4{line}",
            starts_at=NOW + timedelta(days=1, hours=line),
            ends_at=None,
            patient=replace(template.patient, name=name),
            practitioner_name=name,
            appointment_type=name,
        )
        for line, name in LINES.items()
    ]
    await store.registry.load(bookings, Operator("x"), "tests")
    await store.close()
    return path


def test_a_date_between_two_hebrew_names_changes_places_where_nothing_holds_them() -> None:
    line = "לוי  12  כהן"
    assert "".join(line[place] for place in drawn(line)) == "ןהכ  12  יול"
    line = f"{held('לוי')}  12  {held('כהן')}"
    assert "".join(line[place] for place in drawn(line)).replace("\u200e", "") == "יול  12  ןהכ"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_column_is_drawn_where_it_stands(
    open_front: FrontOpener, names_store: Path, size: tuple[int, int]
) -> None:
    async with open_front(size=size, path=names_store) as front:
        with Oracle(front, *size) as oracle:
            await front.idle()
            await front.press("tab", "down", "down", "up", "d", "escape")
            lines = [[cell.char for cell in line] for line in oracle.changed.cells()]
            room = front.screen.table.size.width
    assert oracle.differing == []
    seen = 0
    for cells in lines:
        if "●" not in cells and "o" not in cells[2:3]:
            continue
        seen += 1
        places_drawn = _whole(cells)
        for column in placed(
            booking_columns(
                several_practices=True, was_at=lambda row: Position(row.booking.starts_at, row.booking.id)
            ),
            room,
        )[1:]:
            region = range(column.start, min(column.start + column.width, room))
            assert sorted(places_drawn[column.start : region.stop]) == list(region), (
                column.column.title,
                "".join(cells),
            )
    assert seen == len(NAMES)


def _whole(cells: Sequence[str]) -> list[int]:
    """Hebrew and Arabic take one cell each, so what is drawn in a cell is one of the line's cells."""
    found = places([cell or " " for cell in cells])
    assert len(found) == len(cells)
    return found


async def test_what_is_found_stands_beside_what_was_typed(open_front: FrontOpener, names_store: Path) -> None:
    async with open_front(path=names_store) as front:
        with Oracle(front, 80, 24) as oracle:
            await front.type("דוד")
            lines = [[cell.char for cell in line] for line in oracle.changed.cells()]
    assert oracle.differing == []
    (line,) = (cells for cells in lines if "to come" in "".join(cells))
    found = _whole(line)
    assert found[54:] == list(range(54, 80))


def cells(line: str) -> str:
    """Return the characters that take a cell."""
    return "".join(char for char in line if cell_len(char))


def shown(line: str) -> str:
    """Return them as they are drawn."""
    return cells("".join(line[place] for place in drawn(line)))


@pytest.mark.parametrize("name", NAMES)
def test_what_follows_a_name_on_its_line_stays_behind_it(name: str) -> None:
    booking = make_booking(ref="10482", patient=make_patient(name=name), appointment_type=name)
    patient = replace(booking.patient, birth_date=None, mobile="0491570006")
    for said, part in (
        (who(booking.patient), "born 14 Mar 1981"),
        (who(patient), "0491570006"),
        (who(patient, 40), "0491570006"),
        (str(peek(booking, 80)), "10482"),
        *((line, "10482") for line in map(str, summary(booking, NOW, None)) if "10482" in line),
    ):
        assert shown(said).index(part) == cells(said).index(part)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [6, 12, 30])
def test_a_held_name_takes_no_more_cells(name: str, width: int) -> None:
    assert cell_len(fitted(name, width)) == len(cells(fitted(name, width))) == width
    assert cell_len(held(name)) == cell_len(name)


def test_the_lines_of_the_command_line_keep_their_columns() -> None:
    bookings = [
        make_booking(ref=f"4{line}", patient=make_patient(name=name), appointment_type=name)
        for line, name in LINES.items()
    ]
    born = times.birth(make_patient().birth_date)
    for booking, line in zip(bookings, aligned([booking_cells(one, NOW) for one in bookings]), strict=True):
        for part in (born, booking.ref):
            assert shown(line).rindex(part) == cells(line).rindex(part)


def test_latin_names_cost_nothing() -> None:
    for name in ("Ann Lee", "Zoë Kovač", "王小明", "Ελένη"):
        assert held(name) == name
