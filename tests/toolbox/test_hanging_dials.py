"""A dial that hangs keeps time for the look that says why it did: what has become of the agent, not that it did not answer."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import Advice, ConnectError, Reason
from chatworkspace_fake import NEVER
from tests.toolbox.kitchen import Kitchen
from tests.toolbox.test_connect import Connected


def lost(kitchen: Connected) -> None:
    """Let the agent be away for so long that it counts as lost while the dial hangs."""
    kitchen.workspace.drop_agent()
    kitchen.sim.sleep(80)


def never_came(kitchen: Connected) -> None:
    """Let the platform give up an agent that has never connected, while the dial hangs."""
    kitchen.sim.sleep(100)


def shuts_down(kitchen: Connected) -> None:
    """Let it shut down while the dial hangs."""
    kitchen.sim.at(kitchen.sim.elapsed + 10, kitchen.workspace.shut_down_agent)


def stops(kitchen: Connected) -> None:
    """Let somebody stop it meanwhile."""
    kitchen.sim.at(kitchen.sim.elapsed + 10, kitchen.workspace.stop)


HANGING = pytest.mark.parametrize(
    ("becomes", "template", "reason", "advice"),
    [
        (lost, {}, Reason.AGENT_LOST, Advice.STOP_THEN_START),
        (never_came, {"connect": NEVER, "agent_timeout": 110}, Reason.AGENT_TIMED_OUT, Advice.STOP_THEN_START),
        (shuts_down, {}, Reason.AGENT_SHUT_DOWN, Advice.STOP_THEN_START),
        (stops, {}, Reason.NOT_RUNNING, Advice.ASK_USER),
    ],
    ids=["lost", "timed out", "shut down", "stopped"],
)


class Hanging(Connected):
    """A kitchen in which a dial is not answered."""

    def __init__(self, **temper: Any) -> None:
        Kitchen.__init__(self)
        self.template = self.coder.add_template("docker", **temper)
        self.sim.workspaces.create("chat-1", self.template.id, wait=0)
        self.coder.when("dial", times=2).lose_request()

    def told(self) -> tuple[Reason, Advice, float]:
        """Connect in vain, and return why, what to do, and after how many seconds that was known."""
        began, told = self.sim.elapsed, list[ConnectError]()

        def connect() -> None:
            told.append(self.refused())

        self.sim.run(connect)
        self.coder._faults._armed.clear()  # one dial may take all the time
        return told[0].reason, told[0].advice, self.sim.elapsed - began


@HANGING
def test_n06_a_dial_that_hangs_leaves_time_for_the_look_that_says_why(becomes: Any, template: Any, reason: Reason, advice: Advice) -> None:
    """Five seconds of its thirty: the agent is told as it is by then, not as it was, and not as one that did not answer."""
    kitchen = Hanging(**template)
    becomes(kitchen)
    assert kitchen.told() == (reason, advice, 25)


@HANGING
@pytest.mark.parametrize("slow", [4, 6])
def test_n06_the_look_that_says_why_may_take_what_is_kept_for_it(becomes: Any, template: Any, reason: Reason, advice: Advice, slow: float) -> None:
    """Slower, it says nothing, and what is known is that no dial reached the agent; in either case the limit is kept."""
    kitchen = Hanging(**template)
    becomes(kitchen)
    reads = 1  # before the dial
    kitchen.coder.when("get_workspace", nth=reads + 1, times=9).take(slow)
    told = kitchen.told()
    assert told == ((reason, advice, 29) if slow == 4 else (Reason.CONNECT_FAILED, Advice.CALL_AGAIN, 30))
