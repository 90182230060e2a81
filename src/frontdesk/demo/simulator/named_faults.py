"""Faults that can be understood by their names: the menu of `frontdesk demo --faults`."""

from dataclasses import dataclass

from frontdesk.demo.simulator.faults import Effect, Fault, Kind
from frontdesk.demo.simulator.wire import Operation


@dataclass(frozen=True, slots=True)
class NamedFault:
    """A line of the menu of faults: its name, what a person will see, and what is put in force."""

    name: str
    says: str
    faults: tuple[Fault, ...] = ()


_OF_LISTS = tuple(
    NamedFault(name, says, (fault,))
    for name, says, fault in (
        (
            "moved there",
            "Somebody there moves the next appointment by half an hour.",
            Fault(Kind.STAFF_MOVE, Operation.LIST),
        ),
        (
            "rebooked there",
            "Somebody there moves the next appointment, which makes another one of it.",
            Fault(Kind.STAFF_REBOOK, Operation.LIST),
        ),
        (
            "cancelled there",
            "Somebody there cancels the next appointment.",
            Fault(Kind.STAFF_CANCEL, Operation.LIST),
        ),
        (
            "deleted there",
            "Somebody there deletes the next appointment.",
            Fault(Kind.STAFF_DELETE, Operation.LIST),
        ),
        (
            "another patient",
            "Somebody there gives the next appointment to another patient.",
            Fault(Kind.STAFF_SWAP_PATIENT, Operation.LIST),
        ),
        (
            "patients merged",
            "Somebody there merges the next patient with another one.",
            Fault(Kind.STAFF_MERGE_PATIENTS, Operation.LIST),
        ),
        (
            "renamed",
            "Somebody there gives a practitioner another name.",
            Fault(Kind.STAFF_RENAME, Operation.LIST),
        ),
        (
            "another site",
            "Somebody there moves the next appointment to a site that no practice names.",
            Fault(Kind.STAFF_ELSEWHERE, Operation.LIST),
        ),
        (
            "new words",
            "Its appointments have a status that nobody knows.",
            Fault(Kind.UNKNOWN_STATUS, "reads"),
        ),
        ("empty", "Its lists are empty, and it says that this is all.", Fault(Kind.NO_ROWS)),
        ("half", "Its lists have every second appointment only.", Fault(Kind.HALF)),
        ("an hour later", "Everything in its diary is an hour later.", Fault(Kind.LATER)),
        ("short lists", "Its lists have one appointment less than they say.", Fault(Kind.TOTAL_LARGER)),
        ("shifting pages", "Somebody deletes an appointment while a list is read.", Fault(Kind.PAGES_SHIFT)),
        ("wrong clock", "Its clock is five minutes ahead.", Fault(Kind.CLOCK, seconds=300)),
    )
)


def named_faults() -> tuple[NamedFault, ...]:
    """Return faults that can be understood by their names, the absence of any first."""
    return (
        NamedFault("normal", "The PMS works as it should."),
        NamedFault(
            "slow",
            "It takes 8 seconds to answer, and does what it was asked.",
            (Fault(Kind.SLOW, seconds=8),),
        ),
        NamedFault(
            "drips",
            "Its answers come one byte a second, which is too slow to wait for.",
            (Fault(Kind.DRIP, seconds=1),),
        ),
        NamedFault("away", "It is switched off: nothing answers at its address.", (Fault(Kind.AWAY),)),
        NamedFault(
            "refuses",
            "It refuses to cancel, for ever: a person has to.",
            (Fault(Kind.INVALID, Operation.CANCEL),),
        ),
        NamedFault(
            "changed there",
            "Somebody there moves an appointment by half an hour just before it is looked at.",
            (Fault(Kind.STAFF_MOVE, Operation.READ),),
        ),
        *_OF_LISTS,
        NamedFault("locked out", "It does not accept our key.", (Fault(Kind.UNAUTHORISED),)),
        NamedFault(
            "busy", "It asks to be left alone for 30 seconds.", (Fault(Kind.BUSY_SECONDS, seconds=30),)
        ),
        NamedFault(
            "loses answers",
            "It cancels, and the line breaks before it can say so.",
            (Fault(Kind.DROP, "writes", effect=Effect.APPLIED),),
        ),
        NamedFault(
            "times out",
            "It cancels, and never answers.",
            (Fault(Kind.HANG, "writes", effect=Effect.APPLIED),),
        ),
    )
