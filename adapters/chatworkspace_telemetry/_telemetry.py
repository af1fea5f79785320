"""The listener."""

from __future__ import annotations

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import TracerProvider, get_tracer

from chatworkspace import __version__
from chatworkspace.events import Event
from chatworkspace_telemetry._measures import Measures
from chatworkspace_telemetry._names import SCOPE
from chatworkspace_telemetry._spans import Spans


class Telemetry:
    """Makes spans and metrics of events: `ChatWorkspaces(…, on_event=Telemetry())`. One serves any number of them; safe from any thread.

    A call's span is within the one that the calling thread is in. Events come a moment late, for they are told outside of locks and claims; spans
    have the instants at which things happened.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None, server_address: str = ""
    ) -> None:
        """Make tracer and instruments; do no I/O.

        tracer_provider, meter_provider: of the SDK; default: the global ones. server_address: the platform's host name, for the spans of what it is
        asked for (`server.address`); default: it is not told.
        """
        self._spans = Spans(get_tracer(SCOPE, __version__, tracer_provider), server_address=server_address)
        self._measures = Measures(get_meter(SCOPE, __version__, meter_provider))

    def __call__(self, event: Event) -> None:
        """Take an event. Never blocks by itself; exporters of the SDK that do so block the call."""
        self._spans.note(event)
        self._measures.note(event)
