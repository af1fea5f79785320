"""What a caller answers is held against what the template asks before anything is sent: a platform drops what it does not know without a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Advice, ConnectError, Outcome, Reason, RefusedError, State, UnavailableError
from chatworkspace.ports import Evaluation, NotAnsweredError, Option, Parameter, Preset
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World, nowhere

REGION = Parameter(name="region", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us")))
CPU = Parameter(name="cpu", type="number", default="2", validation_min=1, validation_max=8)
ZONE = Parameter(name="zone", default="a")
AMERICA = Preset(id=UUID(int=5), name="America", parameters={"region": "us"})


def conditional(answers: Mapping[str, str]) -> Evaluation:
    """Ask for a zone in the US alone."""
    return Evaluation(parameters=(REGION, ZONE) if answers.get("region") == "us" else (REGION,))


def refusal(act: Callable[[], object]) -> dict[str, str]:
    """Return what is refused, by field."""
    with pytest.raises(RefusedError) as error:
        act()
    return dict(error.value.validations)


def stopped(**template: Any) -> World:
    """Return a world whose chat has a workspace that is stopped, and was made without answers."""
    world = World()
    world.created(**template)
    world.latest.stop()
    world.sim.sleep(60)
    return world


# ------------------------------------------------------------------ parameters of a creation


@pytest.mark.parametrize("classic", [False, True])
def test_a_parameter_that_the_template_does_not_have(*, classic: bool) -> None:
    """P1: refused before anything is planned or made, with the nearest names; and the value is not told."""
    world = World()
    docker = world.template(parameters=[REGION, CPU], classic=classic, evaluation=None if classic else Evaluation(parameters=(REGION, CPU)))
    told = refusal(lambda: world.chats.create(CHAT, docker.id, parameters={"regoin": "a-secret-value"}))
    assert told == {"regoin": "the template has no such parameter; the nearest: region"}
    assert (world.coder.workspaces, world.chats.history(CHAT), world.sim.store.look(CHAT).plan) == ((), (), None)
    assert world.chats.create(CHAT, docker.id, parameters={"region": "us"}).ready
    assert world.latest.latest.values["region"] == "us"


def test_names_that_are_like_none() -> None:
    """All that the template asks for are told, or that it asks for none."""
    world = World()
    docker, plain = world.template(parameters=[REGION, CPU]), world.template("plain")
    assert refusal(lambda: world.chats.create(CHAT, docker.id, parameters={"zzz": "1"})) == {
        "zzz": "the template has no such parameter; it asks for: cpu, region"
    }
    assert refusal(lambda: world.chats.create(CHAT, plain.id, parameters={"zzz": "1"})) == {
        "zzz": "the template has no such parameter; it asks for none"
    }


def test_a_parameter_that_depends_on_another_answer() -> None:
    """The template is evaluated with the values given: what they bring may be answered, what they do not bring is refused."""
    world = World()
    docker = world.template(parameters=[REGION], evaluation=conditional)
    assert refusal(lambda: world.chats.create(CHAT, docker.id, parameters={"region": "eu", "zone": "b"})).keys() == {"zone"}
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, docker.id, parameters={"region": "us", "zone": "b"}))
    assert (outcome.ready, outcome.not_applied, calls["evaluate_parameters"]) == (True, {}, 1)
    assert world.latest.latest.values == {"region": "us", "zone": "b"}


def test_an_evaluation_that_cannot_be_had() -> None:
    """The answers are sent, and compared with what the build was asked for with: what nobody asked for is told as not applied."""
    world = World()
    docker = world.template(parameters=[REGION], evaluation=Evaluation(parameters=(REGION,)))
    world.coder.when("evaluate_parameters").fail(RefusedError("Template version job has not finished"))
    outcome = world.chats.create(CHAT, docker.id, parameters={"region": "us", "regoin": "us"})
    assert (outcome.created, outcome.ready) == (True, True)
    assert outcome.not_applied == {"parameters": "the template does not ask for regoin: it was built without"}
    assert world.latest.latest.values == {"region": "us"}


def test_an_evaluation_that_hangs() -> None:
    """It is given half of the time for a look, and the next creation does not wait for it again: what is answered is sent."""
    world = World()
    docker = world.template(parameters=[REGION], evaluation=Evaluation(parameters=(REGION,)))
    world.coder.when("evaluate_parameters").take(600)
    first = world.chats.create(CHAT, docker.id, parameters={"region": "us"})
    world.sim.open_chat("chat-2")
    second = world.chats.create("chat-2", docker.id, parameters={"region": "us"})
    assert [(it.created, it.elapsed, it.not_applied) for it in (first, second)] == [(True, 5, {}), (True, 0, {})]
    assert "evaluate_parameters" not in world.coder.calls  # the first never arrived, and the second was not sent


def test_an_evaluation_that_lacks_modules() -> None:
    """What it does not name may be in them: sent, and compared."""
    world = World()
    docker = world.template(parameters=[REGION, ZONE], evaluation=Evaluation(parameters=(REGION,), complete=False))
    outcome = world.chats.create(CHAT, docker.id, parameters={"region": "us", "zone": "b", "regoin": "us"})
    assert outcome.not_applied == {"parameters": "the template does not ask for regoin: it was built without"}
    assert world.latest.latest.values == {"region": "us", "zone": "b"}


def test_a_creation_without_answers_asks_for_none() -> None:
    """Nothing is evaluated, listed or compared."""
    world = World()
    docker = world.template(parameters=[REGION], presets=[AMERICA], evaluation=Evaluation(parameters=(REGION,)))
    _, calls = world.counts(lambda: world.chats.create(CHAT, docker.id))
    assert calls.keys() <= {"get_template", "create_workspace", "get_workspace", "watch", "dial"}


def test_what_is_there_is_told_whatever_is_answered() -> None:
    """The chat's workspace comes before any question: nothing is looked up for it."""
    world = World()
    made = world.created(parameters=[REGION])
    assert made.workspace is not None
    outcome = world.chats.create(CHAT, made.workspace.template_id, parameters={"regoin": "us"})
    assert (outcome.reason, set(outcome.not_applied)) == (Reason.EXISTING, {"parameters"})


