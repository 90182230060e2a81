"""`doctor`: is everything as it should be? It changes nothing anywhere."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

import click

from frontdesk.attempts import Ended
from frontdesk.bookings import BookingQuery, Direction, Position, Practice, Reason, Scope, Status
from frontdesk.cli.credentials import names_needed, where_it_lies
from frontdesk.cli.outside import Outside
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation, why_store_changeable
from frontdesk.config import Config
from frontdesk.errors import FrontdeskError, Refused
from frontdesk.gaps import Gaps
from frontdesk.notify.settings import GatewaySettings, NotifySettings
from frontdesk.pms.files.settings import Export
from frontdesk.pms.hl7.settings import Hl7
from frontdesk.pms.port import Account
from frontdesk.store.port import BookingStore, Registry
from frontdesk.store.sqlite.file import is_missing
from frontdesk.store_state import StoreState

if TYPE_CHECKING:
    from frontdesk.pms.probe import Assumption

LOOKED_AT = 500
"""Bookings of which it is looked what they lack: the next ones."""

VERIFIED = 20_000
"""Events of the audit that are looked at; more take longer than anybody waits for here."""

SKEW_SECONDS = 30
"""How far this machine's clock may be from the server's until it is worth a word."""


class Mark(StrEnum):
    """How a finding is marked; WRONG makes the command end with 1."""

    OK = "ok"
    WRONG = "!!"
    NOT_TRIED = "--"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    about: str
    mark: Mark
    said: str


@click.command()
@click.pass_obj
def doctor(installation: Installation) -> None:
    """Check config, store and connections; say what to mend.

    It looks at the config, the credentials, the store, the PMSs, mail and SMS. It reads only:
    nothing is changed in the store or in a PMS, and nothing is sent. It ends with 1 when
    something needs mending (marked !!). A line with -- was not tried, or is only for your
    information.
    """
    wrong = 0
    about = ""
    for finding in _examined(installation):
        say(f"{finding.about if finding.about != about else '':<22} {finding.mark} {finding.said}")
        about = finding.about
        wrong += finding.mark is Mark.WRONG
    if wrong:
        said = "1 thing needs mending: it is" if wrong == 1 else f"{wrong} things need mending: they are"
        raise Refused(Reason("not-well", f"{said} marked {Mark.WRONG}"))


def _examined(installation: Installation) -> Iterator[Finding]:
    from importlib.metadata import version

    yield Finding(
        "frontdesk",
        Mark.OK,
        f"{version('frontdesk')}, Python {python_version()}, SQLite {sqlite3.sqlite_version}",
    )
    config = installation.config
    installation.check_keys()
    yield Finding("config", Mark.OK if config.file else Mark.NOT_TRIED, config.place)
    yield from _about_sign_in(installation)
    yield from _about_credentials(installation)
    practices = config.practices
    file = config.store_file
    if file is not None and is_missing(file) and installation.is_first_start():
        yield Finding("store", Mark.NOT_TRIED, f"there is no store yet, the first start makes it: {file}")
        if not practices:
            yield Finding("practices", Mark.WRONG, installation.first_step(practices))
    else:
        try:
            with installation.opened(bring_practices=False, may_create=False) as (store, run):
                if config.is_served:
                    yield from run(_about_server(config, store))
                    return
                yield from run(_about_store(installation, store))
                if installation.database is not None:
                    yield run(_about_audit(installation.database.registry))
                practices = (*practices, *run(store.practices()))
        except FrontdeskError as error:
            yield Finding("store", Mark.WRONG, error.hint)
    if not config.is_served:
        yield from asyncio.run(_about_outside(installation, practices))


async def _about_outside(installation: Installation, practices: Sequence[Practice]) -> list[Finding]:
    """Say of every connection and of the messages whether they are reached."""
    found = []
    zones = {one.pms.connection: one.time_zone for one in practices if one.pms}
    for account in installation.config.accounts.values():
        if account.connection not in zones:
            said = "no practice uses it: name it with pms under [[practices]]"
            found.append(Finding(account.connection, Mark.NOT_TRIED, said))
        elif account.connection in installation.outside.connections:
            found += await _about_account(installation.outside, account, zones[account.connection])
    found += await _about_messages(installation.config.notify, installation.outside)
    return [*found, *_about_biller(installation.config.biller)]


async def _about_store(installation: Installation, store: BookingStore) -> list[Finding]:
    state = await store.state()
    practices = await store.practices()
    where = installation.config.store_file or "PostgreSQL"
    found = [Finding("store", Mark.OK, f"{where}: {state.bookings:,} bookings")]
    if why_not := state.standing.why_not_writable:
        found.append(Finding("store", Mark.WRONG, why_not))
    if (file := installation.config.store_file) and (why := why_store_changeable(file)):
        found.append(Finding("store", Mark.WRONG, f"its bookings are not safe: {why}"))
    differing = ", ".join(one.name for one in installation.differing(practices))
    if not practices and not differing:
        found.append(Finding("practices", Mark.WRONG, installation.first_step(practices)))
    elif not differing:
        found.append(Finding("practices", Mark.OK, "the practices in the store are as the config says"))
    elif installation.config.store_file:
        found.append(
            Finding("practices", Mark.NOT_TRIED, f"the next start takes these from the config: {differing}")
        )
    else:
        said = f"the store has other settings than the config for {differing}: frontdesk practices apply"
        found.append(Finding("practices", Mark.WRONG, said))
    if alone := ", ".join(one.name for one in practices if one.pms is None):
        found.append(Finding("practices", Mark.NOT_TRIED, f"without pms, so no PMS is told: {alone}"))
    return [
        *found,
        *await _about_billing(installation, store),
        *_about_phones(practices),
        *await _about_bookings(store, state.now),
        *_about_deliveries(state),
    ]


async def _about_audit(registry: Registry) -> Finding:
    """Say whether the record of who did what still fits the store; a long one takes its time elsewhere."""
    events = (await registry.head()).number
    if events > VERIFIED:
        said = f"{events:,} events: frontdesk audit verify looks whether they were changed"
        return Finding("audit", Mark.NOT_TRIED, said)
    flaws = await registry.verify()
    if flaws is None:
        return Finding("audit", Mark.OK, f"{events:,} events, and what commands wrote is as they say")
    more = f", and {flaws.number - 1:,} more" if flaws.number > 1 else ""
    return Finding("audit", Mark.WRONG, f"{flaws.found[0].said}{more}: frontdesk audit verify")


async def _about_billing(installation: Installation, store: BookingStore) -> list[Finding]:
    """Say whether what is charged is in the store as the config says."""
    wanted = installation.config.billing
    if wanted is None:
        return []
    there = [account.settings for account in await store.accounts()]
    if wanted in there:
        return [Finding("billing", Mark.OK, "what is charged is in the store as the config says")]
    if installation.config.store_file:
        return [Finding("billing", Mark.NOT_TRIED, "the next start takes [billing] from the config")]
    said = "the store has other settings than [billing] in the config: frontdesk practices apply"
    return [Finding("billing", Mark.WRONG, said)]


async def _about_bookings(store: BookingStore, now: datetime) -> list[Finding]:
    """Say what the next bookings lack, so that cancelling them leaves work to a person."""
    query = BookingQuery(now, statuses=frozenset({Status.UPCOMING}))
    page = await store.page(query, LOOKED_AT, Position(now, 0), Direction.FORWARD)
    gaps = Gaps("bookings to come that were looked at" if page.more else "bookings to come")
    for row in page.rows:
        gaps.add(row.booking, row.booking.practice, now)
    return [Finding("bookings", Mark.NOT_TRIED, sentence) for sentence in gaps.sentences()]


def _about_phones(practices: Sequence[Practice]) -> Iterator[Finding]:
    """What patients are sent asks them to ring: without a number they have to look for one."""
    for practice in practices:
        if practice.patient_channels and not practice.phone:
            said = (
                f"{practice.name} has no phone: messages ask patients to ring and cannot say where; "
                "set phone under [[practices]] in the config"
            )
            yield Finding("practices", Mark.NOT_TRIED, said)


async def _about_server(config: Config, store: BookingStore) -> list[Finding]:
    """What a desk can know of a server: its connections and messages are the server's own affair."""
    state = await store.state()
    skew = (datetime.now(UTC) - state.now).total_seconds()
    standing = state.standing
    practices = ", ".join(one.name for one in await store.practices())
    found = [
        Finding("store", Mark.OK, f"the server {config.store_url}: {state.bookings:,} bookings"),
        Finding("token", Mark.OK, f"{standing.via}, may {', '.join(sorted(standing.scopes))}"),
        Finding("practices", Mark.OK, practices or "the server has no practices yet"),
    ]
    if why_not := standing.why_not_writable:
        found.append(Finding("store", Mark.WRONG, why_not))
    if Scope.CANCEL not in standing.scopes:
        found.append(Finding("token", Mark.NOT_TRIED, "with this token bookings can be read, not cancelled"))
    if abs(skew) > SKEW_SECONDS:
        which = "ahead of" if skew > 0 else "behind"
        said = f"this machine's clock is {abs(skew):,.0f} s {which} the server's, and the server's counts"
        found.append(Finding("clock", Mark.WRONG, said))
    return [*found, *_about_deliveries(state)]


