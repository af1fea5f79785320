"""What the demo comes to over HTTP."""

from __future__ import annotations

import attrs

from chatworkspace_cli._offline.stories import Row, Story
from chatworkspace_simulator._api.levels import level_of

SEED = 7
ON_A_LAPTOP = "research-2"
"""The chat of the demo that asks for a template with an external agent first."""


def rows_at(level: str, in_memory: Story) -> list[Row]:
    """Return what is expected of each chat.

    Older servers do not tell of external agents. There the chat is given such a workspace, and waits for its user to start the agent.
    """
    starting = not level_of(level).external_agents
    return [attrs.evolve(it, state="starting") if starting and it.chat == ON_A_LAPTOP else it for it in in_memory.rows]
