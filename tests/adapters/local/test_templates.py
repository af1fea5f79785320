"""Templates are folders that anybody may have written: what is odd is told of that template alone, and nothing leads out of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from chatworkspace import RefusedError
from chatworkspace_local._worker.copying import stays_inside
from tests.adapters.local.worlds import Home, deadline

Spoil = Callable[[Path], object]

ASKING = """
time_to_live = 3600
[[parameters]]
name = "size"
type = "number"
min = 1
max = 9
default = 5
[[parameters]]
name = "kind"
options = ["a", {name = "Bee", value = "b"}]
mutable = false
[[presets]]
name = "big"
default = true
parameters = {size = 9, kind = "b"}
"""


def a_link(path: Path) -> None:
    (path.parent / "real").write_text('description = "real"')
    path.symlink_to("real")


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(path))


def text(what: str | bytes) -> Spoil:
    data = what if isinstance(what, bytes) else what.encode()
    return lambda path: path.write_bytes(data)


PARAMETER = '[[parameters]]\nname = "p"\n'
ODD: dict[str, tuple[Spoil, str]] = {
    "no TOML": (text("= ="), "not TOML"),
    "not UTF-8": (text(b'description = "\xff"'), "not UTF-8"),
    "nested": (text("a = " + "[" * 100_000), "TOML|nests"),
    "huge": (text("#" * 300_000), "bytes"),
    "a FIFO": (os.mkfifo, "not a plain file"),
    "a folder": (os.mkdir, "not a plain file"),
    "a link": (a_link, "is a link"),
    "a socket": (a_socket, "cannot be read|not a plain file"),
    "an unknown key": (text('colour = "red"'), "unknown key 'colour'"),
    "an unknown key of a parameter": (text(PARAMETER + "x = 1"), "unknown key 'x'"),
    "a description that is none": (text("description = 5"), "description is text"),
    "parameters that are none": (text("parameters = 5"), "parameters is a list"),
    "a type that is none": (text(PARAMETER + 'type = "date"'), "type of p"),
    "a default of another type": (text(PARAMETER + 'type = "number"\ndefault = "x"'), "default of p: a number"),
    "a default beyond the bounds": (text(PARAMETER + 'type = "number"\nmin = 5\ndefault = 1'), "from 5 to any"),
    "a default that is no option": (text(PARAMETER + 'options = ["a"]\ndefault = "b"'), "one of its options"),
    "two of a name": (text(PARAMETER + PARAMETER), "two parameters"),
    "two of a variable": (text('[[parameters]]\nname = "a-b"\n[[parameters]]\nname = "a_b"\n'), "two variables"),
    "a name that is none": (text('[[parameters]]\nname = "a b"\n'), "parameter's name"),
    "a regex that is none": (text(PARAMETER + 'regex = "("'), "regular expression"),
    "a preset of what is not asked": (text('[[presets]]\nname = "s"\nparameters = {q = "1"}'), "no such parameter"),
    "a preset that does not fit": (text(PARAMETER + 'type = "bool"\n[[presets]]\nname = "s"\nparameters = {p = "maybe"}'), "true or false"),
    "a time to live that is none": (text("time_to_live = nan"), "time_to_live"),
    "an endless time to live": (text("time_to_live = inf"), "time_to_live"),
    "a time to live below 0": (text("time_to_live = -1"), "time_to_live"),
}


@pytest.mark.parametrize("how", ODD)
def test_an_odd_template(here: Home, how: str) -> None:
    """Is listed with what is wrong with it, refused with the same, and no other is concerned."""
    spoil, words = ODD[how]
    folder = here.root / "templates" / "odd"
    folder.mkdir(mode=0o700)
    spoil(folder / "template.toml")
    odd = here.named("odd")
    assert odd.description.startswith("cannot be used: ")
    with pytest.raises(RefusedError, match=words):
        here.create(here.request(template=odd))
    assert here.ready().build.error == ""


def test_a_folder_that_others_may_write_is_odd(here: Home) -> None:
    """Its setup could be anybody's."""
    here.template("shared")
    (here.root / "templates" / "shared").chmod(0o777)
    with pytest.raises(RefusedError, match="written by other users"):
        here.create(here.request(template=here.named("shared")))


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "large"])
def test_a_setup_that_can_be_none_is_told_before_a_build(here: Home, kind: str) -> None:
    """A link, a folder, a pipe or what is too large: the template is listed as one that cannot be used, and nothing is made of it."""
    here.template("odd")
    setup = here.root / "templates" / "odd" / "setup"
    match kind:
        case "link":
            setup.symlink_to("/bin/true")
        case "folder":
            setup.mkdir()
        case "pipe":
            os.mkfifo(setup)
        case _:
            setup.touch()
            os.truncate(setup, (16 << 20) + 1)
    assert here.named("odd").description.startswith("cannot be used: setup ")
    with pytest.raises(RefusedError, match="setup "):
        here.create(here.request(template=here.named("odd")))