# ------------------------------------------------------------------ parameters of a start


@pytest.mark.parametrize("classic", [False, True])
def test_a_start_with_a_parameter_that_the_template_does_not_have(*, classic: bool) -> None:
    """P1: refused before anything is sent, with the nearest names; the workspace stays stopped, and nobody holds the chat."""
    world = stopped(parameters=[REGION], classic=classic, evaluation=None if classic else Evaluation(parameters=(REGION,)))
    told, calls = world.counts(lambda: refusal(lambda: world.chats.start(CHAT, parameters={"Regions": "us"})))
    assert told == {"Regions": "the template has no such parameter; the nearest: region"}
    assert "start_workspace" not in calls
    assert (world.latest.now.build.number, world.sim.store.look(CHAT).claimed_for) == (2, 0)


def test_a_start_is_asked_of_the_version_that_it_uses() -> None:
    """That of the build before, whatever the template asks by now; the active one where that is required."""
    world = stopped(parameters=[REGION])
    world.coder.update_template("docker", parameters=[ZONE])
    assert refusal(lambda: world.chats.start(CHAT, parameters={"zone": "b"})).keys() == {"zone"}
    world.coder.update_template("docker", parameters=[ZONE], require_active=True)
    outcome = world.chats.start(CHAT, parameters={"zone": "b"})
    assert (outcome.ready, outcome.updated, world.latest.latest.values) == (True, True, {"zone": "b"})


def test_a_start_adds_to_what_was_answered_before() -> None:
    """A parameter that the earlier answers have brought may be answered."""
    world = World()
    docker = world.template(parameters=[REGION], evaluation=conditional)
    world.chats.create(CHAT, docker.id, parameters={"region": "us"})
    world.latest.stop()
    world.sim.sleep(60)
    assert world.chats.start(CHAT, parameters={"zone": "b"}).reason is Reason.STARTED
    assert world.latest.latest.values == {"region": "us", "zone": "b"}


def test_a_start_of_which_nothing_is_known() -> None:
    """It is sent, and compared."""
    world = stopped(parameters=[REGION], evaluation=Evaluation(parameters=(REGION,)))
    world.coder.when("evaluate_parameters").fail(RefusedError("Template version job has not finished"))
    outcome = world.chats.start(CHAT, parameters={"region": "us", "regoin": "us"})
    assert outcome.not_applied == {"parameters": "the template does not ask for regoin: it was built without"}
    assert world.latest.latest.values == {"region": "us"}


# ------------------------------------------------------------------ presets


def test_a_preset_answers() -> None:
    """Its values are those of the build, also on a server that takes it and ignores it."""
    world = World()
    docker = world.template(parameters=[REGION], presets=[AMERICA])
    outcome = world.chats.create(CHAT, docker.id, preset_id=AMERICA.id)
    assert (outcome.created, outcome.not_applied, world.latest.latest.values) == (True, {}, {"region": "us"})


def test_a_preset_that_contradicts_a_parameter() -> None:
    """Its value holds, everywhere, and that is told."""
    world = World()
    docker = world.template(parameters=[REGION, CPU], presets=[AMERICA])
    outcome = world.chats.create(CHAT, docker.id, parameters={"region": "eu", "cpu": "4"}, preset_id=AMERICA.id)
    assert outcome.not_applied == {"parameters": "the preset's own value holds for region"}
    assert world.latest.latest.values == {"region": "us", "cpu": "4"}


