"""Server-sent events from lines."""

import pytest

from frontdesk.api.event_stream import Event, EventReader, is_comment


def events(*lines: str) -> list[Event]:
    reader = EventReader()
    return [event for line in lines if (event := reader.take(line)) is not None]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("data: one", ""), [Event("message", "", "one")]),
        (("id: 7", "event: change", "data:{}", ""), [Event("change", "7", "{}")]),
        (("data: a", "data:", "data:  b", ""), [Event("message", "", "a\n\n b")]),
        (("data", "", ""), [Event("message", "", "")]),
        ((": hello", "", "retry: 2000", ""), []),
        (
            ("id: 7", "", "data: x", "", "data: y", ""),
            [Event("message", "7", "x"), Event("message", "7", "y")],
        ),
        (("event: reset", "", "data: x", ""), [Event("message", "", "x")]),
        (("id: a\0b", "data: x", "other: 1", ""), [Event("message", "", "x")]),
        (("data: never ended",), []),
    ],
)
def test_lines_become_events(lines: tuple[str, ...], expected: list[Event]) -> None:
    assert events(*lines) == expected


def test_a_comment_is_a_sign_of_life() -> None:
    assert is_comment(": here")
    assert is_comment(":")
    assert not is_comment("data: :")
