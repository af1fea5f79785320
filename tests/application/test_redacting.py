"""Values that callers have brought are taken out of what they are told; words that everybody knows stay readable."""

from __future__ import annotations

from typing import Any

from chatworkspace import Outcome, Template, UnavailableError
from chatworkspace._application.values import Values
from chatworkspace.ports import Evaluation, Option, Parameter
from chatworkspace_fake import Fails, Simulation
from tests.application.planting import CHAT, TOKEN, Ear

REGION = Parameter(name="region", options=(Option(name="West", value="eu-west-1"), Option(name="East", value="eu-east-1")))


# ------------------------------------------------------------------ what stays


def failing(**template: Any) -> tuple[Simulation, Template]:
    """Return a world whose template fails with an error about its region and its token."""
    sim = Simulation(0)
    sim.open_chat(CHAT)
    build = Fails(after=1, error="no machine in eu-west-1 for hunter2 or Tr0ub4dor-and-3")
    return sim, sim.coder.add_template("docker", build=build, **template)


PIN = Parameter(name="pin", masked=True)
GIVEN = {"region": "eu-west-1", "token": "Tr0ub4dor-and-3", "pin": "hunter2"}


def test_what_a_template_offers_to_everybody_stays_readable() -> None:
    """An option is no secret, though it has nine characters; what is masked is one, though it has seven."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    assert sim.workspaces.create(CHAT, docker.id, parameters=GIVEN).error == "no machine in eu-west-1 for … or …"
    assert sim.workspaces.status(CHAT).error == "no machine in eu-west-1 for … or …"


def test_a_refusal_names_what_it_is_about() -> None:
    """Though the value is the parameter's own name, or contains it: its name is told, and the value is not."""
    sim, docker = failing(parameters=(Parameter(name="docker_image"),))
    toolbox = sim.workspaces.toolbox(CHAT)
    for wrong, value, nearest in (("docker_imaeg", "my-docker_image-7", "docker_image"), ("region_of", "docker_imaeg", "docker_image")):
        result = toolbox.call("create_workspace", {"template_id": str(docker.id), "parameters": {wrong: value, "docker_image": value}})
        told = {it["field"]: it["detail"] for it in result.content["validations"]}
        assert (result.content["error"], list(told)) == ("unknown parameters", [wrong])
        assert nearest in told[wrong]
    sim.coder.when("create_workspace").refuse(400, "no my-docker_image-7", {"docker_image": "my-docker_image-7 is too old"})
    result = toolbox.call("create_workspace", {"template_id": str(docker.id), "parameters": {"docker_image": "my-docker_image-7"}})
    assert (result.content["error"], result.content["validations"]) == ("no …", [{"field": "docker_image", "detail": "… is too old"}])


def test_what_is_written_for_everybody_stays_as_it_is() -> None:
    """A README that names what the model has chosen by it: only what is said of answers is looked through."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN), readme="Use `Tr0ub4dor-and-3`.", description="for Tr0ub4dor-and-3")
    sim.workspaces.create(CHAT, docker.id, parameters=GIVEN)
    problem = Evaluation(parameters=(REGION, TOKEN, PIN), problem="no eu-west-1 for Tr0ub4dor-and-3")
    sim.coder.update_template("docker", evaluation=problem)
    said = sim.workspaces.toolbox(CHAT).call("read_template", {"template_id": str(docker.id)}).content
    assert (said["template"]["readme"], said["template"]["description"]) == ("Use `Tr0ub4dor-and-3`.", "for Tr0ub4dor-and-3")
    assert said["parameters_error"] == "no eu-west-1 for …"


def test_a_template_that_does_not_tell_is_not_waited_for() -> None:
    """What may be a secret goes then, and short words stay; the answer comes all the same."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    sim.coder.when("evaluate_parameters", times=2).fail()
    assert sim.workspaces.create(CHAT, docker.id, parameters=GIVEN).error == "no machine in … for hunter2 or …"


