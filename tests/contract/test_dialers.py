"""The agents of the platform of tests keep the rules of AgentDialer."""

from __future__ import annotations

from contextlib import AbstractContextManager

import attrs
import pytest

from chatworkspace import Agent, Workspace
from chatworkspace.ports import AgentConnection, AgentDialer
from chatworkspace_contracts import DIALER_RULES, Ability, DialerWorld, Rule, run
from chatworkspace_fake import FakeCoder
from tests.contract.worlds import dialers_in_real_time, dialers_in_virtual_time

every_rule = pytest.mark.parametrize("rule", DIALER_RULES, ids=str)


@every_rule
def test_agents_in_memory(rule: Rule[DialerWorld]) -> None:
    """Under real threads."""
    run(rule, dialers_in_real_time(FakeCoder))


@pytest.mark.parametrize("rule", [it for it in DIALER_RULES if Ability.COMMANDS not in it.needs], ids=str)
def test_agents_in_virtual_time(rule: Rule[DialerWorld]) -> None:
    """In a simulation."""
    run(rule, dialers_in_virtual_time(FakeCoder))


IN_MEMORY = [rule for rule in DIALER_RULES if rule.id.startswith("dialer.file.") or rule.id == "dialer.command.arguments"]


@pytest.mark.parametrize("rule", IN_MEMORY, ids=str)
def test_files_in_memory(rule: Rule[DialerWorld]) -> None:
    """Where no shell runs, they are kept all the same, in virtual time."""
    fresh = dialers_in_virtual_time(FakeCoder)
    run(rule, lambda: attrs.evolve(fresh(), commands=True))


# ------------------------------------------------------------------ what may be left out


class Plain(AgentDialer):
    """A dialer that leaves out all that may be left out. Type checkers agree that it is whole."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Must be there."""
        raise NotImplementedError


def test_what_may_be_left_out() -> None:
    """Its default reaches nobody ahead."""
    world = dialers_in_virtual_time(FakeCoder)()
    workspace = world.ready()
    assert Plain().warm(workspace, workspace.agents[0], deadline=world.clock.monotonic() + 30) is None
