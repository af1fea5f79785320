"""A model's calls may go to another worker each time, which knows nothing of those before: limits, failures and wishes are the same for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatworkspace import Toolbox
from chatworkspace_fake import NEVER, FakeCoder
from tests.elsewhere import Elsewhere
from tests.toolbox.kitchen import Kitchen

SHORT = 20
"""Seconds that each of many calls waits."""


def unreached(*args: Any, **changes: Any) -> FakeCoder:
    """Return a platform none of whose agents can be reached."""
    coder = FakeCoder(*args, **changes)
    coder.when("dial", chance=1.0).fail()
    return coder


def told_at(kitchen: Kitchen, toolbox: Callable[[], Toolbox], reason: str, *, pause: float = 0) -> float:
    """Make the same call until that reason is told; return when it was first. pause: seconds that the model thinks between two of them."""
    template_id = str(kitchen.coder.list_templates(kitchen.sim.owner_id, kitchen.sim.organization_id, deadline=1e9)[0].id)
    for _ in range(100):
        told = toolbox().call("create_workspace", {"template_id": template_id}).content
        if told["reason"] == reason:
            return kitchen.sim.elapsed
        assert told["advice"] in ("call_again", "call_later"), told
        kitchen.sim.sleep(max(told.get("retry_after", 0), pause))
    raise AssertionError(reason)


def one(kitchen: Kitchen, wait: float | None) -> Callable[[], Toolbox]:
    """Return what gives the toolbox of one process."""
    return lambda: kitchen.sim.workspaces.toolbox("chat-1", wait=wait)


def fresh(kitchen: Kitchen, wait: float | None) -> Callable[[], Toolbox]:
    """Return what gives the toolbox of another process for each call."""
    elsewhere = Elsewhere(kitchen.sim)
    return lambda: elsewhere.fresh().toolbox("chat-1", wait=wait)


LIMITS = pytest.mark.parametrize(
    ("template", "coder", "reason", "instant"),
    [
        ({"build": 30}, unreached, "dial_failed", 150),
        ({"build": 30, "scripts": NEVER}, FakeCoder, "scripts_running", 630),
        ({"build": 30, "connect": NEVER, "agent_timeout": NEVER}, FakeCoder, "agent_not_connected", 150),
    ],
    ids=["dial", "scripts", "connect"],
)


@LIMITS
@pytest.mark.parametrize(
    ("toolbox", "wait"), [(one, None), (one, SHORT), (fresh, SHORT)], ids=["one long call", "short calls", "short calls, each of another process"]
)
def test_a_limit_comes_at_the_same_instant(template: Any, coder: Any, reason: str, instant: float, toolbox: Any, wait: float | None) -> None:
    """However many calls are made meanwhile, and whoever has made those before."""
    kitchen = Kitchen(coder=coder)
    kitchen.coder.add_template("docker", **template)
    assert told_at(kitchen, toolbox(kitchen, wait), reason) == instant


@LIMITS
@pytest.mark.parametrize("toolbox", [one, fresh])
def test_who_thinks_between_its_calls_learns_with_the_first_that_the_limit_meets(template: Any, coder: Any, reason: str, instant: float, toolbox: Any) -> None:
    """With the call that is under way then, or the next: not a call later."""
    kitchen = Kitchen(coder=coder)
    kitchen.coder.add_template("docker", **template)
    assert instant <= told_at(kitchen, toolbox(kitchen, SHORT), reason, pause=7) <= instant + SHORT + 7


@LIMITS
@pytest.mark.parametrize("toolbox", [one, fresh])
def test_who_does_not_wait_at_all_learns_as_soon_as_it_comes_back(template: Any, coder: Any, reason: str, instant: float, toolbox: Any) -> None:
    """After half a minute at most, as it was told to."""
    kitchen = Kitchen(coder=coder)
    kitchen.coder.add_template("docker", **template)
    assert instant <= told_at(kitchen, toolbox(kitchen, 0), reason) <= instant + 30
