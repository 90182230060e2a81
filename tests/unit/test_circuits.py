"""Hosts that are away, as all their accounts find out together."""

from frontdesk.sync.circuits import FAILURES, Circuits


def test_a_host_that_is_away_is_left_alone_by_all_its_accounts() -> None:
    now = 0.0
    circuits = Circuits(lambda: now)
    for _ in range(FAILURES):
        assert circuits.may_try("pms.example")
        circuits.failed("pms.example")
    assert not circuits.may_try("pms.example")
    assert circuits.may_try("other.example")
    now = 15.0
    assert circuits.may_try("pms.example")
    circuits.failed("pms.example")
    now = 40.0
    assert not circuits.may_try("pms.example")
    circuits.closed("pms.example")
    assert circuits.may_try("pms.example")
