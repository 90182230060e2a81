"""Invoices: the list of all months, and one invoice with its lines."""

from collections.abc import Mapping
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import work
from textual.binding import BindingType

from frontdesk.actions import INVOICE_ACTIONS
from frontdesk.billing.account import Account
from frontdesk.billing.overview import InvoiceDetail, InvoiceSummary
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.screen import ListScreen
from frontdesk.screens.text_screen import TextScreen
from frontdesk.sources.invoices import InvoiceSource
from frontdesk.widgets.bar import Bar
from frontdesk.widgets.list_table import Column
from frontdesk.words import billing as words
from frontdesk.words.key_line import KeyWords


class InvoicesScreen(ListScreen[None, InvoiceSummary], inherit_bindings=False):
    """All invoices; Enter opens one."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(INVOICE_ACTIONS)
    TITLE_WORDS = "Invoices"
    KEY_WORDS = (
        KeyWords("Enter", "opens the invoice"),
        KeyWords("Esc", "back to Billing"),
        KeyWords("F1", "help"),
    )
    READING = "Reading the invoices..."

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__(desk, InvoiceSource(desk.store))
        self._accounts: Mapping[int, Account] = {}

    @property
    def columns(self) -> tuple[Column[InvoiceSummary], ...]:
        return (
            Column("Invoice", 7, lambda one, _: one.badge),
            Column("Month", 14, lambda one, now: words.month(one.period, now, self._zone(one))),
            Column("Account", 14, lambda one, _: one.account, takes_rest=True),
            Column("   Lines", 8, lambda one, _: f"{one.lines:>8,}"),
            Column("    With tax", 12, lambda one, _: f"{words.money(one.amount.total):>12}"),
            Column("", 18, lambda one, now: words.stands(one, self._zone(one), now)),
        )

    def _zone(self, one: InvoiceSummary) -> ZoneInfo:
        account = self._accounts.get(one.account_id)
        return account.settings.zone if account else self.desk.here

    async def read_anew(self) -> None:
        self._accounts = {one.id: one for one in await self.desk.store.accounts()}
        await super().read_anew()

    def nothing(self) -> tuple[str, ...]:
        return (
            "",
            "      No invoices: either nothing is billed here, or this desk may not see every",
            "      practice of the account.",
        )

    def action_open_invoice(self) -> None:
        if one := self.listing.current:
            self.app.push_screen(InvoiceScreen(self.desk, one, self._zone(one)))


class InvoiceScreen(TextScreen):
    """One invoice: its days, its lines, what they come to."""

    def __init__(self, desk: OpenDesk, summary: InvoiceSummary, zone: ZoneInfo) -> None:
        super().__init__()
        self.desk = desk
        self._summary = summary
        self._zone = zone
        self._detail: InvoiceDetail | None = None
        self._unread = ""

    def on_mount(self) -> None:
        self._show()
        self._read()

    def on_resize(self) -> None:
        if self.is_mounted:
            self._show()

    def on_store_changed(self, message: StoreChanged) -> None:
        if message.is_of_another_store:
            self.dismiss(None)
        else:
            self._read()

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _read(self) -> None:
        try:
            self._detail = await self.desk.store.invoice(self._summary.account_id, self._summary.period)
            self._unread = ""
        except Exception as error:
            self._unread = self.desk.fault(error).hint
        self._show()

    def _show(self) -> None:
        self.query_one("#bar", Bar).show_desk(self.desk)
        now, width = self.desk.now(), self.app.size.width
        self.show(words.invoice_lines(self._detail, self._unread, now, self._zone, width))
