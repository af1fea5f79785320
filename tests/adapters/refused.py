"""Arguments that are refused where they come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from chatworkspace import InvalidArgumentError

Act = Callable[[], object]


def ids(wrong: Sequence[tuple[Act, str]]) -> list[str]:
    """Return a name for each: its number, and the argument."""
    return [f"{number}-{expected.partition(':')[0]}" for number, (_, expected) in enumerate(wrong)]


def refusal(act: Act, expected: str) -> str:
    """Act; return what the refusal says, which begins as expected, with the name of the argument."""
    with pytest.raises(InvalidArgumentError) as caught:
        act()
    assert str(caught.value).startswith(expected)
    assert caught.value.argument == expected.partition(":")[0]
    return str(caught.value)
