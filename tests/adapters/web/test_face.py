"""What a user of chatworkspace_web meets first: few names, help that tells what they want, and arguments that are checked where they come in."""

from __future__ import annotations

import inspect
import pydoc
import re
from collections.abc import Callable
from typing import Any

import pytest

import chatworkspace
import chatworkspace_web
from chatworkspace import InvalidArgumentError
from chatworkspace_web import ASGIEvents, ASGIWaits, EventStream, close_at_signal, error_response, headers_of
from tests.service.chats import CHAT, World

CALLS = [ASGIEvents.__init__, ASGIWaits.__init__, ASGIWaits.__call__, EventStream.__init__, close_at_signal, error_response]


def test_the_names_are_those_that_are_meant() -> None:
    """By a star, by what an editor offers, and each of them is there."""
    assert dir(chatworkspace_web) == sorted(chatworkspace_web.__all__) == chatworkspace_web.__all__
    assert all(hasattr(chatworkspace_web, name) for name in chatworkspace_web.__all__)
    assert chatworkspace_web.__version__ == chatworkspace.__version__


def test_help_shows_how_to_begin() -> None:
    """`python -m pydoc` has lines to copy, and words for each name."""
    shown = pydoc.plain(pydoc.render_doc(chatworkspace_web))
    assert re.search(r"^        stream = EventStream\(", shown, re.MULTILINE)
    assert all(inspect.getdoc(it) for it in (ASGIEvents, ASGIWaits, EventStream, close_at_signal, error_response, headers_of))


@pytest.mark.parametrize("call", CALLS)
def test_help_tells_every_argument(call: Callable[..., object]) -> None:
    """By its name; what the stream is of is told by the class."""
    told = inspect.getdoc(call) or ""
    for name in set(inspect.signature(call).parameters) - {"self", "workspaces", "chat_id", "arguments", "named"}:
        assert re.search(rf"\b{name}\b", told), name


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (EventStream, {"workspaces": None}, "workspaces: expected a ChatWorkspaces"),
    (EventStream, {"retry": 0}, "retry: expected a finite number of seconds above 0"),
    (EventStream, {"retry": "1"}, "retry: expected a finite number of seconds above 0"),
    (EventStream, {"retry": float("inf")}, "retry: expected a finite number of seconds above 0"),
    (EventStream, {"outcome_data": {}}, "outcome_data: expected a function"),
    (EventStream, {"cancel": 3}, "cancel: expected a Cancel"),
    (EventStream, {"wait": "long"}, "wait: expected None or a number of seconds of at least 0"),
    (EventStream, {"chat_id": ""}, "chat_id: expected 1 to 255 characters of text"),
    (ASGIEvents, {"workspaces": "them"}, "workspaces: expected a ChatWorkspaces"),
    (ASGIEvents, {"threads": 0}, "threads: expected a whole number of at least 1"),
    (ASGIEvents, {"threads": 2.5}, "threads: expected a whole number of at least 1"),
    (ASGIEvents, {"chat_of": "chat"}, "chat_of: expected a function"),
    (ASGIEvents, {"retry": -1}, "retry: expected a finite number of seconds above 0"),
    (ASGIEvents, {"outcome_data": None}, "outcome_data: expected a function"),
    (ASGIEvents, {"wait": -1}, "wait: expected None or a number of seconds of at least 0"),
]


@pytest.mark.parametrize(("kind", "given", "expected"), WRONG)
def test_a_wrong_argument_is_told_at_once(kind: Any, given: dict[str, Any], expected: str) -> None:
    """Where it comes in, with what was expected."""
    arguments: dict[str, Any] = {"workspaces": World().chats, **({"chat_id": CHAT} if kind is EventStream else {}), **given}
    with pytest.raises(InvalidArgumentError) as caught:
        kind(**arguments)
    assert str(caught.value).startswith(expected)
    assert caught.value.argument == next(iter(given))


@pytest.mark.parametrize("numbers", [(0,), (9,), ("SIGTERM",), (10_000,)])
def test_a_signal_that_cannot_be_handled(numbers: tuple[Any, ...]) -> None:
    """Nor what is none."""
    with pytest.raises(InvalidArgumentError) as caught:
        close_at_signal(print, *numbers)
    assert caught.value.argument == "numbers"


def test_what_cannot_be_called_closes_nothing() -> None:
    """It is told when it comes in, and not by the signal."""
    nothing: Any = None
    with pytest.raises(InvalidArgumentError, match="close: expected a function"):
        close_at_signal(nothing)
