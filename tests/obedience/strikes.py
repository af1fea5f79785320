"""What strikes the calls of a fake, and what it refuses: the world's own word on each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from chatworkspace import RefusedError
from chatworkspace_fake import FakeCoder, FakeStore

T = TypeVar("T")


class Strikes:
    """What strikes the calls of one fake, and what it refuses."""

    def __init__(self, fake: FakeCoder | FakeStore, now: Callable[[], float]) -> None:
        faults: Any = fake._faults
        self.faults = faults
        self.log: list[tuple[float, Any]] = []
        self.refused = 0
        self.dial_struck = False
        self._first: dict[int, float] = {}
        self._now = now
        self._struck: Callable[[str], Any] = faults.struck
        self._apply: Any = faults.apply
        faults.struck, faults.apply = self.struck, self.apply

    def struck(self, call: str) -> Any:
        """Ask, and take note."""
        armed = self._struck(call)
        if armed is not None:
            now = self._now()
            self._first.setdefault(id(armed), now)
            self.log.append((now, armed))
        if call == "dial":
            self.dial_struck = armed is not None
        return armed

    def apply(self, call: str, act: Callable[[], T], **how: Any) -> T:
        """Act, and take note of a refusal."""
        try:
            done: T = self._apply(call, act, **how)
        except RefusedError:
            self.refused += 1
            raise
        if call == "dial":
            self.dial_struck = False  # it took a while, and was answered
        return done

    def first(self, armed: Any) -> float:
        """Return when it struck first."""
        return self._first[id(armed)]
