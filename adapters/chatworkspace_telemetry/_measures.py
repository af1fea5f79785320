"""The metrics: how many calls end for which reason, and how long they, their phases and their requests take."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.metrics import Histogram, Meter

from chatworkspace.events import Adopted, CallEnded, Dialled, Event, Requested, Retried, TakenOver, WatchBroken
from chatworkspace_telemetry._names import CALL, CALL_SECONDS, ERROR_TYPE, INCIDENT, PHASE, PORT, REASON, REQUEST, REQUEST_SECONDS

Attributes = dict[str, str]

INCIDENTS: dict[type[Event], str] = {Adopted: "adopted", Retried: "retried", TakenOver: "taken_over", WatchBroken: "watch_broken"}


class Measures:
    """Counts and measures. Safe from any thread, as instruments are."""

    def __init__(self, meter: Meter) -> None:
        self._calls = meter.create_counter("chatworkspace.calls", "{call}", "Calls that have ended, by their reason")
        self._call = _histogram(meter, "chatworkspace.call.duration", "How long a call takes", CALL_SECONDS)
        self._phase = _histogram(meter, "chatworkspace.phase.duration", "How long a call spends in one of its phases", CALL_SECONDS)
        self._request = _histogram(meter, "chatworkspace.request.duration", "How long the store, the platform or a dial takes", REQUEST_SECONDS)
        self._incidents = meter.create_counter("chatworkspace.incidents", "{incident}", "What goes on though something has failed")

    def note(self, event: Event) -> None:
        """Count and measure an event."""
        match event:
            case CallEnded():
                self._ended(event)
            case Requested(port=port, request=request, error_type=error):
                self._request.record(event.took, _with_error({PORT: port, REQUEST: request}, error))
            case Dialled(error_type=error):
                self._request.record(event.took, _with_error({PORT: "agent", REQUEST: "dial"}, error))
            case _ if type(event) in INCIDENTS:
                self._incidents.add(1, {CALL: event.name, INCIDENT: INCIDENTS[type(event)]})
            case _:
                pass

    def _ended(self, event: CallEnded) -> None:
        attributes = _with_error({CALL: event.name}, event.error)
        if event.reason is not None:
            attributes[REASON] = event.reason.value
        self._calls.add(1, attributes)
        self._call.record(event.after, attributes)
        for phase, seconds in event.phases.items():
            self._phase.record(seconds, {CALL: event.name, PHASE: phase.value})


def _with_error(attributes: Attributes, error: str) -> Attributes:
    return {**attributes, ERROR_TYPE: error} if error else attributes


def _histogram(meter: Meter, name: str, description: str, bounds: Sequence[float]) -> Histogram:
    return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=bounds)
