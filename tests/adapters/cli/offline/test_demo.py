"""The command: what it prints, what it costs, and where it shows what."""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
from typing import Any

import pytest

from chatworkspace_cli import main
from chatworkspace_cli._offline import showing
from chatworkspace_cli._offline.demo import packaged_recording
from chatworkspace_cli._offline.replay import Replay
from tests.costs.profile import CORE, calls_of
from tests.packaging.runs import ROOT, from_checkout, run

MOST_CALLS = 80_000
MOST_MODULES = 288
"""A tenth more than there are of either, on the interpreter that has the most."""
CHATS = ("support-17", "ops-9", "research-2", "data-6", "analytics-3", "legal-8", "billing-4")


class NotedClock:
    """A clock that does not sleep, but counts."""

    slept = 0.0

    def sleep(self, seconds: float) -> None:
        """Note it."""
        type(self).slept += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[NotedClock]:
    NotedClock.slept = 0.0
    monkeypatch.setattr(showing, "SystemClock", NotedClock)
    return NotedClock


@pytest.mark.parametrize("seed", range(5))
def test_the_demo_is_over_in_fifteen_seconds(seed: int, clock: type[NotedClock], capsys: pytest.CaptureFixture[str]) -> None:
    """Virtual time is played at a pace that leaves a sixth of the fifteen seconds for starting and computing, and no second is skipped."""
    assert main(["demo", "--seed", str(seed)]) == 0
    assert 10 <= clock.slept <= 12.5
    assert "duplicates: 0" in capsys.readouterr().out


def test_fast_does_not_sleep(clock: type[NotedClock], capsys: pytest.CaptureFixture[str]) -> None:
    """With --fast the same is printed, and no time is played."""
    main(["demo"])
    played = capsys.readouterr().out
    clock.slept = 0.0
    main(["demo", "--fast"])
    assert clock.slept == 0
    assert capsys.readouterr().out == played


def test_fast_computes_little(capsys: pytest.CaptureFixture[str]) -> None:
    """Counted, and the same each time: functions that replaying and printing calls. How long a process of its own takes is for a benchmark to say."""
    main(["demo", "--fast"])  # which also imports
    counts = list[int]()
    for _ in range(2):
        with calls_of(CORE, ROOT / "adapters") as calls:
            main(["demo", "--fast"])
        counts.append(sum(calls.values()))
    assert counts[0] == counts[1] <= MOST_CALLS
    assert "duplicates: 0" in capsys.readouterr().out


def test_fast_loads_few_modules() -> None:
    """Over those of attrs: its own, and some of the standard library; no driver of a database or a server."""
    script = (
        "import sys, attrs; before = {*sys.modules}; from chatworkspace_cli import main; main(['demo', '--fast']); print(*{*sys.modules} - before)"
    )
    sources = os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))
    loaded = run(sys.executable, "-c", script, PYTHONPATH=sources, PYTHONUTF8="1").splitlines()[-1].split()
    assert len(loaded) <= MOST_MODULES
    assert not {name.partition(".")[0] for name in loaded} & {"requests", "urllib3", "websocket", "backoff", "psycopg", "sqlite3", "pytest"}


def test_json_is_one_object_a_line() -> None:
    """Every line parses as an object with its time, chat and kind; the last is the summary by the platform's own record."""
    *events, summary = _told_as_json()
    assert all(isinstance(event, dict) and {"at", "chat", "event", "text"} <= event.keys() for event in events)
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert summary["event"] == "summary"
    assert summary["duplicates"] == 0
    came_to = {row["chat"]: (row["workspaces_made"], row["live"], row["state"]) for row in summary["chats"]}
    assert came_to == dict.fromkeys(CHATS, (1, 1, "ready")) | {"analytics-3": (1, 1, "failed")}


def test_each_call_of_the_recording_is_made_and_each_but_the_killed_one_is_answered() -> None:
    """The recording is what is replayed: no call is left out, and only the caller that died is never told anything."""
    *events, _ = _told_as_json()
    recorded = [call.name for line in packaged_recording() for call in line.calls]
    assert sorted(event["text"].split()[1] for event in events if event["event"] == "call") == sorted(recorded)
    assert sum(event["event"] == "result" for event in events) == len(recorded) - 1


