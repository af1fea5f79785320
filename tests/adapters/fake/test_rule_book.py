"""A FakeCoder decides as servers do: what answers fit, whose a name is, who is a member, and what is done to what is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import AgentStatus, JobStatus, Quota, RefusedError, Transition, UnavailableError, Workspace
from chatworkspace.ports import CreateWorkspace, DialError, Evaluation, NotAnsweredError, NotFoundError, Option, Parameter, Preset
from chatworkspace_fake import FakeCoder, FakeWorkspace, Simulation
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER

OPTIONS = (Option(name="Europe", value="eu"), Option(name="US", value="us"))
ASKED = (
    Parameter(name="region", default="eu", options=OPTIONS),
    Parameter(name="cpus", type="number", default="2", validation_min=1, validation_max=8),
    Parameter(name="code", default="a1", validation_regex="^[a-z][0-9]$"),
    Parameter(name="tools", type="list(string)", default="[]"),
    Parameter(name="fast", type="bool", default="false"),
    Parameter(name="disk", default="small", mutable=False),
    Parameter(name="once", default="no", ephemeral=True),
)
WRONG: dict[str, Any] = {"region": "mars", "cpus": "99", "code": "A1", "tools": "vim", "fast": "very"}
MARS = Preset(id=UUID(int=7), name="Mars", parameters={"region": "us", "planet": "mars"})
LONG = 1e9


def made(coder: FakeCoder, name: str = "dev", **answers: Any) -> FakeWorkspace:
    """Make a workspace of the template."""
    create(coder, name, **answers)
    return coder.workspaces[-1]


def create(coder: FakeCoder, name: str = "dev", *, preset_id: UUID | None = None, template: str = "docker", **answers: Any) -> Workspace:
    """Ask for a workspace."""
    found = next(it for it in coder.inside.platform.templates.values() if it.name == template)
    request = CreateWorkspace(
        owner_id=OWNER, organization_id=found.organization_id, name=name, template_id=found.id, parameters=answers, preset_id=preset_id
    )
    return coder.create_workspace(request, deadline=LONG)


def asking(level: str = "newest", **more: Any) -> FakeCoder:
    """Return a platform with a template that asks much."""
    coder = FakeCoder(Simulation(), level=level)
    coder.add_template("docker", parameters=ASKED, **more)
    return coder


def values(it: FakeWorkspace) -> dict[str, str]:
    """Return those that are not as the template has them."""
    defaults = {one.name: one.default for one in ASKED}
    return {name: value for name, value in it.latest.values.items() if value != defaults.get(name)}


# ------------------------------------------------------------------ answers


@pytest.mark.parametrize(("name", "value"), WRONG.items())
@pytest.mark.parametrize("level", ["2.24", "newest"])
def test_an_answer_that_does_not_fit(level: str, name: str, value: Any) -> None:
    """Is refused with the value in quotes, by its field: all, or the first where it is checked the old way, of 2.24 without a look at numbers."""
    coder = asking(level)
    if (level, name) == ("2.24", "cpus"):
        assert values(made(coder, cpus="99")) == {"cpus": "99"}
        return
    with pytest.raises(RefusedError) as refused:
        create(coder, **{name: value})
    error, ((field, detail),) = refused.value, refused.value.validations
    assert error.message == ("Unable to validate parameters" if level == "newest" else f'Unable to validate parameter "{name}"')
    assert (field, f'"{value}"' in detail) == (name, True)
    assert coder.workspaces == ()


def test_all_problems_are_told_at_once_the_new_way() -> None:
    """And one at a time the old way, whichever a template chose."""
    for classic, told in ((False, 5), (True, 1)):
        with pytest.raises(RefusedError) as refused:
            create(asking(classic=classic), **WRONG)
        assert len(refused.value.validations) == told


@pytest.mark.parametrize("level", ["2.20", "newest"])
def test_a_missing_answer(level: str) -> None:
    """Is refused in the same two ways; an empty one is an answer."""
    coder = FakeCoder(Simulation(), level=level)
    coder.add_template("docker", parameters=[Parameter(name="repo", required=True)])
    with pytest.raises(RefusedError, match="Unable to validate parameter"):
        create(coder)
    assert made(coder, repo="").latest.values == {"repo": ""}


@pytest.mark.parametrize("answers", [{"cpus": "8"}, {"tools": '["vim"]'}, {"fast": "true"}, {"region": "us", "code": "z9"}])
def test_an_answer_that_fits(answers: dict[str, Any]) -> None:
    """Is kept by the build, with the defaults of the others."""
    it = made(asking(), **answers)
    assert values(it) == answers
    assert set(it.latest.values) == {one.name for one in ASKED}


def test_the_next_start_keeps_the_answers() -> None:
    """But what was for one build alone; it may change what is mutable."""
    coder = asking()
    it = made(coder, region="us", disk="large", once="yes")
    it.stop()
    coder.start_workspace(it.now, {"region": "eu", "cpus": "4"}, deadline=LONG)
    assert values(it) == {"cpus": "4", "disk": "large"}
    it.stop()
    with pytest.raises(RefusedError) as refused:
        coder.start_workspace(it.now, {"disk": "small"}, deadline=LONG)
    assert [field for field, _ in refused.value.validations] == ["disk"]


def test_answers_that_nobody_asked_for() -> None:
    """Are dropped without a word, unless it is to be otherwise."""
    coder = asking()
    assert values(made(coder, colour="red")) == {}
    coder.drop_unknown_parameters(False)
    with pytest.raises(RefusedError):
        create(coder, "other", colour="red")


def test_answers_that_other_answers_bring() -> None:
    """A template may be evaluated by a function: what it does not ask then is dropped."""
    coder = FakeCoder(Simulation())
    region, zone = ASKED[0], Parameter(name="zone", default="a")

    def evaluate(answers: Mapping[str, str]) -> Evaluation:
        return Evaluation(parameters=(region, zone) if answers.get("region") == "us" else (region,))

    coder.add_template("docker", parameters=[region], evaluation=evaluate)
    assert [made(coder, where, region=where, zone="b").latest.values for where in ("eu", "us")] == [{"region": "eu"}, {"region": "us", "zone": "b"}]


# ------------------------------------------------------------------ presets


def test_a_preset_wins_over_answers() -> None:
    """And may be another template's: what it says of other questions is dropped, and the build has its id."""
    coder = asking()
    coder.add_template("other", presets=[MARS])
    create(coder, preset_id=MARS.id, region="eu", cpus="4")
    (it,) = coder.workspaces
    assert (values(it), it.latest.preset_id) == ({"region": "us", "cpus": "4"}, MARS.id)


