"""The filter options of `list` and `export`: what each becomes, and what contradicts itself."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest
from click.testing import CliRunner

from frontdesk.bookings import BookingQuery, Practice, Practitioner, Status
from frontdesk.cli.filters import ChosenFilters, filter_options
from frontdesk.store.port import BookingStore

ADELAIDE = Practice("adelaide", "Smile Dental", "ADL", "Australia/Adelaide")
PERTH = Practice("perth", "Harbour Dental", "PER", "Australia/Perth")
PEOPLE = (
    Practitioner(1, "adelaide", "Dr Lee"),
    Practitioner(2, "perth", "Dr Lee"),
    Practitioner(3, "perth", "Ms Siobhán O'Brien"),
    Practitioner(4, "adelaide", "Mr Lee Brown"),
    Practitioner(5, "adelaide", "Dr Brown"),
    Practitioner(6, "adelaide", "Dr Anna Lee"),
)
LATE = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
"""Already Monday the 23rd in Adelaide, still Sunday the 22nd in Perth."""


async def _practices() -> tuple[Practice, ...]:
    return ADELAIDE, PERTH


async def _practitioners() -> tuple[Practitioner, ...]:
    return PEOPLE


STORE = cast(BookingStore, SimpleNamespace(practices=_practices, practitioners=_practitioners))


def chosen(*arguments: str) -> ChosenFilters:
    found: list[ChosenFilters] = []

    @click.command()
    @filter_options
    def command(filters: ChosenFilters) -> None:
        found.append(filters)

    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return found[0]


async def query(*arguments: str, home: Practice | None = ADELAIDE) -> BookingQuery:
    return await chosen(*arguments).query(STORE, home, LATE)


async def test_nothing_chosen_is_everything() -> None:
    assert await query() == BookingQuery(as_of=LATE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--status", "upcoming"], {"statuses": frozenset({Status.UPCOMING})}),
        (
            ["--status", "Cancelled", "--status", "COMPLETED"],
            {"statuses": frozenset({Status.CANCELLED, Status.COMPLETED})},
        ),
        (["--day", "2026-12-24"], {"first_day": date(2026, 12, 24), "last_day": date(2026, 12, 24)}),
        (["--from", "2026-12-24"], {"first_day": date(2026, 12, 24)}),
        (["--to", "2026-12-24"], {"last_day": date(2026, 12, 24)}),
        (["--day", "today"], {"first_day": date(2026, 11, 23), "last_day": date(2026, 11, 23)}),
        (["--day", "Tomorrow"], {"first_day": date(2026, 11, 24), "last_day": date(2026, 11, 24)}),
        (
            ["--from", "yesterday", "--to", "today"],
            {"first_day": date(2026, 11, 22), "last_day": date(2026, 11, 23)},
        ),
        (["--day", "thu"], {"first_day": date(2026, 11, 26), "last_day": date(2026, 11, 26)}),
        (["--day", "last thu"], {"first_day": date(2026, 11, 19), "last_day": date(2026, 11, 19)}),
        (["--day", "-1d"], {"first_day": date(2026, 11, 22), "last_day": date(2026, 11, 22)}),
        (
            ["--from", "3/12", "--to", "+2w"],
            {"first_day": date(2026, 12, 3), "last_day": date(2026, 12, 7)},
        ),
        (["--practice", "perth"], {"practices": frozenset({"perth"})}),
        (["--mobile", "+61 491 575 254"], {"mobile": "+61 491 575 254"}),
        (
            ["--practice", "per", "--practice", "smile dental"],
            {"practices": frozenset({"perth", "adelaide"})},
        ),
        (["--practitioner", "dr lee"], {"practitioners": frozenset({1, 2})}),
        (
            ["--practitioner", "Dr Lee", "--practice", "perth"],
            {"practitioners": frozenset({2}), "practices": frozenset({"perth"})},
        ),
        (["--practitioner", "obrien"], {"practitioners": frozenset({3})}),
        (["--practitioner", "Mr Brown"], {"practitioners": frozenset({4})}),
        (["--practitioner", "obrien", "--practitioner", "dr brown"], {"practitioners": frozenset({3, 5})}),
        (["--search", "kov 14/3/81"], {"text": "kov 14/3/81"}),
    ],
)
async def test_each_option(arguments: Sequence[str], expected: dict[str, Any]) -> None:
    assert await query(*arguments) == BookingQuery(as_of=LATE, **expected)


async def test_today_is_that_of_home() -> None:
    assert (await query("--day", "today", home=PERTH)).first_day == date(2026, 11, 22)
    assert (await query("--day", "today", home=None)).first_day == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--practice", "pert"], "there is no practice pert, did you mean perth?"),
        (["--practitioner", "Dr Leee"], "there is no practitioner Dr Leee, did you mean Dr Lee?"),
        (["--practitioner", "-"], "there is no practitioner -"),
        (["--practitioner", "obrien", "--practice", "adelaide"], "there is no practitioner obrien"),
        (["--practitioner", "brown"], "--practitioner brown could mean Dr Brown or Mr Lee Brown"),
        (["--day", "today", "--to", "today"], "--day is one day; with --from and --to leave it out"),
        (["--from", "tomorrow", "--to", "today"], "--from 2026-11-24 is after --to 2026-11-23"),
        (["--day", "soon"], '"soon" is not a day: write it like thu, 3/12, 3 feb, +2w, yesterday'),
        (["--from", "31/11"], "There is no 31 Nov."),
        (["--to", "fri 3/12"], "3 Dec 2026 is a Thursday, not a Friday."),
        (["--mobile", "none"], "--mobile none is no number: write it like 0491 570 006"),
        (["--status", "gone"], "'gone' is not one of 'upcoming', 'completed', 'cancelled'"),
    ],
)
async def test_what_cannot_be_is_a_usage_error(arguments: Sequence[str], sentence: str) -> None:
    with pytest.raises(click.UsageError) as error:
        await query(*arguments)

    assert sentence in error.value.format_message()
    assert error.value.exit_code == 2


def test_what_is_no_day_at_all_is_refused_before_a_store_is_opened() -> None:
    with pytest.raises(click.BadParameter, match='"soon" is not a day'):
        chosen("--from", "soon")


async def test_what_is_no_day_today_is_said_of_its_option() -> None:
    with pytest.raises(click.BadParameter) as error:
        await query("--to", "31/11")
    assert error.value.param is not None
    assert error.value.param.opts == ["--to"]
    assert error.value.ctx is not None
