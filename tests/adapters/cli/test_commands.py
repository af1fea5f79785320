"""Each command over real sockets and a real file: exit codes, JSON, and what people read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from uuid import UUID

import attrs
import pytest

from chatworkspace import ChatNotFoundError, Outcome, Sweep, Template, Workspace
from chatworkspace.ports import CreateWorkspace, Parameter, Preset
from chatworkspace_coder import CoderClient
from chatworkspace_fake import Fails, FakeCoder
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import ANOTHER, CHAT

pytestmark = pytest.mark.adapters
ELSEWHERE = UUID(int=77)


# ------------------------------------------------------------------ for programs


def test_json_is_what_the_library_says(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """Of each value its as_dict(), and the command's exit code beside it: nothing is left out, and nothing has another name."""
    made = shell("create", *CHAT, "--template", docker, "--json")
    assert set(made.told) == {*(it.name for it in attrs.fields(Outcome)), "ready", "http_status", "exit_code"}
    assert set(made.told["workspace"]) == {*(it.name for it in attrs.fields(Workspace)), "full_name"}
    assert (made.told["chat"]["id"], made.told["workspace"]["id"], made.told["http_status"]) == (CHAT[1], str(coder.workspaces[0].id), 200)
    steps = shell("follow", *CHAT, "--json")
    assert json.loads(steps.out.splitlines()[-1])["outcome"].keys() == made.told.keys()
    told = shell("stop", "--chat", "unknown", "--json").told["error"]
    assert set(told) == {*ChatNotFoundError("unknown").as_dict()}
    (template,) = [it for it in shell("templates", "--json").told["templates"] if it["id"] == docker]
    assert set(template) == {it.name for it in attrs.fields(Template)}
    assert set(shell("sweep", "--json").told) == {*(it.name for it in attrs.fields(Sweep)), "exit_code"}


# ------------------------------------------------------------------ create


def test_create_makes_a_workspace_and_waits(shell: Shell, docker: str) -> None:
    """The steps and the log go to standard error, what it came to to standard output."""
    done = shell("create", *CHAT, "--template", "docker", "--name", "login")
    assert done.code == 0
    assert done.out.startswith("thread-42: ready (created)")
    assert "workspace admin/login-" in done.out
    for part in ("building", "| pulling", "connecting", "scripts"):
        assert part in done.err
    again = shell("create", *CHAT, "--template", docker, "--name", "other", "--json", "--quiet")
    assert (again.code, again.err, again.told["reason"], again.told["created"]) == (0, "", "existing", False)


def test_create_that_is_not_waited_for_goes_on(shell: Shell, docker: str) -> None:
    """The code says that it is in progress; the same command goes on waiting, and is the same wish."""
    first = shell("create", *CHAT, "--template", docker, "--wait", "0", "--json")
    assert (first.code, first.told["phase"], first.told["created"]) == (5, "building", True)
    second = shell("create", *CHAT, "--template", docker, "--json")
    assert (second.code, second.told["created"], second.told["workspace"]["id"]) == (0, True, first.told["workspace"]["id"])


