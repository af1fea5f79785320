"""The benchmark over HTTP runs, and its counts are those that the tests assert. Its times are for people."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import coder_http


@pytest.mark.exhaustive
def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In seconds, telling how far it is; it writes its numbers, and a picture."""
    written, drawn = tmp_path / "numbers.json", tmp_path / "picture.svg"
    assert coder_http.main(["--quick", "--json", str(written), "--plot", str(drawn)]) == 0
    numbers = json.loads(written.read_text(encoding="utf-8"))
    for level in coder_http.LEVELS:
        assert numbers["per_creation"][f"watching, {level}"]["requests_per_creation"] == 5
        assert numbers["per_creation"][f"watching, {level}"]["connections_per_creation"] <= 1
    assert numbers["told_after_ready"].keys() == {"watching", "watching_in_threads", "polling", "model_system"}
    assert "watching: 16 of 16" in capsys.readouterr().out
    ET.fromstring(drawn.read_text(encoding="utf-8"))  # noqa: S314 # our own
