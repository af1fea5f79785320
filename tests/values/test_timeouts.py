"""Every limit in one value, and what is no limit."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from chatworkspace import InvalidArgumentError, Timeouts

DEFAULTS = {
    "queued": 60,
    "planning": 10,
    "creating": 25,
    "build": 600,
    "connect": 120,
    "connect_attempt": 5,
    "scripts": 600,
    "dial": 30,
    "request": 15,
    "lost_after": 90,
    "proof": 5,
}


def test_the_defaults() -> None:
    """As the documents say, and none that they do not name."""
    assert attrs.asdict(Timeouts()) == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_limit_can_be_set_alone(name: str) -> None:
    """The others stay."""
    assert attrs.asdict(Timeouts(**{name: 0.125})) == DEFAULTS | {name: 0.125}


@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        0.0,
        -0.001,
        float("nan"),
        float("inf"),
        float("-inf"),
        pytest.param(10**400, id="huge"),
        pytest.param(-(10**400), id="-huge"),
        True,
        None,
        "5",
        b"5",
        1j,
        [5],
    ],
    ids=repr,
)
def test_what_is_no_limit(name: str, value: Any) -> None:
    """A limit is a finite number above 0; the error names the field and does not show the value."""
    with pytest.raises(InvalidArgumentError) as caught:
        Timeouts(**{name: value})
    assert caught.value.argument == name
    assert str(caught.value) == f"{name}: expected a finite number of seconds above 0"


def test_limits_have_names() -> None:
    """Eleven numbers in a row would be confused."""
    build: Any = Timeouts
    with pytest.raises(TypeError):
        build(60)


def test_limits_do_not_change() -> None:
    """One value may serve many threads."""
    timeouts: Any = Timeouts()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        timeouts.build = 1
    assert timeouts == Timeouts()
    assert hash(timeouts) == hash(Timeouts())
