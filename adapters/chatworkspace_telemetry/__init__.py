"""OpenTelemetry: spans for calls, their phases and requests, and metrics by reason. Needs the extra `otel`, which is the API's package alone.

    workspaces = ChatWorkspaces(…, on_event=Telemetry())

What becomes of spans and metrics is for the SDK that the host has set up; without one nothing does. docs/how-to/telemetry.md lists them.
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_telemetry._telemetry import Telemetry

__all__ = ["Telemetry", "__version__"]


def __dir__() -> list[str]:
    return __all__
