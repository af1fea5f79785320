"""All commands on the platform of this machine, with real folders and processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatworkspace_contracts import DIALER_RULES, Ability
from tests.adapters.cli.conftest import Shell

NO_SANDBOX = "no sandbox, what runs in them may do whatever you may"


def test_the_life_of_a_workspace(here: Shell, root: Path) -> None:
    """Made, used, stopped, started again and deleted; what it is not comes first."""
    made = here("create", "--chat", "c", "--template", "empty")
    assert made.code == 0
    assert made.err.splitlines()[0].endswith(NO_SANDBOX)
    ran = here("exec", "--chat", "c", "echo hello > file; pwd; exit 3")
    assert ran.code == 3
    assert Path(ran.out.strip()).is_relative_to(root)
    assert here("status", "--chat", "c", "--json").told["state"] == "ready"
    assert here("stop", "--chat", "c").code == 0
    assert here("start", "--chat", "c").code == 0
    assert here("exec", "--chat", "c", "cat file").out == "hello\n"
    assert "stop" in here("why", "--chat", "c").out
    assert here("delete", "--chat", "c").code == 0
    assert list((root / "workspaces" / "me").iterdir()) == []


def test_all_commands(here: Shell) -> None:
    """Each ends as with a server."""
    codes = {
        "doctor": ("doctor",),
        "templates": ("templates",),
        "create": ("create", "--chat", "a", "--template", "python", "--wait", "60"),
        "follow": ("follow", "--chat", "a"),
        "replace": ("create", "--chat", "a", "--template", "empty", "--replace"),
        "detach": ("detach", "--chat", "a"),
        "sweep": ("sweep",),
        "list": ("list", "--all"),
        "close": ("close", "--chat", "a"),
        "purge": ("purge", "--older-than", "1"),
        "check": ("check", "--template", "empty", "--rule", "creator.names.taken", "--rule", "dialer.connection.open"),
    }
    assert {name: here(*words).code for name, words in codes.items()} == dict.fromkeys(codes, 0)


def test_the_store_is_its_own(here: Shell, root: Path) -> None:
    """In the folder, where none is named: the user's chats with a server are others."""
    here("create", "--chat", "c", "--template", "empty", "--wait", "0")
    assert (root / "chats.db").is_file()


def test_a_stopped_one_is_started_by_the_same_command(here: Shell) -> None:
    """Create --start: make or resume, so that a line of a shell may be given twice."""
    for _ in range(2):
        assert here("create", "--chat", "c", "--template", "empty", "--start").code == 0
        assert here("stop", "--chat", "c").code == 0


@pytest.mark.parametrize("told", ["local:", "docker", "local", "local:a\0b"])
def test_a_platform_that_is_none(here: Shell, told: str) -> None:
    """Is named, with what is expected."""
    ended = here("templates", "--platform", told)
    assert ended.code == 2
    assert "--platform or CHATWORKSPACE_PLATFORM: expected local:PATH, or coder" in ended.err


def test_a_folder_that_cannot_be_had(here: Shell, tmp_path: Path) -> None:
    """Is named, and nothing is made."""
    (tmp_path / "file").write_text("")
    ended = here("templates", "--platform", f"local:{tmp_path / 'file'}")
    assert ended.code == 2
    assert "--platform" in ended.err


def test_an_odd_template_is_a_problem_that_doctor_tells(here: Shell, root: Path) -> None:
    """In words, and the rest is looked at all the same."""
    here("templates")
    (root / "templates" / "odd").mkdir(mode=0o700)
    (root / "templates" / "odd" / "template.toml").write_text("= =")
    ended = here("doctor")
    assert ended.code == 1
    assert "the template odd cannot be used: template.toml is not TOML" in ended.out
    assert "\nrules " in ended.out


def test_check_knows_the_rules_of_commands(here: Shell) -> None:
    """An agent of this machine has a shell."""
    assert here("check", "--template", "empty", "--rule", "dialer.command.input", "--rule", "dialer.file.sizes").code == 0


@pytest.mark.exhaustive
def test_check_runs_commands_too(here: Shell) -> None:
    """All rules that can be run hold, those of commands and files among them."""
    told = here("check", "--template", "empty", "--quiet", "--json").told
    assert [it for it in told["rules"] if not it["holds"]] == []
    assert {rule.id for rule in DIALER_RULES if Ability.COMMANDS in rule.needs} <= {it["rule"] for it in told["rules"]}
