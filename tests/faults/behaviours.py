"""What a PMS and a mail server may do, and how a cancellation must end all the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from frontdesk.deliveries import State
from frontdesk.demo.simulator import Effect, Fault, Kind, Operation
from tests.notifying import Fault as MailFault

DONE, ATTENTION = State.DONE, State.ATTENTION


@dataclass(frozen=True)
class PmsBehaviour:
    """What a PMS does, by its faults; how the delivery must end, and with how many effective writes.

    The faults are those of a cancel; `towards` returns the same ones of another write.

    `away` is for how many rounds of attempts nothing listens. `late_at` is the round before
    which late effects take place.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    ends: State = DONE
    writes: int = 1
    away: int = 0
    late_at: int = 2

    def __str__(self) -> str:
        return self.name

    def towards(self, operation: Operation) -> "PmsBehaviour":
        """Return the same behaviour with the faults of `operation` in place of those of a cancel."""
        faults = (replace(one, on=operation) if one.on == Operation.CANCEL else one for one in self.faults)
        return replace(self, faults=tuple(faults))


def _cancel(kind: Kind, times: int | None = None, effect: Effect | None = None) -> Fault:
    return Fault(kind, Operation.CANCEL, times=times, effect=effect)


APPLIED, NEVER, LATE = Effect.APPLIED, Effect.NEVER, Effect.LATE

PMS_BEHAVIOURS = (
    PmsBehaviour("works"),
    PmsBehaviour("does not accept the key", (Fault(Kind.UNAUTHORISED),), ATTENTION, 0),
    PmsBehaviour("refuses for ever", (_cancel(Kind.INVALID),), ATTENTION, 0),
    PmsBehaviour("knows no such appointment", (Fault(Kind.NOT_FOUND),), ATTENTION, 0),
    PmsBehaviour("somebody changed it in between", (_cancel(Kind.STAFF_CHANGE),)),
    PmsBehaviour("somebody moved it", (Fault(Kind.STAFF_MOVE, Operation.READ),), ATTENTION, 0),
    PmsBehaviour("somebody cancelled it in between", (_cancel(Kind.STAFF_CANCEL),), DONE, 0),
    PmsBehaviour("asks to wait twice", (Fault(Kind.BUSY_SECONDS, times=2, seconds=120),)),
    PmsBehaviour("fails after it has done it", (_cancel(Kind.SERVER_ERROR, 2, APPLIED),)),
    PmsBehaviour("fails always", (Fault(Kind.SERVER_ERROR),), ATTENTION, 0),
    PmsBehaviour("drops before it has done it", (_cancel(Kind.DROP, 2, NEVER),)),
    PmsBehaviour("drops after it has done it", (_cancel(Kind.DROP, 2, APPLIED),)),
    PmsBehaviour("drops and does it after the next try", (_cancel(Kind.DROP, 1, LATE),)),
    PmsBehaviour(
        "does it and never answers",
        (Fault(Kind.HANG, Operation.CANCEL, times=1, seconds=60, effect=APPLIED),),
    ),
    PmsBehaviour("accepts and does it later", (_cancel(Kind.ACCEPTED, 1, LATE),), late_at=1),
    PmsBehaviour("answers with a bomb", (_cancel(Kind.GZIP_BOMB, 1, APPLIED), Fault(Kind.HUGE, times=1))),
    PmsBehaviour("answers half", (_cancel(Kind.TRUNCATED, 1, APPLIED), Fault(Kind.TRUNCATED, times=1))),
    PmsBehaviour("is switched off for a while", away=3),
    PmsBehaviour("forbids to cancel", (_cancel(Kind.FORBIDDEN),), ATTENTION, 0),
    PmsBehaviour("somebody moved it in between", (_cancel(Kind.STAFF_MOVE),), ATTENTION, 0),
    PmsBehaviour("somebody cancelled it", (Fault(Kind.STAFF_CANCEL, Operation.READ),), DONE, 0),
    PmsBehaviour("asks to wait until a date", (Fault(Kind.BUSY_DATE, "writes", times=1, seconds=600),)),
    PmsBehaviour("asks to wait for ever", (Fault(Kind.BUSY_ABSURD),), ATTENTION, 0),
    PmsBehaviour("fails before it has done it", (_cancel(Kind.SERVER_ERROR, 2),)),
    PmsBehaviour("a gateway fails", (Fault(Kind.BAD_GATEWAY, times=2), Fault(Kind.UNAVAILABLE, times=2))),
    PmsBehaviour("drops and does it before the next try", (_cancel(Kind.DROP, 1, LATE),), late_at=1),
    PmsBehaviour("never answers", (Fault(Kind.HANG, seconds=60),), ATTENTION, 0),
    PmsBehaviour("is slow", (Fault(Kind.SLOW, seconds=8),)),
    PmsBehaviour("accepts and never does it", (_cancel(Kind.ACCEPTED, None, NEVER),), ATTENTION, 0),
    PmsBehaviour("answers nothing, done", (_cancel(Kind.EMPTY, 1, APPLIED),)),
    PmsBehaviour("answers nothing, not done", (_cancel(Kind.EMPTY, 1, NEVER),)),
    PmsBehaviour("answers what is no JSON, always", (Fault(Kind.NOT_JSON),), ATTENTION, 0),
    PmsBehaviour("answers other types", (_cancel(Kind.MISTYPED, 1, APPLIED), Fault(Kind.MISTYPED, times=1))),
    PmsBehaviour(
        "answers in another charset", (_cancel(Kind.CHARSET, 1, NEVER), Fault(Kind.NESTED, times=1))
    ),
    PmsBehaviour("shows a status nobody knows", (Fault(Kind.UNKNOWN_STATUS, "reads"),), ATTENTION, 0),
    PmsBehaviour("shows a sign-in page", (Fault(Kind.LOGIN_PAGE),), ATTENTION, 0),
    PmsBehaviour("redirects", (Fault(Kind.REDIRECT),), ATTENTION, 0),
    PmsBehaviour("is switched off", ends=ATTENTION, writes=0, away=100),
)

