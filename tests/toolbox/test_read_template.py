"""read_template: what a template asks, and where the answers that it shows come from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Chat, UnavailableError
from chatworkspace.ports import Evaluation, Option, Parameter, Preset
from tests.toolbox.kitchen import Kitchen

ELSEWHERE = UUID(int=7)
REGION = Parameter(
    name="region",
    display_name="Region",
    description="r" * 400,
    form_type="dropdown",
    default="eu",
    options=(Option(name="Europe", value="eu", description="Near.", icon="/eu.svg"), Option(name="US", value="us")),
)
DISK = Parameter(
    name="disk", type="number", required=True, mutable=False, ephemeral=True, validation_regex="^[0-9]+$", validation_min=10, validation_max=0
)
IMPORTED = (
    Parameter(name="a", default="a-import", options=(Option(name="A", value="a"),), validation_min=1),
    Parameter(name="b", default="b-import"),
)


def read(kitchen: Kitchen, name: str = "docker", **more: Any) -> dict[str, Any]:
    """Add a template, and read it."""
    return kitchen.call("read_template", template_id=str(kitchen.coder.add_template(name, **more).id))


def evaluated(*parameters: Parameter, unknown: set[tuple[str, str]] | None = None, complete: bool = True) -> dict[str, Any]:
    """Return what read_template says of a template that was imported with IMPORTED and evaluates to these."""
    evaluation = Evaluation(parameters=parameters, unknown=frozenset(unknown or ()), complete=complete)
    return read(Kitchen(), parameters=IMPORTED, evaluation=evaluation)


def test_r01_a_template_that_is_not_there() -> None:
    """Missing and of another organization look the same; one that is not for chats is said to be not available."""
    kitchen = Kitchen()
    missing = kitchen.result("read_template", template_id=str(UUID(int=1)))
    theirs = kitchen.coder.add_template("theirs", organization_id=ELSEWHERE)
    blocked = kitchen.coder.add_template("blocked", agents_allowed=False)
    assert missing.is_error
    assert kitchen.result("read_template", template_id=str(theirs.id)) == missing
    assert kitchen.call("read_template", template_id=str(blocked.id))["reason"] == "template_not_allowed"
    assert missing.content["reason"] == "template_not_found"


def test_r02_the_template_itself() -> None:
    """Id, name and version always; the rest where it says something; of the README at most 8,000 characters, and it says how many there are."""
    kitchen = Kitchen()
    bare = kitchen.coder.add_template("bare")
    assert kitchen.call("read_template", template_id=str(bare.id)) == {
        "template": {"id": str(bare.id), "name": "bare", "active_version_id": str(bare.version_id)},
        "parameters": [],
        "advice": "nothing",
    }
    full = read(kitchen, display_name="Docker", description="D", readme="---\nx: y\n---\n# Hello\n" + "w" * 9000)["template"]
    assert (full["display_name"], full["description"]) == ("Docker", "D")
    assert full["readme"].startswith("# Hello\nwww")
    assert len(full["readme"]) == 8000
    assert full["readme"].endswith("… [9008 characters, cut]")


def test_r03_parameters() -> None:
    """Name, type, required and mutable always; the rest where given, also a limit of 0."""
    region, disk = read(Kitchen(), parameters=(REGION, DISK))["parameters"]
    assert region == {
        "name": "region",
        "type": "string",
        "required": False,
        "mutable": True,
        "display_name": "Region",
        "description": "r" * 277 + "… [400 characters, cut]",
        "form_type": "dropdown",
        "default": "eu",
        "options": [{"name": "Europe", "value": "eu", "description": "Near.", "icon": "/eu.svg"}, {"name": "US", "value": "us"}],
    }
    assert disk == {
        "name": "disk",
        "type": "number",
        "required": True,
        "mutable": False,
        "ephemeral": True,
        "validation_regex": "^[0-9]+$",
        "validation_min": 10,
        "validation_max": 0,
    }


def test_r04_presets() -> None:
    """Left out when there are none; a preset without parameters has an empty list."""
    one = Preset(id=UUID(int=1), name="Small", default=True, parameters={"region": "eu"}, desired_prebuilds=2, description="S", icon="/s.svg")
    two = Preset(id=UUID(int=2), name="Large")
    said = read(Kitchen(), parameters=(REGION,), presets=(one, two))
    assert said["presets"] == [
        {
            "id": str(one.id),
            "name": "Small",
            "default": True,
            "description": "S",
            "icon": "/s.svg",
            "desired_prebuild_instances": 2,
            "parameters": [{"name": "region", "value": "eu"}],
        },
        {"id": str(two.id), "name": "Large", "default": False, "parameters": []},
    ]
    assert "presets" not in read(Kitchen())


def test_r05_what_the_platform_evaluates_for_the_owner_counts() -> None:
    """Its values are shown, not those of the import, and the note says so."""
    said = evaluated(Parameter(name="a", default="for-me"))
    assert [(it["name"], it["default"]) for it in said["parameters"]] == [("a", "for-me")]
    assert said["parameters_note"].startswith("Evaluated for this user")


def test_r06_what_was_recorded_at_import_stands_in() -> None:
    """Where nothing is evaluated, or the evaluation fails; the note tells which, and whether it may pass; without parameters there is no note."""
    recorded = read(Kitchen(), parameters=IMPORTED)
    kitchen = Kitchen()
    kitchen.coder.when("evaluate_parameters").fail()
    failed = read(kitchen, parameters=IMPORTED)
    kitchen.coder.when("evaluate_parameters").refuse(message="no")
    refused = read(kitchen, "vm", parameters=IMPORTED)
    assert failed["parameters_note"].startswith(refused["parameters_note"])
    assert "still being imported: read the template again" in failed["parameters_note"]
    kitchen.coder.when("evaluate_parameters").fail(UnavailableError("never", retryable=False))
    assert read(kitchen, "gpu", parameters=IMPORTED)["parameters_note"] == refused["parameters_note"]
    assert recorded["parameters"] == failed["parameters"]
    assert [it["default"] for it in failed["parameters"]] == ["a-import", "b-import"]
    assert "recorded" in recorded["parameters_note"]
    assert "could not be evaluated" in failed["parameters_note"]
    assert "parameters_note" not in read(Kitchen())


def test_r06_an_error_of_the_whole_evaluation() -> None:
    """What was recorded at import stands in for all of it, with the platform's words in a field of their own."""
    evaluation = Evaluation(parameters=(Parameter(name="a", default="nonsense"),), problem="Region not allowed")
    said = read(Kitchen(), parameters=IMPORTED, evaluation=evaluation)
    assert [it["default"] for it in said["parameters"]] == ["a-import", "b-import"]
    assert "could not be evaluated" in said["parameters_note"]
    assert said["parameters_error"] == "Region not allowed"


