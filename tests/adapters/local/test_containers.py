"""Several pid namespaces over one root, as containers have that share a folder: numbers of processes mean nothing there, and locks tell who lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatworkspace import JobStatus, RefusedError, Transition, Workspace
from tests.adapters.local.containers import Container
from tests.adapters.local.worlds import Home, deadline
from tests.hanging import until


@pytest.fixture
def container(here: Home) -> Iterator[Container]:
    """Give another namespace."""
    with Container(here) as it:
        yield it


def found(here: Home, name: str) -> Workspace:
    """Return the workspace of a name."""
    workspace = here.platform.find_workspace(here.platform.owner_id, name, deadline=deadline())
    assert workspace is not None
    return workspace


def test_what_runs_elsewhere_is_told_to_run(here: Home, container: Container) -> None:
    """It is listed, reached and used from here. To stop or delete it is refused, since nobody here sees its processes; they go on."""
    assert container.do("ready", "dev-x") == "succeeded"
    workspace = found(here, "dev-x")
    assert (workspace.build.transition, workspace.build.job_status, len(workspace.agents)) == (Transition.START, JobStatus.SUCCEEDED, 1)
    assert here.run(workspace, "echo used") == (0, "used\n")
    for ask in (here.platform.stop_workspace, here.platform.delete_workspace):
        with pytest.raises(RefusedError, match="another container"):
            ask(workspace, deadline=deadline())
    assert here.run(workspace, "echo still") == (0, "still\n")


def test_a_container_that_ends_shows_its_workspaces_stopped(here: Home, container: Container) -> None:
    """Not before; then they can be started here."""
    container.do("ready", "dev-x")
    assert found(here, "dev-x").build.transition is Transition.START
    container.end()
    until(lambda: found(here, "dev-x").build.transition is Transition.STOP)
    assert here.started(found(here, "dev-x")).agents


def test_who_asked_and_died_elsewhere(here: Home, container: Container) -> None:
    """The build was begun by nobody, which the free lock proves: it has failed, its name is taken, and a start repairs it."""
    container.do("die", "dev-x")
    assert found(here, "dev-x").build.job_status is JobStatus.FAILED
    assert here.started(found(here, "dev-x")).agents


def test_who_asked_and_stands_still_elsewhere(here: Home, container: Container) -> None:
    """May go on: the build is pending, and nobody else does it, until it has ended."""
    container.do("stand", "dev-x")
    workspace = found(here, "dev-x")
    assert workspace.build.job_status is JobStatus.PENDING
    container.end()
    until(lambda: found(here, "dev-x").build.job_status is JobStatus.FAILED)
    assert here.started(found(here, "dev-x")).agents
