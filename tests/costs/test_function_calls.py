"""What the library itself does for a call, over the quickest of ports: functions of the core that are called, those of the adapters apart.

Each is a bound: as many as there were when it was written, on the interpreter that makes the most of them. More of them are a cost that somebody has
to want; fewer are a new bound. How long it takes is for benchmarks/concurrent_creation.py to say.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, Outcome, Template
from chatworkspace.events import CallBegun, CallEnded, Claimed, Dialled, Event, PhaseBegun, Requested
from chatworkspace.ports import SystemClock
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from tests.costs.profile import ADAPTERS, CORE, calls_of

CREATION = 97
READY = 45
STATUS = 30
HEARD = 20
"""How many a creation may call more where somebody listens to its events."""
TOOLBOX = 49
"""How many more, where a model asks for it by the JSON of its arguments, and is told of it in JSON."""
OF_ADAPTERS = 180
"""How many functions of the adapters a creation calls: store, platform and dialer, all in memory."""


class Service:
    """A service in real time over store and platform in memory, which has made a workspace before, so that all is imported and read once."""

    def __init__(self, **service: Any) -> None:
        clock = SystemClock()
        coder = FakeCoder(clock)
        self.docker: Template = coder.add_template("docker")
        self.chats = ChatWorkspaces(store=MemoryStore(clock), creator=coder, dialer=coder, clock=clock, **service)
        for chat_id in ("first", "chat"):
            self.chats.open_chat(chat_id, owner_id=OWNER, organization_id=ORGANIZATION)
        self.create("first")

    def create(self, chat_id: str = "chat") -> Outcome:
        """Create, or find what is there."""
        return self.chats.create(chat_id, self.docker.id)

    def status(self) -> Outcome:
        """Look."""
        return self.chats.status("chat")

    def asked_by_a_model(self) -> Callable[[], str]:
        """Return what creates the chat's workspace as a model asks for it; another chat's was created so before."""
        boxes, arguments = [self.chats.toolbox(it) for it in ("first", "chat")], json.dumps({"template_id": str(self.docker.id)})
        assert boxes[0].call("create_workspace", arguments).text
        return lambda: boxes[1].call("create_workspace", arguments).text


def counted(act: Callable[[], Outcome], *, of: Path = CORE) -> tuple[int, str]:
    """Act, which has to end with a ready workspace; return how many functions of this folder were called, and which."""
    with calls_of(of) as counts:
        outcome = act()
    assert outcome.ready
    return listed(counts)


def listed(counts: Counter[str]) -> tuple[int, str]:
    """Return how many functions were called, and which."""
    return sum(counts.values()), "\n".join(f"{number} {name}" for name, number in counts.most_common())


def test_a_creation() -> None:
    """From the call to the ready workspace, of a template that takes no time."""
    number, which = counted(Service().create)
    assert number <= CREATION, which


@pytest.mark.parametrize(("call", "most"), [("create", READY), ("status", STATUS)])
def test_a_chat_that_is_known_to_be_ready(call: str, most: int) -> None:
    """It was proven a moment ago: one look at the store."""
    service = Service()
    service.create()
    getattr(service, call)()  # what is worded once for the process is worded
    number, which = counted(getattr(service, call))
    assert number <= most, which


def test_who_does_not_listen_pays_nothing() -> None:
    """No function that is about events is called, neither in a creation nor by whoever finds the workspace ready."""
    service = Service()
    for call in (service.create, service.create, service.status):
        _, which = counted(call)
        assert not re.search(r"hearing\.py|events\.py|logs\.py", which), which


def test_a_creation_that_somebody_listens_to() -> None:
    """Each event is a value that was made beside the call, and told when the call had nothing in its hands."""
    events: list[Event] = []
    alone, _ = counted(Service().create)
    service = Service(on_event=events.append)
    events.clear()
    heard, which = counted(service.create)
    assert heard - alone <= HEARD, which
    assert {type(it) for it in events} == {CallBegun, CallEnded, Claimed, Dialled, PhaseBegun, Requested}


def test_a_creation_that_a_model_asks_for() -> None:
    """Its arguments are checked, and what it is told is made to fit."""
    alone, _ = counted(Service().create)
    ask = Service().asked_by_a_model()
    with calls_of(CORE) as counts:
        told = json.loads(ask())
    number, which = listed(counts)
    assert (told["created"], told["state"]) == (True, "ready")
    assert number - alone <= TOOLBOX, which


def test_what_a_creation_calls_of_the_adapters() -> None:
    """The core spares nothing by having its ports do more."""
    number, which = counted(Service().create, of=ADAPTERS)
    assert number <= OF_ADAPTERS, which


def test_what_is_counted() -> None:
    """The core's functions, and no others; each as often as it was called, in whatever thread."""
    with calls_of(CORE) as counts:
        service = Service()
        service.create()
    assert counts["chatworkspace/service.py:create"] == 2
    assert all(name.startswith("chatworkspace/") for name in counts)
