"""What the library asks of the world. For those who write adapters; users of the library need none of it.

Every method: blocking, safe from any thread, ends by `deadline` (of Clock.monotonic) where it has one, lets no driver's
exception out. UnavailableError is allowed everywhere and means "not done, or not known to be done"; the other errors are named.
Protocols with bodies are meant to be subclassed: what has a default may be left out.
"""

from __future__ import annotations

from chatworkspace._domain.offer import Evaluation, Option, Parameter, Preset, TemplateUse
from chatworkspace._ports.clock import Clock, Signal
from chatworkspace._ports.creator import CreateWorkspace, LogLine, Watch, WorkspaceCreator
from chatworkspace._ports.dialer import AgentConnection, AgentDialer, Completed
from chatworkspace._ports.errors import (
    ChangedError,
    ClaimedError,
    DialError,
    NameTakenError,
    NotAnsweredError,
    NotFoundError,
    PortError,
    StaleClaimError,
    WorkspaceTakenError,
)
from chatworkspace._ports.patience import interruptible, time_left
from chatworkspace._ports.store import Claim, Intent, Look, Plan, Store
from chatworkspace._ports.system_clock import SystemClock
from chatworkspace._ports.turn_signals import TurnSignals

__all__ = [
    "AgentConnection",
    "AgentDialer",
    "ChangedError",
    "Claim",
    "ClaimedError",
    "Clock",
    "Completed",
    "CreateWorkspace",
    "DialError",
    "Evaluation",
    "Intent",
    "LogLine",
    "Look",
    "NameTakenError",
    "NotAnsweredError",
    "NotFoundError",
    "Option",
    "Parameter",
    "Plan",
    "PortError",
    "Preset",
    "Signal",
    "StaleClaimError",
    "Store",
    "SystemClock",
    "TemplateUse",
    "TurnSignals",
    "Watch",
    "WorkspaceCreator",
    "WorkspaceTakenError",
    "interruptible",
    "time_left",
]
