"""Who is at a chat, and since when: `why`, `status` and `doctor` tell it of a holder that stands still, and of one that has died."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from chatworkspace import Chat
from chatworkspace.ports import Look, Plan, SystemClock
from chatworkspace_cli._online import doctor
from chatworkspace_cli._online.held import age, by, held_json, held_lines
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.test_doctor import TEMPLATE

HOST = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
PLAN = Plan(name="dev-x", number=0, template_id=TEMPLATE)
FREE = Look(
    chat=Chat(id="thread-42", owner_id=OWNER, organization_id=ORGANIZATION, generation=1, workspace_id=None, closed=False),
    plan=None,
    name="",
    number=0,
    epoch=0,
    claimed_for=0.0,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(tmp_path / "chats.db")) as opened:
        opened.open_chat("thread-42", OWNER, ORGANIZATION)
        yield opened


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (59.6, "60 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172_800, "2 d")]
)
def test_an_age_has_one_unit(seconds: float, told: str) -> None:
    """The largest of which there are two."""
    assert age(seconds) == told


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        ("web-3.example.com:4711", "web-3.example.com, process 4711"),
        ("[::1]:12", "[::1], process 12"),
        ("the one at the door", "the one at the door"),
        ("x" * 255, "x" * 60),
        ("", "somebody"),
    ],
)
def test_a_holder_is_named(holder: str, told: str) -> None:
    """By host and process, as the library's own clock has it; by its beginning otherwise."""
    assert by(attrs.evolve(FREE, holder=holder, claimed_for=1.0)) == told


def test_a_chat_that_nobody_was_ever_at() -> None:
    """There is nothing to tell of it."""
    assert list(held_lines(FREE)) == []
    assert held_json(FREE) == {"planned_for": None, "held": None, "claims": 0}


@pytest.mark.adapters
def test_a_holder_that_stands_still(shell: Shell, store: SQLiteStore) -> None:
    """Host, process, how long it has held the chat, and how long it will at most."""
    store.claim(store.look("thread-42"), token=SystemClock().token(), ttl=3000, plan=PLAN)
    for command in ("why", "status"):
        said = shell(command, "--chat", "thread-42").out
        assert re.search(r"a creation of dev-x was begun \d+ s ago\n", said)
        assert re.search(rf"held by {re.escape(HOST)}, process {os.getpid()} for \d+ s, and for 50 min more unless it ends before\n", said)
        told = shell(command, "--chat", "thread-42", "--json").told
        assert (told["held"]["host"], told["held"]["process"], told["claims"]) == (HOST, os.getpid(), 1)
        assert 0 <= told["held"]["for"] <= told["planned_for"] < 60
        assert 2900 < told["held"]["left"] <= 3000
    assert re.search(rf"has no workspace; a creation was begun \d+ s ago, held by {re.escape(HOST)}, process {os.getpid()}\n", shell("list").out)
    assert shell("list", "--json").told["begun"]["thread-42"]["held"]["process"] == os.getpid()


@pytest.mark.adapters
def test_a_holder_that_has_died(shell: Shell, store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is at it: since when it stands, and what goes on with it."""
    store.release(store.claim(store.look("thread-42"), token=SystemClock().token(), ttl=30, plan=PLAN))
    for command in ("why", "status"):
        said = shell(command, "--chat", "thread-42").out
        assert re.search(r"was begun \d+ s ago, and nobody is at it: the next `create` goes on with it", said)
        assert "held by" not in said
    assert re.fullmatch(r"thread-42: has no workspace; a creation was begun \d+ s ago, and nobody is at it\n", shell("list").out)
    monkeypatch.setattr(doctor, "STANDING", 0.0)
    assert re.search(r"the oldest is that of chat thread-42, begun \d+ s ago, held by nobody", _standing(shell))
    store.claim(store.look("thread-42"), token=SystemClock().token(), ttl=300)
    assert re.search(rf"held by {re.escape(HOST)}, process {os.getpid()} for \d+ s", _standing(shell))


def _standing(shell: Shell) -> str:
    return next(str(it["problem"]) for it in shell("doctor", "--json").told["problems"] if it["about"] == "store")


@pytest.mark.adapters
@pytest.mark.usefixtures("docker")
def test_what_is_settled_is_nobodys(shell: Shell) -> None:
    """A chat with a workspace is told with neither; how often it was claimed stays."""
    assert shell("create", "--chat", "thread-42", "--template", "docker", "--wait", "0").code == 5
    assert "held by" not in shell("status", "--chat", "thread-42").out
    told = shell("why", "--chat", "thread-42", "--json").told
    assert (told["held"], told["planned_for"]) == (None, None)
    assert told["claims"] >= 1


@pytest.mark.adapters
def test_who_took_over_is_told(shell: Shell, store: SQLiteStore) -> None:
    """`why` tells who took over from whom, and when."""
    for token, ttl in (("web-3:4711:secret", 0.0), ("web-4:12:other", 30.0)):
        store.claim(store.look("thread-42"), token=token, ttl=ttl, plan=PLAN)
    said = shell("why", "--chat", "thread-42").out
    assert re.search(r"\n   taken over by web-4:12 from web-3:4711 at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", said)
    (note,) = shell("why", "--chat", "thread-42", "--json").told["history"][-1]["notes"]
    assert note in said