OTHERWISE = {
    # It has no versions, so what happens between the read and the write is not seen.
    ("cliniko", "somebody moved it in between"): (DONE, 1),
    ("open-dental", "somebody moved it in between"): (DONE, 1),
    # It has no code for it: a person finds it cancelled already.
    ("cliniko", "somebody cancelled it in between"): (ATTENTION, 0),
    # It has no status that could be unknown.
    ("cliniko", "shows a status nobody knows"): (DONE, 1),
}
"""How a kind of PMS ends, and with how many effective writes, where it differs from the others."""

CANCELLED_THERE = ("somebody cancelled it in between", "somebody cancelled it")
"""What a cancel takes for done, and nothing else does."""

UNGUARDED = {("praktika", Operation.NO_SHOW), ("praktika", Operation.TAKE_BACK_NO_SHOW)}
"""Writes that go without a version: what happens between the read and the write is not seen."""

FOUND_BY_ATTENDANCE = {("core-practice", Operation.TAKE_BACK_NO_SHOW, "shows a status nobody knows")}
"""Its attendance says that nobody came, whatever its state is called."""

UNSEEN = {
    ("open-dental", Operation.NO_SHOW, "somebody moved it in between"): (ATTENTION, 1),
    ("open-dental", Operation.TAKE_BACK_NO_SHOW, "somebody moved it in between"): (ATTENTION, 1),
    ("open-dental", Operation.RESCHEDULE, "somebody cancelled it in between"): (ATTENTION, 1),
    ("open-dental", Operation.TAKE_BACK_NO_SHOW, "somebody cancelled it in between"): (DONE, 1),
}
"""What it does not see, because it has no versions and may write to any appointment: reading again tells it."""

MOVED_BETWEEN = "somebody moved it in between"


def ending(kind: str, operation: Operation, behaviour: PmsBehaviour) -> PmsBehaviour:
    """Return how a write to a kind of PMS ends that behaves so."""
    if unseen := UNSEEN.get((kind, operation, behaviour.name)):
        return replace(behaviour.towards(operation), ends=unseen[0], writes=unseen[1])
    if operation is not Operation.CANCEL and behaviour.name in CANCELLED_THERE:
        return replace(behaviour.towards(operation), ends=ATTENTION, writes=0)
    ends, writes = OTHERWISE.get((kind, behaviour.name), (behaviour.ends, behaviour.writes))
    is_unseen = behaviour.name == MOVED_BETWEEN and (kind, operation) in UNGUARDED
    if is_unseen or (kind, operation, behaviour.name) in FOUND_BY_ATTENDANCE:
        ends, writes = DONE, 1
    return replace(behaviour.towards(operation), ends=ends, writes=writes)


ALWAYS_TRIED = 15
"""So many of them are tried in the quick suite, the others in the full one."""


@dataclass(frozen=True)
class MailBehaviour:
    """What a mail server does at the stages of a conversation, the first `times` times, and how it must end.

    `taken` is how many copies it then has. `password` is what we sign in with, `seconds` how
    long we wait, `encrypted` whether we insist on TLS, which it never offers.
    """

    name: str
    faults: Mapping[str, str | MailFault] = field(default_factory=dict)
    times: int | None = None
    ends: State = DONE
    taken: int = 1
    password: str = ""
    seconds: float = 30
    encrypted: bool = False
    is_there: bool = True

    def __str__(self) -> str:
        return self.name


MAIL_BEHAVIOURS = (
    MailBehaviour("takes it"),
    MailBehaviour("greylists", {"RCPT": "451 4.7.1 greylisted, come back"}, 2),
    MailBehaviour("knows nobody of that name", {"RCPT": "550 5.1.1 no such user"}, None, ATTENTION, 0),
    MailBehaviour("takes it for spam", {"DOT": "554 5.7.1 looks like spam"}, None, ATTENTION, 0),
    MailBehaviour("drops after it took it", {"DOT": MailFault.DROP}, 1, DONE, 2),
    MailBehaviour("drops each time after it took it", {"DOT": MailFault.DROP}, None, ATTENTION, 2),
    MailBehaviour("drops before it took it", {"DATA": MailFault.DROP}, 2),
    MailBehaviour("does not know us", {}, None, ATTENTION, 0, password="another"),
    MailBehaviour("offers no encryption", {}, None, ATTENTION, 0, encrypted=True),
    MailBehaviour("says nothing", {"MAIL": MailFault.HANG}, None, ATTENTION, 0, seconds=0.1),
    MailBehaviour("is full", {"DOT": "452 4.3.1 no room"}, None, ATTENTION, 0),
    MailBehaviour("is switched off", {}, None, ATTENTION, 0, is_there=False),
)
