"""Spans and metrics, as the SDK's own exporters in memory have them."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chatworkspace import ChatNotFoundError
from chatworkspace.ports import DialError
from chatworkspace_telemetry import Telemetry
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SCRIPTS, SLOW, World

SECOND = 10**9


class Watched:
    """A world whose calls become spans and metrics."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters, server_address="coder.example")
        self.world = World(on_event=telemetry)
        self.exporter.clear()

    @property
    def spans(self) -> list[ReadableSpan]:
        """What was exported."""
        return list(self.exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """Return the only span of a name."""
        (found,) = (it for it in self.spans if it.name == name)
        return found

    def within(self, span: ReadableSpan) -> list[ReadableSpan]:
        """Return the children of a span, by their beginning."""
        assert span.context is not None
        mine = [it for it in self.spans if it.parent is not None and it.parent.span_id == span.context.span_id]
        return sorted(mine, key=lambda it: it.start_time or 0)

    def points(self, metric: str) -> list[Any]:
        """Return the points of a metric."""
        data: Any = self.reader.get_metrics_data()
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for it in scope.metrics
            if it.name == metric
            for point in it.data.data_points
        ]


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Give a world, and shut its providers down."""
    watched = Watched()
    yield watched
    watched.tracers.shutdown()
    watched.meters.shutdown()


def seconds(span: ReadableSpan) -> float:
    """Return how long a span took."""
    assert span.end_time is not None
    assert span.start_time is not None
    return (span.end_time - span.start_time) / SECOND


def told(span: ReadableSpan) -> dict[str, Any]:
    """Return its attributes."""
    return dict(span.attributes or {})


def test_a_call_is_a_span(watched: Watched) -> None:
    """From its beginning to its end, with the chat, the workspace, and why it ended."""
    world = watched.world
    docker = world.template(**SLOW)
    began = world.sim.now()
    world.chats.create(CHAT, docker.id)
    call = watched.span("chatworkspace create")
    assert call.start_time == round(began.timestamp() * SECOND)
    assert (seconds(call), call.kind, call.status.status_code) == (READY, SpanKind.INTERNAL, StatusCode.UNSET)
    assert told(call) == {
        "code.function.name": "chatworkspace.ChatWorkspaces.create",
        "gen_ai.conversation.id": CHAT,
        "chatworkspace.call": "create",
        "chatworkspace.reason": "created",
        "chatworkspace.state": "ready",
        "chatworkspace.workspace.id": str(world.latest.id),
        "chatworkspace.workspace.build": 1,
    }
    assert [it.name for it in call.events] == ["chatworkspace.claimed"]


def test_its_phases_are_all_of_it(watched: Watched) -> None:
    """Spans within it, one after the other; requests and dials are within those."""
    watched.world.chats.create(CHAT, watched.world.template(**SLOW).id)
    call = watched.span("chatworkspace create")
    phases = watched.within(call)
    assert [(it.name, seconds(it)) for it in phases if seconds(it)] == [("building", BUILD), ("connecting", CONNECT), ("scripts", SCRIPTS)]
    assert (phases[0].start_time, phases[-1].end_time) == (call.start_time, call.end_time)
    assert all(one.end_time == other.start_time for one, other in itertools.pairwise(phases))
    creating = watched.span("creating")
    (request,) = watched.within(creating)
    assert (request.name, request.kind) == ("create_workspace", SpanKind.CLIENT)
    assert told(request) == {"chatworkspace.port": "platform", "chatworkspace.request": "create_workspace", "server.address": "coder.example"}
    dial = watched.span("dial")
    assert told(dial)["chatworkspace.agent"] == "main"


def test_it_is_within_the_span_of_its_caller(watched: Watched) -> None:
    """That of a web server's request, say."""
    docker = watched.world.template()
    with watched.tracers.get_tracer("host").start_as_current_span("POST /chats") as outer:
        watched.world.chats.create(CHAT, docker.id)
    call = watched.span("chatworkspace create")
    assert call.parent is not None
    assert call.parent.span_id == outer.get_span_context().span_id


