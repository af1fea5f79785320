"""One chat, one workspace: gives every AI chat exactly one remote development workspace.

Safe to use from any thread; durations are seconds (float).
"""

import logging as _logging
from typing import TYPE_CHECKING as _TYPE_CHECKING

from chatworkspace._domain.arguments import Id as Id
from chatworkspace.errors import BusyError as BusyError
from chatworkspace.errors import ChatClosedError as ChatClosedError
from chatworkspace.errors import ChatNotFoundError as ChatNotFoundError
from chatworkspace.errors import ChatWorkspaceError as ChatWorkspaceError
from chatworkspace.errors import ClosedError as ClosedError
from chatworkspace.errors import ConnectError as ConnectError
from chatworkspace.errors import InvalidArgumentError as InvalidArgumentError
from chatworkspace.errors import NoWorkspaceError as NoWorkspaceError
from chatworkspace.errors import OutcomeUnknownError as OutcomeUnknownError
from chatworkspace.errors import RefusedError as RefusedError
from chatworkspace.errors import TemplateError as TemplateError
from chatworkspace.errors import UnavailableError as UnavailableError
from chatworkspace.model import Agent as Agent
from chatworkspace.model import AgentStatus as AgentStatus
from chatworkspace.model import Build as Build
from chatworkspace.model import Chat as Chat
from chatworkspace.model import JobStatus as JobStatus
from chatworkspace.model import LeftBehind as LeftBehind
from chatworkspace.model import Lifecycle as Lifecycle
from chatworkspace.model import Phase as Phase
from chatworkspace.model import Quota as Quota
from chatworkspace.model import Reason as Reason
from chatworkspace.model import State as State
from chatworkspace.model import Template as Template
from chatworkspace.model import Transition as Transition
from chatworkspace.model import Workspace as Workspace
from chatworkspace.outcomes import NotReadyError as NotReadyError
from chatworkspace.outcomes import Outcome as Outcome
from chatworkspace.outcomes import Progress as Progress
from chatworkspace.outcomes import Sweep as Sweep
from chatworkspace.ports import AgentConnection as AgentConnection
from chatworkspace.service import ChatWorkspaces as ChatWorkspaces
from chatworkspace.timeouts import Timeouts as Timeouts

_logging.getLogger("chatworkspace").addHandler(_logging.NullHandler())

if _TYPE_CHECKING:
    from chatworkspace.toolbox import Toolbox as Toolbox
    from chatworkspace.toolbox import ToolResult as ToolResult


def __getattr__(name: str) -> object:
    """Load the tools when somebody asks for them: not every host has any called, and importing the library should cost little."""
    if name not in ("ToolResult", "Toolbox"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from chatworkspace import toolbox  # noqa: PLC0415 # as said above

    return globals().setdefault(name, getattr(toolbox, name))
