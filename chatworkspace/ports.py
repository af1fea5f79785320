"""What the library asks of the world. For those who write adapters; users of the library need none of it.

Every method: blocking, safe from any thread, ends by `deadline` (of Clock.monotonic) where it has one, else within time_left() of its own limit, lets
no driver's exception out. What blocks does so within interruptible(), so that interrupt() and close() end it at once.
UnavailableError is allowed everywhere and means "not done, or not known to be done"; with a `retry_after` (seconds) it means "certainly not done: ask
again after so long". The other errors are named.
Protocols with bodies are meant to be subclassed: what has a default may be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from chatworkspace._domain.arguments import check_chat_id, check_port, check_seconds, check_text, fit_text, to_uuid
from chatworkspace._domain.names import mark_in, marks_ahead
from chatworkspace._domain.offer import Evaluation, Option, Parameter, Preset, TemplateUse
from chatworkspace._domain.pauses import pauses
from chatworkspace._domain.texts import visible
from chatworkspace._ports.clock import Clock, Signal
from chatworkspace._ports.creator import CreateWorkspace, LogLine, Watch, WorkspaceCreator
from chatworkspace._ports.dialer import AgentConnection, AgentDialer, Warming
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
from chatworkspace._ports.own_parts import OwnParts
from chatworkspace._ports.patience import cancellable, interruptible, time_left
from chatworkspace._ports.store import NOTES, TAKEN_OVER, Claim, Intent, Look, Plan, Store, holder_of, taken_over
from chatworkspace._ports.system_clock import SystemClock
from chatworkspace._ports.turn_signals import TurnSignals

if _TYPE_CHECKING:
    from chatworkspace._ports.records import Record, intent_of, look_of, record_of
    from chatworkspace._ports.running import UNATTENDED, Completed, OutputBuffer, check_env, check_run

__all__ = [
    "NOTES",
    "TAKEN_OVER",
    "UNATTENDED",
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
    "OutputBuffer",
    "OwnParts",
    "Parameter",
    "Plan",
    "PortError",
    "Preset",
    "Record",
    "Signal",
    "StaleClaimError",
    "Store",
    "SystemClock",
    "TemplateUse",
    "TurnSignals",
    "Warming",
    "Watch",
    "WorkspaceCreator",
    "WorkspaceTakenError",
    "cancellable",
    "check_chat_id",
    "check_env",
    "check_port",
    "check_run",
    "check_seconds",
    "check_text",
    "fit_text",
    "holder_of",
    "intent_of",
    "interruptible",
    "look_of",
    "mark_in",
    "marks_ahead",
    "pauses",
    "record_of",
    "taken_over",
    "time_left",
    "to_uuid",
    "visible",
]


_RECORDS, _RUNNING = ("Record", "intent_of", "look_of", "record_of"), ("Completed", "OutputBuffer", "UNATTENDED", "check_env", "check_run")


def __getattr__(name: str) -> object:
    """Load what only stores need, or those who run commands, when one asks for it: importing the library should cost little."""
    if name in _RECORDS:
        from chatworkspace._ports import records as module  # noqa: PLC0415 # as said above
    elif name in _RUNNING:
        from chatworkspace._ports import running as module  # type: ignore[no-redef] # noqa: PLC0415 # as said above
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
