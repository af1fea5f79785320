"""Progress for people, on standard error: a few lines drawn again and again on a terminal, else one plain line for each change."""

from __future__ import annotations

from collections import deque
from typing import Protocol, TextIO

from chatworkspace import Progress
from chatworkspace_cli._online.texts import step_text
from chatworkspace_cli._printing import as_json, printable, say

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
    return Terminal(out) if out.isatty() else Lines(out)


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
    """A line that says what is under way and since when, and below it the end of the log; gone when the command ends."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._what = BEFORE
        self._log = deque[str](maxlen=TAIL)
        self._elapsed = 0.0
        self._drawn = 0

    def show(self, step: Progress) -> None:
        """Draw the step."""
        if step.line is not None:
            self._log.append(printable(step_text(step)))
        elif step.phase is not None:
            self._what = step_text(step)
        self.tick(max(step.elapsed, self._elapsed))

    def note(self, text: str) -> None:
        """Draw it in the place of what was under way."""
        self._what = printable(text)
        self.tick(self._elapsed)

    def tick(self, elapsed: float) -> None:
        """Draw the time."""
        self._elapsed = elapsed
        rows = [f"{elapsed:8.1f} s  {self._what}", *self._log]
        # no line is wrapped, however narrow the terminal: the next drawing would begin too low
        self._out.write("\x1b[?7l" + self._home() + "".join(f"\x1b[2K{row}\n" for row in rows) + "\x1b[?7h")
        self._out.flush()
        self._drawn = len(rows)

    def say(self, text: str) -> None:
        """Print it above what is drawn."""
        self.close()
        super().say(text)

    def close(self) -> None:
        """Wipe what was drawn."""
        if self._drawn:
            self._out.write(self._home() + "\x1b[J")
            self._out.flush()
            self._drawn = 0

    def _home(self) -> str:
        return f"\r\x1b[{self._drawn}A" if self._drawn else "\r"


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
