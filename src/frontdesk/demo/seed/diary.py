"""A made-up diary: who is booked when, at three practices in two time zones.

Every practitioner works a grid of half-hour slots and is never booked twice at a time.
The diary is as long as the number of bookings needs: the coming ten weeks, fuller the
nearer, and as much past as it takes, with more practitioners for a big one.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from frontdesk import times
from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Channel, Origin, Patient, Pms, Practice
from frontdesk.demo.seed.patients import Regular, patient, practitioner_names, regulars

DEFAULT_BOOKINGS = 5_000

ACCOUNT, BILLER = "smile-dental", "billing@portal.example.com"
"""Who pays for the new patients of the made-up practices, and who is asked not to charge for one."""

_COMING = (1.0, 0.9, 0.75, 0.6, 0.45, 0.35, 0.25, 0.2, 0.15, 0.1)
"""How full the coming weeks are, the present one first, relative to each other."""
_FULLEST = 0.85
"""Of a week's slots, so that there are gaps in any diary."""
_LEAST_PAST_WEEKS = 13
_RETIRED_WEEKS_AGO = 4
_EVERY_REGULAR = 11
_SLOT = timedelta(minutes=30)
_WEEKDAY_SLOTS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17)
"""Half hours since opening; the ninth is lunch."""
_SATURDAY_SLOTS = (0, 1, 2, 3, 4, 5)

_TYPES = (
    ("Check-up and clean", 1, 14_500), ("Check-up", 1, 6_800), ("Clean and scale", 1, 12_900), ("Filling", 2, 21_000),
    ("Crown preparation", 2, 98_000), ("Crown fitting", 1, 64_000), ("Root canal, first visit", 2, 45_000),
    ("Extraction", 1, 23_500), ("Emergency, tooth pain", 1, 9_900), ("Orthodontic review", 1, None),
    ("Whitening consultation", 1, None), ("Implant consultation", 2, 15_000), ("Denture adjustment", 1, 7_500),
)  # fmt: skip
_NEW_PATIENT_TYPE = ("New patient examination", 2, 17_500)
_REASONS = (
    "", "", "", "Sick", "Work", "Child is ill", "Car broke down", "Moving interstate", "Found an earlier time elsewhere",
    "Practitioner away", "Does not want treatment at the moment, will ring again after the school holidays",
)  # fmt: skip


@dataclass(frozen=True)
class _Site:
    """A practice as the diary needs it."""

    practice: Practice
    opens: timedelta
    ref_prefix: str
    working: tuple[str, ...]
    retired: str


def practices() -> tuple[Practice, ...]:
    """Return the made-up practices: on Praktika, on Core Practice, and not integrated."""
    channels = (Channel.EMAIL, Channel.SMS)
    return (
        Practice(
            id="adelaide",
            name="Smile Dental Adelaide",
            short="ADL",
            time_zone="Australia/Adelaide",
            email="desk.adelaide@example.com",
            pms=_pms("praktika-demo", "praktika", "Praktika"),
            patient_channels=channels,
            phone="08 5550 0100",
            account=ACCOUNT,
            biller=BILLER,
        ),
        Practice(
            id="sydney",
            name="Harbour Dental Sydney",
            short="SYD",
            time_zone="Australia/Sydney",
            email="desk.sydney@example.com",
            pms=_pms("core-practice-demo", "core-practice", "Core Practice"),
            patient_channels=channels,
            phone="02 5550 0100",
            account=ACCOUNT,
            biller=BILLER,
        ),
        Practice(
            id="port-adelaide",
            name="Port Adelaide Dental",
            short="PRT",
            time_zone="Australia/Adelaide",
            email="desk.port@example.com",
            patient_channels=channels,
            phone="08 5550 0101",
            account=ACCOUNT,
            biller=BILLER,
        ),
    )


def _pms(connection: str, kind: str, name: str) -> Pms:
    return Pms(
        connection,
        kind,
        name,
        can_cancel=True,
        can_move=True,
        can_mark_no_show=True,
        can_take_back_no_show=True,
    )


def bookings(count: int, seed: int, now: datetime) -> Iterator[IncomingBooking]:
    """Make `count` bookings around `now`, in time order within a week, holding one week at a time.

    The same for the same count, seed, and UTC date of `now`. References carry any seed but
    1, so bookings of two seeds can live in one store.
    """
    now = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    diary = _Diary(count, seed, now)
    number = 0
    for week, wanted in diary.weeks():
        yield from diary.week(week, wanted, number)
        number += wanted


