"""Rules, looked at one at a time, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chatworkspace import Template
from chatworkspace.ports import SystemClock
from chatworkspace_cli._online.table import Row

if TYPE_CHECKING:
    from chatworkspace.ports import WorkspaceCreator
    from chatworkspace_contracts import Rule


def looked_at(rule: Rule[Any], look: Callable[[], object], hide: Callable[[str], str] = str) -> Row:
    """Look at a rule, and return what became of it. hide: takes secrets out of what was seen."""
    from chatworkspace_contracts import BrokenRuleError, LeftOff  # noqa: PLC0415 # most commands need no rules

    clock = SystemClock()
    began, holds, expected, seen = clock.monotonic(), True, "", ""
    try:
        look()
    except LeftOff:
        return Row(rule=rule.id, states=rule.states, holds=None)
    except BrokenRuleError as broken:
        holds, expected, seen = False, hide(broken.expected), hide(broken.seen)
    except Exception as error:  # noqa: BLE001 # whatever it is, it is told, and the other rules are looked at
        holds, expected, seen = False, "a world to run it in", hide(f"{type(error).__name__}: {error}")
    return Row(rule=rule.id, states=rule.states, holds=holds, expected=expected, seen=seen, seconds=clock.monotonic() - began)


def reading(client: WorkspaceCreator, user_id: UUID, template: Template) -> list[Row]:
    """Look at those that only read: a request or two each. template: one that the user may see."""
    from chatworkspace_contracts import CREATOR_RULES, CreatorWorld, run  # noqa: PLC0415 # as above

    def fresh() -> CreatorWorld:
        return CreatorWorld(creator=client, owner_id=user_id, template=template)

    return [looked_at(rule, partial(run, rule, fresh)) for rule in CREATOR_RULES if rule.reads]
