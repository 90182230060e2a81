"""Cliniko: its profile, and the one thing no profile can say: which server an account is on.

The shard stands at the end of the key (https://github.com/redguava/cliniko-api, "Base URL").
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from frontdesk.credentials import Secrets
from frontdesk.errors import FrontdeskError
from frontdesk.pms.diary import Diary
from frontdesk.pms.opening import open_profile, open_profile_diary
from frontdesk.pms.port import Account, Pms, UnusableSettings

_SHARD = re.compile(r"[a-z]{2}[0-9]{1,2}")
_FIRST_SHARD = "au1"


def open_cliniko(account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]) -> Pms:
    """Return the Cliniko of an account. Raises UnusableSettings."""
    return open_profile(_addressed(account, secrets), secrets, time_zone, now)


def open_cliniko_diary(
    account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]
) -> Diary:
    """Return the diary of an account at Cliniko. Raises UnusableSettings."""
    return open_profile_diary(_addressed(account, secrets), secrets, time_zone, now)


def base_url(key: str) -> str:
    """Return where the API of a key's account is; keys from before there were shards name none."""
    last = key.rpartition("-")[2]
    return f"https://api.{last if _SHARD.fullmatch(last) else _FIRST_SHARD}.cliniko.com"


def _addressed(account: Account, secrets: Secrets) -> Account:
    """Return an account with the address that its key names. Raises UnusableSettings."""
    if account.base_url or not (name := account.credentials.get("secret")):
        return account
    try:
        key = secrets(name)
    except FrontdeskError as error:
        raise UnusableSettings(error.hint) from None
    return replace(account, base_url=base_url(key))