def test_what_is_copied(here: Home) -> None:
    """Files and folders, with the right to run them; links that stay inside. What else there is is left out, and the log says so."""
    template = here.template("full", "", "", plain="plain")
    folder = here.root / "templates" / "full"
    (folder / "README.md").write_text("# Full")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "run").write_text("#!/bin/sh\necho ran\n")
    (folder / "deep" / "er" / "run").chmod(0o755)
    (folder / "inside").symlink_to("deep/er/run")
    (folder / "deep" / "up").symlink_to("../plain")
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "deep" / "out").symlink_to("../../../outside")
    os.mkfifo(folder / "pipe")
    workspace = here.ready(template=here.named("full"))
    files = here.folder(workspace) / "files"
    assert sorted(str(path.relative_to(files)) for path in files.rglob("*")) == ["deep", "deep/er", "deep/er/run", "deep/up", "inside", "plain"]
    assert here.run(workspace, "./inside; cat deep/up")[1] == "ran\nplain"
    log = [line.text for line in here.platform.build_log(workspace, after=0, deadline=deadline())]
    assert sorted(line for line in log if line.startswith("left out")) == [
        "left out 'deep/out': the link leads out of the template",
        "left out 'out': the link leads out of the template",
        "left out 'pipe': it is neither a file, a folder nor a link",
    ]
    assert template.readme == ""
    assert here.named("full").readme == "# Full"


@pytest.mark.parametrize(
    ("path", "leads_to", "inside"),
    [
        ("a", "b", True),
        ("a", ".", True),
        ("a", "..", False),
        ("a", "/b", False),
        ("d/a", "../b", True),
        ("d/a", "../../b", False),
        ("d/a", "x/../../b", False),
        ("d/e/a", "../../b", True),
    ],
)
def test_links_that_stay_inside(path: str, leads_to: str, *, inside: bool) -> None:
    """They climb at their beginning alone, and no higher than the template: so no way over several leads out."""
    assert stays_inside(path, leads_to) is inside


def test_what_parameters_ask(here: Home) -> None:
    """Types, defaults, options and presets; unknown ones and answers that do not fit are refused by their names."""
    template = here.template("asking", ASKING)
    platform, owner = here.platform, here.platform.owner_id
    asked = {it.name: it for it in platform.list_parameters(owner, template, deadline=deadline())}
    assert (asked["size"].default, asked["size"].required, asked["kind"].required, asked["kind"].mutable) == ("5", False, True, False)
    assert [(it.name, it.value) for it in asked["kind"].options] == [("a", "a"), ("Bee", "b")]
    preset = platform.list_presets(owner, template, deadline=deadline())[0]
    assert (preset.default, dict(preset.parameters)) == (True, {"size": "9", "kind": "b"})
    for given, name in (
        ({"kind": "c"}, "kind"),
        ({"kind": "a", "size": "10"}, "size"),
        ({"kind": "a", "size": "x"}, "size"),
        ({"kind": "a", "x": "1"}, "x"),
    ):
        with pytest.raises(RefusedError) as caught:
            here.create(attrs.evolve(here.request(template=template), parameters=given))
        assert [field for field, _ in caught.value.validations] == [name]
    made = here.settled(here.create(attrs.evolve(here.request(template=template), preset_id=preset.id, parameters={"size": "2"})))
    assert platform.build_parameters(made, deadline=deadline()) == {"size": "2", "kind": "b"}
    assert here.record(made).ttl == 3600
    stopped = here.stopped(made)
    with pytest.raises(RefusedError) as caught:
        platform.start_workspace(stopped, {"kind": "a"}, deadline=deadline())
    assert [field for field, _ in caught.value.validations] == ["kind"]
    again = here.settled(platform.start_workspace(stopped, {"size": "3"}, deadline=deadline()))
    assert platform.build_parameters(again, deadline=deadline()) == {"size": "3", "kind": "b"}


def test_a_later_start_writes_over_nothing(here: Home) -> None:
    """The files are the user's once they are there; the setup runs again, as it was when the workspace was made."""
    template = here.template("kept", "", "echo once >> runs", file="template's")
    workspace = here.ready(template=template)
    here.run(workspace, "echo mine > file")
    (here.root / "templates" / "kept" / "setup").write_text("#!/bin/sh\necho other >> runs\n")
    again = here.started(here.stopped(workspace))
    assert here.run(again, "cat file runs")[1] == "mine\nonce\nonce\n"


def test_another_version(here: Home) -> None:
    """A template that is changed has another version, and stays the same template."""
    before = here.template("changing")
    (here.root / "templates" / "changing" / "file").write_text("new")
    after = here.named("changing")
    assert (after.id, after.version_id != before.version_id) == (before.id, True)


def test_the_two_that_come_with_it(here: Home) -> None:
    """`python` makes a virtual environment whose interpreter runs."""
    assert {here.named(name).name for name in ("empty", "python")} == {"empty", "python"}
    workspace = here.ready(template=here.named("python"))
    assert workspace.agents[0].lifecycle.value == "ready"
    assert here.run(workspace, ".venv/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'")[1] == "True\n"
