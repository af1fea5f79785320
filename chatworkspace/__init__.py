"""One chat, one workspace: gives every AI chat exactly one remote development workspace.

Begin with ChatWorkspaces: it is given a store (chatworkspace_sqlite, chatworkspace_postgres), and a platform (chatworkspace_coder) that makes and
reaches workspaces. chatworkspace.ports has the protocols for adapters of your own; chatworkspace_fake and chatworkspace_simulator stand in for tests.

Safe to use from any thread; durations are seconds (float), ids are UUIDs, and text of them where they come in.
"""

import logging as _logging
from typing import TYPE_CHECKING as _TYPE_CHECKING

from chatworkspace._domain.arguments import Hand, Id
from chatworkspace._ports.patience import Cancel
from chatworkspace.errors import (
    BusyError,
    ChatClosedError,
    ChatNotFoundError,
    ChatWorkspaceError,
    ClosedError,
    ConnectError,
    InvalidArgumentError,
    NoWorkspaceError,
    OutcomeUnknownError,
    RefusedError,
    TemplateError,
    UnavailableError,
)
from chatworkspace.model import (
    Advice,
    Agent,
    AgentStatus,
    Build,
    Chat,
    JobStatus,
    LeftBehind,
    Lifecycle,
    Phase,
    Quota,
    Reason,
    State,
    Template,
    Transition,
    Workspace,
)
from chatworkspace.outcomes import Chats, NotReadyError, Outcome, Progress, Sweep
from chatworkspace.ports import AgentConnection
from chatworkspace.service import ChatWorkspaces
from chatworkspace.timeouts import Timeouts

if _TYPE_CHECKING:
    from chatworkspace.toolbox import Toolbox, ToolFunction, ToolResult

__version__ = "0.1.0"

__all__ = [
    "Advice",
    "Agent",
    "AgentConnection",
    "AgentStatus",
    "Build",
    "BusyError",
    "Cancel",
    "Chat",
    "ChatClosedError",
    "ChatNotFoundError",
    "ChatWorkspaceError",
    "ChatWorkspaces",
    "Chats",
    "ClosedError",
    "ConnectError",
    "Hand",
    "Id",
    "InvalidArgumentError",
    "JobStatus",
    "LeftBehind",
    "Lifecycle",
    "NoWorkspaceError",
    "NotReadyError",
    "Outcome",
    "OutcomeUnknownError",
    "Phase",
    "Progress",
    "Quota",
    "Reason",
    "RefusedError",
    "State",
    "Sweep",
    "Template",
    "TemplateError",
    "Timeouts",
    "ToolFunction",
    "ToolResult",
    "Toolbox",
    "Transition",
    "UnavailableError",
    "Workspace",
    "__version__",
]

_logging.getLogger("chatworkspace").addHandler(_logging.NullHandler())


def __getattr__(name: str) -> object:
    """Load the tools when somebody asks for them: not every host has any called, and importing the library should cost little."""
    if name not in ("ToolFunction", "ToolResult", "Toolbox"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from chatworkspace import toolbox  # noqa: PLC0415 # as said above

    return globals().setdefault(name, getattr(toolbox, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
