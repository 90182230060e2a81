"""What goes over the wire comes out at the other end as it went in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from frontdesk.api import wire
from frontdesk.arrivals import AppointmentStatus
from frontdesk.audit import AuditEvent
from frontdesk.bookings import (
    Booking,
    Cancellation,
    Followup,
    Operator,
    Page,
    Position,
    Reason,
    Row,
    Scope,
    Standing,
)
from frontdesk.commands import KINDS, Cancel, Done, Subject
from frontdesk.deliveries import Attention, Delivery, Kind, State
from frontdesk.errors import (
    CommitLost,
    Conflict,
    FrontdeskError,
    NotFound,
    NotWritten,
    Refused,
    Unauthorised,
    Unavailable,
)
from frontdesk.preflight import Finding, Preflight
from frontdesk.server import examples
from frontdesk.store.port import Change
from frontdesk.store_state import ConnectionState, StoreState, Trouble
from frontdesk.text import clean
from tests.making import KIM, LEE, make_booking

AT = datetime(2026, 11, 22, 9, 14, 5, 123456, UTC)
CANCELLED = replace(make_booking(), version=2, fee=12_50, cancellation=Cancellation(AT, LEE, "Sick"))
DELIVERY = Delivery(7, 1, Kind.PMS_CANCEL, State.UNKNOWN, "Praktika", AT, AT, "smile", 2, AT, "no answer")

NOUNS: tuple[tuple[Any, Any], ...] = (
    (make_booking(), type(CANCELLED)),
    (CANCELLED, type(CANCELLED)),
    (Page((Row(CANCELLED, Followup.NEEDS_PERSON), Row(make_booking())), True, Position(AT, 4)), Page),
    (DELIVERY, Delivery),
    ((Attention(DELIVERY, CANCELLED),), tuple[Attention, ...]),
    (AuditEvent(3, AT, LEE, "booking.cancel", Subject("booking", 1), 1, {"reason": "Sick"}), AuditEvent),
    (Change(9, Subject("booking", 0), None, KIM, AT), Change),
    (Preflight(Finding.DIFFERENT, AT, "Dr Priya Rao"), Preflight),
    (
        Preflight(
            Finding.ATTENDED, AT, "Dr Priya Rao", AppointmentStatus.ARRIVED, AT, besides_status=Finding.SAME
        ),
        Preflight,
    ),
    (
        StoreState(
            Standing("", frozenset({Scope.READ}), frozenset({"adelaide"}), "Desk Two"),
            AT,
            12,
            1_000_000,
            connections=(ConnectionState("smile", 1, 0, Trouble("Praktika", AT)),),
        ),
        StoreState,
    ),
    (wire.Outcome(None), wire.Outcome),
)


@pytest.mark.parametrize(("noun", "kind"), NOUNS, ids=lambda one: type(one).__name__)
def test_nouns_come_through_whole(noun: Any, kind: Any) -> None:
    assert wire.decode(wire.encode(noun), kind) == noun


HERE = frozenset({"booking.cancel", "delivery.settle", "delivery.retry"})

DONE: tuple[Done[Any], ...] = (
    Done(UUID(int=12), "booking.cancel", AT, CANCELLED),
    Done(UUID(int=13), "delivery.settle", AT, replace(DELIVERY, state=State.SETTLED, note="phoned")),
    Done(UUID(int=14), "delivery.retry", AT, DELIVERY),
    *(Done(UUID(int=15), kind, AT, thing) for kind, thing in examples.THINGS.items() if kind not in HERE),
)


@pytest.mark.parametrize("done", DONE, ids=lambda one: one.kind)
def test_what_a_command_did_comes_through_whole(done: Done[Any]) -> None:
    told = wire.DoneTold.of(done)
    assert wire.decode(wire.encode(told), wire.DoneTold).done() == done
    outcome = wire.decode(wire.encode(wire.Outcome(told)), wire.Outcome)
    assert outcome.done is not None
    assert outcome.done.done() == done


def test_a_kind_of_command_that_is_not_known_here_is_none() -> None:
    told = wire.DoneTold(UUID(int=12), "booking.unheard_of", AT, {})
    with pytest.raises(ValueError, match=r"booking\.unheard_of"):
        wire.decode(wire.encode(told), wire.DoneTold).done()


def test_every_kind_of_command_is_tried_here() -> None:
    assert {one.kind for one in DONE} == set(KINDS)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("Lee Tran cancelled this booking", CANCELLED, LEE, AT), 412),
        (Refused(Reason("time-passed", "it started 1 h ago")), 409),
        (Refused(Reason("no-permission", "this desk may read bookings, not change them")), 403),
        (Refused(Reason("id-reused", "start again")), 422),
        (NotFound("look for it again"), 404),
        (Unauthorised("have it made anew"), 401),
        (Unavailable("try again in a moment"), 503),
    ],
    ids=lambda one: str(one),
)
def test_errors_come_through_as_what_they_are(error: FrontdeskError, status: int) -> None:
    told = wire.problem(error)
    assert told.status == status
    with pytest.raises(type(error)) as raised:
        wire.raise_problem(wire.decode(wire.encode(told), wire.Problem), Booking)
    assert raised.value.hint == error.hint
    assert vars(raised.value) == vars(error)


HOSTILE = "Eve\x1b]0;x\x07\u202e"


@pytest.mark.parametrize(
    ("noun", "kind"),
    [
        (Page((Row(replace(make_booking(), ref=HOSTILE)),), False), Page),
        (
            wire.Outcome(wire.DoneTold.of(replace(DONE[0], thing=replace(CANCELLED, ref=HOSTILE)))),
            wire.Outcome,
        ),
        (
            (AuditEvent(3, AT, KIM, "booking.cancel", Subject("booking", 1), 1, {HOSTILE: HOSTILE}),),
            tuple[AuditEvent, ...],
        ),
        (wire.Problem("about:blank", HOSTILE, 500, by=Operator("\x9b2J")), wire.Problem),
    ],
    ids=lambda one: getattr(type(one), "__name__", ""),
)
def test_whatever_a_server_says_nothing_in_it_reaches_a_terminal(noun: Any, kind: Any) -> None:
    told = repr(wire.decode(wire.encode(noun), kind))
    assert "\ufffd" in told
    assert not any(bad in told for bad in ("\\x1b", "\\x07", "\\x9b", "\\u202e"))


def test_a_letter_is_taken_as_it_comes_only_where_it_is_clean() -> None:
    for code in range(1, 0x3000):
        said = Reason("invalid", f"Nguy{chr(code)}n")
        assert wire.decode(wire.encode(said), Reason).text == clean(said.text), hex(code)


def test_what_was_not_written_is_told_apart_from_what_may_have_been() -> None:
    with pytest.raises(NotWritten):
        wire.raise_problem(wire.problem(Unavailable("the disk is full: nothing was changed")))
    for fault in (
        Unavailable("the line was cut: nothing was changed"),
        Unavailable("The line was cut."),
        CommitLost(Unavailable("the line was cut: nothing was changed")),
    ):
        lost = CommitLost(fault)
        assert "not known yet" in lost.hint
        with pytest.raises(CommitLost) as raised:
            wire.raise_problem(wire.problem(lost))
        assert raised.value.hint == lost.hint
        for one in (lost, raised.value):
            # It is told once it is certain that nothing was written: it may not say otherwise.
            assert "not known" not in one.fault.hint


def test_what_a_server_cannot_have_meant_is_no_answer() -> None:
    conflict = wire.Problem("urn:frontdesk:problem:conflict", "Somebody else was first", 412)
    for thing in (None, Booking):
        with pytest.raises(Unavailable):
            wire.raise_problem(conflict, thing)
    with pytest.raises(Unavailable):
        wire.raise_problem(msgspec.structs.replace(conflict, current=CANCELLED))
    with pytest.raises(Unavailable):
        wire.raise_problem(wire.Problem("about:blank", "Bad Gateway", 502))


def test_nothing_in_what_a_command_did_reaches_a_terminal() -> None:
    hostile = replace(CANCELLED, patient=replace(CANCELLED.patient, name=HOSTILE))
    told = wire.DoneTold.of(replace(DONE[0], thing=hostile))
    thing = wire.decode(wire.encode(told), wire.DoneTold).done().thing
    assert isinstance(thing, Booking)
    assert "\ufffd" in thing.patient.name
    assert not any(bad in repr(thing) for bad in ("\\x1b", "\\x07", "\\u202e"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"reason": "x", "version": 3}',
        b'{"told_by_phone": "yes"}',
        b'{"reason": "' + b"x" * 256 + b'"}',
        b"[]",
    ],
)
def test_a_request_has_what_it_may_have_and_no_more(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        wire.decode(body, wire.body_of(Cancel))
