"""What `chatworkspace doctor` finds, and what it says is to be done about it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chatworkspace.ports import Plan
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import ANOTHER, TOKEN, scripts

pytestmark = pytest.mark.adapters

PARTS = {"ok", "server", "clock", "rate", "token", "rules", "watching", "store", "problems", "exit_code"}
TEMPLATE = UUID(int=3)


@pytest.fixture
def simulator() -> Any:
    """Serve in real time, with a rate limit: nothing is wrong."""
    with CoderSimulator(FakeCoder(), tokens={TOKEN: OWNER, ANOTHER: UUID(int=0xA)}, requests_per_minute=100) as running:
        running.coder.add_template("docker")
        yield running


def problems(shell: Shell) -> dict[str, str]:
    """Return the advice by what each problem is about; there is one, and the code says so."""
    done = shell("doctor", "--json")
    assert (done.code, done.told["exit_code"], done.told["ok"]) == (1, 1, False)
    for it in done.told["problems"]:
        assert it["problem"]
        assert it["advice"]
    return {it["about"]: it["advice"] for it in done.told["problems"]}


def test_nothing_is_wrong(shell: Shell, tmp_path: Path) -> None:
    """Every part is told, and the code is 0 only now."""
    SQLiteStore(tmp_path / "chats.db").close()
    done = shell("doctor", "--json")
    told = done.told
    assert (done.code, told["ok"], told["problems"], set(told)) == (0, True, [], PARTS)
    assert told["server"]["found"] == "coder"
    assert told["server"]["version"].startswith("v2.38")
    assert abs(told["clock"]["difference"]) < 10
    assert (told["rate"]["limit"], told["rate"]["remaining"]) == (100, 99)
    assert (told["token"]["user"], told["token"]["templates"], told["token"]["may_create"]) == ("admin", 1, True)
    assert told["token"]["organizations"] == [{"id": str(ORGANIZATION), "name": "default"}]
    assert (told["rules"]["held"], [it["holds"] for it in told["rules"]["rules"]]) == (4, [True] * 4)
    assert told["watching"] == {"by": "websocket", "tried": None}
    assert told["store"] == {
        "kind": "sqlite",
        "place": str(tmp_path / "chats.db"),
        "schema_version": len(scripts("chatworkspace_sqlite")),
        "writable": True,
        "chats": 0,
        "standing_plans": 0,
    }
    for part in (
        "is Coder v2.38",
        "of admin, organization default, sees 1 template, may make workspaces",
        "judged by the version",
        "nothing is wrong",
    ):
        assert part in shell("doctor").out


@pytest.mark.parametrize(("level", "by"), [("2.20", "events"), ("2.35", "websocket")])
def test_watching_is_tried_on_a_workspace_or_judged_by_the_version(level: str, by: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two is told."""
    with CoderSimulator(FakeCoder(), level=level, tokens={TOKEN: OWNER}) as older:
        monkeypatch.setenv("CODER_URL", older.url)
        docker = older.coder.add_template("docker")
        assert shell("doctor", "--json").told["watching"] == {"by": by, "tried": None}
        older.coder.add_workspace(docker, "own", owner_id=OWNER)
        assert shell("doctor", "--json").told["watching"] == {"by": by, "tried": "admin/own"}


def test_streams_that_do_not_come_through(shell: Shell, simulator: CoderSimulator) -> None:
    """A proxy in between: it is polled, and that is a problem."""
    simulator.coder.add_workspace(simulator.coder.add_template("own"), "own", owner_id=OWNER)
    simulator.when("GET /watch-ws").proxy_page(404)
    simulator.when("GET /watch").proxy_page(404)
    assert "Let the proxy pass WebSockets" in problems(shell)["watching"]


def test_a_redirect(shell: Shell, simulator: CoderSimulator) -> None:
    """Where to, and what to set; nothing else is asked of that server."""
    simulator.when("GET /buildinfo").redirect("https://coder.example.com/api/v2/buildinfo?secret=hush")
    told = shell("doctor")
    assert f"{simulator.url}/api/v2/buildinfo: the answer is a redirect, and none is followed (307, to https://coder.example.com)\n" in told.out
    assert "name the URL where it leads in place of this one" in told.out
    assert "hush" not in told.out
    assert [it.path for it in simulator.requests] == ["/api/v2/buildinfo"]


