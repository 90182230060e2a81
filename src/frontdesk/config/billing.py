"""What the config says about billing: who pays what for new patients, and when."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from frontdesk import text
from frontdesk.billing.prices import price_on
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import Practice
from frontdesk.complaints import nearest
from frontdesk.config import sections
from frontdesk.config.files import existing_file
from frontdesk.config.practices import check_time_zone
from frontdesk.config.sections import ConfigFile
from frontdesk.deliveries import is_profile
from frontdesk.mail_addresses import check_mail_address

_PRICE = re.compile(r"([0-9]{1,6})(?:\.([0-9]{2}))?")


def billing_settings(said: ConfigFile, clinics: tuple[Practice, ...], folder: Path) -> BillingSettings | None:
    """Return what the billing account of the config is charged, or None where nothing is billed.

    `clinics` are the practices of the same config. Raises ValueError with the rest of a sentence
    about the file.
    """
    billing = said.billing
    if billing is None:
        for number, practice in enumerate(clinics, start=1):
            if practice.account:
                raise ValueError(
                    f"[[practices]] {number} account needs a [billing] that says what is charged"
                )
        return None
    check_time_zone(billing.time_zone, "[billing] time_zone")
    account = text.clean(billing.account)
    if not account:
        raise ValueError("[billing] account must not be empty")
    if not billing.prices:
        raise ValueError("[billing] needs a [[billing.prices]] that says what is charged")
    settings = BillingSettings(
        account=account,
        time_zone=billing.time_zone,
        prices=_prices(billing.prices, clinics),
        tax_percent=Decimal(str(billing.tax_percent)),
        day_of_month=billing.day_of_month,
        due_days=billing.due_days,
        biller=_biller(billing.biller, folder),
    )
    for number, practice in enumerate(clinics, start=1):
        _check_practice(practice, f"[[practices]] {number}", settings)
    return settings


def _prices(given: tuple[sections.Price, ...], clinics: tuple[Practice, ...]) -> tuple[Price, ...]:
    ids = [practice.id for practice in clinics]
    found: list[Price] = []
    for number, section in enumerate(given, start=1):
        where = f"[[billing.prices]] {number}"
        if section.practice and ids and section.practice not in ids:
            raise ValueError(
                f"{where} practice: there is no practice {section.practice}, {nearest(section.practice, ids)}"
            )
        written = _PRICE.fullmatch(section.price.strip())
        if written is None:
            raise ValueError(f'{where} price must be an amount without tax, such as "99.00"')
        price = Price(int(written[1]) * 100 + int(written[2] or 0), section.practice, section.from_)
        if any((price.practice_id, price.from_day) == (one.practice_id, one.from_day) for one in found):
            raise ValueError(f"{where}: there is another price for the same practice from the same day on")
        found.append(price)
    return tuple(found)


def _check_practice(practice: Practice, where: str, settings: BillingSettings) -> None:
    if not practice.account:
        return
    if practice.account != settings.account:
        known = nearest(practice.account, [settings.account])
        raise ValueError(f"{where} account: there is no billing account {practice.account}, {known}")
    if price_on(settings, practice.id, date.min) is None:
        raise ValueError(
            f"{where} account: [[billing.prices]] needs a price without from for {practice.id}, or for all"
        )


def _biller(given: str, folder: Path) -> str:
    if is_profile(given):
        return str(existing_file(given, "[billing] biller", folder))
    if given:
        check_mail_address(given, "[billing] biller")
    return text.clean(given)
