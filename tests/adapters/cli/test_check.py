"""`chatworkspace check`, over the simulator as over any server: builds take their time, agents come by themselves, and others are at work."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chatworkspace.ports import Option, Parameter
from chatworkspace_cli._online.rules import reading
from chatworkspace_coder import CoderClient
from chatworkspace_contracts import CREATOR_RULES, DIALER_RULES
from chatworkspace_fake import NEVER, FakeCoder, FakeWorkspace, RealShell, ScaledClock
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import pretend
from tests.adapters.cli.conftest import Ended, Shell
from tests.adapters.cli.processes import Shells, ended, said
from tests.adapters.cli.worlds import ANOTHER, SPEED, TOKEN
from tests.hanging import until
from tests.ways import levels

pytestmark = pytest.mark.adapters

PREFIX = "cwcheck-"
SOMEBODY = UUID(int=0xA)
TAKES: dict[str, Any] = {"build": 3, "connect": 2, "scripts": 1, "stop": 1, "delete": 1}
"""Seconds of the simulator."""
REGION = Parameter(name="region", required=True, options=(Option(name="Europe", value="eu"), Option(name="US", value="us")))
ALL = ("--parameters-template", "gpu", "--param", "region=us", "--external-template", "laptop")


def at_work(coder: FakeCoder) -> FakeCoder:
    """Have templates, and workspaces of the user's and of somebody else's."""
    coder.on_run = pretend
    coder.slow_first_dials(0)
    docker = coder.add_template("docker", log=("one", "two", "three"), **TAKES)
    coder.add_template("gpu", parameters=(REGION,), **TAKES)
    coder.add_template("laptop", external_agent=True)
    coder.add_workspace(docker, "own", owner_id=OWNER)
    coder.add_workspace(docker, "theirs", owner_id=SOMEBODY)
    return coder


def serving(level: str = "newest", coder: FakeCoder | None = None) -> CoderSimulator:
    return CoderSimulator(at_work(coder or FakeCoder(ScaledClock(SPEED))), level=level, tokens={TOKEN: OWNER, ANOTHER: SOMEBODY})


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with serving() as running:
        yield running


@pytest.fixture
def shells(simulator: CoderSimulator, tmp_path: Path) -> Shells:
    return Shells(simulator.url, tmp_path)


def check(shell: Shell, *words: str) -> Ended:
    return shell("check", "--template", "docker", "--quiet", "--json", *words)


def rows(done: Ended) -> dict[str, bool | None]:
    """Return whether each rule holds."""
    return {row["rule"]: row["holds"] for row in done.told["rules"]}


def names(coder: FakeCoder) -> list[str]:
    return sorted(it.name for it in coder.live)


def made(coder: FakeCoder) -> list[FakeWorkspace]:
    """Return what checks have made, and is there."""
    return [it for it in coder.live if it.name.lower().startswith(PREFIX)]


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize("level", levels())
def test_rules_that_can_be_run_anywhere_hold(level: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each level; what cannot be run is counted; nothing is left but what was there before, and that is as it was."""
    with serving(level) as running:
        monkeypatch.setenv("CODER_URL", running.url)
        done = check(shell, *ALL)
        told, found = done.told, rows(done)
        assert [rule for rule, holds in found.items() if not holds] == [], done.out
        assert done.code == 0
        assert len(found) >= 50
        assert len(found) + told["left_out"] == len(CREATOR_RULES) + len(DIALER_RULES)
        assert (told["held"], told["not_ended"], told["left_behind"]) == (len(found), 0, [])
        assert {"creator.creation.parameters", "creator.creation.missing-parameter", "dialer.dial.not-connected"} <= set(found)
        assert names(running.coder) == ["own", "theirs"]
        assert [it.now.build.number for it in running.coder.live] == [1, 1]


def test_agents_with_a_shell(shell: Shell, tmp_path: Path, simulator: CoderSimulator) -> None:
    """Where it is said that they have one, rules of commands and files are run, each in a workspace of its own."""
    simulator.coder.shell = RealShell(tmp_path)
    words = (word for rule in ("dialer.command.input", "dialer.command.timeout", "dialer.file.names") for word in ("--rule", rule))
    done = check(shell, "--commands", *words)
    assert (done.code, set(rows(done).values())) == (0, {True}), done.out
    assert check(shell, "--rule", "dialer.command.input").code == 2
    assert made(simulator.coder) == []


def test_the_table(shell: Shell) -> None:
    """A line for each rule, and how many are left out; progress is told meanwhile."""
    done = shell("check", "--template", "docker", "--rule", "creator.templates.unknown", "--rule", "creator.names.taken")
    assert done.code == 0
    assert done.out.splitlines() == ["holds     creator.templates.unknown", "holds     creator.names.taken", "2 rules hold"]
    assert "holds     creator.names.taken  (" in done.err
    assert done.err.splitlines()[-1] == "deleting what was made"


