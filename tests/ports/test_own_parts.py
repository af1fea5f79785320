"""What each process of a forking server has for itself."""

from __future__ import annotations

import os
from threading import Barrier, Thread

import attrs
import pytest

from chatworkspace.ports import OwnParts
from tests.forks import ended, in_child


@attrs.define(eq=False)
class _Line:
    process: int = attrs.field(factory=os.getpid)
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


def test_parts_are_made_when_first_needed() -> None:
    """Once: what a process has it keeps."""
    made: list[_Line] = []

    def make() -> _Line:
        made.append(_Line())
        return made[-1]

    parts = OwnParts(make)
    assert made == []
    assert parts.here() is parts.here()
    assert len(made) == 1


def test_threads_that_come_first_together_get_the_same() -> None:
    """Two may both have made some: the first counts."""
    barrier = Barrier(8)

    def make() -> _Line:
        barrier.wait(30)
        return _Line()

    parts = OwnParts(make)
    found: list[_Line] = []
    threads = [Thread(target=lambda: found.append(parts.here())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert len({id(it) for it in found}) == 1


def test_closing_closes_those_of_this_process() -> None:
    """And whoever comes behind gets what is closed, which says so."""
    parts = OwnParts(_Line)
    line = parts.here()
    assert not parts.closed
    parts.close()
    assert (parts.closed, line.closed) == (True, 1)
    assert parts.here() is line


def test_closing_before_anybody_came_closes_as_well() -> None:
    """Nothing is left open by who comes later."""
    parts = OwnParts(_Line)
    parts.close()
    assert parts.here().closed


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
others_may_end = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # threads of other tests; the child uses nothing of theirs


@forks
@others_may_end
def test_a_child_has_its_own() -> None:
    """And leaves its parent's alone, which its parent goes on with."""
    parts = OwnParts(_Line)
    line = parts.here()

    def in_the_child() -> None:
        own = parts.here()
        assert (own is not line, own.process, own.closed) == (True, os.getpid(), 0)
        parts.close()
        assert (own.closed, line.closed) == (1, 0)

    assert ended(in_child(in_the_child)) == 0
    assert (parts.here() is line, line.closed, parts.closed) == (True, 0, False)


@forks
@others_may_end
def test_what_a_parent_closed_is_closed_in_its_child() -> None:
    """A child takes up nothing that was over before it began."""
    parts = OwnParts(_Line)
    parts.close()

    def in_the_child() -> None:
        assert parts.closed
        assert (parts.here().process, parts.here().closed) == (os.getpid(), 1)

    assert ended(in_child(in_the_child)) == 0
