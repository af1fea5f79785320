"""What `why` tells of a chat's workspaces: by the platform, and that it is not known where that cannot be asked."""

from __future__ import annotations

import re
from uuid import UUID

import attrs
import pytest

from chatworkspace import Build, JobStatus, Transition
from chatworkspace_cli._online.builds import ENDS, MOST, Life
from chatworkspace_coder._http.causes import Cause
from chatworkspace_fake import Fails, FakeCoder
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import CHAT
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.unreachable import unreachable

BUILD = Build(
    id=UUID(int=1), number=3, transition=Transition.START, job_status=JobStatus.SUCCEEDED, template_version_id=UUID(int=2), age=200.0, over_for=120.0
)


def test_every_end_of_a_build_has_a_word() -> None:
    """One that is new is to be told, too."""
    assert set(ENDS) == set(JobStatus)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "start: done, 2 min ago"),
        ({"running_for": 125.0}, "start: done after 5 s, 2 min ago"),
        ({"automatic": True, "transition": Transition.STOP}, "stop by the platform itself: done, 2 min ago"),
        (
            {"over_for": None, "job_status": JobStatus.PENDING, "queue_position": 4},
            "start: waits to be begun, position 4 in the queue, asked for 3 min ago",
        ),
        ({"over_for": None, "age": None, "job_status": JobStatus.RUNNING}, "start: under way"),
        ({"job_status": JobStatus.FAILED, "error": "no more disks"}, "start: failed, 2 min ago: no more disks"),
        ({"job_status": JobStatus.FAILED, "error": "no answer", "error_code": "REQUIRED"}, "start: failed, 2 min ago: no answer (REQUIRED)"),
        ({"job_status": JobStatus.FAILED, "error_code": "REQUIRED"}, "start: failed, 2 min ago (REQUIRED)"),
        ({"transition": Transition.DELETE, "job_status": JobStatus.CANCELED}, "delete: cancelled, 2 min ago"),
    ],
)
def test_a_build_in_one_line(changes: dict[str, object], told: str) -> None:
    """What it did, how it ended, how long it took and when, each where that is told; and the platform's words of a failure."""
    build = attrs.evolve(BUILD, **changes)  # type: ignore[arg-type] # fields of a build
    assert list(Life(workspace_id=UUID(int=7), name="ana/dev", builds=(build,)).lines()) == [f"builds of ana/dev ({UUID(int=7)}):", f"   3. {told}"]


def test_starts_stops_and_failures(shell: Shell, coder: FakeCoder) -> None:
    """In their order, for people and for programs, of the workspace that the chat has and of the one before it."""
    coder.add_template("broken", build=Fails(after=1, error="no more disks"))
    coder.add_template("docker")
    assert shell("create", *CHAT, "--template", "broken").code == 1
    made = shell("create", *CHAT, "--template", "docker", "--json").told["workspace"]["id"]
    assert shell("stop", *CHAT).code == 0
    said = shell("why", *CHAT).out
    first, _, second = said.partition("builds of ")[2].partition("builds of ")
    assert re.search(r"1\. start: failed after \d+ s, \d+ s ago: no more disks\n", first)
    assert re.search(rf"^admin/\S+ \({made}\):\n   1\. start: done.*\n   2\. stop: done after \d+ s, \d+ s ago\n$", second)
    lives = shell("why", *CHAT, "--json").told["builds"]
    assert [[it["transition"] for it in life["builds"]] for life in lives] == [["start"], ["start", "stop"]]
    assert [it["problem"] for it in lives] == ["", ""]


def test_the_latest_workspaces_alone_are_asked_about(shell: Shell, simulator: CoderSimulator) -> None:
    """However long the history is: two requests for each of a few."""
    simulator.coder.add_template("docker")
    create = ("create", *CHAT, "--template", "docker", "--replace", "--wait", "0", "--json", "--name")  # another wish each time: the same goes on
    made = [shell(*create, f"dev-{number}").told["workspace"]["id"] for number in range(MOST + 2)]
    before = len(simulator.requests)
    lives = shell("why", *CHAT, "--json").told["builds"]
    assert [it["workspace_id"] for it in lives] == made[-MOST:]
    assert len(simulator.requests) - before == 2 * MOST


@pytest.mark.usefixtures("docker")
def test_a_platform_that_cannot_be_asked(shell: Shell, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is told all the same, and the command has done what it can."""
    assert shell("create", *CHAT, "--template", "docker", "--wait", "0").code == 5
    with unreachable(Cause.NAME_UNKNOWN, certificates, monkeypatch) as met:
        monkeypatch.setenv("CODER_URL", met.url)
        done = shell("why", *CHAT)
    assert done.code == 0
    assert "1. planned " in done.out
    assert f"not known: {met.url}: the name of the host is not known\n" in done.out
    assert met.asked == ["coder.example.com"]


@pytest.mark.usefixtures("docker")
def test_a_workspace_that_the_platform_does_not_show(shell: Shell, simulator: CoderSimulator) -> None:
    """That is told of this one."""
    made = shell("create", *CHAT, "--template", "docker", "--json").told["workspace"]["id"]
    simulator.when("GET /workspaces/*").refuse(404, "Resource not found or you do not have access to this resource")
    assert f"builds of {made}: not known: the platform has none of this id, or does not show it\n" in shell("why", *CHAT).out


@pytest.mark.usefixtures("docker")
def test_no_server_is_set(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store alone tells what it knows, and that there is more is said."""
    made = shell("create", *CHAT, "--template", "docker", "--json").told["workspace"]["id"]
    monkeypatch.delenv("CODER_URL")
    done = shell("why", *CHAT)
    assert done.code == 0
    assert f"builds of {made}: not known: CODER_URL: expected the URL of a Coder server" in done.out
