"""The spans: one for a call, within it one for each phase, and within those one for each request and dial."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from chatworkspace import Phase
from chatworkspace.events import Adopted, CallBegun, CallEnded, Claimed, Dialled, Event, PhaseBegun, Requested, Retried, TakenOver, WatchBroken
from chatworkspace_telemetry._names import (
    AGENT,
    BUILD,
    CALL,
    CONVERSATION,
    EPOCH,
    ERROR_TYPE,
    FUNCTION,
    PAUSE,
    PHASE,
    PLAN,
    PORT,
    REASON,
    REQUEST,
    SERVER_ADDRESS,
    STATE,
    WORKSPACE,
)

Attributes = Mapping[str, str | int | float]

METHODS = frozenset(
    "attach chats close_chat connect create delete detach follow get_chat history open_chat start status stop sweep".split()  # noqa: SIM905 # a line
)
"""Calls that are methods of ChatWorkspaces by that name."""


@attrs.define(kw_only=True, eq=False)
class _Open:
    """A call under way."""

    span: Span
    phase: Span
    began: int
    """In nanoseconds, as OpenTelemetry tells instants."""

    def at(self, seconds: float) -> int:
        return self.began + round(seconds * 1e9)


class Spans:
    """Makes spans of events. Safe from any thread: each call's events come one after the other, and each step on the table is one of a dict's own."""

    def __init__(self, tracer: Tracer, *, server_address: str) -> None:
        self._tracer = tracer
        self._platform: dict[str, str] = {SERVER_ADDRESS: server_address} if server_address else {}
        self._open: dict[int, _Open] = {}

    def note(self, event: Event) -> None:
        """Begin and end what an event tells of."""
        if isinstance(event, CallBegun):
            self._begin(event)
            return
        call = self._open.get(event.call)
        if call is None:
            return  # it began before anybody listened
        match event:
            case PhaseBegun():
                call.phase.end(call.at(event.after))
                call.phase = self._phase(call.span, event.phase, call.at(event.after))
            case Requested() | Dialled():
                self._asked(call, event)
            case CallEnded():
                del self._open[event.call]
                _end(call, event)
            case _:
                call.span.add_event(f"chatworkspace.{_INCIDENTS[type(event)]}", _told(event), call.at(event.after))

    def _begin(self, event: CallBegun) -> None:
        """Begin a call's span, within whatever span the calling thread is in."""
        attributes = {CALL: event.name}
        if event.name in METHODS:
            attributes[FUNCTION] = f"chatworkspace.ChatWorkspaces.{event.name}"
        if event.chat_id:
            attributes[CONVERSATION] = event.chat_id
        began = round(event.at.timestamp() * 1e9)
        span = self._tracer.start_span(f"chatworkspace {event.name}", attributes=attributes, start_time=began)
        self._open[event.call] = _Open(span=span, phase=self._phase(span, Phase.PLANNING, began), began=began)

    def _phase(self, within: Span, phase: Phase, at: int) -> Span:
        return self._tracer.start_span(phase.value, set_span_in_context(within), attributes={PHASE: phase.value}, start_time=at)

    def _asked(self, call: _Open, event: Requested | Dialled) -> None:
        if isinstance(event, Requested):
            name, attributes = event.request, {PORT: event.port, REQUEST: event.request}
            attributes |= self._platform if event.port == "platform" else {}
        else:
            name, attributes = "dial", {PORT: "agent", REQUEST: "dial", AGENT: event.agent, **self._platform}
        context, ended = set_span_in_context(call.phase), call.at(event.after)
        span = self._tracer.start_span(name, context, SpanKind.CLIENT, attributes, start_time=call.at(event.after - event.took))
        if event.error_type:
            span.set_attribute(ERROR_TYPE, event.error_type)
            span.set_status(Status(StatusCode.ERROR, event.error))
        span.end(ended)


_INCIDENTS: dict[type[Event], str] = {
    Adopted: "adopted",
    Claimed: "claimed",
    Retried: "retried",
    TakenOver: "taken_over",
    WatchBroken: "watch_broken",
}


def _told(event: Event) -> Attributes:
    match event:
        case Claimed(epoch=epoch, plan=plan):
            return {EPOCH: epoch, PLAN: plan}
        case TakenOver(plan=plan):
            return {PLAN: plan}
        case Retried(port=port, request=request, pause=pause):
            return {PORT: port, REQUEST: request, PAUSE: pause}
        case WatchBroken(pause=pause):
            return {PAUSE: pause}
        case _:
            return {}


def _end(call: _Open, event: CallEnded) -> None:
    ended = call.at(event.after)
    told: dict[str, str | int | None] = {
        REASON: event.reason and event.reason.value,
        STATE: event.state and event.state.value,
        WORKSPACE: None if event.workspace_id is None else str(event.workspace_id),
        BUILD: event.build_number,
        ERROR_TYPE: event.error or None,
    }
    call.span.set_attributes({name: value for name, value in told.items() if value is not None})
    if event.error:
        call.span.set_status(Status(StatusCode.ERROR))
    call.phase.end(ended)
    call.span.end(ended)
