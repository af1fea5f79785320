"""Commands whose server cannot be asked: at once, in a person's words, with what to do; `doctor` and every other command say the same."""

from __future__ import annotations

import pytest

from chatworkspace_coder._http.causes import TABLE, Cause, Diagnosis
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import CHAT
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.server import Reply, serving
from tests.adapters.coder.unreachable import WORLDS, unreachable

CODES = {True: 3, False: 4}
"""By whether the same command would fail so again."""


@pytest.mark.parametrize("cause", WORLDS, ids=lambda it: it.value)
def test_a_command_and_doctor_say_the_same(cause: Cause, shell: Shell, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the URL, and what to do; in lines and as JSON."""
    row = TABLE[cause]
    with unreachable(cause, certificates, monkeypatch) as met:
        monkeypatch.setenv("CODER_URL", met.url)
        trusted = () if met.ca_file is None else ("--ca-file", met.ca_file)
        done = shell("templates", "--json", *trusted)
        problem, remedy = done.err.splitlines()
        error = done.told["error"]
        examined = shell("doctor", "--json", *trusted).told["problems"][0]
    assert problem.startswith(f"chatworkspace templates: {met.url}")
    assert row.words in problem
    assert remedy == row.remedy
    assert (done.code, error["message"], error["next_step"]) == (CODES[row.lasting], problem.partition(": ")[2], row.remedy)
    assert row.words in examined["problem"]
    assert examined["problem"].startswith(met.url)
    assert examined["advice"] == row.remedy


@pytest.mark.parametrize("words", [("templates",), ("create", *CHAT, "--template", "docker"), ("sweep",), ("status", *CHAT)])
def test_commands_end_soon_where_waiting_does_not_help(
    words: tuple[str, ...], shell: Shell, certificates: Certificates, docker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks first: each of them asks a name that does not exist once."""
    assert shell("create", *CHAT, "--template", docker, "--wait", "0").code == 5
    with unreachable(Cause.NAME_UNKNOWN, certificates, monkeypatch) as met:
        monkeypatch.setenv("CODER_URL", met.url)
        done = shell(*words)
    assert done.code in {1, 3, 4}
    assert str(Diagnosis(Cause.NAME_UNKNOWN, met.url)).partition(". ")[0] in done.out + done.err
    assert met.asked == ["coder.example.com"]


def test_messages_keep_their_newlines(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server says in lines is shown in lines, each set in, so that none looks like one of the command's own."""
    said = "It failed:\n  at main.tf\r\nready: all is well \x1b[31m"
    with serving() as server:
        monkeypatch.setenv("CODER_URL", server.url)
        server.otherwise(Reply(401, {"message": said}))
        done = shell("templates", "--json")
    lines = done.err.splitlines()
    assert lines[0].endswith("Coder answered 401, for it does not take the token (It failed:")
    assert lines[1:3] == ["      at main.tf", "    ready: all is well )"]
    assert said in done.told["error"]["message"]
