"""What setup.cfg claims: interpreters that are tested, and bounds that leave users their choice."""

from __future__ import annotations

import pytest

from tests.runs.interpreters import TESTED, name_of, required, settings

CONFIG = settings()
CLAIMED = sorted(
    (3, int(line.rpartition(".")[2]))
    for line in CONFIG["metadata"]["classifiers"].splitlines()
    if line.startswith("Programming Language :: Python :: 3.")
)


def test_the_interpreters_that_are_claimed_are_those_that_are_tested() -> None:
    """These and no others; the test command says which of them a machine has not."""
    assert tuple(CLAIMED) == TESTED


def test_pip_knows_the_oldest_interpreter_too() -> None:
    """And no newest: who has a newer one may try."""
    assert CONFIG["options"]["python_requires"] == ">=" + ".".join(map(str, CLAIMED[0]))


@pytest.mark.parametrize("extra", ["", "example", "mcp", "otel", "postgres", "screen"])
def test_users_have_lower_bounds_alone(extra: str) -> None:
    """An upper bound of ours would keep others from what they need for reasons of their own."""
    for requirement in required(extra):
        assert requirement.count(">=") == 1, requirement
        assert not set(requirement.partition(">=")[2].partition(";")[0]) & set(",<=!~"), requirement


def test_our_own_tools_have_upper_bounds() -> None:
    """So that a new release of theirs does not turn the build red."""
    assert [name_of(it) for extra in ("test", "sdks") for it in required(extra) if "<" not in it] == []


def test_bounds_agree() -> None:
    """What the library and its extras ask of the same distribution is the same: nothing else is tested."""
    bounds: dict[str, set[str]] = {}
    for requirement in (*required(), *required("example"), *required("mcp"), *required("otel"), *required("postgres"), *required("screen")):
        bounds.setdefault(name_of(requirement), set()).add(requirement.partition(">=")[2])
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}
