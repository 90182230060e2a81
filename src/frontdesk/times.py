"""Times in the operator's words: always in the practice's zone, never the process's.

Every function takes aware instants (UTC in the store) and the zone to show them in.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONG_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of `instant` in `zone`."""
    return instant.astimezone(zone).date()


def day(value: date, today: date) -> str:
    """`Thu 26 Nov`, or `12 Mar '25` in another year than today's; 10 cells wide."""
    if value.year == today.year:
        return f"{DAYS[value.weekday()]} {value.day:>2} {MONTHS[value.month - 1]}"
    return f"{value.day:>2} {MONTHS[value.month - 1]} '{value.year % 100:02}"


def when(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`Thu 26 Nov 10:30`, or `12 Mar '25 09:00` in another year than now's; 16 cells wide."""
    local = instant.astimezone(zone)
    return f"{day(local.date(), local_date(now, zone))} {local:%H:%M}"


def day_in_words(value: date, today: date) -> str:
    """Return `day` for a sentence, without the padding that columns need: `Tue 1 Dec`."""
    return " ".join(day(value, today).split())


def when_in_words(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `when` for a sentence, without the padding that columns need: `Tue 1 Dec 16:45`."""
    return " ".join(when(instant, zone, now).split())


def day_with_weekday(value: date, today: date) -> str:
    """`Thu 3 Dec`, or `Wed 3 Feb 2027` in another year than today's."""
    return day_in_words(value, today) if value.year == today.year else day_with_year(value)


def since_in_words(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """`17:20` today, `yesterday 17:20`, or `Tue 1 Dec 17:20`."""
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    yesterday = local.date() == today - timedelta(days=1)
    return f"{'yesterday' if yesterday else day_in_words(local.date(), today)} {local:%H:%M}"


def when_in_full(instant: datetime, zone: ZoneInfo) -> str:
    """`Thu 26 Nov 2026 10:30`; the offset follows in the hour that a clock change repeats."""
    local = instant.astimezone(zone)
    shown = f"{day_with_year(local.date())} {local:%H:%M}"
    return f"{shown} (UTC{_offset(local)})" if _is_ambiguous(local) else shown


def day_with_year(value: date) -> str:
    """`Thu 26 Nov 2026`."""
    return f"{DAYS[value.weekday()]} {value.day} {MONTHS[value.month - 1]} {value.year}"


def day_for_patients(value: date) -> str:
    """Return `Thursday 26 November 2026`, as in messages to patients."""
    return f"{_LONG_DAYS[value.weekday()]} {value.day} {_LONG_MONTHS[value.month - 1]} {value.year}"


def weekday_name(weekday: int) -> str:
    """Return `Monday` for 0."""
    return _LONG_DAYS[weekday]


def month_name(month: int) -> str:
    """Return `November` for 11."""
    return _LONG_MONTHS[month - 1]


def time_for_patients(instant: datetime, zone: ZoneInfo) -> str:
    """`10:30 am`; the offset follows in the hour that a clock change repeats."""
    local = instant.astimezone(zone)
    shown = f"{(local.hour + 11) % 12 + 1}:{local:%M} {'am' if local.hour < 12 else 'pm'}"
    return f"{shown} (UTC{_offset(local)})" if _is_ambiguous(local) else shown


def day_in_full(value: date) -> str:
    """`14 Mar 1981`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def birth(value: date | None) -> str:
    """`14 Mar 81`, 9 cells wide, or `not known`."""
    if value is None:
        return "not known"
    return f"{value.day:>2} {MONTHS[value.month - 1]} {value.year % 100:02}"


def age(born: date, on: date) -> int:
    """Whole years lived on the day `on`."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def distance(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """How far `instant` is from `now`: `in 40 min`, `in 3 h 20`, `tomorrow`, `1 h 05 ago`.

    Under 24 hours, and within a day that a clock change makes 25 hours long, it counts
    minutes, beyond that calendar days of `zone`, so that a clock change never turns
    tomorrow into "in 2 days".
    """
    gap = instant - now
    ahead = gap > timedelta(0)
    minutes = int(abs(gap) // timedelta(minutes=1))
    days = abs((local_date(instant, zone) - local_date(now, zone)).days)
    if minutes < 24 * 60 or days == 0:
        hours, rest = divmod(minutes, 60)
        size = f"{hours} h {rest:02}" if hours else f"{rest} min"
        return f"in {size}" if ahead else f"{size} ago"
    return days_away(local_date(instant, zone), local_date(now, zone))


def days_away(value: date, today: date) -> str:
    """`today`, `tomorrow`, `in 4 days`, `yesterday`, `9 days ago`."""
    days = (value - today).days
    if abs(days) < 2:
        return ("yesterday", "today", "tomorrow")[days + 1]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def other_clock(at: datetime, shown_in: ZoneInfo, practice: ZoneInfo) -> str:
    """` Adelaide time` for a time at the desk that the practice's clock shows otherwise, else empty."""
    if at.astimezone(shown_in).utcoffset() == at.astimezone(practice).utcoffset():
        return ""
    return f" {zone_name(shown_in)} time"


def zone_name(zone: ZoneInfo) -> str:
    """`Adelaide` for `Australia/Adelaide`: the city a receptionist would say."""
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")


def from_local(local: datetime, zone: ZoneInfo) -> datetime:
    """Read a wall clock time of `zone` as an instant in UTC.

    Raises ValueError for a time that the clock change skips. Of the two instants a
    repeated hour names, the first is taken (PEP 495, fold=0).
    """
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"{local:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks go forward then")
    return instant


def _is_ambiguous(local: datetime) -> bool:
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    # In the hour that is skipped, not repeated, the second offset is the larger one.
    return first is not None and second is not None and first > second


def _offset(local: datetime) -> str:
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]


def in_utc(moment: datetime | None) -> str:
    """Return a moment as ISO 8601 text in UTC, the same whatever zone it is said in; empty where there is none."""
    return "" if moment is None else moment.astimezone(UTC).isoformat()
