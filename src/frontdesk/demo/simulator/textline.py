"""A made-up SMS gateway, Textline, as `docs/examples/sms-gateway.toml` describes it."""

from datetime import datetime
from uuid import uuid4

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.wire import Answer, Call, Operation, Refusal, Refused, Request, SimulatedAccount

_REFUSALS = {Refused.UNAUTHORISED: (401, "unauthorised"), Refused.INVALID: (400, "invalid")}
_ELSE = (404, "not_found")


class Textline:
    """One route, an API key in a header; a repeat is known by its Idempotency-Key."""

    status_keys = frozenset({"status"})
    items_keys = frozenset({"messages"})
    total_keys: frozenset[str] = frozenset()
    page_parameters: frozenset[str] = frozenset()

    def __init__(self, account: SimulatedAccount, diary: Diary) -> None:
        self._account = account
        self._diary = diary

    def call(self, request: Request) -> Call:
        """Return what a request asks for."""
        if (request.method, request.path) != ("POST", ("v2", "messages")):
            return Call(Operation.OTHER)
        number, _ = _message(request)
        return Call(Operation.SEND, number, request.headers.get("idempotency-key", ""))

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Take a message, once, and answer with its id. Raises Refusal."""
        if request.headers.get("x-api-key") != self._account.key:
            raise Refusal(Refused.UNAUTHORISED)
        if call.operation is Operation.OTHER:
            raise Refusal(Refused.NOT_FOUND)
        number, words = _message(request)
        if not number or not words or not call.request_id:
            raise Refusal(Refused.INVALID)
        if earlier := self._diary.ledger.answer_to(self._account.name, call.request_id):
            return Answer(202, earlier[1])
        answer = Answer.of(202, {"messages": [{"id": str(uuid4())}]})
        self._diary.ledger.take_message(self._account.name, number, words, now)
        self._diary.ledger.keep_answer(self._account.name, call.request_id, number, answer.body)
        return answer

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no with a code."""
        status, code = _REFUSALS.get(refusal.why, _ELSE)
        return Answer.of(status, {"error": {"code": code, "message": refusal.message}})

    def pending(self, call: Call) -> Answer:
        """Say that a message was taken, without its id."""
        return Answer.of(202, {})


def _message(request: Request) -> tuple[str, str]:
    """Return the number and the words of the message in a request, empty where they are not."""
    match request.document():
        case {"recipients": [{"number": str(number)}], "content": {"body": str(words)}}:
            return number, words
    return "", ""
