"""The benchmarks over HTTP run, and what they count is what the tests assert. Their times are for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import coder_http, many, told
from benchmarks.report import command


@pytest.mark.exhaustive
def test_what_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A creation is five requests at every level, and six with scripts; the watch has a connection of its own."""
    written = tmp_path / "numbers.json"
    assert command("coder_http", "requests", coder_http.measured, ["--quick", "--json", str(written)]) == 0
    per_creation = json.loads(written.read_text(encoding="utf-8"))["per_creation"]
    for level in coder_http.LEVELS:
        assert per_creation[f"watching, {level}"]["requests_per_creation"] == 5
        assert per_creation[f"watching, {level}"]["connections_per_creation"] <= 1
    assert per_creation["watching, with scripts"]["requests_per_creation"] <= 6
    assert json.loads(capsys.readouterr().out)["per_creation"] == per_creation


@pytest.mark.exhaustive
def test_how_soon_is_told() -> None:
    """Of a server in a process of its own, which has ended afterwards: each figure stands beside a bare request's."""
    numbers = told.measured(quick=True)
    assert numbers["watching"].keys() >= {"bare_request", "one_thread", "threads", "cold_dial", "cold_dial_with_scripts"}
    assert numbers["polling"].keys() == {"alone", "beside_long_builds", "model_system"}
    assert all(row["mean_ms"] > 0 for part in ("watching", "polling") for row in numbers[part].values())


@pytest.mark.exhaustive
def test_what_waiting_chats_cost() -> None:
    """Each has a thread; all are told, and all streams come back."""
    rows = many.measured(quick=True)["rows"]
    assert [row["chats"] for row in rows] == [1, 20]
    for row in rows:
        assert row["threads"] >= row["chats"] + 1
        assert row["last_told_seconds"] > 0 < row["bare_requests_seconds"]
        assert row["requests_in_the_first_seconds"] >= row["chats"]
        assert row["failed"] == 0