def test_what_is_left_out_is_counted(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the last line, where all rules were run that can be."""
    monkeypatch.setattr("chatworkspace_contracts._deployment.DIALER_RULES", ())
    monkeypatch.setattr("chatworkspace_contracts._deployment.CREATOR_RULES", CREATOR_RULES[:6])
    last = shell("check", "--template", "docker", "--quiet").out.splitlines()[-1]
    assert last == "4 rules hold; 2 others need what only tests can make, or what was not given, and are left out"


def test_a_clock_that_differs(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server says of durations is by its own clock."""
    clock = ScaledClock(SPEED)
    clock._born_at = clock._born_at.replace(year=clock._born_at.year - 1)
    with serving(coder=FakeCoder(clock)) as behind:
        monkeypatch.setenv("CODER_URL", behind.url)
        done = check(shell, "--rule", "creator.watch.change", "--rule", "dialer.connection.open", "--rule", "creator.templates.use")
        assert (done.code, done.told["held"]) == (0, 3)
        assert made(behind.coder) == []


# ---------------------------------------------------------------- servers that do not keep them


def test_a_server_that_gives_a_name_twice(shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by the rules of names, with what was seen, and all that it has made is deleted."""

    def free(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(coder.inside.platform, "_check_name", free)
    done = check(shell, "--rule", "creator.names.taken", "--rule", "creator.templates.listed")
    assert (done.code, rows(done)) == (1, {"creator.names.taken": False, "creator.templates.listed": True})
    (row,) = [it for it in done.told["rules"] if it["holds"] is False]
    assert (row["expected"], row["seen"]) == ("NameTakenError", "no error")
    until(lambda: not made(coder))


def test_a_server_whose_terminals_say_nothing(shell: Shell, coder: FakeCoder) -> None:
    """The rule of connections is broken, and the table says so."""
    coder.on_run = lambda _: ""
    done = shell("check", "--template", "docker", "--quiet", "--rule", "dialer.connection.open")
    assert done.code == 1
    assert "BROKEN    dialer.connection.open expected exit code and output: (0, 'hello'); saw (0, '')" in done.out
    assert "0 rules hold, 1 is broken" in done.out


def test_a_proxy_that_lets_no_stream_through(shell: Shell, simulator: CoderSimulator) -> None:
    """Nothing is watched there, and the rules of watches say so."""
    for path in ("GET /watch-ws", "GET /watch"):
        simulator.when(path, chance=1.0).proxy_page(404)
    done = check(shell, "--rule", "creator.watch.first-state", "--rule", "creator.reading.whole")
    assert (done.code, rows(done)) == (1, {"creator.watch.first-state": False, "creator.reading.whole": True})


def test_doctor_tells_of_broken_rules(shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same words, of those that only read."""
    monkeypatch.setattr("chatworkspace_cli._online.doctor.CLOCKS_APART", 3600.0)
    before = shell("doctor", "--json")
    assert (before.code, before.told["rules"]["held"]) == (0, 4)
    assert "4 rules hold, of those that reading tells; `chatworkspace check` runs the others" in shell("doctor").out

    def template(template_id: UUID) -> Any:
        del template_id
        return next(iter(coder.inside.platform.templates.values()))

    monkeypatch.setattr(coder.inside.platform, "template", template)
    done = shell("doctor")
    assert done.code == 1
    assert "PROBLEM   rules: creator.templates.unknown: expected NotFoundError; saw NotUnderstoodError: " in done.out
    assert "3 rules hold, 1 is broken" in done.out


def test_rules_that_only_read_change_nothing(simulator: CoderSimulator) -> None:
    """A request or two each, and none of them makes anything."""
    with CoderClient(simulator.url, token=TOKEN) as client:
        template = client.list_templates(OWNER, client.user().organization_ids[0], deadline=float("inf"))[0]
        before = len(simulator.requests)
        assert [row.holds for row in reading(client, OWNER, template)] == [True] * 4
    asked = simulator.requests[before:]
    assert {it.method for it in asked} == {"GET"}
    assert len(asked) <= 8


# ---------------------------------------------------------------- limits


def test_rules_that_the_time_is_over_for(shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are not broken: nobody knows. What cannot be deleted, for its build does not end, is named."""
    monkeypatch.setattr("chatworkspace_contracts._deployment.CLEANING", 0.3)
    coder.update_template("docker", build=NEVER)
    done = check(shell, "--rule", "creator.reading.whole", "--rule", "creator.templates.unknown", "--minutes", "0.02")
    assert (done.code, rows(done)) == (1, {"creator.reading.whole": None, "creator.templates.unknown": True})
    assert done.told["left_behind"] == [it.name for it in made(coder)]
    assert done.told["not_ended"] == 1


# ---------------------------------------------------------------- what is left


def test_what_was_left_is_found_by_the_next(shell: Shell, coder: FakeCoder) -> None:
    """What another check may need still is named, and deleted if that is asked for; what is over is deleted at once; others' names are others'."""
    docker = next(it for it in coder.inside.platform.templates.values() if it.name == "docker")
    over, new = f"{PREFIX}dev-00001abc00", f"{PREFIX}Dev-zzzzzabc00"
    for name in (over, new, "cwcheck", f"{PREFIX}dev", "dev-00001abc00"):
        coder.add_workspace(docker, name, owner_id=OWNER)
    coder.add_workspace(docker, over, owner_id=SOMEBODY)
    words = ("--rule", "creator.templates.unknown")
    assert check(shell, *words).told["of_other_checks"] == [new]
    assert over not in {it.name for it in coder.live if it.owner_id == OWNER}
    assert f"of another check, which may be under way: {new}; --clean deletes it" in shell("check", "--template", "docker", *words).out
    assert check(shell, *words, "--clean").told["of_other_checks"] == []
    assert names(coder) == sorted(["cwcheck", f"{PREFIX}dev", "dev-00001abc00", over, "own", "theirs"])


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_interrupted_it_leaves_nothing(name: str, shells: Shells, coder: FakeCoder) -> None:
    """It deletes what it has made, tells what became of the rules until then, and ends as interrupted."""
    process = shells.start("check", "--template", "docker", "--json")
    said(process, "holds")
    until(lambda: made(coder))
    process.send_signal(getattr(signal, name))
    code, out, err = ended(process)
    assert code == 130
    assert "interrupted: deleting what was made" in err
    assert '"left_behind": []' in out
    assert '"not_ended": 0' not in out
    assert names(coder) == ["own", "theirs"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process")
def test_interrupted_while_a_creation_is_not_answered(shells: Shells, simulator: CoderSimulator) -> None:
    """What was made all the same is found by its name, which was noted before."""
    simulator.when("POST /workspaces").stall(after=0)
    process = shells.start("check", "--template", "docker", "--rule", "creator.reading.whole")
    until(lambda: made(simulator.coder))
    process.send_signal(signal.SIGINT)
    code, out, _ = ended(process)
    assert (code, "perhaps left behind" in out) == (130, False)
    assert names(simulator.coder) == ["own", "theirs"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process")
def test_interrupted_twice_it_says_what_it_leaves(shells: Shells, coder: FakeCoder) -> None:
    """It ends at once, and the next check finds what is named."""
    coder.update_template("docker", build=NEVER)
    process = shells.start("check", "--template", "docker", "--rule", "creator.reading.whole")
    until(lambda: made(coder))
    process.send_signal(signal.SIGINT)
    said(process, "interrupted")
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    (left,) = made(coder)
    assert code == 130
    assert f"perhaps left behind: {left.name}" in err


# ---------------------------------------------------------------- what is told


def test_no_value_of_a_parameter_is_shown(shell: Shell) -> None:
    """However the server repeats it."""
    done = check(shell, "--parameters-template", "gpu", "--param", "region=hush-hush", "--rule", "creator.creation.parameters")
    assert (done.code, rows(done)) == (1, {"creator.creation.parameters": False})
    assert "hush-hush" not in done.out + done.err
    assert "RefusedError" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--template", "nope"), "--template: expected name or id of a template of the organization; there is no 'nope'"),
        (("--template", str(UUID(int=9))), "--template: expected name or id of a template"),
        (("--template", "gpu"), "--template: expected one that builds without parameters"),
        (("--template", "laptop"), "--template: expected one that builds without parameters, and whose agent comes by itself"),
        (("--template", "docker", "--param", "region=eu"), "--param: expected none without --parameters-template"),
        (("--template", "docker", "--parameters-template", "docker"), "--parameters-template: expected a template with parameters"),
        (("--template", "docker", "--external-template", "nope"), "--external-template: expected name or id of a template"),
        (("--template", "docker", "--rule", "creator.nope"), "--rule: expected rules that can be run here; 'creator.nope' cannot"),
        (("--template", "docker", "--rule", "creator.names.of-one-owner"), "'creator.names.of-one-owner' cannot"),
        (("--template", "docker", "--minutes", "0"), "--minutes: expected a finite number of seconds above 0"),
        ((), "the following arguments are required: --template"),
    ],
)
def test_what_cannot_be_checked(words: tuple[str, ...], told: str, shell: Shell, coder: FakeCoder) -> None:
    """It is said which word is wrong, and nothing is made."""
    done = shell("check", *words)
    assert (done.code, told in done.err) == (2, True), done.err
    assert made(coder) == []