def test_a_preset_that_is_not_there_is_the_servers_failure() -> None:
    """Which says nothing about the preset but in words of a database. The oldest ignore what they do not know, and are sent the preset's answers."""
    with pytest.raises(NotAnsweredError, match="preset") as failed:
        create(asking(), preset_id=UUID(int=404))
    assert not failed.value.in_flight
    old = asking("2.20", presets=[MARS])
    create(old, preset_id=UUID(int=404))
    create(old, "other", preset_id=MARS.id)
    assert [(values(it), it.latest.preset_id) for it in old.workspaces] == [({}, None), ({"region": "us"}, None)]


def test_a_preset_whose_answers_are_given_is_found() -> None:
    """Not by older servers."""
    preset = attrs.evolve(MARS, parameters={"region": "us"})
    assert [made(asking(level, presets=[preset]), region="us").latest.preset_id for level in ("2.24", "2.29")] == [None, preset.id]


# ------------------------------------------------------------------ versions


def test_a_start_builds_the_version_of_the_build_before() -> None:
    """Unless the template requires its active one, or its owner has chosen that."""
    coder = FakeCoder(Simulation())
    it = coder.add_workspace(coder.add_template("docker"), owner_id=OWNER)
    before, active = it.template.version_id, coder.update_template("docker").version_id
    it.stop()
    assert coder.start_workspace(it.now, {}, deadline=LONG).build.template_version_id == before != active
    it.stop()
    it.update_always()
    assert coder.start_workspace(it.now, {}, deadline=LONG).build.template_version_id == active
    it.stop()
    required = coder.update_template("docker", require_active=True).version_id
    assert coder.start_workspace(it.now, {}, deadline=LONG).build.template_version_id == required


# ------------------------------------------------------------------ what is deleted, dormant, canceled


def test_a_deleted_workspace_is_deleted_again() -> None:
    """By another build, during which its name stays free; it is never anything but deleted."""
    coder = FakeCoder(Simulation())
    it = coder.add_workspace(coder.add_template("docker", delete=5), owner_id=OWNER)
    it.delete()
    coder.inside.platform.clock.sleep(5)
    again = coder.delete_workspace(it.now, deadline=LONG)
    assert (again.build.number, again.build.job_status, again.deleted) == (3, JobStatus.RUNNING, True)
    assert coder.live == ()
    with pytest.raises(RefusedError, match="deleted"):
        it.start()


@pytest.mark.parametrize(("level", "accepted"), [("2.20", True), ("2.24", True), ("2.29", False), ("newest", False)])
def test_a_deleted_workspace_is_started_again(level: str, *, accepted: bool) -> None:
    """Older servers build it, and let its agent in no more: it stays deleted. Newer ones refuse."""
    coder = FakeCoder(Simulation(), level=level)
    it = coder.add_workspace(coder.add_template("docker"), owner_id=OWNER)
    it.delete()
    if not accepted:
        with pytest.raises(RefusedError, match="Cannot start a deleted workspace!"):
            it.start()
        return
    it.start()
    assert (it.now.build.transition, it.now.build.job_status, it.now.deleted) == (Transition.START, JobStatus.SUCCEEDED, True)
    assert [agent.status for agent in it.now.agents] == [AgentStatus.CONNECTING]
    assert coder.find_workspace(OWNER, it.name, deadline=LONG) is None


