"""The pictures of the documentation are what the code draws: `python -m tests.pictures` draws them anew."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import ROOT, pages, text
from tests.pictures import call, demo, layers

FOLDER = "docs/pictures"


@pytest.mark.parametrize(("name", "draw"), [("packages", layers.packages), ("core", layers.core), ("call", call.way)])
def test_a_picture_is_what_the_code_draws(name: str, draw: Callable[[], str]) -> None:
    """Character by character."""
    assert text(f"{FOLDER}/{name}.svg") == draw(), "python -m tests.pictures"


@pytest.mark.adapters
def test_the_recording_is_of_the_demo() -> None:
    """Run anew, on a terminal, it shows the same drawings."""
    assert text(f"{FOLDER}/demo.svg") == demo.recording(), "python -m tests.pictures"


def test_each_is_shown_and_well_formed() -> None:
    """No picture is left over, and each can be read."""
    shown = "".join(map(text, pages()))
    for path in (ROOT / FOLDER).iterdir():
        assert f"pictures/{path.name})" in shown, path.name
        if path.suffix == ".svg":
            ET.parse(path)  # noqa: S314 # our own


def test_a_part_stands_above_what_it_imports() -> None:
    """By how many stand below each at most, whichever way is taken."""
    assert layers.layers({"a": {"b", "c"}, "b": {"c"}, "c": set[str](), "d": {"c"}}) == [["a"], ["b", "d"], ["c"]]
