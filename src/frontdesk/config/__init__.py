"""The config: found, read, checked, and turned into the words of the rest of the program.

`load` is the only way in. Text from the file passes `text.clean`; secrets are never in it.
"""

import getpass
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

import platformdirs

from frontdesk import text
from frontdesk.attempts import RetryPolicy
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import Operator, Practice
from frontdesk.commands.cancel import ReasonAtHand
from frontdesk.complaints import nearest, read_toml
from frontdesk.config.billing import billing_settings
from frontdesk.config.files import existing_file, state_folder
from frontdesk.config.outside import accounts, biller_gateway, notify_settings
from frontdesk.config.practices import practices
from frontdesk.config.sections import ConfigFile, Sync, json_schema
from frontdesk.config.server import ServerSettings, server_settings
from frontdesk.config.urls import store_url
from frontdesk.diary_schedule import Pace
from frontdesk.errors import FrontdeskError
from frontdesk.notify.settings import GatewaySettings, NotifySettings
from frontdesk.pms.port import Account
from frontdesk.private_files import why_changeable

__all__ = [
    "PRACTICE_EXAMPLE",
    "Config",
    "ConfigError",
    "default_file",
    "default_log_file",
    "default_store_file",
    "json_schema",
    "load",
    "state_folder",
]

FILE_VARIABLE = "FRONTDESK_CONFIG"

PRACTICE_EXAMPLE = """\
[[practices]]
id = "adelaide"
name = "Smile Dental Adelaide"
short = "ADL"
time_zone = "Australia/Adelaide"
"""
"""The least that a config says of a practice."""


class ConfigError(FrontdeskError):
    """The config file cannot be found, read or used."""

    title = "The config cannot be used"
    exit_code = 2


@dataclass(frozen=True)
class Config:
    """What the config says, with the defaults of what it leaves out.

    `file` is None when there is no config file; files it names without a full path lie in
    `folder`. `practices` are as they go into the store, `accounts` what this machine can reach
    of their PMSs, by connection; `pace` is how often their diaries are read, and `reads_diaries` whether
    desks and servers do so by themselves; `keys` maps a command's id to the key it is to have; `diff`
    is whether only what changed is written to the terminal. `store_credential` names the
    database's password or the desk token. After `lock_after` without a key the screen is locked.
    `reasons` are what Down in an empty reason offers. `mouse` is whether the mouse is heard, None for all but SSH. `theme` is what the screen looks like, as
    `[ui]` names it. `billing` is None where nothing is billed,
    `biller` where no profile says how the biller is told over HTTP.
    """

    file: Path | None
    operator: Operator
    store_url: str
    log_file: Path
    home: str = ""
    practices: tuple[Practice, ...] = ()
    accounts: Mapping[str, Account] = field(default_factory=dict)
    notify: NotifySettings | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    pace: Pace = field(default_factory=Pace)
    reads_diaries: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    diff: bool = True
    store_credential: str = ""
    store_ca_file: Path | None = None
    server: ServerSettings = field(default_factory=ServerSettings)
    lock_after: timedelta | None = None
    reasons: tuple[ReasonAtHand, ...] = ()
    theme: str = "auto"
    mouse: bool | None = None
    billing: BillingSettings | None = None
    biller: GatewaySettings | None = None

    @property
    def is_served(self) -> bool:
        """Whether the store is a `frontdesk serve` elsewhere."""
        return self.store_url.startswith(("https://", "http://"))

    @property
    def folder(self) -> Path:
        """Where the config lies, and what belongs to it."""
        return (self.file or default_file()).parent

    @property
    def place(self) -> str:
        """The full path of the config in use, and that it does not exist yet where that is so."""
        return str(self.file) if self.file else f"{default_file()}, which does not exist yet"

    @property
    def store_file(self) -> Path | None:
        """The SQLite file that is the store, or None when the store is a server."""
        kind, _, path = self.store_url.partition(":///")
        return Path(path) if kind == "sqlite" else None


def default_file() -> Path:
    """Return where the config is looked for when nobody says where it is."""
    return platformdirs.user_config_path("frontdesk", appauthor=False) / "config.toml"