def _about_sign_in(installation: Installation) -> Iterator[Finding]:
    try:
        number = len(installation.operators.names)
    except FrontdeskError as error:
        yield Finding("operators", Mark.WRONG, error.hint)
        return
    if not number:
        return
    yield Finding("operators", Mark.OK, f"{number:,} sign in with a PIN")
    if why_not := installation.operators.why_not_counted():
        said = f"wrong PINs cannot be counted, so each sign-in takes 20 s longer: {why_not}"
        yield Finding("operators", Mark.WRONG, said)


def _about_credentials(installation: Installation) -> Iterator[Finding]:
    known = installation.credentials
    if why := known.why_changeable():
        yield Finding("credentials", Mark.WRONG, why)
    if trouble := known.keyring_trouble():
        yield Finding("credentials", Mark.NOT_TRIED, f"{trouble}: it was not read")
    for name in names_needed(installation):
        try:
            known(name)
        except FrontdeskError as missing:
            yield Finding("credentials", Mark.WRONG, missing.hint)
        else:
            yield Finding("credentials", Mark.OK, f"{name}: {where_it_lies(known, name)}")


def _about_deliveries(state: StoreState) -> Iterator[Finding]:
    yield Finding(
        "deliveries", Mark.OK, f"{state.under_way:,} under way, {state.need_person:,} need a person"
    )
    if state.unattended:
        yield Finding(
            "deliveries",
            Mark.WRONG,
            f"{state.unattended:,} wait, and no program that could carry them out is running: start frontdesk deliver",
        )
    for trouble in state.troubles:
        what = "does not let us in" if trouble.is_locked_out else "has not answered"
        yield Finding(
            "deliveries", Mark.WRONG, f"{trouble.name} {what} since {trouble.since.astimezone():%d %b %H:%M}"
        )