def test_r07_what_could_not_be_told_is_filled_from_import() -> None:
    """Default, options and validation, each with a note of its own; what could be told stays as it is."""
    unknown = {("a", "default"), ("a", "options"), ("a", "validation")}
    (a,) = evaluated(Parameter(name="a"), unknown=unknown)["parameters"]
    assert (a["default"], a["options"], a["validation_min"]) == ("a-import", [{"name": "A", "value": "a"}], 1)
    assert {name for name in a if name.endswith("_note")} == {"default_note", "options_note", "validation_note"}
    (b,) = evaluated(Parameter(name="b"), unknown={("b", "default"), ("b", "options"), ("b", "validation")})["parameters"]
    assert {name for name in b if name.endswith("_note")} == {"default_note"}
    assert "default" not in evaluated(Parameter(name="new"), unknown={("new", "default")})["parameters"][0]


@pytest.mark.parametrize(
    ("parameter", "unknown"),
    [
        (Parameter(name="a", required=True), {("a", "default")}),
        (Parameter(name="a", error="no such region"), {("a", "default")}),
        (Parameter(name="a"), set[tuple[str, str]]()),
    ],
    ids=["required", "with an error", "evaluated to none"],
)
def test_r08_a_default_that_is_not_filled(parameter: Parameter, unknown: set[tuple[str, str]]) -> None:
    """The user has to be asked, or there is none: what held for whoever imported the template would mislead."""
    (it,) = evaluated(parameter, unknown=unknown)["parameters"]
    assert "default" not in it
    assert "default_note" not in it


def test_r09_an_error_stands_in_place_of_the_default() -> None:
    """Both at once would contradict each other."""
    (it,) = evaluated(Parameter(name="a", default="x", error="e" * 400))["parameters"]
    assert it["error"] == "e" * 138 + "… [400 characters, cut] " + "e" * 138
    assert "default" not in it


def test_r10_modules_that_could_not_be_loaded() -> None:
    """Their parameters come from import, behind the others, with a note."""
    said = evaluated(Parameter(name="b", default="mine"), complete=False)
    assert [(it["name"], it["default"]) for it in said["parameters"]] == [("b", "mine"), ("a", "a-import")]
    assert "default_note" in said["parameters"][1]
    assert "could not be loaded" in said["parameters_note"]


