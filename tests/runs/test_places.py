"""A step that runs a few tests finds all of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tests.runs import places

ELSEWHERE = places.TESTS / "domain" / "test_names.py"


def _of(*marks: str) -> pytest.Item:
    return cast("pytest.Item", SimpleNamespace(path=ELSEWHERE, iter_markers=lambda: [SimpleNamespace(name=it) for it in marks]))


@pytest.mark.parametrize("mark", places.MARKS)
def test_a_mark_elsewhere_is_noticed(mark: str) -> None:
    """In every run that collects it."""
    assert places.elsewhere([_of(), _of("parametrize", mark)]) == [f"{ELSEWHERE}: {mark}"]


@pytest.mark.parametrize("mark", places.MARKS)
def test_each_module_is_run_once(mark: str) -> None:
    """None of the places is in another, and there are few that are not."""
    where = places.places(mark)
    assert where
    assert not [it for it in where if any(other in it.parents for other in where)]
    assert ELSEWHERE not in where
