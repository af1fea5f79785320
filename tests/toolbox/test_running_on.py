"""connect(extend=): a workspace in use is not stopped under the feet of who uses it."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import InvalidArgumentError
from tests.toolbox.test_connect import Connected


def test_a_workspace_in_use_runs_on() -> None:
    """Where the host asks for it, and never for less than without; one that does not stop by itself is left so."""
    kitchen = Connected()
    now = kitchen.coder.inside.platform
    for ttl, extend, expected in ((3600.0, None, 3600.0), (3600.0, 7200.0, 7200.0), (9000.0, 60.0, 9000.0), (None, 60.0, None)):
        kitchen.workspace.ttl = ttl
        with kitchen.sim.workspaces.connect("chat-1", extend=extend):
            stops_at = kitchen.workspace.stops_at
        assert (None if stops_at is None else round(stops_at - now.time)) == expected


@pytest.mark.parametrize("extend", [0, -1, float("inf"), float("nan"), True, "1"])
def test_how_long_it_is_to_run_on(extend: Any) -> None:
    """A finite number of seconds above 0."""
    with pytest.raises(InvalidArgumentError) as caught:
        Connected().sim.workspaces.connect("chat-1", extend=extend)
    assert caught.value.argument == "extend"
