"""A move, a no-show and one taken back, told to a scripted PMS: read, compared, sent once, verified."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.attempts import Ended, Result
from frontdesk.deliveries import MANUAL_UPDATE, Kind
from frontdesk.pms import telling
from frontdesk.pms.port import (
    AlreadyCancelled,
    Appointment,
    AppointmentStatus,
    ByHand,
    ContractDrift,
    MoveRequest,
    NoShowRequest,
    One,
    PmsConflict,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    Several,
    Unclear,
    UnknownOutcome,
    Unsupported,
    WriteResult,
    WriteState,
)
from frontdesk.pms.telling import PmsCarrier, write_of
from frontdesk.pms.writes import Cancel, Move, NoShow, PmsWrite, TakeBackNoShow
from tests.making import make_patient
from tests.unit.scripted_pms import (
    ACCEPTED,
    APPLIED,
    AT,
    BOOKED,
    COMMAND,
    GONE,
    START,
    Scripted,
    Step,
    booking,
    claim,
)

Tell = Callable[..., Awaitable[Result]]

LATER = START + timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)
MISSED = replace(BOOKED, status=AppointmentStatus.NO_SHOW)
ARRIVED = replace(BOOKED, status=AppointmentStatus.ARRIVED)
COMPLETED = replace(BOOKED, status=AppointmentStatus.COMPLETED)
MOVED = replace(BOOKED, starts_at=LATER)
EVERYTHING = {
    "can_reschedule": True,
    "can_mark_no_show": True,
    "can_take_back_no_show": True,
}


@dataclass(frozen=True)
class Case:
    """A write, the appointment as seen and as done, and what is asked and said."""

    write: PmsWrite
    seen: Appointment
    done: Appointment
    request: MoveRequest | NoShowRequest
    capability: str
    said: str
    already: str
    refused: str
    taken: str

    def __str__(self) -> str:
        return type(self.write).__name__


MOVE = Case(
    Move(START, LATER, LATER + HALF_AN_HOUR),
    BOOKED,
    MOVED,
    MoveRequest(COMMAND, LATER, LATER + HALF_AN_HOUR, "3", "v1"),
    "can_reschedule",
    "moved there",
    "was already moved there",
    "not moved there: ",
    "the move",
)
NO_SHOW = Case(
    NoShow(),
    BOOKED,
    MISSED,
    NoShowRequest(COMMAND, "v1"),
    "can_mark_no_show",
    "marked there as did not come",
    "was already marked there as did not come",
    "not marked there as did not come: ",
    "the no-show",
)
TAKE_BACK = Case(
    TakeBackNoShow(),
    MISSED,
    BOOKED,
    NoShowRequest(COMMAND, "v1"),
    "can_take_back_no_show",
    "no-show taken back there",
    "no-show was already taken back there",
    "no-show not taken back there: ",
    "the change",
)
CASES = (MOVE, NO_SHOW, TAKE_BACK)


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each write in turn."""
    found: Case = request.param
    return found


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Return what tells a scripted PMS of a write, once the script is used up."""

    async def told(case: Case, pms: Scripted, **changes: Any) -> Result:
        monkeypatch.setattr(telling, "write_of", lambda _: case.write)
        result = await PmsCarrier(lambda _: pms).carry(claim(**{"cancellation": None, **changes}))
        assert pms.steps == [], "asked for less than expected"
        return result

    return told


def able(*steps: Step, **capabilities: Any) -> Scripted:
    """Return a PMS that can do everything."""
    return Scripted(*steps, **{**EVERYTHING, **capabilities})


async def test_it_is_read_compared_and_sent_once(case: Case, tell: Tell) -> None:
    pms = able(case.seen, APPLIED)
    assert await tell(case, pms) == Result(Ended.DONE, case.said)
    assert pms.requests == [case.request]


async def test_what_is_so_already_is_done_and_nothing_is_sent(case: Case, tell: Tell) -> None:
    pms = able(case.done)
    assert await tell(case, pms) == Result(Ended.DONE, case.already)
    # An earlier attempt of ours is the likely cause: nobody is told of somebody else.
    assert await tell(case, able(case.done), unproven=1) == Result(Ended.DONE, case.said)
    assert not pms.requests


async def test_what_must_be_verified_is_read_again(case: Case, tell: Tell) -> None:
    for capabilities, unproven in (({"verify_after_write": True}, 0), ({}, 1)):
        for second, ended in (
            (case.done, Ended.DONE),
            (case.seen, Ended.UNKNOWN),
            (PmsUnavailable("away"), Ended.UNKNOWN),
        ):
            pms = able(case.seen, APPLIED, second, **capabilities)
            assert (await tell(case, pms, unproven=unproven)).ended is ended
            assert len(pms.requests) == 1


@pytest.mark.parametrize(
    "doubt", [UnknownOutcome("lost"), ContractDrift("odd"), AlreadyCancelled("it is cancelled there already")]
)
async def test_a_lost_answer_is_read_once_and_never_repeated(case: Case, tell: Tell, doubt: PmsError) -> None:
    for second in (case.done, case.seen, GONE, PmsUnavailable("away"), PmsNotFound("gone")):
        pms = able(case.seen, doubt, second)
        is_done = second is case.done
        expected = Result(Ended.DONE, case.said) if is_done else Result(Ended.UNKNOWN, str(doubt))
        assert await tell(case, pms) == expected
        assert len(pms.requests) == 1


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (PmsUnauthorised("key"), Result(Ended.LOCKED_OUT, "key")),
        (RateLimited("wait", AT), Result(Ended.FAILED, "wait", not_before=AT)),
        (PmsUnavailable("away"), Result(Ended.FAILED, "away", is_away=True)),
        (PmsNotFound("none"), Result(Ended.REFUSED, "none")),
        (Rejected("no"), Result(Ended.REFUSED, "no")),
        (Unsupported("cannot"), Result(Ended.REFUSED, MANUAL_UPDATE)),
        (PmsConflict("changed"), Result(Ended.FAILED, "changed")),
    ],
)
async def test_an_error_after_which_nothing_was_done(
    case: Case, tell: Tell, error: PmsError, result: Result
) -> None:
    assert await tell(case, able(error)) == result
    pms = able(case.seen, error)
    assert await tell(case, pms) == result
    assert len(pms.requests) == 1


async def test_taken_is_not_done(case: Case, tell: Tell) -> None:
    said = f"it has taken {case.taken} and has not carried it out yet"
    assert await tell(case, able(case.seen, ACCEPTED)) == Result(Ended.FAILED, said)


async def test_what_a_pms_cannot_do_is_done_by_hand(case: Case, tell: Tell) -> None:
    pms = able(**{case.capability: False})
    assert await tell(case, pms) == Result(Ended.REFUSED, MANUAL_UPDATE)
    assert (await tell(case, pms, unproven=1)).ended is Ended.STUCK
    assert await tell(case, Scripted(case.done, **{case.capability: True})) == Result(
        Ended.DONE, case.already
    )


async def test_where_versions_are_promised_nothing_is_sent_without_one(case: Case, tell: Tell) -> None:
    pms = able(replace(case.seen, version=""), has_versions=True)
    assert (await tell(case, pms)).ended is Ended.REFUSED
    assert not pms.requests


ELSEWHERE: list[tuple[dict[str, Any], str]] = [
    ({"starts_at": START + timedelta(hours=1)}, "it is on Thu 26 Nov 11:30 with Dr Lee"),
    ({"patients": One("56")}, "it is for another patient there"),
    ({"patients": Several(frozenset(("56", "57")))}, "it is for other patients there"),
    ({"patients": Unclear()}, "its patient there cannot be compared with this booking's"),
    ({"practitioners": Unclear()}, "its practitioner there cannot be compared with this booking's"),
    ({"by_hand": ByHand.MARKED}, ByHand.MARKED.value),
    ({"by_hand": ByHand.SERIES}, ByHand.SERIES.value),
    ({"status": AppointmentStatus.OTHER, "raw_status": "On hold"}, 'its status there is "On hold"'),
    ({"status": AppointmentStatus.CANCELLED}, "it is cancelled"),
]


@pytest.mark.parametrize(("changes", "said"), ELSEWHERE)
async def test_what_is_not_the_bookings_is_left_alone(
    case: Case, tell: Tell, changes: dict[str, Any], said: str
) -> None:
    """Whatever it says: as seen, and as if it were done."""
    for shown in (case.seen, case.done):
        pms = able(replace(shown, **changes))
        assert await tell(case, pms) == Result(Ended.REFUSED, f"{case.refused}{said}")
        assert not pms.requests


async def test_nobody_is_moved_or_marked_with_others(case: Case, tell: Tell) -> None:
    for shown in (case.seen, case.done):
        result = await tell(case, able(replace(shown, patients=Several(frozenset(("55", "56"))))))
        assert result.said.startswith(f"{case.refused}it is for several patients there, and ")
        assert result.said.endswith(f"{case.write.said.change} would be for all of them")


async def test_ids_count_only_where_both_sides_have_one(case: Case, tell: Tell) -> None:
    assert (await tell(case, able(case.seen, APPLIED), patient=make_patient())).ended is Ended.DONE
    other = replace(case.done, practitioners=One("4"))
    assert (await tell(case, able(other))).ended is Ended.REFUSED


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (ARRIVED, "the patient has arrived"),
        (replace(ARRIVED, since=START + timedelta(minutes=18)), "the patient has arrived, since 10:48"),
        (
            replace(ARRIVED, since=START - timedelta(days=3)),
            "the patient has arrived, since Mon 23 Nov 10:30",
        ),
        (COMPLETED, "it is completed"),
    ],
)
async def test_who_has_arrived_is_not_marked(tell: Tell, shown: Appointment, said: str) -> None:
    """The day is named unless it is today."""
    pms = able(shown)
    result = await tell(NO_SHOW, pms, at=START + timedelta(hours=1))
    assert result == Result(Ended.REFUSED, f"not marked there as did not come: {said}")
    assert not pms.requests


async def test_a_no_show_is_taken_back_by_whoever_says_that_the_patient_came(tell: Tell) -> None:
    for shown in (ARRIVED, COMPLETED):
        assert (await tell(TAKE_BACK, able(shown))).ended is Ended.DONE
        assert (await tell(MOVE, able(shown))).ended is Ended.REFUSED
    assert (await tell(MOVE, able(MISSED))).ended is Ended.REFUSED


async def test_only_the_length_is_changed_where_the_start_stays(tell: Tell) -> None:
    longer = replace(MOVE, write=Move(START, START, START + HALF_AN_HOUR * 2))
    shown = replace(BOOKED, ends_at=START + HALF_AN_HOUR)
    pms = able(shown, APPLIED)
    assert await tell(longer, pms) == Result(Ended.DONE, "moved there")
    assert len(pms.requests) == 1
    is_so = replace(BOOKED, ends_at=START + HALF_AN_HOUR * 2)
    assert await tell(longer, able(is_so)) == Result(Ended.DONE, "was already moved there")


async def test_a_move_counts_from_the_old_time_it_was_given_not_from_the_bookings(tell: Tell) -> None:
    for starts_at in (START, LATER):
        assert (await tell(MOVE, able(BOOKED, APPLIED), starts_at=starts_at)).ended is Ended.DONE
        assert (await tell(MOVE, able(MOVED), starts_at=starts_at)).ended is Ended.DONE


NEW = replace(MOVED, ref="90001")
GONE_TO = PmsNotFound("it was moved there and is another appointment now", "90001")


async def test_a_move_that_makes_a_new_id_tells_it(tell: Tell) -> None:
    answered = able(BOOKED, WriteResult(WriteState.APPLIED, "90001"))
    assert await tell(MOVE, answered) == Result(Ended.DONE, "moved there", proof={"pms_ref": "90001"})
    lost = able(BOOKED, UnknownOutcome("lost"), GONE_TO, NEW)
    assert await tell(MOVE, lost) == Result(Ended.DONE, "moved there", proof={"pms_ref": "90001"})
    assert await tell(MOVE, able(GONE_TO, NEW)) == Result(
        Ended.DONE, "was already moved there", proof={"pms_ref": "90001"}
    )
    verified = able(BOOKED, WriteResult(WriteState.APPLIED, "90001"), NEW, verify_after_write=True)
    assert await tell(MOVE, verified) == Result(Ended.DONE, "moved there", proof={"pms_ref": "90001"})


async def test_what_was_moved_elsewhere_is_not_moved_again(tell: Tell) -> None:
    elsewhere = replace(NEW, starts_at=START + timedelta(hours=1))
    pms = able(GONE_TO, elsewhere)
    assert await tell(MOVE, pms) == Result(
        Ended.REFUSED, "not moved there: it is on Thu 26 Nov 11:30 with Dr Lee"
    )
    assert (await tell(MOVE, able(GONE_TO, replace(NEW, patients=One("56"))))).ended is Ended.REFUSED
    assert not pms.requests


async def test_nothing_but_a_move_follows_one(tell: Tell) -> None:
    for case in (NO_SHOW, TAKE_BACK):
        assert await tell(case, able(GONE_TO)) == Result(Ended.REFUSED, str(GONE_TO))


def test_a_cancellation_is_told_with_its_reason() -> None:
    assert write_of(claim()) == Cancel("Sick")
    assert write_of(claim(cancellation=None)) == Cancel("")
    assert booking().starts_at == START


@pytest.mark.parametrize("unproven", [0, 1])
async def test_an_appointment_that_was_moved_and_has_not_begun_is_not_marked(unproven: int) -> None:
    """Nobody knows what an earlier try did; the time that the booking has by now is the PMS's own."""
    made = claim(unproven, at=AT, starts_at=LATER, cancellation=None)
    made = replace(made, delivery=replace(made.delivery, kind=Kind.PMS_NO_SHOW))
    pms = able(MOVED)
    result = await PmsCarrier(lambda _: pms).carry(made)
    assert result == Result(Ended.REFUSED, "not marked there as did not come: it was moved and has not begun")
    assert not pms.requests
    begun = replace(made, at=LATER)
    pms = able(MOVED, APPLIED, *([replace(MOVED, status=AppointmentStatus.NO_SHOW)] * bool(unproven)))
    assert (await PmsCarrier(lambda _: pms).carry(begun)).ended is Ended.DONE


async def test_what_only_a_newer_program_can_tell_is_not_sent_and_goes_on() -> None:
    made = claim()
    made = replace(made, delivery=replace(made.delivery, kind="pms.warm_up"))
    pms = able()
    result = await PmsCarrier(lambda _: pms).carry(made)
    said = "this frontdesk does not know what was asked for: use the version that saved it"
    assert result == Result(Ended.FAILED, said, is_ours=True)
    assert not pms.requests
