"""The store of a `frontdesk serve` elsewhere: the same port, over its HTTP API.

Nothing is queued here, and nothing is repeated blindly: a command is saved on the server, or
it is said that it was not. The clock that counts is the server's.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from frontdesk.api import wire
from frontdesk.api.asks import fields_of, path_of
from frontdesk.audit import AuditEvent
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Adjustment
from frontdesk.billing.overview import (
    BillingPage,
    BillingQuery,
    InvoiceDetail,
    InvoiceSummary,
    PracticeSum,
    Undecided,
)
from frontdesk.billing.periods import Period
from frontdesk.bookings import (
    COUNT_LIMIT,
    Booking,
    BookingQuery,
    Count,
    Direction,
    Operator,
    Page,
    Position,
    Practice,
    Practitioner,
    Row,
)
from frontdesk.commands import Command, Done
from frontdesk.deliveries import Attention, Delivery
from frontdesk.diary_runs import Decision, HeldChange, LooseEnds, Run
from frontdesk.errors import CommitLost, FrontdeskError, NotFound, NotWritten, Unavailable
from frontdesk.http_client import SECONDS, Lost, NotSent
from frontdesk.identity import Related
from frontdesk.pauses import pause
from frontdesk.preflight import Finding, Preflight
from frontdesk.store.desk_diaries import RUNS_LIMIT
from frontdesk.store.far.client import Api, Params
from frontdesk.store.far.following import ChangeStream
from frontdesk.store.port import NEAREST_LIMIT, Change
from frontdesk.store.under_way import CommandsUnderWay, cleaned
from frontdesk.store_state import DiaryState, StoreState
from frontdesk.text import clean

IDS_AT_ONCE = 200
"""Fewer than the server takes (`wire.ROWS_LIMIT`): proxies allow addresses of some 8,000 characters."""

SETTLING_SECONDS = 8.0
"""How long a caller waits beyond a lost answer for what became of the command."""

_PAUSES = (0.25, 0.5, 1.0, 2.0)

Value = TypeVar("Value")


class RemoteStore:
    """Bookings on a server, as one desk reads and cancels them; see BookingStore.

    `url` is the server's, without a slash at its end, `token` what this desk presents;
    `ca_file` is trusted besides the system's certificates, `seconds` is the deadline of one
    question. What operators send has the token's name as `via`, whatever theirs says.
    """

    def __init__(
        self, url: str, token: str, ca_file: Path | None = None, *, seconds: float = SECONDS
    ) -> None:
        self._api = Api(url, token, ca_file, seconds=seconds)
        self._under_way = CommandsUnderWay()
        self._not_written: set[UUID] = set()
        self._stream = ChangeStream(self._api)
        self._is_closed = False

    async def _read(self, path: str, kind: type[Value], params: Params = ()) -> Value:
        self._check_open()
        return await self._api.read(path, kind, params)

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable("The store is closed: start the program again.")

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        params = [
            *_filters(query),
            ("limit", str(min(limit, wire.PAGE_LIMIT))),
            ("direction", direction.value),
            *_place(position),
        ]
        return await self._read("/bookings", Page, params)

    async def count(self, query: BookingQuery, limit: int) -> Count:
        params = [*_filters(query), ("limit", str(min(limit, COUNT_LIMIT)))]
        return await self._read("/bookings/count", Count, params)

    async def nearest(self, text: str, limit: int) -> tuple[str, ...]:
        params = [("text", text), ("limit", str(min(limit, NEAREST_LIMIT)))]
        try:
            return await self._read("/nearest-names", tuple[str, ...], params)
        except NotFound:
            return ()  # a server that does not know the question yet

    async def get(self, booking_id: int) -> Booking:
        return await self._read(f"/bookings/{booking_id}", Booking)

    async def rows(self, booking_ids: Sequence[int]) -> tuple[Row, ...]:
        found: list[Row] = []
        for start in range(0, len(booking_ids), IDS_AT_ONCE):
            params = [("id", str(one)) for one in booking_ids[start : start + IDS_AT_ONCE]]
            found += await self._read("/bookings/rows", tuple[Row, ...], params)
        return tuple(found)

    async def find(self, ref: str, practice_id: str | None = None) -> tuple[Booking, ...]:
        params = [("ref", ref)] if practice_id is None else [("ref", ref), ("practice", practice_id)]
        return await self._read("/bookings/find", tuple[Booking, ...], params)

    async def related(self, booking_id: int) -> Related:
        return await self._read(f"/bookings/{booking_id}/related", Related)

    async def history(self, booking_id: int) -> tuple[AuditEvent, ...]:
        return await self._read(f"/bookings/{booking_id}/history", tuple[AuditEvent, ...])

    async def deliveries(self, booking_id: int) -> tuple[Delivery, ...]:
        return await self._read(f"/bookings/{booking_id}/deliveries", tuple[Delivery, ...])

    async def adjustments(self, booking_id: int) -> tuple[Adjustment, ...]:
        return await self._read(f"/bookings/{booking_id}/adjustments", tuple[Adjustment, ...])

    async def attention(self, limit: int) -> tuple[Attention, ...]:
        params = [("limit", str(min(limit, wire.PAGE_LIMIT)))]
        return await self._read("/attention", tuple[Attention, ...], params)

    async def practices(self) -> tuple[Practice, ...]:
        return await self._read("/practices", tuple[Practice, ...])

    async def practitioners(self) -> tuple[Practitioner, ...]:
        return await self._read("/practitioners", tuple[Practitioner, ...])

    async def appointment_types(self) -> tuple[str, ...]:
        return await self._read("/appointment-types", tuple[str, ...])

    async def last_write(self, operator: Operator, since: datetime) -> Done[Booking] | None:
        params = [("operator", clean(operator.name)), ("since", _instant(since))]
        return self._outcome(await self._read("/last-write", wire.Outcome, params))

    async def state(self) -> StoreState:
        return await self._read("/state", StoreState)

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        self._check_open()
        if wait <= 0:
            return await self._stream.look(after, store_id)
        return await self._stream.wait(after, wait, store_id)

    async def accounts(self) -> tuple[Account, ...]:
        return await self._read("/accounts", tuple[Account, ...])

    async def billing_page(
        self, query: BillingQuery, limit: int, position: Position | None, direction: Direction
    ) -> BillingPage:
        params = [
            *_billing_filters(query),
            ("limit", str(min(limit, wire.PAGE_LIMIT))),
            ("direction", direction.value),
            *_place(position),
        ]
        return await self._read("/billing", BillingPage, params)

    async def billing_count(self, query: BillingQuery, limit: int) -> Count:
        params = [*_billing_filters(query), ("limit", str(min(limit, COUNT_LIMIT)))]
        return await self._read("/billing/count", Count, params)

    async def billing_sums(self, query: BillingQuery) -> tuple[PracticeSum, ...]:
        return await self._read("/billing/sums", tuple[PracticeSum, ...], _billing_filters(query))

    async def invoices(self) -> tuple[InvoiceSummary, ...]:
        return await self._read("/billing/invoices", tuple[InvoiceSummary, ...])

    async def invoice(self, account_id: int, period: Period) -> InvoiceDetail:
        return await self._read(f"/accounts/{account_id}/invoices/{period}", InvoiceDetail)

    async def undecided(self, account_id: int, period: Period) -> Undecided:
        return await self._read(f"/accounts/{account_id}/undecided/{period}", Undecided)

    async def read_diaries(self) -> tuple[DiaryState, ...]:
        return await self._send("/diaries/read", {}, tuple[DiaryState, ...])

    async def diary_runs(self, limit: int, after: int = 0) -> tuple[Run, ...]:
        params = [("limit", str(min(limit, RUNS_LIMIT))), ("after", str(after))]
        return await self._read("/diaries/runs", tuple[Run, ...], params)

    async def held_change(self, number: int) -> HeldChange:
        return await self._read(f"/diaries/runs/{number}/held", HeldChange)

    async def loose_ends(self) -> tuple[LooseEnds, ...]:
        return await self._read("/diaries/loose-ends", tuple[LooseEnds, ...])

    async def decide_diary(self, number: int, decision: Decision, operator: Operator) -> Run:
        body = {"decision": decision.value, "operator": operator.name}
        return await self._send(f"/diaries/runs/{number}/decide", body, Run)

    async def _send(self, path: str, body: Mapping[str, str], kind: type[Value]) -> Value:
        """Have something done that is no command: a lost answer is told, and whoever asked looks again."""
        self._check_open()
        try:
            answer = await self._api.send(path, body)
        except NotSent as error:
            raise self._api.away(error) from None
        except Lost as error:
            raise Unavailable(
                f"{self._api.where} gave no answer, {error}: look whether it was done."
            ) from None
        return self._api.value(answer, kind)

    async def preflight(self, booking: Booking) -> Preflight:
        """Have the server ask a booking's PMS what it shows; see AskPms."""
        try:
            return await self._read(f"/bookings/{booking.id}/pms", Preflight)
        except FrontdeskError:
            return Preflight(Finding.NOT_ASKED)

    # -- writes -----------------------------------------------------------------------------

    async def do(self, command: Command) -> Done[Any]:
        self._check_open()
        command = cleaned(command)
        return await self._under_way.carry_out(command.id, self._do(command))

    async def _do(self, command: Command) -> Done[Any]:
        ask = command.ask
        headers = {"Idempotency-Key": str(command.id)}
        if ask.needs_version or command.seen:
            headers["If-Match"] = wire.etag(command.seen)
        body = {"operator": command.operator.name, "store_id": command.store_id, **fields_of(ask)}
        self._not_written.discard(command.id)
        try:
            answer = await self._api.send(path_of(ask.kind, command.subject.id), body, headers)
            return self._done(self._api.value(answer, wire.DoneTold, ask.thing))
        except NotSent as error:
            self._not_written.add(command.id)
            raise self._api.away(error) from None
        except NotWritten:
            # Asking would help nobody: a store that cannot write cannot give the command up either.
            self._not_written.add(command.id)
            raise
        except Lost as error:
            fault: FrontdeskError = self._api.away(error)
        except CommitLost as error:
            fault = error.fault
        except Unavailable as error:
            fault = error
        return await self._after_lost_answer(command.id, fault)

    async def _after_lost_answer(self, command_id: UUID, fault: FrontdeskError) -> Done[Any]:
        try:
            async with asyncio.timeout(SETTLING_SECONDS):
                done = await self._known(command_id)
        except TimeoutError:
            raise CommitLost(fault) from None
        if done is None:
            raise fault
        return done

    async def _known(self, command_id: UUID) -> Done[Any] | None:
        failures = 0
        while True:
            with suppress(FrontdeskError):
                return await self._give_up(command_id)
            failures += 1
            await asyncio.sleep(pause(_PAUSES, failures))

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        self._check_open()
        await self._under_way.ended(command_id)
        if command_id in self._not_written:
            return None
        return await self._give_up(command_id)

    async def _give_up(self, command_id: UUID) -> Done[Any] | None:
        try:
            answer = await self._api.send(f"/commands/{command_id}/give-up", {})
        except (NotSent, Lost) as error:
            raise self._api.away(error) from None
        return self._outcome(self._api.value(answer, wire.Outcome))

    def _outcome(self, told: wire.Outcome) -> Done[Any] | None:
        return None if told.done is None else self._done(told.done)

    def _done(self, told: wire.DoneTold) -> Done[Any]:
        try:
            return told.done()
        except ValueError:
            raise self._api.not_readable() from None

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self._stream.close()
            await self._api.close()


def _filters(query: BookingQuery) -> list[tuple[str, str]]:
    params = [("as_of", _instant(query.as_of))]
    if query.text:
        params.append(("text", query.text))
    params += [("status", one.value) for one in sorted(query.statuses)]
    for name, day in (("first_day", query.first_day), ("last_day", query.last_day)):
        if day is not None:
            params.append((name, day.isoformat()))
    params += [("practitioner", str(one)) for one in sorted(query.practitioners)]
    params += [("practice", one) for one in sorted(query.practices)]
    if query.mobile:
        params.append(("mobile", query.mobile))
    return params


def _billing_filters(query: BillingQuery) -> list[tuple[str, str]]:
    params = [("account", str(query.account_id))] if query.account_id is not None else []
    if query.period is not None:
        params.append(("period", str(query.period)))
    if query.number is not None:
        params.append(("number", str(query.number)))
    params += [("outcome", one.value) for one in sorted(query.outcomes)]
    params += [("adjustment", one) for one in sorted(query.adjustments)]
    params += [("practice", one) for one in sorted(query.practices)]
    return params


def _place(position: Position | None) -> list[tuple[str, str]]:
    if position is None:
        return []
    return [("position_at", _instant(position.starts_at)), ("position_id", str(position.id))]


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
