"""What creations are measured against asks of the ports what a creation asks, no less and no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from benchmarks.concurrent_creation import World, bare_creation, by_the_library
from chatworkspace.ports import Store
from chatworkspace_fake import MemoryStore

OF_STORE = tuple(name for name in vars(Store) if not name.startswith("_"))


def asked(create: Callable[[World, str], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the ports are asked for by the second creation of a world: the first one reads the store's secret."""
    calls = list[str]()
    world = World(2)
    create(world, world.chats[0])
    before = len(world.coder.calls)
    with monkeypatch.context() as patch:
        for name in OF_STORE:
            patch.setattr(MemoryStore, name, noted(calls, name, getattr(MemoryStore, name)))
        create(world, world.chats[1])
    return sorted([*calls, *world.coder.calls[before:]])


def noted(calls: list[str], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method, which notes that it was called."""

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return method(*args, **kwargs)

    return call


def test_the_bare_port_calls_are_those_of_a_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of the store, three of the platform."""
    ours, bare = asked(by_the_library, monkeypatch), asked(bare_creation, monkeypatch)
    assert ours == bare == sorted(["look", "get_template", "claim", "create_workspace", "bind", "dial", "look"])
