"""The chat that a session is about, and how its tools are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from chatworkspace import Cancel, ChatWorkspaceError, ChatWorkspaces, Toolbox, ToolResult, UnavailableError
from chatworkspace.ports import PortError

UNREACHED = "the chat could not be made ready: the platform or the record of chats could not be asked"


@attrs.define(kw_only=True)
class Chat:
    """What is served.

    wait (seconds): of a call at most. threads: calls that are made at a time. prepare: comes before the first of them. hands: what a toolbox is told.
    """

    id: str
    wait: float
    threads: int
    prepare: Callable[[], object] | None
    hands: Mapping[str, Any] = attrs.field(repr=False)

    def toolbox(self, workspaces: ChatWorkspaces, **limits: Any) -> Toolbox:
        """Return the tools that are served. InvalidArgumentError: hands that this platform does not allow."""
        return workspaces.toolbox(self.id, **limits, **self.hands)

    def call(self, workspaces: ChatWorkspaces, name: str, arguments: Mapping[str, Any], wait: float, cancel: Cancel) -> ToolResult:
        """Run one tool, in any thread. Raises bugs alone."""
        try:
            prepare = self.prepare
            if prepare is not None:
                prepare()
                self.prepare = None
            return self.toolbox(workspaces, wait=wait, cancel=cancel).call(name, arguments)
        except ChatWorkspaceError as error:
            return ToolResult(content=_told(error), is_error=True)
        except PortError:
            return ToolResult(content=_told(UnavailableError(UNREACHED)), is_error=True)


def _told(error: ChatWorkspaceError) -> dict[str, Any]:
    """Return what the model is told of what was raised before a tool was called, by the names that results have.

    The words of a driver or a network are left out: which machine answers is nobody's business outside.
    """
    told = error.as_dict()
    said = UNREACHED if isinstance(error, UnavailableError) else told["message"]
    return {"error": said} | {name: told[name] for name in ("reason", "advice", "next_step", "retry_after") if told[name] is not None}
