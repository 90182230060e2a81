"""What is outside in a demonstration: simulated PMSs, a maildir, and the secrets of both."""

import random
import secrets
import socket
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Pms, Practice
from frontdesk.credentials import Credentials
from frontdesk.demo import seed, simulator
from frontdesk.demo.simulator import SimulatedAccount

PMS_FOLDER, MAIL_FOLDER = "pms", "mail"
SMS_ACCOUNT = "sms-demo"

_CONFIG = """\
# A frontdesk demonstration: everybody in it is made up, and nothing leaves this machine.
home = "adelaide"
[store]
url = "sqlite:///frontdesk.db"
[log]
file = "frontdesk.log"
[billing]
account = "{account}"
time_zone = "{billing_zone}"
day_of_month = {day_of_month}
tax_percent = 10.0
biller = "{biller}"
prices = [{{ price = "99.00" }}]
[notify]
from = "Smile Dental <bookings@example.com>"
[notify.email]
url = "maildir:{mail}"
[notify.sms]
profile = "sms.toml"
credential = "{sms}"
"""
_SYNC = """\
[sync]
every = 0.1
near_every = 5
tell = "Jo Park"
"""
_GATEWAY = """\
# A made-up SMS gateway, spoken by the simulator.
name = "Textline"
url = "http://127.0.0.1:{port}/{sms}/v2/messages"
repeats_are_ignored = true
allow_http = true
allow_private = true
[auth]
kind = "headers"
headers = {{ X-Api-Key = "{{secret}}" }}
[headers]
Idempotency-Key = "{{message_id}}"
[json]
recipients = [{{ number = "{{to}}" }}]
content = {{ type = "text", body = "{{text}}" }}
[success]
statuses = [202]
id = "/messages/0/id"
[errors]
code = "/error/code"
message = "/error/message"
"""
_CONNECTION = """\
[connections.{name}]
kind = "{kind}"
base_url = "http://127.0.0.1:{port}/{name}"
tenant = "{tenant}"
credential = "{name}"
allow_http = true
allow_private = true
"""
# Below the ports that a system hands out automatically, so that it is still free tomorrow.
_PORTS = range(20_000, 30_000)


def make(place: Path, config_file: Path, now: datetime, *, is_alive: bool = False) -> None:
    """Write the config of a demonstration, its secrets, and whom its simulator is for.

    Its invoices are issued so that one is a draft at `now`. With `is_alive` things happen in its PMSs by
    themselves, and their diaries are read.
    """
    port = _free_port()
    accounts = [_account(practice, practice.pms) for practice in seed.practices() if practice.pms]
    gateway = SimulatedAccount(SMS_ACCOUNT, "textline", key=_new_key())
    config = [
        _CONFIG.format(
            account=seed.ACCOUNT,
            biller=seed.BILLER,
            billing_zone=seed.BILLING_ZONE,
            day_of_month=seed.day_of_month(now),
            mail=MAIL_FOLDER,
            sms=gateway.name,
        )
    ]
    if is_alive:
        config.append(_SYNC)
    config += [
        _CONNECTION.format(name=one.name, kind=one.contract, port=port, tenant=one.tenant) for one in accounts
    ]
    config_file.write_text("".join(config), encoding="utf-8")
    (place / "sms.toml").write_text(_GATEWAY.format(port=port, sms=gateway.name), encoding="utf-8")
    secrets = Credentials(place)
    for one in (*accounts, gateway):
        secrets.file(one.name).write(one.key)
    folder = place / PMS_FOLDER
    folder.mkdir(mode=0o700)
    simulator.write_settings(folder, port, [*accounts, gateway], is_alive=is_alive)


def fill(place: Path, bookings: Callable[[], Iterable[IncomingBooking]]) -> None:
    """Write the bookings into the diaries of the practices' PMSs, one PMS after the other."""
    for practice in seed.practices():
        if practice.pms is not None:
            own = (one for one in bookings() if one.practice_id == practice.id)
            simulator.fill(place / PMS_FOLDER, practice.pms.connection, own)


def _account(practice: Practice, pms: Pms) -> SimulatedAccount:
    return SimulatedAccount(
        name=pms.connection,
        contract=pms.kind,
        key=_new_key(),
        tenant=practice.id,
        time_zone=practice.time_zone,
    )


def _new_key() -> str:
    return secrets.token_urlsafe(24)


def _free_port() -> int:
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
