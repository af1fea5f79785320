"""The client of Coder keeps the rules of its ports over HTTP, with a server of each level."""

from __future__ import annotations

import pytest

from chatworkspace_contracts import CREATOR_RULES, DIALER_RULES, CreatorWorld, DialerWorld, Rule, run
from tests.contract.worlds import creators_over_http, dialers_over_http

_LOST = "a server before 2.22 ignores the preset of a creation, and the client does not send its answers itself"
_REVIVED = "a server before 2.28 builds what is deleted, and the client judges by the latest build alone"
NOT_YET = {
    ("2.20", "creator.creation.preset"): _LOST,
    ("2.20", "creator.builds.of-a-deleted-workspace"): _REVIVED,
    ("2.24", "creator.builds.of-a-deleted-workspace"): _REVIVED,
}
"""What the client has to learn yet."""


@pytest.mark.parametrize("rule", CREATOR_RULES, ids=str)
def test_the_client_as_a_creator(rule: Rule[CreatorWorld], level: str, request: pytest.FixtureRequest) -> None:
    """It can watch at every level."""
    if (level, rule.id) in NOT_YET:
        request.applymarker(pytest.mark.xfail(strict=True, reason=NOT_YET[level, rule.id]))
    run(rule, creators_over_http(level))


@pytest.mark.parametrize("rule", DIALER_RULES, ids=str)
def test_the_client_as_a_dialer(rule: Rule[DialerWorld], level: str) -> None:
    """Through PTYs."""
    run(rule, dialers_over_http(level))