@pytest.mark.parametrize("letter", ["x", "漢", "\U0001f600", '"'])
def test_r03_a_template_has_a_budget(letter: str) -> None:
    """32 KiB whatever its author wrote; what is left out is named, and what would be used again is whole or not there."""
    long = letter * 50_000
    options = tuple(Option(name=long, value=f"v{number}", description=long, icon=long) for number in range(200))
    parameters = tuple(
        Parameter(name=f"p{number}", default=f"d{number}", description=long, validation_regex=long, options=options[:3]) for number in range(200)
    )
    presets = tuple(Preset(id=UUID(int=number), name=long, parameters={"p0": long}) for number in range(100))
    kitchen = Kitchen()
    template = kitchen.coder.add_template("docker", readme=long, parameters=(Parameter(name="o", options=options), *parameters), presets=presets)
    result = kitchen.result("read_template", template_id=str(template.id))
    assert len(result.text.encode()) <= 32_768
    assert {"icons", "the README"} <= set(result.content["left_out"])
    shown = [it["name"] for it in result.content["parameters"]]
    assert shown == ["o", *(f"p{number}" for number in range(len(shown) - 1))]
    assert all(it["default"] == f"d{it['name'][1:]}" for it in result.content["parameters"][1:])
    assert "options_note" in result.content["parameters"][0]


def test_r03_a_value_is_whole_or_not_there() -> None:
    """Half an option is another option: what is too long is left out, and it is said where to see it."""
    long = "x" * 501
    option, fine = Option(name="Long", value=long), Option(name="Fine", value="y" * 500)
    preset = Preset(id=UUID(int=1), name="P", parameters={"a": long, "b": "1"})
    said = read(Kitchen(), parameters=(Parameter(name="a", default=long, validation_regex=long, options=(option, fine)),), presets=(preset,))
    (a,) = said["parameters"]
    assert [it["value"] for it in a["options"]] == ["y" * 500]
    assert "default" not in a
    assert "validation_regex" not in a
    assert {name for name in a if name.endswith("_note")} == {"default_note", "validation_regex_note", "options_note"}
    (first, second) = said["presets"][0]["parameters"]
    assert set(first) == {"name", "value_note"}
    assert second == {"name": "b", "value": "1"}


def test_r11_a_deprecated_template_can_be_read() -> None:
    """Its workspaces are started with what it asks; that no new one is made of it is said."""
    said = read(Kitchen(), deprecated=True, parameters=(REGION,))
    assert said["parameters"][0]["name"] == "region"
    assert said["deprecated"] is True
    assert "no new workspace can be created from it" in said["next_step"]
    assert not {"deprecated", "next_step"} & set(read(Kitchen()))


def test_r02_what_was_read_asks_for_nothing() -> None:
    """As every result it carries an advice: none is not to be guessed by whoever obeys."""
    assert [read(Kitchen(), deprecated=it)["advice"] for it in (False, True)] == ["nothing"] * 2


def test_r11_so_can_that_of_the_chats_own_workspace() -> None:
    """Whoever is sent to read what a start asks is not refused, whatever is allowed by now; another chat is."""
    allowed = set[UUID]()

    def allow(chat: Chat) -> set[UUID]:
        del chat
        return allowed

    kitchen = Kitchen(allowed_templates=allow)
    docker = kitchen.coder.add_template("docker", parameters=(REGION,))
    allowed |= {docker.id}
    kitchen.create()
    allowed.clear()
    assert kitchen.call("read_template", template_id=str(docker.id))["parameters"][0]["name"] == "region"
    kitchen.sim.workspaces.detach("chat-1")
    assert kitchen.call("read_template", template_id=str(docker.id))["reason"] == "template_not_allowed"
    other = kitchen.coder.add_template("other")
    kitchen.sim.workspaces.attach("chat-1", kitchen.coder.workspaces[0].id)
    assert kitchen.call("read_template", template_id=str(other.id))["reason"] == "template_not_allowed"


def test_r12_a_value_that_is_masked_is_not_shown() -> None:
    """Neither a parameter's default nor a preset's answer; that there is one is said."""
    secret = Parameter(name="token", default="hunter2-hunter2", masked=True)
    preset = Preset(id=UUID(int=1), name="P", parameters={"token": "hunter2-hunter2", "region": "eu"})
    said = read(Kitchen(), parameters=(secret, REGION), presets=(preset,))
    assert "hunter2" not in repr(said)
    assert said["parameters"][0]["masked"] is True
    assert "not shown" in said["parameters"][0]["default_note"]
    first, second = said["presets"][0]["parameters"]
    assert set(first) == {"name", "value_note"}
    assert second == {"name": "region", "value": "eu"}


def test_r02_a_small_template_is_whole() -> None:
    """Nothing is left out where all fits, and the README's code is as its author wrote it."""
    readme = "# Use\n\n```sh\n# first\ncurl -H 'X: <token>' https://host.example/`id`\n```\n**Note**"
    said = read(Kitchen(), readme=readme, parameters=(REGION, DISK))
    assert said["template"]["readme"] == readme
    assert "left_out" not in said
