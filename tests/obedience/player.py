"""A model that does what it is told: it knows nothing but the results of its tools, and obeys their advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from chatworkspace import Advice, Toolbox

PATIENCE = 700
"""Calls after which the player is taken to be led nowhere."""
ENDS = {Advice.NOTHING, Advice.ASK_USER, Advice.ASK_ADMINISTRATOR, Advice.CORRECT_ARGUMENTS}
"""With these the player turns to its user, or goes on with its work."""


@attrs.frozen(kw_only=True)
class Told:
    """One call of the player's, and what it was told."""

    at: float
    """Seconds since the world began, when the call had ended."""
    tool: str
    advice: Advice
    content: Mapping[str, Any]


class Player:
    """Wants one thing, and obeys until it has it, or is to ask somebody."""

    def __init__(
        self, toolbox: Callable[[], Toolbox], *, now: Callable[[], float], sleep: Callable[[float], object], arguments: Mapping[str, Any]
    ) -> None:
        """toolbox: gives that of whichever process is asked. arguments: with which it creates."""
        self._toolbox = toolbox
        self._now = now
        self._sleep = sleep
        self._arguments: dict[str, dict[str, Any]] = {"create_workspace": dict(arguments), "start_workspace": {}, "stop_workspace": {}}
        self.told: list[Told] = []

    def play(self, tool: str = "create_workspace") -> Advice:
        """Call the tool, and whatever it leads to; return the advice with which that ends."""
        then: list[str] = []
        while True:
            told = self._call(tool)
            match told.advice:
                case Advice.CALL_AGAIN | Advice.CALL_LATER:
                    self._sleep(float(told.content.get("retry_after", 0)))
                case Advice.START:
                    tool = "start_workspace"
                case Advice.STOP_THEN_START:
                    tool, then = "stop_workspace", ["start_workspace"]
                case Advice.CREATE:
                    tool = "create_workspace"
                case Advice.LIST_TEMPLATES | Advice.READ_TEMPLATE:
                    return told.advice
                case Advice.NOTHING if then and told.content.get("stopped"):
                    tool = then.pop()
                case Advice.NOTHING | Advice.ASK_USER | Advice.ASK_ADMINISTRATOR | Advice.CORRECT_ARGUMENTS:
                    return told.advice
            if len(self.told) >= PATIENCE:
                return told.advice

    def _call(self, tool: str) -> Told:
        content = self._toolbox().call(tool, self._arguments[tool]).content
        told = Told(at=self._now(), tool=tool, advice=Advice(content["advice"]), content=content)
        self.told.append(told)
        return told
