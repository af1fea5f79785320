"""What a user of a store meets first: few names, and help that tells what they want."""

from __future__ import annotations

import inspect
import pydoc
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import chatworkspace
import chatworkspace_postgres
import chatworkspace_sqlite

FACES = [chatworkspace_postgres, chatworkspace_sqlite]
CALLS = [chatworkspace_postgres.PostgresStore.__init__, chatworkspace_postgres.upgrade, chatworkspace_sqlite.SQLiteStore.__init__]


@pytest.mark.parametrize("face", FACES)
def test_the_names_are_those_that_are_meant(face: ModuleType) -> None:
    """By a star, by what an editor offers, and each of them is there."""
    listed: list[str] = face.__all__
    assert dir(face) == sorted(listed) == listed
    assert all(hasattr(face, name) for name in listed)


@pytest.mark.parametrize("face", FACES)
def test_the_version_is_the_distribution_s(face: ModuleType) -> None:
    """They are installed together."""
    assert face.__version__ == chatworkspace.__version__


@pytest.mark.parametrize("face", FACES)
def test_help_shows_how_to_begin(face: ModuleType) -> None:
    """`python -m pydoc` has a line to copy, the store, and each of its methods with words."""
    shown = pydoc.plain(pydoc.render_doc(face))
    assert re.search(r"^        store = \w+Store\(", shown, re.MULTILINE)
    store = next(value for name, value in vars(face).items() if name.endswith("Store"))
    for name, method in inspect.getmembers(store, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.getdoc(method), name


@pytest.mark.parametrize("call", CALLS, ids=lambda it: it.__qualname__)
def test_help_tells_every_argument(call: Callable[..., Any]) -> None:
    """By its name, and what it means."""
    told = inspect.getdoc(call) or ""
    for name in set(inspect.signature(call).parameters) - {"self"}:
        assert re.search(rf"\b{name}: \w", told), name