async def _about_account(outside: Outside, account: Account, time_zone: str) -> list[Finding]:
    if account.hl7 is not None:
        return await _about_listening(account, account.hl7)
    from frontdesk.pms.probe import Held

    marks = {Held.OK: Mark.OK, Held.FAILED: Mark.WRONG, Held.NOT_TRIED: Mark.NOT_TRIED}
    where = f"its address in the config: {account.base_url}"
    try:
        if account.export is None:
            assumptions: Sequence[Assumption] = await _probed(outside, account, time_zone)
        else:
            where = f"its file: {account.export.path}" if account.export.path else "its address is a secret"
            assumptions = await _looked_at(outside, account, account.export, time_zone)
    except FrontdeskError as error:
        return [Finding(account.connection, Mark.WRONG, error.hint)]
    found = [(Mark.NOT_TRIED, where), *((marks[one.held], one.said) for one in assumptions)]
    return [Finding(account.connection, mark, said) for mark, said in found]


async def _about_listening(account: Account, settings: Hl7) -> list[Finding]:
    """Say of a PMS that pushes its changes where they come in, and from whom; nothing is listened for."""
    from frontdesk.cli.diaries import encryption

    about = account.connection
    peers = ", ".join(map(str, settings.peers))
    found = [
        Finding(about, Mark.NOT_TRIED, f"messages come in on {settings.shown}, from {peers}"),
        Finding(
            about,
            Mark.NOT_TRIED,
            f"only those of {settings.application}/{settings.facility} are taken; whether all came cannot be checked",
        ),
        Finding(about, Mark.NOT_TRIED, "cancelling there is done by hand: messages are only taken in"),
    ]
    try:
        tls = await asyncio.to_thread(encryption, settings)
    except FrontdeskError as error:
        return [*found, Finding(about, Mark.WRONG, error.hint)]
    if tls is not None:
        found.append(Finding(about, Mark.OK, "its certificate, key and client_ca can be used"))
    return found


async def _looked_at(
    outside: Outside, account: Account, export: Export, time_zone: str
) -> "Sequence[Assumption]":
    """Return what would be read of a PMS that is only read; what is remembered of its exports stays as it is.

    Raises FrontdeskError.
    """
    from frontdesk.pms.files.looking import look

    unremembered = replace(account, export=replace(export, is_remembered=False))
    diary = outside.open_diary(unremembered, time_zone)
    try:
        return await look(diary, time_zone, datetime.now(UTC))
    finally:
        await diary.close()


async def _probed(outside: Outside, account: Account, time_zone: str) -> "list[Assumption]":
    """Return what is found out of a PMS, and where nothing of that is wrong also of its diary.

    Raises FrontdeskError.
    """
    from frontdesk.pms.diary_probe import probe_diary
    from frontdesk.pms.kinds import describe
    from frontdesk.pms.probe import Held, probe

    now = datetime.now(UTC)
    pms = outside.open_pms(account, time_zone)
    try:
        found = [*await probe(pms, time_zone, now)]
    finally:
        await pms.close()
    is_well = all(one.held is not Held.FAILED for one in found)
    if is_well and describe(account.kind, Path()).can_be_read:
        diary = outside.open_diary(account, time_zone)
        try:
            found += await probe_diary(diary, (), now)
        finally:
            await diary.close()
    return found


async def _about_messages(notify: NotifySettings | None, outside: Outside) -> list[Finding]:
    if notify is None:
        return [Finding("messages", Mark.OK, "no [notify]: your staff tell patients")]
    from frontdesk.notify.checking import check

    return [
        Finding(about, Mark.OK if result.ended is Ended.DONE else Mark.WRONG, result.said or "can be used")
        async for about, result in check(notify, outside.secrets)
    ]


def _about_biller(biller: GatewaySettings | None) -> list[Finding]:
    if biller is None:
        return []
    from frontdesk.notify.checking import check_biller

    result = check_biller(biller)
    return [Finding("biller", Mark.OK if result.ended is Ended.DONE else Mark.WRONG, result.said)]
