"""What a request comes to at the simulated PMS: which account, which fault, what is done and written down."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from frontdesk.demo.simulator import spoiling
from frontdesk.demo.simulator.contracts import CONTRACTS
from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.faults import Effect, Fault, Faults, Kind
from frontdesk.demo.simulator.records import View
from frontdesk.demo.simulator.staff import Staff
from frontdesk.demo.simulator.wire import (
    Answer,
    Call,
    Operation,
    Refusal,
    Request,
    SimulatedAccount,
    WireContract,
)

LATE = "late"
"""What the ledger says of a request that takes effect long after it came."""

_FIRST_PAGE = {"page": "1"}
"""What asks for the first page, where that is not 0."""
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, the fault that decides how it reaches the client, and what is still to be done."""

    answer: Answer
    at: datetime
    fault: Fault | None = None
    later: Callable[[], None] | None = None


class Office:
    """The people and machines behind the wire: one diary, any number of accounts."""

    def __init__(
        self, diary: Diary, accounts: Iterable[SimulatedAccount], clock: Callable[[], datetime]
    ) -> None:
        self.faults = Faults()
        self._diary = diary
        self._clock = clock
        self._contracts = {one.name: CONTRACTS[one.contract](one, diary) for one in accounts}
        self._staff = Staff(diary)

    def reply(self, request: Request) -> Reply:
        """Return what a request is answered, having done what it asks for as far as faults let it."""
        now = self._clock()
        account = request.path[0] if request.path else ""
        contract = self._contracts.get(account)
        if contract is None:
            # Where a redirect leads, to see whether a client follows it.
            self._write_down(now, "", Call(Operation.OTHER), effective=False, answered="404")
            return Reply(Answer(404, b"There is nothing here.", (("Content-Type", "text/plain"),)), now)
        request = replace(request, path=request.path[1:])
        call = contract.call(request)
        fault = self.faults.take(account, call.operation)
        if fault is None:
            return Reply(self._carry_out(account, contract, request, call, now), now)
        return self._go_wrong(fault, account, contract, request, call, now)

    def _go_wrong(
        self,
        fault: Fault,
        account: str,
        contract: WireContract,
        request: Request,
        call: Call,
        now: datetime,
    ) -> Reply:
        if fault.kind.is_of_staff and self.faults.is_first(fault, account, call.ref):
            self._staff.do(fault.kind, account, call.ref, now)
        if fault.kind is Kind.CLOCK:
            now += timedelta(seconds=fault.seconds or 0)
        is_later_page = any(
            request.asked(name) not in ("", _FIRST_PAGE.get(name, "0")) for name in contract.page_parameters
        )
        kept = {name: value for name, value in request.query.items() if name not in contract.page_parameters}
        first_page = replace(request, query=kept)
        if fault.kind is Kind.PAGES_REPEAT:
            request = first_page
        if fault.kind is Kind.PAGES_SHIFT and is_later_page:
            self._shift(fault, account, contract, first_page, call, now)
        effect = fault.takes_effect
        with self._seen(fault, call):
            answer = self._carry_out(
                account, contract, request, call, now, keep=effect is Effect.APPLIED, answered=fault.kind
            )
        if fault.kind is Kind.PAGES_SHRINK and is_later_page:
            answer = spoiling.without_items(answer, contract.items_keys)
        if fault.kind is Kind.BLOCK_ROWS and call.operation is Operation.LIST:
            answer = spoiling.with_block(answer, contract)
        if fault.kind is Kind.ACCEPTED and answer.status < 300:
            answer = contract.pending(call)
        answer = fault.spoil(answer, contract, now)
        later = None
        if effect is Effect.LATE:

            def later() -> None:
                self._carry_out(account, contract, request, call, self._clock(), answered=LATE)

        return Reply(answer, now, fault, later)

    def _carry_out(
        self,
        account: str,
        contract: WireContract,
        request: Request,
        call: Call,
        now: datetime,
        *,
        keep: bool = True,
        answered: str = "",
    ) -> Answer:
        """Do what a request asks for, in one transaction with its line in the ledger."""
        before = self._diary.changes
        with self._diary.transaction(keep=keep):
            try:
                answer = contract.answer(request, call, now)
            except Refusal as refusal:
                answer = contract.refusal(refusal)
            if keep:
                self._write_down(
                    now,
                    account,
                    call,
                    effective=self._diary.changes > before,
                    answered=answered or str(answer.status),
                )
        if not keep:
            self._write_down(now, account, call, effective=False, answered=answered)
        return answer

    def _write_down(self, now: datetime, account: str, call: Call, *, effective: bool, answered: str) -> None:
        self._diary.ledger.write_down(
            now,
            account,
            call.operation,
            ref=call.ref,
            request_id=call.request_id,
            effective=effective,
            answered=answered,
        )

    def _shift(
        self,
        fault: Fault,
        account: str,
        contract: WireContract,
        first_page: Request,
        call: Call,
        now: datetime,
    ) -> None:
        """Let somebody there delete the first appointment of a list while it is read, once."""
        if self.faults.is_first(fault, account, call.ref) and (
            ref := _first_id(contract, first_page, call, now)
        ):
            self._staff.do(Kind.STAFF_DELETE, account, ref, now)

    @contextmanager
    def _seen(self, fault: Fault, call: Call) -> Iterator[None]:
        """Look at the diary as a fault makes it seem; only lists leave something out."""
        is_list = call.operation is Operation.LIST
        later = _AN_HOUR if fault.seconds is None else timedelta(seconds=fault.seconds)
        before = self._diary.view
        self._diary.view = View(
            later=later if fault.kind is Kind.LATER else timedelta(0),
            is_half=is_list and fault.kind is Kind.HALF,
            is_empty=is_list and fault.kind is Kind.NO_ROWS,
        )
        try:
            yield
        finally:
            self._diary.view = before


def _first_id(contract: WireContract, request: Request, call: Call, now: datetime) -> str:
    """Return the id of the first appointment on a page, empty where there is none."""
    try:
        document = json.loads(contract.answer(request, call, now).body)
    except Refusal:
        return ""
    first = next(iter(spoiling.rows_of(document, contract)), {})
    shown = first.get("resource", first)
    return str(shown.get("id") or shown.get("AptNum") or "")
