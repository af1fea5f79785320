"""What a simulator is given is checked where it comes in, before any socket is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace_fake import FakeCoder
from chatworkspace_simulator import CoderSimulator, WireFault
from tests.adapters.refused import Act, ids, refusal

ANA = UUID(int=0xA)


def wrong(value: object) -> Any:
    """Pass a value where a type checker would not let it."""
    return value


def simulator(**given: object) -> Act:
    return lambda: CoderSimulator(**wrong(given))


def armed(**given: object) -> Act:
    return lambda: CoderSimulator().when(**wrong({"request": "POST /workspaces"} | given))


def fault(act: Callable[[WireFault], object]) -> Act:
    return lambda: act(CoderSimulator().when("POST /workspaces"))


WRONG: list[tuple[Act, str]] = [
    (simulator(coder=FakeCoder), "coder: expected a FakeCoder, not a class: make one with FakeCoder(…)"),
    (simulator(coder="coder"), "coder: expected a FakeCoder"),
    (simulator(coder=FakeCoder(), speed=2), "speed: expected 1 beside a coder"),
    (simulator(speed=None), "speed: expected a finite number above 0"),
    (simulator(speed=-1), "speed: expected a finite number above 0"),
    (simulator(level=None), "level: expected one of 2.20, 2.24, 2.29, 2.35, newest"),
    (simulator(level=2.35), "level: expected one of 2.20, 2.24, 2.29, 2.35, newest"),
    (simulator(level=["newest"]), "level: expected one of 2.20, 2.24, 2.29, 2.35, newest"),
    (simulator(port=-1), "port: expected a whole number from 0 to 65535"),
    (simulator(port=65536), "port: expected a whole number from 0 to 65535"),
    (simulator(port="8080"), "port: expected a whole number from 0 to 65535"),
    (simulator(port=None), "port: expected a whole number from 0 to 65535"),
    (simulator(tokens=["ana"]), "tokens: expected a mapping of tokens to the ids of users"),
    (simulator(tokens="ana"), "tokens: expected a mapping of tokens to the ids of users"),
    (simulator(tokens={"": ANA}), "tokens: expected text that a header can carry, without spaces"),
    (simulator(tokens={"a b": ANA}), "tokens: expected text that a header can carry, without spaces"),
    (simulator(tokens={7: ANA}), "tokens: expected text for each token"),
    (simulator(tokens={"ana": str(ANA)}), "tokens: expected a UUID for each user"),
    (simulator(requests_per_minute=0), "requests_per_minute: expected a whole number of at least 1, or None"),
    (simulator(requests_per_minute=1.5), "requests_per_minute: expected a whole number of at least 1, or None"),
    (armed(request=None), "request: expected a method and the end of a path, such as 'GET /workspaces/*'"),
    (armed(request="/workspaces"), "request: expected a method and the end of a path, such as 'GET /workspaces/*'"),
    (armed(nth=0), "nth: expected a whole number of at least 1"),
    (armed(times="2"), "times: expected a whole number of at least 1"),
    (armed(chance=-0.1), "chance: expected a number from 0 to 1, or None"),
    (armed(seed=None), "seed: expected a whole number"),
    (lambda: CoderSimulator().set_user(wrong("ana"), "active"), "user_id: expected a UUID"),
    (lambda: CoderSimulator().set_user(ANA, wrong("dormant")), 'status: expected "active", "suspended" or "unknown"'),
    (lambda: CoderSimulator().expire("a b"), "token: expected one of this simulator's"),
    (lambda: CoderSimulator().expire(wrong(None)), "token: expected text that is not empty"),
    (fault(lambda it: it.arrive_late(-1)), "seconds: expected a finite number of seconds of at least 0"),
    (fault(lambda it: it.drip(wrong(None))), "seconds: expected a finite number of seconds of at least 0"),
    (fault(lambda it: it.drip(headers=wrong("yes"))), "headers: expected True or False"),
    (fault(lambda it: it.reset(after=-1)), "after: expected a whole number of at least 0"),
    (fault(lambda it: it.stall(after=wrong(None))), "after: expected a whole number of at least 0"),
    (fault(lambda it: it.proxy_page(99)), "status: expected a whole number from 200 to 599"),
    (fault(lambda it: it.proxy_page(acted=wrong(None))), "acted: expected True or False"),
    (fault(lambda it: it.redirect(wrong(None))), "url: expected text that is not empty"),
    (fault(lambda it: it.redirect("https://elsewhere.example", status=200)), "status: expected a whole number from 300 to 399"),
]


@pytest.mark.parametrize(("act", "expected"), WRONG, ids=ids(WRONG))
def test_what_is_wrong_is_told_at_once_and_shown_nowhere(act: Act, expected: str) -> None:
    """By the name of the argument, and what was expected in its place. A token is never shown."""
    assert "a b" not in refusal(act, expected)
