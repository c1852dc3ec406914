"""How passwords are hashed, and that the hashing never takes the machine."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from artel.accounts import hashing
from artel.accounts.hashing import Hasher
from artel.accounts.model import HashingBusy, TooManyAttempts
from tests.conftest import Run


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    hasher = Hasher()
    yield hasher
    hasher.close()


def test_a_stored_hash_carries_the_parameters_that_were_promised(hasher: Hasher, run: Run) -> None:
    stored = extract_parameters(run(hasher.hash("correct horse battery")))
    assert stored.type is Type.ID
    assert (stored.memory_cost, stored.time_cost, stored.parallelism) == (19 * 1024, 2, 1)
    assert (stored.salt_len, stored.hash_len) == (16, 32)


def test_equal_passwords_have_different_hashes(hasher: Hasher, run: Run) -> None:
    one, other = run(hasher.hash("correct horse battery")), run(hasher.hash("correct horse battery"))
    assert one != other
    assert run(hasher.matches(one, "correct horse battery")) is run(hasher.matches(other, "correct horse battery"))


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$", "correct horse battery"])
def test_what_is_no_hash_matches_nothing(hasher: Hasher, run: Run, stored: str) -> None:
    assert run(hasher.matches(stored, "correct horse battery")) is False


def test_nobody_logs_in_with_the_password_of_nobody(hasher: Hasher, run: Run) -> None:
    assert run(hasher.matches("", "the password of nobody")) is False


def test_no_more_than_two_hashes_are_computed_at_a_time(
    hasher: Hasher, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, lock = 0, 0, threading.Lock()
    real = hashing._verify

    def counting(stored: str, password: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return real(stored, password)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(hashing, "_verify", counting)

    async def many() -> None:
        await asyncio.gather(*(hasher.matches("", f"guess {each}") for each in range(12)))

    run(many())
    assert most == 2


def test_a_turn_is_refused_when_too_many_wait_and_given_when_they_are_done(
    hasher: Hasher, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAITING_MAX", 3)

    async def scenario() -> None:
        done = asyncio.Event()

        async def hold(login: str) -> None:
            async with hasher.turn(login):
                await done.wait()

        holders = [asyncio.create_task(hold(f"login {each}")) for each in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(HashingBusy) as refused:
            await hold("one more")
        assert refused.value.facts["retry_s"] > 0
        with pytest.raises(HashingBusy):
            await hasher.hash("correct horse battery")
        done.set()
        await asyncio.gather(*holders)
        await hold("one more")

    run(scenario())


def test_log_ins_of_one_account_take_turns_and_others_do_not_wait_for_them(
    hasher: Hasher, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "TURN_MAX", 4)
    order: list[str] = []

    async def scenario() -> None:
        go = asyncio.Event()

        async def take(login: str, name: str) -> None:
            async with hasher.turn(login):
                order.append(f"{name} begins")
                await go.wait()
                order.append(f"{name} ends")

        tasks = [asyncio.create_task(take("anna", f"anna {each}")) for each in range(4)]
        tasks.append(asyncio.create_task(take("ivan", "ivan")))
        await asyncio.sleep(0)
        with pytest.raises(TooManyAttempts):
            await take("anna", "too many")
        go.set()
        await asyncio.gather(*tasks)

    run(scenario())
    assert order[:2] == ["anna 0 begins", "ivan begins"]
    anna = [each for each in order if each.startswith("anna")]
    assert anna == [f"anna {each} {word}" for each in range(4) for word in ("begins", "ends")]
    assert hasher._turns == {}


def test_a_turn_that_fails_or_is_given_up_is_over(hasher: Hasher, run: Run) -> None:
    async def scenario() -> None:
        with pytest.raises(KeyError):
            async with hasher.turn("anna"):
                raise KeyError
        async with hasher.turn("anna"):
            waiting = asyncio.create_task(hasher.turn("anna").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    run(scenario())
    assert (hasher._turns, hasher._waiting) == ({}, 0)
