"""Platforms whose watches break a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import NotFoundError, Watch
from chatworkspace_fake import FakeCoder
from tests.contract.broken.breaking import Really
from tests.contract.broken.creators.kinds import CREATORS


class BrokenWatch(Watch):
    """A watch that passes all on, for others to break."""

    def __init__(self, watch: Watch, now: Callable[[], Workspace]) -> None:
        self.watch = watch
        self.now = now

    def next(self, deadline: float) -> Workspace | None:
        """Pass on."""
        return self.watch.next(deadline)

    def close(self) -> None:
        """Pass on."""
        self.watch.close()


class RepeatingWatch(BrokenWatch):
    """Tells the same state again."""

    def next(self, deadline: float) -> Workspace | None:
        """Tell how it is in any case."""
        return self.watch.next(deadline) or self.now()


class LateWatch(BrokenWatch):
    """Tells changes only, not how it is."""

    def __init__(self, watch: Watch, now: Callable[[], Workspace]) -> None:
        super().__init__(watch, now)
        self.watch.next(0)


class DeafWatch(BrokenWatch):
    """Cannot be closed."""

    def close(self) -> None:
        """Do nothing."""


class OldWatch(BrokenWatch):
    """Tells first how it was when it was opened."""

    def __init__(self, watch: Watch, now: Callable[[], Workspace]) -> None:
        super().__init__(watch, now)
        self.before: Workspace | None = now()

    def next(self, deadline: float) -> Workspace | None:
        """Tell that once."""
        told, self.before = self.before, None
        return told or self.watch.next(deadline)


class ImpatientWatch(BrokenWatch):
    """Says at once that nothing is new."""

    def next(self, deadline: float) -> Workspace | None:
        """Look once."""
        del deadline
        return self.watch.next(0)


class SleepyWatch(BrokenWatch):
    """Loses what comes before somebody waits."""

    begun = False

    def next(self, deadline: float) -> Workspace | None:
        """Wait for the next but that."""
        if self.begun:
            self.watch.next(0)
        self.begun = True
        return self.watch.next(deadline)


class ForgetfulWatch(BrokenWatch):
    """Tells a deleted workspace as it was before."""

    last: Workspace | None = None

    def next(self, deadline: float) -> Workspace | None:
        """Pass on what is not deleted."""
        told = self.watch.next(deadline)
        if told is not None and told.deleted:
            return self.last
        self.last = told or self.last
        return told


class SharedWatch(BrokenWatch):
    """Takes the news from all others of its platform."""

    told: ClassVar[WeakKeyDictionary[object, list[Workspace]]] = WeakKeyDictionary()

    def next(self, deadline: float) -> Workspace | None:
        """Tell what no other has told."""
        state, told = self.watch.next(deadline), self.told.setdefault(vars(self.watch)["_platform"], [])
        if state is None or state in told:
            return None
        told.append(state)
        return state


class BlindWatch(BrokenWatch):
    """Does not see that it sees nothing any more."""

    def next(self, deadline: float) -> Workspace | None:
        """Say that nothing is new."""
        try:
            return self.watch.next(deadline)
        except NotFoundError:
            return None


class OnceClosedWatch(BrokenWatch):
    """Can be closed once."""

    closed = False

    def close(self) -> None:
        """Raise at the second time."""
        if self.closed:
            raise UnavailableError("closed")
        self.closed = True
        super().close()


class WatchesBadly(FakeCoder):
    """Its watches break a rule."""

    watches: type[BrokenWatch]

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Wrap it."""
        watch = super().watch(workspace, deadline=deadline)
        assert watch is not None
        return self.watches(watch, lambda: self.get_workspace(workspace.owner_id, workspace.id, deadline=deadline))


def watches(kind: type[BrokenWatch], *rules: str) -> None:
    """Add a platform with such watches."""
    CREATORS.breaks(*rules)(type(f"Has{kind.__name__}", (WatchesBadly,), {"watches": kind}))


watches(RepeatingWatch, "watch.nothing-new", "watch.differs", "watch.its-own-workspace")
watches(LateWatch, "watch.first-state")
watches(DeafWatch, "watch.closing", "watch.closed")
watches(OldWatch, "watch.read-when-asked-for")
watches(ImpatientWatch, "watch.change")
watches(SleepyWatch, "watch.race", "watch.change-is-read")
watches(ForgetfulWatch, "watch.deletion")
watches(SharedWatch, "watch.each-anew")
watches(BlindWatch, "watch.not-visible-any-more")
watches(OnceClosedWatch, "watch.closed")


@CREATORS.method("watch", "watch.of-what-never-was", "watch.of-what-is-not-visible")
def cannot_watch_what_is_not_there(_: FakeCoder, really: Really, workspace: Workspace, *, deadline: float) -> Any:
    try:
        return really(workspace, deadline=deadline)
    except NotFoundError as error:
        raise UnavailableError("404") from error
