"""The pytest plugin, as another project has it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest_plugins = "pytester"

PLUGIN = ("-p", "no:chatworkspace", "-p", "chatworkspace_fake.pytest_plugin")  # by name, whether or not the distribution is installed


def run(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    """Run a test file that begins as all of these do."""
    pytester.makepyfile(f"import pytest\nfrom chatworkspace_fake import Simulation\n{test}")
    return pytester.runpytest_inprocess(*PLUGIN, "--strict-markers", *options)


def test_the_fixture_is_a_world(pytester: pytest.Pytester) -> None:
    """chatworkspace_simulation is a Simulation with seed 0."""
    result = run(
        pytester,
        """
def test_it(chatworkspace_simulation):
    assert isinstance(chatworkspace_simulation, Simulation)
    assert (chatworkspace_simulation.seed, chatworkspace_simulation.elapsed) == (0, 0)
""",
    )
    result.assert_outcomes(passed=1)


def test_the_marker_makes_a_test_for_each_seed(pytester: pytest.Pytester) -> None:
    """chatworkspace_seeds(n) gives worlds with the seeds 0 to n-1; a test that wants only the number asks for it."""
    result = run(
        pytester,
        """
seeds = []

@pytest.mark.chatworkspace_seeds(3)
def test_worlds(chatworkspace_simulation):
    seeds.append(chatworkspace_simulation.seed)

@pytest.mark.chatworkspace_seeds(n=2)
def test_numbers(chatworkspace_seed):
    seeds.append(chatworkspace_seed)

def test_all():
    assert seeds == [0, 1, 2, 0, 1]
""",
        "-v",
    )
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*test_worlds[[]seed-0]*", "*test_worlds[[]seed-2]*", "*test_numbers[[]seed-1]*"])


def test_the_marker_is_explained(pytester: pytest.Pytester) -> None:
    """`pytest --markers` shows it."""
    pytester.runpytest_inprocess(*PLUGIN, "--markers").stdout.fnmatch_lines(["@pytest.mark.chatworkspace_seeds(n): *"])


def test_a_fault_that_never_struck_fails_the_test(pytester: pytest.Pytester) -> None:
    """Whether the simulation came from the fixture or was made by the test; a test that failed already says nothing of it."""
    result = run(
        pytester,
        """
def test_fixture(chatworkspace_simulation):
    chatworkspace_simulation.process("first").kill(before="store.bind")

def test_made_here():
    Simulation(seed=5).process("second").pause(3, after="coder.dial")

def test_platform():
    Simulation(seed=6).coder.when("create_workspace").lose_answer()

def test_fails_anyway():
    Simulation(seed=7).process("third").kill(before="store.bind")
    assert 1 == 2

def test_skips():
    Simulation(seed=8).process("fourth").kill(before="store.bind")
    pytest.skip("not here")

def test_struck():
    process = Simulation().process("fifth")
    process.kill(before="store.secret")
    with pytest.raises(BaseException, match="fifth"):
        process.store.secret()
""",
    )
    result.assert_outcomes(failed=4, skipped=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*armed, but never struck (seed 0): process first: kill before store.bind",
            "*armed, but never struck (seed 5): process second: pause of 3 s after coder.dial",
            "*armed, but never struck (seed 6): *create_workspace*",
        ]
    )
    result.stdout.no_fnmatch_line("*process third*")


def test_what_was_verified_is_let_go(pytester: pytest.Pytester) -> None:
    """A test of many worlds may verify each itself, so that they are not all kept; none is kept beyond the test."""
    result = run(
        pytester,
        """
import gc, weakref
kept = []

def test_worlds():
    for seed in range(5):
        sim = Simulation(seed)
        kept.append(weakref.ref(sim))
        sim.verify()
    del sim
    gc.collect()
    assert not any(ref() for ref in kept)

def test_one():
    kept.append(weakref.ref(Simulation()))
    gc.collect()
    assert kept[-1]() is not None

def test_later():
    gc.collect()
    assert kept[-1]() is None
""",
    )
    result.assert_outcomes(passed=3)


def test_a_failure_tells_seed_and_story(pytester: pytest.Pytester) -> None:
    """The report says how to replay it, and shows the last steps."""
    result = run(
        pytester,
        """
@pytest.mark.chatworkspace_seeds(3)
def test_seeds(chatworkspace_simulation):
    chatworkspace_simulation.sleep(12)
    assert chatworkspace_simulation.seed != 1

def test_long():
    sim = Simulation(seed=17)
    for _ in range(150):
        sim.sleep(1)
    assert sim.elapsed == 0
""",
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*chatworkspace simulation, seed 1*",
            'to replay: pytest "test_a_failure_tells_seed_and_story.py::test_seeds[[]seed-1]"',
            "*12.000*sleep*",
            "*chatworkspace simulation, seed 17*",
            "to replay: Simulation(seed=17)",
            "... 50 lines before these",
            "*51.000*sleep*",
            "*150.000*sleep*",
        ]
    )


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    """Loading it imports neither the library nor attrs: every pytest run of whoever has it installed loads it."""
    code = "import pytest, sys; before = set(sys.modules); import chatworkspace_fake.pytest_plugin; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == [
        "chatworkspace_fake",
        "chatworkspace_fake._simulation",
        "chatworkspace_fake._simulation.registry",
        "chatworkspace_fake.pytest_plugin",
    ]
