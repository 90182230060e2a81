"""What an answer that is no success means, in the words of the port."""

from datetime import datetime

from frontdesk.http_answers import Answer, Unreadable, retry_at
from frontdesk.pms.port import (
    AlreadyCancelled,
    ContractDrift,
    PmsConflict,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    UnknownOutcome,
    Unsupported,
)
from frontdesk.pms.profile import Errors, Outcome, Profile
from frontdesk.pointers import MISSING, find, text_at
from frontdesk.text import clean

SAID_LIMIT = 120

_BY_STATUS = {
    401: "unauthorised",
    403: "unauthorised",
    404: "not-found",
    405: "unsupported",
    408: "unknown",
    409: "conflict",
    410: "not-found",
    412: "conflict",
    429: "rate-limited",
    501: "unsupported",
}
_WORDS = {
    "already-cancelled": "it is cancelled there already",
    "conflict": "it was changed there meanwhile",
    "not-found": "there is no such appointment; was it moved or deleted?",
    "unauthorised": "it does not accept our key",
    "rate-limited": "it asks us to wait",
    "unavailable": "it reports an error of its own",
    "unknown": "it did not say whether it was done",
    "unsupported": "it cannot do that from outside",
}
_KINDS: dict[str, type[PmsError]] = {
    "already-cancelled": AlreadyCancelled,
    "conflict": PmsConflict,
    "not-found": PmsNotFound,
    "rejected": Rejected,
    "unauthorised": PmsUnauthorised,
    "unavailable": PmsUnavailable,
    "unknown": UnknownOutcome,
    "unsupported": Unsupported,
}


def say(words: str) -> str:
    """Return words about a PMS, which every place that shows them names: cleaned and short.

    It is what an operator reads after the PMS's name, such as "it refused the connection".
    """
    said = clean(words)
    return said if len(said) <= SAID_LIMIT else f"{said[: SAID_LIMIT - 1]}…"


def failure(profile: Profile, answer: Answer, now: datetime, *, is_write: bool) -> PmsError | None:
    """Return what is wrong with an answer by a profile; see `judged`."""
    code, message, successor = _said(profile.errors, answer)
    fitting = _outcome(profile.outcomes, answer.status, code)
    found = judged(answer, now, fitting, message or code, is_write=is_write)
    return PmsNotFound(str(found), successor) if isinstance(found, PmsNotFound) else found


def judged(
    answer: Answer,
    now: datetime,
    fitting: Outcome | None = None,
    refusal: str = "",
    *,
    is_write: bool,
) -> PmsError | None:
    """Return what is wrong with an answer, None when it is a success as far as its status says.

    `fitting` is what it means if not what HTTP says, `refusal` what it says itself. A write
    that may have been carried out is an UnknownOutcome, a read never is.
    """
    means: str
    if fitting is not None:
        means, words = fitting.means, fitting.said or _WORDS.get(fitting.means, "")
    elif 200 <= answer.status < 300:
        return _page(is_write) if answer.is_html else None
    elif 300 <= answer.status < 400:
        return _page(is_write)
    elif answer.status in _BY_STATUS or answer.status >= 500:
        means = _BY_STATUS.get(answer.status, "unknown")
        words = _WORDS[means]
    elif answer.status >= 400:
        means, words = "rejected", ""
    else:
        return ContractDrift("its answer cannot be understood")
    if means == "unknown" and not is_write:
        means, words = "unavailable", _WORDS["unavailable"]
    if means == "rate-limited":
        return RateLimited(say(words), retry_at(answer, now))
    if means == "rejected" and not words:
        words = f'it refuses and says "{refusal}"' if refusal else "it refuses"
    return _KINDS[means](say(words))


def _said(errors: Errors, answer: Answer) -> tuple[str, str, str]:
    """Return the code, the message and the id of a successor that an answer has."""
    if not (errors.code or errors.message or errors.successor or errors.merged_into):
        return "", "", ""
    try:
        document = answer.json()
    except Unreadable:
        return "", "", ""
    value = find(document, errors.code) if errors.code else MISSING
    code = (
        str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, str | int) else ""
    )
    said = [find(document, pointer) for pointer in (errors.successor, errors.merged_into) if pointer]
    refs = [str(one) for one in said if isinstance(one, str | int) and not isinstance(one, bool)]
    return clean(code[:200]), text_at(document, errors.message), refs[0] if refs else ""


def _outcome(outcomes: tuple[Outcome, ...], status: int, code: str) -> Outcome | None:
    for outcome in outcomes:
        if outcome.status == status and outcome.code in ("", code):
            return outcome
    return None


def _page(is_write: bool) -> PmsError:
    """A redirect, or a page for a browser, where an answer should be: somebody has to sign in."""
    if is_write:
        return UnknownOutcome(_WORDS["unknown"])
    return PmsUnauthorised("it answers with a sign-in page; are the key and the address right?")