def test_everything_that_the_demo_promises_goes_wrong() -> None:
    """Racing calls, a lost answer, a killed process, a failed first build, a refused template and a slow agent: each is in the story, and is told."""
    *events, _ = _told_as_json()

    def told(chat: str) -> list[str]:
        return [event["text"].split(" me/")[0] for event in events if event["chat"] == chat and event["event"] == "result"]

    def faults(chat: str) -> list[str]:
        return [event["text"] for event in events if event["chat"] == chat and event["event"] == "fault"]

    assert told("support-17")[:2] == ["ready (created)", "ready (created)"]  # of one wish, which both had
    assert faults("ops-9") == ["this caller's process dies between creation and binding"]
    assert told("ops-9") == ["ready (adopted)"]
    assert told("research-2") == [
        "no workspace can be created from template laptop: its agents run on a host of the user's",
        "failed (build_failed)",
        "ready (started)",
    ]
    assert told("data-6")[2:] == ["ready (created)", "unreachable (agent_lost)", "stopped (stopped)", "ready (started)"]
    assert faults("data-6") == ["the agent loses its connection"]
    assert told("analytics-3") == ["failed (quota_full)"]
    assert told("legal-8")[2:] == [
        "arguments: expected one JSON object",
        "template_id: expected a UUID, as list_templates gives it",
        "ready (created)",
    ]
    assert faults("billing-4") == ["the platform's next answer will be lost"]
    assert told("billing-4") == ["ready (adopted)"]
    assert next(event["at"] for event in events if event["chat"] == "billing-4" and event["text"] == "scripts") > 70


def test_the_same_seed_tells_the_same_story() -> None:
    """Character by character, in another process with another hash seed."""
    assert from_checkout("demo", "--fast", "--seed", "7") == from_checkout("demo", "--fast", "--seed", "7")


def test_another_seed_names_other_workspaces() -> None:
    """Chance comes from the seed, and from it alone."""
    assert from_checkout("demo", "--fast", "--seed", "7") != from_checkout("demo", "--fast", "--seed", "8")


def test_plain_lines_where_there_is_no_terminal() -> None:
    """In a pipe, no control character is printed: one line for each thing that happens, then the table and the count."""
    printed = from_checkout("demo", "--fast")
    assert "\x1b" not in printed
    assert printed.splitlines()[0].split()[2:4] == ["support-17", "call"]
    assert [line.split()[0] for line in printed.splitlines()[-2 - len(CHATS) : -2]] == list(CHATS)
    assert printed.splitlines()[-1] == "duplicates: 0"


def test_the_package_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m chatworkspace_cli` is the command, exit code and all."""
    monkeypatch.setattr(sys, "argv", ["chatworkspace", "demo", "--fast"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "adapters" / "chatworkspace_cli" / "__main__.py"), run_name="__main__")
    assert ended.value.code == 0
    assert "duplicates: 0" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["dance"], ["demo", "--seed", "many"]])
def test_bad_usage_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What the command does not understand it says, with the usual exit code, and does nothing."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: chatworkspace" in capsys.readouterr().err


@pytest.mark.parametrize("form", [["--fast"], ["--json"]])
def test_a_duplicate_ends_with_one(form: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The count comes from the platform's record, so a demo that made a duplicate says so and fails."""
    rows = Replay._rows

    def rows_with_a_duplicate(replay: Replay, lines: Any) -> list[Any]:
        coder = replay.sim.coder
        coder.add_workspace(coder.add_template("copy"), f"copy-{coder.workspaces[0].name[-10:]}", owner_id=replay.sim.owner_id)
        return [*rows(replay, lines)]

    monkeypatch.setattr(Replay, "_rows", rows_with_a_duplicate)
    assert main(["demo", *form]) == 1
    assert re.search(r'duplicates"?: 1', capsys.readouterr().out)


def _told_as_json() -> list[dict[str, Any]]:
    return [json.loads(line) for line in from_checkout("demo", "--json").splitlines()]