def test_a_proxys_page(shell: Shell, simulator: CoderSimulator) -> None:
    """It is told from Coder."""
    simulator.when("GET /buildinfo").proxy_page(502)
    assert "that Coder is up behind its proxy" in problems(shell)["server"]


def test_a_server_that_is_away(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the store is looked at all the same."""
    monkeypatch.setenv("CODER_URL", "http://127.0.0.1:9")
    done = shell("doctor", "--json")
    assert (done.code, done.told["server"]["found"], done.told["store"]["chats"]) == (1, "nothing", 0)
    assert "the connection was refused" in done.told["problems"][0]["problem"]
    assert "PROBLEM   server: " in shell("doctor").out


@pytest.mark.parametrize(
    ("variable", "value", "about"), [("CODER_URL", "", "server"), ("CODER_URL", "coder", "server"), ("CODER_SESSION_TOKEN", "", "token")]
)
def test_a_setting_that_is_wrong(variable: str, value: str, about: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one of the problems, not a usage error: the rest is told."""
    monkeypatch.setenv(variable, value)
    assert set(problems(shell)) == {about}


def test_a_token_that_is_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another comes from."""
    monkeypatch.setenv("CODER_SESSION_TOKEN", "no-token-of-anybody")
    assert "coder tokens create" in problems(shell)["token"]


def test_what_the_token_may_not(shell: Shell, simulator: CoderSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says that no workspace may be made, and shows no template."""

    def may(*_: object) -> bool:
        return False

    monkeypatch.setattr("chatworkspace_simulator._api.users._may", may)
    simulator.coder.inside.platform.templates.clear()
    done = shell("doctor", "--json")
    assert [it["problem"] for it in done.told["problems"]] == ["no template can be seen", "no workspace may be made"]
    assert (done.told["token"]["templates"], done.told["token"]["may_create"]) == (0, False)


def test_one_of_several_organizations(shell: Shell, coder: FakeCoder) -> None:
    """They are listed; which is meant has to be said, and then nothing is wrong."""
    coder.add_template("gpu", organization_id=UUID(int=77))
    assert "--organization" in problems(shell)["token"]
    assert shell("doctor", "--organization", "default").code == 0


def test_clocks_apart(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose is ahead, and by how much."""
    clock = ScaledClock(1.0)
    clock._born_at += timedelta(seconds=300)
    with CoderSimulator(FakeCoder(clock), tokens={TOKEN: OWNER}) as ahead:
        ahead.coder.add_template("docker")
        monkeypatch.setenv("CODER_URL", ahead.url)
        done = shell("doctor", "--json")
        assert done.code == 1
        assert abs(done.told["clock"]["difference"] - 300) < 10
        assert "NTP" in done.told["problems"][0]["advice"]
        assert "s ahead of this machine's" in shell("doctor").out


def test_little_is_left_of_the_rate_limit(shell: Shell, simulator: CoderSimulator) -> None:
    """Before requests are refused."""
    for _ in range(95):
        simulator._limit.count(f"{OWNER} /api/v2/users/me")
    assert "raise the server's limit" in problems(shell)["rate"]


def test_chats_and_plans_are_counted(shell: Shell, tmp_path: Path) -> None:
    """A plan that has stood for a quarter of an hour is one for the sweep."""
    with closing(SQLiteStore(tmp_path / "chats.db")) as store:
        for chat in ("a", "b"):
            store.open_chat(chat, OWNER, ORGANIZATION)
        claim = store.claim(store.look("b"), token="t", ttl=30, plan=Plan(name="dev-x", number=0, template_id=TEMPLATE))  # noqa: S106 # of a claim
        store.release(claim)
    told = shell("doctor", "--json").told
    assert (told["ok"], told["store"]["chats"], told["store"]["standing_plans"]) == (True, 2, 1)
    with closing(sqlite3.connect(tmp_path / "chats.db")) as connection:
        connection.execute("UPDATE chat SET planned_at = planned_at - 1000000 * 1000 WHERE id = 'b'")
        connection.commit()
    assert "chatworkspace sweep" in problems(shell)["store"]


def test_a_clone_whose_original_is_in_use(shell: Shell, simulator: CoderSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the original has made since, for chats that both know, is told; what was there when the copy was made, and what others have, is not."""
    assert shell("create", "--chat", "made-before", "--template", "docker", "--wait", "0").code == 5
    with closing(SQLiteStore(tmp_path / "chats.db")) as store:
        store.open_chat("made-after", OWNER, ORGANIZATION)
        store.open_chat("never-made", OWNER, ORGANIZATION)
    assert shell("db", "backup", str(tmp_path / "clone.db")).code == 0
    monkeypatch.setenv("CHATWORKSPACE_STORE", f"sqlite://{tmp_path}/clone.db")
    assert shell("doctor", "--json").told["ok"]
    monkeypatch.setenv("CHATWORKSPACE_STORE", f"sqlite://{tmp_path}/chats.db")
    assert shell("create", "--chat", "made-after", "--template", "docker", "--wait", "0").code == 5
    assert shell("doctor", "--json").told["ok"]
    monkeypatch.setenv("CHATWORKSPACE_STORE", f"sqlite://{tmp_path}/clone.db")
    assert "clone" in problems(shell)["store"]
    made = {it.name for it in simulator.coder.list_workspaces(OWNER, ORGANIZATION, deadline=float("inf"))}
    with closing(SQLiteStore(tmp_path / "clone.db")) as store:
        known = store.look("made-before").name
    (problem,) = shell("doctor", "--json").told["problems"]
    assert [name for name in made if name in problem["problem"]] == [*(made - {known})]


def test_doctor_changes_nothing(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is not made yet is not made, nor is its folder; one of an older version stays so, byte by byte. Neither is a problem."""
    told = shell("doctor", "--json").told
    assert (told["ok"], told["store"]["schema_version"], told["store"]["chats"]) == (True, 0, 0)
    assert "chats.db: not made yet" in shell("doctor").out
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CHATWORKSPACE_STORE", "")
    assert shell("doctor").code == 0
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "older.db"
    with pytest.MonkeyPatch.context() as before:
        before.setattr("chatworkspace_sqlite._schema.SCRIPTS", scripts("chatworkspace_sqlite")[:1])
        SQLiteStore(path).close()
    bytes_before = path.read_bytes()
    done = shell("doctor", "--json", "--store", f"sqlite://{path}")
    assert done.told["store"] == {
        "kind": "sqlite",
        "place": str(path),
        "schema_version": 1,
        "writable": None,
        "chats": None,
        "standing_plans": None,
    }
    assert path.read_bytes() == bytes_before
    assert [it.name for it in tmp_path.iterdir()] == ["older.db"]


def test_a_store_that_cannot_be_used(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database, a newer version, a folder that is not there, a network folder, a scheme that is not known: each with what to set."""
    (tmp_path / "text.db").write_text("no database, but long enough to be read as one" * 100)
    with closing(SQLiteStore(tmp_path / "newer.db")), closing(sqlite3.connect(tmp_path / "newer.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    for url in (f"sqlite://{tmp_path}/text.db", f"sqlite://{tmp_path}/newer.db", f"sqlite://{tmp_path}/no/chats.db", "mysql://host/db"):
        monkeypatch.setenv("CHATWORKSPACE_STORE", url)
        assert "CHATWORKSPACE_STORE" in problems(shell)["store"]

    def network_type(_: str) -> str:
        return "nfs4"

    monkeypatch.setattr("chatworkspace_sqlite._schema.network_type", network_type)
    monkeypatch.setenv("CHATWORKSPACE_STORE", f"sqlite://{tmp_path}/chats.db")
    done = shell("doctor")
    assert done.code == 1
    assert "in a network folder (nfs4)" in done.out
