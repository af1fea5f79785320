"""Commands and files in real shells, through the terminals of a served platform: bare ones, and those of GNU screen."""

from __future__ import annotations

from pathlib import Path
from shutil import which

import pytest

from chatworkspace_contracts import DIALER_RULES, Ability, DialerWorld, Rule, run
from chatworkspace_fake import RealShell
from tests.contract.worlds import dialers_over_http
from tests.required import required
from tests.ways import exhaustive_unless

RULES = [rule for rule in DIALER_RULES if Ability.COMMANDS in rule.needs]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_commands_in_a_terminal(rule: Rule[DialerWorld], tmp_path: Path) -> None:
    """The rules hold."""
    run(rule, lambda: _world(RealShell(tmp_path)))


@pytest.mark.parametrize("rule", [pytest.param(rule, id=str(rule), marks=exhaustive_unless(number % 3 == 0)) for number, rule in enumerate(RULES)])
def test_commands_under_screen(rule: Rule[DialerWorld], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the agent has `screen`."""
    required("screen", which("screen"), "there is no GNU screen here")
    monkeypatch.setenv("SCREENDIR", str(tmp_path / "sockets"))
    (tmp_path / "sockets").mkdir(0o700)
    run(rule, lambda: _world(RealShell(tmp_path, screen=True)))


def _world(shell: RealShell) -> DialerWorld:
    return dialers_over_http("newest", shell=shell)()
