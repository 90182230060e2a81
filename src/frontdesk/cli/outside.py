"""What this installation reaches outside: accounts at PMSs, mail, SMS, the biller. Loaded when first needed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from frontdesk.attempts import Carrier
from frontdesk.bookings import Booking
from frontdesk.config import Config
from frontdesk.credentials import Credentials, MissingCredential
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, SMS_CONNECTION, is_by_hand
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import Account, Pms
from frontdesk.preflight import Finding, Preflight

if TYPE_CHECKING:
    from frontdesk.pms.telling import PmsCarrier


class Outside:
    """The world outside, as one config knows it. `secrets` are looked up when they are needed."""

    def __init__(self, config: Config, secrets: Credentials) -> None:
        self._config = config
        self.secrets = secrets

    @cached_property
    def secrets_needed(self) -> Mapping[str, tuple[str, ...]]:
        """The connections that the config names, each with the names of its secrets."""
        needed = {name: (*account.credentials.values(),) for name, account in self._config.accounts.items()}
        notify = self._config.notify
        for connection, settings in (
            (MAIL_CONNECTION, notify and notify.mail),
            (SMS_CONNECTION, notify and notify.sms),
            (BILLER_CONNECTION, self._config.biller),
        ):
            if settings:
                needed[connection] = (settings.credential,) if settings.credential else ()
        return needed

    @property
    def wake_secrets(self) -> Mapping[str, str]:
        """The connections that may ask to be read, each with the name of the secret that proves it."""
        return {
            name: account.wake.credential for name, account in self._config.accounts.items() if account.wake
        }

    @property
    def connections(self) -> frozenset[str]:
        """What deliveries can be carried out from here: nothing is claimed for any other.

        The secrets are looked for the first time somebody asks, which blocks: call it in a thread.
        """
        return self._found[0]

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences about what the config names and cannot be reached without its secret.

        Blocks the first time, as `connections` does.
        """
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[frozenset[str], tuple[str, ...]]:
        reachable, problems = set(), []
        for connection, names in self.secrets_needed.items():
            try:
                for name in names:
                    self.secrets(name)
            except MissingCredential as missing:
                problems.append(missing.hint)
            else:
                reachable.add(connection)
        return frozenset(reachable), tuple(problems)

    def open_pms(self, account: Account, time_zone: str) -> Pms:
        """Return an account as practices in `time_zone` see it: some PMSs tell times without an offset.

        Raises UnusableSettings, MissingCredential.
        """
        from frontdesk.pms.kinds import open_pms

        return open_pms(account, self.secrets, time_zone, _now)

    def open_diary(self, account: Account, time_zone: str) -> Diary:
        """Return an account's diary, as practices in `time_zone` read it.

        Raises UnusableSettings, MissingCredential.
        """
        from frontdesk.pms.kinds import open_diary

        return open_diary(account, self.secrets, time_zone, _now)

    def carriers(self) -> Mapping[str, Carrier]:
        """Return who carries out the deliveries of which connection. It loads much: call it in a thread."""
        from frontdesk.notify.carriers import open_biller, open_carriers

        notify, biller = self._config.notify, self._config.biller
        return {
            **self._pms_carriers,
            **(open_carriers(notify, self.secrets) if notify else {}),
            **(open_biller(biller, self.secrets) if biller else {}),
        }

    @cached_property
    def _pms_carriers(self) -> Mapping[str, "PmsCarrier"]:
        from frontdesk.pms.telling import PmsCarrier

        return {
            name: PmsCarrier(partial(self.open_pms, account))
            for name, account in self._config.accounts.items()
        }

    async def preflight(self, booking: Booking) -> Preflight:
        """Ask a booking's PMS what it shows; see AskPms."""
        pms = booking.practice.pms
        if pms is None or is_by_hand(booking, booking.practice):
            return Preflight(Finding.NOT_ASKED)
        if pms.connection not in await asyncio.to_thread(lambda: self.connections):
            return Preflight(Finding.NOT_ASKED)
        carriers = await asyncio.to_thread(lambda: self._pms_carriers)
        return await carriers[pms.connection].ask(booking)


def _now() -> datetime:
    return datetime.now(UTC)
