"""Each reason that a call may end with is heard, and the phases of each call add up to its time.

docs/reference/reasons.md names a test for each reason. Here those tests run once more, with a listener on every ChatWorkspaces that they make.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaces, ClosedError, ConnectError, InvalidArgumentError, Reason
from chatworkspace.events import CallBegun, CallEnded
from chatworkspace.ports import DialError
from tests.events.listening import CHAT, Ear
from tests.service.chats import SLOW, World

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \|.*\| `(tests/service/test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)
TESTS = {value: (path, test) for value, path, test in ROW.findall((ROOT / "docs" / "reference" / "reasons.md").read_text(encoding="utf-8"))}
OF_NO_CALL = {Reason.NOT_READY, Reason.REPLACED, Reason.FIRST_BUILD_FAILED}
"""Of an outcome that was asked too much, and why a workspace was left behind."""


def with_another_owner() -> None:
    """Open a chat that somebody else has opened."""
    world = World()
    with pytest.raises(InvalidArgumentError):
        world.chats.open_chat(CHAT, owner_id=UUID(int=404), organization_id=world.chat.organization_id)


def closed_while_it_waits() -> None:
    """Close everything while a call waits for a build."""
    world = World()
    docker = world.template(**SLOW)

    def create() -> None:
        with pytest.raises(ClosedError):
            world.chats.create(CHAT, docker.id)

    world.sim.at(10, world.chats.close)
    world.sim.run(create)


def that_reaches_nobody() -> None:
    """Connect to an agent that no dial reaches."""
    world = World()
    world.created()
    world.coder.when("dial", times=2).fail(DialError("no route"))
    with pytest.raises(ConnectError):
        world.chats.connect(CHAT)


OWN: dict[Reason, Callable[[], None]] = {
    Reason.INVALID_ARGUMENT: with_another_owner,
    Reason.CLOSED: closed_while_it_waits,
    Reason.CONNECT_FAILED: that_reaches_nobody,
}
"""Where the test that the document names makes no call: it is refused before."""


def _module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"heard_{Path(path).stem}", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _values(row: Any, number: int) -> list[Any]:
    """Return the values of a row of parametrize()."""
    if isinstance(row, type(pytest.param())):
        return list(row.values)
    return list(row) if number > 1 else [row]


def _cases(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each case of a test."""
    columns: list[list[dict[str, Any]]] = []
    marks: list[pytest.Mark] = getattr(test, "pytestmark", [])
    for mark in marks:
        given, rows = mark.args
        names: list[str] = [it.strip() for it in given.split(",")] if isinstance(given, str) else list(given)
        columns.append([dict(zip(names, _values(row, len(names)), strict=True)) for row in rows])
    for case in product(*columns):
        yield {name: value for part in case for name, value in part.items()}


def _run(reason: Reason, request: pytest.FixtureRequest) -> None:
    if reason in OWN:
        OWN[reason]()
        return
    path, name = TESTS[reason.value]
    test: Callable[..., None] = getattr(_module(path), name)
    for case in _cases(test):
        fixtures = inspect.signature(test).parameters.keys() - case.keys()
        test(**case, **{fixture: request.getfixturevalue(fixture) for fixture in fixtures})


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    """Listen to every ChatWorkspaces that is made."""
    ear, made = Ear(), ChatWorkspaces.__init__

    @wraps(made)
    def make(self: ChatWorkspaces, **arguments: Any) -> None:
        arguments.setdefault("on_event", ear)
        made(self, **arguments)

    monkeypatch.setattr(ChatWorkspaces, "__init__", make)
    return ear


@pytest.mark.parametrize("reason", [it for it in Reason if it not in OF_NO_CALL], ids=lambda it: it.value)
def test_a_call_that_ends_for_a_reason(reason: Reason, ear: Ear, request: pytest.FixtureRequest) -> None:
    """It is heard to end so; and the phases of every call that is heard are all of its time, in the time of the simulation."""
    _run(reason, request)
    ended = ear.of(CallEnded)
    assert reason in {it.reason for it in ended}
    assert len({it.call for it in ended}) == len(ended)
    assert {it.call for it in ended} <= {it.call for it in ear.of(CallBegun)}
    for call in ended:
        assert sum(call.phases.values()) == pytest.approx(call.after, abs=1e-6), call
        assert min(call.phases.values()) >= 0, call
        heard = [it.after for it in ear.events if it.call == call.call]
        assert heard == sorted(heard), call
        assert heard[-1] == call.after


def test_every_reason_has_a_test() -> None:
    """Of those that a call may end with, none is left out."""
    assert {Reason(it) for it in TESTS} | OF_NO_CALL == set(Reason)
