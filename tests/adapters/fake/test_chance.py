"""Chance in a simulation: another order of threads for each seed, and the same for the same, on every interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from chatworkspace_fake import Simulation
from tests.adapters.fake.worlds import world


def steps(sim: Simulation) -> list[str]:
    """Let three threads count, and return the order of their steps."""
    order: list[str] = []

    def count(name: str) -> None:
        for number in range(3):
            order.append(f"{name}{number}")
            sim.sleep(0)

    sim.run(lambda: count("a"), lambda: count("b"), lambda: count("c"))
    return order


def test_the_seed_decides_who_goes_on() -> None:
    """The same seed gives the same order and the same trace, other seeds others."""
    traces: set[str] = set()
    for seed in range(20):
        first, second = world(seed), world(seed)
        assert steps(first) == steps(second)
        assert first.trace == second.trace
        traces.add(first.trace)
    assert len(traces) > 10


def test_every_order_of_two_steps_occurs() -> None:
    """Whoever can go on is chosen under some seed."""
    assert {steps(world(seed))[0] for seed in range(60)} == {"a0", "b0", "c0"}


def test_numbers_and_names_come_from_the_seed() -> None:
    """random(), token() and uuid() repeat with the seed; tokens are 32 hex digits, and none comes twice."""
    one, same, other = world(1), world(1), world(2)
    tokens = [one.token() for _ in range(1000)]
    assert [same.token() for _ in range(1000)] == tokens
    assert len({*tokens, *(other.token() for _ in range(1000))}) == 2000
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in tokens)
    assert one.random() == same.random() != other.random()
    assert one.uuid() == same.uuid() != other.uuid()
    assert one.uuid().version == 4


def test_ids_are_drawn_apart_from_the_rest() -> None:
    """A fake that asks for more ids changes neither jitter nor turns."""
    one, other = world(3), world(3)
    other.uuid()
    assert one.random() == other.random()
    assert steps(one) == steps(other)


STORY = """
import sys
sys.path.append(sys.argv[1])
from chatworkspace_fake.simulation import Simulation

class Store:
    def __init__(self, clock):
        self.clock, self.holder = clock, None
    def look(self, chat_id):
        return self.holder
    def claim(self, who):
        self.holder = who
    def wait_for_turn(self, look, deadline):
        self.clock.sleep(self.clock.random())

sim = Simulation(7, store=Store, coder=lambda clock: None)
first, second = sim.process("first"), sim.process("second")
first.kill(after="store.claim")
second.pause(3, before="store.claim")
sim.at(2, lambda: sim.sleep(1))
def call(process, names):
    for name in sorted(names):
        if process.store.look(name) is None:
            process.store.claim(process.clock.token())
        process.store.wait_for_turn(None, 5)
sim.run(*[lambda: call(first, {"ab", "cd", "ef"}), lambda: call(second, {"ab", "cd", "ef"})] * 3)
print(sim.trace, sim.elapsed, sim.token(), sim.uuid())
"""


def interpreters() -> list[str]:
    """Find this interpreter, and the others that a version manager has put on the machine."""
    others = sorted(Path.home().glob(".pyenv/versions/3.1[0-9]*/bin/python")) if os.name == "posix" else []
    return [sys.executable, *map(str, others)]


@pytest.mark.parametrize("interpreter", interpreters())
@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_story_is_the_same_on_every_interpreter(interpreter: str, hash_seed: str, here: str) -> None:
    """Neither the version nor the order of hashes changes what a seed gives."""
    assert tell(interpreter, hash_seed) == here


@pytest.fixture(scope="module")
def here() -> str:
    """Tell the story with this interpreter."""
    return tell(sys.executable, "2")


def tell(interpreter: str, hash_seed: str) -> str:
    """Run the story in another process."""
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root, root / "adapters"))), "PYTHONHASHSEED": hash_seed}
    packages = str(Path(attrs.__file__).parents[1])  # attrs is pure Python: another interpreter may use this one's
    told = subprocess.run([interpreter, "-c", STORY, packages], env=environment, capture_output=True, text=True, check=True)
    assert "paused for 3 s" in told.stdout
    return told.stdout