def test_nothing_is_asked_where_nothing_was_said_of_a_value() -> None:
    """What a template asks is looked at before it is used; a failure that repeats no value asks no more."""
    sim = Simulation(0, on_progress=Ear().hear)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=Fails(after=1, error="no machine"), log=("one", "two"))
    assert sim.workspaces.create(CHAT, docker.id, parameters={"token": "Tr0ub4dor"}).error == "no machine"
    made = sim.coder.calls.index("create_workspace")
    assert not [it for it in sim.coder.calls[made:] if it in ("evaluate_parameters", "list_parameters")]


def test_what_was_found_out_of_a_template_holds_for_notes_as_well() -> None:
    """Under a claim nobody is asked: the first refusal is noted without what may be secret, the next without what is."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    for _ in range(2):
        sim.coder.when("create_workspace").refuse(400, "no eu-west-1 for Tr0ub4dor-and-3")
        Ear().heard_of(lambda: sim.workspaces.create(CHAT, docker.id, parameters=GIVEN))
    assert [note for it in sim.workspaces.history(CHAT) for note in it.notes] == ["refused: no … for …", "refused: no eu-west-1 for …"]


def test_a_template_is_asked_once() -> None:
    """For all chats of the process, for some minutes, however often its builds repeat values."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    for chat in (CHAT, "chat-2"):
        sim.open_chat(chat)
        sim.workspaces.create(chat, docker.id, parameters=GIVEN)
        sim.workspaces.status(chat)
    before = 2  # each creation looks at what the template asks
    assert len([it for it in sim.coder.calls if it == "evaluate_parameters"]) == before + 1
    sim.sleep(301)
    sim.workspaces.status(CHAT)
    assert len([it for it in sim.coder.calls if it == "evaluate_parameters"]) == before + 2


def test_what_earlier_calls_have_brought_is_not_forgotten() -> None:
    """Each call adds its values, whatever their names were used for before; some hundred are kept of a chat, and some thousand chats."""
    values = Values()
    for number in range(300):
        values.bring(CHAT, {"token": f"Tr0ub4dor-{number:03}"})
        values.bring(f"chat-{number * 20}", {"token": "hunter2-hunter2"})
    assert values.out_of_text(CHAT, "Tr0ub4dor-299, Tr0ub4dor-100") == "…, …"
    values.bring(CHAT, {f"token-{number}": f"s3cret-{number:03}" for number in range(400)} | {"token": "Tr0ub4dor-100"})
    assert values.out_of_text(CHAT, "Tr0ub4dor-299, Tr0ub4dor-100, s3cret-000, s3cret-399") == "…299, …, …, …"
    for number in range(9000):
        values.bring(f"other-{number}", {"token": "hunter2-hunter2"})
    assert (CHAT in values.told, "other-8999" in values.told) == (False, True)


def test_a_sweep_tells_no_value_either() -> None:
    """What it has bound is told by its own call, which knows of no chat."""
    told = list[Outcome]()
    sim = Simulation(0, on_chat_updated=told.append)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=Fails(after=1, error="no Tr0ub4dor-and-3"))
    sim.coder.when("create_workspace").lose_answer()
    sim.coder.when("find_workspace", times=9).fail(UnavailableError("away", retryable=False))
    Ear().heard_of(lambda: sim.workspaces.create(CHAT, docker.id, parameters={"token": "Tr0ub4dor-and-3"}, wait=0))
    coder: Any = sim.coder
    coder._faults._armed.clear()
    sim.sleep(1000)
    assert sim.workspaces.sweep().settled == (CHAT,)
    assert [it.workspace.build.error for it in told if it.workspace is not None] == ["no …"]


def test_another_process_does_not_know_the_values() -> None:
    """Nor could it: they are kept nowhere. It tells what the platform says."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    sim.workspaces.create(CHAT, docker.id, parameters=GIVEN)
    assert sim.process("b").workspaces.status(CHAT).error == "no machine in eu-west-1 for hunter2 or Tr0ub4dor-and-3"
