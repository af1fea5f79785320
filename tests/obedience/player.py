"""A model that does what it is told: it knows nothing but the results of its tools, and obeys their advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from chatworkspace import Advice, Toolbox

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
        self,
        toolbox: Callable[[], Toolbox],
        *,
        now: Callable[[], float],
        sleep: Callable[[float], object],
        arguments: Mapping[str, Any],
        patience: float,
    ) -> None:
        """toolbox: gives that of whichever process is asked. arguments: with which it creates. patience: calls, after which it is led nowhere."""
        self._patience = patience
        self._toolbox = toolbox
        self._now = now
        self._sleep = sleep
        self._arguments: dict[str, dict[str, Any]] = {"create_workspace": dict(arguments)}
        self._arguments |= {"start_workspace": {}, "stop_workspace": {}, "list_templates": {}}
        self.told: list[Told] = []

    def play(self, tool: str = "create_workspace") -> Advice:  # noqa: C901 # one arm for each advice there is
        """Call the tool, and whatever it leads to; return the advice with which that ends."""
        then: list[str] = []
        back = tool
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
                    tool = self._chosen(told)
                case Advice.LIST_TEMPLATES if tool != "list_templates":
                    tool = "list_templates"
                case Advice.READ_TEMPLATE:
                    back, tool = tool, self._to_be_read(told)
                case Advice.NOTHING if tool == "read_template":
                    tool = self._answered(told, back)
                case Advice.NOTHING if then and told.content.get("stopped"):
                    tool = then.pop()
                case Advice.NOTHING | Advice.ASK_USER | Advice.ASK_ADMINISTRATOR | Advice.CORRECT_ARGUMENTS | Advice.LIST_TEMPLATES:
                    return told.advice
            if len(self.told) >= self._patience:
                return told.advice

    def _chosen(self, told: Told) -> str:
        """Take the template that is recommended, if it was told to create from that."""
        if "recommended_template_id" in told.content:
            self._arguments["create_workspace"] = {"template_id": told.content["recommended_template_id"]}
        return "create_workspace"

    def _to_be_read(self, told: Told) -> str:
        self._arguments["read_template"] = {"template_id": told.content["template_id"]}
        return "read_template"

    def _answered(self, told: Told, tool: str) -> str:
        """Answer what has to be answered, in the call that led here."""
        required = [it["name"] for it in told.content["parameters"] if it["required"]]
        self._arguments[tool]["parameters"] = dict.fromkeys(required, "x")
        return tool

    def _call(self, tool: str) -> Told:
        content = self._toolbox().call(tool, self._arguments[tool]).content
        told = Told(at=self._now(), tool=tool, advice=Advice(content.get("advice", "nothing")), content=content)
        self.told.append(told)
        return told
