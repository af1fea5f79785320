"""The platform on this machine keeps the rules of both its ports."""

from __future__ import annotations

import pytest

from chatworkspace_contracts import CREATOR_RULES, DIALER_RULES, Ability, CreatorWorld, DialerWorld, Rule, run
from tests.adapters.local.worlds import creators, dialers

pytestmark = pytest.mark.adapters

LACKS = {Ability.GET_QUOTA, Ability.LOSE_ANSWER, Ability.LOSE_REQUEST, Ability.HIDE, Ability.FOREIGN, Ability.LOG, Ability.UNCONNECTED}
"""There are no quotas, no other organization, no rights, and no network on which something is lost; an agent is there with its build."""


@pytest.mark.parametrize("rule", [rule for rule in CREATOR_RULES if not rule.needs & LACKS], ids=str)
def test_workspaces(rule: Rule[CreatorWorld]) -> None:
    """Under real threads, with real folders and processes."""
    run(rule, creators)


@pytest.mark.parametrize("rule", [rule for rule in DIALER_RULES if not rule.needs & LACKS], ids=str)
def test_agents(rule: Rule[DialerWorld]) -> None:
    """Under real threads, with real commands."""
    run(rule, dialers)