def test_what_fails_is_an_error(watched: Watched) -> None:
    """By its class: of a call, of a request and of a dial; a look at a chat that nobody knows is no fault of the store's, and told as it is."""
    world = watched.world
    docker = world.template()
    world.coder.when("dial").fail(DialError("no route"))
    world.coder.when("create_workspace").lose_answer()
    world.chats.create(CHAT, docker.id)
    with pytest.raises(ChatNotFoundError):
        world.chats.status("nobody")
    failed = {it.name: told(it)["error.type"] for it in watched.spans if it.status.status_code is StatusCode.ERROR}
    assert failed == {
        "create_workspace": "NotAnsweredError",
        "dial": "DialError",
        "look": "NotFoundError",
        "chatworkspace status": "ChatNotFoundError",
    }
    assert [it.name for it in watched.span("chatworkspace create").events] == ["chatworkspace.claimed", "chatworkspace.adopted"]


def test_calls_are_counted_by_their_reason(watched: Watched) -> None:
    """And measured, in seconds; so is each phase."""
    world = watched.world
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id)
    world.chats.create(CHAT, docker.id)
    with pytest.raises(ChatNotFoundError):
        world.chats.start("nobody")
    counted = {
        (it.attributes["chatworkspace.call"], it.attributes.get("chatworkspace.reason")): it.value for it in watched.points("chatworkspace.calls")
    }
    assert counted == {("open_chat", None): 1, ("create", "created"): 1, ("create", "existing"): 1, ("start", "chat_not_found"): 1}
    (created,) = (it for it in watched.points("chatworkspace.call.duration") if it.attributes.get("chatworkspace.reason") == "created")
    assert (created.count, created.sum) == (1, READY)
    (failed,) = (it for it in watched.points("chatworkspace.call.duration") if "error.type" in it.attributes)
    assert failed.attributes["error.type"] == "ChatNotFoundError"
    phases = {it.attributes["chatworkspace.phase"]: it.sum for it in watched.points("chatworkspace.phase.duration")}
    assert phases == {"planning": 0, "creating": 0, "building": BUILD, "connecting": CONNECT, "scripts": SCRIPTS}


def test_requests_are_measured_and_incidents_counted(watched: Watched) -> None:
    """Neither with a chat or a workspace: there are too many."""
    world = watched.world
    docker = world.template(**SLOW)
    world.interrupted_creation(docker)
    world.sim.at(world.sim.elapsed + 10, world.coder.break_watches)
    world.sim.store.when("look").fail()
    world.chats.create(CHAT, docker.id)
    incidents = {it.attributes["chatworkspace.incident"]: it.value for it in watched.points("chatworkspace.incidents")}
    assert incidents == {"adopted": 1, "retried": 1, "taken_over": 1, "watch_broken": 1}
    requests = {it.attributes["chatworkspace.request"] for it in watched.points("chatworkspace.request.duration")}
    assert {"look", "claim", "bind", "find_workspace", "dial"} <= requests
    for metric in ("chatworkspace.calls", "chatworkspace.request.duration", "chatworkspace.incidents"):
        assert all(CHAT not in point.attributes.values() for point in watched.points(metric))


def test_nothing_is_kept_of_a_call_that_has_ended(watched: Watched) -> None:
    """Nor of a follower that was let go, once the next call has told of it."""
    world = watched.world
    world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    steps = world.chats.follow(CHAT)
    next(steps)
    steps.close()
    world.chats.get_chat(CHAT)
    assert watched.span("chatworkspace follow").end_time is not None
    assert len([it for it in watched.spans if it.name.startswith("chatworkspace ")]) == 3


def test_it_needs_the_api_alone() -> None:
    """A host without an SDK pays for nothing but a few calls that do nothing."""
    code = "import sys, chatworkspace_telemetry as it; it.Telemetry(); print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    path = ":".join(sys.path)
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": path})
    assert ran.stdout.strip() == "[]"
