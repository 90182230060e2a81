"""Patients who do not exist.

Mobile numbers are the thirty that the Australian regulator (ACMA) keeps for fiction;
addresses are at the example domains of RFC 2606. Neither can ever reach anybody.
"""

from datetime import date, timedelta
from hashlib import blake2b
from itertools import cycle, islice
from typing import NamedTuple

from frontdesk.bookings import Patient
from frontdesk.text import fold

MOBILES = tuple(
    f"0491 {tail}"
    for tail in (
        "570 006", "570 156", "570 157", "570 158", "570 159", "570 110", "570 313", "570 737", "571 266", "571 491",
        "571 804", "572 549", "572 665", "572 983", "573 770", "573 087", "574 118", "574 632", "575 254", "575 789",
        "576 398", "576 801", "577 426", "577 644", "578 957", "578 148", "578 888", "579 212", "579 760", "579 455",
    )
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GIVEN = _words(
    "Ada Adam Aisha Alan Alice Amara Amélie Ana Anjali Ante Arjun Astrid Ayşe Ben Bianca Björn Bruno Callum "
    "Carla Chloe Claire Daniel David Deepa Diego Duc Elena Eli Emeka Emma Erik Farah Felix Fiona Freya George "
    "Grace Hana Hannah Hugo Ines Ingrid Isaac Isla Ivan Jack James Jana Jasmine João Jonas José Julia Kai Kate "
    "Kenji Lachlan Leila Leo Lena Liam Linh Lucia Luca Lucy Magnus Maia Malik Marco Maria Marta Matilda Mei "
    "Mia Mila Minh Mohammed Nadia Naomi Nia Nikos Noah Nora Oliver Olga Omar Owen Paul Petra Priya Quinn Rafael "
    "Rania Rhys Rosa Ruby Sam Sana Sara Sean Sergei Seán Siobhán Sofia Soren Stefan Tane Tess Theo Thomas Tomas "
    "Uma Vera Victor Vikram Wei Will Xin Yara Yusuf Zara Zoe Zoran"
)
_COMMON = _words(
    "Smith Jones Williams Brown Wilson Taylor Nguyen Johnson Martin White Anderson Walker Thompson Thomas Lee "
    "Harris Ryan Robinson Kelly King Davis Wright Evans Roberts Green Hall Wood Jackson Clarke Patel Khan Tran "
    "Singh Chen Li Wang Kaur Kim Murphy O'Brien O'Connor D'Angelo Müller Kovač Kovacevic Novak Rossi Costa "
    "García Fernández Papadopoulos Ivanova Kowalska Yılmaz Haddad Okafor Mensah Tanaka Sato Nair Fernando "
    "Schröder Håkansson Lefèvre Nuñez Şahin Dvořák"
)
_FIRST = _words(
    "Al Ash Bal Bar Bel Bran Cal Car Chal Cor Dal Dan Dun El Er Fair Fal Far Gal Gar Glen Gran Hal Har Hel Hol "
    "Ing Jar Kel Ken Kin Lan Lin Lor Mal Mar Mel Mor Nal Nor Or Os Pal Pem Per Quin Rad Ral Ros Sal Sel Shel "
    "Stan Tal Tol Tor Ul Van Ver Wal Wel Win Yar Zel"
)
_MIDDLE = (
    "",
    "a",
    "an",
    "ar",
    "ber",
    "da",
    "de",
    "e",
    "el",
    "en",
    "er",
    "i",
    "in",
    "is",
    "ka",
    "la",
    "ma",
    "o",
    "ra",
    "ti",
)
_LAST = _words(
    "bury by combe dale den ek feld field ford gate grave ham hurst ides ington itz kamp ley lund man mere mont "
    "more ner nov owski quist ridge rud sen shaw son stead sten stone ton vic ward wick wood worth"
)  # fmt: skip


class Regular(NamedTuple):
    """A patient made by hand, because of what their name or data does to a screen or a search."""

    practice: int
    name: str
    born: date | None
    mobile: str
    email: str


REGULARS = (
    Regular(0, "Mirela Kovac", date(1981, 3, 14), MOBILES[0], "mirela.kovac@example.com"),
    Regular(1, "Mirela Kovac", date(2007, 8, 30), MOBILES[1], "m.kovac@example.org"),
    Regular(2, "Mirela Kovač", date(1981, 3, 14), MOBILES[2], ""),
    Regular(1, "Ante Kovačević", date(1958, 2, 2), MOBILES[3], "ante@example.net"),
    Regular(0, "Ivan Kovac", None, MOBILES[4], "ivan.kovac@example.com"),
    Regular(2, "Petra Kovalenko", date(1990, 6, 19), MOBILES[5], "petra@example.com"),
    Regular(1, "Siew Ling Kovac-Tan", date(1972, 10, 11), MOBILES[6], "siewling@example.org"),
    Regular(0, "John Smith", date(1949, 5, 1), MOBILES[7], ""),
    Regular(0, "John Smith", date(1986, 12, 24), MOBILES[8], "john.smith@example.com"),
    Regular(2, "John Smith", date(2016, 2, 29), MOBILES[9], "john.smith@example.net"),
    Regular(0, "Nguyễn Thị Minh Khai", date(1994, 11, 3), MOBILES[10], "minhkhai@example.com"),
    Regular(1, "Jürgen Müller", date(1966, 7, 7), MOBILES[11], "jmueller@example.org"),
    Regular(2, "Siobhán O'Brien", date(2001, 1, 17), MOBILES[12], "siobhan.obrien@example.com"),
    Regular(0, "Aoife O’Brien-Fitzgerald", date(1978, 9, 9), "", "aoife@example.net"),
    Regular(1, "Maria del Carmen Fernández de la Vega y Rodríguez-Castellanos", date(1955, 4, 30), MOBILES[13], ""),
    Regular(2, "Venkatanarasimharajuvaripeta Subramaniam Chandrasekharan", date(1983, 3, 3), MOBILES[14], "v@example.org"),
    Regular(0, "Sukarno", date(1971, 6, 6), MOBILES[15], "sukarno@example.com"),
    Regular(1, "Xu", date(1999, 9, 19), "", ""),
    Regular(2, "Wolfeschlegelsteinhausenbergerdorff", date(1960, 10, 10), MOBILES[16], ""),
    Regular(0, "李小龙", date(1989, 8, 18), MOBILES[17], "xiaolong@example.com"),
    Regular(1, "Quinn Chen", date(2012, 12, 12), MOBILES[18], "chen.family@example.com"),
)  # fmt: skip


def regulars(practice: int) -> tuple[Regular, ...]:
    """Return the hand-made patients of one practice, by its place in `practices()`."""
    return tuple(regular for regular in REGULARS if regular.practice == practice)


def patient(
    seed: int, number: int, today: date, youngest: int, *, is_new: bool | None, pms_ref: str
) -> Patient:
    """Return made-up patient `number`: always the same one for the same seed.

    Nothing is kept, so a million patients need no memory. `youngest` is the least age in
    years, so that nobody had an appointment before they were born.
    """
    dice = blake2b(b"%d/%d" % (seed, number), digest_size=20).digest()
    given = _GIVEN[(dice[0] << 8 | dice[1]) % len(_GIVEN)]
    name = f"{given} {_surname(dice)}"
    born = None
    if dice[8] >= 6:
        age_in_days = 365 * youngest + (dice[9] << 8 | dice[10]) * (90 - youngest) * 365 // 0xFFFF
        born = today - timedelta(days=age_in_days)
    email = "" if dice[11] < 24 else f"{'.'.join(fold(name))}@{DOMAINS[dice[12] % len(DOMAINS)]}"
    mobile = "" if dice[13] < 16 else MOBILES[dice[14] % len(MOBILES)]
    return Patient(name, born, mobile, email, is_new, pms_ref)


def _surname(dice: bytes) -> str:
    """A few names are everybody's, most are rare: so a search meets many hits, few and none."""
    kind = dice[2]
    if kind < 80:
        return _COMMON[dice[3] * dice[3] * len(_COMMON) >> 16]
    made = f"{_FIRST[dice[4] % len(_FIRST)]}{_MIDDLE[dice[5] % len(_MIDDLE)]}{_LAST[dice[6] % len(_LAST)]}"
    return f"{made}-{_COMMON[dice[7] % len(_COMMON)]}" if kind > 247 else made


def practitioner_names(practice: int, first: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Return `number` practitioners of a practice: those given, then made-up ones."""
    more = (f"{title} {_surname(bytes((255 - practice, 0, 100, 0, place, place * 7 % 256, place * 3 % 256, 0)))}"
            for place, title in enumerate(cycle(("Dr", "Dr", "Ms", "Dr", "Mr")), start=practice * 21))  # fmt: skip
    return (*first, *islice(more, max(0, number - len(first))))[:number]
