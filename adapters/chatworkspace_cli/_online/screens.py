"""Progress for people, on standard error: a few rows of a terminal's screen, else one plain line for each change."""

from __future__ import annotations

from collections import deque
from typing import Protocol, TextIO

import attrs

from chatworkspace import Progress
from chatworkspace_cli._online.texts import queue_text, step_text
from chatworkspace_cli._printing import as_json, printable, say
from chatworkspace_cli._screen import Drawing, Entry, View, can_draw, lasted

TAIL = 4
"""Lines of the build log that a terminal shows."""
BEFORE = "asking"
"""What is shown before the first step is told."""


class Screen(Protocol):
    """Shows steps. Used by one thread."""

    def show(self, step: Progress) -> None:
        """Show a step, or a line of the log."""
        ...

    def note(self, text: str) -> None:
        """Show how far it is, in a line of other people's text."""
        ...

    def tick(self, elapsed: float) -> None:
        """Show that time passes; elapsed: seconds since the command began."""
        ...

    def say(self, text: str) -> None:
        """Say something to stay."""
        ...

    def close(self) -> None:
        """Leave nothing on the screen that has been overtaken."""
        ...


def screen_for(out: TextIO, *, quiet: bool) -> Screen:
    """Return what shows steps there."""
    if quiet:
        return Silent(out)
    return Terminal(out) if can_draw(out) else Lines(out)


class Silent:
    """Shows no steps."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, step: Progress) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def tick(self, elapsed: float) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Print it."""
        say(printable(text), self._out)

    def close(self) -> None:
        """Do nothing."""


class Lines(Silent):
    """One line for each change, and for each line of the log."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._changes = Changes()

    def show(self, step: Progress) -> None:
        """Print what is new."""
        if self._changes.is_new(step):
            self.say(f"{step.elapsed:8.1f} s  {step_text(step)}")

    def note(self, text: str) -> None:
        """Print it."""
        self.say(text)


class Terminal(Silent):
    """A row that says what is under way and for how long, and below it the end of the log; gone when the command ends."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._drawing = Drawing(out, stays=False)
        self._entry = Entry(name="", state=BEFORE, held=0.0)
        self._since = self._elapsed = 0.0
        self._log = deque[str](maxlen=TAIL)

    def show(self, step: Progress) -> None:
        """Draw the step."""
        self._elapsed = max(step.elapsed, self._elapsed)
        if step.line is not None:
            self._log.append(step.line)
        elif step.phase is not None:
            self._change(step.chat_id, step.phase.value, queue_text(step))
        self._draw()

    def note(self, text: str) -> None:
        """Draw it beside what is under way."""
        self._change("", "running", text)
        self._draw()

    def tick(self, elapsed: float) -> None:
        """Draw the time."""
        self._elapsed = max(elapsed, self._elapsed)
        self._draw()

    def say(self, text: str) -> None:
        """Print it above what is drawn."""
        self._drawing.say(text)

    def close(self) -> None:
        """Wipe what was drawn."""
        self._drawing.close()

    def _change(self, name: str, state: str, detail: str) -> None:
        if (state, detail) != (self._entry.state, self._entry.detail):
            self._since = self._elapsed if state != self._entry.state or name == "" else self._since
            self._entry = Entry(name=name, state=state, held=0.0, detail=detail)

    def _draw(self) -> None:
        entry = attrs.evolve(self._entry, held=self._elapsed - self._since)
        self._drawing.draw(View(entries=(entry,), log=tuple(self._log), footer=f"{lasted(self._elapsed)} in all; Ctrl-C ends the wait"))


class JsonLines(Silent):
    """Steps as JSON objects, one a line, for programs."""

    def __init__(self, out: TextIO, errors: TextIO) -> None:
        super().__init__(errors)
        self._steps = out
        self._changes = Changes()

    def show(self, step: Progress) -> None:
        """Print what is new."""
        if step.outcome is None and self._changes.is_new(step):
            say(as_json(step.as_dict()), self._steps)


class Changes:
    """Tells what is new from what is told again and again, so that a follower knows that somebody is there."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()

    def is_new(self, step: Progress) -> bool:
        """Say whether it is to be shown."""
        if step.line is not None:
            return True
        this = step.generation, step.build_number, step.phase, step.queue_position
        known, self._last = self._last, this
        return step.phase is not None and this != known
