"""Every fault of a diary that is read: an error, and never a short list that is taken for the whole."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from frontdesk.demo.simulator import Fault, Kind, Operation
from frontdesk.demo.simulator.records import TimeOff
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import (
    AppointmentPage,
    ContractDrift,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    UnknownOutcome,
)
from tests.contract.diaries import DIARIES, Kept, KindOfDiary
from tests.contract.pms_accounts import NOW, START

DAY = timedelta(days=1)
MANY = 120
MOST_PAGES = 20

UNREADABLE = (
    Kind.EMPTY,
    Kind.NO_CONTENT,
    Kind.NOT_JSON,
    Kind.TRUNCATED,
    Kind.CHARSET,
    Kind.GZIP_BOMB,
    Kind.HUGE,
    Kind.NESTED,
    Kind.MISTYPED,
)
NOT_READ = (PmsUnavailable, ContractDrift, UnknownOutcome)
WRONG: dict[Kind, tuple[type[PmsError], ...]] = {
    Kind.UNAUTHORISED: (PmsUnauthorised,),
    Kind.FORBIDDEN: (PmsUnauthorised,),
    Kind.NOT_FOUND: (PmsNotFound,),
    Kind.LOGIN_PAGE: (PmsUnauthorised, *NOT_READ),
    Kind.REDIRECT: (PmsUnauthorised, *NOT_READ),
    Kind.CONTENT_TYPE: (PmsUnauthorised, *NOT_READ),
    **dict.fromkeys((Kind.BUSY_SECONDS, Kind.BUSY_DATE, Kind.BUSY_EPOCH, Kind.BUSY_ABSURD), (RateLimited,)),
    **dict.fromkeys(
        (Kind.SERVER_ERROR, Kind.BAD_GATEWAY, Kind.UNAVAILABLE, Kind.GATEWAY_TIMEOUT, Kind.DROP),
        (PmsUnavailable,),
    ),
    **dict.fromkeys(UNREADABLE, NOT_READ),
}

PAGES = (Kind.PAGES_SHRINK, Kind.PAGES_REPEAT, Kind.PAGES_SHIFT, Kind.TOTAL_LARGER)

ASKED: dict[str, tuple[Callable[[Diary], bool], Callable[[Diary], Awaitable[object]]]] = {
    "appointments": (lambda _: True, lambda diary: diary.appointments(START, START + DAY)),
    "changes": (lambda diary: diary.abilities.changed_since, lambda diary: diary.changes(NOW - 400 * DAY)),
    "patient": (lambda diary: diary.abilities.has_patients, lambda diary: diary.patient("55")),
    "practitioners": (lambda _: True, lambda diary: diary.practitioners()),
    "locations": (lambda diary: diary.abilities.has_locations, lambda diary: diary.locations()),
    "blocks": (lambda diary: diary.abilities.has_blocks, lambda diary: diary.blocks(START, START + DAY)),
    "hours": (lambda diary: diary.abilities.has_hours, lambda diary: diary.hours()),
}
QUICK = {"patient"}

AT_FAULT = [kind for kind in DIARIES if kind.has_faults]


@pytest.fixture(params=AT_FAULT, ids=str)
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    """Each diary that can have faults, with one appointment on Thursday."""
    kind: KindOfDiary = request.param
    async with kind.opened() as made:
        made.put()
        made.put_around(TimeOff("901", "3", START, START + timedelta(minutes=45)))
        yield made


@pytest.mark.parametrize(
    "asked", [pytest.param(one, marks=() if one in QUICK else pytest.mark.full) for one in ASKED]
)
async def test_an_answer_that_goes_wrong_is_an_error(kept: Kept, asked: str) -> None:
    can_be_asked, ask = ASKED[asked]
    if not can_be_asked(kept.diary):
        return
    assert await ask(kept.diary)
    wrong = {}
    for kind, errors in WRONG.items():
        kept.go_wrong(Fault(kind))
        try:
            wrong[kind] = await ask(kept.diary)
        except PmsError as error:
            if not isinstance(error, errors) or "Amelia" in str(error):
                wrong[kind] = error
        kept.go_wrong()
    assert not wrong


async def whole(ask: Callable[[str | None], Awaitable[AppointmentPage]]) -> list[str]:
    """Return the ids of a list, read to its end."""
    page = await ask(None)
    found = [one.ref for one in page.appointments]
    pages = 1
    while page.cursor is not None and pages < MOST_PAGES:
        page, pages = await ask(page.cursor), pages + 1
        found += [one.ref for one in page.appointments]
    return found


@pytest.mark.parametrize(
    ("kept", "fault"),
    [
        pytest.param(kind, fault, id=f"{kind}-{fault}")
        for kind in AT_FAULT
        for fault in PAGES
        if kind.tells_totals or fault is not Kind.TOTAL_LARGER
    ],
    indirect=["kept"],
)
async def test_a_list_whose_pages_do_not_fit_is_never_taken_for_whole(kept: Kept, fault: Kind) -> None:
    for place in range(MANY):
        kept.put(str(10_000 + place), START + DAY + timedelta(minutes=place), updated_at=NOW)
    lists: list[Callable[[str | None], Awaitable[AppointmentPage]]] = [
        lambda cursor: kept.diary.appointments(START + DAY, START + 2 * DAY, cursor)
    ]
    if kept.diary.abilities.changed_since:
        lists.append(lambda cursor: kept.diary.changes(NOW, cursor))
    for ask in lists:
        assert len(await whole(ask)) == MANY
        kept.go_wrong(Fault(fault, Operation.LIST))
        with pytest.raises((ContractDrift, PmsUnavailable)):
            await whole(ask)
        kept.go_wrong()
        for place in range(MANY):
            kept.put(str(10_000 + place), START + DAY + timedelta(minutes=place), updated_at=NOW)


@pytest.mark.parametrize("kept", [one for one in AT_FAULT if one.tells_totals], ids=str, indirect=True)
async def test_a_list_of_one_page_that_says_that_it_has_more_is_not_whole(kept: Kept) -> None:
    kept.go_wrong(Fault(Kind.TOTAL_LARGER, Operation.LIST))
    with pytest.raises(ContractDrift, match="a list of 2 ends after 1"):
        await kept.diary.appointments(START, START + DAY)


async def test_a_list_that_is_whole_again_is_read(kept: Kept) -> None:
    for place in range(MANY):
        kept.put(str(10_000 + place), START + DAY, updated_at=NOW)
    kept.go_wrong(Fault(Kind.PAGES_SHIFT, Operation.LIST))

    def ask(cursor: str | None) -> Awaitable[AppointmentPage]:
        return kept.diary.appointments(START + DAY, START + 2 * DAY, cursor)

    with pytest.raises(PmsUnavailable):
        await whole(ask)
    assert len(await whole(ask)) == MANY - 1
