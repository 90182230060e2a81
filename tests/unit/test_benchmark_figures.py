"""The benchmark's own arithmetic: the slow line, when an answer is seen, p95s, goals, the document."""

from datetime import UTC, datetime

import pytest

from benchmarks.figures import growth, last, median, p95, ratio
from benchmarks.goals import Goal, goals
from benchmarks.link import Link, slow_line
from benchmarks.measuring import Measured, Start
from benchmarks.processes import Memory
from benchmarks.report import Conditions, report
from benchmarks.terminal import Sample
from benchmarks.watching import Result, Text


class TestLink:
    def test_nearby_everything_is_there_at_once(self) -> None:
        assert list(Link().arrivals(5.0, b"x" * 9_000)) == [(5.0, b"x" * 9_000)]

    def test_a_packet_takes_its_bits_and_half_a_round_trip(self) -> None:
        [(arrival, part)] = slow_line().arrivals(10.0, b"x" * 244)
        assert part == b"x" * 244
        assert arrival == pytest.approx(10.0 + 0.040 + (244 + 76) * 8 / 256_000)

    def test_packets_wait_for_those_before_them(self) -> None:
        link = Link(bits_per_second=8_000)
        first = list(link.arrivals(0.0, b"x" * 1_500))
        [(later, _)] = link.arrivals(0.1, b"y")
        assert [len(part) for _, part in first] == [1_448, 52]
        assert [arrival for arrival, _ in first] == pytest.approx([1.524, 1.652])
        assert later == pytest.approx(1.729)
        assert link.is_full(1.0)
        assert not link.is_full(1.5)


class TestWatching:
    def test_a_text_counts_from_when_nothing_covers_it(self) -> None:
        watch = Text("^> o", gone="Cancel Booking")
        for at, lines in enumerate((["Cancel Booking", "> o"], ["> o"], ["> o", ""]), 1):
            watch.look(lines, float(at))
        assert watch.seen_at == 2.0

    def test_a_result_is_seen_when_its_rows_took_their_last_change(self) -> None:
        watch = Result("found", slice(1, None), ["Find:", "old"])
        watch.look(["Find: k", "old"], 1.0)
        assert watch.seen_at is None
        watch.look(["Find: k", "new"], 2.0)
        watch.look(["Find: k found", "new"], 3.0)
        assert watch.seen_at == 2.0

    def test_rows_that_stood_there_already_are_seen_with_the_count(self) -> None:
        watch = Result("found", slice(1, None), ["Find:", "same"])
        watch.look(["Find: k", "same"], 1.0)
        watch.look(["Find: k found", "same"], 2.0)
        assert watch.seen_at == 2.0

    def test_a_count_that_was_taken_back_does_not_count(self) -> None:
        watch = Result("found", slice(1, None), ["Find: k found", "same"])
        watch.look(["Find: ko found", "same"], 1.0)
        watch.look(["Find: ko", "same"], 2.0)
        assert watch.seen_at is None
        watch.look(["Find: ko found", "same"], 3.0)
        assert watch.seen_at == 3.0


def test_middle_and_tail() -> None:
    assert median([3.0, None, 1.0, 2.0]) == 2.0
    assert p95(map(float, range(100))) == 95.0
    assert p95([1.0, 9.0, None]) == 9.0
    assert median([]) is p95([None]) is None
    assert ratio(3.0, 2.0) == 1.5
    assert ratio(None, 2.0) is ratio(1.0, None) is ratio(1.0, 0.0) is None


def measured(time: float, size: int, *names: str) -> Measured:
    one = Measured(starts=[Start(time, time * 2, size)], memory_used=[Memory(time, time)])
    for name in names:
        one.keys[name] = [Sample(time, time, size)]
    return one


def test_growth_names_the_worst_first_and_no_key_that_one_side_lacks() -> None:
    small = measured(10.0, 1, "Down", "End", "Home")
    big = measured(11.0, 1, "Down", "End", "held")
    big.keys["End"] = [Sample(20.0, 20.0, 1)]
    assert growth(small, big, last) == [("End", 2.0), ("Down", pytest.approx(1.1))]


def goal(near: dict[str, Measured], what: str, against: str = "") -> Goal:
    [found] = [one for one in goals(near, {}) if one.what == what and one.against == against]
    return found


class TestGoals:
    def test_bytes_at_the_limit_are_within_it(self) -> None:
        for size, reached in ((300, True), (301, False)):
            near = {"frontdesk 1M": measured(1.0, size, "Down")}
            assert goal(near, "Down: bytes, median").is_reached is reached

    def test_a_p95_is_held_against_the_anchor_of_the_same_run(self) -> None:
        near = {"frontdesk 1M": measured(3.0, 1, "Down"), "DataTable 1k": measured(4.0, 1, "Down")}
        found = goal(near, "Down: p95", "DataTable 1k median of Down")
        assert (found.figure, found.is_reached, found.absolute) == (0.75, True, "3.0 / 4.0 ms")

    @pytest.mark.parametrize(
        ("own", "peer", "reached"), [(30.0, 70.0, True), (30.0, 50.0, False), (12.0, 1.0, True)]
    )
    def test_a_page_beats_its_peer_or_is_quick_enough_anyway(
        self, own: float, peer: float, reached: bool
    ) -> None:
        near = {"frontdesk 1M": measured(own, 1, "End"), "visidata 1M": measured(peer, 1, "End")}
        [found] = [one for one in goals(near, {}) if one.what == "End: p95"]
        assert found.is_reached is reached

    def test_what_was_not_measured_is_neither_reached_nor_missed(self) -> None:
        assert {one.is_reached for one in goals({}, {})} == {None}


def test_the_document_says_what_was_missed_and_what_is_not_installed() -> None:
    near = {"frontdesk 1k": measured(1.0, 5, "Down"), "frontdesk 1M": measured(2.0, 500, "Down")}
    near["frontdesk 1M"].missing["open dialog"] = 3
    conditions = Conditions(datetime(2026, 11, 22, tzinfo=UTC), 9.6, [9.0, 10.0, 30.0], ["vd"])
    lines = report(conditions, near, {}).splitlines()
    assert "- 2026-11-22, in 10 minutes" in lines
    assert "- not installed, so not measured: vd" in lines
    assert "| Down: bytes, median | ≤ 300 B | 500 B |  | **no** |" in lines
    assert "| 1k → 1M: Down, median | ≤ 1.3 × | 2.00 × | own at 1k | **no** |" in lines
    assert "| frontdesk 1M | open dialog | 0 | - | - | - | - | - | - | - | 3 |" in lines