def default_log_file() -> Path:
    """Return where trouble is written down unless the config says otherwise."""
    return platformdirs.user_log_path("frontdesk", appauthor=False) / "frontdesk.log"


def default_store_file() -> Path:
    """Return where bookings live unless the config says otherwise."""
    return platformdirs.user_data_path("frontdesk", appauthor=False) / "frontdesk.db"


def load(named: Path | None = None) -> Config:
    """Read the config that `named`, else FRONTDESK_CONFIG, else the platform's place holds.

    A file that somebody named must exist; without any, bookings live in an SQLite file of
    this user and the operator is who is logged in. Raises ConfigError, one sentence that
    names the file and the section.
    """
    variable = os.environ.get(FILE_VARIABLE)
    chosen = named or (Path(variable) if variable else None)
    if chosen is None and not default_file().exists():
        return _config(None, ConfigFile())
    file = (chosen or default_file()).expanduser().absolute()
    if why := why_changeable(file):
        raise ConfigError(f"it says where secrets are sent, and {why}")
    said = read_toml(file, ConfigFile, ConfigError)
    try:
        return _config(file, said)
    except ValueError as problem:
        raise ConfigError(f"{file}: {problem}") from None


def login_name() -> str:
    """Return who is logged in: the operator where the config names none. It is never empty."""
    try:
        return text.clean(getpass.getuser()) or "unknown"
    except (OSError, KeyError, ImportError):
        return "unknown"


def _config(file: Path | None, said: ConfigFile) -> Config:
    folder = file.parent if file else Path.cwd()
    clinics = practices(said, folder)
    return Config(
        file=file,
        operator=Operator(text.clean(said.operator) or login_name()),
        store_url=store_url(said.store.url, folder)
        if said.store.url
        else f"sqlite:///{default_store_file()}",
        log_file=folder / Path(said.log.file).expanduser() if said.log.file else default_log_file(),
        home=_home(said, clinics),
        practices=clinics,
        accounts=accounts(said, folder),
        notify=notify_settings(said, folder),
        retry=RetryPolicy(timedelta(hours=said.delivery.near_hours), said.delivery.max_attempts),
        pace=_pace(said.sync or Sync()),
        reads_diaries=said.sync is not None,
        keys=_keys(said),
        diff=said.ui.diff,
        store_credential=said.store.credential or "",
        store_ca_file=existing_file(said.store.ca_file, "[store] ca_file", folder),
        server=server_settings(said.server, folder),
        lock_after=timedelta(minutes=said.ui.lock_minutes) if said.ui.lock_minutes else None,
        reasons=_reasons(said),
        theme=said.ui.theme,
        mouse=said.ui.mouse,
        billing=billing_settings(said, clinics, folder),
        biller=biller_gateway(said, folder),
    )


def _pace(said: Sync) -> Pace:
    return Pace(
        timedelta(minutes=said.every),
        timedelta(minutes=said.near_every),
        time.fromisoformat(said.full_at),
        text.clean(said.tell),
    )


def _reasons(said: ConfigFile) -> tuple[ReasonAtHand, ...]:
    reasons = tuple(ReasonAtHand(text.clean(one.file), text.clean(one.patient)) for one in said.ui.reasons)
    for reason, number in Counter(one.file for one in reasons).items():
        if not reason:
            raise ValueError("[ui] reasons: file is empty: write the word under which the reason is filed")
        if number > 1:
            raise ValueError(f'[ui] reasons: "{reason}" is there twice: give each its own word for the file')
    return reasons


def _home(said: ConfigFile, clinics: tuple[Practice, ...]) -> str:
    ids = [practice.id for practice in clinics]
    if said.home and ids and said.home not in ids:
        raise ValueError(f"home: there is no practice {said.home}, {nearest(said.home, ids)}")
    return said.home or next(iter(ids), "")


def _keys(said: ConfigFile) -> dict[str, str]:
    for command, key in said.keys.items():
        if not key.isprintable() or not key.strip() or " " in key.strip():
            raise ValueError(f'[keys] {command} must be one key, such as "x" or "f8"')
    return {command: key.strip() for command, key in said.keys.items()}
