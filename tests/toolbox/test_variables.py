"""The variables that commands of a model have."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, cast

import pytest

from chatworkspace import InvalidArgumentError
from chatworkspace.ports import UNATTENDED
from chatworkspace_fake import FakeCommand
from tests.toolbox.hands import Hands, broken
from tests.toolbox.kitchen import Kitchen

CANARY = "sesame-4711"


def test_nobody_is_there_to_answer() -> None:
    """Commands have variables by which editors, pagers and git wait for nobody; the host sets more, or these anew."""
    kitchen, seen = Hands(), list[dict[str, str]]()

    def answer(command: str) -> str:
        assert isinstance(command, FakeCommand)
        seen.append(dict(command.env))
        return ""

    kitchen.coder.on_run = answer
    kitchen.call("execute", command="git commit")
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", tools=["execute"], env={"CI": "1", "PAGER": "less"})
    kitchen.call("execute", command="git log")
    assert seen[0] == UNATTENDED
    assert (seen[0]["GIT_EDITOR"], seen[0]["GIT_TERMINAL_PROMPT"], seen[0]["PAGER"]) == ("true", "0", "cat")
    assert seen[1] == {**UNATTENDED, "CI": "1", "PAGER": "less"}


@pytest.mark.parametrize("env", ["CI=1", {"A B": "1"}, {"A": 1}, {1: "1"}])
def test_what_is_no_variable(env: Any) -> None:
    """Is told before anything is asked, by the argument's name."""
    for tools in ([], ["execute"]):
        with pytest.raises(InvalidArgumentError) as caught:
            Kitchen().sim.workspaces.toolbox("chat-1", tools=cast("Any", tools), env=env)
        assert caught.value.argument.startswith("env")


def test_values_of_variables_are_told_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not by a toolbox, by an error about them, nor by a command that fails, breaks or takes too long; the command itself has them."""
    kitchen, told = Hands(tmp_path), list[str]()
    caplog.set_level(0)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", tools=["execute"], env={"TOKEN": CANARY})
    assert kitchen.call("execute", command="printf %s $TOKEN | wc -c")["output"].strip() == str(len(CANARY))
    told += [repr(kitchen.toolbox), repr(vars(kitchen.toolbox)), str(kitchen.toolbox.specs("mcp"))]
    told += [kitchen.result("execute", command="exit 3").text, kitchen.result("execute", command="sleep 60", timeout="200ms").text]
    told += [kitchen.result("execute", command="true", workdir="nowhere").text]
    kitchen.coder.shell, kitchen.coder.on_run = None, broken
    told += [kitchen.result("execute", command="true").text]
    for env in ({"TOKEN": CANARY + "\0"}, {"TOKEN": CANARY.encode()}, {"A B": CANARY}, [CANARY]):
        with pytest.raises(InvalidArgumentError) as caught:
            kitchen.sim.workspaces.toolbox("chat-1", tools=["execute"], env=cast("Any", env))
        told += [repr(caught.value), str(caught.value), *traceback.format_exception(caught.value)]
    told += [caplog.text, *(repr(vars(it)) for it in caplog.records)]
    assert CANARY not in "".join(told)
