"""What tests of the service ask of a FakeCoder, and a machine does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import pytest

TIMES = "how long a build takes is not a test's to say"
FAILURES = "a build does not fail at a test's word"
RIGHTS = "there are no rights, quotas, queues and organizations on a machine"
VERSIONS = "a workspace is of the template as it was, and nobody changes that"
NAMES = "a folder is not renamed"
AGENTS = "there is one agent, of the platform's own"
WORDS = "it has words of its own"
ASKED = "what it asks is the same for all, and whatever they answer"
CANNOT: Mapping[str, str] = {
    **dict.fromkeys(("build", "stop", "delete", "connect", "scripts", "script_timeout", "drop", "agent_timeout"), TIMES),
    **dict.fromkeys(("agents", "external_agent"), AGENTS),
    **dict.fromkeys(("agents_allowed", "deprecated", "cost", "organization_id"), RIGHTS),
    **dict.fromkeys(("evaluation", "classic"), ASKED),
    **dict.fromkeys(("log",), WORDS),
    **dict.fromkeys(("require_active",), VERSIONS),
}
"""What a template may be told by a test, and not here: why not."""
TRUE = {"agents_allowed"}
"""What of that holds unless told otherwise; the rest does not."""
SWITCHES: Mapping[str, str] = {
    **dict.fromkeys(("set_quota", "set_provisioners", "set_members", "set_licence", "answer_conflicts", "allow_renames"), RIGHTS),
    **dict.fromkeys(("cancel_as", "slow_first_dials", "silence_watches"), TIMES),
    "drop_unknown_parameters": ASKED,
    "update_template": VERSIONS,
}
"""What a test may do to a FakeCoder, and not here."""
DEEDS: Mapping[str, str] = {
    **dict.fromkeys(("cancel", "gone_at"), TIMES),
    **dict.fromkeys(("go_dormant", "wake", "hide", "show", "cost", "hidden", "dormant"), RIGHTS),
    **dict.fromkeys(("update_always", "updates_always", "latest", "records"), VERSIONS),
    **dict.fromkeys(("connect", "shut_down_agent"), AGENTS),
    "rename": NAMES,
}
"""What a test may do to a FakeWorkspace, or ask of it, and not here."""


def unfit(why: str) -> NoReturn:
    """Leave the test out."""
    pytest.skip(f"not over folders: {why}")


def unfit_because(why: str) -> Callable[..., Any]:
    """Return what takes the place of a method that is not there."""

    def method(*arguments: Any, **more: Any) -> NoReturn:
        del arguments, more
        unfit(why)

    return method
