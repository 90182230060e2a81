"""Pauses before something is tried again."""

from frontdesk.pauses import pause


def test_pauses_grow_and_the_last_one_repeats() -> None:
    assert [pause((0.25, 1.0, 4.0), failures) for failures in (1, 2, 3, 4, 99)] == [0.25, 1.0, 4.0, 4.0, 4.0]