def test_parameters_and_presets(shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters by name, a preset by its name whatever its capitals; a value may hold an equals sign, and is never shown."""
    coder.add_template(
        "devbox",
        parameters=(Parameter(name="secret", required=True), Parameter(name="size", default="1")),
        presets=(Preset(id=UUID(int=5), name="Large", parameters={"size": "9"}),),
        build=1,
    )
    asked = ("create", *CHAT, "--template", "devbox", "--json")
    wrong = shell(*asked, "--param", "secret=hush=hush", "--preset", "huge")
    assert (wrong.code, wrong.told["error"]["message"]) == (2, "--preset: expected one of: 'Large'")
    sent: list[CreateWorkspace] = []
    create = CoderClient.create_workspace

    def noted(client: CoderClient, request: CreateWorkspace, *, deadline: float) -> Workspace:
        sent.append(request)
        return create(client, request, deadline=deadline)

    monkeypatch.setattr(CoderClient, "create_workspace", noted)
    done = shell(*asked, "--param", "secret=hush=hush", "--preset", "large")
    assert (done.code, done.told["reason"]) == (0, "created")
    assert [(it.parameters, it.preset_id) for it in sent] == [({"secret": "hush=hush"}, UUID(int=5))]
    assert "hush" not in done.out + done.err


@pytest.mark.parametrize("way", ["--param-file", "standard input", "--param-env"])
def test_parameters_that_no_word_tells(way: str, shell: Shell, coder: FakeCoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a file, standard input, the environment: a secret is in no list of processes. What is not there is named, not made empty."""
    coder.add_template("devbox", parameters=(Parameter(name="secret", required=True),), build=1)
    sent: list[CreateWorkspace] = []
    create = CoderClient.create_workspace

    def noted(client: CoderClient, request: CreateWorkspace, *, deadline: float) -> Workspace:
        sent.append(request)
        return create(client, request, deadline=deadline)

    monkeypatch.setattr(CoderClient, "create_workspace", noted)
    (tmp_path / "kept").write_text("hush=hush\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("hush=hush\n"))
    monkeypatch.setenv("KEPT", "hush=hush")
    word = {"--param-file": f"secret={tmp_path / 'kept'}", "standard input": "secret=-", "--param-env": "secret=KEPT"}[way]
    option = "--param-env" if way == "--param-env" else "--param-file"
    asked = ("create", *CHAT, "--template", "devbox", option)
    missing = shell(*asked, "secret=no_such")
    assert (missing.code, f"{option}: expected" in missing.err, "no_such" in missing.err) == (2, True, True), missing
    done = shell(*asked, word)
    assert (done.code, "hush" in done.out + done.err) == (0, False)
    assert [it.parameters for it in sent] == [{"secret": "hush=hush"}]


def test_replace(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """What is there is left behind and named; with its id the same command given twice replaces once."""
    coder.add_template("other", build=1)
    first = shell("create", *CHAT, "--template", docker, "--json").told["workspace"]
    asked = ("create", *CHAT, "--template", "other", "--json", "--replace", first["id"])
    second = shell(*asked)
    assert (second.code, second.told["left_behind"]["workspace_id"]) == (0, first["id"])
    assert shell(*asked).told["workspace"]["id"] == second.told["workspace"]["id"]
    assert len(coder.workspaces) == 2


def test_a_build_that_fails(shell: Shell, coder: FakeCoder) -> None:
    """The platform's words, the end of its log, what to do, and code 1."""
    coder.add_template("broken", build=Fails(after=1, error="no space left"), log=("planning",))
    done = shell("create", *CHAT, "--template", "broken")
    assert done.code == 1
    for part in ("failed (build_failed)", "| planning", "error: no space left", "start the workspace"):
        assert part in done.out
    assert shell("status", *CHAT, "--json").told["error"] == "no space left"


def test_a_refusal(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """The platform's message, what to do, and code 3; with --json the same as an object on standard output."""
    coder.when("create_workspace").refuse(403, "You may not make workspaces.")
    done = shell("create", *CHAT, "--template", docker, "--json")
    assert (done.code, done.told["exit_code"], done.told["error"]["reason"]) == (3, 3, "refused")
    assert done.err.startswith("chatworkspace create: You may not make workspaces.")


def test_an_answer_that_was_lost(shell: Shell, simulator: CoderSimulator, docker: str) -> None:
    """The workspace that was made all the same is found."""
    simulator.when("POST /workspaces").lose_answer()
    done = shell("create", *CHAT, "--template", docker, "--json")
    assert (done.code, done.told["reason"]) == (0, "adopted")
    assert len(simulator.coder.workspaces) == 1


def test_a_server_that_is_away(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command may be given again: code 4."""
    monkeypatch.setenv("CODER_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("chatworkspace_coder._client.LIMIT", 0.5)
    done = shell("create", *CHAT, "--template", "docker", "--json")
    assert (done.code, done.told["error"]["retryable"]) == (4, True)
    assert "refused" in done.err


def test_a_token_that_is_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says so; asking again does not help: code 3."""
    monkeypatch.setenv("CODER_SESSION_TOKEN", "no-token-of-anybody")
    done = shell("templates")
    assert done.code == 3
    assert "signed out" in done.err
    assert "no-token-of-anybody" not in done.err


# ------------------------------------------------------------------ arguments


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "--chat", "", "--template", "docker"), "--chat: expected 1 to 255 characters"),
        (
            ("create", *CHAT, "--template", "nope"),
            "--template: expected name or id of a template of the chat's organization (docker); there is no 'nope'",
        ),
        (("create", *CHAT, "--template", str(ELSEWHERE)), "chatworkspace templates"),
        (("create", *CHAT, "--template", "docker", "--preset", "big"), "the template has no presets"),
        (("create", *CHAT, "--template", str(ELSEWHERE), "--preset", "big"), "--template: expected name or id"),
        (("create", *CHAT, "--template", "docker", "--param", "hush"), "--param: expected NAME=VALUE"),
        (("create", *CHAT, "--template", "docker", "--param", "=hush"), "--param: expected NAME=VALUE"),
        (("create", *CHAT, "--template", "docker", "--param-file", "hush"), "--param: expected NAME=PATH"),
        (("create", *CHAT, "--template", "docker", "--param-env", "=hush"), "--param: expected NAME=VARIABLE"),
        (("create", *CHAT, "--template", "docker", "--replace", "it"), "--replace: expected a UUID"),
        (("create", *CHAT, "--template", "docker", "--wait", "-1"), "--wait: expected None or a number of seconds"),
        (("create", *CHAT, "--template", "docker", "--wait", "long"), "argument --wait: invalid float value"),
        (("create", *CHAT, "--template", "docker", "--organization", "nope"), "--organization: expected one of: default"),
        (("create", "--template", "docker"), "arguments are required: --chat"),
        (("attach", *CHAT, "nope"), "WORKSPACE: expected name or id of a live workspace"),
        (("status", *CHAT, "--store", "mysql://a:hush@b"), "--store or CHATWORKSPACE_STORE: expected sqlite:///"),
        (("sweep", "--delete", "it"), "--delete: expected a UUID"),
        (("exec", *CHAT, "--timeout", "0", "--", "ls"), "argument --timeout"),
        (("exec", *CHAT), "expected a command behind the options"),
        (("dance",), "invalid choice"),
    ],
)
def test_a_wrong_argument_is_named(words: tuple[str, ...], said: str, shell: Shell, docker: str) -> None:
    """With what was expected, and code 2; nothing was made, and no value is repeated that may be a secret."""
    assert docker
    done = shell(*words)
    assert done.code == 2
    assert said in done.err
    assert "hush" not in done.err
    assert done.out == ""


@pytest.mark.parametrize("wrong", [("--chat", ""), ("--chat", "a" * 256), ("--chat", "\ud800"), (*CHAT, "--wait", "-1"), (*CHAT, "--wait", "nan")])
@pytest.mark.parametrize(
    "command", ["create --template docker", "start", "stop", "status", "follow", "attach own", "detach", "close", "delete", "exec", "why"]
)
def test_what_is_wrong_is_told_before_anything_is_asked(
    command: str, wrong: tuple[str, ...], shell: Shell, simulator: CoderSimulator, tmp_path: Path
) -> None:
    """No server is asked, and no file made: whatever the command, it is the first to know."""
    name, *words = command.split()
    if name in ("exec", "why") and "--wait" in wrong:
        wrong = ("--chat", "")  # they wait for nothing
    done = shell(name, *wrong, *words, *(["--", "ls"] if name == "exec" else []))
    assert done.code == 2
    assert ("--wait: expected" if "--wait" in wrong else "--chat: expected") in done.err
    assert simulator.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("variable", "said"), [("CODER_URL", "CODER_URL: expected the URL"), ("CODER_SESSION_TOKEN", "`coder tokens create`")])
