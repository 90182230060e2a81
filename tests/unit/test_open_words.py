"""Words that this program does not have: they are kept, are no member, and no input is taken for one."""

import copy
import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from frontdesk.api import wire
from frontdesk.api.asks import ask_of
from frontdesk.billing.adjustments import Ground, Review, label_of, why_incomplete
from frontdesk.billing.invoices import LineKind
from frontdesk.bookings import Booking, Channel, Origin, Presence, Scope, Standing
from frontdesk.commands import Approve
from frontdesk.deliveries import Delivery, State, Way, way_of
from frontdesk.exchange import values
from frontdesk.open_words import OpenWord
from frontdesk.server import examples
from frontdesk.words.deliveries import facts
from frontdesk.words.details import followed_lines
from tests.making import make_booking

WORDS: list[type[OpenWord]] = [Channel, Scope, Origin, Presence, State, Ground, Review, LineKind]


@pytest.mark.parametrize("words", WORDS)
def test_a_word_that_is_not_known_is_kept_and_is_no_member(words: type[OpenWord]) -> None:
    word = words("tomorrow")
    assert (word, word.value, str(word), word.is_known) == ("tomorrow", "tomorrow", "tomorrow", False)
    assert word == words("tomorrow")
    assert word not in list(words)
    assert copy.deepcopy(word) == word
    for member in words:
        assert words(member.value) is member
        assert member.is_known
    with pytest.raises(ValueError, match="is not a valid"):
        words(7)  # type: ignore[arg-type]


def test_what_a_newer_server_tells_is_read() -> None:
    told = json.loads(wire.encode(make_booking()))
    told["attendance"]["presence"] = "went-home"
    told["practice"]["patient_channels"] = ["pigeon", "email"]
    read = wire.decode(json.dumps(told).encode(), Booking)
    assert (read.attendance.presence, read.practice.patient_channels) == ("went-home", ("pigeon", "email"))
    assert json.loads(wire.encode(read)) == told
    delivery = json.loads(wire.encode(examples.DELIVERY)) | {"state": "paused", "kind": "patient.letter"}
    assert not wire.decode(json.dumps(delivery).encode(), Delivery).is_known
    standing = json.loads(wire.encode(Standing(scopes=frozenset({Scope.READ}))))
    standing["scopes"].append("dream")
    assert wire.decode(json.dumps(standing).encode(), Standing).scopes == {Scope.READ, "dream"}


def test_a_command_with_one_is_not_known_here() -> None:
    fields = {"ground": "moved-away", "name": "Kim", "text": "x"}
    with pytest.raises(ValueError, match="has no ground moved-away here"):
        ask_of("booking.request_adjustment", fields)
    assert ask_of("booking.mark_no_show", {}) == ask_of("booking.mark_no_show", {"ground": None})
    assert ask_of("adjustment.approve", {"note": "ok"}) == Approve("ok")


def test_nobody_asks_on_a_ground_that_is_not_known() -> None:
    why = why_incomplete(Ground("moved-away"), (), "x", "Kim")
    assert why is not None
    assert (why.code, why.text) == (
        "no-ground",
        "say why nothing is to be charged: did-not-attend, not-new, other",
    )
    assert label_of(Ground("moved-away")) == "moved-away"


def test_a_file_says_only_what_is_known() -> None:
    assert values.presence("went-home") is Presence.UNKNOWN
    with pytest.raises(ValueError, match="must be here, pms or file"):
        values.origin("portal")


def test_of_another_kind_nothing_is_claimed() -> None:
    assert way_of("patient.letter") is Way.OTHER
    assert way_of("pms.warm_up") is Way.PMS
    other = examples.DELIVERY
    unknown = Delivery(1, 1, "pms.cancel", State("paused"), "Praktika", other.created_at, other.changed_at)
    assert facts("cancelled", [unknown]) == "cancelled, Praktika not known here"
    letter = replace(unknown, kind="patient.letter", state=State.DONE)
    (line,) = followed_lines(make_booking(), [unknown], ZoneInfo("UTC"), 80)
    assert str(line).split()[:4] == ["Praktika", "not", "known", "here"]
    (line,) = followed_lines(make_booking(), [letter], ZoneInfo("UTC"), 80)
    assert str(line).split()[:4] == ["Other", "not", "known", "here"]
