"""Listeners of tests: what they hear, and the worlds that they hear it in."""

from __future__ import annotations

from typing import Any, TypeVar

from chatworkspace.events import CallBegun, CallEnded, Event
from tests.service.chats import CHAT, World

E = TypeVar("E", bound=Event)


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of a kind."""
        return [it for it in self.events if isinstance(it, kind)]

    def begun(self, name: str) -> CallBegun:
        """Return how the latest call of a method began."""
        return [it for it in self.of(CallBegun) if it.name == name][-1]

    def ended(self, name: str) -> CallEnded:
        """Return how the latest call of a method ended."""
        return [it for it in self.of(CallEnded) if it.name == name][-1]


class Heard(World):
    """A world that is listened to."""

    def __init__(self, **service: Any) -> None:
        self.ear = Ear()
        service.setdefault("on_event", self.ear)
        super().__init__(**service)
        self.ear.events.clear()


__all__ = ["CHAT", "Ear", "Heard"]
