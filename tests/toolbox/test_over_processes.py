"""A model's calls may go to another worker each time, which knows nothing of those before: limits, failures and wishes hold for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chatworkspace import Advice, Reason, RefusedError, Toolbox
from chatworkspace_fake import NEVER, Fails, FakeCoder
from tests.elsewhere import Elsewhere
from tests.obedience.player import Player
from tests.obedience.truth import Truth, Witness
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
    "calls", [(one, None), (one, SHORT), (fresh, SHORT)], ids=["one long call", "short calls", "short calls, each of another process"]
)
def test_a_limit_comes_at_the_same_instant(template: Any, coder: Any, reason: str, instant: float, calls: Any) -> None:
    """However many calls are made meanwhile, and whoever has made those before."""
    kitchen = Kitchen(coder=coder)
    kitchen.coder.add_template("docker", **template)
    toolbox, wait = calls
    assert told_at(kitchen, toolbox(kitchen, wait), reason) == instant


@LIMITS
@pytest.mark.parametrize("toolbox", [one, fresh])
def test_who_thinks_between_its_calls_learns_with_the_first_that_the_limit_meets(
    template: Any, coder: Any, reason: str, instant: float, toolbox: Any
) -> None:
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


# ------------------------------------------------------------------ what fails again and again

SAME = Fails(5, "no such image")
OTHERS = [Fails(5, f"request {number}: no such image") for number in range(10)]


class Desk:
    """Where the obedient player plays: its calls go to whichever process is given."""

    def __init__(self, kitchen: Kitchen, toolbox: Callable[[], Toolbox]) -> None:
        self._sim = kitchen.sim
        self._toolbox = toolbox
        self._witness = Witness(kitchen.sim, "chat-1")

    def now(self) -> float:
        """Return the seconds since the world began."""
        return self._sim.elapsed

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._sim.sleep(seconds)

    def begin(self, tool: str) -> None:
        """Take note that a call begins."""
        self._witness.begin(tool)

    def truth(self) -> Truth:
        """Return how the world is."""
        return self._witness.truth()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a call in another process."""
        return self._toolbox().call(tool, arguments).content


def played(kitchen: Kitchen, tool: str = "create_workspace", *, wait: float | None = SHORT, **arguments: Any) -> Player:
    """Let the obedient player call another process each time, until it has what it wants or is to ask somebody."""
    if not arguments and tool == "create_workspace":
        arguments["template_id"] = str(kitchen.coder.list_templates(kitchen.sim.owner_id, kitchen.sim.organization_id, deadline=1e9)[0].id)
    player = Player(Desk(kitchen, fresh(kitchen, wait)), arguments=arguments, patience=300)
    player.play(tool)
    return player


@pytest.mark.parametrize("wait", [0, SHORT, None])
@pytest.mark.parametrize(
    ("template", "coder", "end", "builds"),
    [
        ({"build": SAME}, FakeCoder, ("build_failed", Advice.ASK_USER), 2),
        ({"build": OTHERS}, FakeCoder, ("build_failed", Advice.ASK_USER), 3),
        ({"connect": NEVER, "agent_timeout": 30}, FakeCoder, ("agent_timed_out", Advice.ASK_ADMINISTRATOR), 3),
        ({"build": 30}, unreached, ("dial_failed", Advice.ASK_ADMINISTRATOR), 3),
        ({"build": NEVER}, FakeCoder, ("in_progress", Advice.ASK_ADMINISTRATOR), 1),
        ({"connect": NEVER, "agent_timeout": NEVER}, FakeCoder, ("agent_not_connected", Advice.ASK_USER), 1),
        ({"scripts": NEVER}, FakeCoder, ("scripts_running", Advice.ASK_USER), 1),
    ],
    ids=["same words", "other words", "timeout", "dial", "build", "connect", "scripts"],
)
def test_a_model_whose_calls_go_to_others_each_time_is_led_to_a_person(template: Any, coder: Any, end: Any, builds: int, wait: float | None) -> None:
    """As soon as if one process had answered all of them: nothing is advised a third time."""
    kitchen = Kitchen(coder=coder)
    kitchen.coder.add_template("docker", **template)
    last = played(kitchen, wait=wait).told[-1]
    assert (last.content["reason"], last.advice, len(kitchen.coder.workspaces[0].builds)) == (*end, builds)


def test_what_a_person_has_been_told_may_be_tried_again() -> None:
    """A failure that is a minute old was told: whoever starts it now wants just that."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=[SAME, SAME, 0])
    assert played(kitchen).told[-1].advice is Advice.ASK_USER
    kitchen.sim.sleep(61)
    assert played(kitchen, "start_workspace").told[-1].content["state"] == "ready"


def test_a_stop_that_fails_twice_in_the_same_words() -> None:
    """Whoever has asked for the first."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", stop=Fails(5, "stuck"))
    kitchen.create()
    last = played(kitchen, "stop_workspace").told[-1]
    assert (last.content["reason"], last.advice) == ("stop_failed", Advice.ASK_ADMINISTRATOR)
    assert len(kitchen.coder.workspaces[0].builds) == 3


def test_what_was_refused_twice_in_the_same_words_is_shown_to_the_user() -> None:
    """By the history, where each refusal is noted."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    kitchen.coder.when("create_workspace", times=2).fail(RefusedError("no room in the rack"))
    assert [it.advice for it in played(kitchen).told] == [Advice.CORRECT_ARGUMENTS, Advice.ASK_USER]


@pytest.mark.parametrize("listed", [True, False])
def test_builds_that_are_not_told_lead_nobody_astray(*, listed: bool) -> None:
    """Where the platform fails to list them each process goes by what it has seen itself."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=SAME)
    kitchen.create()
    kitchen.coder.workspaces[0].start()
    kitchen.sim.sleep(5)
    if not listed:
        kitchen.coder.when("list_builds").fail()
    outcome = Elsewhere(kitchen.sim).fresh().status("chat-1")
    assert (outcome.reason, outcome.advice) == (Reason.BUILD_FAILED, Advice.ASK_USER if listed else Advice.START)
