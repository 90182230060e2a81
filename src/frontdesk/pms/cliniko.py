"""Cliniko: its profile, and the one thing no profile can say: which server an account is on.

The shard stands at the end of the key (https://github.com/redguava/cliniko-api, "Base URL").
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from frontdesk.credentials import Secrets
from frontdesk.errors import FrontdeskError
from frontdesk.pms.opening import open_profile
from frontdesk.pms.port import Account, Pms, UnusableSettings

_SHARD = re.compile(r"[a-z]{2}[0-9]{1,2}")
_FIRST_SHARD = "au1"


def open_cliniko(account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]) -> Pms:
    """Return the Cliniko of an account. Raises UnusableSettings."""
    if not account.base_url and (name := account.credentials.get("secret")):
        try:
            key = secrets(name)
        except FrontdeskError as error:
            raise UnusableSettings(error.hint) from None
        account = replace(account, base_url=base_url(key))
    return open_profile(account, secrets, time_zone, now)


def base_url(key: str) -> str:
    """Return where the API of a key's account is; keys from before there were shards name none."""
    last = key.rpartition("-")[2]
    return f"https://api.{last if _SHARD.fullmatch(last) else _FIRST_SHARD}.cliniko.com"