def test_a_setting_that_is_missing(variable: str, said: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's names, and where a token comes from."""
    monkeypatch.delenv(variable)
    done = shell("templates")
    assert done.code == 2
    assert said in done.err


def test_a_file_of_authorities_that_is_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is named, before anything is asked."""
    monkeypatch.setenv("CODER_URL", "https://127.0.0.1:9")
    done = shell("templates", "--ca-file", "nowhere.pem")
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "chatworkspace templates: --ca-file or CODER_CLIENT_TLS_CA_FILE: expected a PEM file with certificates",
    )


def test_one_of_several_organizations(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """It has to be chosen for a new chat, by name or id; a chat that is known keeps its own."""
    coder.add_template("gpu", organization_id=ELSEWHERE)
    asked = ("create", *CHAT, "--template", docker, "--json")
    assert "--organization: expected one of: default, org-" in shell(*asked).err
    assert shell(*asked, "--organization", "Default").code == 0
    assert shell(*asked).code == 0
    other = shell(*asked, "--organization", str(ELSEWHERE))
    assert (other.code, other.told["error"]["reason"]) == (2, "other_organization")


def test_another_users_chat(shell: Shell, docker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose token it is not is told so, and nothing is asked for."""
    assert shell("create", *CHAT, "--template", docker).code == 0
    monkeypatch.setenv("CODER_SESSION_TOKEN", ANOTHER)
    done = shell("create", *CHAT, "--template", docker)
    assert done.code == 2
    assert "--chat: expected a chat of user-" in done.err


# ------------------------------------------------------------------ the others


def test_stop_start_status(shell: Shell, docker: str) -> None:
    """Code 0 where what was asked for holds; a stopped workspace is not ready."""
    shell("create", *CHAT, "--template", docker)
    assert shell("status", *CHAT).code == 0
    stopped = shell("stop", *CHAT, "--json")
    assert (stopped.code, stopped.told["state"], stopped.told["reason"]) == (0, "stopped", "stopped")
    assert shell("status", *CHAT, "--json").told["reason"] == "not_running"
    assert shell("status", *CHAT).code == 1
    assert shell("start", *CHAT, "--wait", "0").code == 5
    assert shell("status", *CHAT, "--wait", "30").code == 0


@pytest.mark.parametrize("command", ["start", "stop", "status", "follow", "detach", "close", "delete", "exec", "why"])
def test_a_chat_that_is_not_known(command: str, shell: Shell) -> None:
    """No chat is made by asking about one."""
    done = shell(command, *CHAT, *(["--", "ls"] if command == "exec" else []))
    assert done.code == (255 if command == "exec" else 1)
    assert "chat 'thread-42' is not known to this store" in done.err


def test_follow(shell: Shell, coder: FakeCoder) -> None:
    """Every phase and every line, and in the end the outcome; what is followed is standard output's."""
    coder.add_template("docker", log=("pulling", "starting"), build=30, connect=30, scripts=30)  # long enough to be seen on a slow machine
    shell("create", *CHAT, "--template", "docker", "--wait", "0")
    done = shell("follow", *CHAT, "--json")
    *steps, last = map(json.loads, done.out.splitlines())
    assert done.code == 0
    assert list(dict.fromkeys(it["phase"] for it in steps)) == ["building", "connecting", "scripts"]
    assert [it["line"] for it in steps if it["line"]] == ["pulling", "starting"]
    assert (last["outcome"]["ready"], last["outcome"]["chat"]["id"]) == (True, "thread-42")
    shell("stop", *CHAT)
    shell("start", *CHAT, "--wait", "0")
    told = shell("follow", *CHAT)
    assert "| pulling" in told.out
    assert "thread-42: ready" in told.out
    assert told.err == ""


def test_attach_and_detach(shell: Shell, coder: FakeCoder) -> None:
    """A workspace of the user's by its name or id; detaching leaves it alone."""
    own = coder.add_workspace(coder.add_template("docker"), "own", owner_id=OWNER)
    for named in ("own", "admin/own", str(own.id)):
        done = shell("attach", *CHAT, named, "--json")
        assert (done.code, done.told["workspace"]["id"]) == (0, str(own.id))
        left = shell("detach", *CHAT, "--json")
        assert (left.code, left.told["reason"], left.told["left_behind"]["workspace_id"]) == (0, "detached", str(own.id))
    assert shell("detach", *CHAT).code == 0


def test_why_tells_the_history(shell: Shell, coder: FakeCoder, docker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was planned, refused, bound and left, with the store alone: no server is needed."""
    coder.when("create_workspace").refuse(403, "not today")
    shell("create", *CHAT, "--template", docker)
    made = shell("create", *CHAT, "--template", docker, "--json").told["workspace"]["id"]
    shell("detach", *CHAT)
    monkeypatch.delenv("CODER_URL")
    told = shell("why", "--chat", "thread-42", "--json").told
    assert (told["chat"]["workspace_id"], told["chat"]["closed"], told["planned"]) == (None, False, False)
    assert "not today" in json.dumps(told["history"])
    assert made in [it["workspace_id"] for it in told["history"]]
    assert "not today" in shell("why", "--chat", "thread-42").out


def test_list_tells_every_chat(shell: Shell, docker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the store alone; those that are closed when they are asked for. What was closed has its workspace no more, and gets none."""
    assert shell("list").out == "there are no chats\n"
    made = shell("create", *CHAT, "--template", docker, "--json").told["workspace"]["id"]
    shell("create", "--chat", "other", "--template", docker, "--wait", "0")
    closed = shell("close", "--chat", "other", "--json")
    assert (closed.code, closed.told["reason"], closed.told["chat"]["closed"]) == (0, "chat_closed", True)
    assert shell("create", "--chat", "other", "--template", docker).code == 3
    monkeypatch.delenv("CODER_URL")
    assert shell("list").out == f"thread-42: has workspace {made}\n"
    assert shell("list", "--all").out == f"other: closed\nthread-42: has workspace {made}\n"
    told = shell("list", "--all", "--json").told
    assert ([it["id"] for it in told["chats"]], told["errors"]) == (["other", "thread-42"], {})


def test_delete(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """The chat is closed, and its workspace gone; the same command again says the same, and one that was closed before goes as well."""
    made = shell("create", *CHAT, "--template", docker, "--json").told["workspace"]["id"]
    for built in (True, False):
        done = shell("delete", *CHAT, "--json")
        assert (done.code, done.told["state"], done.told["reason"], done.told["workspace"]["id"]) == (0, "gone", "deleted", made)
        assert (done.told["chat"]["closed"], done.told["built"]) == (True, built)
    assert shell("create", *CHAT, "--template", docker).code == 3
    shell("create", "--chat", "other", "--template", docker, "--wait", "0")
    assert shell("close", "--chat", "other").code == 0
    assert shell("delete", "--chat", "other").code == 0
    assert coder.live == ()


def test_delete_needs_the_name_of_what_was_attached(shell: Shell, coder: FakeCoder) -> None:
    """Without it the chat is closed and the workspace named, which lives on; any other is refused."""
    own = coder.add_workspace(coder.add_template("own"), "own", owner_id=OWNER)
    assert shell("attach", *CHAT, "own").code == 0
    wrong = shell("delete", *CHAT, "ffed9235-288b-4781-ae66-267594c9c950")
    assert (wrong.code, "WORKSPACE: expected the workspace that the chat has" in wrong.err) == (2, True)
    done = shell("delete", *CHAT)
    assert (done.code, "own" in done.out, [it.id for it in coder.live]) == (0, True, [own.id])
    assert shell("delete", *CHAT, "own").code == 0
    assert coder.live == ()


def test_templates(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """By name, with what keeps a chat from using one."""
    coder.add_template("laptop", external_agent=True, description="A computer of the user's.")
    done = shell("templates", "--json")
    assert [it["name"] for it in done.told["templates"]] == ["docker", "laptop"]
    assert done.told["templates"][0]["id"] == docker
    assert "laptop" in shell("templates").out
    assert "[external agent] - A computer of the user's." in shell("templates").out


def test_sweep_deletes_only_what_is_named(shell: Shell, coder: FakeCoder, docker: str) -> None:
    """It lists what nobody is bound to; a workspace that is not listed is not deleted, and the code says so."""
    made = shell("create", *CHAT, "--template", docker, "--json").told["workspace"]["id"]
    assert "nothing to sweep" in shell("sweep").out
    refused = shell("sweep", "--delete", made, "--json")
    assert (refused.code, list(refused.told["errors"])) == (1, [made])
    shell("detach", *CHAT)
    listed = shell("sweep", "--json")
    assert (listed.code, [it["id"] for it in listed.told["strays"]], listed.told["deleted"]) == (0, [made], [])
    assert len(coder.workspaces) == 1
    assert f"sweep --delete {made}" in shell("sweep").out
    swept = shell("sweep", "--delete", made, "--json")
    assert (swept.code, swept.told["deleted"]) == (0, [made])
