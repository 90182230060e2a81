"""Operators by PIN: what is kept of it, who may guess how often, and what is refused."""

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher, Type

from frontdesk.errors import Refused
from frontdesk.operators import Operators, UnusableOperators, rfc_9106
from frontdesk.wrong_pins import WrongPins

PIN = "4kx91"
WRONG = "4kx92"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class CountingHasher(PasswordHasher):
    """As cheap as argon2 lets it be; counts how often it worked."""

    worked = 0

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.worked += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 (argon2's own name)
        self.worked += 1
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def operators(tmp_path: Path, clock: Clock, hasher: CountingHasher) -> Operators:
    made = Operators(tmp_path, clock, lambda: hasher)
    made.set("Kim Nguyen", PIN)
    return made


@pytest.fixture
def file(tmp_path: Path, operators: Operators) -> Path:
    return tmp_path / "operators.json"


async def seconds_to_wait(operators: Operators, name: str = "Kim Nguyen") -> str:
    with pytest.raises(Refused) as refused:
        await operators.check(name, PIN)
    return refused.value.hint.removeprefix("too many wrong PINs: ")


def test_without_a_file_there_is_nobody(tmp_path: Path) -> None:
    assert Operators(tmp_path).names == ()


async def test_the_right_pin_of_the_right_name(operators: Operators) -> None:
    operators.set("Ana Kovač", "7788")
    assert operators.names == ("Ana Kovač", "Kim Nguyen")
    assert await operators.check("Kim Nguyen", PIN)
    assert await operators.check(" Kim  Nguyen ", PIN)
    assert not await operators.check("Ana Kovač", PIN)
    assert not await operators.check("Kim Nguyen", WRONG)
    assert not await operators.check("Nobody", PIN)


async def test_a_new_pin_takes_the_place_of_the_old_one(operators: Operators) -> None:
    assert operators.set(" Kim\tNguyen", "0000a") == "Kim Nguyen"
    assert operators.names == ("Kim Nguyen",)
    assert not await operators.check("Kim Nguyen", PIN)
    assert await operators.check("Kim Nguyen", "0000a")


async def test_who_was_removed_cannot_sign_in(operators: Operators) -> None:
    operators.remove("Kim Nguyen")
    assert operators.names == ()
    assert not await operators.check("Kim Nguyen", PIN)
    with pytest.raises(Refused, match="there is no operator Kim Nguyen"):
        operators.remove("Kim Nguyen")


def test_no_pin_is_kept_and_nobody_else_may_read_its_hash(file: Path) -> None:
    content = file.read_text()
    assert PIN not in content
    assert json.loads(content)["Kim Nguyen"].startswith("$argon2id$")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_pin_is_hashed_as_rfc_9106_recommends() -> None:
    hasher = rfc_9106()
    made = (hasher.type, hasher.memory_cost, hasher.time_cost, hasher.parallelism)
    assert made == (Type.ID, 64 * 1024, 3, 4)


async def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(
    operators: Operators, hasher: CountingHasher
) -> None:
    hasher.worked = 0
    await operators.check("Kim Nguyen", WRONG)
    await operators.check("Nobody", WRONG)
    assert hasher.worked == 2


class TestGuessing:
    async def test_from_the_third_wrong_pin_on_the_next_try_waits_longer_and_longer(
        self, operators: Operators, clock: Clock
    ) -> None:
        said = []
        for _ in range(2):
            assert not await operators.check("Kim Nguyen", WRONG)
        for _ in range(7):
            assert not await operators.check("Kim Nguyen", WRONG)
            said.append(await seconds_to_wait(operators))
            clock.now += 60
        assert said == [f"try again in {pause} seconds" for pause in (2, 4, 8, 16, 32, 60, 60)]

    async def test_a_pause_ends_and_the_right_pin_forgets_it(
        self, operators: Operators, clock: Clock
    ) -> None:
        for _ in range(3):
            await operators.check("Kim Nguyen", WRONG)
        clock.now += 1.5
        assert await seconds_to_wait(operators) == "try again in 1 second"
        clock.now += 0.5
        assert await operators.check("Kim Nguyen", PIN)
        for _ in range(2):
            assert not await operators.check("Kim Nguyen", WRONG)
        assert await operators.check("Kim Nguyen", PIN)

    async def test_a_try_during_a_pause_costs_nothing_and_makes_it_no_longer(
        self, operators: Operators, clock: Clock, hasher: CountingHasher
    ) -> None:
        for _ in range(3):
            await operators.check("Kim Nguyen", WRONG)
        hasher.worked = 0
        for _ in range(5):
            await seconds_to_wait(operators)
        assert hasher.worked == 0
        clock.now += 2
        assert await operators.check("Kim Nguyen", PIN)

    async def test_each_name_has_pauses_of_its_own(self, operators: Operators) -> None:
        for name in ("Nobody", "Kim Nguyen"):
            for _ in range(3):
                assert not await operators.check(name, WRONG)
            await seconds_to_wait(operators, name)
        operators.set("Ana", PIN)
        assert await operators.check("Ana", PIN)

    async def test_many_at_once_are_no_way_around_it(
        self, operators: Operators, hasher: CountingHasher
    ) -> None:
        hasher.worked = 0
        tries = [operators.check("Kim Nguyen", WRONG) for _ in range(20)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        assert hasher.worked == 3
        assert sum(isinstance(answer, Refused) for answer in answers) == 17


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("pin", "why"),
        [
            ("", "4 to 12"),
            ("123", "4 to 12"),
            ("1234567890123", "4 to 12"),
            ("12 34", "plain letters only"),
            ("12é4", "plain letters only"),
            ("12\n34", "plain letters only"),
            ("aaaaaa", "one character repeated"),
        ],
    )
    def test_what_is_no_pin(self, operators: Operators, pin: str, why: str) -> None:
        with pytest.raises(Refused, match=why):
            operators.set("Ana", pin)
        assert operators.names == ("Kim Nguyen",)

    @pytest.mark.parametrize("pin", ["1234", "aaaaaaaaaaa1"])
    def test_the_shortest_and_the_longest_pin(self, operators: Operators, pin: str) -> None:
        operators.set("Ana", pin)
        assert "Ana" in operators.names

    @pytest.mark.parametrize("name", ["", " \t", "x" * 201])
    def test_what_is_no_name(self, operators: Operators, name: str) -> None:
        with pytest.raises(Refused, match="needs a name"):
            operators.set(name, PIN)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
    def test_a_file_that_others_can_read_or_change(self, operators: Operators, file: Path, mode: int) -> None:
        file.chmod(mode)
        with pytest.raises(UnusableOperators, match="chmod 600"):
            _ = operators.names
        with pytest.raises(UnusableOperators):
            asyncio.run(operators.check("Kim Nguyen", PIN))

    def test_a_link(self, operators: Operators, file: Path) -> None:
        file.rename(file.with_name("elsewhere"))
        file.symlink_to("elsewhere")
        with pytest.raises(UnusableOperators, match="cannot be read"):
            _ = operators.names

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            '{"Ana": 7}',
            '{"Ana": "1234"}',
            '{"A\\u001bna": "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"}',
            "\x00",
        ],
    )
    def test_a_file_of_another_shape(self, operators: Operators, file: Path, content: str) -> None:
        file.write_text(content)
        with pytest.raises(UnusableOperators, match="damaged"):
            _ = operators.names

    def test_a_hash_that_argon2_cannot_read(self, operators: Operators, file: Path) -> None:
        file.write_text('{"Ana": "$argon2id$v=19$m=8,t=0,p=1$AAAA$AAAA"}')
        with pytest.raises(UnusableOperators, match="cannot be checked"):
            asyncio.run(operators.check("Ana", PIN))

    def test_root_leaves_the_file_to_its_owner(
        self, operators: Operators, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[tuple[int, int]] = []
        before = file.stat()
        monkeypatch.setattr("os.geteuid", lambda: 0)
        monkeypatch.setattr("os.fchown", lambda handle, *owner: given.append(owner))
        operators.set("Ana", PIN)
        assert given == [(before.st_uid, before.st_gid)]
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        operators.remove("Ana")
        assert len(given) == 1

    def test_a_write_that_fails_leaves_what_was_there(
        self, operators: Operators, file: Path, full_disk: None
    ) -> None:
        before = file.read_bytes()
        with pytest.raises(UnusableOperators, match="cannot be written"):
            operators.set("Ana", PIN)
        assert file.read_bytes() == before
        assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No byte reaches the disk any more."""

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", fail)
        yield


class TestCountedTogether:
    """Every connection over SSH is a process of its own."""

    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        return tmp_path / "state"

    def connected(self, tmp_path: Path, clock: Clock, hasher: CountingHasher, state: Path) -> Operators:
        return Operators(tmp_path, clock, lambda: hasher, state=state, uncounted_wait=0.0)

    async def test_four_digits_are_not_found_by_connecting_again(
        self, operators: Operators, tmp_path: Path, clock: Clock, hasher: CountingHasher, state: Path
    ) -> None:
        hasher.worked = 0
        for _ in range(50):
            with contextlib.suppress(Refused):
                await self.connected(tmp_path, clock, hasher, state).check("Kim Nguyen", WRONG)
        assert hasher.worked == 3
        with pytest.raises(Refused, match="try again in 2 seconds"):
            await self.connected(tmp_path, clock, hasher, state).check("Kim Nguyen", PIN)

    async def test_who_signs_in_is_told_once_what_was_tried_elsewhere(
        self, operators: Operators, tmp_path: Path, clock: Clock, hasher: CountingHasher, state: Path
    ) -> None:
        for _ in range(2):
            await self.connected(tmp_path, clock, hasher, state).check("Kim Nguyen", WRONG)
        clock.now += 60
        mine = self.connected(tmp_path, clock, hasher, state)
        assert mine.wrong_before("Kim Nguyen") is None
        assert await mine.check("Kim Nguyen", PIN)
        assert mine.wrong_before("Kim Nguyen") == WrongPins(2, datetime.fromtimestamp(100, UTC))
        assert mine.wrong_before("Kim Nguyen") is None

    async def test_names_that_nobody_has_fill_no_disk(
        self, operators: Operators, tmp_path: Path, clock: Clock, hasher: CountingHasher, state: Path
    ) -> None:
        mine = self.connected(tmp_path, clock, hasher, state)
        for number in range(5):
            with contextlib.suppress(Refused):
                await mine.check(f"Nobody {number}", WRONG)
        assert len(os.listdir(state)) == 1  # noqa: PTH208 - of a path nothing may be asked in a coroutine
        assert await mine.check("Kim Nguyen", PIN)

    async def test_where_nothing_can_be_kept_each_try_takes_long(
        self,
        operators: Operators,
        tmp_path: Path,
        clock: Clock,
        hasher: CountingHasher,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        waited: list[float] = []

        async def wait(seconds: float) -> None:
            waited.append(seconds)

        monkeypatch.setattr("asyncio.sleep", wait)
        no_folder = tmp_path / "operators.json"
        mine = Operators(tmp_path, clock, lambda: hasher, state=no_folder)
        assert not await mine.check("Kim Nguyen", WRONG)
        assert await mine.check("Kim Nguyen", PIN)
        assert waited == [20.0, 20.0]
        told = mine.wrong_before("Kim Nguyen")
        assert told is not None
        assert told.number == 1
        assert told.why_not_kept
