"""The agents of the platform of tests keep the rules of AgentDialer."""

from __future__ import annotations

import pytest

from chatworkspace_contracts import DIALER_RULES, DialerWorld, Rule, run
from chatworkspace_fake import FakeCoder
from tests.contract.worlds import dialers_in_real_time, dialers_in_virtual_time

every_rule = pytest.mark.parametrize("rule", DIALER_RULES, ids=str)


@every_rule
def test_agents_in_memory(rule: Rule[DialerWorld]) -> None:
    """Under real threads."""
    run(rule, dialers_in_real_time(FakeCoder))


@every_rule
def test_agents_in_virtual_time(rule: Rule[DialerWorld]) -> None:
    """In a simulation."""
    run(rule, dialers_in_virtual_time(FakeCoder))
