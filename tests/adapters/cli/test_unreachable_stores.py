"""Commands whose store cannot be used: where it is, why, in a person's words, and what to do; `doctor` and every other command say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatworkspace_postgres import _causes as databases
from chatworkspace_sqlite import SQLiteStore
from chatworkspace_sqlite import _causes as files
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import CHAT

NAME = databases.TABLE[databases.Cause.NAME_UNKNOWN]


@pytest.fixture
def unreachable(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, str, files.Row | databases.Row]:
    """Give a store's URL, its place as it is shown, and what is wrong with it."""
    kind: str = request.param
    if kind == "name":
        url = "postgresql://app:hunter2@nohost.invalid/app"
        return url, "postgresql://nohost.invalid/app", NAME
    path = tmp_path / "other.db"
    SQLiteStore(path).close()
    (tmp_path / "other.db-wal").mkdir()  # in the place of what is kept beside it
    return f"sqlite://{path}", str(path), files.TABLE[files.Cause.NOT_OPENED]


@pytest.mark.parametrize("unreachable", ["name", "file"], indirect=True)
def test_a_command_and_doctor_say_the_same(
    unreachable: tuple[str, str, files.Row | databases.Row], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In lines and as JSON, without the password."""
    url, place, row = unreachable
    monkeypatch.setenv("CHATWORKSPACE_STORE", url)
    done = shell("why", *CHAT, "--json")
    problem, remedy = done.err.splitlines()
    assert problem.startswith(f"chatworkspace why: {place}: {row.words} (")
    assert remedy == row.remedy
    error = done.told["error"]
    assert (done.code, error["message"], error["next_step"]) == (3 if row.remedy == NAME.remedy else 4, problem.partition(": ")[2], row.remedy)
    (found,) = [it for it in shell("doctor", "--json").told["problems"] if it["about"] == "store"]
    assert (found["problem"], found["advice"]) == (error["message"], row.remedy)
    assert "hunter2" not in done.err + done.out


def test_a_folder_that_cannot_be_made(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which, and what to name instead."""
    (tmp_path / "state").write_text("")
    monkeypatch.delenv("CHATWORKSPACE_STORE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    problem, remedy = shell("list").err.splitlines()
    assert problem.startswith(f"chatworkspace list: the store's folder could not be made: {tmp_path}/state/chatworkspace: ")
    assert remedy == "Make the folder, or name another file: --store or CHATWORKSPACE_STORE."
