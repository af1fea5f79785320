"""The example of an agent: a model that is scripted lists templates, makes a workspace, writes a file, runs it and reads the answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_fake import FakeCoder, RealShell
from chatworkspace_simulator import CoderSimulator
from tests.docs.pages import blocks
from tests.packaging.runs import ROOT, clean_environment
from tests.sdks.endpoint import serving

pytestmark = pytest.mark.adapters

(START,) = blocks("examples/agent_loop/README.md", "sh")
MAIN = ROOT / "examples" / "agent_loop" / "__main__.py"
SCRIPT = "total=0; for it in 1 2 3 4; do total=$((total + it)); done; echo $total\n"


def _call(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    made = {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [made]}}]}


def test_it_is_small() -> None:
    """At most 80 lines."""
    assert len(MAIN.read_text().splitlines()) <= 80


def test_the_loop(tmp_path: Path) -> None:
    """Over a served platform whose agents have a real shell; every result goes back to the model, and its last words are printed."""
    (tmp_path / "agents").mkdir()
    coder = FakeCoder()
    template = coder.add_template("docker")
    coder.shell = RealShell(tmp_path / "agents")
    answers = [
        _call(1, "list_templates"),
        _call(2, "create_workspace", template_id=str(template.id)),
        _call(3, "write_file", path="work/sum.sh", content=SCRIPT),
        _call(4, "execute", command="sh sum.sh >answer", workdir="work"),
        _call(5, "read_file", path="work/answer"),
        {"choices": [{"message": {"role": "assistant", "content": "It is 10."}}]},
    ]
    with CoderSimulator(coder) as simulator, serving(answers) as endpoint:
        environment = clean_environment(
            CODER_URL=simulator.url, CODER_SESSION_TOKEN=simulator.token, OPENAI_BASE_URL=f"{endpoint.url}/v1", PYTHONPATH=str(ROOT)
        )
        command = START.replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(("sh", "-c", command), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "It is 10.\n"), done.stderr
    assert endpoint.paths == ["/v1/chat/completions"] * 6
    assert [len(it["tools"]) for it in endpoint.asked] == [8] * 6
    results = [json.loads(it["content"]) for it in endpoint.asked[-1]["messages"] if it["role"] == "tool"]
    assert [it["name"] for it in results[0]["templates"]] == ["docker"]
    assert results[1]["state"] == "ready"
    assert results[2:] == [
        {"ok": True, "bytes": len(SCRIPT), "advice": "nothing"},
        {"exit_code": 0, "output": "", "workdir": "work", "advice": "nothing"},
        {"content": "10\n", "offset": 1, "lines": 1, "total_lines": 1, "advice": "nothing"},
    ]
    assert len(coder.live) == 1
