"""What this installation reaches outside: accounts at PMSs, mail, SMS. Loaded when first needed."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial

from frontdesk.attempts import Carrier, Result
from frontdesk.bookings import Booking, FrontdeskError
from frontdesk.config import Config
from frontdesk.credentials import Credentials
from frontdesk.deliveries import Claim, is_by_hand
from frontdesk.pms.port import Account, Pms
from frontdesk.preflight import Finding, Preflight

PmsAt = Callable[[str], Pms]
"""Returns an account as a practice in a time zone sees it."""


class Outside:
    """The world outside, as one config knows it.

    `problems` are sentences about what the config names and cannot be used, such as a secret
    that is nowhere; `carriers` fills it.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._secrets = Credentials(config.folder)
        self._opened: dict[tuple[str, str], Pms] = {}
        self.problems: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be carried out from here."""
        notify = self._config.notify
        return not (self._config.accounts or (notify and (notify.mail or notify.sms)))

    @cached_property
    def carriers(self) -> Mapping[str, Carrier]:
        """Who carries out the deliveries of which connection. It loads much: ask for it in a thread."""
        found: dict[str, Carrier] = {}
        for name, account in self._config.accounts.items():
            try:
                self.pms(account, "UTC")
            except FrontdeskError as error:
                self.problems.append(error.hint)
            else:
                found[name] = _AccountCarrier(partial(self.pms, account))
        if self._config.notify is not None:
            from frontdesk.notify.carriers import open_carriers

            try:
                found.update(open_carriers(self._config.notify, self._secrets))
            except FrontdeskError as error:
                self.problems.append(error.hint)
        return found

    def pms(self, account: Account, time_zone: str) -> Pms:
        """Return an account as practices in `time_zone` see it: some PMSs tell times without an offset.

        Raises UnusableSettings, MissingCredential.
        """
        from frontdesk.pms.registry import open_pms

        key = account.connection, time_zone
        if key not in self._opened:
            self._opened[key] = open_pms(account, self._secrets, time_zone, _now)
        return self._opened[key]

    async def preflight(self, booking: Booking) -> Preflight:
        """Ask a booking's PMS what it shows; see AskPms."""
        pms = booking.practice.pms
        account = self._config.accounts.get(pms.connection) if pms else None
        if account is None or is_by_hand(booking, booking.practice):
            return Preflight(Finding.NOT_ASKED)
        try:
            reached = await asyncio.to_thread(self.pms, account, booking.practice.time_zone)
        except FrontdeskError:
            return Preflight(Finding.NOT_ASKED)
        from frontdesk.pms.cancelling import preflight

        return await preflight(reached, booking)

    async def close(self) -> None:
        """Let go of all connections."""
        for pms in self._opened.values():
            await pms.close()
        self._opened.clear()


class _AccountCarrier:
    """Carries out what one account has to be told, in the time zone of each booking's practice."""

    def __init__(self, pms_at: PmsAt) -> None:
        self._pms_at = pms_at

    async def carry(self, claim: Claim) -> Result:
        from frontdesk.pms.cancelling import PmsCarrier

        return await PmsCarrier(self._pms_at(claim.booking.practice.time_zone)).carry(claim)

    async def close(self) -> None:
        """Do nothing: the accounts are closed by `Outside`."""


def _now() -> datetime:
    return datetime.now(UTC)