@pytest.mark.parametrize("preset_id", [nowhere(), AMERICA.id], ids=["unknown", "of another template"])
def test_a_preset_that_is_not_the_templates(preset_id: UUID) -> None:
    """P2: looked up among the version's own; preset_id is named, and no database speaks."""
    world = World()
    world.template("other", parameters=[REGION], presets=[AMERICA])
    europe = Preset(id=UUID(int=6), name="Europe", parameters={"region": "eu"})
    docker = world.template(parameters=[REGION], presets=[europe])
    told = refusal(lambda: world.chats.create(CHAT, docker.id, preset_id=preset_id))
    assert told == {"preset_id": f"the template has no such preset; it has: {europe.id} (Europe)"}
    assert world.coder.workspaces == ()


def test_a_preset_of_a_template_without() -> None:
    """The same."""
    world = World()
    docker = world.template()
    assert refusal(lambda: world.chats.create(CHAT, docker.id, preset_id=nowhere())) == {"preset_id": "the template has no such preset; it has none"}


def test_presets_that_cannot_be_read() -> None:
    """Nothing is made without knowing: the same call may be made again."""
    world = World()
    docker = world.template(parameters=[REGION], presets=[AMERICA])
    world.coder.when("list_presets", chance=1.0).fail()
    with pytest.raises(UnavailableError):
        world.chats.create(CHAT, docker.id, preset_id=AMERICA.id)
    assert world.coder.workspaces == ()


# ------------------------------------------------------------------ what a platform refuses


def test_a_value_that_does_not_fit() -> None:
    """By its field, with the platform's words and the value, whether all are checked or one at a time."""
    world = World()
    docker, old = (world.template(name, parameters=[REGION, CPU], classic=classic) for name, classic in (("docker", False), ("old", True)))
    for template in (docker, old):
        told = refusal(lambda: world.chats.create(CHAT, template.id, parameters={"region": "mars"}))  # noqa: B023 # called at once
        assert told.keys() == {"region"}
        assert '"mars"' in told["region"]
    assert world.coder.workspaces == ()


@pytest.mark.parametrize("call", ["start", "stop"])
def test_a_failure_with_a_reason(call: str) -> None:
    """The platform's own 500, and no build has begun: it is told with what it said, and not as unanswered."""
    world = stopped() if call == "start" else World()
    if call == "stop":
        world.created()
    said = "Internal error inserting workspace build."
    world.coder.when("start_workspace" if call == "start" else "stop_workspace").fail(NotAnsweredError(said, in_flight=False))
    with pytest.raises(RefusedError, match=said):
        getattr(world.chats, call)(CHAT)
    assert said in world.chats.history(CHAT)[-1].notes[-1]


# ------------------------------------------------------------------ updates, dormancy, and starts in vain


def test_a_workspace_that_is_set_to_update_always() -> None:
    """A start sends the active version, as the platform's own page does, and says that it moved."""
    world = stopped()
    world.coder.update_template("docker", readme="new")
    assert world.chats.status(CHAT).workspace is not None
    world.latest.update_always()
    outcome = world.chats.start(CHAT)
    assert (outcome.ready, outcome.updated) == (True, True)
    assert outcome.workspace is not None
    assert outcome.workspace.build.template_version_id == outcome.workspace.updates_to


def running_and_dormant() -> World:
    """Return a world whose chat's workspace runs, and is dormant."""
    world = World()
    world.created()
    world.latest.go_dormant(stopping=False)
    return world


def told_of(outcome: Outcome) -> tuple[State, Reason]:
    return outcome.state, outcome.reason


def test_a_running_workspace_that_is_dormant() -> None:
    """It can be used, and is told as dormant."""
    world = running_and_dormant()
    assert told_of(world.chats.status(CHAT, wait=5)) == (State.READY, Reason.DORMANT)
    made = world.chats.status(CHAT).workspace
    assert made is not None
    assert told_of(world.chats.create(CHAT, made.template_id)) == (State.READY, Reason.DORMANT)
    with world.chats.connect(CHAT) as agent:
        assert agent.run("echo here", timeout=5).exit_code == 0


def test_a_running_workspace_that_is_dormant_is_really_stopped() -> None:
    """A stop is sent."""
    world = running_and_dormant()
    assert world.chats.stop(CHAT).state is State.STOPPED
    assert world.latest.builds[-1][0] == 2


