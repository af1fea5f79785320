"""A model that does what it is told: it knows nothing but the results of its tools, and obeys their advice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from chatworkspace import Advice
from tests.obedience.truth import Truth

ENDS = {Advice.NOTHING, Advice.ASK_USER, Advice.ASK_ADMINISTRATOR, Advice.CORRECT_ARGUMENTS}
"""With these the player turns to its user, or goes on with its work."""
ALWAYS = ("template_id",)
"""Arguments that are not left out when arguments are to be corrected."""


@attrs.frozen(kw_only=True)
class Told:
    """One call of the player's, what it was told, and how the world was then, which the player does not know."""

    began: float
    at: float
    """Seconds since the world began, when the call began and when it had ended."""
    tool: str
    arguments: Mapping[str, Any]
    wished_at: float
    """When what it was made for began."""
    advice: Advice | None
    """None: it was told none."""
    content: Mapping[str, Any]
    truth: Truth = attrs.field(repr=False)


class Table(Protocol):
    """Where the player plays."""

    def now(self) -> float:
        """Return the seconds since the world began."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a call in whichever process is asked."""
        ...

    def begin(self, tool: str) -> None:
        """Take note that a call begins."""
        ...

    def truth(self) -> Truth:
        """Return how the world is, at the end of the call that began last."""
        ...


class Player:
    """Wants one thing after another, and obeys until it has it, or is to ask somebody."""

    def __init__(self, table: Table, *, arguments: Mapping[str, Any], always: Mapping[str, Any] | None = None, patience: float) -> None:
        """arguments: with which it creates. always: those without which it never does. patience: calls, after which it is led nowhere."""
        self._always = dict(always or {})
        self._table = table
        self._patience = patience
        self._arguments: dict[str, dict[str, Any]] = {"create_workspace": dict(arguments)}
        self._back: list[str] = []
        """What is to be called once that to which it has led is done; the next stands last."""
        self._corrected: set[str] = set()
        self._wished_at = 0.0
        self.told: list[Told] = []

    def play(self, tool: str = "create_workspace") -> Advice | None:
        """Call the tool, and whatever it leads to; return the advice with which that ends."""
        self._back, self._wished_at = [], self._table.now()
        following: str | None = tool
        while following is not None and len(self.told) < self._patience:
            following = self._obey(self._call(following))
        return self.told[-1].advice

    def _obey(self, told: Told) -> str | None:  # noqa: PLR0911 # one arm for each advice there is
        """Return the tool that is to be called next; None: somebody is to be asked, or all is done."""
        match told.advice:
            case None | Advice.NOTHING:
                return self._done(told)
            case Advice.CALL_AGAIN | Advice.CALL_LATER:
                self._table.sleep(float(told.content.get("retry_after", 0)))
                return told.tool
            case Advice.START:
                return self._first("start_workspace", told)
            case Advice.STOP_THEN_START:
                self._first("stop_workspace", told)
                self._back.append("start_workspace")
                return "stop_workspace"
            case Advice.CREATE:
                return self._chosen(told)
            case Advice.LIST_TEMPLATES:
                return None if told.tool == "list_templates" else "list_templates"
            case Advice.READ_TEMPLATE:
                template_id = told.content.get("template_id", self._arguments["create_workspace"].get("template_id"))
                self._arguments["read_template"] = {"template_id": template_id}
                self._back.append(told.tool)
                return "read_template"
            case Advice.CORRECT_ARGUMENTS:
                return self._correct(told)
            case Advice.ASK_USER | Advice.ASK_ADMINISTRATOR:
                return None

    def _first(self, tool: str, told: Told) -> str:
        """Return the tool; who wanted to use the workspace comes back to that."""
        if told.tool == "connect":
            self._back.append("connect")
        return tool

    def _done(self, told: Told) -> str | None:
        if not self._back:
            return None
        tool = self._back.pop()
        if told.tool == "read_template":  # answer what has to be answered, in the call that led here
            required = [it["name"] for it in told.content.get("parameters", ()) if it["required"]]
            self._arguments.setdefault(tool, {})["parameters"] = dict.fromkeys(required, "x")
        return tool

    def _chosen(self, told: Told) -> str:
        """Take the template that is recommended, if it was told to create from that."""
        if "recommended_template_id" in told.content:
            self._arguments["create_workspace"] = {"template_id": told.content["recommended_template_id"]}
        return "create_workspace"

    def _correct(self, told: Told) -> str | None:
        """Leave out all that need not be there, and call once more; that is all that it can do."""
        if told.tool in self._corrected:
            return None
        self._corrected.add(told.tool)
        self._arguments[told.tool] = {name: value for name, value in told.arguments.items() if name in ALWAYS}
        return told.tool

    def _call(self, tool: str) -> Told:
        arguments, began = dict(self._arguments.get(tool, {})), self._table.now()
        arguments |= self._always if tool == "create_workspace" else {}
        self._table.begin(tool)
        content = self._table.call(tool, arguments)
        told = Told(
            began=began,
            at=self._table.now(),
            tool=tool,
            arguments=arguments,
            wished_at=self._wished_at,
            advice=Advice(content["advice"]) if "advice" in content else None,
            content=content,
            truth=self._table.truth(),
        )
        self.told.append(told)
        return told
