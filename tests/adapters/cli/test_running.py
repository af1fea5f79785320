"""A call under way, and Ctrl-C at the worst moments: the main thread never makes requests, so none of them is cut short."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event, current_thread, main_thread

import pytest

from chatworkspace import Progress
from chatworkspace_cli._online.running import LeftError, Running
from tests.adapters.cli.test_screens import BUILDING
from tests.hanging import PATIENCE, not_hanging


class Screen:
    """Notes what it is to show; may be where Ctrl-C strikes."""

    def __init__(self, *, strikes: int = 0) -> None:
        self.shown: list[Progress] = []
        self.said: list[str] = []
        self.noted: list[str] = []
        self._strikes = strikes

    def show(self, step: Progress) -> None:
        """Note it."""
        assert current_thread() is main_thread()
        self.shown.append(step)
        self._strike()

    def note(self, text: str) -> None:
        """Note it."""
        assert current_thread() is main_thread()
        self.noted.append(text)

    def tick(self, elapsed: float) -> None:
        """Be interrupted."""
        assert elapsed >= 0
        self._strike()

    def say(self, text: str) -> None:
        """Note it."""
        self.said.append(text)

    def close(self) -> None:
        """Do nothing."""

    def _strike(self) -> None:
        if self._strikes:
            self._strikes -= 1
            raise KeyboardInterrupt


def test_it_is_made_by_a_thread_of_its_own() -> None:
    """Its steps are shown by the main thread, in order, and its result is returned."""
    screen = Screen()

    def act() -> bool:
        running.tell(BUILDING)
        return current_thread() is main_thread()

    running = Running(act)
    assert running.end(screen, lambda: None) is False
    assert screen.shown == [BUILDING]


def test_what_it_raises_is_raised() -> None:
    """As if the main thread had made it."""

    def act() -> None:
        raise ValueError("so")

    with pytest.raises(ValueError, match="so"):
        Running(act).end(Screen(), lambda: None)


def test_ctrl_c_ends_the_wait_and_its_outcome_is_told() -> None:
    """The call is interrupted, not its thread: it says itself how far it came."""
    woken = Event()

    def act() -> str:
        running.tell(BUILDING)
        return "interrupted" if woken.wait(30) else "not"

    running, screen = Running(act), Screen(strikes=1)
    assert running.end(screen, woken.set) == "interrupted"
    assert screen.said[0].startswith("interrupted")


def test_what_clears_up_is_given_its_time() -> None:
    """What it tells is shown beside the steps, and Ctrl-C says what goes on."""
    interrupted = Event()

    def act() -> str:
        running.tell(BUILDING)
        assert interrupted.wait(PATIENCE)
        running.tell("deleting")
        return "cleared up"

    running, screen = Running(act), Screen(strikes=1)
    assert running.end(screen, interrupted.set, grace=PATIENCE, ending="deleting what was made") == "cleared up"
    assert (screen.noted, screen.said) == (["deleting"], ["interrupted: deleting what was made (Ctrl-C again: at once)"])


@pytest.mark.parametrize("strikes", [1, 2])
def test_a_request_that_does_not_end_is_left(strikes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, or at once when Ctrl-C comes again."""
    over = Event()
    monkeypatch.setattr("chatworkspace_cli._online.running.GRACE", 0.3 if strikes == 1 else 60.0)
    running = Running(lambda: over.wait(60))
    with not_hanging(), pytest.raises(LeftError):
        running.end(Screen(strikes=strikes), lambda: None)
    over.set()
    running.wait(PATIENCE)


def test_ctrl_c_just_as_the_call_ends() -> None:
    """Its result is not lost, though its end was noticed by what was interrupted."""
    running = Running(lambda: "done")

    class Late(SimpleQueue[Progress | str | None]):
        """A queue out of which the end is taken, and Ctrl-C comes."""

        def get(self, block: bool = True, timeout: float | None = None) -> Progress | str | None:  # noqa: FBT001, FBT002 # as the queue's own
            told = super().get(block, timeout)
            if told is None:
                raise KeyboardInterrupt
            return told

    running._news = Late()
    assert running.end(Screen(), lambda: None) == "done"


def test_ctrl_c_comes_again_while_the_wait_is_being_ended() -> None:
    """At the very moment between the two: it is as if it came later, and nothing escapes."""
    over = Event()

    def interrupt() -> None:
        raise KeyboardInterrupt

    running = Running(lambda: over.wait(60))
    with pytest.raises(LeftError):
        running.end(Screen(strikes=1), interrupt)
    over.set()
    running.wait(PATIENCE)
