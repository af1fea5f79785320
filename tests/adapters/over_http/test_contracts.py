"""The client of Coder keeps the rules of its ports over HTTP, with a server of each level."""

from __future__ import annotations

import pytest

from chatworkspace_contracts import CREATOR_RULES, DIALER_RULES, Ability, CreatorWorld, DialerWorld, Rule, run
from tests.contract.worlds import creators_over_http, dialers_over_http


@pytest.mark.parametrize("rule", CREATOR_RULES, ids=str)
def test_the_client_as_a_creator(rule: Rule[CreatorWorld], level: str) -> None:
    """It can watch at every level."""
    run(rule, creators_over_http(level))


@pytest.mark.parametrize("rule", [it for it in DIALER_RULES if Ability.COMMANDS not in it.needs], ids=str)
def test_the_client_as_a_dialer(rule: Rule[DialerWorld], level: str) -> None:
    """Through PTYs."""
    run(rule, dialers_over_http(level))