def test_dormant_and_running_at_once() -> None:
    """As a user puts to sleep; the platform itself stops it, too."""
    coder = FakeCoder(Simulation())
    it = coder.add_workspace(coder.add_template("docker"), owner_id=OWNER)
    it.go_dormant(stopping=False)
    assert (it.now.dormant, it.now.build.number, len(it.now.agents)) == (True, 1, 1)
    it.go_dormant()
    assert (it.now.dormant, it.now.build.number, len(it.now.agents)) == (True, 2, 0)


def test_a_canceled_build_has_failed_where_its_provisioner_says_so() -> None:
    """With an error that is one word."""
    seen: list[tuple[JobStatus, str]] = []
    for status in ("canceled", "failed"):
        coder = FakeCoder(Simulation())
        coder.cancel_as(status)
        it = coder.add_workspace(coder.add_template("docker", build=10), owner_id=OWNER)
        it.cancel()
        seen.append((it.now.build.job_status, it.now.build.error))
    assert seen == [(JobStatus.CANCELED, ""), (JobStatus.FAILED, "canceled")]


# ------------------------------------------------------------------ members and licences


def test_an_organization_is_its_members_own() -> None:
    """Its templates are there for nobody else, to be listed, read or used."""
    elsewhere = UUID(int=2)
    coder = FakeCoder(Simulation())
    docker = coder.add_template("docker", organization_id=elsewhere)
    assert [it.id for it in coder.list_templates(OWNER, elsewhere, deadline=LONG)] == [docker.id]
    coder.set_members(elsewhere, [UUID(int=9)])
    for ask in (coder.list_parameters, coder.list_presets, coder.evaluate_parameters):
        with pytest.raises(NotFoundError):
            ask(OWNER, docker, deadline=LONG)
    with pytest.raises(NotFoundError):
        coder.list_templates(OWNER, elsewhere, deadline=LONG)
    with pytest.raises(NotFoundError):
        coder.get_template(OWNER, docker.id, deadline=LONG)
    with pytest.raises(RefusedError, match="doesn't exist"):
        create(coder)
    coder.set_members(elsewhere, None)
    assert create(coder).organization_id == elsewhere


def test_what_needs_a_licence() -> None:
    """Quotas, deprecation and required versions; without one they are as if never set."""
    coder = FakeCoder(Simulation())
    coder.set_quota(1)
    docker = coder.add_template("docker", deprecated=True, require_active=True, cost=5)
    with pytest.raises(RefusedError, match="deprecated"):
        create(coder)
    assert coder.get_quota(OWNER, ORGANIZATION, deadline=LONG) == Quota(consumed=0, budget=1)
    coder.set_licence("agpl")
    assert coder.get_quota(OWNER, ORGANIZATION, deadline=LONG) is None
    assert not coder.get_template(OWNER, docker.id, deadline=LONG).deprecated
    it = made(coder)
    assert (it.now.build.job_status, it.now.required_version_id) == (JobStatus.SUCCEEDED, None)


# ------------------------------------------------------------------ first dials


def test_first_dials_are_slow_where_they_are_to_be() -> None:
    """From 0.2 to 1.2 seconds, seldom above 5; a few fail. The second is as any."""
    simulation = Simulation()
    coder = FakeCoder(simulation)
    coder.slow_first_dials(1)
    docker = coder.add_template("docker")
    taken: list[float] = []
    failed = 0
    for number in range(600):
        it = coder.add_workspace(docker, f"dev-{number}", owner_id=OWNER).now
        for attempt in range(2):
            began = simulation.monotonic()
            try:
                with coder.dial(it, it.agents[0], deadline=LONG):
                    pass
            except DialError:
                failed += 1
                continue
            took = simulation.monotonic() - began
            if attempt:
                assert took == 0
            elif took:
                taken.append(took)
    assert 0 < failed < 20
    assert all(0.2 <= it <= 1.2 or 5 <= it <= 6 for it in taken)
    assert 0 < sum(it > 5 for it in taken) < 30


def test_what_is_asked_when_its_time_is_over_is_not_answered() -> None:
    """A client sends nothing then; what was sent in time and is late on its way is acted upon all the same."""
    sim = Simulation()
    docker = sim.coder.add_template("docker")
    sim.open_chat("chat")
    sim.workspaces.create("chat", docker.id)
    made = sim.coder.workspaces[0]
    now = made.now
    with pytest.raises(UnavailableError, match="its time was over"):
        sim.coder.get_workspace(now.owner_id, now.id, deadline=sim.monotonic() - 1)
    sim.coder.when("record_use").arrive_late(5)
    with pytest.raises(UnavailableError):
        sim.coder.record_use(now, deadline=sim.monotonic() + 1)
    sim.sleep(10)
    assert (made.now.id, made.uses) == (now.id, 1)
