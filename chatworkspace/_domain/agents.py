"""Choose the agent that a chat uses. Pure.

Only root agents count. One whose name ends with the suffix is meant for chats; without one, the first by display order, name and id is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from chatworkspace.model import Agent

SUFFIX = "-coderd-chat"
"""A template's author marks the agent for chats with it (Coder's convention, compared without case)."""


@attrs.frozen(kw_only=True)
class NoChoice:
    """The workspace has agents, and the rule cannot choose one of them."""

    problem: str


Selection = Agent | NoChoice | None
"""The agent; or why none can be chosen; None: the workspace has no agents at all."""


def select_agent(agents: Sequence[Agent]) -> Selection:
    """Return the agent of a workspace that its chat uses."""
    if not agents:
        return None
    if len(agents) == 1 and agents[0].parent_id is None:  # as with most templates: there is nothing to choose
        return agents[0]
    roots = sorted((agent for agent in agents if agent.parent_id is None), key=_order)
    if not roots:
        return NoChoice(problem="the workspace has sub-agents only")
    marked = [agent for agent in roots if agent.name.lower().endswith(SUFFIX)]
    if len(marked) > 1:
        names = ", ".join(agent.name for agent in marked)
        return NoChoice(problem=f"more than one agent is marked with {SUFFIX}: {names}; only one may be")
    return marked[0] if marked else roots[0]


def _order(agent: Agent) -> tuple[int, str, str, str]:
    return agent.display_order, agent.name.lower(), agent.name, str(agent.id)
