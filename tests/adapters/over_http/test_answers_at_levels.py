"""Answers to what a template asks, over a server of each level: what is asked for because of them, and how they are refused."""

from __future__ import annotations

from chatworkspace.ports import Evaluation, Option, Parameter
from tests.over_http import over_http
from tests.service.chats import CHAT, World


def test_what_reading_a_template_asks(level: str) -> None:
    """Each thing once: the template, its version, what it asks, its presets; evaluated where that can be; and settings once for all."""
    with over_http(level) as wires:
        world = World()
        docker = world.template(parameters=[Parameter(name="cpu", default="1")], evaluation=Evaluation(parameters=(Parameter(name="cpu"),)))
        tools, wire = world.chats.toolbox(CHAT), wires.of(world.coder)
        tools.call("list_templates", {})
        asked: list[list[str]] = []
        for _ in range(2):
            before = len(wire.simulator.requests)
            tools.call("read_template", {"template_id": str(docker.id)})
            asked.append([it.path.rpartition("/")[2] for it in wire.simulator.requests[before:]])
    evaluated = [] if level == "2.20" else ["evaluate"]
    first = sorted([str(docker.id), "rich-parameters", "presets", *evaluated])  # in whatever order
    assert [sorted(it) for it in asked] == [first, sorted([str(docker.id), *evaluated])]


def test_what_a_creation_with_answers_asks(level: str) -> None:
    """One evaluation more; where there is none, what the version asks, once."""
    with over_http(level) as wires:
        world = World()
        cpu = Parameter(name="cpu", default="1")
        docker = world.template(parameters=[cpu], evaluation=Evaluation(parameters=(cpu,)))
        wire, asked = wires.of(world.coder), list[list[str]]()
        for chat in ("chat-2", "chat-3", "chat-4"):
            world.sim.open_chat(chat)
            before = len(wire.simulator.requests)
            world.chats.create(chat, docker.id, parameters={"cpu": "4"} if chat != "chat-2" else None)
            asked.append([it.path.rpartition("/")[2] for it in wire.simulator.requests[before:]])
    plain, first, second = asked
    more = ["rich-parameters"] if level == "2.20" else ["evaluate"]
    assert len(first) == len(second) + (level == "2.20")
    assert [it for it in first if it in ("rich-parameters", "evaluate", "presets")] == more
    assert [it for it in second if it in ("rich-parameters", "evaluate", "presets")] == ([] if level == "2.20" else more)
    assert not {"rich-parameters", "evaluate", "presets"} & set(plain)


# ------------------------------------------------------------------ refusals


def test_a_start_that_is_refused_tells_why_whatever_the_server(level: str) -> None:
    """The template to read, the update that is meant, and the field: a model can correct it."""
    with over_http(level):
        world = World()
        world.created(parameters=[Parameter(name="size", default="small")])
        world.latest.stop()
        world.sim.sleep(10)
        sizes = (Option(name="Small", value="small"), Option(name="Large", value="large"))
        world.coder.update_template("docker", parameters=[Parameter(name="size", default="small", options=sizes)], require_active=True)
        said = world.chats.toolbox(CHAT).call("start_workspace", {"parameters": {"size": "huge"}}).content
    assert [it["field"] for it in said["validations"]] == ["size"]
    assert '"huge"' in said["validations"][0]["detail"]
    assert (said["template_id"], said["advice"]) == (str(world.latest.template.id), "read_template")
    assert (said["update_required"], said["update_reason"]) == (True, "template requires active versions")