class _Diary:
    """The diary of one `bookings` call."""

    def __init__(self, count: int, seed: int, now: datetime) -> None:
        self._count = count
        self._seed = seed
        self._now = now
        self._sites = _sites(min(20, max(4, count // 20_000)), seed)
        self._regulars = tuple(regulars(place) for place in range(len(self._sites)))
        slots = sum(len(site.working) for site in self._sites) * (
            5 * len(_WEEKDAY_SLOTS) + len(_SATURDAY_SLOTS)
        )
        coming = min(round(count * 0.6), round(sum(_COMING) * _FULLEST * slots))
        self._coming = coming
        self._past_weeks = max(_LEAST_PAST_WEEKS, -(-(count - coming) // round(_FULLEST * slots)))
        self._patients = max(60, count // 4)
        self._youngest = 3 + self._past_weeks // 52

    def weeks(self) -> Iterator[tuple[int, int]]:
        """Each week, the present one being 0, and how many bookings it holds."""
        past = _shares(self._count - self._coming, (1.0,) * self._past_weeks)
        yield from zip(range(-self._past_weeks, 0), past, strict=True)
        yield from enumerate(_shares(self._coming, _COMING))

    def week(self, week: int, wanted: int, number: int) -> list[IncomingBooking]:
        """Fill `wanted` of a week's slots; `number` bookings were made before."""
        dice = random.Random(f"{self._seed}/{week}")  # noqa: S311  not for secrets
        slots = self._slots(self._now.date() + timedelta(weeks=week), week)
        taken = set(dice.sample(range(len(slots)), wanted))
        chosen = sorted(taken, key=lambda place: (slots[place][0], place))
        return [
            self._booking(dice, slots[place], number + offset, has_room=self._has_room(slots, taken, place))
            for offset, place in enumerate(chosen)
        ]

    def _slots(self, first: date, week: int) -> list[tuple[datetime, int, int]]:
        """(start, site, practitioner) of every slot, each practitioner's days in order."""
        slots = []
        for place, site in enumerate(self._sites):
            starts: list[datetime] = []
            for ahead in range(7):
                day = first + timedelta(days=ahead)
                opens = datetime(day.year, day.month, day.day) + site.opens  # noqa: DTZ001  a wall clock
                halves = (_WEEKDAY_SLOTS, _SATURDAY_SLOTS, ())[max(0, day.weekday() - 4)]
                starts += (times.from_local(opens + half * _SLOT, site.practice.zone) for half in halves)
            at_work = len(site.working) + (week < -_RETIRED_WEEKS_AGO)
            slots += [(start, place, person) for person in range(at_work) for start in starts]
        return slots

    def _has_room(self, slots: list[tuple[datetime, int, int]], taken: set[int], place: int) -> bool:
        """Whether the half hour after a slot is the same practitioner's, and free."""
        start, site, person = slots[place]
        after = place + 1
        return after < len(slots) and slots[after] == (start + _SLOT, site, person) and after not in taken

    def _booking(
        self, dice: random.Random, slot: tuple[datetime, int, int], number: int, *, has_room: bool
    ) -> IncomingBooking:
        starts_at, place, person = slot
        site = self._sites[place]
        is_new = dice.random() < 0.08
        kind, halves, fee = _NEW_PATIENT_TYPE if is_new and has_room else dice.choice(_TYPES)
        if halves > 1 and not has_room:
            kind, halves, fee = _TYPES[0]
        created_at = min(starts_at, self._now) - timedelta(minutes=dice.randrange(60, 60 * 24 * 90))
        cancelled_at, reason = None, ""
        if dice.random() < 0.06:
            cancelled_at = created_at + timedelta(
                seconds=int((min(starts_at, self._now) - created_at).total_seconds() * dice.random())
            )
            reason = dice.choice(_REASONS)
        in_pms = site.practice.pms is not None
        retired = person == len(site.working)
        return IncomingBooking(
            line=number + 1,
            practice_id=site.practice.id,
            patient=self._patient(dice, place, number, is_new=is_new),
            practitioner_name=site.retired if retired else site.working[person],
            appointment_type=kind,
            starts_at=starts_at,
            ends_at=starts_at + halves * _SLOT,
            ref=f"{site.ref_prefix}{10_000 + number}",
            pms_ref=f"{self._seed}{number:07}" if in_pms else "",
            practitioner_pms_ref=str(person + 1) if in_pms else "",
            fee=fee,
            created_at=created_at,
            cancelled_at=cancelled_at,
            cancellation_reason=reason,
            cancelled_origin=Origin.HERE,
        )

    def _patient(self, dice: random.Random, place: int, number: int, *, is_new: bool) -> Patient:
        in_pms = self._sites[place].practice.pms is not None
        if number % _EVERY_REGULAR == 0:
            own = self._regulars[place]
            chosen = number // _EVERY_REGULAR % len(own)
            return _as_patient(own[chosen], str(chosen + 1) if in_pms else "")
        # Squared, because a few patients come often and most come seldom.
        visitor = int(dice.random() ** 2 * self._patients) * len(self._sites) + place
        return patient(
            self._seed,
            visitor,
            self._now.date(),
            self._youngest,
            is_new=is_new,
            pms_ref=str(1_000 + visitor) if in_pms else "",
        )


def _as_patient(regular: Regular, pms_ref: str) -> Patient:
    return Patient(regular.name, regular.born, regular.mobile, regular.email, is_new=False, pms_ref=pms_ref)


def _sites(practitioners: int, seed: int) -> tuple[_Site, ...]:
    of_seed = "" if seed == 1 else str(seed)
    known = (
        (
            timedelta(hours=8, minutes=15),
            "SD",
            ("Dr Lee", "Ms Brandt", "Dr Singh", "Dr Kovačević"),
            "Dr Ashworth",
        ),
        (
            timedelta(hours=8, minutes=30),
            "HB",
            ("Dr Okafor", "Dr Lee", "Ms Nguyễn", "Dr Castellano"),
            "Mr Thornbury",
        ),
        (
            timedelta(hours=9),
            "PA",
            ("Dr Papadopoulos-Anagnostakis", "Dr O'Brien", "Ms Patel", "Dr Lindqvist"),
            "Dr Voss",
        ),
    )
    return tuple(
        _Site(
            practice, opens, f"{prefix}{of_seed}-", practitioner_names(place, first, practitioners), retired
        )
        for place, (practice, (opens, prefix, first, retired)) in enumerate(
            zip(practices(), known, strict=True)
        )
    )


def _shares(total: int, weights: tuple[float, ...]) -> list[int]:
    """Split `total` by `weights` into whole numbers that add up to it."""
    whole = sum(weights)
    ends = [round(total * reached / whole) for reached in accumulate(weights)]
    return [end - start for start, end in zip((0, *ends), ends, strict=False)]
