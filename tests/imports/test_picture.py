"""ARCHITECTURE.md draws the layers as they are: each arrow is an import, and each import has its arrow."""

from __future__ import annotations

import pytest

from tests.imports import picture
from tests.imports.picture import Picture, Room
from tests.imports.world import Module, World, read

pytestmark = pytest.mark.once

WORLD = read()

DRAWN = """
chatworkspace_coder ─► _http     asks
  _http ─► chatworkspace + requests, urllib3
chatworkspace ─► service ┄► toolbox
  service ─► model               what is called
  toolbox
      ─► model
  model                          values
"""
SOURCES = {
    "chatworkspace_coder": "from chatworkspace_coder._client import CoderClient",
    "chatworkspace_coder._client": "import chatworkspace_coder._http.link, chatworkspace",
    "chatworkspace_coder._http": "",
    "chatworkspace_coder._http.link": "import requests\nfrom urllib3 import Retry\nfrom chatworkspace import State",
    "chatworkspace": "from chatworkspace.service import It\nfrom chatworkspace.model import State\ndef f():\n    from chatworkspace import toolbox",
    "chatworkspace.service": "import attrs\nfrom chatworkspace import model",
    "chatworkspace.toolbox": "from chatworkspace.model import State",
    "chatworkspace.model": "import enum",
}


def _world(sources: dict[str, str]) -> World:
    faces = {"chatworkspace", "chatworkspace_coder", "chatworkspace_coder._http"}
    return {name: Module(name=name, source=source, is_face=name in faces) for name, source in sources.items()}


def _told(world: World, drawn: Picture) -> list[str]:
    return [
        *picture.not_down(drawn),
        *picture.not_there(world, drawn),
        *picture.undrawn(world, drawn),
        *picture.unused(world, drawn),
    ]


def test_the_layers_are_as_they_are_drawn() -> None:
    """Every package, and every folder and module of the core, is a room; all arrows lead down; none is missing, and none too many."""
    assert _told(WORLD, picture.drawn()) == []


def test_a_picture_is_read() -> None:
    """Names below a package's are of the package; what stands behind two spaces is for people."""
    assert list(picture.parse(DRAWN).values()) == [
        Room(name="chatworkspace_coder", arrows=("chatworkspace_coder._http",)),
        Room(name="chatworkspace_coder._http", arrows=("chatworkspace",), others=("requests", "urllib3")),
        Room(name="chatworkspace", arrows=("chatworkspace.service",), broken=("chatworkspace.toolbox",)),
        Room(name="chatworkspace.service", arrows=("chatworkspace.model",)),
        Room(name="chatworkspace.toolbox", arrows=("chatworkspace.model",)),
        Room(name="chatworkspace.model"),
    ]


@pytest.mark.parametrize("line", ["a -> b", "a ─► b c", "a, b", "─► b ┄►", "a ─► b ─► c"])
def test_a_line_that_is_no_room_is_refused(line: str) -> None:
    """Whoever draws otherwise is told, and not passed over."""
    with pytest.raises(ValueError, match=line):
        picture.parse(line)


def test_a_true_picture_is_accepted() -> None:
    """What is imported along arrows, on and on within a package, and what everybody has."""
    assert _told(_world(SOURCES), picture.parse(DRAWN)) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("  service ─► model ", "  service ", "chatworkspace.service:2: chatworkspace.service ─► chatworkspace.model is not drawn"),
        ("requests, urllib3", "requests", "chatworkspace_coder._http.link:2: chatworkspace_coder._http + urllib3 is not drawn"),
        ("requests, urllib3", "requests, urllib3, backoff", "chatworkspace_coder._http ─► backoff is drawn, and not used"),
        (
            "  toolbox\n      ─► model",
            "  toolbox\n      ─► model ┄► _tools",
            "chatworkspace.toolbox ─► chatworkspace._tools does not lead down to a room",
        ),
        ("  service ─► model ", "  service ─► model, toolbox ", "chatworkspace.service ─► chatworkspace.toolbox is drawn, and not used"),
        ("  toolbox\n      ─► model", "  toolbox ─► model, service", "chatworkspace.toolbox ─► chatworkspace.service does not lead down to a room"),
        ("  model  ", "  values\n  model  ", "chatworkspace.values is drawn, and not there"),
    ],
)
def test_a_picture_that_is_not_true_is_noticed(before: str, after: str, told: str) -> None:
    """An arrow too few or too many, one that leads up or to nowhere, a room that is not there."""
    assert before in DRAWN
    assert told in _told(_world(SOURCES), picture.parse(DRAWN.replace(before, after)))


@pytest.mark.parametrize(
    ("module", "source", "told"),
    [
        (
            "chatworkspace.service",
            "import attrs, chatworkspace.toolbox",
            "chatworkspace.service:1: chatworkspace.service ─► chatworkspace.toolbox is not drawn",
        ),
        (
            "chatworkspace",
            "from chatworkspace import service, toolbox",
            "chatworkspace:1: chatworkspace ┄► chatworkspace.toolbox is for the function that needs it",
        ),
        (
            "chatworkspace_coder._client",
            "from chatworkspace.model import It",
            "chatworkspace_coder._client:1: chatworkspace_coder ─► chatworkspace.model is not drawn",
        ),
        (
            "chatworkspace_coder._http.link",
            "import chatworkspace_coder._client",
            "chatworkspace_coder._http.link:1: chatworkspace_coder._http ─► chatworkspace_coder is not drawn",
        ),
        ("chatworkspace_local", "import chatworkspace", "chatworkspace_local:1:  ─► chatworkspace is not drawn"),
        ("chatworkspace.outcomes", "", "chatworkspace.outcomes is not drawn"),
    ],
)
def test_an_import_that_is_not_drawn_is_noticed(module: str, source: str, told: str) -> None:
    """Up, past a face, at once where only a function may, and from where no room is."""
    assert told in _told(_world({**SOURCES, module: source}), picture.parse(DRAWN))