def test_a_running_workspace_that_is_dormant_is_woken_by_a_start() -> None:
    """Also where it was found ready a moment ago."""
    world = running_and_dormant()
    world.chats.status(CHAT, wait=5)
    assert told_of(world.chats.start(CHAT)) == (State.READY, Reason.STARTED)
    assert not world.latest.dormant


@pytest.mark.parametrize("dormant", [False, True])
def test_starts_in_vain(*, dormant: bool) -> None:
    """The platform stops it again, whenever it is started: after the second time nobody is told to start it."""
    world = stopped()
    docker = world.latest.template.id
    advice = list[tuple[str, str]]()
    for _ in range(3):
        assert world.chats.start(CHAT).ready
        world.sim.sleep(2)
        world.latest.go_dormant() if dormant else world.latest.stop(automatic=True)
        world.sim.sleep(10)
        with pytest.raises(ConnectError) as error:
            world.chats.connect(CHAT)
        advice.append((world.chats.create(CHAT, docker).advice.value, error.value.advice.value))
    assert advice == [("start", "start"), ("ask_user", "ask_user"), ("ask_user", "ask_user")]


def test_starts_in_vain_whose_stops_nobody_sees() -> None:
    """The platform stops it before its scripts are done, between two calls, the second of which starts it again: that is a start in vain as well."""
    world = stopped(scripts=500)
    for _ in range(2):
        assert world.chats.start(CHAT, wait=5).advice is Advice.CALL_AGAIN
        world.sim.sleep(100)
        world.latest.stop(automatic=True)
        world.sim.sleep(10)
    told = world.chats.create(CHAT, world.latest.template.id)
    assert (told.reason, told.advice) == (Reason.NOT_RUNNING, Advice.ASK_USER)


def by_the_chat(world: World) -> None:
    """Stop it as whoever talks in the chat asks for."""
    world.chats.stop(CHAT)


def by_hand(world: World) -> None:
    """Stop it on the platform's own page."""
    world.latest.stop()
    world.sim.sleep(1)


def asleep_since(world: World) -> None:
    """Stop it by hand; the platform lets it rest then."""
    by_hand(world)
    world.latest.go_dormant(stopping=False)


def in_vain(world: World) -> None:
    """Stop it as well as can be."""
    world.latest.stop()
    world.sim.sleep(10)


@pytest.mark.parametrize("stop", [by_the_chat, by_hand, asleep_since, in_vain])
def test_what_a_person_has_stopped_is_started_on_a_persons_word(stop: Callable[[World], None]) -> None:
    """Neither create nor connect say to start it, in this process or another: they ask. Who starts it, or asks create to, starts it."""
    world = World()
    world.created(stop=Fails(5, "stuck") if stop is in_vain else 0)
    docker = world.latest.template.id
    stop(world)
    for chats in (world.chats, world.sim.process("other").workspaces):
        with pytest.raises(ConnectError) as error:
            chats.connect(CHAT)
        outcome = chats.create(CHAT, docker)
        assert {outcome.advice, error.value.advice} == {Advice.ASK_USER}
        assert outcome.next_step == error.value.next_step
        assert "sk the user whether it is to be" in outcome.next_step
    assert world.chats.create(CHAT, docker, start=True).ready


def test_what_the_platform_has_stopped_may_be_started() -> None:
    """Its time was over, say: nobody's word speaks against it."""
    world = World()
    world.created()
    world.latest.stop(automatic=True)
    with pytest.raises(ConnectError) as error:
        world.chats.connect(CHAT)
    assert (world.chats.create(CHAT, world.latest.template.id).advice, error.value.advice) == (Advice.START, Advice.START)


def test_a_stop_by_hand_while_it_is_started_is_the_latest_word() -> None:
    """Whoever has asked for the start is told that it was stopped, and to ask."""
    world = stopped(build=50, connect=20)
    world.sim.at(world.sim.elapsed + 60, world.latest.stop)
    outcome = world.chats.start(CHAT)
    assert (outcome.reason, outcome.advice) == (Reason.NOT_RUNNING, Advice.ASK_USER)


def test_starts_that_were_of_use() -> None:
    """Stopped by the platform after hours, it may be started again, however often; on a person's word, it was not stopped in vain."""
    world = stopped()
    docker = world.latest.template.id
    for stop in (lambda: world.sim.sleep(7200), lambda: world.chats.stop(CHAT)) * 2:
        assert world.chats.start(CHAT).ready
        stop()
        own = world.latest.now.build.transition.value == "stop"
        if not own:
            world.latest.stop(automatic=True)
        world.sim.sleep(10)
        outcome = world.chats.create(CHAT, docker)
        assert (outcome.advice.value, "again soon" in outcome.next_step) == ("ask_user" if own else "start", False)
