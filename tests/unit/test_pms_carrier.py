"""A cancel told to a scripted PMS: what is asked, in which order, and what is concluded."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.attempts import ATTEMPT_SECONDS, Ended, Result
from frontdesk.deliveries import MANUAL_UPDATE
from frontdesk.errors import FrontdeskError
from frontdesk.pms import comparing, telling
from frontdesk.pms.comparing import preflight
from frontdesk.pms.port import (
    AlreadyCancelled,
    Appointment,
    AppointmentStatus,
    ByHand,
    CancelRequest,
    ContractDrift,
    Nobody,
    One,
    PmsConflict,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    Several,
    SlotsLeft,
    Unclear,
    UnknownOutcome,
    Unsupported,
    UnusableSettings,
    Who,
)
from frontdesk.pms.telling import PmsCarrier
from frontdesk.preflight import Finding, Preflight
from tests.making import make_booking, make_patient
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


async def carry(pms: Scripted, **changes: Any) -> Result:
    result = await PmsCarrier(lambda _: pms).carry(claim(**changes))
    assert pms.steps == [], "asked for less than expected"
    return result


async def never() -> None:
    await asyncio.Event().wait()


async def test_read_compare_send_once() -> None:
    pms = Scripted(BOOKED, APPLIED)
    assert await carry(pms) == Result(Ended.DONE, "cancelled there")
    assert pms.requests == [CancelRequest(COMMAND, "Sick", version="v1")]


@pytest.mark.parametrize(
    ("second", "ended"),
    [
        (GONE, Ended.DONE),
        (BOOKED, Ended.UNKNOWN),
        (PmsUnavailable("away"), Ended.UNKNOWN),
        (PmsNotFound("gone"), Ended.UNKNOWN),
    ],
)
async def test_what_must_be_verified_is_read_again(second: Step, ended: Ended) -> None:
    pms = Scripted(BOOKED, APPLIED, second, verify_after_write=True)
    assert (await carry(pms)).ended is ended
    assert len(pms.requests) == 1


async def test_cancelled_there_already_is_done_and_nothing_is_sent() -> None:
    assert await carry(Scripted(GONE)) == Result(Ended.DONE, "was already cancelled there")
    moved_first = replace(GONE, starts_at=START + timedelta(days=1))
    assert (await carry(Scripted(moved_first))).ended is Ended.DONE
    # An earlier attempt of ours is the likely cause: nobody is told of somebody else.
    assert await carry(Scripted(GONE), unproven=1) == Result(Ended.DONE, "cancelled there")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (
            replace(BOOKED, starts_at=START + timedelta(hours=1)),
            "it is on Thu 26 Nov 11:30 with Dr Lee",
        ),
        (replace(BOOKED, practitioners=One("4"), practitioner_name=""), "it is on Thu 26 Nov 10:30"),
        (replace(BOOKED, practitioners=Several(frozenset("45"))), "it is on Thu 26 Nov 10:30 with Dr Lee"),
        (
            replace(BOOKED, practitioners=Unclear()),
            "its practitioner there cannot be compared with this booking's",
        ),
        (
            replace(BOOKED, practitioners=One("PractitionerRole/3")),
            "its practitioner there cannot be compared with this booking's",
        ),
        (replace(BOOKED, patients=One("56")), "it is for another patient there"),
        (replace(GONE, patients=One("56")), "it is for another patient there"),
        (replace(BOOKED, patients=Several(frozenset(("56", "57")))), "it is for other patients there"),
        *(
            (
                replace(BOOKED, patients=Several(frozenset(refs), is_whole)),
                "it is for several patients there, and a cancel would be for all of them",
            )
            for refs, is_whole in ((("55", "56"), True), (("56", "57"), False), ((), False))
        ),
        *(
            (replace(one, patients=named), "its patient there cannot be compared with this booking's")
            for one, named in (
                (BOOKED, Unclear()),
                (GONE, Unclear()),
                (BOOKED, Unclear(frozenset(("55",)))),
                (BOOKED, Unclear(frozenset(("56",)))),
                (BOOKED, One("https://elsewhere.example/fhir/Patient/55")),
                (GONE, One("https://elsewhere.example/fhir/Patient/55")),
            )
        ),
        *((replace(BOOKED, by_hand=why), why.value) for why in ByHand),
        (replace(GONE, by_hand=ByHand.MARKED), ByHand.MARKED.value),
        (replace(BOOKED, status=AppointmentStatus.ARRIVED), "the patient has arrived"),
        (replace(BOOKED, status=AppointmentStatus.COMPLETED), "it is completed"),
        (replace(BOOKED, status=AppointmentStatus.NO_SHOW), "the patient did not come"),
        (
            replace(BOOKED, status=AppointmentStatus.OTHER, raw_status="On hold"),
            'its status there is "On hold"',
        ),
    ],
)
async def test_what_differs_is_refused_and_nothing_is_sent(shown: Appointment, said: str) -> None:
    result = await carry(Scripted(shown))
    assert result == Result(Ended.REFUSED, f"not cancelled there: {said}")
    assert "Wilson" not in result.said


async def test_ids_count_only_where_both_sides_have_one() -> None:
    bare = replace(BOOKED, practitioners=Nobody(), patients=Nobody())
    assert (await carry(Scripted(bare, APPLIED))).ended is Ended.DONE
    here = make_booking().practitioner
    pms = Scripted(BOOKED, APPLIED)
    assert (await carry(pms, practitioner=here, patient=make_patient())).ended is Ended.DONE


async def test_of_several_practitioners_one_is_enough() -> None:
    for named in (Several(frozenset(("3", "4"))), Unclear(frozenset(("3",)))):
        assert (await carry(Scripted(replace(BOOKED, practitioners=named), APPLIED))).ended is Ended.DONE


@pytest.mark.parametrize("named", [Several(frozenset(("56", "57"))), Several(frozenset()), Unclear()])
async def test_without_a_patients_id_here_several_are_still_several(named: Who) -> None:
    pms = Scripted(replace(BOOKED, patients=named))
    assert (await carry(pms, patient=make_patient())).ended is Ended.REFUSED
    assert not pms.requests


async def test_an_address_elsewhere_is_the_same_where_the_booking_has_it_so() -> None:
    named = "https://elsewhere.example/fhir/Patient/55"
    pms = Scripted(replace(BOOKED, patients=One(named)), APPLIED)
    assert (await carry(pms, patient=make_patient(pms_ref=named))).ended is Ended.DONE


async def test_what_stands_for_all_is_cancelled_for_ours() -> None:
    for changes in (
        {"patients": Several(frozenset(("55", "56")))},
        {"patients": Unclear(frozenset(("55",)))},
        {"by_hand": ByHand.SERIES},
    ):
        assert (await carry(Scripted(replace(GONE, **changes)))).ended is Ended.DONE


async def test_where_versions_are_promised_nothing_is_sent_without_one() -> None:
    pms = Scripted(replace(BOOKED, version=""), has_versions=True)
    assert await carry(pms) == Result(
        Ended.REFUSED, "it gives no version of the appointment, so nothing was sent"
    )
    assert not pms.requests


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        (SlotsLeft.NONE, "cancelled there"),
        (SlotsLeft.BUSY, "cancelled there; its time there is still kept busy: free it there"),
        (SlotsLeft.UNKNOWN, "cancelled there; look there whether its time is free"),
    ],
)
async def test_what_a_cancel_leaves_is_said(slots: SlotsLeft, said: str) -> None:
    left = replace(GONE, slots=slots)
    assert await carry(Scripted(BOOKED, APPLIED, left, verify_after_write=True)) == Result(Ended.DONE, said)
    assert await carry(Scripted(left)) == Result(Ended.DONE, f"was already {said}")


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
async def test_an_error_after_which_nothing_was_done(error: PmsError, result: Result) -> None:
    assert await carry(Scripted(error)) == result
    pms = Scripted(BOOKED, error)
    assert await carry(pms) == result
    assert len(pms.requests) == 1


async def test_a_read_that_cannot_be_understood_is_tried_again() -> None:
    assert await carry(Scripted(ContractDrift("odd"))) == Result(Ended.FAILED, "odd")


@pytest.mark.parametrize(
    "doubt", [UnknownOutcome("lost"), ContractDrift("odd"), AlreadyCancelled("so before")]
)
@pytest.mark.parametrize(
    ("second", "result"),
    [
        (GONE, Result(Ended.DONE, "cancelled there")),
        (BOOKED, None),
        (replace(BOOKED, starts_at=START + timedelta(hours=1)), None),
        (PmsUnavailable("away"), None),
        (PmsUnauthorised("key"), None),
        (PmsNotFound("gone"), None),
    ],
)
async def test_a_doubtful_write_is_read_once_and_never_repeated(
    doubt: PmsError, second: Step, result: Result | None
) -> None:
    pms = Scripted(BOOKED, doubt, second)
    assert await carry(pms) == (result or Result(Ended.UNKNOWN, str(doubt)))
    assert len(pms.requests) == 1


async def test_taken_is_not_done() -> None:
    result = await carry(Scripted(BOOKED, ACCEPTED))
    assert result == Result(Ended.FAILED, "it has taken the cancellation and has not carried it out yet")


async def test_not_having_read_leaves_unknown_what_was_unknown() -> None:
    for error in (PmsUnavailable("away"), RateLimited("wait", AT), ContractDrift("odd")):
        assert (await carry(Scripted(error), unproven=1)).ended is Ended.UNKNOWN
    assert (await carry(Scripted(PmsUnauthorised("key")), unproven=1)).ended is Ended.LOCKED_OUT
    # A read that is refused for ever proves nothing of them either: only a person can look there.
    for refusal in (PmsNotFound("none"), Rejected("no"), Unsupported("cannot")):
        assert (await carry(Scripted(refusal), unproven=1)).ended is Ended.STUCK
    assert (await carry(Scripted(can_cancel=False), unproven=1)).ended is Ended.STUCK
    # Read as booked, the earlier attempts are known to have failed, and so is this one.
    assert (await carry(Scripted(BOOKED, PmsUnavailable("away")), unproven=1)).ended is Ended.FAILED


async def test_a_pms_that_cannot_cancel_is_not_asked() -> None:
    assert await carry(Scripted(can_cancel=False)) == Result(Ended.REFUSED, MANUAL_UPDATE)


async def test_the_deadline_tells_before_sending_from_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "ATTEMPT_SECONDS", telling.MARGIN_SECONDS + 0.05)
    monkeypatch.setattr(telling, "LEAST_SECONDS", 0.0)
    before = await carry(Scripted(never))
    assert before == Result(Ended.FAILED, "it did not answer in time", is_away=True)
    assert (await carry(Scripted(never), unproven=1)).ended is Ended.UNKNOWN
    assert (await carry(Scripted(BOOKED, never))).ended is Ended.UNKNOWN
    assert (await carry(Scripted(BOOKED, UnknownOutcome("lost"), never))).ended is Ended.UNKNOWN


async def test_with_no_time_left_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "LEAST_SECONDS", ATTEMPT_SECONDS)
    pms = Scripted(BOOKED)
    assert await carry(pms) == Result(Ended.FAILED, "it answers too slowly", is_away=True)
    assert not pms.requests


async def test_a_pms_is_opened_once_for_each_time_zone() -> None:
    opened: list[str] = []
    pms = Scripted(GONE, GONE, GONE)

    def open_pms(time_zone: str) -> Scripted:
        opened.append(time_zone)
        return pms

    carrier = PmsCarrier(open_pms)
    perth = replace(claim().booking.practice, time_zone="Australia/Perth")
    for one in (claim(), claim(), claim(practice=perth)):
        assert (await carrier.carry(one)).ended is Ended.DONE
    assert opened == ["Australia/Adelaide", "Australia/Perth"]
    await carrier.close()
    await carrier.close()
    assert pms.closed == 2


async def test_of_two_that_are_opened_at_once_none_is_left_open() -> None:
    opened: list[Scripted] = []
    both = threading.Barrier(2)

    def open_pms(_: str) -> Scripted:
        both.wait(10)
        opened.append(Scripted(BOOKED, BOOKED))
        return opened[-1]

    carrier = PmsCarrier(open_pms)
    await asyncio.gather(carrier.ask(booking()), carrier.ask(booking()))
    await carrier.close()
    assert [pms.closed for pms in opened] == [1, 1]


async def test_settings_that_will_not_do_stop_the_connection() -> None:
    def open_pms(_: str) -> Scripted:
        raise UnusableSettings("[connections.smile] needs a tenant")

    carrier = PmsCarrier(open_pms)
    assert await carrier.carry(claim()) == Result(Ended.LOCKED_OUT, "[connections.smile] needs a tenant")
    assert await carrier.ask(booking()) == Preflight(Finding.NOT_ASKED)
    assert issubclass(UnusableSettings, FrontdeskError)


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        (BOOKED, Finding.SAME),
        (GONE, Finding.CANCELLED),
        (replace(BOOKED, starts_at=START + timedelta(minutes=1)), Finding.DIFFERENT),
        (replace(BOOKED, practitioners=One("4")), Finding.DIFFERENT),
        (replace(BOOKED, patients=One("4")), Finding.DIFFERENT),
        (replace(BOOKED, patients=Several(frozenset(("4", "5")))), Finding.DIFFERENT),
        (replace(BOOKED, patients=Several(frozenset(("4", "55")))), Finding.SEVERAL),
        (replace(BOOKED, patients=Unclear()), Finding.UNCLEAR),
        (replace(BOOKED, practitioners=Unclear()), Finding.UNCLEAR),
        (replace(BOOKED, by_hand=ByHand.SERIES), Finding.SERIES),
        (replace(BOOKED, by_hand=ByHand.MARKED), Finding.MARKED),
        (replace(BOOKED, by_hand=ByHand.PARTIAL), Finding.UNCLEAR),
        (replace(BOOKED, status=AppointmentStatus.NO_SHOW), Finding.ATTENDED),
        (replace(BOOKED, status=AppointmentStatus.OTHER), Finding.UNKNOWN_STATUS),
    ],
)
async def test_before_the_confirm_the_same_comparison_is_shown(step: Appointment, finding: Finding) -> None:
    pms = Scripted(step)
    shown = await PmsCarrier(lambda _: pms).ask(booking())
    assert (shown.finding, shown.starts_at, shown.practitioner) == (finding, step.starts_at, "Dr Lee")
    assert shown.status is step.status
    assert not pms.requests


@pytest.mark.parametrize(
    "status", [AppointmentStatus.ARRIVED, AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW]
)
@pytest.mark.parametrize(
    ("changes", "besides"),
    [
        ({}, Finding.SAME),
        ({"starts_at": START + timedelta(minutes=1)}, Finding.DIFFERENT),
        ({"practitioners": One("4")}, Finding.DIFFERENT),
        ({"practitioners": Unclear()}, Finding.UNCLEAR),
    ],
)
async def test_before_the_confirm_it_says_since_when_and_what_differs_besides(
    status: AppointmentStatus, changes: dict[str, Any], besides: Finding
) -> None:
    step = replace(BOOKED, status=status, since=AT, **changes)
    assert await PmsCarrier(lambda _: Scripted(step)).ask(booking()) == Preflight(
        Finding.ATTENDED, step.starts_at, "Dr Lee", status, AT, besides
    )


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        (PmsNotFound("x"), Finding.GONE),
        (PmsUnauthorised("x"), Finding.LOCKED_OUT),
        (PmsUnavailable("x"), Finding.AWAY),
        (ContractDrift("x"), Finding.UNREADABLE),
        (Rejected("x"), Finding.UNREADABLE),
        (Unsupported("x"), Finding.UNREADABLE),
        (RateLimited("x"), Finding.AWAY),
        (never, Finding.AWAY),
    ],
)
async def test_asking_before_the_confirm_never_raises(
    step: Step, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "PREFLIGHT_SECONDS", 0.05)
    assert await preflight(Scripted(step), booking()) == Preflight(finding)


async def test_a_booking_the_pms_does_not_know_is_not_asked_about() -> None:
    assert await preflight(Scripted(), booking(pms_ref="")) == Preflight(Finding.NOT_ASKED)
